"""Device presets: what the driver module of a machine receives, how it is checked, written and adapted."""

import hashlib
import json
import math
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import jsonschema
import rfc8785

from . import _core
from .writing import write_text

SCHEMA_VERSION = "1.3.0"
_SCHEMAS = ("1.0.0", "1.1.0", "1.2.0", SCHEMA_VERSION)
LARGEST_BYTES = 262144
DAYS_SINCE = "days since last session"  # what the driver's reader compares with the session plan, too
QUANTILES = ("p05_years", "p50_years", "p95_years")
CELL_VALUES = ("insertion_force_n", "d_tip_mm", "strokes", "bleed_probability", "contrast_1y")


def schema(version: str = SCHEMA_VERSION) -> dict[str, object]:
    """JSON Schema (2020-12) of a preset, of the newest version or of an earlier one."""
    from . import configs

    return json.loads((configs() / "schema" / f"preset-{version}.schema.json").read_text(encoding="utf-8"))


@lru_cache
def _validator(version: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(version))


def canonical_bytes(preset: dict[str, object]) -> bytes:
    """A preset in canonical JSON (RFC 8785): the bytes of its file, which a signature is over."""
    return rfc8785.dumps(preset)


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
    """Writes a sealed preset in canonical bytes; it appears under its name when it is complete."""
    return write_text(Path(path), canonical_bytes(preset).decode())


