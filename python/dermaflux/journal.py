"""Journals of a study: what is done, in a file beside the output that survives being killed. One line of JSON per member."""

import fcntl
import json
import math
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from . import _core
from .entries import NAMES, Entries, Entry, Index


class Study(Protocol):
    """What a journal must know of a list of members: a title, how they are numbered, which they are, what each gives, how many insertions they cost, and hashes of all that decides them and what is made of them."""

    @property
    def title(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def members(self) -> list[Index]: ...
    @property
    def names(self) -> tuple[str, ...]: ...
    @property
    def insertions(self) -> int: ...
    @property
    def members_sha256(self) -> str: ...
    @property
    def sha256(self) -> str: ...


class OfOutputs:
    """What is the same in every study of which each member gives all scalar outputs, and whose output they decide alone."""

    names = NAMES

    @property
    def members_sha256(self) -> str:
        return self.sha256  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Held:
    """What was found in a journal."""

    size: int  # of its complete lines [byte]; what follows the last line end was cut off
    done: int
    failed: int


def read_journal(path: Path, plan: Study, into: Entries) -> Held:
    """Adds the entries of a journal to others, line by line: a journal may be larger than the memory.

    Raises
    ------
    InputError: not a journal of this study.
    """
    size, state, other = 0, bytearray(math.prod(plan.shape)), False
    try:
        with path.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break
                found = json.loads(line.decode())
                if not size and found != _header(plan):
                    other = True
                    break
                if size:
                    _take(found, into)
                    place = into.place(found["index"])
                    state[place] = 2 if "error" in found and state[place] != 1 else 1
                size += len(line)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _core.InputError(f"{path}: is not the journal of a sweep or an analysis; give another output, or remove it") from None
    if other:
        raise _core.InputError(
            f"{path}: is the journal of another sweep or analysis (other axes, draws, conditions, parameters, input, grid or program, or a scipy that draws otherwise); give another output, or remove it"
        )
    return Held(size, len(state) - state.count(0), state.count(2))


def _take(line: Mapping[str, object], into: Entries) -> None:
    """Adds the entry of a line. Raises KeyError if it does not hold the outputs of this program."""
    if "error" not in line and line["outputs"].keys() != set(into.names):  # type: ignore[attr-defined]
        raise KeyError("outputs")
    into.add(line["index"], line)  # type: ignore[arg-type]


def _header(plan: Study) -> dict[str, object]:
    return {"dermaflux_sweep": plan.members_sha256, "shape": list(plan.shape)}


def journals_beside(out: Path) -> list[Path]:
    """Journals beside an output, of all shards and of none."""
    marks = re.compile(re.escape(out.name) + r"(\.\d+-of-\d+)?\.journal")
    return sorted(path for path in out.parent.iterdir() if marks.fullmatch(path.name))


class Journal:
    """Append-only list of finished members, one JSON line each; a half-written last line is ignored.

    Written without a buffer: what `add` has returned from survives the death of the process, and a line that could not be written
    leaves no piece of itself.
    """

    def __init__(self, path: Path, plan: Study, done: Entries):
        self.path = path
        try:
            self._file = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b", buffering=0)
        except OSError as error:
            raise _core.FileError(f"{path}: cannot be written ({error.strerror}); give another output") from None
        try:
            self._lock()
            self._size = read_journal(path, plan, done).size
            self._file.truncate(self._size)
            self._file.seek(self._size)
            if not self._size:
                self._append(_header(plan))
        except BaseException:
            self._file.close()
            raise

    def _lock(self) -> None:
        """Before reading: another process may be about to write, or to remove the journal because all is done."""
        try:
            for pause_s in (0.05, 0.2, 0.0):  # who asks for the state holds the lock for a moment
                try:
                    fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(pause_s)
                    continue
                if os.fstat(self._file.fileno()).st_nlink:
                    return
                break
        except OSError as error:
            raise _core.FileError(f"{self.path}: cannot be locked ({error.strerror}); give an output on a disk that can lock files") from None
        raise _core.FileError(f"{self.path}: another process works on this sweep or analysis; wait for it, or give another output") from None

    def _append(self, entry: Mapping[str, object]) -> None:
        line = memoryview((json.dumps(entry) + "\n").encode())
        size = self._size + len(line)
        try:
            while line:
                line = line[self._file.write(line) :]
        except BaseException as error:
            self._file.truncate(self._size)
            self._file.seek(self._size)
            if not isinstance(error, OSError):
                raise
            raise _core.FileError(
                f"{self.path}: cannot be written ({error.strerror}); what it holds is kept: make room, then run the same again"
            ) from None
        self._size = size

    def add(self, index: Index, entry: Entry) -> None:
        self._append({"index": list(index)} | entry)

    def close(self) -> None:
        self._file.close()


def at_work(path: Path) -> bool:
    """Whether a process holds the lock of a journal."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
    return False
