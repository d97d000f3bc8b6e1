"""The compiled part of dermaflux. Use the package `dermaflux`, which documents what is public."""

from collections.abc import Callable, Sequence
from os import PathLike
from pathlib import Path
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

version: str
"""Version of the program, e.g. 0.1.0."""
git: str
"""Commit it was built from, with -dirty where files had changed; empty without git."""
compiler: str
"""Name and version of the C++ compiler."""
cuda_version: str
"""Version of the CUDA compiler, empty where there was none."""
hdf5_version: str
"""Version of the HDF5 library."""

Content = float | bool | str | list[float] | list[str]
"""What a key can hold, in the unit of the key."""
Overrides = Sequence[tuple[str, str]]
"""Dotted keys and their values as text, as after `-s`."""

class InputError(ValueError):
    """What the user gave is wrong; the message names file, key, value, range and a suggestion."""

class NumericsError(RuntimeError):
    """A run failed; the message says at what time and why."""

class BackendError(RuntimeError):
    """A backend cannot run here; the message says what can."""

class FileError(OSError):
    """A file is missing, of another kind, or cannot be written."""

class KeyRow(TypedDict):
    """One key of the input."""

    key: str
    unit: str
    low: float
    high: float
    meaning: str
    words: list[str]

class OutputRow(TypedDict):
    """One scalar output."""

    name: str
    unit: str
    meaning: str

class BackendRow(TypedDict):
    """One backend and whether it can run here."""

    name: str
    available: bool
    detail: str

def set_shipped_configs(folder: str | PathLike[str]) -> None:
    """Folder of the configurations that files without one above them use."""

def keys() -> list[KeyRow]:
    """Every key of the input: name, unit, allowed range, meaning; those of a layer are named skin.layer.NAME.*."""

def outputs() -> list[OutputRow]:
    """Every scalar output: name, unit, meaning."""

def wavelengths_nm() -> list[float]:
    """Bands in which a dot is looked at [nm]."""

def cluster_size_um(start_um: float, end_um: float, growth_year: float, day: float) -> float:
    """Size of a cluster of pigment in a cell, so many days after it came [um]."""

def colour_weights() -> list[list[float]]:
    """Weights of CIE X, Y and Z per band for a reflectance under D65, 2 degrees, linear between bands; Y of white is 1."""

def lab(reflectance: Sequence[float]) -> list[float]:
    """CIE L*, a*, b* of a reflectance per band, D65, 2 degrees."""

def delta_e(first: Sequence[float], second: Sequence[float]) -> float:
    """Colour difference CIEDE2000 of two Lab colours."""

def ita(skin: Sequence[float]) -> float:
    """Individual typology angle of a Lab colour of skin [deg]."""

def skin_reflectance(document: TreatmentDocument) -> list[float]:
    """Diffuse reflectance per band of the treatment's resting skin without a dot, without running it. Raises InputError."""

def look_days(document: TreatmentDocument, horizon_year: float) -> list[float]:
    """Days since the first session on which a run up to a horizon is looked at."""

class PatternFile:
    """A patch of skin full of dots as its file says it."""

    @property
    def title(self) -> str:
        """Title of the pattern."""
    @property
    def base(self) -> TreatmentDocument:
        """The treatment of every dot, with the spacing and the jitters of the pattern."""
    @property
    def lattice(self) -> str:
        """hexagonal, square or random."""
    @property
    def spacing_mm(self) -> float:
        """Distance between neighbours of the lattice; of random places, that of a square lattice of their density [mm]."""
    @property
    def position_jitter_mm(self) -> float:
        """Standard deviation of a dot's place per axis [mm]."""
    @property
    def depth_jitter_mm(self) -> float:
        """Standard deviation of the tip depth from dot to dot [mm]."""
    @property
    def width_mm(self) -> float:
        """Width of the patch [mm]."""
    @property
    def height_mm(self) -> float:
        """Height of the patch [mm]."""
    @property
    def margin_mm(self) -> float:
        """Bare skin in front of the hairline [mm]."""
    @property
    def feather_mm(self) -> float:
        """Way over which the density rises from none to all behind the hairline [mm]."""
    @property
    def irregularity_mm(self) -> float:
        """Standard deviation of the hairline about its mean [mm]."""
    @property
    def irregularity_length_mm(self) -> float:
        """Way along the hairline over which it wanders [mm]."""
    @property
    def days(self) -> list[float]:
        """When the patch is looked at [day]."""
    @property
    def visible_contrast(self) -> float:
        """Loss of luminance from which on skin counts as covered [-]."""
    @property
    def seed(self) -> int:
        """Seed of the places."""
    @property
    def files(self) -> list[Path]:
        """All files that were read."""

def load_pattern(file: str | PathLike[str], overrides: Overrides = ...) -> PatternFile:
    """Reads a pattern; overrides of its own keys act on it, all others on its treatment. Raises InputError or FileError."""

