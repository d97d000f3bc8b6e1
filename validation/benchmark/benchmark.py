"""Runs the benchmark and prints its table; see README.md. Started by run.sh."""

import argparse
import datetime
import json
import math
import os
import re
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

import problems

HERE = Path(__file__).resolve().parent
CORES = len(os.sched_getaffinity(0))
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}

# Each array that a loop over the cells touches is counted once per loop, read or written, 8 bytes each; see README.md.
ITERATION_BYTES = 8 * (8 + 6 + 7)
SUBSTEP_BYTES = 27 * 8
PARTS = ["peers", "hypre", "memory", "healing", "photons", "treatments"]


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Server:
    """A program that answers each line of commands by a line of JSON; the first line it gives says what it is."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=os.environ | environment)
        self.facts = self._answer()

    def __call__(self, command: str) -> dict[str, float]:
        assert self._process.stdin
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._process.args} ended with {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()


@dataclass
class Row:
    """One line of the table. The ratio is above 1 where we are better, or a share of a limit."""

    name: str
    ours: float | None
    peer: float | None
    ratio: float | None
    unit: str
    counted: str
    peer_name: str = ""
    met: bool | None = None  # the goal, where peer is one
    ours_range: tuple[float, float] | None = None  # least and most of the repeats
    peer_range: tuple[float, float] | None = None
    details: dict[str, object] = field(default_factory=dict)


@dataclass
class Scheme:
    """One code's way to solve a problem; `command` lacks only the number of steps."""

    code: str
    label: str
    server: Server
    command: str
    start: int
    output: str
    least: int = 1  # fewest steps allowed
    steps: int | None = None
    error: float = math.inf
    lowest: float = math.nan
    seconds: float = math.nan  # of one solution, in the search
    details: dict[str, float] = field(default_factory=dict)

    def solve(self, name: str, steps: int, exact: np.ndarray, folder: Path) -> dict[str, float]:
        answer = self.server(self.command.format(steps=steps))
        solved = np.fromfile(folder / f"{name}.{self.output}.f64").reshape(exact.shape)
        with np.errstate(all="ignore"):
            error = problems.relative_error(solved, exact)
        return answer | {"error": error if math.isfinite(error) else math.inf, "lowest": float(np.min(solved))}

    def find_steps(self, name: str, target: float, exact: np.ndarray, folder: Path) -> None:
        """Doubles the steps until the error is at most `target`, then takes a fifth off as long as it stays so, then a tenth."""
        steps, before = self.start, math.inf
        answer = self.solve(name, steps, exact, folder)
        while answer["error"] > target:
            if answer["error"] > 0.95 * before:  # more steps do not help
                self.error = before
                say(f"    {self.code}, {self.label}: does not get below {self.error:.3g}")
                return
            before = answer["error"]
            steps *= 2
            answer = self.solve(name, steps, exact, folder)
        self._keep(answer)
        for share in (0.8, 0.9):
            while (fewer := int(share * (self.steps or steps))) >= self.least:
                answer = self.solve(name, fewer, exact, folder)
                if answer["error"] > target:
                    break
                self._keep(answer)
        say(f"    {self.code}, {self.label}: {self.steps} steps, error {self.error:.3g}, {self.seconds:.3g} s")

    def time(self) -> float:
        """Solves once more with the steps found [s]."""
        return self.server(self.command.format(steps=self.steps))["seconds"]

    def _keep(self, answer: dict[str, float]) -> None:
        self.steps, self.error, self.lowest = int(answer["steps"]), answer["error"], answer["lowest"]
        self.seconds = answer["seconds"]
        self.details = {k: v for k, v in answer.items() if k in ("iterations", "compilation_seconds")}

    def summary(self) -> dict[str, object]:
        return {
            "scheme": self.label,
            "steps": self.steps,
            "error": self.error if math.isfinite(self.error) else None,
            "lowest_value": self.lowest if math.isfinite(self.lowest) else None,
            "searched_seconds": self.seconds if math.isfinite(self.seconds) else None,
        } | self.details


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "repeats": len(values)}


