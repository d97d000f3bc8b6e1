"""Settings table of a preset: depth and dwell time that give the same result in skin of another thickness or resistance, by the model."""

import math
from collections.abc import Callable

import numpy as np

from . import _core
from .criteria import hard
from .draws import from_range
from .preset import CELL_VALUES
from .running import Member, MemberError
from .treatment import Treatment

SAME = ("contrast_1y", "share_epidermis")  # what the eye sees after a year, and what the epidermis sheds
AROUND = (0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)  # dwell times about the one found, which share its insertion
SHALLOWER, DEEPER = 2, 3  # depths of the search on both sides of the best one
Run = Callable[[str, list[Member]], list[list[dict[str, float]] | MemberError]]


def settings_table(file: _core.CalibrationFile, treatment: Treatment, best: dict[str, float], run: Run) -> tuple[dict[str, object] | None, str]:
    """The table for the best setting of a calibration, or None and why there is none.

    For each skin the model runs depths of the search about the best one, and dwell times of the search inside the envelope. Of the
    settings that give the contrast of the best setting in the skin of the files, that is taken at which the share of the pigment
    in the epidermis differs least, both linear between what was run. The model then runs there: the cell states what came out, if
    contrast and share are the same within the tolerances of the file and every criterion holds; else it says why there is no answer.
    """
    asked = file.table
    thick, hard = ([_at(file, keys, share) for share in (None, *asked.shares)] for keys in (asked.thickness, asked.resistance))
    thick.sort(key=lambda skin: sum(skin.values()))
    middle = int(np.argmin(abs(np.array(file.depths_mm) - best["depth_mm"])))
    depths = np.unique([*file.depths_mm[max(middle - SHALLOWER, 0) : middle + DEEPER + 1], best["depth_mm"]])
    longest = _longest(file)
    dwells = np.unique([*(dwell for dwell in (*file.dwells_ms, best["dwell_ms"]) if dwell < longest), longest])
    if not best["dwell_ms"] <= longest:
        return None, "the best setting lies outside the envelope"
    skins = [first | second for first in thick for second in hard]
    members = [Member(treatment, skin | {"machine.depth_mm": float(depth)}, dwells) for skin in skins for depth in depths]
    found = run("skins of the settings table", members)
    i, j = int(np.argmin(abs(depths - best["depth_mm"]))), int(np.argmin(abs(dwells - best["dwell_ms"])))
    runs = {name: _array(found, name, (len(thick), len(hard), len(depths), len(dwells))) for name in (*SAME, "insertion_force_n")}
    own = thick.index(_at(file, asked.thickness, None)), 0  # hard is not sorted yet
    target = [float(runs[name][(*own, i, j)]) for name in SAME]
    order = np.argsort(runs["insertion_force_n"][own[0], :, i, j], kind="stable")
    force = runs["insertion_force_n"][:, order, i, j]
    if not np.isfinite([*target, *force.ravel()]).all():
        return None, "at the best setting a skin of the settings table gives no outcome"
    if (np.diff(force[own[0]]) <= 0.0).any():
        return None, "the insertion force does not tell the skins of the settings table apart"
    if (abs(force / force[own[0]] - 1.0) > 0.01).any():
        return None, "the insertion force depends on the thickness of the skin, so that the two axes of the settings table are not independent"
    places = [(t, int(h)) for t in range(len(thick)) for h in order]
    wanted = [_setting(runs[SAME[0]][place], runs[SAME[1]][place], depths, dwells, target) for place in places]
    cells = _decided(file, treatment, [skins[t * len(hard) + h] for t, h in places], wanted, target, run)
    tolerances = asked.contrast_tolerance, asked.share_tolerance
    return {
        "thickness_um": [_digits(sum(skin.values())) for skin in thick],
        "force_n": [_digits(value) for value in force[own[0]]],
        "thickness_of": " and ".join(key.removeprefix("skin.layer.").removesuffix(".thickness_um").replace("_", " ") for key in asked.thickness),
        "force_at": f"largest force of a stroke on all prongs at depth {best['depth_mm']:g} mm and the other settings",
        "same": f"contrast after a year {target[0]:.3f} within {tolerances[0]:g}, share of the epidermis {target[1]:.3f} within {tolerances[1]:g}",
        "grid": file.grid,
        "cells": cells,
    }, ""  # fmt: skip


def _longest(file: _core.CalibrationFile) -> float:
    """Longest dwell time that a cell may have [ms]."""
    return min([file.dwells_ms[-1], *(limit.high for limit in file.envelope if limit.key == "machine.dwell_ms")])


