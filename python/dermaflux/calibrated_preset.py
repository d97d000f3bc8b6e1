"""The preset of a calibration: what was found, in the words of the driver module."""

import math
from typing import TYPE_CHECKING

import numpy as np

from . import _core, provenance
from .corrections import stated as stated_corrections
from .criteria import hard
from .optimum import located, stated
from .preset import SCHEMA_VERSION, schema, seal
from .result import OUTPUTS
from .session_plan import session_plan

if TYPE_CHECKING:
    from .calibration import Calibration

EXPECTED = (
    "d_tip_mm", "strokes", "insertion_force_n", "pigment_deposited_ng", "pigment_depth_mm", "share_epidermis", "retained_fraction_day42",
    "retained_fraction_1y", "contrast_day14", "contrast_1y", "contrast_3y", "fwhm_mm_day14", "fwhm_mm_1y", "delta_e_day14",
    "bleed_probability",
)  # fmt: skip


def digits(value: float) -> float:
    """Six significant digits: what a preset states."""
    return float(f"{value:.6g}")


def _expected(c: "Calibration", name: str) -> dict[str, object]:
    """What the best setting gives over the draws, of one output."""
    values = c.decided[name].values
    good = values[np.isfinite(values)]
    if not good.size:
        raise _core.NumericsError(
            f"no preset: at the best setting (depth {c.best['depth_mm']:g} mm, dwell {c.best['dwell_ms']:g} ms) {name} is a number in none of "
            f"{values.size} draws; search other depths or dwell times"
        )
    low, middle, high = np.quantile(good, [0.05, 0.5, 0.95])
    return {"p05": digits(low), "p50": digits(middle), "p95": digits(high), "unit": OUTPUTS[name]["unit"] or "1"}


def _located(c: "Calibration") -> list[str]:
    """Says so if the best setting is known less well than the file asks."""
    if c.location is None or c.location.known:
        return []
    return [f"the best setting is known less well than asked: {located(c.location)}"]


def _grids_differ(c: "Calibration") -> list[str]:
    """Says so if the grid of the search judges the best setting otherwise than the standard grid: the best may lie elsewhere there."""
    gap, error = c.grid_gap
    if abs(gap) <= 2.0 * error:
        return []
    return [f"the {c.file.grid} grid, which searched, and the standard grid judge the best setting differently: {gap:+.2f} +- {error:.2f} of its worth"]


def _of_posterior(c: "Calibration") -> list[str]:
    """What the fit warned of, and what was otherwise when its data were measured."""
    return [*c.warned, *(f"{c.posterior.title}: {text}" for text in c.posterior.warnings)] if c.posterior else []


def _data(c: "Calibration") -> list[dict[str, str]]:
    """The fit that the draws stand on, and its measurements."""
    if c.posterior is None:
        return []
    return [{"name": f"{c.posterior.path.name}: {c.posterior.title}", "sha256": c.posterior.sha256}, *c.posterior.data]


def _prior_keys(c: "Calibration") -> list[str]:
    """Which uncertain keys were not fitted."""
    return [key for key in c.draws if c.posterior is None or key not in c.posterior.keys]


def _priors(c: "Calibration") -> str:
    """The same in words."""
    if c.posterior is None:
        return "every uncertain parameter stands on its prior range; no clinical data were fitted"
    table = "" if c.table is None else "; the skins of the settings table have the values of the files, and quantiles of the priors"
    return f"fitted: {', '.join(c.posterior.keys)}; on prior ranges: {', '.join(_prior_keys(c)) or 'no other'}{table}"


def _limits(c: "Calibration") -> dict[str, object]:
    """Ranges of the machine's file for what a preset sets and the envelope does not bound."""
    ranges = {name: c.treatment.values_with_source[f"machine.{name}"].range for name in ("frequency_hz", "stroke_mm", "angle_deg", "hand_force_n")}
    limits = {name: {"min": one[0], "max": one[1]} for name, one in ranges.items() if one}
    return {"limits": limits} if limits else {}


