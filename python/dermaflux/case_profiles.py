"""Profiles of pigment against depth: predicted curves beside an observed one."""

from pathlib import Path

import numpy as np
import xarray as xr
from scipy.optimize import isotonic_regression

from . import _core, observed
from .verdicts import in_interval

QUANTILES = (0.1, 0.5, 0.9)
_RESAMPLED = 400
_LEVEL_NAMES = {"surface": "surface", "junction": "dej"}


def read_profile(path: Path, level: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bin edges [um], shares of all pigment and their standard deviations, from CSV or HDF5 of `dermaflux histology extract`.

    Parameters
    ----------
    level: surface or junction; a CSV whose header names the other one is refused.

    Raises
    ------
    InputError: no such profile, bins that leave gaps, or shares that do not add up to about one.
    """
    if path.suffix in (".h5", ".hdf5", ".nc"):
        edges, share, sd = _of_hdf5(path, _LEVEL_NAMES[level])
    else:
        text = path.read_text(encoding="utf-8")
        for name, mark in (("surface", "below the surface"), ("junction", "below the junction")):
            if any(line.startswith("#") and mark in line for line in text.splitlines()) and name != level:
                raise _core.InputError(f"{path}: holds depths below the {name}, the case asks for depths below the {level}; give the other file of the two")
        rows = sorted(values for _, values in observed._rows(path, observed._PROFILE))
        edges, share, sd = np.array([rows[0][0], *(row[1] for row in rows)]), np.array([row[2] for row in rows]), np.array([row[3] for row in rows])
        if any(row[0] >= row[1] for row in rows) or any(abs(a[1] - b[0]) > 1e-6 for a, b in zip(rows, rows[1:], strict=False)):
            raise _core.InputError(f"{path}: its bins overlap or leave gaps; write bins that follow each other")
    total = float(share.sum())
    if not 0.9 <= total <= 1.1 or (share < 0.0).any():
        raise _core.InputError(f"{path}: its shares add up to {total:.3g}; give the share of all pigment in each bin")
    return edges, share / total, sd / total


def _of_hdf5(path: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    try:
        with xr.open_dataset(path, engine="h5netcdf") as data:
            low, high, share, sd = (data[f"{name}_{part}"].values for part in ("from_um", "to_um", "fraction", "sd"))
    except (OSError, KeyError, ValueError) as error:
        raise _core.InputError(f"{path}: is no profile of `dermaflux histology extract` ({error}); give its CSV or HDF5") from None
    return np.array([low[0], *high]), share, sd


def depth_at(edges: np.ndarray, curves: np.ndarray, share: float) -> np.ndarray:
    """Depth above which a share of the pigment lies, of each curve [um]."""
    return np.array([np.interp(share, curve, edges) for curve in np.atleast_2d(curves)])


def wasserstein_um(edges: np.ndarray, curves: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Wasserstein-1 distance of cumulated shares from another one: the area between the curves [um]. Where they are straight between the
    edges it is that of the corners."""
    gap = np.abs(np.atleast_2d(curves) - other)
    return np.trapezoid(gap, edges, axis=-1) if hasattr(np, "trapezoid") else np.trapz(gap, edges, axis=-1)


def compare_profile(row: dict, path: Path, level: str) -> list[dict]:
    """Depth quantiles, shares per layer and the Wasserstein distance: for each its title, interval predicted and observed, verdict, reason."""
    edges = np.array(row["edges_um"])
    curves = np.array([one for one in row["draws"] if one is not None])
    bins, share, sd = read_profile(path, level)
    own = _curve(bins, share, edges)
    again = _resampled(bins, share, sd, edges)
    parts = [_part(f"{row['title']}: {100 * p:.0f} % of the pigment lie above", "um", depth_at(edges, curves, p), depth_at(edges, again, p)) for p in QUANTILES]
    if level == "surface":
        top = 0.0
        for name, end in _joined(row["layers_um"]):
            at = np.searchsorted(edges, [top, end])
            if at[1] < len(edges):
                parts.append(
                    _part(
                        f"{row['title']}: share from {top:.0f} to {end:.0f} um ({name})",
                        "1",
                        _between(edges, curves, top, end),
                        _between(edges, again, top, end),
                    )
                )
            top = end
    distance, noise = wasserstein_um(edges, curves, own), float(np.quantile(wasserstein_um(edges, again, own), 0.95))
    predicted = tuple(map(float, np.quantile(distance, [0.05, 0.5, 0.95])))
    verdict, reason, bounds = in_interval((0.0, noise), predicted)  # type: ignore[arg-type]
    text = f"Wasserstein distance; what was observed is known to {noise:.3g} um; {reason}"
    curve = {"edges_um": edges, "observed": own, "predicted": np.quantile(curves, [0.05, 0.5, 0.95], axis=0)}
    first = {
        "title": f"{row['title']}: distance of the profiles",
        "unit": "um",
        "verdict": verdict,
        "reason": text,
        "predicted": predicted,
        "observed": bounds,
        "curve": curve,
    }
    return [first, *parts]


def _joined(layers: list) -> list[tuple[str, float]]:
    """The layers of the epidermis as one, then those below."""
    names = [(str(name).replace("_", " "), float(end)) for name, end in layers]
    inner = [n for n, (name, _) in enumerate(names) if "epidermis" in name]
    return [("epidermis", names[inner[-1]][1]), *names[inner[-1] + 1 :]] if inner else names


def _between(edges: np.ndarray, curves: np.ndarray, top: float, end: float) -> np.ndarray:
    return np.array([np.interp(end, edges, curve) - np.interp(top, edges, curve) for curve in curves])


def _curve(bins: np.ndarray, share: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.interp(edges, bins, np.concatenate([[0.0], np.cumsum(share)]), left=0.0, right=1.0)


def _resampled(bins: np.ndarray, share: np.ndarray, sd: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The observed curve as it would be measured again, shape (resampled, edges). Noise is added to what is cumulated, less its sum so that
    all pigment stays all, and the nearest rising curve is taken (pool adjacent violators, Ayer 1955): cutting shares off at zero would
    put pigment into every empty bin."""
    noise = sd * np.random.default_rng(0).standard_normal((_RESAMPLED, len(share)))
    noise -= share * noise.sum(axis=1, keepdims=True)
    above = np.cumsum(share + noise, axis=1)
    rising = np.array([np.clip(isotonic_regression(one).x, 0.0, 1.0) for one in above])
    return np.array([np.interp(edges, bins, np.concatenate([[0.0], one]), left=0.0, right=1.0) for one in rising])


def _part(title: str, unit: str, draws: np.ndarray, seen: np.ndarray) -> dict:
    predicted, bounds = np.quantile(draws, [0.05, 0.5, 0.95]), np.quantile(seen, [0.05, 0.95])
    verdict, reason, observed_bounds = in_interval((float(bounds[0]), float(bounds[1])), tuple(map(float, predicted)))  # type: ignore[arg-type]
    return {"title": title, "unit": unit, "verdict": verdict, "reason": reason, "predicted": tuple(map(float, predicted)), "observed": observed_bounds}
