"""Which pigment, diluted how far, has the colour of a client's hair when the skin has healed and the years have passed."""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares, minimize_scalar

from . import _core
from .colour import Lab, checked_lab
from .counterpart import stored_treatment
from .looks import horizon_for, look, require_days
from .progress import progress_bar
from .result import json_number
from .runfile import open_run
from .running import run
from .treatment import Treatment

_COARSE = 7  # dilutions of the first look at each ink, evenly spaced in their logarithm
_REFINED = 10  # further ones around the best of them
_DILUTION = "ink.dilution"
# Above the one, the model's skin does not look like the client's; above the other, it is worth a warning (five times, and once and a half,
# what a trained eye just tells apart in fields side by side, Delta E 2000 of 2).
_SKIN_REFUSED, _SKIN_WARNED = 10.0, 3.0


@dataclass(frozen=True)
class SkinFit:
    """Skin of the model that looks like the client's: melanosomes and blood fitted to L*, a*, b*; three numbers by two, so `delta_e` is left."""

    wanted: Lab
    lab: Lab
    delta_e: float
    melanosome_fraction: float
    blood_fraction: float


@dataclass(frozen=True)
class InkMatch:
    """The best dilution of one ink: the colour of the dot's centre at the horizon and how far it is from the hair's."""

    ink: str
    dilution: float
    lab: Lab
    delta_e: float
    contrast: float
    at_limit: str
    error: str


@dataclass(frozen=True)
class HairMatch:
    """Inks ranked by the distance of their dot from the hair; those that could not be run come last, with `error`."""

    day: float
    hair: Lab
    skin_lab: Lab
    skin: SkinFit | None
    accept: float
    ranking: list[InkMatch]

    @property
    def matched(self) -> bool:
        return bool(self.ranking) and not self.ranking[0].error and self.ranking[0].delta_e <= self.accept

    def verdict(self) -> str:
        """What to take, or why nothing will do."""
        best = self.ranking[0]
        if best.error:
            return f"no ink could be run: {best.error}"
        mixture = f"{best.ink} at dilution {best.dilution:.3g}"
        if self.matched:
            return f"{mixture} matches the hair after {self.day:g} days (Delta E {best.delta_e:.1f}, at most {self.accept:g} asked)"
        lightness = best.lab[0] - self.hair[0]
        how = f"{abs(lightness):.0f} lighter" if lightness > 0.0 else f"{abs(lightness):.0f} darker"
        held = f"; it is at a limit ({best.at_limit})" if best.at_limit else ""
        veiled = "; the dot is seen through the skin above it" if lightness > 2.0 else ""
        return (
            f"no ink reaches a match after {self.day:g} days (Delta E at most {self.accept:g}); the nearest is {mixture} with Delta E {best.delta_e:.1f}: its dot is "
            f"{how} in L*, {best.lab[1] - self.hair[1]:+.0f} in a*, {best.lab[2] - self.hair[2]:+.0f} in b*{held}{veiled}"
        )

    def summary(self) -> str:
        """The ranking as a table with the verdict below."""
        lines = []
        if self.skin is not None:
            fit = self.skin
            lines.append(f"skin {_text(fit.wanted)}: melanosomes {fit.melanosome_fraction:.4f}, blood {fit.blood_fraction:.4f} give {_text(fit.lab)}, Delta E {fit.delta_e:.1f}")
            if fit.delta_e > _SKIN_WARNED:
                lines.append("warning: the skin of the model cannot quite look like this; the match holds for the skin it has")
        lines.append(f"hair {_text(self.hair)}, skin {_text(self.skin_lab)}, day {self.day:g}")
        lines.append(f"{'ink':<22}{'dilution':>9}{'Delta E':>9}   {'L*, a*, b* of the dot':<24}{'contrast':>8}")
        for one in self.ranking:
            row = one.error or f"{one.dilution:>9.3g}{one.delta_e:>9.1f}   {_text(one.lab):<24}{one.contrast:>8.2f}  {one.at_limit}"
            lines.append(f"{one.ink:<22}{row}".rstrip())
        return "\n".join([*lines, self.verdict()])

    def to_json(self) -> dict[str, object]:
        """Everything, ready for JSON; None where there is no number."""

        def plain(one: object) -> object:
            if isinstance(one, float):
                return json_number(one)
            if isinstance(one, tuple):
                return [plain(value) for value in one]
            return {name: plain(value) for name, value in vars(one).items()} if isinstance(one, SkinFit | InkMatch) else one

        return {
            "day": self.day, "hair_lab": self.hair, "skin_lab": self.skin_lab, "skin": plain(self.skin) if self.skin else None, "accept": self.accept,
            "matched": self.matched, "verdict": self.verdict(), "ranking": [plain(one) for one in self.ranking],
        }  # fmt: skip


