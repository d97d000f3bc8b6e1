"""Whole treatments and photons through the Python package, against the goals of the project."""

import sys
from collections.abc import Callable

from measuring import CORES, HERE, Row, Server, ends, interleaved, say


TREATMENTS, PHOTONS = str(HERE / "treatments.py"), str(HERE / "photon_pieces.py")


def batch_rate(server: Server, grid: str, backend: str, count: int) -> Callable[[], float]:
    """Treatments per second of an ensemble."""

    def measure() -> float:
        answer = server(f"batch {grid} {backend} {count}")
        if answer["failed"]:
            raise SystemExit(f"{answer['failed']} of {count} treatments failed")
        return count / answer["seconds"]

    return measure


def whole_treatments(python: str, repeats: int) -> tuple[list[Row], dict]:
    """Treatments from the strokes to the look after years; and what the program says of itself."""
    say("  whole treatments")
    one, two, every = (Server([python, TREATMENTS, threads], {}) for threads in ("1", "2", "0"))
    strokes = one("run standard")["strokes"]
    works = {
        "run standard": lambda: one("run standard")["seconds"],
        "standard 1": batch_rate(one, "standard", "kokkos", 2),
        "standard 2": batch_rate(two, "standard", "kokkos", 8),
        "quick 1": batch_rate(one, "quick", "kokkos", 16),
        "quick 2": batch_rate(two, "quick", "kokkos", 32),
        "look": lambda: 1e3 * one("look")["contrast_s"],
        "look, colour": lambda: 1e3 * one("look")["colour_s"],
    }
    if CORES != 2:
        works["standard all"] = batch_rate(every, "standard", "kokkos", 2 * CORES)
        works["quick all"] = batch_rate(every, "quick", "kokkos", 8 * CORES)
    found = interleaved(works, repeats)
    for grid in ("standard", "quick"):
        found.setdefault(f"{grid} all", found[f"{grid} 2"])
    what = f"normal scalp, {strokes:.0f} strokes, healing, 5 years, optics"
    rows = []

    def add(name: str, key: str, unit: str, goal: float | None, low_is_good: bool = False) -> None:
        ours = found[key]["median"]
        ratio = None if goal is None else (goal / ours if low_is_good else ours / goal)
        met = None if ratio is None else ratio >= 1.0
        rows.append(Row(name, ours, goal, ratio, unit, what, "goal" if goal else "", met, ends(found[key])))

    add("standard treatment, one core", "run standard", "s", 0.5, low_is_good=True)
    add("standard treatments, one core", "standard 1", "1/s", None)
    add("standard treatments, 2 threads", "standard 2", "1/s", 8.0)
    add("quick treatments, one core", "quick 1", "1/s", None)
    add("quick treatments, 2 threads", "quick 2", "1/s", 40.0)
    if CORES != 2:
        add(f"standard treatments, {CORES} threads", "standard all", "1/s", None)
        add(f"quick treatments, {CORES} threads", "quick all", "1/s", None)
    seen = "mean of day 14 and five years, standard grid, memory set up anew"
    for key, name, goal in (("look", "fast look, contrast and width, one core", 5.0), ("look, colour", "fast look, all bands, one core", None)):
        ours = found[key]["median"]
        met = None if goal is None else ours <= goal
        rows.append(Row(name, ours, goal, goal and goal / ours, "ms", seen, "goal" if goal else "", met, ends(found[key])))
    rows += memory_of_a_treatment(python) + treatments_on_gpu(every, found, repeats)
    facts = every.facts
    for server in (one, two, every):
        server.close()
    return rows, facts


def memory_of_a_treatment(python: str) -> list[Row]:
    fresh = Server([python, TREATMENTS, "1"], {})
    before = fresh("memory")["memory_mb"]
    after = fresh("run standard")["memory_mb"]
    fresh.close()
    counted = f"largest resident set of a process; {before:.0f} MB of it once Python and the libraries are loaded"
    return [
        Row("memory of a standard treatment", after, 200.0, 200.0 / after, "MB", counted, "goal", after <= 200.0),
        Row("of it the treatment's own", after - before, None, None, "MB", "the same less what was loaded before"),
    ]


def treatments_on_gpu(server: Server, on_host: dict[str, dict[str, float]], repeats: int) -> list[Row]:
    """Ensembles on the GPU against those on all threads; one row without numbers where there is no GPU."""
    if "cuda" not in server.facts["backends"]:
        return [Row("treatments, GPU", None, None, None, "1/s", "not measured: no GPU here")]
    rows = []
    for grid, count in (("standard", 256), ("quick", 1024)):
        gpu = interleaved({"gpu": batch_rate(server, grid, "cuda", count)}, repeats)["gpu"]
        host = on_host[f"{grid} all"]
        ratio, counted = gpu["median"] / host["median"], f"ensemble of {count}; {server.facts['backends']['cuda']}"
        row = Row(f"{grid} treatments, GPU", gpu["median"], host["median"], ratio, "1/s", counted, f"{CORES} threads")
        row.ours_range, row.peer_range = ends(gpu), ends(host)
        rows.append(row)
    return rows


def photons_per_ms(repeats: int) -> list[Row]:
    """Photons of two problems on one core, and on the GPU where there is one; the answers are checked before anything counts."""
    say("  photons")
    one = Server([sys.executable, PHOTONS, "1"], {})
    slab, dot = one("slab serial 2000000"), one("dot serial 200000")
    for found, exact in ((slab, 0.09739), (dot, 0.2576)):  # van de Hulst 1980; a run of 3e6 photons with another seed, +-0.0002
        if abs(found["reflected"] - exact) > 5.0 * found["error"] + 1e-3 * exact:
            raise SystemExit(f"photons: {found['reflected']} is not {exact}")
    works = {"slab": lambda: one("slab serial 1000000")["per_ms"], "dot": lambda: one("dot serial 100000")["per_ms"]}
    on_gpu = "cuda" in one.facts["backends"]
    if on_gpu:
        works |= {"slab, GPU": lambda: one("slab cuda 200000000")["per_ms"], "dot, GPU": lambda: one("dot cuda 20000000")["per_ms"]}
    problem = {"slab": "slab of van de Hulst, mu_a 10, mu_s 90 per cm, g 0.75, 0.2 mm"}
    problem["dot"] = "opaque dot in skin at 550 nm, beams at 0 to 60 um"
    rows = []
    for name, times in interleaved(works, repeats).items():
        rate, what = times["median"], problem[name.split(",")[0]]
        if name in problem:
            row = Row(f"photons, {name}, one core", rate, 50.0, rate / 50.0, "1/ms", what, "goal, MCML class", rate >= 50.0)
        else:
            row = Row(f"photons, {name}", rate, None, None, "1/ms", what)
        row.ours_range = ends(times)
        rows.append(row)
    if not on_gpu:
        rows.append(Row("photons, GPU", None, None, None, "1/ms", "not measured: no GPU here"))
    one.close()
    return rows
