"""Validation cases of a folder: what is predicted, and how it is run. What was observed lies beside and is not opened here."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from . import _core

OBSERVED, STUDY = ".observed.toml", "study.toml"


def shipped_cases() -> Path:
    """Folder of the cases that came with the package."""
    return Path(str(resources.files(__package__))) / "validation" / "cases"


@dataclass(frozen=True)
class CaseList:
    """Cases in the order of their files, and the study that says how they are run."""

    cases: tuple[_core.CaseFile, ...]
    study: _core.CaseStudy
    folder: Path


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if path.name != STUDY and not path.name.endswith(OBSERVED))


def read_cases(folder: str | os.PathLike[str] | None = None, only: Sequence[str] = ()) -> CaseList:
    """Reads the cases of a folder, or of its subfolder `cases` if it has one; the study is `study.toml` there, else the shipped one.

    Parameters
    ----------
    folder: the shipped cases if not given.
    only: ids (D3; D10 takes D10a, D10b ...) or paths of case files; all cases if empty.

    Raises
    ------
    InputError: a file is wrong, an id is unknown or used twice, the folder holds no case. FileError: no such folder.
    """
    place = Path(folder) if folder is not None else shipped_cases()
    if not place.is_dir():
        raise _core.FileError(f"{place}: no such folder; give one with case files, or leave --data out for the shipped ones")
    place = place / "cases" if (place / "cases").is_dir() else place
    named = [Path(one) for one in only if one.endswith(".toml")]
    files = _files(place) if len(named) < len(only) or not only else []
    if not files and not named:
        raise _core.InputError(f'{place}: holds no case; write NAME.toml for each (README, "Validate")')
    cases = [_core.load_case(path) for path in (*files, *(one for one in named if one not in files))]
    ids = [one.id for one in cases]
    for one in ids:
        if ids.count(one) > 1:
            raise _core.InputError(f"{place}: two cases have the id {one}; give each its own")
    wanted = [one for one in only if not one.endswith(".toml")]
    for one in wanted:
        if not any(_means(one, known) for known in ids):
            raise _core.InputError(f"{place}: no case {one}; there are {', '.join(ids)}")
    if only:
        cases = [one for one in cases if any(_means(word, one.id) for word in wanted) or one.files[-1] in named]
    study = place / STUDY
    return CaseList(tuple(cases), _core.load_case_study(study if study.is_file() else shipped_cases() / STUDY), place)


def _means(word: str, known: str) -> bool:
    """Whether a word of the command line means a case: its id, or that without the letter behind the number."""
    return word.lower() == known.lower() or (known[:-1].lower() == word.lower() and known[-1].isalpha() and known[-2:-1].isdigit())