class ConfigValue:
    """One value of the input with where it comes from."""

    @property
    def value(self) -> Content:
        """The value in the unit of its key."""
    @property
    def range(self) -> tuple[float, float] | None:
        """Plausible range in the unit of the key, if the file gives one; calibrations draw from it."""
    @property
    def source(self) -> str:
        """Publication, or a reason that begins with estimate, definition, study or practice."""
    @property
    def where(self) -> str:
        """File and line, or the override."""

class TreatmentDocument:
    """A treatment as the files say it, resolved and checked."""

    @staticmethod
    def load(file: str | PathLike[str], overrides: Overrides = ...) -> TreatmentDocument:
        """Reads a treatment file with all files it names. Raises InputError or FileError."""
    def with_overrides(self, overrides: Overrides) -> TreatmentDocument:
        """A copy with some keys changed, checked again. Raises InputError."""
    @property
    def title(self) -> str:
        """Title of the treatment file."""
    @property
    def skin_class(self) -> str:
        """Tissue class, e.g. normal."""
    @property
    def layers(self) -> list[str]:
        """Names of the layers from the surface down."""
    @property
    def file(self) -> Path:
        """The treatment file."""
    @property
    def overrides(self) -> list[tuple[str, str]]:
        """Keys that override the files and their values as text."""
    @property
    def files(self) -> list[Path]:
        """All files that were read, in order of precedence, later wins."""
    @property
    def values(self) -> dict[str, ConfigValue]:
        """Every key with its value."""
    def json(self) -> str:
        """Every key with value, unit, range and source, as a JSON object."""
    def __getstate__(self) -> tuple[object, ...]:
        """Plain data for another process, which needs none of the files."""
    def __setstate__(self, state: tuple[object, ...]) -> None:
        """Rebuilds the document from it, checked again. Raises InputError."""
    @property
    def contraindications(self) -> list[str]:
        """Why nobody should treat this client now; empty if nothing forbids it."""
    @property
    def layer_thickness_mm(self) -> list[float]:
        """Thickness of each layer, thickness factor included [mm]."""

class StudyAxis:
    """A key of the treatment and the values it takes in a sweep."""

    @property
    def key(self) -> str:
        """Dotted key that varies."""
    @property
    def unit(self) -> str:
        """Unit of the key, empty for words and pure numbers."""
    @property
    def values(self) -> list[float] | list[str]:
        """Its values in that unit, or names of files."""

class SampledAxis:
    """A key of the treatment that a sweep draws between two ends."""

    @property
    def key(self) -> str:
        """Dotted key that varies."""
    @property
    def unit(self) -> str:
        """Unit of the key, empty for pure numbers."""
    @property
    def low(self) -> float:
        """Lowest value in that unit."""
    @property
    def high(self) -> float:
        """Highest value in that unit."""
    @property
    def scale(self) -> str:
        """linear or log: draws are even in the value or in its logarithm."""

class Sample:
    """Draws that all sampled axes of a sweep share."""

    @property
    def method(self) -> str:
        """sobol or latin_hypercube."""
    @property
    def count(self) -> int:
        """Number of draws; a power of two for sobol."""
    @property
    def seed(self) -> int:
        """Seed of the draws."""
    @property
    def source(self) -> str:
        """Why these draws."""
    @property
    def axes(self) -> list[SampledAxis]:
        """What is drawn, in the order of the file."""

class Comparison:
    """What the value of an axis of a sweep is compared with."""

    @property
    def key(self) -> str:
        """Key of the axis."""
    @property
    def unit(self) -> str:
        """Unit of the key, empty for words and pure numbers."""
    @property
    def relation(self) -> str:
        """at_least, at_most or is."""
    @property
    def value(self) -> float | str | list[str]:
        """A number in that unit, the key of another axis, or names."""

class Condition:
    """What a combination of the axes of a sweep must keep to be a member."""

    @property
    def demand(self) -> Comparison:
        """What must hold."""
    @property
    def when(self) -> Comparison | None:
        """Where it must; everywhere if None."""
    @property
    def reason(self) -> str:
        """Why no other combination is run."""

class SpaceStudy:
    """What a study in space shows of its members, beside their scalar outputs."""

    @property
    def shows(self) -> str:
        """What it is about: one of `study_kinds`."""
    @property
    def view_day(self) -> float:
        """When the pigment is looked at [day]."""
    @property
    def view_width_mm(self) -> float:
        """Width of the pictures, along x and y [mm]."""
    @property
    def view_depth_mm(self) -> float:
        """Depth of the pictures from the side [mm]."""

def study_kinds() -> dict[str, str]:
    """What a study can show, and the key that it varies."""

class Correction:
    """Factor from rings to a box, of one output and number of prongs."""

    @property
    def output(self) -> str:
        """Output that it multiplies."""
    @property
    def prongs(self) -> int:
        """Number of prongs it holds for."""
    @property
    def error(self) -> float:
        """Standard error of the factor [-]."""
    def factor(self, angle_deg: float) -> float:
        """The factor at an angle of the needle [-]."""

