"""Studies that only a box can do: a sweep whose members are looked at in space, with what rings say of the same beside them."""

import csv
import hashlib
import io
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core, lattice_field, lattice_results, provenance
from .entries import NAMES as OUTPUT_NAMES
from .entries import Entries, Entry, Index
from .lattice_field import Lattice
from .result import OUTPUTS, Result, json_number
from .running import Member, MemberError, run
from .space_measures import DAYS, MEASURES, NAMES, PICTURES, SIDE, TOP, Window, answers, deposit, measures, merging_spacing, twin_dips
from .stopping import check_stop, state_facts
from .study import Manner, run_study
from .sweep_dataset import finished_entries, sweep_dataset
from .sweeping import SweepPlan, _groups, load_sweep_texts
from .treatment import Treatment, Value, override_texts
from .writing import check_output, write_text

RAYLEIGH = 0.265  # dip between two images of points that a round aperture just tells apart
_KIND = "geometry.kind"
_RUN_OF_LATTICE = 0.7  # share of the time of a lattice that its run takes, to tell how far it is; the rest is the camera's
_TABLE = {
    "tilt": ("pigment_deposited_ng", "mean_depth_mm_day0", "deepest_mm_day0", "width_along_mm_day0", "width_across_mm_day0", "share_epidermis", "contrast_1y"),
    "prongs": ("d_tip_mm", "pigment_deposited_ng", "mean_depth_mm_day0", "width_along_mm_day0", "share_epidermis", "retained_fraction_1y", "contrast_1y", "fwhm_mm_1y"),
    "merging": ("pigment_deposited_ng", "mean_depth_mm_day0", "dip_day0", "dip_day14", "dip_1y", "dip_5y"),
    "follicle": ("pigment_deposited_ng", "mean_x_mm_day0", "mean_depth_mm_day0", "deepest_mm_day0", "share_in_sheath_day0", "retained_fraction_1y"),
    "border": ("pigment_deposited_ng", "share_in_scar_day0", "share_in_scar_1y", "mean_x_mm_1y", "retained_fraction_day42", "retained_fraction_5y", "contrast_1y"),
    "corrections": ("pigment_deposited_ng", "pigment_depth_mm", "share_epidermis", "fwhm_mm_1y", "contrast_1y"),
    "lattice": ("pigment_deposited_ng", "mean_depth_mm_day0", "share_epidermis", "retained_fraction_day42", "retained_fraction_5y"),
}  # fmt: skip


@dataclass(frozen=True)
class SpaceStudyPlan:
    """A study: the sweep that it is, and what it keeps of each member. Its journal is that of a sweep."""

    sweep: SweepPlan
    study: _core.SpaceStudy

    @property
    def names(self) -> tuple[str, ...]:
        return (*OUTPUT_NAMES, *NAMES, *PICTURES, *(self.lattice.names if self.lattice else ()))

    @cached_property
    def lattice(self) -> Lattice | None:
        """The dots of a study that shows a lattice; their spacing is that of the file."""
        return Lattice.of(self.sweep.base) if self.study.shows == "lattice" else None

    @property
    def title(self) -> str:
        return self.sweep.title

    @property
    def shape(self) -> tuple[int, ...]:
        return self.sweep.shape

    @property
    def members(self) -> list[Index]:
        return self.sweep.members

    @property
    def insertions(self) -> int:
        return self.sweep.insertions

    @property
    def window(self) -> Window:
        """Its pictures."""
        return Window.of(self.study)

    @property
    def sha256(self) -> str:
        """Hash of all that decides the output: the sweep, and what is shown of it."""
        seen = (self.study.shows, self.study.view_day, self.study.view_width_mm, self.study.view_depth_mm)
        return provenance.text_sha256(["study", self.sweep.sha256, *map(str, seen)])

    @property
    def members_sha256(self) -> str:
        """The same: pictures are kept with the members."""
        return self.sha256


def studies() -> dict[str, str]:
    """Names of the shipped studies, and what each is for in a line."""
    return {path.stem: _core.load_sweep(path, []).description for path in _shipped()}


def _shipped() -> list[Path]:
    from . import configs

    return sorted((configs() / "studies").glob("*.toml"))


def _found(study: str | os.PathLike[str]) -> Path:
    """The file of a study, by its name or path."""
    path = Path(study)
    if path.suffix == ".toml":
        return path
    named = {one.stem: one for one in _shipped()}
    if str(study) not in named:
        raise _core.InputError(f"study {study}: is none of the shipped ones ({', '.join(named)}) and no file *.toml; name one of them, or give a file")
    return named[str(study)]


