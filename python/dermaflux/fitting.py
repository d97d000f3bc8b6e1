"""Fit: what measurements of a dot say of the uncertain keys. The engine runs at points of the priors, an emulator takes its place, and
ensemble MCMC samples the posterior. Errors of the emulator widen the posterior; they are never left out."""

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import rfc8785
import xarray as xr
from scipy import stats
from threadpoolctl import threadpool_limits

from . import _core, observed, provenance
from .draws import even_points, from_range
from .emulator import Emulator, emulate
from .entries import NAMES, Entries
from .inference import Chain, Prior, sample_posterior
from .observed import Observation, doubt
from .posterior import widest_first
from .running import Member, MemberError, run
from .study import Manner, run_study
from .treatment import Treatment, Value, override_texts, unit_of

_BEYOND = 3.0  # standard deviations past the runs of the engine that a measurement may lie
_SILENT = 0.9  # posterior over prior width from which on the data say next to nothing of a key
_CONTRADICTS = 1e-3  # probability of the misfit below which the data contradict each other or the model


@dataclass(frozen=True)
class FitPlan:
    """What a fit will run."""

    file: _core.FitFile
    seen: tuple[Observation, ...]

    @cached_property
    def treatment(self) -> Treatment:
        return Treatment(self.file.base)

    @cached_property
    def prior(self) -> Prior:
        return Prior.of(self.file.base.values, self.file.uncertain)

    @property
    def whole_runs(self) -> bool:
        """Whether the engine must give series or fields."""
        return any(one.whole_run for one in self.seen)

    @property
    def title(self) -> str:
        return self.file.title

    @property
    def names(self) -> tuple[str, ...]:
        return observed.names_of(self.seen) if self.whole_runs else NAMES

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.file.runs,)

    @property
    def members(self) -> list[tuple[int, ...]]:
        return [(n,) for n in range(self.file.runs)]

    @property
    def insertions(self) -> int:
        return self.file.runs

    @cached_property
    def members_sha256(self) -> str:
        """Hash of everything that decides what the engine gives: input, priors, what is observed, runs, program. Other measurements or a
        longer chain ask nothing new of the engine."""
        file = self.file
        asked = sorted(self.names) if self.whole_runs else []
        content = {
            "fit": self.treatment.resolved(), "keys": [[key, *file.base.values[key].range] for key in file.uncertain], "grid": file.grid,
            "asked": asked, "horizon_year": observed.horizon_year(self.seen), "runs": file.runs, "seed": file.seed, "program": provenance.build(),
        }  # fmt: skip
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()

    @cached_property
    def sha256(self) -> str:
        """Hash of everything that decides the result: that and the data, the sampler, the title."""
        sampler = [self.file.title, self.file.walkers, self.file.steps]
        content = {"members": self.members_sha256, "observations": observed.facts(self.seen), "sampler": sampler}
        return hashlib.sha256(rfc8785.dumps(content)).hexdigest()

    def draws(self) -> dict[str, np.ndarray]:
        """Values of each key, shape (runs,): scrambled Sobol points on the priors."""
        unit = even_points(len(self.file.uncertain), self.file.runs, self.file.seed)
        return {key: from_range(self.file.base.values[key], unit[:, n]) for n, key in enumerate(self.file.uncertain)}


def plan_fit(path: str | os.PathLike[str], changes: Mapping[str, Value] | None = None) -> FitPlan:
    """Reads a fit and its data.

    Raises
    ------
    InputError: the file, a key or the data are wrong. FileError: no such file.
    """
    return plan_fit_of_texts(path, override_texts(changes))


def plan_fit_of_texts(path: str | os.PathLike[str], overrides: list[tuple[str, str]]) -> FitPlan:
    """:func:`plan_fit` with overrides as the command line gives them."""
    file = _core.load_fit(path, overrides)
    return FitPlan(file, observed.observations(file))


