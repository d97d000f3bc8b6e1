"""What `dermaflux sensitivity` prints and draws."""

import math
from collections.abc import Sequence
from pathlib import Path

import xarray as xr
from rich.table import Table

from . import _core, plots
from .pictures import save_figure
from .sensitivity import DEFAULT_PARAMETERS, plan_sensitivity, sensitivity
from .tables import print_table
from .treatment import Treatment
from .writing import check_output


def table(found: xr.Dataset) -> Table:
    """Indices as a table: the parameter that matters most first, alone and with others, half width of the 95 % interval behind."""
    shown = Table("parameter", title=f"{found.attrs['title']}: share of the variance, alone | with others")
    outputs = [str(name) for name in found["output"].values]
    for name in outputs:
        shown.add_column(name, justify="right")
    strongest = found["total"].fillna(0.0).max("output").values
    for n in reversed(strongest.argsort(kind="stable")):
        cells = [_cell(found.isel(parameter=n).sel(output=name)) for name in outputs]
        shown.add_row(plots.short_key(str(found["parameter"].values[n])), *cells)
    return shown


def _cell(one: xr.Dataset) -> str:
    if math.isnan(float(one["total"])):
        return "does not vary"
    alone, together = (f"{float(one[name]):.2f} \u00b1{float(one[f'{name}_interval']):.2f}" for name in ("first_order", "total"))
    return f"{alone} | {together}"


def run(treatment: Treatment, out: Path, parameters: Sequence[str], samples: int, grid: str, backend: str) -> str:
    """Runs the analysis, prints its table, writes the picture beside the file. Returns a message if members failed, else nothing."""
    picture = check_output(check_output(out).with_suffix(".png"))
    if picture == out:
        raise _core.InputError(f"{out}: is the name of the picture; give a name that ends with .h5")
    plan = plan_sensitivity(treatment, parameters=parameters or DEFAULT_PARAMETERS, samples=samples, grid=grid)
    found = sensitivity(plan, out, backend=backend, progress=True)
    print_table(table(found))
    save_figure(plots.sobol_bars(found), picture)
    kept, failed = found.attrs["samples_kept"], found.attrs["failed_members"]
    print(f"{found.sizes['member']} members, {failed} failed, {kept} of {samples} base points kept, grid {grid}")
    print(f"written: {out}\nwritten: {picture}")
    if not failed:
        return ""
    first = next(str(text) for text in found["error"].values if text)
    return f"{failed} members failed; their {samples - kept} base points are left out of the indices; the first: {first}"
