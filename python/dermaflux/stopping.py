"""Stopping a run so that it can go on: when that is possible, and what its state belongs to."""

import json
from pathlib import Path

from . import _core, provenance
from .treatment import Treatment


class Stopped(Exception):
    """A run reached the day on which it was to stop.

    Attributes
    ----------
    state: file that holds what the rest depends on; :func:`resume` goes on from it.
    day: the day it stopped on: that of the first step of healing that reached the day asked for.
    """

    def __init__(self, state: Path, day: float):
        super().__init__(f"stopped on day {day:g}; the state is in {state}")
        self.state, self.day = state, day


def state_facts(treatment: Treatment, grid: str, horizon_year: float) -> dict[str, str]:
    """What the state of a run belongs to, and how to find its input again."""
    document = treatment._document
    return {
        "program": provenance.build(),
        "input_sha256": provenance.input_sha256(treatment.resolved()),
        "grid": grid,
        "horizon_year": repr(float(horizon_year)),
        "treatment_file": str(document.file.absolute()),
        "changes": json.dumps(document.overrides),
    }


def check_stop(state: Path | None, stop_after_day: float | None, grid: str, horizon_year: float, every: int | None) -> None:
    """Makes sure before any work starts that a run can stop on a day, and can keep its state on the way. Raises InputError."""
    if every is not None and every < 1:
        raise _core.InputError(f"every = {every} is out of range; use 1 stroke or more")
    if every is not None and state is None:
        raise _core.InputError("every needs a file for the state; give state (or --checkpoint, or -o, on the command line)")
    if every is not None and grid == "auto":
        raise _core.InputError("every does not go with grid auto (several runs); choose quick, standard, fine or finest")
    if stop_after_day is not None and not 0.0 <= stop_after_day <= 365.25 * horizon_year:
        raise _core.InputError(f"stop_after_day = {stop_after_day} is out of range; use 0 to {365.25 * horizon_year:g}, the horizon")
    if stop_after_day is not None and state is None:
        raise _core.InputError("stop_after_day needs a file for the state; give state (or -o on the command line)")
    if stop_after_day is not None and grid == "auto":
        raise _core.InputError("stop_after_day does not go with grid auto (several runs); choose quick, standard, fine or finest")
