"""Response surface of a calibration: outputs over setting and skin as polynomials, with errors that are known and drawn with them.

Right or wrong of single runs says little of where the best setting lies: a difference of one dot in a hundred drowns in counting. The
outputs behind it are smooth. Each run has a skin and a depth of its own, polynomials take the place of the engine, what they are off by where
a skin is left out is added at random, and the probability of a right dot is the mean over as many skins as one likes. What the engine says of
its own skins less what the surface says of them corrects the surface (control variate), so that a wrong shape costs width, not truth.

Sources: Allen 1974, Technometrics 16 (errors where data are left out); Efron 1979, Ann. Statist. 7 (resampling, of whole skins here); Angelopoulos
et al. 2023, Science 382 (correction by what a model misses).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from scipy import stats

from . import _core
from .criteria import keeps, worth

_SKINS_PER_TERM = 1.5  # fewer, and a polynomial follows the runs instead of the engine
_DETERMINED = 1e-6  # share of a run that its own skin must leave to the others
_WORTH_MORE = 1e-4  # that a set of more terms must judge better by
_GROUPS = 64  # of skins
_CORRECTION, _FULLER = 6, 10  # terms of the setting that the engine corrects, to the second degree; to the third, to see what that leaves
_ERRORS = 64  # drawn for each run, to say how likely the surface thinks it to be right
_AT_ONCE = 256  # skins, to keep the memory small


@dataclass(frozen=True)
class Runs:
    """Runs of the engine, each with a skin and a depth of its own and some dwell times.

    Attributes
    ----------
    skins: uncertain keys in coordinates of about one, shape (skin, key).
    depths: shape (skin,) [mm].   dwells: shape (skin, dwell) [ms].
    outputs: by name, shape (skin, dwell); NaN where a run failed.
    """

    skins: np.ndarray
    depths: np.ndarray
    dwells: np.ndarray
    outputs: Mapping[str, np.ndarray]

    def joined(self, more: "Runs") -> "Runs":
        """These and more, which have as many dwell times."""
        parts = ((getattr(self, name), getattr(more, name)) for name in ("skins", "depths", "dwells"))
        return Runs(*map(np.concatenate, parts), {name: np.concatenate([self.outputs[name], values]) for name, values in more.outputs.items()})


def of_skin(skins: np.ndarray) -> np.ndarray:
    """Terms of the skin: 1, each key, its square, products of two keys; shape (skin, term)."""
    products = [skins[:, i] * skins[:, j] for i, j in combinations(range(skins.shape[1]), 2)]
    return np.column_stack([np.ones(len(skins)), skins, skins**2, *products])


def of_setting(setting: np.ndarray) -> np.ndarray:
    """Terms of depth and dwell time up to the third degree, by degree; shape (setting, 2) to (setting, 10)."""
    x, y = setting.T
    return np.column_stack([x**a * y**b for degree in range(4) for a, b in ((degree - n, n) for n in range(degree + 1))])


@dataclass(frozen=True)
class TermSet:
    """Which terms of the skin multiply those of the setting, by their degree: 1 alone, each key with it, squares with these, and products of as many
    of the strongest keys.

    Attributes
    ----------
    degrees: keys (1), keys and squares (2), or none (0), at the degrees 0, 1, 2 of the setting.   strongest: keys whose products are alone, and
        with the first degree.
    """

    degrees: tuple[int, int, int]
    strongest: tuple[int, int] = (0, 0)

    def terms(self, order: np.ndarray) -> np.ndarray:
        """Shape (10, terms of the skin).

        Parameters
        ----------
        order: keys, the strongest first.
        """
        keys = len(order)
        rank = np.argsort(order)
        pairs = np.array([max(rank[i], rank[j]) for i, j in combinations(range(keys), 2)], dtype=int)
        rows = []
        for degree, strongest in zip((*self.degrees, 0), (*self.strongest, 0, 0), strict=True):
            rows.append(np.concatenate([np.arange(1 + 2 * keys) < 1 + degree * keys, pairs < strongest]))
        return np.array(rows)[np.array([0, 1, 1, 2, 2, 2, 3, 3, 3, 3])]


def _sets(keys: int) -> list[TermSet]:
    """The smallest first."""
    found = [TermSet((0, 0, 0)), TermSet((1, 0, 0)), TermSet((2, 1, 0)), TermSet((2, 1, 1))]
    for some in sorted({min(many, keys) for many in (6, 10, keys)}):
        found += [TermSet((2, 1, 1), (some, 0)), TermSet((2, 2, 1), (some, 0)), TermSet((2, 2, 1), (some, some))]
    return found


@dataclass(frozen=True)
class Rule:
    """A criterion on the scale of a surface."""

    output: str
    low: float
    high: float
    weight: float | None

    @staticmethod
    def of(one: _core.Criterion, logarithm: bool) -> "Rule":
        """The same limits, or their logarithms."""
        low, high = (float(end) if not logarithm else float(np.log(end)) if end > 0.0 else -np.inf for end in (one.low, one.high))
        return Rule(one.output, low, high, one.weight)


@dataclass(frozen=True)
class Equations:
    """Normal equations of outputs with the same terms, by groups of skins, so that resampling groups costs one solution.

    Attributes
    ----------
    outputs: numbers of them.   terms: shape (terms of the setting, terms of the skin).
    left: shape (group, term, term).   right: shape (group, term, output).
    """

    outputs: np.ndarray
    terms: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def solve(self, counts: np.ndarray) -> np.ndarray:
        """Weights, shape (term, output), where each group counts as often as it was drawn."""
        matrix = np.tensordot(counts, self.left, 1)
        scale = np.sqrt(np.maximum(matrix.diagonal(), 1e-300))
        matrix = matrix / scale[:, None] / scale
        matrix[np.diag_indices_from(matrix)] += 1e-9  # a group less may leave a term without a say
        return np.linalg.solve(matrix, np.tensordot(counts, self.right, 1) / scale[:, None]) / scale[:, None]


@dataclass(frozen=True)
class Surface:
    """Polynomials of the outputs that the rules need.

    Attributes
    ----------
    names: of the outputs.   logarithm: whether a surface is that of the logarithm, of each output.
    criteria: on these scales.   given: outputs on these scales, shape (skin, dwell, output).
    equations: for the weights.
    errors: engine less the surface made without the skin, shape (skin, dwell, output); NaN where there is no run.
    """

    names: tuple[str, ...]
    logarithm: np.ndarray
    criteria: tuple[Rule, ...]
    given: np.ndarray
    errors: np.ndarray
    equations: tuple[Equations, ...]

    @cached_property
    def known_errors(self) -> np.ndarray:
        """Of all runs, shape (run, output)."""
        flat = self.errors.reshape(-1, self.errors.shape[2])
        return flat[np.isfinite(flat).all(axis=1)]

    def weights(self, counts: np.ndarray) -> np.ndarray:
        """Of the terms, shape (terms of the setting, terms of the skin, output), where groups count as often as they were drawn."""
        found = np.zeros((*self.equations[0].terms.shape, len(self.names)))
        for one in self.equations:
            found[:, :, one.outputs] = _placed(one.terms, one.solve(counts))
        return found


def _left_out(base: np.ndarray, values: np.ndarray, dwells: int) -> np.ndarray:
    """Values less what a fit without their skin gives, shape (skin, dwell): a skin left out changes the fit at its own runs by its share in it. NaN
    where the other skins do not determine the fit.

    Parameters
    ----------
    base: orthonormal columns of the equations, shape (skin * dwell, terms).   values: shape (skin * dwell,).
    """
    left = (values - base @ (base.T @ values)).reshape(-1, dwells)
    own = base.reshape(len(left), dwells, -1)
    rest = np.eye(dwells) - own @ own.transpose(0, 2, 1)
    if np.linalg.eigvalsh(rest)[:, 0].min() < _DETERMINED:
        return np.full(left.shape, np.nan)
    return np.linalg.solve(rest, left[..., None])[..., 0]


def _placed(terms: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weights of chosen terms among all, shape (*terms, output)."""
    found = np.zeros((*terms.shape, weights.shape[1]))
    found[terms] = weights
    return found


