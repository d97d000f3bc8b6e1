"""Commands of device presets: export, check, sign, verify, diff, show, card, set."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from .commands import Backend, Quick, Refine, Set, Threads, changes_of, fail, guarded
from .tables import print_table
from .writing import check_output

preset_app = typer.Typer(help="Device presets.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="preset file")]
Json = Annotated[bool, typer.Option("--json", help="print JSON")]
Signature = Annotated[Path | None, typer.Option("--signature", help="signature file; PRESET.sig otherwise")]


def _facts(file: Path, preset: dict) -> dict[str, object]:
    about = preset["preset"]
    return {"file": str(file), "id": about["id"], "version": about["version"], "status": about["status"], "schema_version": preset["schema_version"],
            "sha256": preset["sha256"]}  # fmt: skip


@preset_app.command("export")
@guarded
def export(
    file: File,
    output: Annotated[Path, typer.Option("-o", "--output", help="file for the driver")],
    version: Annotated[str | None, typer.Option("--version", help="version of the content, e.g. 1.0.1; needed with --status and --expires")] = None,
    status: Annotated[str | None, typer.Option("--status", help="research, reviewed, released or withdrawn")] = None,
    expires: Annotated[str | None, typer.Option("--expires", help="last day on which a driver may load it, YYYY-MM-DD")] = None,
    key: Annotated[Path | None, typer.Option("--key", help="private key (PEM, Ed25519): sign it, too")] = None,
    as_json: Json = False,
) -> None:
    """Writes a preset for the driver: newest schema, canonical bytes (RFC 8785), SHA-256; on request another status, an end, a signature."""
    from .preset import load_preset, migrate, restate, save_preset
    from .preset_signing import private_key, sign_preset

    check_output(output)
    if key is not None:
        private_key(key)
    preset = migrate(load_preset(file))
    if version or status or expires:
        preset = restate(preset, version=version, status=status, expires=expires)
    save_preset(preset, output)
    signature = sign_preset(output, key) if key is not None else None
    if as_json:
        print(json.dumps(_facts(output, preset) | {"signature": signature and str(signature)}))
        return
    print(f"written: {output}" + (f"\nwritten: {signature}" if signature else ""))
    if "settings_table" not in preset:
        print("warning: it has no settings table, so that a driver cannot adapt it; calibrate again")
    if "sessions" not in preset:
        print("warning: it has no session plan, so that a driver does not know when the skin may be treated again; calibrate again")


@preset_app.command("check")
@guarded
def check(file: File, as_json: Json = False) -> None:
    """Verifies schema, version, envelope, canonical bytes and SHA-256 of a preset."""
    from .preset import load_preset

    preset = load_preset(file)
    if as_json:
        print(json.dumps(_facts(file, preset) | {"good": True}))
        return
    settings = preset["settings"]
    print(f"{file}: good ({preset['preset']['id']} {preset['preset']['version']}, {preset['preset']['status']}): "
          f"depth {settings['depth_mm']:g} mm, dwell {settings['dwell_ms']:g} ms, {settings['frequency_hz']:g} Hz")  # fmt: skip


@preset_app.command("sign")
@guarded
def sign(
    file: File,
    key: Annotated[Path, typer.Option("--key", help="private key: openssl genpkey -algorithm ed25519 -out key.pem")],
    signature: Signature = None,
    as_json: Json = False,
) -> None:
    """Signs a preset (Ed25519 over all bytes of the file), detached."""
    from .preset_signing import sign_preset

    written = sign_preset(file, key, signature)
    print(json.dumps({"file": str(file), "signature": str(written)}) if as_json else f"written: {written}")


@preset_app.command("verify")
@guarded
def verify(
    file: File,
    public_key: Annotated[Path, typer.Option("--public-key", help="public key: openssl pkey -in key.pem -pubout -out public.pem")],
    signature: Signature = None,
    as_json: Json = False,
) -> None:
    """Verifies the signature of a preset, then the preset itself."""
    from .preset import load_preset
    from .preset_signing import public_key_bytes, verify_preset

    verify_preset(file, public_key, signature)
    preset = load_preset(file)
    raw = public_key_bytes(public_key).hex()
    print(json.dumps(_facts(file, preset) | {"signed": True, "public_key": raw}) if as_json else f"{file}: signature and content good (key {raw})")


@preset_app.command("diff")
@guarded
def diff(first: File, second: Annotated[Path, typer.Argument(help="preset to compare it with")], as_json: Json = False) -> None:
    """What differs between two presets, value by value; the exit code is 0 either way."""
    from .preset import load_preset

    before, after = (dict(_leaves(load_preset(path))) for path in (first, second))
    rows = [(key, before.get(key), after.get(key)) for key in sorted(before | after) if before.get(key) != after.get(key)]
    if as_json:
        print(json.dumps([{"key": key, "first": one, "second": other} for key, one, other in rows]))
        return
    for key, one, other in rows:
        print(f"{key}: {_word(one)} -> {_word(other)}")
    if not rows:
        print("no difference")


@preset_app.command("show")
@guarded
def show(file: File, as_json: Json = False) -> None:
    """A preset for people: settings, corrections, table, session plan, envelope, alarms, warnings."""
    from .corrections import corrections_line
    from .optimum import located, of_preset
    from .preset import load_preset
    from .session_plan import plan_lines

    preset = load_preset(file)
    if as_json:
        print(json.dumps(preset, indent=1, ensure_ascii=False))
        return
    about = preset["preset"]
    print(f"{about['title']} ({about['id']} {about['version']}, {about['status']}{', until ' + about['expires'] if 'expires' in about else ''})")
    models = ", ".join(preset[part]["model"] for part in ("machine", "needle", "ink"))
    print(f"{models}; not with: {', '.join(preset['intended_use']['contraindications'])}")
    print(f"right with probability {preset['probability']['right']:g} +- {preset['probability']['standard_error']:g}")
    if "location" in preset:
        print(located(of_preset(preset["location"])))
    if corrected := corrections_line(preset):
        print(corrected)
    for one in preset.get("searched", []):
        print(f"{one['key']} = {one['chosen']}, of {', '.join(map(str, one['tried']))}")
    table = Table("setting", "value", "tolerance", "envelope")
    for name, value in preset["settings"].items():
        table.add_row(name, f"{value:g}", *(_ends(preset[part].get(name)) for part in ("tolerance", "envelope")))
    print_table(table)
    _show_table(preset.get("settings_table"))
    for line in plan_lines(preset.get("sessions")):
        print(line)
    table = Table("alarm", "quantity", "warn", "stop", "unit", "action")
    for alarm in preset["alarms"]:
        levels = (f"{alarm[level]:g}" if level in alarm else "" for level in ("warn", "stop"))
        table.add_row(alarm["name"], alarm["quantity"], *levels, alarm["unit"], alarm["action"])
    print_table(table)
    for warning in preset["warnings"]:
        print(f"warning: {warning}")


@preset_app.command("card")
@guarded
def card(file: File, output: Annotated[Path, typer.Option("-o", "--output", help="card to write: NAME.pdf or NAME.html")]) -> None:
    """One page for who holds the machine: settings, limits, what to expect, alarms."""
    from .preset import load_preset
    from .preset_card import save_card

    print(f"written: {save_card(load_preset(file), output)}")


@preset_app.command("set")
@guarded
def make_set(
    file: Annotated[Path, typer.Argument(help="calibration file with a table \\[set], e.g. configs/calibrations/scalp.toml")],
    output: Annotated[Path, typer.Option("-o", "--output", help="folder for presets, reports, set.json and index.html; what is in it is kept")],
    classes: Annotated[list[str] | None, typer.Option("--class", help="tissue class in place of those of the file (repeatable)")] = None,
    needles: Annotated[list[str] | None, typer.Option("--needle", help="needle in place of those of the file (repeatable)")] = None,
    inks: Annotated[list[str] | None, typer.Option("--ink", help="ink in place of those of the file (repeatable)")] = None,
    quick: Quick = False,
    refine: Refine = False,
    posteriors: Annotated[list[Path] | None, typer.Option("--posterior", help="fit whose posterior takes the place of priors where it holds (repeatable)")] = None,
    assignments: Set = None,
    backend: Backend = "auto",
    threads: Threads = 0,
) -> None:
    """Presets of all classes, needles and inks; goes on where it was left. Exit code 3 if some could not be made."""
    from . import _core
    from .preset_set import make_set_of_texts

    if output.exists() and not output.is_dir():
        raise _core.FileError(f"{output}: is not a folder; give a folder for the presets")
    _core.set_threads(threads)
    rows = make_set_of_texts(
        file, output, classes, needles, inks, changes_of(assignments), quick=quick, further=refine, backend=backend, progress=True, posteriors=posteriors or []
    )  # fmt: skip
    table = Table("class", "needle", "ink", "depth", "dwell", "right")
    for row in rows:
        if row.file:
            numbers = (f"{row.depth_mm:g} mm", f"{row.dwell_ms:g} ms", f"{row.right:.2f} +- {row.standard_error:.2f}")
        table.add_row(row.skin_class, row.needle, row.ink, *(numbers if row.file else ("", "", "none")))
    print_table(table)
    absent = [row for row in rows if not row.file]
    for row in absent:
        print(f"warning: {row.name}: {row.why}")
    print(f"written: {len(rows) - len(absent)} presets, {output / 'index.html'}")
    if absent:
        fail(f"{len(absent)} of {len(rows)} presets could not be made; set.json says why", 3)


def _show_table(cells: dict | None) -> None:
    if cells is None:
        print("no settings table: it cannot be adapted")
        return
    print(f"{cells['same']}, by {cells['thickness_of']} [um] and {cells['force_at']} [N]")
    table = Table("um", *(f"{force:g} N" for force in cells["force_n"]))
    width = len(cells["force_n"])
    for n, thickness in enumerate(cells["thickness_um"]):
        row = cells["cells"][n * width : (n + 1) * width]
        table.add_row(f"{thickness:g}", *(cell.get("none") or f"{cell['depth_mm']:g} mm, {cell['dwell_ms']:g} ms" for cell in row))
    print_table(table)


def _ends(limit: dict[str, float] | None) -> str:
    return f"{limit['min']:g} to {limit['max']:g}" if limit else ""


def _word(value: object) -> str:
    return "absent" if value is None else json.dumps(value, ensure_ascii=False)


def _leaves(node: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every value of a document with its path."""
    if isinstance(node, dict | list) and node:
        for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(inner, f"{path}/{key}" if path else str(key))
    else:
        yield path, node
