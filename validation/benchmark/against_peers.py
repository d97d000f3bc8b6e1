"""The same problems by our solver, FiPy and py-pde, each at the same error."""

import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import problems
from measuring import Row, Server, ends, interleaved, say, spread


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
