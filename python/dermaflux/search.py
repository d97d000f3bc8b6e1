"""The ensemble of a calibration: settings and draws that are run, and what that costs."""

import itertools
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from . import _core
from .corrections import Corrected, corrected_at
from .draws import draw_parameters
from .progress import progress_bar
from .result import OUTPUTS
from .running import Member, MemberError, run_batch
from .treatment import Treatment

_SCALED_BY = 1024  # draws that say how wide a key is


@dataclass(frozen=True)
class Ran:
    """Members that were run together on one grid: `insertions`, each with as many dwell times as share it."""

    grid: str
    insertions: int
    members: int
    seconds: float


@dataclass(frozen=True)
class Effort:
    """What a calibration has run, against the same search on the standard grid with every setting in every draw.

    Attributes
    ----------
    searched: on the grid of the search.   decided: at the best settings on the standard grid.
    full: insertions that the search has without dropping any.
    grid_ratio: time of members on the standard grid over that of the same members on the grid of the search, measured.
    """

    searched: Ran
    decided: Ran
    full: int
    grid_ratio: float

    @property
    def full_seconds(self) -> float:
        """What the full search on the standard grid would take, by the time of an insertion of this one [s]."""
        return self.searched.seconds / max(self.searched.insertions, 1) * self.full * self.grid_ratio

    @property
    def share(self) -> float:
        """Time of search and decision over `full_seconds` [-]."""
        return (self.searched.seconds + self.decided.seconds) / self.full_seconds if self.full_seconds > 0.0 else 1.0

    def __str__(self) -> str:
        """For people; times are those of this run."""
        spent = self.searched.seconds + self.decided.seconds
        return (
            f"{self.searched.insertions} of {self.full} insertions ({self.searched.members} members) on the {self.searched.grid} grid "
            f"and {self.decided.insertions} on the standard grid in {spent:.3g} s; all of them on the standard grid, where a member takes "
            f"{self.grid_ratio:.2g} times as long, would take about {self.full_seconds:.3g} s: {100 * self.share:.0f} % of that was spent"
        )


@dataclass(frozen=True)
class Decided:
    """Outputs of one setting of a file on the standard grid, by name, shape (draw,)."""

    file: _core.CalibrationFile
    setting: Mapping[str, float]
    outputs: dict[str, np.ndarray]