class Corrections:
    """A file of correction factors for tilt and prongs."""

    @property
    def file(self) -> Path:
        """Where it was read from."""
    @property
    def title(self) -> str:
        """What it says of itself."""
    @property
    def source(self) -> str:
        """Where the factors come from."""
    @property
    def study_sha256(self) -> str:
        """SHA-256 of the result of the study that they were measured in."""
    @property
    def outputs(self) -> list[str]:
        """Outputs that are corrected."""
    def of(self, output: str, prongs: int, angle_deg: float) -> Correction:
        """The factor of an output. Raises InputError where the study has not measured."""

def load_corrections(file: str | PathLike[str]) -> Corrections:
    """Reads a file of correction factors. Raises InputError or FileError."""

class SweepFile:
    """A sweep as its file says it."""

    @property
    def title(self) -> str:
        """Title of the sweep."""
    @property
    def description(self) -> str:
        """What it is for, in a line; empty if the file says nothing."""
    @property
    def study(self) -> SpaceStudy | None:
        """What is shown of the members, where it is a study in space."""
    @property
    def corrections(self) -> Corrections | None:
        """Factors that outputs of members on rings are multiplied by, if there are any."""
    @property
    def base(self) -> TreatmentDocument:
        """The treatment that the axes vary."""
    @property
    def axes(self) -> list[StudyAxis]:
        """Axes with values, in the order of the file; their product, times the draws, is the sweep."""
    @property
    def sample(self) -> Sample | None:
        """Draws and the axes that are drawn, if there are any."""
    @property
    def conditions(self) -> list[Condition]:
        """What combinations must keep to be members."""
    @property
    def outputs(self) -> list[str]:
        """Outputs to keep; empty for all."""
    @property
    def grid(self) -> str:
        """Grid level: quick, standard, fine or finest."""

def load_sweep(file: str | PathLike[str], overrides: Overrides = ...) -> SweepFile:
    """Reads a sweep file. Raises InputError or FileError."""

class Criterion:
    """When a dot is right: an output between two limits; with a weight, what it costs a right dot to break it."""

    @property
    def name(self) -> str:
        """Name of the rule."""
    @property
    def output(self) -> str:
        """The scalar output it judges."""
    @property
    def low(self) -> float:
        """Lowest accepted value in the unit of the output, -inf if there is none."""
    @property
    def high(self) -> float:
        """Highest accepted value in the unit of the output, inf if there is none."""
    @property
    def weight(self) -> float | None:
        """Share of its worth that a right dot loses by breaking the rule, 0 to 1; None where such a dot is not right."""
    @property
    def reason(self) -> str:
        """Why the limit is there."""
    @property
    def source(self) -> str:
        """Where the limit comes from."""

class Alarm:
    """What the driver module watches."""

    @property
    def name(self) -> str:
        """Name of the alarm."""
    @property
    def quantity(self) -> str:
        """What is compared, and on which side the alarm goes off."""
    @property
    def unit(self) -> str:
        """Unit of the levels."""
    @property
    def action(self) -> str:
        """What the driver does."""
    @property
    def reason(self) -> str:
        """Why."""
    @property
    def source(self) -> str:
        """Where the level comes from."""
    @property
    def warn(self) -> float:
        """Level of the warning, NaN if there is none."""
    @property
    def stop(self) -> float:
        """Level of the stop, NaN if there is none."""

class EnvelopeLimit:
    """Limits of one setting that the driver never leaves."""

    @property
    def key(self) -> str:
        """Dotted key of the setting."""
    @property
    def low(self) -> float:
        """Lowest value in the unit of the key."""
    @property
    def high(self) -> float:
        """Highest value in the unit of the key."""
    @property
    def source(self) -> str:
        """Where the limits come from."""

class SettingsTable:
    """Which skins the settings table of a preset is made for, and what counts as the same result there."""

    @property
    def thickness(self) -> list[str]:
        """Keys that make skin thicker together."""
    @property
    def resistance(self) -> list[str]:
        """Keys that make skin resist more together."""
    @property
    def shares(self) -> list[float]:
        """Shares of the probability of each key at which it is tried, beside its value [-]."""
    @property
    def contrast_tolerance(self) -> float:
        """Of contrast_1y [-]."""
    @property
    def share_tolerance(self) -> float:
        """Of share_epidermis [-]."""

class Correlation:
    """How two uncertain keys hang together."""

    @property
    def first(self) -> str:
        """Dotted key of one."""
    @property
    def second(self) -> str:
        """Dotted key of the other."""
    @property
    def rho(self) -> float:
        """Correlation of the normal numbers behind their draws, above -1, below 1 [-]."""
    @property
    def source(self) -> str:
        """Where it comes from."""

class PresetSet:
    """What a set of presets is made for."""

    @property
    def classes(self) -> list[str]:
        """Tissue classes."""
    @property
    def needles(self) -> list[str]:
        """Needles, by the names of their files."""
    @property
    def inks(self) -> list[str]:
        """Inks, by the names of their files."""

