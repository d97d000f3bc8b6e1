"""The posterior of a fit in place of priors: which skins a calibration draws, and what it then stands on."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from . import _core
from .treatment import Treatment

# What must be the same where keys of a group were inferred; what else differs is only told.
_CHOICE = {"skin": "skin.class", "needle": "needle.model", "ink": "ink.model", "machine": "machine.model"}


@dataclass(frozen=True)
class Posterior:
    """Samples of the posterior of a fit.

    Attributes
    ----------
    keys: that were inferred. samples: shape (samples, keys), in the unit of each key, neighbours alike.
    priors: value and range of each key when it was fitted. choices: skin class, needle, ink and machine of what was measured.
    data: each observation, as its name and source.
    """

    path: Path
    sha256: str
    title: str
    keys: tuple[str, ...]
    samples: np.ndarray
    priors: dict[str, tuple[float, float, float]]
    choices: dict[str, str]
    data: tuple[dict[str, str], ...]
    warnings: tuple[str, ...]

    def at(self, shares: np.ndarray) -> dict[str, np.ndarray]:
        """Samples at shares of their row, shape (n,) [0 to 1): of all keys together, as they go together in the posterior; even shares
        are even in the direction in which the posterior is widest."""
        chosen = self.samples[(shares * len(self.samples)).astype(int)]
        return dict(zip(self.keys, chosen.T, strict=True))

    def says_nothing_of(self, treatment: Treatment) -> str:
        """Why it does not hold for a treatment: its keys were inferred in skin of another class, for another ink, needle or machine. Empty
        if it does."""
        groups = {key.split(".")[0] for key in self.keys}
        for group in sorted(groups & _CHOICE.keys()):
            name = _CHOICE[group]
            here = str(treatment[name])
            if here != self.choices[name]:
                theirs = ", ".join(key for key in self.keys if key.startswith(f"{group}."))
                return (
                    f"{self.path}: is a fit with {name} = {self.choices[name]}, and says nothing of {theirs} with {here}; "
                    f"take {self.choices[name]}, or fit data of {here}"
                )
        return ""

    def check(self, treatment: Treatment) -> list[str]:
        """What a treatment has otherwise than that which was measured, where this need not matter.

        Raises
        ------
        InputError: it says nothing of the treatment, or its keys were inferred with another prior.
        """
        if nothing := self.says_nothing_of(treatment):
            raise _core.InputError(nothing)
        here = {name: str(treatment[name]) for name in self.choices}
        for key in self.keys:
            known = treatment.values_with_source.get(key)
            prior = None if known is None or known.range is None else (known.value, *known.range)
            if prior != self.priors[key]:
                then, now = ("no key" if one is None else "{:g} ({:g} to {:g})".format(*one) for one in (self.priors[key], prior))
                raise _core.InputError(f"{self.path}: was fitted with {key} = {then}, which now is {now}; fit again")
        return [
            f"the posterior of {', '.join(self.keys)} was fitted with {name} = {value}, not {here[name]}"
            for name, value in self.choices.items() if here[name] != value
        ]  # fmt: skip


def widest_first(coordinates: np.ndarray) -> np.ndarray:
    """Order of samples along the direction in which they are widest, shape (n, keys) to (n,): the first principal component."""
    centred = coordinates - coordinates.mean(axis=0)
    direction = np.linalg.eigh(centred.T @ centred)[1][:, -1]
    return np.argsort(centred @ direction * np.sign(direction[np.argmax(np.abs(direction))]), kind="stable")


def open_fit(path: str | os.PathLike[str]) -> xr.Dataset:
    """Opens what `dermaflux fit` wrote.

    Raises
    ------
    FileError: no such file. InputError: not a fit.
    """
    path = Path(path)
    if not path.is_file():
        raise _core.FileError(f"{path}: no such file; give the path of a fit (`dermaflux fit ... -o fit.h5`)")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as stored:
            if stored.attrs.get("dermaflux_kind") == "fit":
                return stored.load()
    except (OSError, ValueError, KeyError):
        pass
    raise _core.InputError(f"{path}: is not a fit; give a file written by `dermaflux fit -o`")


def load_posterior(path: str | os.PathLike[str]) -> Posterior:
    """Reads the posterior of a fit. Raises as :func:`open_fit`."""
    path, data = Path(path), open_fit(path)
    inferred = [variable for variable in data.data_vars.values() if variable.dims == ("sample",)]
    data_rows = [
        {"name": f"{name}: {value:g} +- {sd:g} {unit}", "source": source}
        for name, value, sd, unit, source in zip(
            *(data[column].values for column in ("observation", "measured", "measured_sd", "unit", "source")), strict=True
        )
    ]
    warned = str(data.attrs["warnings"])
    return Posterior(
        path, hashlib.sha256(path.read_bytes()).hexdigest(), str(data.attrs["title"]), tuple(str(one.attrs["key"]) for one in inferred),
        np.column_stack([one.values for one in inferred]),
        {str(one.attrs["key"]): (float(one.attrs["prior_value"]), *map(float, one.attrs["prior_range"])) for one in inferred},
        {name: str(data.attrs[name.replace(".", "_")]) for name in _CHOICE.values()}, tuple(data_rows),
        () if warned == "none" else tuple(warned.split("\n")),
    )  # fmt: skip