@dataclass
class Search:
    """Runs members of a calibration, counts those that failed, and what was run.

    Attributes
    ----------
    draw: gives the first draws of the uncertain keys of a file, shape (draws,) each.
    """

    file: _core.CalibrationFile
    backend: str
    progress: bool
    draw: Callable[[_core.CalibrationFile, int], Mapping[str, np.ndarray]] = draw_parameters
    failed: int = 0
    ran: list[Ran] = field(default_factory=list)
    _factors: dict[int, tuple[Treatment, dict[str, Corrected]]] = field(default_factory=dict)

    def run(self, title: str, rows: Sequence[tuple[_core.CalibrationFile, float]], dwells: np.ndarray, draws: range) -> dict[str, np.ndarray]:
        """Outputs by name, shape (row, draw, dwell), NaN where a member failed. A row is a calibration file, whose treatment is run, and
        a set depth [mm]."""
        skins = {id(file): self._skins(file, draws) for file, _ in rows}
        members = [
            Member(treatment, skin | {"machine.depth_mm": float(depth)}, dwells)
            for (file, depth), treatment in zip(rows, _treatments(rows), strict=True) for skin in skins[id(file)]
        ]  # fmt: skip
        arrays, missing = collect(self.counted(title, members, self.file.grid), (len(rows), len(draws)), len(dwells), fatal=len(self.ran) < 2)
        self.failed += missing
        return arrays

    def spread(self, title: str, depths: np.ndarray, dwells: np.ndarray, draws: range) -> dict[str, np.ndarray]:
        """Outputs by name, shape (draw, dwell), NaN where a member failed: each draw is run at a set depth of its own [mm]."""
        treatment, skins = Treatment(self.file.base), self._skins(self.file, draws)
        members = [Member(treatment, skin | {"machine.depth_mm": float(depth)}, dwells) for skin, depth in zip(skins, depths, strict=True)]
        arrays, missing = collect(self.counted(title, members, self.file.grid), (1, len(draws)), len(dwells), fatal=False)
        self.failed += missing
        return {name: values[0] for name, values in arrays.items()}

    def skins(self, count: int) -> np.ndarray:
        """The first draws in coordinates of about one, logarithms less their mean over their deviation, shape (draw, key); the same for a
        draw whatever the count."""
        logs = np.log(np.column_stack(list(self.draw(self.file, max(count, _SCALED_BY)).values())))
        some = logs[:_SCALED_BY]
        return ((logs - some.mean(axis=0)) / np.maximum(some.std(axis=0), 1e-12))[:count]

    def at(
        self, title: str, settings: Sequence[tuple[_core.CalibrationFile, dict[str, float]]], draws: int, grid: str, horizon_year: float = 5.0
    ) -> dict[str, np.ndarray]:
        """Outputs by name at one setting of each of some files, shape (setting, draw)."""
        members = [
            Member(treatment, skin | {f"machine.{name}": value for name, value in setting.items()})
            for (file, setting), treatment in zip(settings, _treatments(settings), strict=True) for skin in self._skins(file, range(draws))
        ]  # fmt: skip
        arrays, _ = collect(self.counted(title, members, grid, horizon_year), (len(settings), draws), 1)
        return {name: values[:, :, 0] for name, values in arrays.items()}

    @property
    def horizon_year(self) -> float:
        """Of what decides: a touch-up may come late, and outputs take five years."""
        return max(5.0, self.file.sessions.horizon_years if self.file.sessions else 0.0)

    def decide(self, title: str, settings: Sequence[tuple[_core.CalibrationFile, dict[str, float]]], draws: int) -> list[Decided]:
        """Settings on the standard grid."""
        found = self.at(f"{title} on the standard grid", settings, draws, "standard", self.horizon_year)
        return [Decided(file, setting, {name: values[n] for name, values in found.items()}) for n, (file, setting) in enumerate(settings)]

    def _skins(self, file: _core.CalibrationFile, draws: range) -> list[dict[str, float]]:
        """The uncertain keys of some draws."""
        drawn = self.draw(file, draws.stop)
        return [{key: float(values[k]) for key, values in drawn.items()} for k in draws]

    def counted(self, title: str, members: list[Member], grid: str, horizon_year: float = 5.0) -> list[list[dict[str, float]] | MemberError]:
        """Runs members under a bar that counts those that finished; says on what they run."""
        if self.progress:
            chosen, reason = _core.check_batch(grid, self.backend, len(members))
            print(f"{title}: on {chosen} ({reason})", file=sys.stderr, flush=True)
        started = time.perf_counter()
        with progress_bar(title, len(members), quiet=not self.progress) as show:
            finished = itertools.count(1)
            results = run_batch(members, backend=self.backend, grid=grid, horizon_year=horizon_year, done=lambda index, outcome: show(next(finished)))
        self.ran.append(Ran(grid, len(members), sum(max(len(one.dwells_ms), 1) for one in members), time.perf_counter() - started))
        return [self._corrected(*one) for one in zip(members, results, strict=True)]

    def _corrected(self, member: Member, outcome: list[dict[str, float]] | MemberError) -> list[dict[str, float]] | MemberError:
        """Outputs of a member multiplied by the file's corrections for tilt and prongs, if it has any."""
        if self.file.corrections is None or isinstance(outcome, MemberError):
            return outcome
        if id(member.treatment) not in self._factors:
            self._factors[id(member.treatment)] = (member.treatment, corrected_at(self.file.corrections, member.treatment))
        factors = self._factors[id(member.treatment)][1]
        return [one | {name: one[name] * factor.factor for name, factor in factors.items()} for one in outcome]


def total(ran: Sequence[Ran], grid: str) -> Ran:
    """All of some that were run on a grid."""
    return Ran(grid, sum(one.insertions for one in ran), sum(one.members for one in ran), sum(one.seconds for one in ran))


def _treatments(rows: Sequence[tuple[_core.CalibrationFile, object]]) -> list[Treatment]:
    known = {id(file): Treatment(file.base) for file, _ in rows}
    return [known[id(file)] for file, _ in rows]


def collect(
    members: list[list[dict[str, float]] | MemberError], shape: tuple[int, int], branches: int, fatal: bool = True
) -> tuple[dict[str, np.ndarray], int]:
    """Outputs by name, shape (*shape, branches), and how many are missing; NumericsError if all are and that is `fatal`."""
    if fatal and all(isinstance(member, MemberError) for member in members):
        raise _core.NumericsError(f"every member of the calibration failed; the first: {members[0].message}")
    arrays = {name: np.full((*shape, branches), np.nan) for name in OUTPUTS}
    failed = 0
    for position, member in enumerate(members):
        at = np.unravel_index(position, shape)
        if isinstance(member, MemberError):
            failed += branches
            continue
        for b, outputs in enumerate(member):
            for name, value in outputs.items():
                arrays[name][(*at, b)] = value
    return arrays, failed


def by_draw(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Arrays of shape (depth, draw, dwell) as (depth, dwell, draw)."""
    return {name: values.transpose(0, 2, 1) for name, values in arrays.items()}


def dataset(arrays: dict[str, np.ndarray], depths: np.ndarray, dwells: np.ndarray) -> xr.Dataset:
    """Outputs of every member, from arrays of shape (depth, draw, dwell)."""
    return xr.Dataset(
        {name: (("depth_mm", "draw", "dwell_ms"), values, {"units": OUTPUTS[name]["unit"] or "1"}) for name, values in arrays.items()},
        coords={"depth_mm": depths, "dwell_ms": dwells, "draw": np.arange(next(iter(arrays.values())).shape[1])},
    ).transpose("depth_mm", "dwell_ms", "draw")
