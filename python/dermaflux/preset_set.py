"""A set of presets: one for each class, needle and ink that a file names, resumed where it was left."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from . import _core, provenance
from .calibration import Calibration, PresetRefused, calibrate_texts, save_calibration
from .posterior import Posterior, load_posterior
from .preset import load_preset
from .treatment import Treatment, Value, override_texts
from .writing import check_output, write_text

INDEX = "set.json"


@dataclass(frozen=True)
class SetMember:
    """One preset of a set.

    Attributes
    ----------
    skin_class, needle, ink: what it is for.
    posterior: file of the fit that it draws from, with the SHA-256; empty if it stands on priors alone.
    file: the preset's name in the folder, empty if there is none.
    sha256: of the preset. input_sha256: of the input it was made of.
    depth_mm, dwell_ms, right, standard_error: what it says; None if there is none.
    warnings: what it warns of.
    why: why there is no preset.
    """

    skin_class: str
    needle: str
    ink: str
    input_sha256: str
    posterior: str = ""
    file: str = ""
    sha256: str = ""
    depth_mm: float | None = None
    dwell_ms: float | None = None
    right: float | None = None
    standard_error: float | None = None
    warnings: tuple[str, ...] = ()
    why: str = ""

    @property
    def name(self) -> str:
        return f"{self.skin_class}-{self.needle}-{self.ink}"


def make_preset_set(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    classes: Sequence[str] | None = None,
    needles: Sequence[str] | None = None,
    inks: Sequence[str] | None = None,
    quick: bool = False,
    refine: bool = False,
    posteriors: Sequence[str | os.PathLike[str]] = (),
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    progress: bool = False,
) -> list[SetMember]:
    """Calibrates every class with every needle and ink, and writes the presets, their reports, `set.json` and `index.html`.

    A preset that is there already, made of the same input by the same build in the same way, is kept; Ctrl-C keeps what is finished.
    One that cannot be made says why in its row and spoils no other. Where one of the posteriors holds (its class of skin, its needle, ink or machine,
    as far as its keys hang on them) the keys that were fitted are drawn from it; other presets stand on priors.

    Parameters
    ----------
    path: a calibration file with a table [set].
    folder: made if it is not there.
    classes, needles, inks: in place of those of the file.
    posteriors: files of fits.
    quick, refine, changes, backend, progress: as for :func:`dermaflux.calibrate`.

    Returns
    -------
    A row for each preset, in the order class, needle, ink.

    Raises
    ------
    PresetRefused: the client must not be treated now. InputError: the file, a name or a key is wrong; or a posterior holds for no preset of the
    set, was fitted with another prior, or two hold for the same. Both before any work starts.
    """
    return make_set_of_texts(
        path, folder, classes, needles, inks, override_texts(changes), quick=quick, further=refine, backend=backend, progress=progress, posteriors=posteriors
    )  # fmt: skip


def make_set_of_texts(
    path: str | os.PathLike[str], folder: str | os.PathLike[str], classes: Sequence[str] | None, needles: Sequence[str] | None,
    inks: Sequence[str] | None, overrides: list[tuple[str, str]], *, quick: bool, further: bool, backend: str, progress: bool,
    posteriors: Sequence[str | os.PathLike[str]] = (),
) -> list[SetMember]:  # fmt: skip
    """:func:`make_preset_set` with overrides as the command line gives them."""
    asked = _core.load_preset_set(path)
    recipe = {"build": provenance.build(), "quick": quick, "refine": further}
    fitted = [load_posterior(one) for one in posteriors]
    planned = [
        _plan(path, overrides, quick, fitted, skin_class, needle, ink)
        for skin_class in classes or asked.classes for needle in needles or asked.needles for ink in inks or asked.inks
    ]  # fmt: skip
    for one in fitted:
        if all(plan.holds is not one for plan in planned):
            raise _core.InputError(f"{one.path}: holds for no preset of the set; the first: {one.says_nothing_of(planned[0].treatment)}")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    check_output(folder / INDEX)
    made = _made_before(folder, recipe)
    rows: list[SetMember] = []
    for number, plan in enumerate(planned, 1):
        member = plan.member
        kept = made.get((member.name, member.input_sha256))
        if progress:
            stands = f", from the posterior {plan.holds.path.name}" if plan.holds else ", from priors" if fitted else ""
            print(f"preset {number} of {len(planned)}: {member.name}{stands}{', kept' if kept else ''}", file=sys.stderr, flush=True)
        rows.append(kept or _make(path, folder, plan, quick=quick, further=further, backend=backend, progress=progress))
        _write(folder, recipe, rows)
    return rows


@dataclass(frozen=True)
class _Plan:
    """A preset to make, the overrides that make it, and the posterior that holds for it."""

    member: SetMember
    treatment: Treatment
    texts: list[tuple[str, str]]
    holds: Posterior | None


def _plan(
    path: str | os.PathLike[str], overrides: list[tuple[str, str]], quick: bool, fitted: Sequence[Posterior], skin_class: str, needle: str, ink: str
) -> _Plan:
    """What makes a preset; everything that can be wrong with its input is found here."""
    texts = [*overrides, *override_texts({"needle.model": needle, "ink.model": ink})]
    file = _core.load_calibration(path, skin_class, quick, texts)
    treatment = Treatment(file.base)
    if treatment.contraindications:
        raise PresetRefused(f"no preset for {skin_class}: " + "; ".join(treatment.contraindications))
    holding = [one for one in fitted if not one.says_nothing_of(treatment)]
    if len(holding) > 1:
        raise _core.InputError(f"{holding[0].path} and {holding[1].path} both hold for {skin_class} skin, {needle} and {ink}; give one of them")
    holds = holding[0] if holding else None
    if holds:
        holds.check(treatment)
    parts = [provenance.input_sha256(treatment.resolved()), provenance.file_hashes(file.files), *([holds.sha256] if holds else [])]
    stands = f"{holds.path.name} {holds.sha256}" if holds else ""
    return _Plan(SetMember(skin_class, needle, ink, provenance.text_sha256(parts), stands), treatment, texts, holds)


def _make(
    path: str | os.PathLike[str], folder: Path, planned: _Plan, *, quick: bool, further: bool, backend: str, progress: bool
) -> SetMember:
    from .report import calibration_report  # draws, which not everybody who imports this wants to load

    member, plan = planned.member, asdict(planned.member)
    posterior = planned.holds.path if planned.holds else None
    try:
        found: Calibration = calibrate_texts(
            path, member.skin_class, planned.texts, quick=quick, further=further, posterior=posterior, backend=backend, progress=progress
        )
        save_calibration(found, folder, calibration_report(found, backend), member.name)
    except (_core.InputError, _core.NumericsError) as error:
        return SetMember(**plan | {"why": str(error)})
    preset = found.preset
    share = preset["probability"]
    return SetMember(**plan | {
        "file": f"{member.name}.preset.json", "sha256": preset["sha256"], "depth_mm": found.best["depth_mm"], "dwell_ms": found.best["dwell_ms"],
        "right": share["right"], "standard_error": share["standard_error"], "warnings": tuple(preset["warnings"]),
    })  # fmt: skip


def _made_before(folder: Path, recipe: dict[str, object]) -> dict[tuple[str, str], SetMember]:
    """Presets of an earlier call that was made in the same way, as far as they are still what the index says."""
    index = folder / INDEX
    if not index.is_file():
        return {}
    try:
        content = json.loads(index.read_text(encoding="utf-8"))
        rows = [SetMember(**row | {"warnings": tuple(row["warnings"])}) for row in content["presets"]]
        same = content["recipe"] == recipe
    except (ValueError, KeyError, TypeError) as error:
        raise _core.InputError(f"{index}: is no index of a preset set ({error}); remove it, or give another folder") from None
    good = {}
    for row in rows if same else []:
        try:
            if row.file and load_preset(folder / row.file)["sha256"] == row.sha256:
                good[row.name, row.input_sha256] = row
        except (_core.InputError, _core.FileError):
            continue  # altered or gone: made again
    return good


def _write(folder: Path, recipe: dict[str, object], rows: list[SetMember]) -> None:
    from .report import set_report

    write_text(folder / INDEX, json.dumps({"recipe": recipe, "presets": [asdict(row) for row in rows]}, indent=1) + "\n")
    write_text(folder / "index.html", set_report(rows))