def match_hair(
    treatment: Treatment,
    hair_lab: Sequence[float],
    skin_lab: Sequence[float] | None = None,
    *,
    day: float = 365.25,
    inks: Sequence[str] | None = None,
    accept: float = 5.0,
    backend: str = "auto",
    grid: str = "quick",
    progress: bool = False,
) -> HairMatch:
    """Ranks pigments, each at its best dilution, by how near the centre of their dot comes to a client's hair on one day.

    The dot is that of the treatment, run with each ink: dilutions evenly spaced in their logarithm over the range in the ink's file, then Brent's
    search around the best. Inks that are the same but for their dilution count as one, under the name of the strongest.

    Parameters
    ----------
    hair_lab, skin_lab: CIE L*, a*, b* under D65. With a skin, its melanosomes and blood are fitted to that colour first; without, the treatment's stay.
    day: horizon [day]; a look of a run (0, 1, 3, 7, 14, 28, 42, 90, half a year, 1, 2, 3, 5, 7, 10 ... years).
    inks: files of `configs/inks/` to try; all if not given.
    grid, backend, progress: of the runs, as in :func:`dermaflux.run`; progress shows one bar for all.
    accept: largest Delta E 2000 that counts as a match. 5 is an estimate: dots a fifth of a millimetre wide are judged less strictly than fields.

    Raises
    ------
    InputError: a colour that cannot be, a skin that the model cannot look like, an ink that does not exist, a day that is no look. BackendError: a
    backend that cannot run here.
    """
    hair = checked_lab(hair_lab, "hair_lab")
    if not accept > 0.0:
        raise _core.InputError(f"accept = {accept:g}: is not above 0 (nothing would match); use a Delta E, for example 5")
    require_days(treatment, [day])
    fit = None
    if skin_lab is not None:
        treatment, fit = fit_skin(treatment, checked_lab(skin_lab, "skin_lab"))
    chosen = _families(treatment, inks)
    ranking = []
    with progress_bar("matching", len(chosen) * (_COARSE + _REFINED), quiet=not progress) as show:
        for n, (name, one) in enumerate(chosen.items()):
            ranking.append(_best_dilution(name, one, hair, day, backend, grid, lambda k, n=n: show(n * (_COARSE + _REFINED) + k)))
    ranking.sort(key=lambda one: (bool(one.error), one.delta_e))
    skin = _lab_of(_core.skin_reflectance(treatment._document))
    return HairMatch(day, hair, skin, fit, accept, ranking)


def match_file(
    file: str | os.PathLike[str],
    overrides: Sequence[tuple[str, str]],
    hair: Lab,
    skin: Lab | None,
    **options: object,
) -> HairMatch:
    """:func:`match_hair` for a treatment file, or for the treatment of a run file."""
    for key, value in overrides:
        if key in ("ink.model", _DILUTION):
            raise _core.InputError(f"-s {key}={value}: has no effect on a match, which looks for it; name the inks to try with --ink")
    path = Path(file)
    if path.suffix != ".h5":
        return match_hair(Treatment(_core.TreatmentDocument.load(path, list(overrides))), hair, skin, **options)
    # The ink is to be chosen: what the run says of its own would hold for all others too.
    with stored_treatment(open_run(path), lambda key: not key.startswith("ink.") or key == "ink.model") as own:
        return match_hair(Treatment(own._document.with_overrides(list(overrides))), hair, skin, **options)