def ends(found: dict[str, float] | None) -> tuple[float, float] | None:
    return (found["least"], found["most"]) if found else None


def interleaved(works: dict[str, Callable[[], float]], repeats: int) -> dict[str, dict[str, float]]:
    """Calls all works in turn, `repeats` times after a warm-up; the spread of what each returned."""
    for work in works.values():
        work()
    values: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            values[name].append(work())
    return {name: spread(one) for name, one in values.items()}


def fine_reference(core: Server, folder: Path, problem: problems.Problem, command: str) -> np.ndarray:
    """A problem on twice as fine a grid, extrapolated to a time step of zero, as means over the cells."""
    name = "reference"
    problems.save(problem, folder, name)
    fields = []
    for steps in (200, 400):
        core(command.format(name=name, steps=steps))
        fields.append(np.fromfile(folder / f"{name}.ours.f64").reshape(problems.RINGS, 2, problems.ROWS, 2))
    ring = (np.arange(2 * problems.RINGS) + 0.5).reshape(problems.RINGS, 2, 1, 1)
    extrapolated = 2.0 * fields[1] - fields[0]
    return np.sum(ring * extrapolated, axis=(1, 3)) / np.sum(ring, axis=(1, 3)) / 2.0


def compare(
    title: str, name: str, target: float, exact: np.ndarray, schemes: list[Scheme], folder: Path, repeats: int
) -> list[Row]:
    """Brings every code to the same error, takes each code's fastest scheme, and times these in turn; with no repeats the times
    of the search count, for problems on which the peers take minutes."""
    say(f"  {title}, relative error {target:g}")
    for scheme in schemes:
        scheme.find_steps(name, target, exact, folder)
    best: dict[str, Scheme] = {}
    for scheme in schemes:
        if scheme.steps and (scheme.code not in best or scheme.seconds < best[scheme.code].seconds):
            best[scheme.code] = scheme
    if repeats > 0:
        times = interleaved({code: scheme.time for code, scheme in best.items()}, repeats)
    else:
        times = {code: spread([scheme.seconds]) for code, scheme in best.items()}
    tried = [{"code": scheme.code} | scheme.summary() for scheme in schemes]
    details = {"target_error": target, "seconds": times, "schemes": tried}
    ours = best.get("dermaflux")
    counted = "start to end at equal error, one core"
    rows = []
    for code in dict.fromkeys(scheme.code for scheme in schemes if scheme.code != "dermaflux"):
        peer = best.get(code)
        mine, theirs = (times[one]["median"] if one in times else None for one in ("dermaflux", code))
        ratio = theirs / mine if mine and theirs else None
        how = "does not reach the error"
        if peer and ours:
            how = f"{peer.label}, {peer.steps} steps to {peer.error:.2g}; ours {ours.label}, {ours.steps} steps to {ours.error:.2g}"
        row = Row(title, mine, theirs, ratio, "s", f"{counted}; {how}", code, details=details if not rows else {})
        row.ours_range, row.peer_range = ends(times.get("dermaflux")), ends(times.get(code))
        rows.append(row)
    return rows