def fit(plan: FitPlan, out: str | os.PathLike[str], *, backend: str = "auto", progress: bool = False) -> xr.Dataset:
    """Infers the keys of a fit and writes the posterior as HDF5 (netCDF4).

    Runs that fail are left out: the posterior speaks of skins that can be computed.

    Parameters
    ----------
    plan: from :func:`plan_fit`.
    out: output file; `out.journal` beside it holds finished runs of the engine until the posterior is written.
    backend: of the engine, as for :func:`dermaflux.run_batch`. Series and profiles take whole runs, one after the other on the host.

    Returns
    -------
    Dataset with dims sample (posterior), run (engine and prior), observation.

    Raises
    ------
    InputError: `out` or its journal holds something else, or a measurement lies where no run of the engine reaches. NumericsError: too
    many runs failed, or the chains are too short. FileError: `out` cannot be written. KeyboardInterrupt: Ctrl-C; finished runs stay in the
    journal.
    """
    draws = plan.draws()

    def groups(missing: set[tuple[int, ...]]) -> Iterator[tuple[Member, list[tuple[int, ...]]]]:
        for index in sorted(missing):
            yield Member(plan.treatment, {key: float(column[index]) for key, column in draws.items()}), [index]

    manner = Manner(backend, plan.file.grid, progress, run=whole_runs(plan.seen) if plan.whole_runs else None)

    def dataset(done: Entries) -> xr.Dataset:
        with threadpool_limits(1, "blas"):  # sums in another order would be other samples
            return _dataset(plan, draws, done)

    return run_study(plan, out, groups, dataset, manner)


def whole_runs(seen: Sequence[Observation]) -> Callable[..., None]:
    """What takes the place of :func:`dermaflux.run_batch` where series or fields are asked for."""
    horizon = observed.horizon_year(seen)

    def run_whole(members: Sequence[Member], *, backend: str, grid: str, done: Callable, whole: int, within: Callable[[float], None]) -> None:
        for n, member in enumerate(members):
            try:
                one = run(member.treatment.with_(member.changes), backend=backend, grid=grid, horizon_year=horizon)
                done(n, [observed.answers(one, seen)])
            except (_core.InputError, _core.NumericsError) as error:
                done(n, MemberError(str(error)))

    return run_whole


def covariance(seen: Sequence[Observation], emulator: Emulator, doubts: np.ndarray) -> np.ndarray:
    """Of the measured about the emulated, shape (observations, observations): errors of measurement and of interpolation, each by
    itself, and those of the emulator, which may go together."""
    own = np.array([one.sd for one in seen]) ** 2 + np.mean(doubts**2, axis=0)
    return emulator.covariance + np.diag(own)


def _check_reach(plan: FitPlan, given: np.ndarray, errors: np.ndarray) -> None:
    """Refuses a measurement that no point of the priors explains."""
    for one, low, high, error in zip(plan.seen, given.min(axis=0), given.max(axis=0), errors, strict=True):
        if not low - _BEYOND * error <= one.value <= high + _BEYOND * error:
            raise _core.InputError(
                f"{plan.file.files[-1]}: {one.name} = {one.value:g} {one.unit} is out of reach: over the "
                f"priors the model gives {low:.4g} to {high:.4g}, and the standard deviation of measurement and emulator is {error:.2g}; check the value, the "
                "unit and the settings of the treatment, widen the ranges in its files, or infer other keys"
            )


def _dataset(plan: FitPlan, draws: Mapping[str, np.ndarray], done: Entries) -> xr.Dataset:
    """Posterior, prior, engine, data."""
    file, seen, prior = plan.file, plan.seen, plan.prior
    given = np.column_stack([done.column(one.name) for one in seen])
    errors = done.errors()
    good = np.isfinite(given).all(axis=1)
    if good.sum() < 4 * (len(prior.keys) + 1):
        first = next((text for text in errors if text), "what is observed is no number")
        raise _core.NumericsError(
            f"only {good.sum()} of {file.runs} runs gave what was observed, too few for {len(prior.keys)} keys; the first failure: {first}"
        )
    given, places = given[good], prior.coordinates(np.column_stack(list(draws.values())))[good]
    doubts = np.column_stack([done.column(doubt(one.name))[good] if one.whole_run else np.zeros(len(given)) for one in seen])
    emulator = emulate(places, given)
    spread = covariance(seen, emulator, doubts)
    _check_reach(plan, given, np.sqrt(np.diag(spread)))
    measured = np.array([one.value for one in seen])
    chain = sample_posterior(prior, emulator, measured, spread, walkers=file.walkers, steps=file.steps, seed=file.seed)
    return _described(plan, chain, emulator, {"given": given, "good": good, "doubts": doubts, "spread": spread, "errors": errors}, draws)


