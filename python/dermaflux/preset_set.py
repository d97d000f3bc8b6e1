"""A set of presets: one for each class, needle and ink that a file names, resumed where it was left."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from . import _core, provenance
from .calibration import Calibration, PresetRefused, calibrate_texts, save_calibration
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
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    progress: bool = False,
) -> list[SetMember]:
    """Calibrates every class with every needle and ink, and writes the presets, their reports, `set.json` and `index.html`.

    A preset that is there already, made of the same input by the same build in the same way, is kept; Ctrl-C keeps what is finished.
    One that cannot be made says why in its row and spoils no other.

    Parameters
    ----------
    path: a calibration file with a table [set].
    folder: made if it is not there.
    classes, needles, inks: in place of those of the file.
    quick, refine, changes, backend, progress: as for :func:`dermaflux.calibrate`.

    Returns
    -------
    A row for each preset, in the order class, needle, ink.

    Raises
    ------
    PresetRefused: the client must not be treated now. InputError: the file, a name or a key is wrong. Both before any work starts.
    """
    return make_set_of_texts(
        path, folder, classes, needles, inks, override_texts(changes), quick=quick, further=refine, backend=backend, progress=progress
    )  # fmt: skip


def make_set_of_texts(
    path: str | os.PathLike[str], folder: str | os.PathLike[str], classes: Sequence[str] | None, needles: Sequence[str] | None,
    inks: Sequence[str] | None, overrides: list[tuple[str, str]], *, quick: bool, further: bool, backend: str, progress: bool,
) -> list[SetMember]:  # fmt: skip
    """:func:`make_preset_set` with overrides as the command line gives them."""
    asked = _core.load_preset_set(path)
    recipe = {"build": provenance.build(), "quick": quick, "refine": further}
    planned = [
        _plan(path, overrides, quick, skin_class, needle, ink)
        for skin_class in classes or asked.classes for needle in needles or asked.needles for ink in inks or asked.inks
    ]  # fmt: skip
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    check_output(folder / INDEX)
    made = _made_before(folder, recipe)
    rows: list[SetMember] = []
    for number, (member, texts) in enumerate(planned, 1):
        kept = made.get((member.name, member.input_sha256))
        if progress:
            print(f"preset {number} of {len(planned)}: {member.name}{', kept' if kept else ''}", file=sys.stderr, flush=True)
        rows.append(kept or _make(path, folder, member, texts, quick=quick, further=further, backend=backend, progress=progress))
        _write(folder, recipe, rows)
    return rows


def _plan(
    path: str | os.PathLike[str], overrides: list[tuple[str, str]], quick: bool, skin_class: str, needle: str, ink: str
) -> tuple[SetMember, list[tuple[str, str]]]:
    """A preset to make, and the overrides that make it; everything that can be wrong with its input is found here."""
    texts = [*overrides, *override_texts({"needle.model": needle, "ink.model": ink})]
    file = _core.load_calibration(path, skin_class, quick, texts)
    treatment = Treatment(file.base)
    if treatment.contraindications:
        raise PresetRefused(f"no preset for {skin_class}: " + "; ".join(treatment.contraindications))
    input_sha256 = provenance.text_sha256([provenance.input_sha256(treatment.resolved()), provenance.file_hashes(file.files)])
    return SetMember(skin_class, needle, ink, input_sha256), texts


def _make(
    path: str | os.PathLike[str], folder: Path, member: SetMember, texts: list[tuple[str, str]], *, quick: bool, further: bool, backend: str, progress: bool
) -> SetMember:
    from .report import calibration_report  # draws, which not everybody who imports this wants to load

    plan = asdict(member)
    try:
        found: Calibration = calibrate_texts(path, member.skin_class, texts, quick=quick, further=further, backend=backend, progress=progress)
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
