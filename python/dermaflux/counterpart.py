"""The treatment of a run file once more, in the same or in another class of skin: what a report sets beside a run."""

import difflib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from . import _core
from .runfile import resolved_input
from .running import run
from .treatment import Treatment, toml_text

LAST_LOOK_YEAR = 10.0
_TO_LAST_LOOK = LAST_LOOK_YEAR * 365.25 * (1.0 - 1e-9)
_UNSCARRED = ("normal", "bald")

Resolved = Mapping[str, Mapping[str, object]]


def counterpart_class(resolved: Resolved, wanted: str | None, folder: Path) -> str:
    """The class to set beside a run: the one that is wanted, else a scar beside skin without one, and normal skin beside a scar.

    Raises
    ------
    InputError: no such class, or that of the run itself.
    """
    own = str(resolved["skin.class"]["value"])
    if wanted is None:
        return "fut_linear" if own in _UNSCARRED else "normal"
    names = sorted(path.stem for path in (folder / "skin").glob("*.toml"))
    if wanted not in names:
        near = difflib.get_close_matches(wanted, names, 1)
        raise _core.InputError(f"--counterpart {wanted}: is no class of skin; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"))
    if wanted == own:
        raise _core.InputError(f"--counterpart {wanted}: is the class of the run itself; name another, or say --no-counterpart")
    return wanted


def _entry(row: Mapping[str, object]) -> str:
    """One value as a treatment file writes it."""
    parts = [f"value = {toml_text(row['value'])}"]
    if row.get("unit"):
        parts.append(f"unit = {toml_text(str(row['unit']))}")
    if row.get("range"):
        parts.append(f"range = {toml_text(row['range'])}")
    parts.append(f"source = {toml_text(str(row['source'] or 'override'))}")
    return "{ " + ", ".join(parts) + " }"


def _written(path: Path, title: str, skin_class: str, rows: Resolved) -> Treatment:
    choices = {"machine.model", "needle.model", "ink.model", "skin.type"}
    lines = [f"title = {toml_text(title)}", f"skin.class = {toml_text(skin_class)}"]
    lines += [f"{key} = {toml_text(row['value']) if key in choices | {'skin.layers'} else _entry(row)}" for key, row in rows.items()]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Treatment(_core.TreatmentDocument.load(path))


def rebuilt(resolved: Resolved, title: str, classes: list[str], folder: Path) -> list[Treatment]:
    """A stored treatment in some classes of skin, written as treatment files into a folder.

    Everything but the skin is as stored. Of the skin, what the run had changed against the file of its class is changed in every
    class; all else is as the file of the class says.

    Raises
    ------
    InputError: the stored input has keys that this version does not know, a class or a file it names is not here, or the numbers do
        not fit together in another skin.
    """
    others = {key: row for key, row in resolved.items() if not key.startswith("skin.")}
    own_class = str(resolved["skin.class"]["value"])
    plain = _written(folder / "plain.toml", title, own_class, others)
    known = plain.resolved()
    changed = {
        key: row for key, row in resolved.items()
        if key.startswith("skin.") and key != "skin.class" and (key not in known or known[key]["value"] != row["value"])
    }  # fmt: skip
    return [_written(folder / f"{name}.toml", title, name, others | changed) for name in classes]


@contextmanager
def stored_treatment(data: xr.Dataset, keep: Callable[[str], bool] = lambda key: True) -> Iterator[Treatment]:
    """The treatment of a run file as it was run, written out again for as long as the block runs.

    Parameters
    ----------
    keep: says of a key whether the run's word on it holds; of the others the files do.

    Raises
    ------
    InputError: the dataset holds no input, or as :func:`rebuilt`.
    """
    if "resolved_json" not in data.attrs:
        raise _core.InputError("the run: holds no input of a treatment; give the result itself, or what dermaflux.open_run gave")
    resolved = {key: row for key, row in resolved_input(data).items() if keep(key)}
    with tempfile.TemporaryDirectory() as folder:
        yield rebuilt(resolved, str(data.attrs["title"]), [str(resolved["skin.class"]["value"])], Path(folder))[0]


def grid_of(data: xr.Dataset) -> str:
    """The grid that a run was computed on."""
    return str(data.attrs.get("provenance_grid", data.attrs.get("grid", "standard")))


def beside(data: xr.Dataset, resolved: Resolved, other: str, *, backend: str = "auto", progress: bool = False) -> tuple[xr.Dataset, xr.Dataset]:
    """The run of a file and its treatment in another class, both to the tenth year, on the grid of the file. The run itself is
    repeated only where the file ends earlier or holds no look.

    Raises
    ------
    InputError: as :func:`rebuilt`. NumericsError: a run failed.
    """
    own_class, title, grid = str(resolved["skin.class"]["value"]), str(data.attrs["title"]), grid_of(data)
    reaches = "reflectance" in data and float(data["time"][-1]) >= _TO_LAST_LOOK
    with tempfile.TemporaryDirectory() as folder:
        own, scar = rebuilt(resolved, title, [own_class, other], Path(folder))

        def computed(treatment: Treatment) -> xr.Dataset:
            return run(treatment, backend=backend, grid=grid, horizon_year=LAST_LOOK_YEAR, progress=progress).to_xarray()

        return (data if reaches else computed(own)), computed(scar)
