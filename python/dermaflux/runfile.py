"""Reading run files back."""

import json
import os
from pathlib import Path

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
            faces = {"r_face": file["VTKHDF/XCoordinates"][:], "z_face": file["VTKHDF/ZCoordinates"][:]}
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


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
