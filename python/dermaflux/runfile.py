"""Reading run files back."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from . import _core


def open_run(path: str | os.PathLike[str]) -> xr.Dataset:
    """Opens a run file as the dataset that :meth:`dermaflux.Result.to_xarray` gave, with ledger and input as attributes.

    Raises
    ------
    FileError: no such file, or not a run file of dermaflux.
    """
    path = Path(path)
    if not path.is_file():
        raise _core.FileError(f"{path}: no such file; give the path of a run file (`dermaflux run ... -o run.h5`)")
    try:
        with h5py.File(path) as file:
            if file.attrs.get("dermaflux_format") is None or "VTKHDF" not in file:
                raise _core.FileError(f"{path}: not a run file of dermaflux; give one written by `dermaflux run -o`")
            names = {"r_face": "VTKHDF/XCoordinates", "z_face": "VTKHDF/ZCoordinates"}
            if "VTKHDF/tissue" in file:  # a box
                names = {name: name for name in ("r_face", "x_face", "y_face", "z_face")}
            faces = {name: file[place][:] for name, place in names.items()}
            ledger = {f"ledger_{name}": float(node[()]) for name, node in file["ledger"].items()}
            facts = {f"provenance_{k}": _text(v) for k, v in file["provenance"].attrs.items()}
            resolved = _text(file["config/resolved_json"][()])
            title = _text(file.attrs["title"])
        with xr.open_dataset(path, engine="h5netcdf", phony_dims="sort", decode_times=False) as stored:
            dataset = stored.load()
    except _core.FileError:
        raise
    except (OSError, KeyError, ValueError) as error:
        raise _core.FileError(f"{path}: cannot be read ({error}); is it complete and of this version?") from None
    if "x_face" not in faces:
        dataset = dataset.squeeze("y", drop=True)
    for name, values in faces.items():
        dataset[name] = (name[0] + "_edge", np.asarray(values), {"units": "m"})
    dataset.attrs.update(ledger | facts)
    dataset.attrs["title"] = title
    dataset.attrs["resolved_json"] = resolved
    return dataset


def resolved_input(dataset: xr.Dataset) -> dict[str, dict[str, object]]:
    """The input of an opened run: key -> value, unit, range, source."""
    return json.loads(dataset.attrs["resolved_json"])


def skin_at_axis(resolved: Mapping[str, Mapping[str, Any]]) -> str:
    """Beginning of the keys of the tissue that the dot's axis lies in: `skin`, or `scar.tissue` inside a scar."""
    scar = {name: resolved.get(f"scar.{name}", {"value": 0.0})["value"] for name in ("shape", "width_mm", "offset_mm")}
    inside = scar["shape"] in ("disc", "strip") and float(scar["offset_mm"]) < 0.5 * float(scar["width_mm"])
    return "scar.tissue" if inside else "skin"


def layers_at_axis(resolved: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Thickness of the layers there, from a resolved input, in the order of the surface down [mm]; none where it does not list them."""
    if "skin.layers" not in resolved:
        return {}
    skin = skin_at_axis(resolved)
    factor = float(resolved[f"{skin}.thickness_factor"]["value"])
    return {name: float(resolved[f"{skin}.layer.{name}.thickness_um"]["value"]) * factor / 1e3 for name in resolved["skin.layers"]["value"]}


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
