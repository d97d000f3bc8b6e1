"""Fits that are quick to run."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from conftest import NORMAL

import dermaflux as df
from dermaflux.inference import Prior
from dermaflux.result import OUTPUTS

UPTAKE, CLUSTER, HOP = "skin.uptake_per_day", "skin.cluster_end_um", "skin.hop_length_um"


def value(output: str, measured: float, sd: float, unit: str = "1") -> str:
    unit, source = f'unit = "{unit}"', 'source = "study: synthetic"'
    return f'[[observation]]\noutput = "{output}"\nmeasured = {{ value = {measured!r}, {unit} }}\nsd = {{ value = {sd!r}, {unit} }}\n{source}\n'


def series(output: str, file: str, unit: str = "1") -> str:
    return f'[[series]]\noutput = "{output}"\nunit = "{unit}"\nfile = "{file}"\nsource = "study: synthetic"\n'


def profile(day: float, file: str) -> str:
    return f'[[profile]]\nday = {day}\nfile = "{file}"\nsource = "study: synthetic"\n'


def fit_file(folder: Path, *observed: str, keys: tuple[str, ...] = (UPTAKE, CLUSTER), runs: int = 32, walkers: int = 16, steps: int = 800) -> Path:
    """A fit of the shipped treatment on the quick grid."""
    head = f'title = "a fit"\ntreatment = "{NORMAL}"\nuncertain = {list(keys)}\nruns = {runs}\nseed = 7\nwalkers = {walkers}\nsteps = {steps}\n'
    path = folder / "fit.toml"
    path.write_text(head.replace("'", '"') + "".join(observed))
    return path


def answering(prior: Prior, respond: Callable[[np.ndarray], Mapping[str, float]]) -> Callable[..., None]:
    """What takes the place of the engine: outputs from the coordinates of a member's keys; all others are zero."""

    def run_batch(members, *, done, **options) -> None:
        for n, member in enumerate(members):
            place = prior.coordinates(np.array([member.changes[key] for key in prior.keys]))
            done(n, [dict.fromkeys(OUTPUTS, 0.0) | respond(place)])

    return run_batch


def truth_of(keys: tuple[str, ...], places: tuple[float, ...], normal: df.Treatment) -> dict[str, float]:
    """Values of keys at coordinates of their priors."""
    prior = Prior.of(normal.values_with_source, keys)
    return dict(zip(keys, map(float, prior.values(np.array(places))), strict=True))