def against_peers(core: Server, peers: Server, folder: Path, repeats: int) -> list[Row]:
    def own(command: str, start: int, label: str, least: int = 1) -> Scheme:
        return Scheme("dermaflux", label, core, command, start, "ours", least)

    def other(code: str, command: str, start: int, label: str) -> Scheme:
        return Scheme(code, label, peers, command, start, "peer")

    def pressure(name: str, steps: int, explicit: int) -> list[Scheme]:
        ours = [own(f"pressure {name} serial {{steps}} {tol} 0", steps, f"implicit Euler, {tol} Pa") for tol in (20, 100)]
        kinds = (("euler", "implicit Euler", steps), ("crank-nicolson", "Crank-Nicolson", 4))
        fipy = [other("FiPy", f"fipy-pressure {name} {{steps}} {kind}", first, label) for kind, label, first in kinds]
        return ours + fipy + [other("py-pde", f"pde-pressure {name} {{steps}}", explicit, "explicit Euler")]

    problems.save(problem := problems.decaying_mode(), folder, "mode")
    exact = np.asarray(problem["exact"])
    rows = compare("pressure, uniform, exact solution", "mode", 0.01, exact, pressure("mode", 50, 3200), folder, repeats)

    finer = 2 * problems.RINGS, 2 * problems.ROWS
    say("  reference of the layered problem")
    problems.save(problems.layered_stroke(), folder, "layered")
    exact = fine_reference(core, folder, problems.layered_stroke(*finer), "pressure {name} serial {steps} 0.01 0")
    rows += compare("pressure, layered skin", "layered", 0.012, exact, pressure("layered", 12, 14000), folder, repeats)

    problems.save(problems.injected_pigment(), folder, "injected")
    exact = fine_reference(core, folder, problems.injected_pigment(*finer), "injection {name} serial {steps} 1")
    schemes = [own("injection injected serial {steps} 100", 5, "implicit Euler, 100 Pa; explicit limited sweeps")]
    label = "implicit Euler; 10 implicit central substeps"
    schemes.append(other("FiPy", "fipy-injection injected {steps} 10 euler", 10, label))
    explicit = other("py-pde", "pde-injection injected {steps}", 140000, "explicit Euler; central")
    explicit.least = explicit.start  # a tenth fewer are unstable
    schemes.append(explicit)
    rows += compare("pressure and pigment together", "injected", 0.045, exact, schemes, folder, 0)

    problems.save(problem := problems.pigment_ring(), folder, "ring")
    exact = np.asarray(problem["exact"])
    chosen = int(core("transport ring serial 0")["steps"])
    schemes = [
        own("transport ring serial {steps}", chosen, "explicit limited sweeps", chosen),
        other("FiPy", "fipy-transport ring {steps} van-leer", chosen, "explicit van Leer"),
        other("FiPy", "fipy-transport ring {steps} central", chosen, "implicit central"),
        other("py-pde", "pde-transport ring {steps} runge-kutta", 40, "central, Runge-Kutta"),
        other("py-pde", "pde-transport ring {steps} adams-bashforth", 160, "central, Adams-Bashforth"),
    ]
    return rows + compare("transport, exact solution", "ring", 0.025, exact, schemes, folder, repeats)


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


def against_memory(core: Server, folder: Path, repeats: int) -> list[Row]:
    say("  cells per second against copy bandwidth")
    problems.save(problems.layered_stroke(64, 128), folder, "layered_standard")
    problems.save(problems.pigment_ring(64, 128), folder, "ring_standard")
    large, rows = 1e9, []
    for executor, threads in (("serial", "one core"), ("kokkos", f"{CORES} threads")):
        for suffix, cells in (("", 128 * 256), ("_standard", 64 * 128)):
            fitting = 11 * 8 * cells  # the cell arrays of the pressure system
            bandwidth = {
                "copy": lambda e=executor, b=fitting: core(f"copy {b} {e}")["bytes_per_second"],
                "large copy": lambda e=executor: core(f"copy {large:.0f} {e}")["bytes_per_second"],
                "iteration": lambda e=executor, s=suffix, c=cells: cells_per_second(core(f"iterations layered{s} {e} 20"), c),
                "substep": lambda e=executor, s=suffix, c=cells: cells_per_second(core(f"substeps ring{s} {e} 100"), c),
            }
            if suffix:
                del bandwidth["large copy"]
            found = interleaved(bandwidth, repeats)
            grid = "64 x 128" if suffix else "128 x 256"
            for what, size in (("iteration", ITERATION_BYTES), ("substep", SUBSTEP_BYTES)):
                title = {"iteration": "pressure iteration", "substep": "transport substep"}[what]
                ours = found[what]["median"] / 1e6
                for kind, label in (("copy", f"copy of {fitting / 1e6:.1f} MB"), ("large copy", "copy of 1 GB")):
                    if kind not in found:
                        continue
                    limit = found[kind]["median"] / size / 1e6
                    counted = f"{size} bytes per cell; copy moves {found[kind]['median'] / 1e9:.1f} GB/s"
                    row = Row(f"{title}, {grid}, {threads}", ours, limit, ours / limit, "million cells/s", counted, label)
                    row.ours_range = found[what]["least"] / 1e6, found[what]["most"] / 1e6
                    row.peer_range = found[kind]["least"] / size / 1e6, found[kind]["most"] / size / 1e6
                    row.details = {"bytes_per_second": found[kind]}
                    rows.append(row)
    return rows


