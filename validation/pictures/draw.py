"""Draws the pictures of the README. Takes some minutes: it runs the calibration for normal scalp."""

from pathlib import Path

import dermaflux as df
from dermaflux import plots

HERE = Path(__file__).parent

treatment = df.load(df.configs() / "treatments/normal_scalp.toml")
plots.section(df.run(treatment).to_xarray(), treatment.layers).savefig(HERE / "section.png", dpi=110)
found = df.calibrate(df.configs() / "calibrations/scalp.toml", "normal", progress=True)
plots.probability_map(found.probability, found.rules, found.best, found.tolerance).savefig(HERE / "probability.png", dpi=110)
