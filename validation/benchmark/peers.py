"""The same problems in FiPy and py-pde. Usage: peers.py FOLDER; then one command per line, answered by a line of JSON:

fipy-pressure NAME STEPS euler|crank-nicolson
fipy-transport NAME STEPS van-leer|central
fipy-injection NAME STEPS SUBSTEPS euler|crank-nicolson    pressure steps, transport substeps of each
pde-pressure NAME STEPS
pde-transport NAME STEPS runge-kutta|adams-bashforth
pde-injection NAME STEPS

Each leaves its field as NAME.peer.f64. Time counts from the initial field to the end; meshes, fields, equations and compilation
come before.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

import fipy
import numpy as np
import pde
from fipy.solvers import scipy as fipy_solvers

import problems

Answer = dict[str, float]
FOLDER = Path(sys.argv[1])


@lru_cache
def load(name: str) -> problems.Problem:
    return problems.load(FOLDER, name)


@lru_cache
def fipy_mesh(n_r: int, n_z: int) -> fipy.CylindricalGrid2D:
    return fipy.CylindricalGrid2D(nr=n_r, nz=n_z, dr=problems.RADIUS / n_r, dz=problems.DEPTH / n_z)


def fipy_cells(mesh: fipy.CylindricalGrid2D, values: np.ndarray) -> fipy.CellVariable:
    return fipy.CellVariable(mesh=mesh, value=values.T.ravel(), hasOld=True)  # r runs fastest in FiPy


def fipy_march(name: str, steps: int, variable: fipy.CellVariable, equation: object, solver: object) -> Answer:
    problem = load(name)
    start = time.perf_counter()
    for _ in range(steps):
        variable.updateOld()
        equation.solve(var=variable, dt=problem["end"] / steps, solver=solver)
    seconds = time.perf_counter() - start
    np.asarray(variable.value).reshape(problem["n_z"], problem["n_r"]).T.tofile(FOLDER / f"{name}.peer.f64")
    return {"steps": steps, "seconds": seconds}


def fipy_pressure(name: str, steps: str, scheme: str) -> Answer:
    problem = load(name)
    mesh = fipy_mesh(problem["n_r"], problem["n_z"])
    pressure, source = fipy_cells(mesh, problem["start"]), fipy_cells(mesh, problem["source"])
    mobility = fipy_cells(mesh, problem["mobility"]).harmonicFaceValue
    flow = fipy.DiffusionTerm(coeff=mobility)
    if scheme == "crank-nicolson":
        flow = 0.5 * fipy.DiffusionTerm(coeff=mobility) + 0.5 * fipy.ExplicitDiffusionTerm(coeff=mobility)
    by = fipy_solvers.LinearCGSolver(tolerance=1e-4, iterations=5000)  # faster here than the default, LU
    return fipy_march(name, int(steps), pressure, fipy.TransientTerm(coeff=problem["storage"]) == flow + source, by)


def fipy_transport(name: str, steps: str, scheme: str) -> Answer:
    problem = load(name)
    mesh = fipy_mesh(problem["n_r"], problem["n_z"])
    # Faces: the horizontal ones first, then the vertical ones, r fastest.
    along_z, along_r = problem["face_z"].T.ravel(), problem["face_r"].T.ravel()
    velocity = np.zeros((2, mesh.numberOfFaces))
    velocity[1, : along_z.size], velocity[0, along_z.size :] = along_z, along_r
    flow = fipy.FaceVariable(mesh=mesh, rank=1, value=velocity)
    term = fipy.VanLeerConvectionTerm if scheme == "van-leer" else fipy.CentralDifferenceConvectionTerm
    by = fipy_solvers.LinearGMRESSolver(tolerance=1e-5)
    return fipy_march(name, int(steps), fipy_cells(mesh, problem["start"]), fipy.TransientTerm() + term(coeff=flow) == 0, by)


def fipy_injection(name: str, steps: str, substeps: str, scheme: str) -> Answer:
    """Pressure, then pigment by implicit central differences in its flow."""
    problem = load(name)
    mesh = fipy_mesh(problem["n_r"], problem["n_z"])
    pressure, source = fipy_cells(mesh, problem["start"]), fipy_cells(mesh, problem["source"])
    pigment = fipy_cells(mesh, problem["pigment"])
    mobility = fipy_cells(mesh, problem["mobility"]).harmonicFaceValue
    spread = fipy.DiffusionTerm(coeff=mobility)
    if scheme == "crank-nicolson":
        spread = 0.5 * fipy.DiffusionTerm(coeff=mobility) + 0.5 * fipy.ExplicitDiffusionTerm(coeff=mobility)
    flow = fipy.TransientTerm(coeff=problem["storage"]) == spread + source
    velocity = fipy.FaceVariable(mesh=mesh, rank=1)
    carried = fipy.TransientTerm() + fipy.CentralDifferenceConvectionTerm(coeff=velocity) == 0
    by_cg = fipy_solvers.LinearCGSolver(tolerance=1e-4, iterations=5000)
    by_gmres = fipy_solvers.LinearGMRESSolver(tolerance=1e-5)
    dt = problem["end"] / int(steps)
    start = time.perf_counter()
    for _ in range(int(steps)):
        pressure.updateOld()
        flow.solve(var=pressure, dt=dt, solver=by_cg)
        velocity.setValue((-mobility * pressure.faceGrad / problem["porosity"]).value)
        for _ in range(int(substeps)):
            pigment.updateOld()
            carried.solve(var=pigment, dt=dt / int(substeps), solver=by_gmres)
    seconds = time.perf_counter() - start
    np.asarray(pigment.value).reshape(problem["n_z"], problem["n_r"]).T.tofile(FOLDER / f"{name}.peer.f64")
    return {"steps": int(steps), "seconds": seconds}


@lru_cache
def pde_grid(n_r: int, n_z: int) -> pde.CylindricalSymGrid:
    return pde.CylindricalSymGrid(problems.RADIUS, [0.0, problems.DEPTH], [n_r, n_z])


def pde_equation(name: str) -> pde.PDE:
    """Closed boundaries; coefficients and their gradients are computed once."""
    problem = load(name)
    grid = pde_grid(problem["n_r"], problem["n_z"])
    closed = {"derivative": 0}
    if "centre_r" in problem:
        flow = np.stack([problem["centre_r"], problem["centre_z"], np.zeros_like(problem["centre_r"])])
        return pde.PDE({"c": "-dot(u, gradient(c))"}, bc=closed, consts={"u": pde.VectorField(grid, flow)})
    diffusivity = pde.ScalarField(grid, problem["mobility"] / problem["storage"])
    if np.ptp(diffusivity.data) == 0.0 and not problem["source"].any():
        return pde.PDE({"p": f"{diffusivity.data[0, 0]} * laplace(p)"}, bc=closed)
    source = pde.ScalarField(grid, problem["source"] / problem["storage"])
    constants = {"k": diffusivity, "g": diffusivity.gradient(closed), "s": source}
    spread = "k * laplace(p) + dot(g, gradient(p))"
    equations = {"p": f"{spread} + s"}
    if "pigment" in problem:  # dc/dt = div(c m/n grad p), with m = S k
        constants["q"] = problem["storage"] / problem["porosity"]
        equations["c"] = f"q * (c * ({spread}) + k * dot(gradient(p), gradient(c)))"
    return pde.PDE(equations, bc=closed, consts=constants)


def pde_start(name: str) -> pde.ScalarField | pde.FieldCollection:
    problem = load(name)
    grid = pde_grid(problem["n_r"], problem["n_z"])
    fields = [pde.ScalarField(grid, problem[key]) for key in ("start", "pigment") if key in problem]
    return fields[0] if len(fields) == 1 else pde.FieldCollection(fields)


@lru_cache
def pde_stepper(name: str, steps: int, scheme: str) -> tuple[Callable[..., float], float]:
    """A compiled march over the problem, and how long it took to compile [s]; the time step is compiled in."""
    solvers = {"euler": pde.EulerSolver, "runge-kutta": pde.RungeKuttaSolver, "adams-bashforth": pde.AdamsBashforthSolver}
    problem, start = load(name), time.perf_counter()
    state, dt = pde_start(name), problem["end"] / steps
    march = solvers[scheme](pde_equation(name), backend="numba").make_stepper(state, dt=dt)
    march(state, 0.0, dt)
    return march, time.perf_counter() - start


def pde_march(name: str, steps: str, scheme: str) -> Answer:
    problem = load(name)
    march, compilation = pde_stepper(name, int(steps), scheme)
    state = pde_start(name)
    start = time.perf_counter()
    march(state, 0.0, problem["end"])
    seconds = time.perf_counter() - start
    last = state[-1] if isinstance(state, pde.FieldCollection) else state
    last.data.tofile(FOLDER / f"{name}.peer.f64")
    return {"steps": int(steps), "seconds": seconds, "compilation_seconds": compilation}


COMMANDS: dict[str, Callable[..., Answer]] = {
    "fipy-pressure": fipy_pressure,
    "fipy-transport": fipy_transport,
    "fipy-injection": fipy_injection,
    "pde-pressure": lambda name, steps: pde_march(name, steps, "euler"),
    "pde-transport": pde_march,
    "pde-injection": lambda name, steps: pde_march(name, steps, "euler"),
}


def main() -> None:
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")  # an explicit march with too long a step overflows; the driver sees its error
    print(json.dumps({package: version(package) for package in ("fipy", "py-pde", "numpy", "scipy", "numba")}), flush=True)
    for line in sys.stdin:
        command, *words = line.split()
        print(json.dumps(COMMANDS[command](*words)), flush=True)


if __name__ == "__main__":
    main()
