"""Photons of our walk and of pmmc, on one core: the same problem at the same roulette, and time for equal error."""

import sys
from statistics import fmean, variance

from measuring import HERE, ONE_THREAD, Row, Server, ends, interleaved, say

OURS = 0.3, 0.5  # Russian roulette of our walk: threshold and chance
MCML = 1e-4, 0.1  # and of MCML (Wang, Jacques & Zheng 1995)
ERROR = 1e-4  # standard error of the reflectance to which the times are scaled
BATCHES = 200
# Exact reflectance where there is one (van de Hulst 1980); photons of a timed run.
PROBLEMS = {"slab": (0.09739, 1_000_000), "skin": (None, 100_000)}
WHAT = {
    "slab": "slab of van de Hulst, mu_a 10, mu_s 90 per cm, g 0.75, 0.2 mm",
    "skin": "0.1 mm with mu_a 20, mu_s 400 per cm on a half space with mu_a 2, mu_s 200, g 0.8, n 1.4",
}


class Estimate:
    """Mean of the reflectance, its standard error, and the variance of one photon."""

    def __init__(self, mean: float, of_one: float, photons: int):
        self.mean, self.of_one, self.error = mean, of_one, (of_one / photons) ** 0.5

    def __str__(self) -> str:
        return f"{self.mean:.5f} +- {self.error:.5f}"


def ours(server: Server, name: str, photons: int) -> Estimate:
    found = [server(f"{name} serial {photons} {seed}") for seed in range(1, 9)]
    return Estimate(fmean(one["reflected"] for one in found), photons * fmean(one["error"] ** 2 for one in found), 8 * photons)


def theirs(server: Server, name: str, photons: int, roulette: tuple[float, float]) -> Estimate:
    """pmmc says nothing of its error; it is the scatter of runs with other seeds."""
    size = 10 * photons // BATCHES
    found = [server(run(name, size, roulette, seed))["reflected"] for seed in range(1, BATCHES + 1)]
    return Estimate(fmean(found), size * variance(found), size * BATCHES)


def run(name: str, photons: int, roulette: tuple[float, float], seed: int = 1) -> str:
    return f"{name} {photons} {roulette[0]} {roulette[1]} {seed}"


def check(name: str, exact: float | None, mine: Estimate, other: Estimate) -> None:
    """The answers agree to five standard errors, and with the exact one to a thousandth besides, before a time counts."""
    if abs(mine.mean - other.mean) > 5.0 * (mine.error**2 + other.error**2) ** 0.5 + 1e-3 * mine.mean:
        raise SystemExit(f"photons, {name}: ours is {mine}, that of pmmc {other}")
    for found in (mine, other):
        if exact is not None and abs(found.mean - exact) > 5.0 * found.error + 1e-3 * exact:
            raise SystemExit(f"photons, {name}: {found} is not {exact}")


def against_pmmc(python: str, repeats: int) -> list[Row]:
    say("  photons against pmmc")
    core = Server([sys.executable, str(HERE / "photon_pieces.py"), "1"], {})
    peer = Server([python, str(HERE / "photon_peer.py")], ONE_THREAD)
    rows: list[Row] = []
    for name, (exact, photons) in PROBLEMS.items():
        mine = ours(core, name, photons)
        other = {roulette: theirs(peer, name, photons, roulette) for roulette in (OURS, MCML)}
        for estimate in other.values():
            check(name, exact, mine, estimate)
        works = {
            kept: lambda asked=f"{name} serial {photons} 1 {kept}": core(asked)["per_ms"] for kept in ("none", "absorption")
        }
        for roulette in other:
            asked = run(name, photons, roulette)
            works[roulette] = lambda asked=asked: peer(asked)["per_ms"]
        rows += compared(name, exact, mine, other, interleaved(works, repeats))
    rows[0].details = {"versions": peer.facts}
    for server in (core, peer):
        server.close()
    return rows


def compared(name: str, exact: float | None, mine: Estimate, other: dict, rates: dict) -> list[Row]:
    """Photons per time, and the time to an equal error with that roulette of the peer that needs less."""

    def seconds(estimate: Estimate, rate: float) -> float:
        return 1e-3 * estimate.of_one / ERROR**2 / rate

    def row(title: str, kept: str, roulette: tuple[float, float], how: str) -> Row:
        mine_rate, other_rate = rates[kept]["median"], rates[roulette]["median"]
        counted = f"{WHAT[name]}; {how}; reflectance {mine}, pmmc {other[roulette]}{judged}"
        made = Row(f"photons, {name}{title}", mine_rate, other_rate, mine_rate / other_rate, "1/ms", counted, "pmmc")
        made.ours_range, made.peer_range = ends(rates[kept]), ends(rates[roulette])
        return made

    judged = "" if exact is None else f", exact {exact}"
    rows = [
        row("", "none", OURS, "same roulette"),
        row(", absorption kept", "absorption", OURS, "same roulette; ours too sums what each cell absorbs, as pmmc does"),
        row(", roulette of MCML", "none", MCML, "pmmc with the roulette of MCML, 1e-4 and 0.1, ours as above"),
    ]
    best = min(other, key=lambda roulette: seconds(other[roulette], rates[roulette]["median"]))
    own, peers = seconds(mine, rates["none"]["median"]), seconds(other[best], rates[best]["median"])
    deviations = f"one photon scatters by {mine.of_one**0.5:.3f}, pmmc's by {other[best].of_one**0.5:.3f}"
    counted = f"standard error of the reflectance {ERROR:g}; {deviations}, at a threshold of {best[0]:g}"
    rows.append(Row(f"photons, {name}, equal error", own, peers, peers / own, "s", counted, "pmmc"))
    return rows
