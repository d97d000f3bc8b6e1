"""Device presets: what the driver module of a machine receives, and how it is checked."""

import hashlib
import json
import math
import os
from pathlib import Path

import jsonschema
import rfc8785

from . import _core
from .writing import write_text

SCHEMA_VERSION = "1.0.0"


def schema() -> dict[str, object]:
    """JSON Schema (2020-12) of a preset."""
    from . import configs

    return json.loads((configs() / "schema" / "preset-1.0.0.schema.json").read_text(encoding="utf-8"))


def content_sha256(preset: dict[str, object]) -> str:
    """SHA-256 of a preset in canonical JSON (RFC 8785), without the hash itself."""
    return hashlib.sha256(rfc8785.dumps({key: value for key, value in preset.items() if key != "sha256"})).hexdigest()


def seal(preset: dict[str, object]) -> dict[str, object]:
    """A copy of a preset with its hash, checked like any other before anybody gets it."""
    sealed = preset | {"sha256": content_sha256(preset)}
    problems = check_preset(sealed)
    if problems:
        raise _core.NumericsError("the calibration gave a preset that its own rules refuse: " + "; ".join(problems))
    return sealed


def save_preset(preset: dict[str, object], path: str | os.PathLike[str]) -> Path:
    """Writes a sealed preset; it appears under its name when it is complete."""
    return write_text(Path(path), json.dumps(preset, indent=1, ensure_ascii=False) + "\n")


def load_preset(path: str | os.PathLike[str]) -> dict[str, object]:
    """Reads a preset and refuses a bad one.

    Raises
    ------
    InputError: not JSON, not a preset, altered, of an unknown major version, or outside its own envelope; all problems named.
    FileError: no such file.
    """
    path = Path(path)
    try:
        preset = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_double)
    except FileNotFoundError:
        raise _core.FileError(f"{path}: no such file; give the path of a preset") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _core.InputError(f"{path}: is not a JSON document ({error}); give a preset written by `dermaflux calibrate`") from None
    problems = check_preset(preset)
    if problems:
        raise _core.InputError(f"{path}: refused: " + "; ".join(problems))
    return preset


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number in JSON")


def _no_double(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Readers differ in which of two equal keys they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)} stands twice")
    return found


def check_preset(preset: object) -> list[str]:
    """Problems of a preset, empty if it is good: major version, schema, hash, and settings inside tolerance and envelope."""
    if not isinstance(preset, dict):
        return ["it is not a JSON object"]
    version = str(preset.get("schema_version", ""))
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        return [f"its schema_version is {version or 'missing'}, this program reads {SCHEMA_VERSION.split('.')[0]}.x"]
    validator = jsonschema.Draft202012Validator(schema())
    problems = [f"{'/'.join(map(str, error.path)) or 'preset'}: {error.message}" for error in validator.iter_errors(preset)]
    if problems:
        return problems
    try:
        if content_sha256(preset) != preset["sha256"]:
            problems.append("its SHA-256 does not match its content (it was altered)")
    except (ValueError, RecursionError) as error:
        return [f"it has no canonical JSON form ({error})"]
    settings, tolerance = preset["settings"], preset["tolerance"]
    for name, limit in preset["envelope"].items():
        values = {"settings": settings.get(name)}
        for edge in ("min", "max"):
            values[f"tolerance {edge}"] = tolerance.get(name, {}).get(edge)
        for row in preset["adaptation"]:
            values[f"adaptation to {row['measured']}"] = row["settings"].get(name)
            problems += _outside(name, values, limit)
        problems += _outside(name, values, limit)
    for name, box in tolerance.items():
        problems += _outside(name, {"settings": settings.get(name)}, box)
    return list(dict.fromkeys(problems))


def _outside(name: str, values: dict[str, float | None], limit: dict[str, float]) -> list[str]:
    return [
        f"{what}: {name} = {value:g} is outside {limit['min']:g} to {limit['max']:g}"
        for what, value in values.items()
        if value is not None and not (math.isfinite(value) and limit["min"] <= value <= limit["max"])
    ]