def cells_per_second(answer: dict[str, float], cells: int) -> float:
    return answer["steps"] * cells / answer["seconds"]


def against_scipy(build: Path, folder: Path, repeats: int) -> list[Row]:
    """Ten years of reactions in every cell of the standard grid against scipy's BDF at the error of our default tolerance, and ten
    years of all healing against its goal. Both in processor time."""
    say("  healing against scipy")
    core = Server([str(build / "healing_pieces"), str(folder), str(HERE.parents[1] / "configs")], {})
    peer = Server([sys.executable, str(HERE / "healing_peer.py"), str(folder)], ONE_THREAD)
    numbers = core("start standard")
    held = peer("start " + json.dumps(numbers))["cells_with_pigment"]

    def pools(output: str) -> np.ndarray:
        return np.fromfile(folder / f"healing.{output}.f64").reshape(-1, 4 * int(numbers["cells"]))

    def error(found: np.ndarray, judge: np.ndarray) -> float:
        """Largest over the moments of the sum of differences over all pigment."""
        return float((np.abs(found - judge).sum(axis=1) / np.abs(judge).sum(axis=1)).max())

    peer("bdf 1e-9")
    judge = pools("peer")
    fine = core("react 1e-5")
    agreement = error(pools("ours"), judge)
    answer = core("react 1")
    target = error(pools("ours"), judge)
    if agreement > 0.01 * target:
        raise SystemExit(f"healing: ours with {fine['steps']} steps and BDF at 1e-9 differ by {agreement:.2g}; not the same equations")
    rtol = 0.1
    while peer(f"bdf {rtol}") and (reached := error(pools("peer"), judge)) > target:
        rtol /= 1.5
    works = {"ours": lambda: core("react 1")["seconds"], "BDF": lambda: peer(f"bdf {rtol}")["seconds"]}
    times = interleaved(works, repeats) | interleaved({"all": lambda: core("heal")["seconds"]}, repeats)
    ours, theirs, whole = (times[name]["median"] for name in ("ours", "BDF", "all"))
    counted = (
        f"ten years, {numbers['cells']:.0f} cells, {held} with pigment (BDF has only these); ours {answer['steps']} steps to {target:.2g}, "
        f"BDF rtol {rtol:.2g} to {reached:.2g}; tight runs of both agree to {agreement:.1g}"
    )
    first = Row("healing reactions, standard grid", ours, theirs, theirs / ours, "s", counted, "scipy BDF, vectorised over the cells")
    first.ours_range, first.peer_range, first.details = ends(times["ours"]), ends(times["BDF"]), {"seconds": times}
    each = peer(f"cells {rtol} 16")
    counted = f"the same at the same rtol, each cell with steps of its own; {each['solved']} of {held} cells, scaled to all"
    single = Row("healing reactions, standard grid", ours, each["seconds"], each["seconds"] / ours, "s", counted, "scipy BDF, cell by cell")
    steps = core("heal")["steps"]
    second = Row("healing, fading, measuring, 10 years", whole, 0.1, 0.1 / whole, "s", f"standard grid, {steps} steps, one core", "goal")
    second.met, second.ours_range = whole <= 0.1, ends(times["all"])
    core.close()
    peer.close()
    return [first, single, second]


