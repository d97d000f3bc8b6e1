"""dermaflux: skin pigment physics, from a needle and a skin to a device preset.

>>> import dermaflux as df
>>> treatment = df.load(df.configs() / "treatments/normal_scalp.toml")
>>> result = df.run(treatment.with_({"machine.depth_mm": 0.4}), grid="quick")
>>> 0.1 < result["pigment_depth_mm"] < 0.4
True
>>> result.to_xarray()["contrast"].dims
('time',)
"""

import atexit
import os
from importlib import resources
from pathlib import Path

# Idle threads sleep instead of spinning: on a busy machine spinning costs a hundredfold. Read once, when OpenMP is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from . import _core  # noqa: E402
from ._core import BackendError, FileError, InputError, NumericsError
from .calibration import Calibration, PresetRefused, calibrate
from .fitting import FitPlan, fit, plan_fit
from .matching import HairMatch, match_hair
from .pattern import Pattern, load_pattern
from .photon_transport import photons
from .physics import heal_cell
from .posterior import Posterior, load_posterior, open_fit
from .preset import check_preset, load_preset
from .preset_reader import PresetReader
from .preset_set import SetMember, make_preset_set
from .rendering import Patch, render_dot, render_pattern
from .result import Result
from .running import Member, MemberError, backends, resume, run, run_batch, set_threads
from .runfile import open_run
from .space_studies import load_study, run_space_study
from .stopping import Stopped
from .study import StudyState
from .sweeping import SweepPlan, collect_sweep, load_sweep, run_shard, sweep, sweep_state
from .treatment import Treatment, load
from .validating import Validation, validate

__all__ = [
    "BackendError", "Calibration", "FileError", "FitPlan", "HairMatch", "InputError", "Member", "MemberError", "NumericsError", "Patch", "Pattern", "Posterior", "PresetReader", "PresetRefused", "Result", "SetMember", "Stopped", "StudyState", "SweepPlan", "Treatment", "Validation",
    "backends", "calibrate", "check_preset", "collect_sweep", "configs", "fit", "heal_cell", "load", "load_pattern", "load_posterior", "load_preset", "load_study", "load_sweep", "make_preset_set", "match_hair", "open_fit", "open_run", "photons", "plan_fit", "render_dot", "render_pattern", "resume", "run", "run_batch", "run_shard", "run_space_study", "set_threads", "sweep", "sweep_state", "validate",
]  # fmt: skip
__version__: str = _core.version


def configs() -> Path:
    """Folder of the configurations that came with the package (skins, needles, inks, machines, treatments, patterns, sweeps, studies, corrections, calibrations, fits)."""
    return Path(str(resources.files(__package__))) / "configs"


_core.set_shipped_configs(configs())
atexit.register(_core.finalize)
