"""One preset by a calibration of 12 depths, 10 dwell times and 64 draws against the goal of the project, and what two grids save."""

import re
import time
from pathlib import Path

from measuring import CORES, Row, say

DEPTHS = [0.15, 0.175, 0.2, 0.225, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.75]  # mm
GOAL_S = 600.0


def calibration_file(folder: Path) -> Path:
    """The shipped calibration with as many settings and draws as the goal counts."""
    import dermaflux as df

    text = (df.configs() / "calibrations/scalp.toml").read_text().replace('"../treatments"', f'"{df.configs() / "treatments"}"')
    for key, value, unit in (("depths_mm", DEPTHS, "mm"), ("draws", 64, "1")):
        text, count = re.subn(rf"\n{key} = .*", f"\n{key} = {{ value = {value}, unit = '{unit}', range = [0.1, 65536], source = 'study' }}", text, count=1)
        assert count == 1, key
    path = folder / "twelve.toml"
    path.write_text(text)
    return path


def one_preset(folder: Path) -> list[Row]:
    """Wall time of one preset on all threads, settings table included; and of search and decision against a full search on the standard grid."""
    say("  one preset: several minutes")
    import dermaflux as df

    path = calibration_file(folder)
    start = time.perf_counter()
    found = df.calibrate(path, "normal")
    seconds = time.perf_counter() - start
    effort = found.effort
    counted = f"12 depths, 10 dwell times, 64 draws: {effort.searched.members} members, settings table included"
    saved = f"search and decision; the rest by the time of a member on both grids, standard {effort.grid_ratio:.2g} times as long"
    spent = effort.searched.seconds + effort.decided.seconds
    return [
        Row(f"one preset, {CORES} threads", seconds, GOAL_S, GOAL_S / seconds, "s", counted, "goal", seconds <= GOAL_S),
        Row("two grids against the standard grid alone", spent, effort.full_seconds, effort.full_seconds / spent, "s", saved, "full search"),
    ]