def fit_skin(treatment: Treatment, wanted: Lab) -> tuple[Treatment, SkinFit]:
    """The treatment in skin that looks as near as it can to a colour: melanosome fraction and blood fraction by least squares in L*, a*, b*.

    Raises
    ------
    InputError: the nearest skin of the model is further away than Delta E 2000 of 10.
    """
    keys = [f"{group}.{name}" for group in ("skin", "scar.tissue") for name in ("melanosome_fraction", "blood_fraction") if f"{group}.{name}" in treatment]

    def with_skin(logs: np.ndarray) -> Treatment:
        values = dict(zip(("melanosome_fraction", "blood_fraction"), map(float, np.exp(logs)), strict=True))
        return treatment.with_({key: values[key.rsplit(".", 1)[1]] for key in keys})

    def off(logs: np.ndarray) -> np.ndarray:
        return np.subtract(_lab_of(_core.skin_reflectance(with_skin(logs)._document)), wanted)

    low, high = np.log([1e-4, 1e-4]), np.log([0.5, 0.1])
    starts = ([0.03, 0.005], [0.2, 0.005])  # reflectance is summed in single precision: derivatives need steps well above its 1e-7
    found = min((least_squares(off, np.log(start), bounds=(low, high), diff_step=1e-3) for start in starts), key=lambda one: one.cost)
    fitted = with_skin(found.x)
    lab = _lab_of(_core.skin_reflectance(fitted._document))
    distance = _core.delta_e(lab, wanted)
    if distance > _SKIN_REFUSED:
        raise _core.InputError(f"skin_lab {_text(wanted)}: is no colour of skin in this model (the nearest it has is {_text(lab)}, Delta E {distance:.0f}); check L, a and b, or leave it out and set skin.type")
    melanosomes, blood = map(float, np.exp(found.x))
    return fitted, SkinFit(wanted, lab, distance, melanosomes, blood)


def _families(treatment: Treatment, inks: Sequence[str] | None) -> dict[str, Treatment]:
    """The treatment with each ink, one of those that differ in their dilution only: the strongest."""
    from . import configs  # defined when the package has been read

    folder = next((one for one in Path(treatment._document.file).absolute().parents if (one / "model.toml").is_file()), configs()) / "inks"
    names = list(inks) if inks is not None else sorted(path.stem for path in folder.glob("*.toml"))
    if not names:
        where = "names none" if inks is not None else f"are those of {folder}, which holds none"
        raise _core.InputError(f"inks {where} (there is nothing to match); name one or more")
    groups: dict[tuple, tuple[float, str, Treatment]] = {}
    for name in names:
        one = treatment.with_({"ink.model": name})
        facts = tuple((key, str(value.value)) for key, value in sorted(one.values_with_source.items()) if key.startswith("ink.") and key not in (_DILUTION, "ink.model"))
        dilution = float(one[_DILUTION])
        if facts not in groups or dilution > groups[facts][0]:
            groups[facts] = (dilution, name, one)
    return {name: one for _, name, one in groups.values()}


def _best_dilution(name: str, treatment: Treatment, hair: Lab, day: float, backend: str, grid: str, show) -> InkMatch:
    """The dilution of an ink whose dot comes nearest to the hair."""
    low, high = treatment.values_with_source[_DILUTION].range or (0.03, 1.0)
    seen: dict[float, InkMatch] = {}

    def off(log_dilution: float) -> float:
        dilution = float(np.clip(math.exp(log_dilution), low, high))
        at = look(run(treatment.with_({_DILUTION: dilution}), backend=backend, grid=grid, horizon_year=horizon_for([day])), day)
        lab = _lab_of(at.centre())
        limit = "strongest of its range" if dilution > 0.98 * high else "weakest of its range" if dilution < 1.02 * low else ""
        seen[dilution] = InkMatch(name, dilution, lab, _core.delta_e(lab, hair), at.contrast, limit, "")
        show(len(seen))
        return seen[dilution].delta_e

    logs = np.linspace(math.log(low), math.log(high), _COARSE)
    try:
        values = [off(x) for x in logs]
        n = int(np.argmin(values))
        around = (logs[max(n - 1, 0)], logs[min(n + 1, _COARSE - 1)])
        minimize_scalar(off, bounds=around, method="bounded", options={"maxiter": _REFINED, "xatol": 0.01})
    except _core.NumericsError as error:
        if not seen:
            return InkMatch(name, math.nan, (math.nan,) * 3, math.inf, math.nan, "", str(error))
    return min(seen.values(), key=lambda one: one.delta_e)


def _lab_of(reflectance: Sequence[float]) -> Lab:
    return tuple(_core.lab([float(value) for value in reflectance]))


def _text(lab: Sequence[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in lab)