class LocationGoal:
    """How well the place of the best setting shall be known."""

    def __init__(self, depth_um: float, dwell_share: float, confidence: float, as_good: float, most_draws: int) -> None:
        """As the table [location] of a calibration file says it."""
    @property
    def depth_um(self) -> float:
        """Half of the range of the depth [um]."""
    @property
    def dwell_share(self) -> float:
        """Half of the range of the dwell time over it [-]."""
    @property
    def confidence(self) -> float:
        """Share of resampled draws in which it falls there [-]."""
    @property
    def as_good(self) -> float:
        """Below the best probability, of settings that are as good as the best [-]."""
    @property
    def most_draws(self) -> int:
        """Draws that may be run for it."""

class SessionRules:
    """When the skin is treated again: practice for the class, when that is too early, and by what a touch-up is due."""

    @property
    def count(self) -> tuple[int, int]:
        """Fewest and most sessions."""
    @property
    def days_between(self) -> tuple[float, float]:
        """Shortest and longest time from one session to the next [day]."""
    @property
    def purposes(self) -> list[str]:
        """What each session is for, up to the most."""
    @property
    def source(self) -> str:
        """Where count, days and purposes come from."""
    @property
    def earliest_day(self) -> float:
        """Since the last session [day]: that of the alarm, or that on which the erythema has faded."""
    @property
    def touch_up_share(self) -> float:
        """Of the contrast of day 14, below which a touch-up is due [-]."""
    @property
    def horizon_years(self) -> float:
        """How long the prediction looks on [year]."""

class CalibrationFile:
    """A calibration as its file says it, for one tissue class."""

    @property
    def title(self) -> str:
        """Title of the calibration."""
    @property
    def skin_class(self) -> str:
        """Tissue class it is for."""
    @property
    def base(self) -> TreatmentDocument:
        """Treatment of the class."""
    @property
    def depths_mm(self) -> list[float]:
        """Set depths to try, increasing [mm]."""
    @property
    def dwells_ms(self) -> list[float]:
        """Dwell times to try, increasing [ms]."""
    @property
    def draws(self) -> int:
        """Number of draws of the uncertain keys."""
    @property
    def seed(self) -> int:
        """Seed of the draws."""
    @property
    def grid(self) -> str:
        """Grid level of the search: quick, standard, fine or finest."""
    @property
    def uncertain(self) -> list[str]:
        """Keys drawn from the ranges of their files."""
    @property
    def correlations(self) -> list[Correlation]:
        """Pairs of them that hang together; the matrix of all is positive definite."""
    @property
    def settings(self) -> list[StudyAxis]:
        """Settings to search beside depth and dwell time; empty of one combination."""
    def with_settings(self, chosen: Overrides) -> CalibrationFile:
        """The calibration of one combination of `settings`. Raises InputError where its values do not fit the treatment."""
    @property
    def corrections(self) -> Corrections | None:
        """Factors that outputs are multiplied by before anything is judged, if there are any; can be set."""
    @property
    def accepted_share(self) -> float:
        """Share of the best probability that a setting in the tolerance box keeps [-]."""
    @property
    def criteria(self) -> list[Criterion]:
        """When a dot is right; all must hold."""
    @property
    def alarms(self) -> list[Alarm]:
        """What the driver module watches."""
    @property
    def envelope(self) -> list[EnvelopeLimit]:
        """Limits of the settings."""
    @property
    def table(self) -> SettingsTable | None:
        """Of which skins a settings table is made, None for no table."""
    @property
    def location(self) -> LocationGoal | None:
        """How well the place of the best setting shall be known; None if the file does not say."""
    @property
    def sessions(self) -> SessionRules | None:
        """When the skin is treated again; None if the file does not say."""
    @property
    def files(self) -> list[Path]:
        """All files that were read."""

def load_preset_set(file: str | PathLike[str]) -> PresetSet:
    """Reads the table [set] of a calibration file.

    Raises InputError for a file without one, an empty list, or a name that stands twice.
    """

class ObservedValue:
    """One measured number that an output of a run is compared with."""

    @property
    def output(self) -> str:
        """Name of the output."""
    @property
    def unit(self) -> str:
        """Of value and standard deviation."""
    @property
    def source(self) -> str:
        """Where it comes from."""
    @property
    def value(self) -> float:
        """What was measured."""
    @property
    def sd(self) -> float:
        """Standard deviation of the measurement."""

class ObservedTable:
    """A table of measurements in a file of its own: an output over time, or shares of the pigment over depth on one day."""

    @property
    def output(self) -> str:
        """Name of the series; empty for a profile."""
    @property
    def unit(self) -> str:
        """Of the series; empty for a profile."""
    @property
    def source(self) -> str:
        """Where it comes from."""
    @property
    def day(self) -> float:
        """Of a profile, since the first session; NaN for a series."""
    @property
    def file(self) -> Path:
        """CSV file that holds it."""