def _digits(value: float) -> float:
    return float(f"{value:.6g}")


def _at(file: _core.CalibrationFile, keys: list[str], share: float | None) -> dict[str, float]:
    """Values of some keys at one share of their probability, or those of the files."""
    known = {key: file.base.values[key] for key in keys}
    return {key: float(one.value) if share is None else float(from_range(one, np.array([share]))[0]) for key, one in known.items()}


def _array(found: list[list[dict[str, float]] | MemberError], name: str, shape: tuple[int, ...]) -> np.ndarray:
    """One output of every member; NaN where it failed."""
    rows = [[math.nan] * shape[-1] if isinstance(member, MemberError) else [outputs.get(name, math.nan) for outputs in member] for member in found]
    return np.array(rows).reshape(shape)


def _setting(contrast: np.ndarray, share: np.ndarray, depths: np.ndarray, dwells: np.ndarray, target: list[float]) -> tuple[float, float] | str:
    """Depth and dwell time of one skin that meet both targets between what was run, or why none does; arrays (depth, dwell)."""
    fine = np.linspace(depths[0], depths[-1], 1 + round((depths[-1] - depths[0]) / 0.001))
    dwell, missed = np.full(fine.size, math.nan), np.full(fine.size, math.inf)
    for n, depth in enumerate(fine):
        reached = np.array([np.interp(depth, depths, column) for column in contrast.T])
        if np.isfinite(reached).all() and (np.diff(reached) > 0.0).all() and reached[0] <= target[0] <= reached[-1]:
            dwell[n] = np.interp(target[0], reached, dwells)
            missed[n] = abs(np.interp(dwell[n], dwells, [np.interp(depth, depths, column) for column in share.T]) - target[1])
    n = int(np.argmin(np.where(np.isfinite(missed), missed, math.inf)))
    if not math.isfinite(missed[n]):
        return f"no setting of {depths[0]:g} to {depths[-1]:g} mm and {dwells[0]:g} to {dwells[-1]:g} ms gives this contrast"
    return float(fine[n]), float(dwell[n])


def _decided(
    file: _core.CalibrationFile,
    treatment: Treatment,
    skins: list[dict[str, float]],
    wanted: list[tuple[float, float] | str],
    target: list[float],
    run: Run,
) -> list[dict[str, object]]:
    """The cells: what the model gives at the settings found."""

    def tried(dwell: float) -> list[float]:
        return sorted({_digits(min(dwell * factor, _longest(file))) for factor in AROUND})

    answered = [n for n, one in enumerate(wanted) if not isinstance(one, str)]
    members = [Member(treatment, skins[n] | {"machine.depth_mm": _digits(wanted[n][0])}, tried(wanted[n][1])) for n in answered]
    cells: list[dict[str, object]] = [{"none": one} if isinstance(one, str) else {} for one in wanted]
    for n, member, outcome in zip(answered, members, run("cells of the settings table", members) if members else [], strict=True):
        if isinstance(outcome, MemberError):
            cells[n] = {"none": f"the model fails there: {outcome.message}"}
            continue
        best = min(range(len(outcome)), key=lambda k: (abs(outcome[k]["contrast_1y"] - target[0]), abs(member.dwells_ms[k] - wanted[n][1])))
        setting = {"depth_mm": member.changes["machine.depth_mm"], "dwell_ms": member.dwells_ms[best]}
        why = _missed(file, setting, outcome[best], target)
        cells[n] = {"none": why} if why else setting | {name: _digits(outcome[best][name]) for name in CELL_VALUES}
    return cells


def _missed(file: _core.CalibrationFile, setting: dict[str, float], outcome: dict[str, float], target: list[float]) -> str:
    """Why a cell must not be used; empty if it may."""
    for limit in file.envelope:
        name = limit.key.removeprefix("machine.")
        if name in setting and not limit.low <= setting[name] <= limit.high:
            return f"it would take {name} = {setting[name]:g}, outside the envelope {limit.low:g} to {limit.high:g}"
    for name, value, tolerance in zip(SAME, target, (file.table.contrast_tolerance, file.table.share_tolerance), strict=True):
        if not abs(outcome[name] - value) <= tolerance:
            return f"{name} would be {outcome[name]:.3f} in place of {value:.3f}"
    for rule in hard(file.criteria):
        if not rule.low <= outcome[rule.output] <= rule.high:
            return f"criterion {rule.name} would not hold: {rule.output} = {outcome[rule.output]:.3g}"
    return ""
