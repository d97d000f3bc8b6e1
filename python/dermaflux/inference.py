"""Bayesian inference by ensemble MCMC: priors of uncertain keys, the probability of data, samples of the posterior."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import emcee
import numpy as np
from scipy import stats

from . import _core
from .draws import normal_scale
from .emulator import Emulator

STEPS_PER_TIME = 50  # chains are called long enough at so many autocorrelation times (emcee's rule)
_TOO_SHORT = 20  # below, even the autocorrelation time is not known well
_BURN_TIMES, _MOST_SAMPLES = 5, 4096
_START_FROM = 32


@dataclass(frozen=True)
class Prior:
    """Uncertain keys in coordinates in which their priors are standard normal, cut off at the ends of their ranges.

    Attributes
    ----------
    middle, spread: values are middle * exp(spread * coordinate); shape (keys,).
    ends: of the coordinates, shape (2, keys).
    """

    keys: tuple[str, ...]
    middle: np.ndarray
    spread: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, values: Mapping[str, _core.ConfigValue], keys: Sequence[str]) -> "Prior":
        """From the ranges of the files, as calibrations draw."""
        scales = [normal_scale(values[key]) for key in keys]
        middle = np.array([values[key].value for key in keys])
        return cls(tuple(keys), middle, np.array([spread for spread, _ in scales]), np.array([ends for _, ends in scales]).T)

    @property
    def width(self) -> np.ndarray:
        """Standard deviation of the coordinates, shape (keys,)."""
        return np.array([stats.truncnorm.std(low, high) for low, high in self.ends.T])

    def coordinates(self, values: np.ndarray) -> np.ndarray:
        return np.log(values / self.middle) / self.spread

    def values(self, coordinates: np.ndarray) -> np.ndarray:
        """In the unit of each key; inside its range."""
        low, high = self.middle * np.exp(self.spread * self.ends)
        return np.clip(self.middle * np.exp(self.spread * coordinates), low, high)

    def log_density(self, coordinates: np.ndarray) -> np.ndarray:
        """Up to a constant, shape (n, keys) to (n,); minus infinity outside."""
        inside = np.all((coordinates >= self.ends[0]) & (coordinates <= self.ends[1]), axis=1)
        return np.where(inside, -0.5 * np.sum(coordinates**2, axis=1), -np.inf)


@dataclass(frozen=True)
class Chain:
    """What the sampler gave.

    Attributes
    ----------
    samples: of the coordinates, shape (samples, keys), thinned to nearly independent ones.
    time: largest autocorrelation time over the keys [steps].
    steps: of each walker.
    misfit: least sum of squares over the samples, in standard deviations.
    """

    samples: np.ndarray
    time: float
    steps: int
    accepted: float
    misfit: float

    @property
    def long_enough(self) -> bool:
        return self.steps >= STEPS_PER_TIME * self.time

    def statement(self) -> str:
        """What can be said of convergence."""
        text = f"{self.steps} steps are {self.steps / self.time:.0f} autocorrelation times ({self.time:.0f} steps) of the slowest key"
        return text if self.long_enough else f"{text}, fewer than {STEPS_PER_TIME}: quantiles are known less well; give more steps"


def sample_posterior(
    prior: Prior, emulator: Emulator, measured: np.ndarray, covariance: np.ndarray, *, walkers: int, steps: int, seed: int
) -> Chain:
    """Samples the posterior of the keys; the same seed gives the same samples.

    Parameters
    ----------
    measured: shape (quantities,). covariance: of measurement, interpolation and emulator together, shape (quantities, quantities).

    The data are normal about the emulator. Walkers mostly move by differences of others (ter Braak 2006, Stat. Comput. 16), which forgets
    faster than stretching alone; they start at the likeliest of points drawn from the prior. Source: Foreman-Mackey et al. 2013, PASP 125
    (emcee).

    Raises
    ------
    NumericsError: chains of fewer than twenty autocorrelation times.
    """
    whiten = np.linalg.inv(np.linalg.cholesky(covariance))

    def squares(places: np.ndarray) -> np.ndarray:
        return np.sum(((measured - emulator(places)) @ whiten.T) ** 2, axis=1)

    def log_probability(places: np.ndarray) -> np.ndarray:
        return prior.log_density(places) - 0.5 * squares(np.clip(places, *prior.ends))

    random = np.random.default_rng(seed)
    first = stats.truncnorm.rvs(*prior.ends, size=(_START_FROM * walkers, len(prior.keys)), random_state=random)
    start = first[np.argsort(-log_probability(first), kind="stable")[:walkers]]
    moves = [(emcee.moves.DEMove(), 0.8), (emcee.moves.StretchMove(), 0.2)]
    sampler = emcee.EnsembleSampler(walkers, len(prior.keys), log_probability, moves=moves, vectorize=True)
    state = emcee.State(start, random_state=np.random.RandomState(seed).get_state())
    sampler.run_mcmc(state, steps, skip_initial_state_check=True)
    time = float(np.max(sampler.get_autocorr_time(tol=0)))
    if not math.isfinite(time) or steps < _TOO_SHORT * time:
        raise _core.NumericsError(
            f"the chains of {steps} steps are too short: their autocorrelation time is {time:.0f} steps or more; give steps = "
            f"{_round(2 * STEPS_PER_TIME * time)} or more"
        )
    samples = sampler.get_chain(discard=min(math.ceil(_BURN_TIMES * time), steps // 2), thin=max(1, int(time / 2.0)), flat=True)
    samples = samples[np.linspace(0, len(samples) - 1, min(len(samples), _MOST_SAMPLES)).round().astype(int)]
    accepted = float(np.mean(sampler.acceptance_fraction))
    return Chain(samples, time, steps, accepted, float(squares(samples).min()))


def _round(steps: float) -> int:
    return int(math.ceil((steps if math.isfinite(steps) else 1e4) / 1000.0)) * 1000