class FitFile:
    """A fit as its file says it."""

    @property
    def title(self) -> str:
        """Title of the fit."""
    @property
    def base(self) -> TreatmentDocument:
        """Treatment that was measured."""
    @property
    def grid(self) -> str:
        """Grid level of the runs: quick, standard, fine or finest."""
    @property
    def uncertain(self) -> list[str]:
        """Keys that are inferred; their priors are the ranges of their files."""
    @property
    def runs(self) -> int:
        """Number of runs of the engine."""
    @property
    def seed(self) -> int:
        """Seed of the points and of the sampler."""
    @property
    def walkers(self) -> int:
        """Of the ensemble sampler."""
    @property
    def steps(self) -> int:
        """Of each walker."""
    @property
    def values(self) -> list[ObservedValue]:
        """Single numbers that were measured."""
    @property
    def series(self) -> list[ObservedTable]:
        """Outputs over time that were measured."""
    @property
    def profiles(self) -> list[ObservedTable]:
        """Profiles over depth that were measured."""
    @property
    def files(self) -> list[Path]:
        """Every file it was read from or names: those of the treatment, its tables, its own at last."""

class CaseSetting:
    """One way to set the model for a validation case."""

    @property
    def name(self) -> str:
        """What distinguishes it."""
    @property
    def treatment(self) -> TreatmentDocument:
        """The treatment with its changes."""
    @property
    def changed(self) -> list[str]:
        """Keys that it fixes; they are not drawn."""

class CaseWaiting:
    """What a case waits for whose numbers are not at hand."""

    @property
    def look_up(self) -> str:
        """Which table or figure."""
    @property
    def columns(self) -> str:
        """Which numbers to write."""
    @property
    def put(self) -> str:
        """Where to put them."""

class CaseFile:
    """The part of a validation case that predictions are made from."""

    @property
    def id(self) -> str:
        """Its name, such as D3."""
    @property
    def title(self) -> str:
        """What is compared."""
    @property
    def stage(self) -> str:
        """insertion, deposit, healing, fading or input."""
    @property
    def quantity(self) -> str:
        """What is made of the runs."""
    @property
    def how(self) -> str:
        """How the model was set, in words."""
    @property
    def unit(self) -> str:
        """Of the quantity; 1 for pure numbers."""
    @property
    def output(self) -> str:
        """An output or a series of a run."""
    @property
    def over(self) -> str:
        """What it is divided by."""
    @property
    def day(self) -> float:
        """Of a series; NaN where there is none."""
    @property
    def over_day(self) -> float:
        """The same of the divisor."""
    @property
    def key(self) -> str:
        """Of a slope."""
    @property
    def low(self) -> float:
        """Value of that key."""
    @property
    def high(self) -> float:
        """Value of that key."""
    @property
    def tip_mm(self) -> float:
        """Depth that the tip is brought to; NaN where there is none."""
    @property
    def share(self) -> float:
        """Of the pigment or of the draws; NaN where there is none."""
    @property
    def depth_below(self) -> str:
        """Of a profile: surface or junction."""
    @property
    def input_only(self) -> bool:
        """Whether the quantity is made of the input alone."""
    @property
    def settings(self) -> list[CaseSetting]:
        """Ways to set the model, at least one."""
    @property
    def against(self) -> list[TreatmentDocument]:
        """One that the quantity compares with, or none."""
    @property
    def waiting(self) -> list[CaseWaiting]:
        """One where the numbers are not at hand, or none."""
    @property
    def observed(self) -> Path:
        """Where what was observed is expected; it is not opened."""
    @property
    def files(self) -> list[Path]:
        """Files read, its own last."""

class CaseObservation:
    """What was observed of a validation case, and how it is compared."""

    @property
    def compared(self) -> str:
        """interval, value, number, at_most, at_least, negative, positive or profile."""
    @property
    def low(self) -> float:
        """Lower end, in the unit of the case; NaN where there is none."""
    @property
    def high(self) -> float:
        """Upper end."""
    @property
    def value(self) -> float:
        """The number; NaN where there is none."""
    @property
    def sd(self) -> float:
        """Its standard deviation."""
    @property
    def measured(self) -> str:
        """What the number is and how it was measured."""
    @property
    def error_is(self) -> str:
        """What its error is."""
    @property
    def source(self) -> str:
        """Citation."""
    @property
    def doi(self) -> str:
        """Empty if there is none."""
    @property
    def url(self) -> str:
        """Empty if there is none."""
    @property
    def check(self) -> str:
        """What a person must do to check it."""
    @property
    def profile(self) -> Path:
        """CSV or HDF5 of a profile; empty for others."""

class CaseStudy:
    """How the cases of a folder are run."""

    @property
    def grid(self) -> str:
        """Grid level."""
    @property
    def quick_grid(self) -> str:
        """Grid level of a quick look."""
    @property
    def draws(self) -> int:
        """Draws of what is not known."""
    @property
    def quick_draws(self) -> int:
        """Those of a quick look."""
    @property
    def seed(self) -> int:
        """Of the Sobol points."""
    @property
    def uncertain(self) -> list[str]:
        """Keys that are drawn."""

