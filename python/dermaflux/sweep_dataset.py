"""What a sweep gave as a dataset over its axes, and back."""

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from . import provenance
from .corrections import file_sha256
from .entries import Entries, Entry, Index, indices
from .result import OUTPUTS, json_number

if TYPE_CHECKING:
    from .sweeping import SweepPlan


def sweep_dataset(plan: "SweepPlan", done: Entries) -> xr.Dataset:
    """Combinations by axis: one variable per output, NaN where a member failed or none is, the message of one that failed and, if
    there are conditions, what they excluded."""
    dims = plan.dims
    names = list(plan.outputs) or list(OUTPUTS)
    errors = done.errors()
    data: dict[str, tuple] = {}
    for name in names:
        data[name] = (dims, done.column(name), {"units": OUTPUTS[name]["unit"] or "1", "long_name": OUTPUTS[name]["meaning"]})
    for name, one in plan.corrected.items():
        raw = data[name]
        data[f"{name}_uncorrected"] = (dims, raw[1], raw[2] | {"long_name": f"{raw[2]['long_name']}, as the model gave it"})
        data[name] = (dims, raw[1] * one.factor, raw[2] | {"corrected_by": str(plan.corrections.file)})
        data[f"{name}_correction"] = (dims, one.factor, {"units": "1", "long_name": f"factor from rings to a box that {name} was multiplied by"})
        data[f"{name}_correction_error"] = (dims, one.error, {"units": "1", "long_name": "standard error of that factor"})
    data["error"] = (dims, errors, {"long_name": "why the member failed, empty if it did not"})
    if plan.conditions:
        rules = "; ".join(f"{condition}: {condition.reason}" for condition in plan.conditions)
        data["excluded"] = (dims, plan.excluded, {"long_name": "whether the combination breaks a condition and was not run", "conditions": rules})
    coordinates: dict[str, tuple] = {}
    if plan.sample is not None:
        facts_of_draws = {name: getattr(plan.sample, name) for name in ("method", "count", "seed", "source")}
        coordinates["sample"] = ("sample", np.arange(plan.sample.count), {"units": "1", "long_name": "number of the draw"} | facts_of_draws)
        for axis in plan.sample.axes:
            ends = {"low": axis.low, "high": axis.high, "scale": axis.scale}
            drawn = list(plan.sample.values[axis.key])
            coordinates[axis.key.replace(".", "_")] = ("sample", drawn, {"units": axis.unit or "1", "key": axis.key} | ends)
    for dim, axis in zip(dims, plan.axes, strict=False):
        coordinates[dim] = (dim, list(axis.values), {"units": axis.unit or "1", "key": axis.key})
    facts = {f"provenance_{k}": v for k, v in provenance.program().items()}
    attributes = {
        "Conventions": "CF-1.11",
        "dermaflux_format": "1.0",
        "title": plan.title,
        "grid": plan.grid,
        "sweep_sha256": plan.sha256,
        "input_sha256": provenance.input_sha256(plan.base.resolved()),
        "resolved_json": plan.base._document.json(),
        "failed_members": int((errors != "").sum()),
        "fell_back_members": int(np.nansum(done.column("fell_back"))),  # ran on the host because a GPU had no room for them or failed
    }
    if plan.corrections is not None:
        attributes |= {"corrections": plan.corrections.title, "corrections_sha256": file_sha256(plan.corrections), "corrections_study_sha256": plan.corrections.study_sha256}
    return xr.Dataset(data, coords=coordinates, attrs=attributes | facts)


def finished_entries(found: xr.Dataset) -> dict[Index, Entry]:
    """Entries of the members of a finished sweep that did not fail."""
    names = [str(name) for name in found.data_vars if name in OUTPUTS]
    values = {name: found[f"{name}_uncorrected" if f"{name}_uncorrected" in found else name].values for name in names}
    good = found["error"].values == ""
    if "excluded" in found:
        good &= ~found["excluded"].values
    return {index: {"outputs": {name: json_number(float(values[name][index])) for name in names}} for index in indices(good)}
