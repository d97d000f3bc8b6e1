"""A section of 20,000 x 20,000 pixels through the whole command, against the goal of the project."""

import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import tifffile
from measuring import CORES, Row, say

SIDE, MPP, GOAL_S, MEMORY_MB = 20_000, 0.25, 60.0, 1000.0
_TILE_UM = 400.0  # width of the drawn section that is repeated


def slide(folder: Path) -> tuple[Path, Path]:
    """Synthetic skin repeated across 5 mm, dots 0.4 mm apart, over blank slide; tiles of 512 pixels, JPEG, as scanners write them."""
    import dermaflux as df
    from dermaflux import synthetic_section
    from dermaflux.histology_proposal import geojson
    from dermaflux.virtual_biopsy import Cut

    normal = df.load(df.configs() / "treatments/normal_scalp.toml")
    run = df.run(normal, grid="quick").to_xarray()
    run.attrs["resolved_json"] = json.dumps(normal.resolved())
    _, stained = synthetic_section.section(run, 14.0, Cut(), mpp=MPP, width_um=_TILE_UM, depth_um=2000.0, seed=1)
    high, wide, _ = stained.colours.shape
    times = -(-SIDE // wide)
    blank = np.full((SIDE - high, SIDE, 3), stained.colours[0, 0], np.uint8)
    pixels = np.concatenate([np.tile(stained.colours, (1, times, 1))[:, :SIDE], blank])
    path = folder / "large_synthetic.tif"
    size = {"resolution": (1e4 / MPP,) * 2, "resolutionunit": "CENTIMETER"}
    tifffile.imwrite(path, pixels, photometric="rgb", tile=(512, 512), compression="jpeg", compressionargs={"level": 85}, **size)
    repeated = {name: np.concatenate([corners[:-1] + (n * wide, 0.0) for n in range(times)]) for name, corners in stained.lines.items()}
    lines = {name: [piece[piece[:, 0] <= SIDE]] for name, piece in repeated.items()}
    drawn = path.with_suffix(".geojson")
    drawn.write_text(geojson(lines))
    return path, drawn


def large_section(folder: Path) -> list[Row]:
    """Wall time and memory of `dermaflux histology extract`, start of the program included."""
    say("  one section of 20,000 x 20,000 pixels")
    path, drawn = slide(folder)
    peak = "print(open('/proc/self/status').read(), resource.getrusage(resource.RUSAGE_SELF))"  # ru_maxrss begins with what this process holds
    program = f"import atexit, resource\natexit.register(lambda: {peak})\nfrom dermaflux.cli import main\nmain()"
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program, "histology", "extract", path, drawn, "-o", folder / "large.csv"], capture_output=True, text=True)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    used = {name: float(value) for name, value in re.findall(r"(?:ru_)?(utime|stime|VmHWM)[=:]\s*([0-9.]+)", done.stdout)}
    clumps = re.search(r"([0-9]+) clumps", done.stdout)
    busy = f"{used['utime'] + used['stime']:.0f} s of processor time"
    counted = f"JPEG tiles, {path.stat().st_size / 1e6:.0f} MB, {clumps[1] if clumps else 'no'} clumps, start to end; {busy}"
    path.unlink()
    memory = used["VmHWM"] * 1024.0 / 1e6
    return [
        Row(f"section of 20,000 x 20,000, {CORES} threads", seconds, GOAL_S, GOAL_S / seconds, "s", counted, "goal", seconds <= GOAL_S),
        Row("of it memory", memory, MEMORY_MB, MEMORY_MB / memory, "MB", "largest resident set; the picture has 1200 MB", "goal", memory <= MEMORY_MB),
    ]