def load_case(file: str | PathLike[str]) -> CaseFile:
    """Reads the prediction part of a validation case. Raises InputError for an unknown key, quantity or output, or a value out of range."""

def load_case_observation(file: str | PathLike[str], of: CaseFile) -> CaseObservation:
    """Reads what was observed of a case. Raises InputError for an unknown key, another unit, bounds that are none, or no source."""

def load_case_study(file: str | PathLike[str]) -> CaseStudy:
    """Reads how the cases of a folder are run. Raises InputError."""

def drawn_keys(study: CaseStudy, treatment: TreatmentDocument, changed: list[str]) -> list[str]:
    """Keys that are drawn for a treatment: all of the study but those that a setting fixes. Raises InputError for one without a range."""

def load_fit(file: str | PathLike[str], overrides: list[tuple[str, str]] = ...) -> FitFile:
    """Reads a fit with overrides of its treatment. Raises InputError for an unknown key or output, a key without a range, another unit, a
    standard deviation that is not positive, nothing observed."""

def load_calibration(
    file: str | PathLike[str], skin_class: str, quick: bool = False, overrides: Overrides = ..., also: Overrides = ...
) -> CalibrationFile:
    """Reads a calibration file for one tissue class; `quick` takes the values of its table [quick], `also` names settings to search beside
    depth and dwell time ("machine.frequency_hz", "80,100,120"). Raises InputError or FileError."""

def backends() -> list[BackendRow]:
    """Every backend: name, whether it can run here, and why not or with what."""

def validity_names() -> list[str]:
    """Names of the model's limits, in the order of the bits of the output `warning_mask`."""

def set_threads(threads: int) -> None:
    """Number of host threads, 0 for all cores; before the first run. Raises InputError if negative."""

def thread_count() -> int:
    """Number of host threads of the threaded backend."""

def finalize() -> None:
    """Ends the backends; nothing can run afterwards."""

class Run:
    """What one run gave. Arrays are read-only views that keep the run alive."""

    @property
    def scalars(self) -> dict[str, float]:
        """All scalar outputs, in the unit of their name; NaN where the run did not reach the time."""
    @property
    def series(self) -> dict[str, NDArray[np.float64]]:
        """Outputs over time, shape (time,) each, with `time_day` [day]; units are in the names."""
    @property
    def sessions(self) -> dict[str, NDArray[np.float64]]:
        """What each session did, shape (session,) each; units are in the names."""
    @property
    def stopped_day(self) -> float | None:
        """Day on which the run was stopped, None if it came to its end. A stopped run has no results."""
    @property
    def trace(self) -> dict[str, NDArray[np.float64]]:
        """Tip, force and ink of the strokes of the first session, shape (trace_time,) each, with `trace_time` [s]; units are in the names."""
    @property
    def grid(self) -> str:
        """The grid that the results stand on."""
    @property
    def ledger(self) -> dict[str, float]:
        """Terms of the mass ledger at the end [ng]; `drawn_ng` equals the sum of all others."""
    @property
    def warnings(self) -> list[tuple[str, str]]:
        """Limits of the model that the setting passes, and what of the run was not kept: name, and text with value, limit, reason
        and advice."""
    @property
    def backend(self) -> str:
        """The backend that ran it."""
    @property
    def backend_reason(self) -> str:
        """Where that is, and why it was taken."""
    @property
    def effort(self) -> dict[str, int]:
        """Time steps, iterations and substeps it took."""
    @property
    def r_face(self) -> NDArray[np.float64]:
        """Ring faces, shape (n_r + 1,) [m]."""
    @property
    def z_face(self) -> NDArray[np.float64]:
        """Row faces below the surface, shape (n_z + 1,) [m]."""
    @property
    def epidermis_share(self) -> NDArray[np.float64]:
        """Share of epidermis in each row, shape (n_z,) [-]."""
    @property
    def pools(self) -> NDArray[np.float64]:
        """Pigment per tissue volume, shape (time, 5, n_r, n_z) [kg/m^3]: free, matrix, macrophage, slow, epidermal."""
    @property
    def insertion(self) -> NDArray[np.float64]:
        """One track after the relaxation of the first session, shape (5, n_r, n_z): suspended, captured [kg/m^3], carrier, fluid [-], pressure [Pa]."""
    @property
    def box(self) -> dict[str, NDArray[np.float64] | NDArray[np.float32]] | None:
        """Fields of a run in a box, None otherwise: x_face, y_face, z_face, pools, insertion, permeability_ratio, tracks."""
    @property
    def view_r(self) -> NDArray[np.float64]:
        """Places at which the dot is looked at, from its axis, shape (n_view,) [m]."""
    def view(self, moment: int) -> NDArray[np.float64]:
        """Diffuse reflectance seen along the normal at a moment, shape (wavelength, n_view + 1) [-]: per place, skin without a dot last.
        Looked at when first asked for. Raises InputError."""
    def write(self, path: str | PathLike[str], title: str, input: str, provenance: dict[str, str]) -> None:
        """Writes the run as HDF5 under a temporary name and renames it. Raises FileError."""