def build_preset(c: "Calibration") -> dict[str, object]:
    """The preset of a calibration: settings, tolerance, what to expect, envelope, alarms, provenance, sealed with its hash. The
    same inputs give the same bytes: no date or run time is in it."""
    file, treatment = c.file, c.treatment
    resolved = treatment.resolved()
    draws = int(c.decided.sizes["draw"])

    def number(key: str) -> float:
        return float(treatment[key])

    preset = {
        "schema": str(schema()["$id"]),
        "schema_version": SCHEMA_VERSION,
        "preset": {
            "id": f"scalp-dot-{file.skin_class}-{treatment['needle.model']}-{treatment['ink.model']}",
            "version": "1.0.0",
            "title": f"{file.title}, {file.skin_class} scalp",
            "status": "research",
        },
        "intended_use": {
            "text": "One microdot of scalp micropigmentation in skin of this class, by a trained operator. Research use; not validated "
            "for treatment; does not authorise use on people.",
            "skin_class": file.skin_class,
            "contraindications": ["keloid history", "active inflammation", f"scars younger than {number('model.months_to_heal'):g} months"],
        },
        "machine": {"model": str(treatment["machine.model"]), "drive": "frequency"} | _limits(c),
        "needle": {
            "model": str(treatment["needle.model"]),
            "prongs": int(number("needle.prongs")),
            "shaft_diameter_mm": number("needle.shaft_diameter_mm"),
            "taper_length_mm": number("needle.taper_length_mm"),
        },
        "ink": {
            "model": str(treatment["ink.model"]),
            "dilution": number("ink.dilution"),
            "carrier_viscosity_mpa_s": number("ink.carrier_viscosity_mpa_s"),
        },
        "settings": c.best
        | {key: number(f"machine.{key}") for key in ("frequency_hz", "stroke_mm", "angle_deg", "hand_force_n")},
        "tolerance": {name: {"min": box[0], "max": box[1]} for name, box in c.tolerance.items()},
        **({} if c.location is None or file.location is None else {"location": stated(c.location, file.location)}),
        "probability": {
            "right": digits(c.decided_probability),
            "standard_error": digits(math.sqrt(max(c.decided_probability * (1.0 - c.decided_probability), 0.25 / draws) / draws)),
            "draws": draws,
            "criteria": [
                {"name": rule.name, "output": rule.output}
                | ({"low": rule.low} if math.isfinite(rule.low) else {})
                | ({"high": rule.high} if math.isfinite(rule.high) else {})
                for rule in hard(file.criteria)
            ],
        },
        "expected": {name: _expected(c, name) for name in EXPECTED},
        "adaptation": c.adaptation,
        **({} if c.table is None else {"settings_table": c.table}),
        **({} if file.sessions is None else {"sessions": session_plan(c.decided, file.criteria, file.sessions)}),
        "sensitivity": [
            {"key": key, "rank_correlation_with_contrast_1y": digits(value)}
            for key, value in sorted(c.sensitivity.items(), key=lambda item: -abs(item[1]))
        ],
        "envelope": {limit.key.removeprefix("machine."): {"min": limit.low, "max": limit.high} for limit in file.envelope},
        "alarms": [
            {"name": alarm.name, "quantity": alarm.quantity, "unit": alarm.unit, "action": alarm.action, "reason": alarm.reason}
            | ({"warn": alarm.warn} if math.isfinite(alarm.warn) else {})
            | ({"stop": alarm.stop} if math.isfinite(alarm.stop) else {})
            for alarm in file.alarms
        ],
        **({"searched": c.searched} if c.searched else {}),
        "warnings": [f"the optimum lies on the edge of the searched box: {side}" for side in c.on_edge]
        + _located(c)
        + ([c.settled] if c.settled else [])
        + _grids_differ(c)
        + _of_posterior(c)
        + ([f"no settings table: {c.no_table}"] if c.no_table else []),
        "provenance": {
            "program": f"dermaflux {_core.version}",
            "git_commit": _core.git,
            "input_sha256": provenance.input_sha256(resolved),
            "input_files": provenance.file_hashes(dict.fromkeys([*file.files, *([c.posterior.path] if c.posterior else []), *([file.corrections.file] if file.corrections else [])])),
            "seed": file.seed,
            "data": _data(c),
            "prior_keys": _prior_keys(c),
            "priors": _priors(c),
            **stated_corrections(file.corrections, treatment),
            "grid_search": file.grid,
            "grid_decision": "standard",
            "effort": {
                "insertions": c.effort.searched.insertions, "insertions_without_screening": c.effort.full,
                "members": c.effort.searched.members, "members_decision": c.effort.decided.members,
            },
        },
    }
    return seal(preset)
