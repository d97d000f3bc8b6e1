"""Where a result comes from: program, machine, input."""

import hashlib
import json
import platform
from collections.abc import Iterable
from pathlib import Path

import rfc8785

from . import _core


def input_sha256(resolved: dict[str, dict[str, object]]) -> str:
    """SHA-256 of an input in canonical JSON (RFC 8785): the same input gives the same hash everywhere."""
    return hashlib.sha256(rfc8785.dumps(resolved)).hexdigest()


def text_sha256(texts: Iterable[str]) -> str:
    """SHA-256 of some texts, one after the other."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def build() -> str:
    """Version and commit: what must be the same for the same bits."""
    return f"{_core.version} {_core.git}".strip()


def program() -> dict[str, str]:
    """Version, commit, compiler and libraries of the program."""
    return {
        "program": "dermaflux",
        "version": _core.version,
        "git_commit": _core.git,
        "compiler": _core.compiler,
        "cuda_compiler": _core.cuda_version or "none",
        "hdf5": _core.hdf5_version,
        "python": platform.python_version(),
        "processor": platform.machine(),
    }


def file_hashes(files: Iterable[Path]) -> str:
    """Name and SHA-256 of input files, as JSON. Names keep only the last folder, so that no path of a machine shows."""
    hashes = {f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest() for path in map(Path.resolve, map(Path, files))}
    return json.dumps(hashes, sort_keys=True)