def whole_treatments(python: str, repeats: int) -> tuple[list[Row], dict]:
    say("  whole treatments")
    script = str(HERE / "treatments.py")
    one, two, every = (Server([python, script, threads], {}) for threads in ("1", "2", "0"))

    def rate(server: Server, grid: str, backend: str, count: int) -> Callable[[], float]:
        def measure() -> float:
            answer = server(f"batch {grid} {backend} {count}")
            if answer["failed"]:
                raise SystemExit(f"{answer['failed']} of {count} treatments failed")
            return count / answer["seconds"]

        return measure

    strokes = one("run standard")["strokes"]
    works = {
        "run standard": lambda: one("run standard")["seconds"],
        "standard 1": rate(one, "standard", "kokkos", 2),
        "standard all": rate(every, "standard", "kokkos", 2 * CORES),
        "quick 1": rate(one, "quick", "kokkos", 8),
        "quick 2": rate(two, "quick", "kokkos", 16),
    }
    if CORES != 2:
        works["quick all"] = rate(every, "quick", "kokkos", 8 * CORES)
    found = interleaved(works, repeats)
    found.setdefault("quick all", found["quick 2"])
    what = f"normal scalp, {strokes:.0f} strokes, healing, 5 years, optics"
    rows = []

    def add(name: str, key: str, unit: str, goal: float | None, low_is_good: bool = False) -> None:
        ours = found[key]["median"]
        ratio = None if goal is None else (goal / ours if low_is_good else ours / goal)
        met = None if ratio is None else ratio >= 1.0
        rows.append(Row(name, ours, goal, ratio, unit, what, "goal" if goal else "", met, ends(found[key])))

    add("standard treatment, one core", "run standard", "s", 0.5, low_is_good=True)
    add("standard treatments, one core", "standard 1", "1/s", None)
    add(f"standard treatments, {CORES} threads", "standard all", "1/s", None)
    add("quick treatments, one core", "quick 1", "1/s", None)
    add("quick treatments, 2 threads", "quick 2", "1/s", 5.0)
    if CORES != 2:
        add(f"quick treatments, {CORES} threads", "quick all", "1/s", None)

    fresh = Server([python, script, "1"], {})
    before = fresh("memory")["memory_mb"]
    after = fresh("run standard")["memory_mb"]
    fresh.close()
    counted = f"largest resident set of a process; {before:.0f} MB of it once Python and the libraries are loaded"
    rows.append(Row("memory of a standard treatment", after, 200.0, 200.0 / after, "MB", counted, "goal", after <= 200.0))
    rows.append(Row("of it the treatment's own", after - before, None, None, "MB", "the same less what was loaded before"))

    if "cuda" in every.facts["backends"]:
        for grid, count in (("standard", 256), ("quick", 1024)):
            gpu = interleaved({"gpu": rate(every, grid, "cuda", count)}, repeats)["gpu"]
            host = found[f"{grid} all"]
            ratio, counted = gpu["median"] / host["median"], f"ensemble of {count}; {every.facts['backends']['cuda']}"
            row = Row(f"{grid} treatments, GPU", gpu["median"], host["median"], ratio, "1/s", counted, f"{CORES} threads")
            row.ours_range, row.peer_range = ends(gpu), ends(host)
            rows.append(row)
    else:
        rows.append(Row("treatments, GPU", None, None, None, "1/s", "not measured: no GPU here"))
    facts = every.facts
    for server in (one, two, every):
        server.close()
    return rows, facts


