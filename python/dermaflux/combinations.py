"""Settings beside depth and dwell time: which combination of them is best, found with few draws where few are enough.

A race (successive halving): every combination starts with few draws of skin, ink and hand; each round doubles them for the settings
that can still be the best. A setting is out once paired draws show that another is better: of the differences d in worth, between
-1 and 1, the product over the draws of 1 + b d, a bet on them, is never large for long if they are zero or below on average, and
exceeds N/chance with no more than that probability at any time (Ville's inequality), however often one looks. With N settings the best
of all is dropped with a probability of `CHANCE` at most: for independent draws; Sobol points are more even. Sources: Waudby-Smith &
Ramdas 2024, J. R. Stat. Soc. B 86; Karnin, Koren & Somekh 2013, ICML (halving).
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import logsumexp

from . import _core
from .criteria import mean_error, score, worth
from .search import Decided, Search, by_draw
from .treatment import Value, override_texts

CHANCE = 0.05  # that the best setting is dropped, at most
FIRST = 8  # draws of the first round
_BETS = np.array([0.25, 0.5, 0.75, 1.0])  # on the mean of differences between -1 and 1; the mean of all is the bet

Row = tuple[int, int]
Run = Callable[[Sequence[Row], range], Mapping[str, np.ndarray]]
"""Runs rows, each a combination and a depth, for some draws: outputs by name, shape (row, dwell, draw)."""


def value_text(value: Value) -> str:
    """A value of a setting for people."""
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Combination:
    """One choice of the further settings, and the best it reached.

    Attributes
    ----------
    values: by key, in the unit of the key.
    best: depth and dwell time, of the settings that were run longest.
    worth: mean worth there on the grid of the search, the probability of a right dot where no rule has a weight; error: its standard
        error. The best of many settings looks better than it is.
    draws: that were run before it was dropped, or all.
    behind: how much less that is than the best setting of the chosen combination, in the same draws, and its standard error.
    decided: mean worth on the standard grid; None if it was dropped before.
    """

    values: dict[str, Value]
    best: dict[str, float]
    worth: float
    error: float
    draws: int
    behind: float = 0.0
    behind_error: float = 0.0
    decided: float | None = None


@dataclass
class Race:
    """What a race has run and found.

    Attributes
    ----------
    alive: whether a setting can still be the best, shape (combination, depth, dwell).
    worth: of each draw, shape (combination, depth, dwell, draw), NaN where it was not run.
    outputs: of each row that was run and whose combination is alive, arrays (dwell, draw), one after the other.
    """

    alive: np.ndarray
    worth: np.ndarray
    outputs: dict[Row, list[Mapping[str, np.ndarray]]] = field(default_factory=dict)

    def outputs_of(self, row: Row) -> dict[str, np.ndarray]:
        """Outputs of all draws of a row that were run, arrays (dwell, draw)."""
        parts = self.outputs[row]
        return {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}

    def draws_of(self, row: Row) -> int:
        """How many draws of a row were run."""
        return int(np.isfinite(self.worth[row][0]).sum())

    def add(self, rows: Sequence[Row], draws: range, found: Mapping[str, np.ndarray], criteria: Sequence[_core.Criterion]) -> None:
        """Takes outputs of rows, shape (row, dwell, draw)."""
        value = worth(found, criteria)
        for n, row in enumerate(rows):
            self.worth[row][:, draws.start : draws.stop] = value[n]
            self.outputs.setdefault(row, []).append({name: values[n] for name, values in found.items()})

    def best_of(self, combination: int, criteria: Sequence[_core.Criterion]) -> tuple[int, int, int]:
        """Depth and dwell time with the highest worth among the settings of a combination that were run longest and, of those, can still
        be the best if any can; and the draws that were run there."""
        counts = np.isfinite(self.worth[combination]).sum(axis=-1)
        among = self.alive[combination] if self.alive[combination].any() else counts == counts.max()
        draws = int(counts[among].max())
        reached = np.full(counts.shape, -np.inf)
        for i in np.flatnonzero((among & (counts == draws)).any(axis=1)):
            row = combination, int(i)
            own = score(self.outputs_of(row), criteria) if row in self.outputs else self.worth[row][:, :draws].mean(axis=1)
            reached[i] = np.where(among[i] & (counts[i] == draws), own, -np.inf)
        i, j = np.unravel_index(int(np.argmax(reached)), reached.shape)
        return int(i), int(j), draws


def race(count: int, allowed: np.ndarray, run: Run, criteria: Sequence[_core.Criterion], draws: int, chance: float = CHANCE) -> Race:
    """Runs combinations against each other until all draws are run or one setting is left.

    Parameters
    ----------
    count: of combinations.   allowed: which settings of each may be chosen, shape (depth, dwell).
    draws: of the last round.   chance: that the best setting is dropped, at most.
    """
    alive = np.broadcast_to(allowed, (count, *allowed.shape)).copy()
    settings = int(alive.sum())
    state = Race(alive, np.full((*alive.shape, draws), np.nan))
    done = 0
    while done < draws and alive.sum() > 1:
        until = min(max(2 * done, FIRST), draws)
        rows = [(int(c), int(i)) for c, i in np.argwhere(alive.any(axis=2))]
        state.add(rows, range(done, until), run(rows, range(done, until)), criteria)
        done = until
        alive &= ~_worse(state.worth[..., :done], alive, np.log(settings / chance))
        for row in [row for row in state.outputs if not alive[row[0]].any()]:
            del state.outputs[row]  # what takes memory
    return state


def _worse(values: np.ndarray, alive: np.ndarray, limit: float) -> np.ndarray:
    """Which settings alive are worse than the one that looks best: the logarithm of the bet exceeds a limit.

    Parameters
    ----------
    values: worth, shape (combination, depth, dwell, draw).   alive: without the last dimension.
    """
    some = values[alive]
    ahead = some[np.argmax(some.mean(axis=1))] - some
    with np.errstate(divide="ignore"):  # the boldest bet is lost by one whole difference
        bets = np.stack([np.log1p(bet * ahead).sum(axis=1) for bet in _BETS])
    worse = np.zeros_like(alive)
    worse[alive] = logsumexp(bets, axis=0) - np.log(len(_BETS)) > limit
    return worse


def combinations(file: _core.CalibrationFile) -> list[tuple[dict[str, Value], _core.CalibrationFile]]:
    """Every combination of the further settings of a calibration, checked, with the calibration of depth and dwell time in it; of none the
    file itself. Raises InputError where some fit no treatment."""
    if not file.settings:
        return [({}, file)]
    keys = [axis.key for axis in file.settings]
    chosen = [dict(zip(keys, values, strict=True)) for values in itertools.product(*(axis.values for axis in file.settings))]
    return [(values, file.with_settings(override_texts(values))) for values in chosen]


@dataclass(frozen=True)
class Choice:
    """The best combination.

    Attributes
    ----------
    number: of it, in the order of :func:`combinations`.   all: of them, empty where no further setting was searched.
    outputs: of it by name, shape (depth, draw, dwell).
    decided: the setting of it that the standard grid has seen, if any.
    """

    number: int
    all: list[Combination]
    outputs: dict[str, np.ndarray]
    decided: Decided | None = None


def choose(search: Search, given: Sequence[tuple[dict[str, Value], _core.CalibrationFile]], allowed: np.ndarray) -> Choice:
    """Races combinations on the grid of the search, decides on the standard grid among those that are left, and runs what the race has
    left out of the best.

    Parameters
    ----------
    allowed: settings inside the envelope, shape (depth, dwell).
    """
    file = search.file
    depths, dwells = np.array(file.depths_mm), np.array(file.dwells_ms)

    def run(rows: Sequence[Row], draws: range) -> dict[str, np.ndarray]:
        title = f"{len({c for c, _ in rows})} combinations, draws {draws.start + 1} to {draws.stop}"
        return by_draw(search.run(title, [(given[c][1], depths[i]) for c, i in rows], dwells, draws))

    raced = race(len(given), allowed, run, file.criteria, file.draws)
    left = np.flatnonzero(raced.alive.any(axis=(1, 2))).tolist()
    places = [raced.best_of(c, file.criteria) for c in range(len(given))]
    standard: dict[int, Decided] = {}
    if len(left) > 1:
        settings = [(given[c][1], _setting(depths, dwells, places[c])) for c in left]
        standard = dict(zip(left, search.decide("what is left,", settings, file.draws), strict=True))
    decided = {c: float(worth(one.outputs, file.criteria).mean()) for c, one in standard.items()}
    winner = max(left, key=lambda c: (decided.get(c, 0.0), raced.worth[c][places[c][:2]][: places[c][2]].mean()))
    rows = [(winner, i) for i in range(len(depths))]
    for have in sorted({raced.draws_of(row) for row in rows} - {file.draws}):
        some, rest = [row for row in rows if raced.draws_of(row) == have], range(have, file.draws)
        raced.add(some, rest, run(some, rest), file.criteria)
    raced.alive[winner] = allowed  # all of it is known now
    places[winner] = raced.best_of(winner, file.criteria)
    whole = [raced.outputs_of(row) for row in rows]
    outputs = {name: np.stack([one[name].T for one in whole]) for name in whole[0]}
    reached = [raced.worth[c, i, j, :draws] for c, (i, j, draws) in enumerate(places)]
    found = []
    for c, (values, _) in enumerate(given):
        draws = len(reached[c])
        behind = reached[winner][:draws] - reached[c]
        error = 0.0 if c == winner else mean_error(behind)
        best = _setting(depths, dwells, places[c])
        found.append(Combination(values, best, float(reached[c].mean()), mean_error(reached[c]), draws, float(behind.mean()), error, decided.get(c)))
    return Choice(winner, found, outputs, standard.get(winner))


def _setting(depths: np.ndarray, dwells: np.ndarray, place: tuple[int, int, int]) -> dict[str, float]:
    return {"depth_mm": float(depths[place[0]]), "dwell_ms": float(dwells[place[1]])}