@dataclass(frozen=True)
class Box:
    """Settings that a surface is made for.

    Attributes
    ----------
    depth: ends [mm].   dwell: ends, logarithms of ms.
    """

    depth: tuple[float, float]
    dwell: tuple[float, float]

    def coordinates(self, depths: np.ndarray, dwells: np.ndarray) -> np.ndarray:
        """-1 to 1 over the box, shape (setting, 2)."""
        rows = []
        for values, (low, high) in ((np.ravel(depths), self.depth), (np.log(np.ravel(dwells)), self.dwell)):
            rows.append((values - 0.5 * (low + high)) / max(0.5 * (high - low), 1e-12))
        return np.column_stack(rows)


class Designs:
    """Runs inside a box as equations for the weights of a surface.

    Attributes
    ----------
    given: outputs, shape (skin, dwell, output).   inside: which runs lie in the box.   good: which of these have numbers, too.
    group: of each skin; groups are resampled. They are neighbours in the sequence of draws, which fill the space evenly together.
    """

    def __init__(self, runs: Runs, box: Box, criteria: Sequence[_core.Criterion]) -> None:
        self.box, self.criteria = box, criteria
        self.names = tuple(dict.fromkeys(rule.output for rule in criteria))
        all_places = box.coordinates(np.broadcast_to(runs.depths[:, None], runs.dwells.shape), runs.dwells).reshape(*runs.dwells.shape, 2)
        within = (abs(all_places) <= 1.0 + 1e-9).all(axis=2)
        used = within.any(axis=1)
        self.inside = within[used]
        self.shape = self.inside.shape
        given = np.stack([runs.outputs[name][used] for name in self.names], axis=-1)
        self.good = self.inside & np.isfinite(given).all(axis=-1)
        self.given = np.where(self.good[..., None], given, 0.0)
        self.skins, self.keys = of_skin(runs.skins[used]), runs.skins.shape[1]
        self.setting = of_setting(all_places[used].reshape(-1, 2)).reshape(*self.shape, -1)
        self.groups = min(self.shape[0], _GROUPS)
        self.group = np.arange(self.shape[0]) * self.groups // self.shape[0]

    def matrix(self, terms: np.ndarray) -> np.ndarray:
        """Equations of a set of terms, shape (skin * dwell, terms); what is not good asks nothing."""
        parts = [self.setting[:, :, b, None] * self.skins[:, None, chosen] for b, chosen in enumerate(terms)]
        return (np.concatenate(parts, axis=2) * self.good[..., None]).reshape(-1, int(terms.sum()))

    def by_group(self, rows: np.ndarray) -> list[slice]:
        """Rows of each group, of arrays with a row for each run."""
        ends = np.searchsorted(self.group, np.arange(self.groups + 1)) * (len(rows) // self.shape[0])
        return [slice(low, high) for low, high in zip(ends[:-1], ends[1:], strict=True)]

    def fit(self) -> Surface:
        """Each output takes the set of terms, and it or its logarithm, whichever tells best what keeps its rules where the skin is left out (the
        least mean square of probability less outcome; Brier 1950, Mon. Weather Rev. 78)."""
        skins, dwells = self.shape
        outputs = len(self.names)
        positive = np.array([(column[self.good] > 0.0).all() for column in np.moveaxis(self.given, -1, 0)])
        scales = self.given, np.where(self.good[..., None] & positive, np.log(np.where(self.good[..., None] & positive, self.given, 1.0)), self.given)
        both = np.concatenate(scales, axis=2)  # the outputs, then their logarithms
        best = np.full(2 * outputs, np.inf)
        errors = np.full((skins, dwells, 2 * outputs), np.nan)
        flat = both.reshape(-1, 2 * outputs)
        alone = TermSet((1, 0, 0)).terms(np.arange(self.keys))
        slopes = np.linalg.lstsq(self.matrix(alone), flat, rcond=None)[0][1 : 1 + self.keys]
        order = np.argsort(-np.abs(slopes), axis=0, kind="stable")
        taken = np.zeros((2 * outputs, *alone.shape), dtype=bool)
        for number, one in enumerate(_sets(self.keys)):
            bases: dict[bytes, np.ndarray] = {}
            for m in np.flatnonzero(best > _WORTH_MORE):
                terms = one.terms(order[:, m])
                if number and skins < _SKINS_PER_TERM * terms[0].sum():
                    continue
                if terms.tobytes() not in bases:
                    bases[terms.tobytes()] = np.linalg.qr(self.matrix(terms))[0]
                left_out = _left_out(bases[terms.tobytes()], flat[:, m], dwells)
                size = self._misjudged(m % outputs, m >= outputs, both[self.good][:, m], left_out[self.good])
                if size < best[m] - _WORTH_MORE:  # never of what is not determined, NaN
                    best[m], taken[m], errors[..., m] = size, terms, left_out
        errors[~self.good] = np.nan
        logarithm = positive & (best[outputs:] < best[:outputs])
        chosen = np.arange(outputs) + outputs * logarithm
        flat, taken, errors = flat[:, chosen], taken[chosen], errors[..., chosen]
        equations = []
        for terms in np.unique(taken, axis=0):
            same = np.flatnonzero((taken == terms).all(axis=(1, 2)))
            matrix = self.matrix(terms)
            parts = [(matrix[rows].T @ matrix[rows], matrix[rows].T @ flat[rows][:, same]) for rows in self.by_group(matrix)]
            equations.append(Equations(same, terms, *map(np.array, zip(*parts, strict=True))))
        by_name = dict(zip(self.names, logarithm.tolist(), strict=True))
        rules = tuple(Rule.of(rule, by_name[rule.output]) for rule in self.criteria)
        return Surface(self.names, logarithm, rules, flat.reshape(skins, dwells, outputs), errors, tuple(equations))

    def _misjudged(self, output: int, logarithm: bool, given: np.ndarray, errors: np.ndarray) -> float:
        """Mean square of the probability to keep the rules of an output, as a surface with normal errors gives it, less whether it did."""
        spread = max(float(np.sqrt(np.mean(errors**2))), 1e-12 * (1.0 + float(np.abs(given).max())))
        total = 0.0
        for one in self.criteria:
            if one.output == self.names[output]:
                rule = Rule.of(one, logarithm)
                ends = stats.norm.cdf((np.array([[rule.low], [rule.high]]) - (given - errors)) / spread)
                total += float(np.mean((ends[1] - ends[0] - keeps(given, rule)) ** 2))
        return total

    def missed(self, surface: Surface, seed: int) -> np.ndarray:
        """Worth by the engine less that by the surface, which knows the skins of all other runs and its own errors, of each run, shape
        (skin, dwell); 0 outside the box. A run that failed is worth nothing."""
        random = np.random.default_rng(seed)
        guessed = surface.given - np.nan_to_num(surface.errors)
        if (failed := self.inside & ~self.good).any():
            skin, dwell = np.nonzero(failed)
            guessed[failed] = np.einsum("rs,bso,rb->ro", self.skins[skin], surface.weights(np.ones(self.groups)), self.setting[skin, dwell])
        drawn = surface.known_errors[random.integers(0, len(surface.known_errors), (_ERRORS, *self.shape))]
        thought = worth(dict(zip(self.names, np.moveaxis(guessed + drawn, -1, 0), strict=True)), surface.criteria).mean(axis=0)
        real = worth(dict(zip(self.names, np.moveaxis(surface.given, -1, 0), strict=True)), surface.criteria)
        return np.where(self.inside, np.where(self.good, real, 0.0) - thought, 0.0)


@dataclass(frozen=True)
class Skins:
    """Skins that a probability is the mean of: terms, and an error of the surface for each, shapes (skin, term) and (skin, output)."""

    terms: np.ndarray
    errors: np.ndarray


def expected_worth(
    names: Sequence[str], weights: np.ndarray, skins: Skins, setting: np.ndarray, criteria: Sequence[Rule]
) -> np.ndarray:
    """Mean worth over skins at settings, from terms of the setting, shape (setting, 10) to (setting,)."""
    total = np.zeros(len(setting))
    for first in range(0, len(skins.terms), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        outputs = {name: (skins.terms[some] @ weights[:, :, n].T) @ setting.T + skins.errors[some, n, None] for n, name in enumerate(names)}
        total += worth(outputs, criteria).sum(axis=0)
    return total / len(skins.terms)


@dataclass(frozen=True)
class Worths:
    """Mean worth at settings, shape (setting,) each.

    Attributes
    ----------
    found: by the surface, corrected by the engine.
    otherwise: what may be wrong in it: with a finer correction, less it; half the difference between two halves of the skins.
    resampled: with what the runs do not know added, shape (resamples, setting).
    """

    found: np.ndarray
    otherwise: tuple[np.ndarray, np.ndarray]
    resampled: np.ndarray


def resampled_worth(
    designs: Designs, draw: Callable[[int], np.ndarray], setting: np.ndarray, *, resamples: int, skins: int, seed: int
) -> Worths:
    """Mean worth at settings over eight times `skins` skins, from a surface, corrected by the engine. What the runs do not know comes from
    leaving out one group of them after the other (jackknife, of `skins` skins): a surface with half as many terms as skins follows its own runs too closely for
    resampling them, but not those that it has not seen. Source: Kott 2001, J. Off. Stat. 17.

    Parameters
    ----------
    draw: gives so many skins, shape (skin, key).
    setting: coordinates in the box, shape (setting, 2).
    """
    random = np.random.default_rng(seed)
    surface = designs.fit()
    missed = designs.missed(surface, seed)
    terms, known = of_setting(setting), of_skin(draw(8 * skins))
    errors = surface.known_errors[random.integers(0, len(surface.known_errors), len(known))]
    correction, fuller = (_correction(designs, missed, degree) for degree in (_CORRECTION, _FULLER))

    def thought(counts: np.ndarray, which: slice) -> np.ndarray:
        return expected_worth(designs.names, surface.weights(counts), Skins(known[which], errors[which]), terms, surface.criteria)

    def correct(by: Equations, counts: np.ndarray) -> np.ndarray:
        weights = by.solve(counts)[:, 0]
        return terms[:, : len(weights)] @ weights

    count = designs.groups
    same, few = np.ones(count), slice(0, skins)
    one, other = thought(same, slice(0, 4 * skins)), thought(same, slice(4 * skins, None))  # neighbours in the sequence are even together
    found = 0.5 * (one + other) + correct(correction, same)
    without = np.array([thought(left, few) + correct(correction, left) for left in same - np.eye(count)])
    deviations = np.sqrt((count - 1.0) / count) * (without - without.mean(axis=0))
    resampled = found + np.array([z @ deviations for z in random.standard_normal((resamples, count))])
    return Worths(found, (correct(fuller, same) - correct(correction, same), 0.5 * (one - other)), resampled)


def _correction(designs: Designs, missed: np.ndarray, terms: int) -> Equations:
    """Equations for what the surface misses, by the first terms of the setting."""
    at_runs = (designs.setting[:, :, :terms] * designs.inside[..., None]).reshape(-1, terms)
    wrong = missed.reshape(-1, 1)
    parts = [(at_runs[rows].T @ at_runs[rows], at_runs[rows].T @ wrong[rows]) for rows in designs.by_group(at_runs)]
    return Equations(np.zeros(1, dtype=int), np.ones((1, 1), dtype=bool), *map(np.array, zip(*parts, strict=True)))
