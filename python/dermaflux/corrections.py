"""Correction factors for tilt and prongs: what a box gives over what the axisymmetric model gives, with standard errors."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from . import _core
from .entries import Index
from .treatment import Treatment


@dataclass(frozen=True)
class Corrected:
    """Factors of one output: shape of the members, or one number. Error is the standard error of the factor [-]."""

    factor: np.ndarray | float
    error: np.ndarray | float


def file_sha256(corrections: _core.Corrections) -> str:
    """SHA-256 of the file of corrections."""
    return hashlib.sha256(corrections.file.read_bytes()).hexdigest()


def corrected_members(
    corrections: _core.Corrections, shape: tuple[int, ...], members: Mapping[Index, tuple[bool, int, float]], outputs: Sequence[str] = ()
) -> dict[str, Corrected]:
    """Factors of the outputs that are corrected, by name, shape `shape` each; 1 without error for what ran in a box.

    Parameters
    ----------
    members: by index, whether it runs in a box, its prongs, its angle [degree]. outputs: that are wanted; all if empty.

    Raises
    ------
    InputError: a number of prongs or an angle that the study has not measured.
    """
    found = {}
    for name in corrections.outputs:
        if outputs and name not in outputs:
            continue
        factor, error = np.ones(shape), np.zeros(shape)
        for index, (box, prongs, angle) in members.items():
            if not box:
                one = corrections.of(name, prongs, angle)
                factor[index], error[index] = one.factor(angle), one.error
        found[name] = Corrected(factor, error)
    return found


def corrected_at(corrections: _core.Corrections | None, treatment: Treatment) -> dict[str, Corrected]:
    """Factors of the outputs that are corrected for one treatment, by name; none without corrections, or for a box.

    Raises
    ------
    InputError: a number of prongs or an angle that the study has not measured.
    """
    if corrections is None or treatment["geometry.kind"] == "box":
        return {}
    prongs, angle = int(treatment["needle.prongs"]), float(treatment["machine.angle_deg"])
    found = {name: corrections.of(name, prongs, angle) for name in corrections.outputs}
    return {name: Corrected(one.factor(angle), one.error) for name, one in found.items()}


def stated(corrections: _core.Corrections | None, treatment: Treatment) -> dict[str, object]:
    """What a preset says of the corrections that its outputs were multiplied by, at its angle and prongs; nothing if there are none."""
    found = corrected_at(corrections, treatment)
    if corrections is None or not found:
        return {}
    factors = [{"output": name, "factor": float(f"{one.factor:.6g}"), "standard_error": float(f"{one.error:.6g}")} for name, one in found.items()]
    return {"corrections": {"title": corrections.title, "sha256": file_sha256(corrections), "study_sha256": corrections.study_sha256, "factors": factors}}


def corrections_line(preset: Mapping[str, object]) -> str:
    """One line for people on the corrections of a checked preset; empty if it has none."""
    said = preset["provenance"].get("corrections")  # type: ignore[attr-defined]
    if not said:
        return ""
    factors = ", ".join(f"{one['output']} x {one['factor']:.3g} +- {one['standard_error']:.2g}" for one in said["factors"])
    return f"corrected for tilt and prongs ({said['title']}): {factors}"
