"""Writing files: whether one can be written, and files that are complete or absent."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def write_text(path: Path, text: str) -> Path:
    """Writes a text that appears under its name when it is complete."""
    with complete_or_absent(path) as part:
        part.write_text(text, encoding="utf-8")
    return path
