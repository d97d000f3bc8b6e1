"""Our linear solver against hypre."""

from pathlib import Path

import numpy as np

import problems
from measuring import ONE_THREAD, Row, Server, ends, interleaved, say


def true_residual(folder: Path, name: str, output: str, shape: tuple[int, int]) -> float:
    """Norm of the residual of a saved solution in its saved system, relative to the right-hand side."""

    def array(key: str) -> np.ndarray:
        return np.fromfile(folder / f"{name}.{key}.f64").reshape(shape)

    x, right = array(output), array("system_right")
    residual = right - array("system_storage") * x
    radial = array("system_radial")[:-1] * (x[:-1] - x[1:])
    residual[:-1] -= radial
    residual[1:] += radial
    axial = array("system_axial")[:, :-1] * (x[:, :-1] - x[:, 1:])
    residual[:, :-1] -= axial
    residual[:, 1:] += axial
    return float(np.linalg.norm(residual) / np.linalg.norm(right))


def against_hypre(core: Server, program: Path, folder: Path, repeats: int) -> list[Row]:
    """One implicit pressure step of 100 s, almost without storage, on 512 x 1024 cells, to a relative residual of 1e-8."""
    name, shape, goal = "large", (512, 1024), 1e-8
    if not program.exists():
        return [Row("linear solver, 512 x 1024", None, None, None, "s", "not measured: built without hypre", "hypre")]
    say("  linear solver against hypre")
    problems.save(problems.layered_stroke(*shape), folder, name)
    hypre = Server([str(program), str(folder)], ONE_THREAD)
    iterations = 1
    while core(f"system {name} serial 100 {iterations}") and true_residual(folder, name, "ours", shape) > goal:
        iterations += 1
    answers: dict[str, dict[str, float]] = {}

    def run(server: Server, key: str, command: str) -> float:
        answers[key] = server(command)
        return answers[key]["setup_seconds"] + answers[key]["solve_seconds"]

    works = {"ours": lambda: run(core, "ours", f"system {name} serial 100 {iterations}")}
    for relaxation, label in ((1, "Jacobi"), (2, "red-black")):
        for galerkin in (0, 1):
            command = f"solve {name} {goal:g} {relaxation} {galerkin}"
            works[f"{label}, rap {galerkin}"] = lambda c=command, k=f"{label}, rap {galerkin}": run(hypre, k, c)
    times = interleaved(works, repeats)
    left = true_residual(folder, name, "ours", shape), true_residual(folder, name, "peer", shape)
    best = min((key for key in times if key != "ours"), key=lambda key: times[key]["median"])
    hypre.close()
    parts = {key: f"{answers[key]['setup_seconds']:.3g} + {answers[key]['solve_seconds']:.3g} s" for key in ("ours", best)}
    counted = (
        f"set-up and solution, one core, one process; ours {iterations} iterations ({parts['ours']}), residual {left[0]:.1e}; "
        f"PFMG with {best}, {answers[best]['iterations']} iterations ({parts[best]}); residual of the last {left[1]:.1e}"
    )
    ratio = times[best]["median"] / times["ours"]["median"]
    row = Row("linear solver, 512 x 1024", times["ours"]["median"], times[best]["median"], ratio, "s", counted, "hypre")
    row.ours_range, row.peer_range, row.details = ends(times["ours"]), ends(times[best]), {"seconds": times, "last": answers}
    return [row]