def _described(plan: FitPlan, chain: Chain, emulator: Emulator, parts: Mapping[str, np.ndarray], draws: Mapping[str, np.ndarray]) -> xr.Dataset:
    file, seen, prior = plan.file, plan.seen, plan.prior
    samples = chain.samples[widest_first(chain.samples)]
    width = chain.samples.std(axis=0) / prior.width
    predicted = emulator(samples)
    noise = np.random.default_rng(file.seed).standard_normal(predicted.shape) @ np.linalg.cholesky(parts["spread"]).T
    data: dict[str, tuple] = {}
    values = prior.values(samples)
    for n, key in enumerate(prior.keys):
        known, unit, name = file.base.values[key], unit_of(key), key.replace(".", "_")
        attributes = {"units": unit, "key": key, "prior_value": known.value, "prior_range": list(known.range), "prior_source": known.source}
        data[name] = (("sample",), values[:, n], attributes | {"long_name": f"posterior of {key}", "width_over_prior": float(width[n])})
        data[f"prior_{name}"] = (("run",), draws[key], attributes | {"long_name": f"draws of {key} from its prior"})
    by = ("observation",)
    engine = np.full((file.runs, len(seen)), np.nan)
    engine[parts["good"]] = parts["given"]
    data |= {
        "engine": (("run", *by), engine, {"long_name": "what the engine gives at the draws of the prior, in the unit of the observation"}),
        "predicted": (("sample", *by), predicted, {"long_name": "what the emulator gives at the samples of the posterior"}),
        "predictive": (("sample", *by), predicted + noise, {"long_name": "the same with the errors of measurement and emulator: what would be measured again"}),
        "measured": (by, np.array([one.value for one in seen]), {"long_name": "what was measured"}),
        "measured_sd": (by, np.array([one.sd for one in seen]), {"long_name": "standard deviation of the measurement"}),
        "emulator_error": (by, np.sqrt(np.diag(emulator.covariance)), {"long_name": "root mean square error of the emulator at runs left out"}),
        "interpolation_error": (by, np.sqrt(np.mean(parts["doubts"] ** 2, axis=0)), {"long_name": "straight less cubic between two looks, root mean square"}),
        "emulator_terms": (by, np.array(emulator.chosen, dtype=object), {"long_name": "terms of the polynomial"}),
        "unit": (by, np.array([one.unit for one in seen], dtype=object), {"long_name": "unit of the observation"}),
        "source": (by, np.array([one.source for one in seen], dtype=object), {"long_name": "where the measurement comes from"}),
        "error": (("run",), parts["errors"], {"long_name": "why the run failed, empty if it did not"}),
    }  # fmt: skip
    resolved = plan.treatment.resolved()
    attributes = {
        "Conventions": "CF-1.11", "dermaflux_format": "1.0", "dermaflux_kind": "fit", "title": file.title, "grid": file.grid, "sweep_sha256": plan.sha256,
        "seed": file.seed, "walkers": file.walkers, "steps": file.steps, "autocorrelation_steps": chain.time, "acceptance": chain.accepted,
        "convergence": chain.statement(), "misfit": chain.misfit, "warnings": "\n".join(warnings_of(plan, chain, width, int(parts["good"].sum()))) or "none",
        "failed_members": int((parts["errors"] != "").sum()), "input_sha256": provenance.input_sha256(resolved),
        "input_files": provenance.file_hashes(file.files), "resolved_json": file.base.json(),
    }  # fmt: skip
    attributes |= {name.replace(".", "_"): str(plan.treatment[name]) for name in ("skin.class", "needle.model", "ink.model", "machine.model")}
    attributes |= {f"provenance_{name}": text for name, text in provenance.program().items()}
    coordinates = {"observation": (by, [one.name for one in seen], {"long_name": "what was observed"})}
    return xr.Dataset(data, coords=coordinates, attrs=attributes)


def warnings_of(plan: FitPlan, chain: Chain, width: np.ndarray, good: int) -> list[str]:
    """What whoever uses the posterior must know."""
    found = [] if chain.long_enough else [chain.statement()]
    if stats.chi2.sf(chain.misfit, len(plan.seen)) < _CONTRADICTS:
        found.append(
            f"no point of the priors explains all data together: at the best the squares of their distances, in standard deviations, sum to "
            f"{chain.misfit:.0f} over {len(plan.seen)} observations; they contradict each other or the model, or their standard deviations are too small"
        )
    if good < plan.file.runs:
        found.append(f"{plan.file.runs - good} of {plan.file.runs} runs gave no answer and are left out")
    return found + [f"the data say next to nothing of {key}" for key, share in zip(plan.prior.keys, width, strict=True) if share > _SILENT]