def load_study(study: str | os.PathLike[str], changes: Mapping[str, Value] | None = None) -> SpaceStudyPlan:
    """Reads a study by its name (`dermaflux study` lists them) or its file.

    Raises
    ------
    InputError: no such name; a file without a table [study], or one that a sweep file would be refused for, too.
    """
    return load_study_texts(study, override_texts(changes))


def load_study_texts(study: str | os.PathLike[str], overrides: list[tuple[str, str]]) -> SpaceStudyPlan:
    """:func:`load_study` with overrides as the command line gives them."""
    path = _found(study)
    sweep = load_sweep_texts(path, overrides)
    if sweep.study is None:
        raise _core.InputError(f"{path}: has no table [study] (nothing says what to show); add one, or use `dermaflux sweep run`")
    if sweep.study.shows == "lattice":
        lattice_results.check_plan(sweep, str(path))
    return SpaceStudyPlan(sweep, sweep.study)


@dataclass(frozen=True)
class _WholeRuns:
    """What takes the place of :func:`dermaflux.run_batch`: one run after the other, looked at in space. One in a box that is stopped leaves
    its state beside the study, and with `every` on the way, too."""

    plan: SpaceStudyPlan
    state: Path
    every: int | None

    def __call__(self, members: Sequence[Member], *, backend: str, grid: str, done: Callable, whole: int, within: Callable[[float], None]) -> None:
        for n, member in enumerate(members):
            try:
                kept = []
                for dwell in member.dwells_ms or [None]:
                    own = dict(member.changes) | ({} if dwell is None else {"machine.dwell_ms": dwell})
                    kept.append(self._answers(self._run(member.treatment.with_(own), backend, grid, within), backend, within))
                done(n, kept)
            except (_core.InputError, _core.NumericsError) as error:
                done(n, MemberError(str(error)))
            self.state.unlink(missing_ok=True)

    def _run(self, treatment: Treatment, backend: str, grid: str, within: Callable[[float], None]) -> Result:
        if treatment[_KIND] != "box":
            return run(treatment, backend=backend, grid=grid)
        before = self.state if self._belongs(treatment, grid) else None
        share = _RUN_OF_LATTICE if self.plan.lattice else 1.0
        return run(
            treatment, backend=backend, grid=grid, state=self.state, resume_from=before, every=self.every,
            report=lambda done: within(share * done),
        )  # fmt: skip

    def _belongs(self, treatment: Treatment, grid: str) -> bool:
        """Whether the state there is, if any, is that of a treatment."""
        try:
            found = _core.read_state_facts(self.state)
        except _core.FileError:
            return False
        wanted = state_facts(treatment, grid, 5.0)
        return all(found.get(name) == wanted[name] for name in ("program", "input_sha256", "grid", "horizon_year"))

    def _answers(self, result: Result, backend: str, within: Callable[[float], None]) -> dict[str, float]:
        found = answers(result, self.plan.window)
        if self.plan.lattice is None:
            return found
        arrays = lattice_field.field_arrays(result, backend, lambda done: within(_RUN_OF_LATTICE + (1.0 - _RUN_OF_LATTICE) * done))
        return found | lattice_field.numbers(arrays)


def run_space_study(
    study: SpaceStudyPlan | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    changes: Mapping[str, Value] | None = None,
    backend: str = "auto",
    grid: str | None = None,
    retry_failed: bool = False,
    every: int | None = None,
    progress: bool = False,
) -> xr.Dataset:
    """Runs a study, or what is left of it, and writes its result (HDF5), a table (CSV) and a figure (PNG) beside each other; of a lattice
    also the field from above at each look, one pixel per tile of the camera.

    Parameters
    ----------
    study: name of a shipped study, a file, or what :func:`load_study` read.
    out: result file; `out.journal` beside it holds finished members until all are there. Table and figure take its name.
    changes: keys of the treatment to override, when `study` is a name or a file.
    grid: replaces the grid level of the file.
    retry_failed: run members that failed once more.
    every: write the state of the box that runs beside `out`, as NAME.state.h5, after so many strokes and each moment, so that a killed
        study goes on within it. Ctrl-C leaves it in any case.

    Returns
    -------
    The dataset in the file: all of a sweep; of a lattice `dermaflux.lattice_field.VARIABLES`; `dermaflux.space_measures.MEASURES` at days 0, 14, one year and five; pictures `side` and
    `top` in ng/mm2 at the day of the study; `twin_` and the name of each measure for one dot on rings where rings are no axis.

    Raises
    ------
    InputError: the study cannot run, or `out` or its journal belongs to another. FileError: a file cannot be written.
    NumericsError: the twin on rings failed. KeyboardInterrupt: Ctrl-C; finished members stay in the journal.
    """
    from .space_figures import study_figure

    plan = study if isinstance(study, SpaceStudyPlan) else load_study(study, changes)
    if grid is not None:
        plan = replace(plan, sweep=replace(plan.sweep, grid=grid))
    out = check_output(out)
    table, figure = (check_output(out.with_suffix(ending)) for ending in (".csv", ".png"))
    state = out.with_name(f"{out.stem}.state.h5")
    check_stop(state, None, plan.sweep.grid, 5.0, every)
    if plan.lattice and not out.exists():
        lattice_results.tell_memory(plan.sweep, progress)
    manner = Manner(backend, plan.sweep.grid, progress, run=_WholeRuns(plan, state, every))
    data = run_study(
        plan, out, lambda missing: _groups(plan.sweep, plan.sweep.settings, missing), lambda done: _study_dataset(plan, done, backend), manner,
        again=_kept if retry_failed else None,
    )  # fmt: skip
    write_text(table, lattice_results.dots_csv(data) if plan.lattice else table_csv(data))
    study_figure(data, figure)
    if plan.lattice:
        lattice_results.save_pictures(data, out)
    return data


