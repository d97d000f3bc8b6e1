"""Presets to read: one with plain numbers, random ones, and random ones with something broken. Their numbers are of no calibration.
And what a reader must answer."""

import copy
import math
import random
from functools import cache

import dermaflux as df
from dermaflux.preset import CELL_VALUES, DAYS_SINCE, QUANTILES, canonical_bytes, content_sha256

CELL = {"depth_mm": 0.3, "dwell_ms": 300, "insertion_force_n": 0.125, "d_tip_mm": 0.25, "strokes": 29, "bleed_probability": 0.1, "contrast_1y": 0.4}
RULES = ("pen", {name: -1e300 for name in ("depth_mm", "dwell_ms", "frequency_hz", "stroke_mm", "angle_deg", "hand_force_n")})
HIGHEST = dict.fromkeys(RULES[1], 1e300)


def sample() -> dict:
    """A small sealed preset with all that the newest schema knows; its table has 2 x 3 cells, one of them without an answer."""
    return copy.deepcopy(_sample())


@cache
def _sample() -> dict:
    preset = {
        "schema": "s",
        "schema_version": "1.3.0",
        "preset": {"id": "dot", "version": "1.0.0", "title": "t", "status": "research"},
        "intended_use": {"text": "Grüße\n", "skin_class": "normal", "contraindications": ["keloid history"]},
        "machine": {"model": "pen", "drive": "frequency", "limits": {"frequency_hz": {"min": 46, "max": 200}}},
        "needle": {"model": "needle", "prongs": 1, "shaft_diameter_mm": 0.25, "taper_length_mm": 3.5},
        "ink": {"model": "ink", "dilution": 1, "carrier_viscosity_mpa_s": 10},
        "settings": {"depth_mm": 0.3, "dwell_ms": 300, "frequency_hz": 100, "stroke_mm": 3, "angle_deg": 0, "hand_force_n": 0.2},
        "tolerance": {"depth_mm": {"min": 0.25, "max": 0.35}, "dwell_ms": {"min": 250, "max": 350}},
        "location": {
            "best": {"depth_mm": 0.31, "dwell_ms": 290},
            "range": {"depth_mm": {"min": 0.25, "max": 0.4}, "dwell_ms": {"min": 250, "max": 350}},
            "confidence": 0.9, "draws": 32, "known": False, "asked": {"depth_um": 25, "dwell_share": 0.1},
        },
        "probability": {"right": 0.78, "standard_error": 0.07, "draws": 32, "criteria": [{"name": "blur", "output": "fwhm_mm_1y", "high": 0.35}]},
        "expected": {"strokes": {"p05": 28, "p50": 29, "p95": 29, "unit": "1"}},
        "adaptation": [{"measured": "force_n", "min": 0.1, "max": 0.2, "settings": {"depth_mm": 0.3, "dwell_ms": 300}, "probability": 0.5, "draws": 8}],
        "settings_table": {
            "thickness_um": [100, 180],
            "force_n": [0.1, 0.2, 0.4],
            "thickness_of": "t",
            "force_at": "f",
            "same": "s",
            "grid": "quick",
            "cells": [CELL, CELL, {"none": "it bleeds"}, CELL, CELL | {"depth_mm": 0.4, "dwell_ms": 280}, CELL],
        },
        "sessions": {
            "count": {"min": 2, "max": 3}, "purposes": ["a third", "two thirds", "the rest"], "days_between": {"min": 10, "max": 14}, "earliest_day": 6,
            "source": "practice",
            "touch_up": {"contrast_low": 0.3, "share_of_contrast_day14": 0.5, "horizon_years": 10, "draws": 32, "p05_years": 0.75, "p50_years": 4.5},
        },
        "searched": [{"key": "machine.frequency_hz", "tried": [80, 100], "chosen": 100}, {"key": "needle.model", "tried": ["a", "b"], "chosen": "a"}],
        "sensitivity": [{"key": "k", "rank_correlation_with_contrast_1y": -0.5}],
        "envelope": {"depth_mm": {"min": 0.15, "max": 1}, "dwell_ms": {"min": 10, "max": 400}, "frequency_hz": {"min": 40, "max": 150}},
        "alarms": [
            {"name": "A2", "quantity": "bleed_probability above", "unit": "1", "action": "a", "reason": "r", "warn": 0.2, "stop": 0.5},
            {"name": "A7", "quantity": "days since last session below", "unit": "day", "action": "a", "reason": "r", "stop": 5},
            {"name": "A11", "quantity": "force ratio outside", "unit": "1", "action": "a", "reason": "r", "warn": 0.4, "stop": 2.5},
        ],
        "warnings": [],
        "provenance": {
            "program": "dermaflux", "git_commit": "", "input_sha256": "0" * 64, "input_files": "{}", "seed": 1,
            "data": [{"name": "sections", "sha256": "1" * 64, "source": "s"}], "priors": "p", "prior_keys": ["k"],
            "grid_search": "quick", "grid_decision": "standard",
            "corrections": {"title": "c", "sha256": "2" * 64, "study_sha256": "3" * 64, "factors": [{"output": "strokes", "factor": 1.2, "standard_error": 0.04}]},
            "effort": {"insertions": 3, "insertions_without_screening": 9, "members": 30, "members_decision": 8},
        },
    }  # fmt: skip
    return resealed(preset)


