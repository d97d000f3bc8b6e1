"""Running treatments, one or many."""

import datetime
import json
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from . import _core
from .progress import progress_bar
from .result import Result
from .stopping import Stopped, check_stop, state_facts
from .treatment import Treatment
from .writing import check_output


def backends() -> list[dict[str, object]]:
    """What can run here: name, available, detail of every backend."""
    return _core.backends()


def set_threads(threads: int) -> None:
    """Number of host threads, 0 for all cores; before the first run."""
    _core.set_threads(threads)


def _check_horizon(horizon_year: float) -> None:
    if not 1.0 <= horizon_year <= 30.0:
        raise _core.InputError(f"horizon_year = {horizon_year} is out of range; use 1 to 30 years")


def run(
    treatment: Treatment,
    *,
    backend: str = "auto",
    grid: str = "standard",
    grid_tolerance: float = 0.02,
    horizon_year: float = 5.0,
    progress: bool = False,
    state: str | os.PathLike[str] | None = None,
    stop_after_day: float | None = None,
    resume_from: str | os.PathLike[str] | None = None,
    every: int | None = None,
    report: Callable[[float], None] | None = None,
) -> Result:
    """Runs one treatment: strokes, relaxation, healing, years of fading, and what the eye sees.

    Parameters
    ----------
    treatment: what to run, from :func:`dermaflux.load`.
    backend: auto, serial, kokkos or cuda; auto takes one thread for a single run: a GPU needs an ensemble.
    grid: quick (16 x 64 cells), standard (32 x 128), fine (64 x 256), finest (128 x 512), or auto: finer and finer until
        `grid_error`, the difference of dose and mean depth to the grid before, is below `grid_tolerance`.
    grid_tolerance: relative error that auto aims at, 0.001 to 0.5. Where the finest grid misses it, `grid_error` says so.
    horizon_year: last time looked at [year], 1 to 30.
    progress: show a bar on stderr.
    report: told the share that is done [0 to 1], in place of the bar.
    state: file for the state of the run if it is stopped (HDF5, complete or absent); :func:`resume` goes on from it. A stop
        during the first contact leaves none: there is nothing to save yet. Not written with grid auto.
    stop_after_day: stop after the first step of healing that reaches this day since the first session.
    resume_from: a state to go on from, of the same treatment, grid, horizon and program.
    every: of a run in a box, write the state on the way, too: after so many strokes, counted over all dots, and after each moment. A killed
        run goes on from the last one.

    Raises
    ------
    InputError: an option that does not exist, or a state of something else. BackendError: a backend that cannot run here; the
    message says what can. NumericsError: the run failed; the message says at what time. Stopped: `stop_after_day` was reached.
    KeyboardInterrupt: Ctrl-C, within a second.
    """
    _check_horizon(horizon_year)
    kept = None if state is None else check_output(state)
    check_stop(kept, stop_after_day, grid, horizon_year, every)
    started = datetime.datetime.now(datetime.UTC)
    facts = state_facts(treatment, grid, horizon_year)
    with progress_bar(treatment.title or "run", 1.0, counted=False, quiet=report is not None or not progress) as show:
        core = _core.run(
            treatment._document, grid, grid_tolerance, horizon_year, backend, report or show,
            state=None if grid == "auto" else kept,
            resume=resume_from,
            stop_after_day=math.inf if stop_after_day is None else stop_after_day,
            facts=facts,
            every=every or 0,
        )  # fmt: skip
    if core.stopped_day is not None:
        raise Stopped(kept, core.stopped_day)
    return Result(treatment, core, started)


def resume(
    path: str | os.PathLike[str],
    treatment: Treatment | None = None,
    *,
    backend: str = "auto",
    progress: bool = False,
    state: str | os.PathLike[str] | None = None,
    stop_after_day: float | None = None,
    every: int | None = None,
) -> Result:
    """Goes on with a stopped run; the result has the bits of the run that was never stopped.

    Parameters
    ----------
    path: the state that it left.
    treatment: what was run; read again from its file if not given.
    backend: host backends give the same bits, so that a run may go on with another one.
    state, stop_after_day, every: as in :func:`run`, to stop once more.

    Raises
    ------
    InputError: the program, or what the treatment's files say, is not what it was. FileError: no state, or a damaged one. Others
    as :func:`run`.
    """
    facts = _core.read_state_facts(path)
    try:
        file, changes = facts["treatment_file"], [(key, value) for key, value in json.loads(facts["changes"])]
        grid, horizon_year = facts["grid"], float(facts["horizon_year"])
    except (KeyError, ValueError) as error:
        raise _core.FileError(f"{path}: is no state of a run ({error}); give one that a stopped run left (*.state.h5)") from None
    if treatment is None:
        treatment = Treatment(_core.TreatmentDocument.load(file, changes))
    return run(
        treatment, backend=backend, grid=grid, horizon_year=horizon_year, progress=progress, state=state,
        stop_after_day=stop_after_day, resume_from=path, every=every,
    )  # fmt: skip


@dataclass(frozen=True)
class MemberError:
    """Why one member of an ensemble failed; the others are not affected."""

    message: str


@dataclass(frozen=True)
class Member:
    """One member of an ensemble: a treatment, numeric keys that differ from it, and dwell times that share its insertion."""

    treatment: Treatment
    changes: Mapping[str, float] = field(default_factory=dict)
    dwells_ms: Sequence[float] = ()


def run_batch(
    members: Sequence[Treatment | Member],
    *,
    backend: str = "auto",
    grid: str = "standard",
    horizon_year: float = 5.0,
    done: Callable[[int, list[dict[str, float]] | MemberError], None] | None = None,
    whole: int = 0,
) -> list[list[dict[str, float]] | MemberError]:
    """Runs many treatments at once, each with the same bits as alone.

    Parameters
    ----------
    members: treatments, or :class:`dermaflux.running.Member` for changes that need no new treatment. A longer contact passes
        through all shorter ones, so `dwells_ms` (increasing) costs one insertion for all of them. Members in a box (geometry.kind) run
        after the others, one by one on all threads (or the whole device), and cost an insertion per dwell time; of their fields nothing is kept.
    backend: auto takes the GPU if there is one and the ensemble has a member for each of its multiprocessors, else all threads. A member
        that the GPU then has no room for, or leaves because it fails, runs on the host: its output `fell_back` is 1, and a RuntimeWarning
        says how many there are and why. A backend that was named does not fall back.
    done: called with position and result of each member as it finishes, in any order.
    whole: length of the ensemble that the members are a part of, by which auto chooses; their own number if not given.

    Returns
    -------
    For each member a list of its scalar outputs, one per dwell time, or a :class:`MemberError`.

    Raises
    ------
    BackendError: a backend that cannot run here.
    KeyboardInterrupt: Ctrl-C; what finished has been given to `done`.
    """
    _check_horizon(horizon_year)
    results: list[list[dict[str, float]] | MemberError | None] = [None] * len(members)
    rows = []
    for member in members:
        if isinstance(member, Treatment):
            member = Member(member)
        rows.append((member.treatment._document, list(member.changes.items()), list(map(float, member.dwells_ms))))

    def receive(index: int, outcome: str | list[dict[str, float]]) -> None:
        results[index] = MemberError(outcome) if isinstance(outcome, str) else outcome
        if done:
            done(index, results[index])

    chosen, _, fell_back, why = _core.run_batch(rows, grid, horizon_year, backend, receive, whole)
    if fell_back:
        warnings.warn(f"{fell_back} of {len(members)} members ran on the host instead of {chosen}: {why}", RuntimeWarning, stacklevel=2)
    return results  # type: ignore[return-value]