def check_batch(grid: str, backend: str, members: int) -> tuple[str, str]:
    """The backend that `run_batch` would take here for so many members, and why. Raises InputError for a grid or a backend that does not
    exist, BackendError for one that cannot run."""

def run(
    document: TreatmentDocument,
    grid: str,
    grid_tolerance: float,
    horizon_year: float,
    backend: str,
    progress: Callable[[float], None] | None = None,
    state: str | PathLike[str] | None = None,
    resume: str | PathLike[str] | None = None,
    stop_after_day: float = ...,
    facts: dict[str, str] = ...,
    every: int = 0,
) -> Run:
    """Runs one treatment; grid `auto` refines until dose and depth are known to `grid_tolerance`; `progress` is told the share that is done [0 to 1].

    A run that is stopped, by Ctrl-C or after a day, leaves its state with `facts` under the name `state`; `resume` goes on from such a
    file, which must have the same facts program, input_sha256, grid and horizon_year.

    Raises InputError, BackendError, NumericsError, or KeyboardInterrupt on Ctrl-C."""

class SpaceNeed:
    """What a run in a box takes of the memory."""

    @property
    def cells(self) -> list[int]:
        """Cells along x, y and z."""
    @property
    def bytes(self) -> float:
        """Of the run, all told."""
    @property
    def free_bytes(self) -> float:
        """Free now."""

def space_need(document: TreatmentDocument, grid: str, horizon_year: float) -> SpaceNeed:
    """What a run in a box would take, before any of it is taken. Raises InputError for a treatment on rings, one that is not valid, or a
    box beyond the free memory."""

def read_state_facts(path: str | PathLike[str]) -> dict[str, str]:
    """What the state of a stopped run belongs to. Raises FileError."""

def run_batch(
    members: list[tuple[TreatmentDocument, list[tuple[str, float]], list[float]]],
    grid: str,
    horizon_year: float,
    backend: str,
    done: Callable[[int, str | list[dict[str, float]]], None],
    whole: int = 0,
) -> tuple[str, str, int, str]:
    """Runs many members: a treatment, numeric keys that differ in the unit of the key, and increasing dwell times [ms], or none
    for the treatment's own. `done` gets the position and a message, or the scalar outputs of each dwell time.

    `whole` is the length of the ensemble that the members are part of, by which `auto` chooses; 0 for their own number.

    Returns the backend, why it was taken, how many members fell back to the host, and why. Raises InputError, BackendError, or KeyboardInterrupt on Ctrl-C."""

def heal_cell(
    pools: Sequence[float],
    days: Sequence[float],
    numbers: dict[str, float],
    tolerance: float,
    largest_step_day: float,
) -> NDArray[np.float64]:
    """Healing of one piece of dermis by the solver of a treatment; see `dermaflux.heal_cell`, whose keywords are `numbers`.

    Returns shape (days, 7): free, matrix, macrophage, slow, and lost to lymph, exuded, photolysed [kg/m^3]. Raises InputError."""

photon_batches: int
"""Batches into which the photons of a run are dealt."""
most_photons: int
"""Photons that one run can follow."""
most_photon_bins: int
"""Rings or tiles that a beam has at most."""

class PhotonMedium:
    """What photons meet: absorption and scattering per cell of rings and rows, or of boxes. Outermost cells have no end sideways."""

    @staticmethod
    def rings(
        r_face: NDArray[np.float64], z_face: NDArray[np.float64], absorption: NDArray[np.float64], scattering: NDArray[np.float64]
    ) -> PhotonMedium:
        """Inner radius of each ring and faces of the rows [m]; coefficients of shape (rings, rows) [1/m]."""
    @staticmethod
    def boxes(
        x_face: NDArray[np.float64],
        y_face: NDArray[np.float64],
        z_face: NDArray[np.float64],
        absorption: NDArray[np.float64],
        scattering: NDArray[np.float64],
    ) -> PhotonMedium:
        """Faces between the boxes, and of the rows [m]; coefficients of shape (x, y, rows) [1/m]."""
    @property
    def r_face(self) -> list[float]:
        """Inner radius of each ring [m]."""
    @property
    def x_face(self) -> list[float]:
        """Faces between boxes along x [m]."""
    @property
    def y_face(self) -> list[float]:
        """Faces between boxes along y [m]."""
    @property
    def z_face(self) -> list[float]:
        """Faces of the rows, the last may be infinity [m]."""
    @property
    def absorption(self) -> NDArray[np.float64]:
        """Per cell [1/m]."""
    @property
    def scattering(self) -> NDArray[np.float64]:
        """Per cell, not reduced [1/m]."""

