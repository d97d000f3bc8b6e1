"""Runs that a case is predicted from: one treatment, draws of what is not known, and what is kept of each run."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import rfc8785

from . import _core
from .draws import even_points, from_range
from .result import Result
from .running import MemberError, run, run_batch
from .treatment import Treatment

HORIZON_YEAR = 10.0
EDGES_UM = {"surface": np.arange(0.0, 2001.0, 10.0), "junction": np.arange(-300.0, 2001.0, 10.0)}
_TIP_TOLERANCE_MM = 1e-4

Ask = tuple[str, float, float] | tuple[str, str, float]  # ("radius", share, day) or ("profile", level, day)
Seen = dict[str, object]  # of one run: scalars, series, and by its ask what else was asked for


@dataclass(eq=False)
class Group:
    """All runs of one treatment: as its files say it, and with draws of the keys that no setting fixes."""

    treatment: Treatment
    keys: tuple[str, ...]
    tip_mm: float | None
    asks: set[Ask] = field(default_factory=set)
    seen: dict[int, Seen | str] = field(default_factory=dict)  # by draw, -1 for the files' values; text where it failed

    @cached_property
    def facts_sha256(self) -> str:
        """Hash of what decides the runs of a treatment: its values, the ranges drawn from, the depth of the tip."""
        values = self.treatment.values_with_source
        facts = {"values": {key: one.value for key, one in values.items()}, "drawn": [[key, *values[key].range] for key in self.keys], "tip_mm": self.tip_mm}
        return hashlib.sha256(rfc8785.dumps(facts)).hexdigest()


def draw(group: Group, study: _core.CaseStudy, count: int) -> list[dict[str, float]]:
    """Values of the drawn keys, one dict per draw. Points belong to the keys of the study: the n-th draw stands at the same place of
    the ranges in every treatment."""
    unit = even_points(len(study.uncertain), count, study.seed)
    known = group.treatment.values_with_source
    columns = {key: from_range(known[key], unit[:, study.uncertain.index(key)]) for key in group.keys}
    return [{key: float(column[n]) for key, column in columns.items()} for n in range(count)]


def look(treatment: Treatment, changes: Sequence[Mapping[str, float]], tip_mm: float | None, asks: Sequence[Ask], grid: str) -> list[Seen | str]:
    """Runs a treatment with each of some changes; why it failed in place of what was seen."""
    return [_look_once(treatment.with_(one) if one else treatment, tip_mm, asks, grid) for one in changes]


def _look_once(treatment: Treatment, tip_mm: float | None, asks: Iterable[Ask], grid: str) -> Seen | str:
    try:
        settled = treatment if tip_mm is None else set_to_tip(treatment, tip_mm)
        return seen_in(run(settled, backend="serial", grid=grid, horizon_year=HORIZON_YEAR), asks)
    except (_core.InputError, _core.NumericsError) as error:
        return str(error)


def set_to_tip(treatment: Treatment, tip_mm: float) -> Treatment:
    """The same treatment with the set depth at which the tip goes so deep, by the secant method. Raises NumericsError where none does."""

    def tip(depth_mm: float) -> float:
        (found,) = run_batch([treatment.with_({"machine.depth_mm": depth_mm, "machine.dwell_ms": 5.0})], backend="serial", grid="quick", horizon_year=1.0)
        if isinstance(found, MemberError):
            raise _core.NumericsError(found.message)
        return found[0]["d_tip_mm"]

    depths = [tip_mm, 1.3 * tip_mm]
    tips = [tip(depth) for depth in depths]
    while abs(tips[-1] - tip_mm) > _TIP_TOLERANCE_MM:
        if len(depths) > 12 or tips[-1] == tips[-2]:
            raise _core.NumericsError(f"no set depth brings the tip to {tip_mm:g} mm: {depths[-1]:.3g} mm gives {tips[-1]:.3g}")
        slope = (depths[-1] - depths[-2]) / (tips[-1] - tips[-2])
        depths.append(min(max(depths[-1] + (tip_mm - tips[-1]) * slope, 0.05), 4.0))
        tips.append(tip(depths[-1]))
    return treatment.with_({"machine.depth_mm": depths[-1]})


def seen_in(result: Result, asks: Iterable[Ask]) -> Seen:
    """What is kept of a run."""
    found: Seen = {"scalars": result.scalars, "series": {name: values.tolist() for name, values in result._run.series.items()}}
    for ask in asks:
        kind, what, day = ask
        at = int(np.argmin(np.abs(result._run.series["time_day"] - day)))
        found[str(ask)] = radius_mm(result, at, float(what)) if kind == "radius" else cumulative(result, at, str(what)).tolist()
    return found


def radius_mm(result: Result, at: int, share: float) -> float:
    """Radius that holds a share of the pigment in the dermis at a look [mm]; pigment fills a ring evenly."""
    squares, height = result._run.r_face**2, np.diff(result._run.z_face) * (1.0 - np.asarray(result._run.epidermis_share))
    mass = np.diff(squares) * (result.pools[at].sum(axis=0) @ height)
    below = np.concatenate([[0.0], np.cumsum(mass)]) / mass.sum()
    return float(np.sqrt(np.interp(share, below, squares))) * 1e3


def cumulative(result: Result, at: int, level: str) -> np.ndarray:
    """Share of all pigment above each of `EDGES_UM[level]` at a look, shape (edges,); even within a row. The junction counts at its mean
    depth: rete ridges are levelled."""
    faces = result._run.z_face * 1e6
    if level == "junction":
        faces = faces - float(np.sum(np.diff(faces) * np.asarray(result._run.epidermis_share)))
    mass = np.einsum("pij,i,j->j", result.pools[at], np.diff(result._run.r_face**2), np.diff(result._run.z_face))
    above = np.concatenate([[0.0], np.cumsum(mass)])
    return np.interp(EDGES_UM[level], faces, above / above[-1])