def load_preset(path: str | os.PathLike[str]) -> dict[str, object]:
    """Reads a preset and refuses a bad one.

    From schema 1.1 on a file holds the canonical bytes and nothing else, so that no byte of it can change unseen; of 1.0 any layout
    is read.

    Raises
    ------
    InputError: not JSON, not a preset, altered, of an unknown major version, or outside its own envelope; all problems named.
    FileError: no such file.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except FileNotFoundError:
        raise _core.FileError(f"{path}: no such file; give the path of a preset") from None
    except OSError as error:
        raise _core.InputError(f"{path}: is not a JSON document ({error}); give a preset written by `dermaflux calibrate`") from None
    return read_preset(content, path)


def read_preset(content: bytes, name: str | os.PathLike[str] = "preset") -> dict[str, object]:
    """:func:`load_preset` of the bytes of a file; its name stands in the message of the error."""
    try:
        if len(content) > LARGEST_BYTES:
            raise ValueError(f"it is larger than any preset, {LARGEST_BYTES} bytes")
        preset = json.loads(content.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_double)
    except (ValueError, RecursionError) as error:
        raise _core.InputError(f"{name}: is not a JSON document ({error}); give a preset written by `dermaflux calibrate`") from None
    problems = check_preset(preset)
    if not problems and _minor(preset["schema_version"]) > 0 and content != canonical_bytes(preset):
        problems = ["its bytes are not the canonical form (RFC 8785), though its content is whole; write them with `dermaflux preset export`"]
    if problems:
        raise _core.InputError(f"{name}: refused: " + "; ".join(problems))
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


def _minor(version: object) -> int:
    """The minor version; the newest for all later ones and for what is no version, which no schema knows."""
    parts = str(version).split(".")
    known = {"" if n == 0 else str(n): n for n in range(len(_SCHEMAS))}
    return known.get(parts[1].lstrip("0"), len(_SCHEMAS) - 1) if len(parts) == 3 else len(_SCHEMAS) - 1


def check_preset(preset: object) -> list[str]:
    """Problems of a preset, empty if it is good: major version, schema, hash, settings inside tolerance, envelope and the limits
    of their machine, a whole settings table, alarms that can be judged, a session plan that can be kept."""
    if not isinstance(preset, dict):
        return ["it is not a JSON object"]
    version = str(preset.get("schema_version", ""))
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        return [f"its schema_version is {version or 'missing'}, this program reads {SCHEMA_VERSION.split('.')[0]}.x"]
    try:
        if "sha256" in preset and content_sha256(preset) != preset["sha256"]:
            return ["its SHA-256 does not match its content (it was altered)"]
    except (ValueError, RecursionError) as error:
        return [f"it has no canonical JSON form ({error})"]
    errors = _validator(_SCHEMAS[_minor(version)]).iter_errors(preset)
    problems = [f"{'/'.join(map(str, error.path)) or 'preset'}: {error.message}" for error in errors]
    if problems:
        return problems
    problems += [problem for alarm in preset["alarms"] for problem in _alarm_problems(alarm)]
    problems += _table_problems(preset.get("settings_table"))
    problems += [f"sessions: {problem}" for problem in _plan_problems(preset.get("sessions"), preset["alarms"])]
    problems += [f"searched {row['key']}: {row['chosen']} is not among those tried" for row in preset.get("searched", []) if row["chosen"] not in row["tried"]]
    if location := preset.get("location"):
        problems += [problem for name, best in location["best"].items() for problem in _outside(name, {"location": best}, location["range"][name])]
    for name, limit in (*preset["envelope"].items(), *preset["machine"].get("limits", {}).items()):
        problems += _outside(name, dict(_uses(preset, name)), limit)
    for name, box in preset["tolerance"].items():
        problems += _outside(name, {"settings": preset["settings"].get(name)}, box)
    return list(dict.fromkeys(problems))


def _uses(preset: dict[str, object], name: str) -> Iterator[tuple[str, float | None]]:
    """Every value that a preset gives one setting, and where."""
    yield "settings", preset["settings"].get(name)
    for edge in ("min", "max"):
        yield f"tolerance {edge}", preset["tolerance"].get(name, {}).get(edge)
    for n, row in enumerate(preset["adaptation"]):
        yield f"adaptation {n + 1} to {row['measured']}", row["settings"].get(name)
    if name in ("depth_mm", "dwell_ms"):
        for n, cell in enumerate(preset.get("settings_table", {}).get("cells", [])):
            yield f"cell {n} of the settings table", cell.get(name)


def _outside(name: str, values: dict[str, float | None], limit: dict[str, float]) -> list[str]:
    return [
        f"{what}: {name} = {value:g} is outside {limit['min']:g} to {limit['max']:g}"
        for what, value in values.items()
        if value is not None and not (math.isfinite(value) and limit["min"] <= value <= limit["max"])
    ]


def _alarm_problems(alarm: dict[str, object]) -> list[str]:
    quantity, _, side = str(alarm["quantity"]).rpartition(" ")
    ends = [level in alarm for level in ("warn", "stop")]
    if quantity and (side in ("below", "above") and any(ends) or side == "outside" and all(ends)):
        return []
    return [f"alarm {alarm['name']}: no driver can judge it; its quantity ends with below or above and has warn or stop, or with outside and has both"]


def _table_problems(table: dict[str, object] | None) -> list[str]:
    if table is None:
        return []
    axes = [table["thickness_um"], table["force_n"]]
    problems = [f"settings_table: {axis} does not increase" for axis in axes if any(b <= a for a, b in zip(axis, axis[1:], strict=False))]
    if len(table["cells"]) != len(axes[0]) * len(axes[1]):
        problems.append(f"settings_table: {len(table['cells'])} cells, not {len(axes[0])} x {len(axes[1])}")
    return problems


def _plan_problems(plan: dict[str, object] | None, alarms: list[dict[str, object]]) -> list[str]:
    """Why a session plan cannot be kept, or what it promises against the alarms."""
    if plan is None:
        return []
    count, days, earliest, due = plan["count"], plan["days_between"], plan["earliest_day"], plan["touch_up"]
    years = [due.get(name, math.inf) for name in QUANTILES]
    broken = {
        f"count is {count['min']:g} to {count['max']:g}": count["min"] > count["max"],
        f"{len(plan['purposes'])} purposes, not one for each of {count['max']:g} sessions": len(plan["purposes"]) != count["max"],
        f"days_between is {days['min']:g} to {days['max']:g}": days["min"] > days["max"],
        f"earliest_day = {earliest:g} is later than the first of days_between, {days['min']:g}": earliest > days["min"],
        "the quantiles of touch_up do not increase": years != sorted(years),
        "a quantile of touch_up lies beyond its horizon": any(due["horizon_years"] < one < math.inf for one in years),
    }
    early = [f"alarm {alarm['name']} stops at earliest_day = {earliest:g}" for alarm in alarms if _stops(alarm, DAYS_SINCE, earliest)]
    return [problem for problem, true in broken.items() if true] + early


def _stops(alarm: dict[str, object], quantity: str, value: float) -> bool:
    """Whether a checked alarm stops at a value of a quantity."""
    of, _, side = str(alarm["quantity"]).rpartition(" ")
    levels = sorted(alarm[level] for level in ("warn", "stop") if level in alarm)
    if side == "outside":
        return of == quantity and not levels[0] <= value <= levels[-1]
    return of == quantity and "stop" in alarm and (value < alarm["stop"] if side == "below" else value > alarm["stop"])


def migrate(preset: dict[str, object]) -> dict[str, object]:
    """A checked preset in the newest schema. What an older one does not say stays unsaid: a preset of 1.0 has no settings table
    and cannot be adapted, one of 1.1 has no session plan, one of 1.2 no corrections. The hash of what it was made of stands in its provenance."""
    if _minor(preset["schema_version"]) == _minor(SCHEMA_VERSION):
        return preset
    newest = {key: value for key, value in preset.items() if key != "sha256"}
    newest |= {"schema": str(schema()["$id"]), "schema_version": SCHEMA_VERSION}
    origin = preset["provenance"]
    data = [one if isinstance(one, dict) else {"name": one} for one in origin["data"]]  # names until 1.1
    newest["provenance"] = origin | {"data": data, "migrated_from_sha256": preset["sha256"]}
    return seal(newest)


def restate(preset: dict[str, object], *, version: str | None, status: str | None = None, expires: str | None = None) -> dict[str, object]:
    """A preset with another version, status or last day. A changed preset is a new version, never an edit.

    Raises
    ------
    InputError: no new version, or a word that the schema does not know.
    """
    if version is None or version == preset["preset"]["version"]:
        raise _core.InputError(f"a changed preset is a new version; give one that is not {preset['preset']['version']}, e.g. --version 1.0.1")
    changes = {"version": version, "status": status, "expires": expires}
    stated = {key: value for key, value in preset.items() if key != "sha256"}
    stated["preset"] = preset["preset"] | {key: value for key, value in changes.items() if value is not None}
    stated["sha256"] = content_sha256(stated)
    if problems := check_preset(stated):
        raise _core.InputError("; ".join(problems))
    return stated
