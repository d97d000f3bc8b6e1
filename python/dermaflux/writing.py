"""Writing files: whether one can be written, and files that are complete or absent."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import xarray as xr

from . import _core


def check_output(path: str | os.PathLike[str]) -> Path:
    """Makes sure before any work starts that a file can be written.

    Raises
    ------
    FileError: no such folder, a folder of that name, or no permission.
    """
    path = Path(path)
    parent = path.parent
    if not parent.is_dir():
        raise _core.FileError(f"{path}: there is no folder {parent}; make it first, or give another path")
    if path.is_dir():
        raise _core.FileError(f"{path}: is a folder; give the name of a file in it")
    if not os.access(parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise _core.FileError(f"{path}: cannot be written (no permission); give another path")
    return path


@contextmanager
def complete_or_absent(path: Path) -> Iterator[Path]:
    """The name under which to write a file; it takes its own name when the block has ended well."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    part.replace(path)


def write_dataset(data: xr.Dataset, path: Path) -> None:
    """Writes a dataset as HDF5 that appears under its name when it is complete.

    Raises
    ------
    FileError: no room. Found out before HDF5 writes: a disk that runs full under it brings the process down (1.10 and 1.14 do).
    """
    try:
        with complete_or_absent(path) as part:
            if hasattr(os, "posix_fallocate"):
                with part.open("wb") as room:
                    os.posix_fallocate(room.fileno(), 0, file_size(data))
            data.to_netcdf(part, engine="h5netcdf")
    except (OSError, RuntimeError) as error:  # HDF5 tells of a disk that fails by either
        raise _core.FileError(f"{path}: cannot be written ({getattr(error, 'strerror', None) or error}); make room, or give another path") from error


def file_size(data: xr.Dataset) -> int:
    """At least the size of the file of a dataset [byte]: numbers, a reference and a header per text, a page of facts per variable."""
    variables = data.variables.values()
    texts = sum(64 * one.size + sum(map(len, map(str, one.values.ravel()))) * 4 for one in variables if one.dtype.kind in "OU")
    return sum(one.nbytes for one in variables) + texts + 8192 * (len(variables) + 1) + 2 * len(str(data.attrs))


def write_text(path: Path, text: str) -> Path:
    """Writes a text that appears under its name when it is complete."""
    with complete_or_absent(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
