"""A set of synthetic slides to try the way from a slide to a verdict with: everything in it says that it is synthetic."""

from pathlib import Path

import numpy as np

from . import _core, configs, load, provenance
from .progress import Report
from .runfile import open_run
from .running import run
from .synthetic_section import MARK, random_cuts, save_section, section, section_path
from .virtual_biopsy import Cut, tissue_of
from .writing import check_output, write_text

DAY = 28
_TREATMENT = "treatments/normal_scalp.toml"
# What the dot of the slides has unlike the shipped skin: a fit is to find it. Factors on the value of each key.
HIDDEN = {"skin.layer.reticular_dermis.permeability_m2": 0.6, "skin.layer.papillary_dermis.permeability_m2": 1.5}
_CUT = Cut(angle_deg=3.0, thickness_um=4.0, shrinkage=0.1)
_SIZE = {"mpp": 0.5, "width_um": 500.0, "depth_um": 0.0}


def write_example(folder: Path, count: int, seed: int, report: Report) -> list[Path]:
    """Runs a treatment in a skin of which two keys differ from the shipped one, cuts it at random, and writes slides, a fit file, and a case for
    `dermaflux validate`; `report` is told of each slide.

    Raises
    ------
    FileError, InputError: a folder that is not empty or cannot be made, or a number of slides out of range.
    """
    if not 1 <= count <= 50:
        raise _core.InputError(f"--sections {count}: is out of range; use 1 to 50")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _core.FileError(f"{folder}: exists and is no empty folder; give the name of a new one")
    check_output(folder.parent / "x")
    (folder / "cases").mkdir(parents=True)
    shipped = load(configs() / _TREATMENT)
    treatment = shipped.with_({key: shipped.resolved()[key]["value"] * factor for key, factor in HIDDEN.items()})
    file = run(treatment, grid="quick").save(folder / f"run_{MARK}.h5", "dermaflux histology example")
    written = [file]
    with open_run(file) as data:
        tissue = tissue_of(data, DAY, str(file))
        for n, cut in enumerate(random_cuts(tissue, count, _CUT, seed), 1):
            path = section_path(folder / "slide.tif", n)
            found = section(data, DAY, cut, seed=seed + n, name=str(file), **_SIZE)
            written += save_section(*found, path, mpp=_SIZE["mpp"], cut=cut, day=DAY, seed=seed + n, title=f"{MARK}: {treatment.title}")
            report(n)
    return [*written, *_texts(folder, seed)]


def _texts(folder: Path, seed: int) -> list[Path]:
    """Fit file, case and words about the folder."""
    treatment = configs() / _TREATMENT
    texts = {
        f"fit_{MARK}.toml": _FIT.format(treatment=treatment, seed=seed, keys=", ".join(f'"{key}"' for key in HIDDEN), day=DAY),
        f"cases/slides_{MARK}.toml": _CASE.format(treatment=treatment, day=DAY),
        f"cases/slides_{MARK}.observed.toml": _OBSERVED.format(version=_core.version, seed=seed),
        f"READ_ME_{MARK}.txt": _WORDS.format(
            version=provenance.build(), day=DAY, shrinkage=_CUT.shrinkage, hidden=", ".join(f"{key} times {np.round(one, 3)}" for key, one in HIDDEN.items())
        ),
    }
    return [write_text(folder / name, text) for name, text in texts.items()]


_FIT = """# SYNTHETIC: slides drawn by dermaflux from a simulation; no tissue of a person. Replace profile.csv by one of your own slides.
title = "Fit to synthetic slides"
treatment = "{treatment}"
grid = "quick"
uncertain = [{keys}]
runs = {{ value = 64, unit = "1", range = [8, 65536], source = "study: Sobol points of the priors" }}
seed = {{ value = {seed}, unit = "1", range = [0, 2147483647], source = "study: of the Sobol points and the sampler" }}
walkers = {{ value = 16, unit = "1", range = [8, 1024], source = "study: eight for each key" }}
steps = {{ value = 2000, unit = "1", range = [100, 1000000], source = "study: more than 50 autocorrelation times" }}

[[profile]]
day = {{ value = {day}, unit = "day", range = [0, 3650], source = "study: synthetic" }}
file = "profile.csv"
source = "study: synthetic slides of dermaflux histology example"
"""

_CASE = """# SYNTHETIC: slides drawn by dermaflux from a simulation; no tissue of a person.
id = "S1"
title = "SYNTHETIC slides: depth of pigment on day {day}"
stage = "deposit"
treatment = "{treatment}"
quantity = "profile"
depth_below = "surface"
day = {day}
how = "Shares of pigment below the surface on day {day}, of the shipped treatment under what is not known of skin and ink."
"""

_OBSERVED = """# SYNTHETIC: slides drawn by dermaflux from a simulation; no tissue of a person.
id = "S1"
compared = "profile"
file = "../profile.csv"
measured = "profile of synthetic slides, dermaflux histology extract"
error_is = "standard deviation of the pooled share, from clumps, sections and the placing of the lines"
source = "study: synthetic slides of dermaflux {version}, histology example --seed {seed}"
check = "Extract the profile again from the slides of this folder."
"""

_WORDS = """SYNTHETIC SLIDES. Drawn by {version} from a simulation; no tissue of a person. Pictures, their metadata, and every table made from them say so.

slide_synthetic_NN.tif         H&E sections of one simulated dot on day {day}, cut at random; lengths shrunk by {shrinkage:g}
slide_synthetic_NN.geojson     Surface, DEJ and Dermis-Hypodermis, as QuPath writes and opens them
slide_synthetic_NN.truth.csv   what each section holds, and the whole dot
run_synthetic.h5               the simulation itself
fit_synthetic.toml             reads profile.csv
cases/                         the same profile as a case of dermaflux validate

In this folder:
  dermaflux histology extract slide_synthetic_01.tif --proposal lines.png -o first.csv
  dermaflux histology extract slide_synthetic_*.tif slide_synthetic_*.geojson --shrinkage {shrinkage:g} -o profile.csv --hdf profile.h5
  dermaflux fit fit_synthetic.toml -o fit.h5
  dermaflux validate --data . --quick -o verdict.html

The skin of these slides differs from the shipped one: {hidden}. The fit is to find that; the verdict is that of the shipped skin.
"""