def resealed(preset: dict) -> dict:
    """With the hash that fits."""
    return copy.deepcopy(preset) | {"sha256": content_sha256(preset)}


def of_schema_1_2(preset: dict) -> dict:
    """The same without what 1.3 brought."""
    old = {key: copy.deepcopy(value) for key, value in preset.items() if key != "sha256"}
    old["schema_version"] = "1.2.0"
    old["provenance"].pop("corrections")
    return resealed(old)


def of_schema_1_1(preset: dict) -> dict:
    """The same without what 1.2 brought."""
    old = {key: copy.deepcopy(value) for key, value in of_schema_1_2(preset).items() if key not in ("location", "searched", "sessions", "sha256")}
    old["schema_version"] = "1.1.0"
    for key in ("prior_keys", "effort"):
        old["provenance"].pop(key)
    old["provenance"]["data"] = [one["name"] for one in old["provenance"]["data"]]
    return resealed(old)


def of_schema_1_0(preset: dict) -> dict:
    """The same without what 1.1 brought."""
    old = {key: value for key, value in of_schema_1_1(preset).items() if key not in ("settings_table", "sha256")}
    old["schema_version"] = "1.0.0"
    old["machine"].pop("limits")
    return resealed(old)


def random_preset(chance: random.Random) -> dict:
    """A sound preset with random settings, limits and table."""
    return resealed(_random(chance))


def _random(chance: random.Random) -> dict:
    """The same without its hash."""
    preset = sample()
    preset.pop("sha256")
    depth, dwell = chance.uniform(0.2, 0.9), chance.uniform(20, 380)
    preset["settings"] |= {"depth_mm": depth, "dwell_ms": dwell, "frequency_hz": chance.uniform(46, 150), "angle_deg": chance.choice([0, 12.5, 60])}
    preset["tolerance"] = {
        "depth_mm": {"min": chance.uniform(0.15, depth), "max": chance.uniform(depth, 1.0)},
        "dwell_ms": {"min": chance.uniform(10, dwell), "max": chance.uniform(dwell, 400)},
    }
    if chance.random() < 0.3:
        preset["preset"]["expires"] = "2030-02-28"
    if chance.random() < 0.1:
        preset["machine"].pop("limits")
    _random_plan(preset, chance)
    rows, columns = chance.randint(2, 5), chance.randint(2, 5)
    table = preset["settings_table"]
    table["thickness_um"] = sorted(chance.uniform(50, 500) for _ in range(rows))
    table["force_n"] = sorted(chance.uniform(0.01, 1.0) * 10 ** chance.randint(-3, 0) for _ in range(columns))
    table["cells"] = [
        {"none": "chance"}
        if chance.random() < 0.15
        else {name: value * chance.uniform(0.5, 1.3) for name, value in CELL.items()}
        for _ in range(rows * columns)
    ]  # fmt: skip
    return preset


def _random_plan(preset: dict, chance: random.Random) -> None:
    """Another session plan, or none; the same for what else 1.2 brought."""
    for key in ("location", "searched", "sessions"):
        if chance.random() < 0.1:
            preset.pop(key)
    if plan := preset.get("sessions"):
        most = chance.randint(1, 6)
        plan["count"], plan["purposes"] = {"min": chance.randint(1, most), "max": most}, [f"session {n}" for n in range(most)]
        earliest, *days = sorted(chance.uniform(5, 30) for _ in range(3))
        plan["earliest_day"], plan["days_between"] = earliest, dict(zip(("min", "max"), days, strict=True))
        horizon = chance.choice([1, 5, 10])
        due = {name: one for name, one in zip(QUANTILES, sorted(chance.uniform(0.04, 15) for _ in QUANTILES), strict=True) if one <= horizon}
        plan["touch_up"] = {"share_of_contrast_day14": chance.uniform(0.1, 1), "horizon_years": horizon, "draws": 8, **due}


