"""The driver's reader of presets against the goals of the project, on a preset of the shipped calibration."""

import json
import subprocess
from pathlib import Path

from measuring import Row, ends, say, spread


def reading_presets(build: Path, folder: Path, repeats: int) -> list[Row]:
    """Rows of loading a preset and of asking it."""
    say("  presets")
    import dermaflux as df
    from dermaflux.preset import save_preset

    path = folder / "normal.preset.json"
    if not path.exists():
        save_preset(df.calibrate(df.configs() / "calibrations/scalp.toml", "normal", quick=True).preset, path)
    command = [str(build / "preset_pieces"), str(path), "1000"]
    found = [json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout) for _ in range(repeats)]
    rows = []
    for name, key, goal, counted in (
        ("preset, load and verify", "load_s", 1000.0, f"{found[0]['bytes']} bytes: canonical form, SHA-256, schema, envelope, rules; no signature"),
        ("preset, settings for a skin", "query_s", 10.0, f"one question; {100 * found[0]['answered']:.0f} % of them lie in the table"),
    ):
        ours = spread([1e6 * one[key] for one in found])
        rows.append(Row(name, ours["median"], goal, goal / ours["median"], "us", counted, "goal", ours["median"] <= goal, ends(ours)))
    return rows
