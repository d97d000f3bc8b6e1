"""Healing against scipy's BDF."""

import json
import sys
from pathlib import Path

import numpy as np

from measuring import HERE, ONE_THREAD, Row, Server, ends, interleaved, say


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
        differ = f"ours with {fine['steps']} steps and BDF at 1e-9 differ by {agreement:.2g}"
        raise SystemExit(f"healing: {differ}; not the same equations")
    rtol = 0.1
    while peer(f"bdf {rtol}") and (reached := error(pools("peer"), judge)) > target:
        rtol /= 1.5
    works = {"ours": lambda: core("react 1")["seconds"], "BDF": lambda: peer(f"bdf {rtol}")["seconds"]}
    times = interleaved(works, repeats) | interleaved({"all": lambda: core("heal")["seconds"]}, repeats)
    ours, theirs, whole = (times[name]["median"] for name in ("ours", "BDF", "all"))
    counted = (
        f"ten years, {numbers['cells']:.0f} cells, {held} with pigment (BDF has only these); ours {answer['steps']} steps to "
        f"{target:.2g}, BDF rtol {rtol:.2g} to {reached:.2g}; tight runs of both agree to {agreement:.1g}"
    )
    title = "healing reactions, standard grid"
    first = Row(title, ours, theirs, theirs / ours, "s", counted, "scipy BDF, vectorised over the cells")
    first.ours_range, first.peer_range, first.details = ends(times["ours"]), ends(times["BDF"]), {"seconds": times}
    each = peer(f"cells {rtol} 16")
    counted = f"the same at the same rtol, each cell with steps of its own; {each['solved']} of {held} cells, scaled to all"
    single = Row(title, ours, each["seconds"], each["seconds"] / ours, "s", counted, "scipy BDF, cell by cell")
    counted = f"standard grid, {core('heal')['steps']} steps, one core"
    second = Row("healing, fading, measuring, 10 years", whole, 0.1, 0.1 / whole, "s", counted, "goal", whole <= 0.1)
    second.ours_range = ends(times["all"])
    core.close()
    peer.close()
    return [first, single, second]