def _kept(found: xr.Dataset) -> dict[Index, Entry]:
    """Entries of the members of a finished study that did not fail."""
    entries = finished_entries(found)
    pictures = np.concatenate([found[name].values.reshape(*found["error"].shape, -1) for name in ("side", "top")], axis=-1)
    for index, entry in entries.items():
        if found.attrs["study"] == "lattice":
            entry["outputs"] |= {name: json_number(value) for name, value in lattice_results.kept_numbers(found, index).items()}  # type: ignore[operator]
        seen = {name: float(found[name].values[index]) for name in NAMES} | dict(zip(PICTURES, pictures[index].tolist(), strict=True))
        entry["outputs"] |= {name: json_number(value) for name, value in seen.items()}  # type: ignore[operator]
    return entries


def _study_dataset(plan: SpaceStudyPlan, done: Entries, backend: str) -> xr.Dataset:
    dims, shape = plan.sweep.dims, plan.shape
    data = sweep_dataset(plan.sweep, done)
    for label, day in DAYS.items():
        for name, (unit, meaning) in MEASURES.items():
            data[f"{name}_{label}"] = (dims, done.column(f"{name}_{label}"), {"units": unit, "long_name": f"{meaning}, day {day:g}"})
    pictures = np.stack([done.column(name) for name in PICTURES], axis=-1)
    side, top = np.split(pictures, [math.prod(SIDE)], axis=-1)
    window, unit = plan.window, {"units": "ng mm-2", "long_name": f"pigment per area, day {plan.study.view_day:g}"}
    data["side"] = ((*dims, "view_x", "view_z"), side.reshape(*shape, *SIDE), unit | {"seen": "from the side, along y"})
    data["top"] = ((*dims, "view_x", "view_y"), top.reshape(*shape, *TOP), unit | {"seen": "from above"})
    for axis, edges in (("view_x", window.across), ("view_y", window.across), ("view_z", window.down)):
        data = data.assign_coords({axis: (axis, 0.5 * (edges[1:] + edges[:-1]), {"units": "mm"})})
    if (models := next((axis.values for axis in plan.sweep.axes if axis.key == "needle.model"), None)) is not None:
        prongs = [int(plan.sweep.base.with_({"needle.model": model})["needle.prongs"]) for model in models]
        data["prongs"] = (("needle_model",), prongs, {"units": "1", "long_name": "prongs of the needle"})
    if plan.lattice:
        data = lattice_results.with_field(data, plan.lattice, done)
    if _KIND not in (axis.key for axis in plan.sweep.axes):
        data = _with_twin(plan, data, backend)
    data.attrs |= {"sweep_sha256": plan.sha256, "dermaflux_kind": "study", "study": plan.study.shows, "study_key": _core.study_kinds()[plan.study.shows], "view_day": plan.study.view_day}
    return data