class OpticalScene:
    """A dot and its skin at one time, as light meets them."""

    def __init__(
        self,
        document: TreatmentDocument,
        r_face: NDArray[np.float64],
        z_face: NDArray[np.float64],
        pools: NDArray[np.float64],
        time_day: float,
        age_day: float,
    ) -> None:
        """Pools of shape (5, rings, rows) on the tissue's grid [kg/m^3]; mean age of the pigment. Raises InputError."""
    def medium(self, band: int, with_dot: bool) -> PhotonMedium:
        """What photons meet in a band, with the dot or in plain skin. Raises InputError."""
    def look(self, colour: bool = True) -> dict[str, object]:
        """The fast look: contrast and fwhm [m] at 550 nm, reflectance of dot and skin per band (0 but at 550 nm without colour)."""
    @property
    def anisotropy(self) -> float:
        """Mean cosine of the scattering angles [-]."""
    @property
    def index(self) -> float:
        """Refractive index of the skin [-]."""
    @property
    def index_plate(self) -> float:
        """Refractive index of the stratum corneum on it [-]."""

class SpaceScene:
    """A box of tissue at one time, as light meets it; all skin is that at the middle of the box."""

    def __init__(
        self,
        document: TreatmentDocument,
        x_face: NDArray[np.float64],
        y_face: NDArray[np.float64],
        z_face: NDArray[np.float64],
        pools: NDArray[np.floating],
        time_day: float,
    ) -> None:
        """Faces [m]; pools of shape (5, x, y, z) [kg/m^3]; time since the treatment. Raises InputError."""
    def medium(self, band: int) -> PhotonMedium:
        """What photons meet in a band: the box amid plain skin, planes of cells that are alike joined. Raises InputError."""
    def skin(self, band: int) -> PhotonMedium:
        """Plain skin in that band. Raises InputError."""
    @property
    def anisotropy(self) -> float:
        """Mean cosine of the scattering angles [-]."""
    @property
    def index(self) -> float:
        """Refractive index of the skin [-]."""
    @property
    def index_plate(self) -> float:
        """Refractive index of the stratum corneum on it [-]."""

def whole_batches(wanted: int, bins: int) -> int:
    """The least number of photons from `wanted` on that fills all rings or tiles of a beam and all batches alike."""

def follow_photons(
    medium: PhotonMedium,
    photons: int,
    anisotropy: float,
    index: float,
    index_plate: float,
    index_above: float,
    index_below: float,
    inner: float,
    width: float,
    bins: int,
    by_area: bool,
    diffuse: bool,
    map: str,
    seed: int,
    backend: str,
    progress: Callable[[float], None] | None,
    tiles: tuple[int, float, float, float] | None = None,
) -> dict[str, object]:
    """Follows photons that enter in `bins` rings of a width from an inner radius on [m], uniform in radius or by area, along the
    normal or diffusely; or evenly over each of `bins` square tiles: so many in a row along x, least x and y of the first, side [m]. `map` is none, absorption (weight per cell) or sensitivity (dR/dmu_a per cell [m]).

    Returns `reflected` of shape (bins, batches), the shares specular, diffuse, transmitted, absorbed, roulette and cut, and `map`.
    Raises InputError, BackendError, or KeyboardInterrupt on Ctrl-C."""

class PresetReader:
    """The driver's reader (`core/preset/preset_reader.hpp`) after it has accepted a preset."""

    def __init__(
        self,
        content: bytes,
        machine_model: str,
        lowest: dict[str, float],
        highest: dict[str, float],
        today: str,
        allow_research: bool,
        allow_unsigned: bool,
    ) -> None:
        """Reads and verifies the bytes of a file. Raises InputError, whose message names the error, the key and why."""
    @property
    def settings(self) -> dict[str, float]:
        """Settings for skin of average measures."""
    @property
    def alarms(self) -> list[dict[str, object]]:
        """What the driver watches."""
    def sessions(self) -> dict[str, object]:
        """When the skin may be treated again: count, purposes, earliest_day, days_between, touch_up_years (5, 50, 95 %, infinite
        where not before touch_up_horizon_years). Raises InputError where the preset does not say."""
    def settings_for(self, thickness_um: float, force_n: float) -> tuple[dict[str, float], dict[str, float]]:
        """Settings for a measured skin, and what to expect of them. Raises InputError."""
    def allows(self, settings: dict[str, float]) -> str:
        """Name of the error of settings, none where they may be used."""
    def judge(self, quantity: str, value: float) -> str:
        """fine, warn or stop."""
    def text(self, path: str) -> str:
        """A text of the document, empty if there is none."""
    def number(self, path: str) -> float:
        """A number of the document, NaN if there is none."""

def puncture(document: TreatmentDocument) -> dict[str, float]:
    """What the machine's settings become in the skin: d_tip_mm, dimple_mm, insertion_force_n, frequency_loaded_hz, strokes.
    Raises NumericsError where the motor stalls."""

def needle_forces(document: TreatmentDocument, depths_mm: Sequence[float]) -> list[float]:
    """Force on all prongs with the tips at each depth below the surface, in the skin and at the speed of the treatment [N]."""
