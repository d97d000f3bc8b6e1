"""The problems that all codes solve: one definition, as arrays on the uniform grid of 128 x 256 cells (r x z).

A problem is a dict of arrays indexed [r, z] and numbers in SI units, saved in a folder that every code reads: `name.txt` holds
the numbers, `name.array.f64` the arrays as raw doubles.
"""

from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.special import iv, j0, jn_zeros

RADIUS, DEPTH = 1e-3, 2e-3  # m
RINGS, ROWS = 128, 256
VISCOSITY = 1e-3  # Pa s
STORAGE = 7e-6  # 1/Pa, dermis
POROSITY = 0.4

Problem = dict[str, float | np.ndarray]


def grid(n_r: int = RINGS, n_z: int = ROWS) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Faces and centres of r and z [m]."""
    r_face, z_face = np.linspace(0.0, RADIUS, n_r + 1), np.linspace(0.0, DEPTH, n_z + 1)
    return r_face, z_face, 0.5 * (r_face[1:] + r_face[:-1]), 0.5 * (z_face[1:] + z_face[:-1])


def _numbers(n_r: int, n_z: int, end: float) -> Problem:
    return {"n_r": n_r, "n_z": n_z, "radius": RADIUS, "depth": DEPTH, "storage": STORAGE, "porosity": POROSITY, "end": end}


def decaying_mode(n_r: int = RINGS, n_z: int = ROWS) -> Problem:
    """Pressure in uniform dermis: the mode J0(a r) cos(b z) of closed boundaries, which decays by the factor e. Exact."""
    _, _, r, z = grid(n_r, n_z)
    mobility = 1e-15 / VISCOSITY
    a, b = jn_zeros(1, 1)[0] / RADIUS, 2.0 * np.pi / DEPTH  # the first zero of J1 = -J0' closes the rim
    end = STORAGE / (mobility * (a * a + b * b))
    start = 1e5 * j0(a * r)[:, None] * np.cos(b * z)[None, :]
    arrays = {"mobility": np.full((n_r, n_z), mobility), "source": np.zeros((n_r, n_z)), "start": start}
    return _numbers(n_r, n_z, end) | arrays | {"exact": start / np.e}


def layered_stroke(n_r: int = RINGS, n_z: int = ROWS) -> Problem:
    """Pressure in layered skin during 10 ms of injection along the upper 0.6 mm of the axis: epidermis 1e-18, papillary dermis
    5e-15, reticular dermis 1e-15 m^2, torn 30-fold around the track: contrast 1e5. Interfaces are as wide as rete ridges.
    """
    _, _, r, z = grid(n_r, n_z)

    def below(at: float) -> np.ndarray:
        return 0.5 * (1.0 + np.tanh((z - at) / 40e-6))

    log_k = np.log(1e-18) + np.log(5e3) * below(90e-6) + np.log(0.2) * below(250e-6)
    torn = 1.0 + 29.0 * np.exp(-((r / 150e-6) ** 2))
    along = 0.5 * (np.tanh((z - 0.1e-3) / 30e-6) - np.tanh((z - 0.6e-3) / 30e-6))
    arrays = {
        "mobility": torn[:, None] * np.exp(log_k)[None, :] / VISCOSITY,
        "source": 50.0 * np.exp(-((r / 50e-6) ** 2))[:, None] * along[None, :],  # 1/s
        "start": np.zeros((n_r, n_z)),
    }
    return _numbers(n_r, n_z, 10e-3) | arrays


def injected_pigment(n_r: int = RINGS, n_z: int = ROWS) -> Problem:
    """Pressure and pigment together: 100 ms of the same injection push a ring of pigment through the dermis, from 150 to about
    230 um from the axis."""
    _, _, r, z = grid(n_r, n_z)
    pigment = np.exp(-((r[:, None] - 150e-6) ** 2 + (z[None, :] - 400e-6) ** 2) / (2.0 * (40e-6) ** 2))
    return layered_stroke(n_r, n_z) | {"end": 100e-3, "pigment": pigment}


def pigment_ring(n_r: int = RINGS, n_z: int = ROWS) -> Problem:
    """A ring of pigment carried by a Darcy flow through dermis: a source near the axis and a cross flow, p ~ I0(m r) cos(m z).
    Exact along its characteristics; fluxes through the faces are exact as well. Source and rim never meet pigment."""
    r_face, z_face, r, z = grid(n_r, n_z)
    strength, width, cross, m = 4e-6, 60e-6, 4e-3, np.pi / DEPTH  # m^2/s, m, m/s, 1/m; pore velocities

    def u_r(at_r: np.ndarray, at_z: np.ndarray) -> np.ndarray:
        spread = -np.expm1(-0.5 * (at_r / width) ** 2) / np.maximum(at_r, 1e-12)
        return strength * spread - cross * np.cos(m * at_z) * iv(1, m * at_r)

    def u_z(at_r: np.ndarray, at_z: np.ndarray) -> np.ndarray:
        return cross * np.sin(m * at_z) * iv(0, m * at_r)

    def pigment(at_r: np.ndarray, at_z: np.ndarray) -> np.ndarray:
        return np.exp(-((at_r - 0.45e-3) ** 2 + (at_z - 0.8e-3) ** 2) / (2.0 * (60e-6) ** 2))

    # Means over the faces: of the source part at the face's radius, of the cross flow from its stream function.
    sines = np.diff(np.sin(m * z_face)) / (m * np.diff(z_face))
    spread = np.append(0.0, -np.expm1(-0.5 * (r_face[1:] / width) ** 2) / r_face[1:])
    face_r = strength * spread[:, None] - cross * iv(1, m * r_face)[:, None] * sines[None, :]
    rings = np.diff(r_face * iv(1, m * r_face)) / (m * 0.5 * np.diff(r_face**2))
    face_z = cross * rings[:, None] * np.sin(m * z_face)[None, :]
    face_z[:, [0, -1]] = 0.0

    end = 20e-3
    rr, zz = (axis.ravel() for axis in np.meshgrid(r, z, indexing="ij"))

    def backwards(_: float, state: np.ndarray) -> np.ndarray:
        at_r, at_z = np.split(state, 2)
        return -np.concatenate([u_r(at_r, at_z), u_z(at_r, at_z)])

    path = solve_ivp(backwards, (0.0, end), np.concatenate([rr, zz]), method="DOP853", rtol=1e-9, atol=1e-12, first_step=1e-5)
    arrays = {
        "face_r": face_r,
        "face_z": face_z,
        "centre_r": u_r(rr, zz).reshape(n_r, n_z),
        "centre_z": u_z(rr, zz).reshape(n_r, n_z),
        "start": pigment(rr, zz).reshape(n_r, n_z),
        "exact": pigment(*np.split(path.y[:, -1], 2)).reshape(n_r, n_z),
    }
    return _numbers(n_r, n_z, end) | arrays


def save(problem: Problem, folder: Path, name: str) -> None:
    """Writes a problem where `load` and the C++ program find it."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {key: value for key, value in problem.items() if not isinstance(value, np.ndarray)}
    (folder / f"{name}.txt").write_text("".join(f"{key} {value:.17g}\n" for key, value in numbers.items()))
    for key, value in problem.items():
        if isinstance(value, np.ndarray):
            value.astype(np.float64).tofile(folder / f"{name}.{key}.f64")


def load(folder: Path, name: str) -> Problem:
    """Reads what `save` wrote."""
    problem: Problem = {}
    for line in (folder / f"{name}.txt").read_text().splitlines():
        key, value = line.split()
        problem[key] = int(value) if key in ("n_r", "n_z") else float(value)
    for path in folder.glob(f"{name}.*.f64"):
        problem[path.suffixes[-2][1:]] = np.fromfile(path).reshape(-1, _rows(path, problem))
    return problem


def _rows(path: Path, problem: Problem) -> int:
    return int(problem["n_z"]) + (1 if path.name.endswith(".face_z.f64") else 0)


def relative_error(field: np.ndarray, exact: np.ndarray) -> float:
    """Root of the volume-weighted mean square of the difference, relative to that of the exact field."""
    n_r = exact.shape[0]
    ring = (np.arange(n_r) + 0.5)[:, None]
    return float(np.sqrt(np.sum(ring * (field - exact) ** 2) / np.sum(ring * exact**2)))
