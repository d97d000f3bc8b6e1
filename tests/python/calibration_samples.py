"""Calibrations that are quick to run."""

import re
from dataclasses import dataclass
from pathlib import Path

from conftest import CONFIGS

SCALP = CONFIGS / "calibrations/scalp.toml"


@dataclass
class Rule:
    """A criterion that no file holds."""

    output: str
    low: float
    high: float
    weight: float | None = None


def small_calibration(folder: Path, depths: list[float], dwells: list[float], draws: int) -> Path:
    """The shipped calibration with few settings and draws."""
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    text = re.sub(r"\ndepths_mm = .*", f"\ndepths_mm = {{ value = {depths}, unit = 'mm', range = [0.1, 1.0], source = 'study' }}", text, count=1)
    text = re.sub(r"\ndwells_ms = .*", f"\ndwells_ms = {{ value = {dwells}, unit = 'ms', range = [10, 500], source = 'study' }}", text, count=1)
    text = re.sub(r"\ndraws = .*", f"\ndraws = {{ value = {draws}, unit = '1', range = [1, 65536], source = 'study' }}", text, count=1)
    text = text.replace("shares = { value = [0.1, 0.9]", "shares = { value = [0.9]", 1)  # four skins of the settings table in place of nine
    path = folder / "small.toml"
    path.write_text(text)
    return path


def without_table(file: Path, path: Path, *changes: tuple[str, str]) -> Path:
    """A calibration without its settings table, which takes time and has tests of its own, and with some texts replaced."""
    text = file.read_text()
    begin, end = text.index("[settings_table]"), text.index("[[criterion]]")
    text = text[:begin] + text[end:]
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text)
    return path