def broken_preset(chance: random.Random) -> dict:
    """A random preset with one to three changes anywhere and a hash that fits them; it may still be sound."""
    preset = _random(chance)
    if chance.random() < 0.4:  # at or just beyond an edge of the envelope, in one of the places that give a setting
        name, edges = chance.choice([("depth_mm", (0.15, 1)), ("dwell_ms", (10, 400))])
        values = [*edges, edges[0] * (1 - 1e-15), edges[1] * (1 + 1e-15)]
        cells = [cell for cell in preset["settings_table"]["cells"] if name in cell]
        place, key = chance.choice([(cell, name) for cell in cells] + [(preset["adaptation"][0]["settings"], name)] + 2 * [(preset["tolerance"][name], "max")])
        place[key] = chance.choice(values)
        return resealed(preset)
    if "sessions" in preset and chance.random() < 0.4:  # at or just beyond an edge of the session plan
        plan = preset["sessions"]
        days, count, due = plan["days_between"], plan["count"], plan["touch_up"]
        place, key, edge = chance.choice([
            (plan, "earliest_day", 5), (plan, "earliest_day", days["min"]), (days, "max", days["min"]), (due, "p50_years", due["horizon_years"]),
            (due, "p05_years", due.get("p50_years", due["horizon_years"])), (preset["alarms"][1], "stop", plan["earliest_day"]),
        ])  # fmt: skip
        place[key] = edge * chance.choice([1 - 1e-15, 1, 1 + 1e-15])
        if chance.random() < 0.3:
            count[chance.choice(["min", "max"])] += chance.choice([-1, 1])
        return resealed(preset)
    for _ in range(chance.randint(1, 3)):
        node: dict | list = preset
        while True:
            key = chance.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if not (isinstance(node[key], dict | list) and node[key] and chance.random() < 0.8):
                break
            node = node[key]
        match chance.randrange(5):
            case 0:
                node.pop(key)
            case 1 if isinstance(node, dict):
                node[chance.choice(["extra", "depth_mm", "none", "limits", "expires", "Ä"])] = chance.choice([1, "x", {}])
            case 2 if isinstance(node[key], int | float) and not isinstance(node[key], bool):
                node[key] *= chance.choice([-1, 0, 0.9, 1.1, 10, 1e30, 1e-30])
            case 3 if isinstance(node, list):
                node.append(copy.deepcopy(node[key]))
            case _:
                node[key] = chance.choice([None, True, 0, -1, 0.5, 1e22, "", "x", "1.1.0", "2026-02-31", [], {}, [1], {"min": 1, "max": 0}])
        if not isinstance(preset, dict) or not all(isinstance(preset.get(name), dict) for name in ("preset", "machine")):
            break
    return resealed({name: value for name, value in preset.items() if name != "sha256"})


def as_bytes(preset: dict) -> bytes:
    return canonical_bytes(preset)


def settings_for(preset: dict, thickness_um: float, force_n: float) -> tuple[dict[str, float], dict[str, float]]:
    """What :class:`dermaflux.PresetReader` must answer: the same by a second hand. Linear between the cells of the table."""
    table = preset.get("settings_table")
    if table is None:
        raise df.InputError("refused, no_table: the preset has no settings table; calibrate again")
    if not (math.isfinite(thickness_um) and math.isfinite(force_n)):
        raise df.InputError("refused, bad_question: a measured value is not a number")
    rows, columns = _place(table["thickness_um"], thickness_um), _place(table["force_n"], force_n)
    cells = [[table["cells"][i * len(table["force_n"]) + j] for j in columns[:2]] for i in rows[:2]]
    absent = [cell["none"] for row in cells for cell in row if "none" in cell]
    if absent:
        raise df.InputError(f"refused, no_answer: the model has no answer for this skin: {absent[0]}")

    def value(name: str) -> float:
        return _between(*(_between(float(row[0][name]), float(row[1][name]), columns[2]) for row in cells), rows[2])

    settings = preset["settings"] | {name: value(name) for name in ("depth_mm", "dwell_ms")}
    return {name: float(one) for name, one in settings.items()}, {name: value(name) for name in CELL_VALUES}


def sessions(preset: dict) -> dict[str, object]:
    """What :meth:`dermaflux.PresetReader.sessions` must answer."""
    plan = preset.get("sessions")
    if plan is None:
        raise df.InputError("refused, no_plan: it has no session plan")
    due = plan["touch_up"]
    return {
        "count": (plan["count"]["min"], plan["count"]["max"]), "purposes": plan["purposes"], "earliest_day": plan["earliest_day"],
        "days_between": (plan["days_between"]["min"], plan["days_between"]["max"]),
        "touch_up_years": [due.get(name, math.inf) for name in QUANTILES], "touch_up_horizon_years": due["horizon_years"],
    }  # fmt: skip


def judge_days(preset: dict, days: float) -> str:
    """What :meth:`dermaflux.PresetReader.judge` must answer of the days since the last session."""
    alarms = [alarm for alarm in preset["alarms"] if alarm["quantity"] == f"{DAYS_SINCE} below"]
    plan = preset.get("sessions", {"earliest_day": -math.inf, "days_between": {"min": -math.inf}})
    if not math.isfinite(days) or not (alarms or "sessions" in preset):
        return "stop"
    if days < plan["earliest_day"] or any(days < alarm.get("stop", -math.inf) for alarm in alarms):
        return "stop"
    return "warn" if days < plan["days_between"]["min"] or any(days < alarm.get("warn", -math.inf) for alarm in alarms) else "fine"


def _place(axis: list[float], x: float) -> tuple[int, int, float]:
    """The values of an axis to both sides, the same twice on a value, and the share of the way."""
    if not axis[0] <= x <= axis[-1]:
        raise df.InputError(f"refused, outside_table: {x:g} lies outside {axis[0]:g} to {axis[-1]:g}")
    low = max(n for n, one in enumerate(axis) if one <= x)
    return (low, low, 0.0) if axis[low] == x else (low, low + 1, (x - axis[low]) / (axis[low + 1] - axis[low]))


def _between(a: float, b: float, share: float) -> float:
    return min(max(a + share * (b - a), min(a, b)), max(a, b))