def photons_per_ms(repeats: int) -> list[Row]:
    """Photons of two problems on one core, and on the GPU where there is one; the answers are checked before anything counts."""
    say("  photons")
    script = str(HERE / "photon_pieces.py")
    one = Server([sys.executable, script, "1"], {})
    slab, dot = one("slab serial 2000000"), one("dot serial 200000")
    for found, exact in ((slab, 0.09739), (dot, 0.2576)):  # van de Hulst 1980; a run of 3e6 photons with another seed, +-0.0002
        if abs(found["reflected"] - exact) > 5.0 * found["error"] + 1e-3 * exact:
            raise SystemExit(f"photons: {found['reflected']} is not {exact}")
    works = {"slab": lambda: one("slab serial 1000000")["per_ms"], "dot": lambda: one("dot serial 100000")["per_ms"]}
    on_gpu = "cuda" in one.facts["backends"]
    if on_gpu:
        works |= {"slab, GPU": lambda: one("slab cuda 200000000")["per_ms"], "dot, GPU": lambda: one("dot cuda 20000000")["per_ms"]}
    rows = []
    for name, times in interleaved(works, repeats).items():
        rate, core = times["median"], name in ("slab", "dot")
        problem = "slab of van de Hulst, mu_a 10, mu_s 90 per cm, g 0.75, 0.2 mm" if "slab" in name else "opaque dot in skin at 550 nm, beams at 0 to 60 um"
        row = Row(f"photons, {name}{', one core' if core else ''}", rate, 50.0 if core else None, rate / 50.0 if core else None, "1/ms", problem)
        row.ours_range = ends(times)
        if core:
            row.peer_name, row.met = "goal, MCML class", rate >= 50.0
        rows.append(row)
    if not on_gpu:
        rows.append(Row("photons, GPU", None, None, None, "1/ms", "not measured: no GPU here"))
    one.close()
    return rows


def machine() -> dict[str, object]:
    """What was measured on; names no host."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, cwd=HERE)
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip() or "unknown",
        "cpu": cpu.group(1) if cpu else "unknown",
        "threads": CORES,
        "load_before": os.getloadavg()[0],
    }


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def with_range(value: float | None, of: tuple[float, float] | None) -> str:
    return number(value) + (f" ({number(of[0])} to {number(of[1])})" if of else "")


def table(rows: list[Row]) -> str:
    lines = ["| what | ours | peer or limit | | ratio | unit | counted |", "| --- | ---: | ---: | --- | ---: | --- | --- |"]
    for row in rows:
        peer = row.peer_name + ("" if row.met is None else ": met" if row.met else ": NOT met")
        values = with_range(row.ours, row.ours_range), with_range(row.peer, row.peer_range)
        cells = (row.name, *values, peer, number(row.ratio), row.unit, row.counted)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with solver_pieces")
    parser.add_argument("--peers", required=True, help="Python that has FiPy and py-pde")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure these parts, print their rows, write nothing")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()

    folder = options.build / "fields"
    folder.mkdir(parents=True, exist_ok=True)
    facts = machine()
    rows: list[Row] = []
    program: dict[str, dict[str, str]] = {}
    core = Server([str(options.build / "solver_pieces"), str(folder)], {})
    peers = Server([options.peers, str(HERE / "peers.py"), str(folder)], ONE_THREAD)
    for part in options.only:
        if part == "peers":
            rows += against_peers(core, peers, folder, options.repeats)
        elif part == "hypre":
            rows += against_hypre(core, options.build / "hypre_pressure", folder, options.repeats)
        elif part == "memory":
            rows += against_memory(core, folder, options.repeats)
        elif part == "healing":
            rows += against_scipy(options.build, folder, options.repeats)
        elif part == "photons":
            rows += photons_per_ms(options.repeats)
        else:
            treatments, program = whole_treatments(sys.executable, options.repeats)
            rows += treatments
    for server in (core, peers):
        server.close()
    if options.only != PARTS:
        print(table(rows))
        return

    facts |= {"program": program, "peers": peers.facts, "load_after": os.getloadavg()[0], "repeats": options.repeats}
    processor = program["backends"].get("cuda", facts["cpu"]).split(",")[0].lower().replace("(r)", "")
    slug = re.sub(r"[^a-z0-9]+", "-", processor).strip("-")
    target = HERE / "results" / f"{facts['date']}-{slug}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(facts | {"rows": [asdict(row) for row in rows]}, indent=1) + "\n")
    result = f"{facts['date']}, {facts['cpu']}, {CORES} threads, {program['compiler']}, commit {facts['commit']}\n\n{table(rows)}\n"
    print("\n" + result)
    say(f"written: {target.relative_to(HERE)}")
    if options.readme:
        readme = HERE / "README.md"
        begin, end = "<!-- results -->\n", "<!-- end of results -->"
        head, rest = readme.read_text().split(begin)
        readme.write_text(head + begin + result + end + rest.split(end)[1])


if __name__ == "__main__":
    main()