def _with_twin(plan: SpaceStudyPlan, data: xr.Dataset, backend: str) -> xr.Dataset:
    """Adds what rings give for the same needle and skin: one dot, no follicle."""
    plain = {_KIND: "axisymmetric", "geometry.dots_x": 1.0, "geometry.dots_y": 1.0, "geometry.follicle_um": 0.0, "geometry.azimuth_deg": 0.0}
    treatment = plan.sweep.base.with_(plain)
    twin = run(treatment, backend=backend, grid=plan.sweep.grid)
    found = {name: (value, OUTPUTS[name]["unit"] or "1", OUTPUTS[name]["meaning"]) for name, value in twin.scalars.items()}
    for label, day in DAYS.items():
        for name, value in measures(deposit(twin, day), treatment).items():
            found[f"{name}_{label}"] = (value, *MEASURES[name])
    for name, (value, unit, meaning) in found.items():
        data[f"twin_{name}"] = ((), value, {"units": unit, "long_name": f"on rings, one dot: {meaning}"})
    if plan.study.shows == "merging":
        key = "pattern_dot_spacing_mm"
        for name, values in twin_dips(twin, data[key].values).items():
            what = "contrast" if "optical" in name else "pigment per area"
            data[f"twin_{name}"] = ((key,), values, {"units": "1", "long_name": f"dip of the {what} of two dots on rings, laid beside each other"})
        closer = np.linspace(0.02, 1.0, 99)  # below what a box can be asked for, too
        levels = xr.DataArray([RAYLEIGH, 0.0], dims="dip_level", attrs={"units": "1", "long_name": "dip at which dots count as merged: Rayleigh, Sparrow"})
        data = data.assign_coords(dip_level=levels)
        for name, values in twin_dips(twin, closer).items():
            where = [merging_spacing(closer, values, level) for level in levels.values]
            data[f"twin_merging_{name}"] = (("dip_level",), where, {"units": "mm", "long_name": f"largest spacing of two dots on rings at which {name} is at that level; NaN below 0.02"})
    return data


def _rows(data: xr.Dataset) -> list[dict[str, object]]:
    """One row per member: its axes, then outputs and measures."""
    dims = list(data["error"].dims)
    names = [name for name in (*OUTPUTS, *NAMES) if name in data]
    rows = []
    for index in np.ndindex(data["error"].shape):
        at = dict(zip(dims, index, strict=True))
        row = {dim: data[dim].values[n] for dim, n in at.items()}
        rows.append(row | {name: float(data[name].values[index]) for name in names} | {"error": str(data["error"].values[index])})
    return rows


def table_csv(data: xr.Dataset) -> str:
    """All members of a study as a table, units in the names or in the result file."""
    rows = _rows(data)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: (f"{value:.6g}" if isinstance(value, float) else value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def table_for_people(data: xr.Dataset) -> tuple[list[str], list[list[str]]]:
    """Head and rows of what a study is about; the rest stands in its table."""
    wanted = [name for name in _TABLE[data.attrs["study"]] if name in data]
    dims = list(data["error"].dims)
    rows = [[_word(row[name]) for name in (*dims, *wanted)] for row in _rows(data)]
    if "twin_held_ng_day0" in data:
        rows.append(["rings", *[""] * (len(dims) - 1), *(_word(float(data[f"twin_{name}"])) if data[f"twin_{name}"].ndim == 0 else "" for name in wanted)])
    return [*dims, *wanted], rows


def _word(value: object) -> str:
    return value if isinstance(value, str) else "" if math.isnan(float(value)) else f"{float(value):.3g}"  # type: ignore[arg-type]


def findings(data: xr.Dataset) -> list[str]:
    """What a study says in a line or two."""
    if data.attrs["study"] == "lattice":
        return lattice_results.findings(data)
    if data.attrs["study"] != "merging":
        return []
    spacing = data["pattern_dot_spacing_mm"].values
    lines = []
    for label in DAYS:
        box = [merging_spacing(spacing, data[f"dip_{label}"].values, level) for level in data["dip_level"].values]
        found = {"pigment in the box": (box, spacing.min())}
        for what, name in (("pigment", "dip"), ("contrast", "optical_dip")):
            found[f"{what} of two dots on rings"] = (data[f"twin_merging_{name}_{label}"].values.tolist(), 0.02)
        for what, (where, least) in found.items():
            words = (f"{one:.3f} mm" if math.isfinite(one) else f"less than {least:g} mm" for one in where)
            lines.append("{}, {}: told apart (dip 0.265, Rayleigh) beyond {}, one peak (Sparrow) at {}".format(label, what, *words))
    return lines


def pictures(plan: SpaceStudyPlan, data: xr.Dataset, out: Path) -> list[Path]:
    """Pictures that a study of a lattice writes beside its result, besides the figure; none of the others."""
    return lattice_results.picture_files(data, out) if plan.lattice else []


def result_sha256(path: str | os.PathLike[str]) -> str:
    """SHA-256 of a result file."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def open_study(path: str | os.PathLike[str]) -> xr.Dataset:
    """Reads the result of a study. Raises FileError, InputError."""
    if not Path(path).is_file():
        raise _core.FileError(f"{path}: no such file; give the result of a study")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as stored:
            data = stored.load()
    except (OSError, ValueError) as error:
        raise _core.InputError(f"{path}: is no result of a study ({error}); give what `dermaflux study NAME -o` wrote") from None
    if data.attrs.get("dermaflux_kind") != "study":
        raise _core.InputError(f"{path}: is no result of a study; give what `dermaflux study NAME -o` wrote")
    return data

