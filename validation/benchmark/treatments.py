"""Whole treatments through the Python package. Usage: treatments.py THREADS; then one command per line, answered by JSON:

run GRID                      one treatment on the serial backend, with fields and trace kept
batch GRID BACKEND COUNT      COUNT members of an ensemble at once
look                          fast look at the treatment on day 14 and after five years, standard grid: 550 nm, and all bands
memory                        largest resident set so far
"""

import json
import resource
import sys
import time

import dermaflux as df
from dermaflux import _core, provenance
from dermaflux.photon_transport import scene_of


def timed(scenes: list[_core.OpticalScene], colour: bool, times: int = 20) -> float:
    """Seconds of one look."""
    start = time.perf_counter()
    for _ in range(times):
        for scene in scenes:
            scene.look(colour)
    return (time.perf_counter() - start) / (times * len(scenes))


def main() -> None:
    df.set_threads(int(sys.argv[1]))
    treatment = df.load(df.configs() / "treatments/normal_scalp.toml").with_({"machine.dwell_ms": 160.0})  # 15 strokes
    facts = {key: provenance.program()[key] for key in ("version", "git_commit", "compiler", "cuda_compiler")}
    print(json.dumps(facts | {"backends": {row["name"]: row["detail"] for row in df.backends() if row["available"]}}), flush=True)
    scenes: list[_core.OpticalScene] = []
    for line in sys.stdin:
        command, *words = line.split()
        start = time.perf_counter()
        answer: dict[str, float] = {}
        if command == "run":
            result = df.run(treatment, grid=words[0], backend="serial")
            answer = {"strokes": result["strokes"], "pigment_deposited_ng": result["pigment_deposited_ng"]}
        elif command == "look":
            scenes = scenes or [scene_of(data, at, treatment._document) for data in [df.run(treatment, backend="serial").to_xarray()] for at in (4, -1)]
            answer = {"contrast_s": timed(scenes, False), "colour_s": timed(scenes, True)}
        elif command == "batch":
            grid, backend, count = words
            outcomes = df.run_batch([treatment] * int(count), grid=grid, backend=backend)
            answer = {"failed": sum(isinstance(one, df.MemberError) for one in outcomes)}
        answer["seconds"] = time.perf_counter() - start
        answer["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6  # kB on Linux
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
