"""Commands that show and match colours: render, match."""

import json
from pathlib import Path
from typing import Annotated

import typer

from . import _core
from .commands import Backend, changes_of, guarded

_Set = Annotated[list[str] | None, typer.Option("-s", "--set", help="override a key: of the pattern (patch.width_mm=20), or of the treatment of its dots (repeatable)")]


def add_to(app: typer.Typer) -> None:
    """Adds the commands to the application."""
    for command in (render, match):
        app.command()(guarded(command))


def render(
    file: Annotated[Path | None, typer.Argument(help="run file written by `dermaflux run -o`; with a pattern it may be left out")] = None,
    pattern: Annotated[Path | None, typer.Option("--pattern", help="pattern file, e.g. configs/patterns/hairline.toml: a patch instead of one dot")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="picture: .png, .pdf or .svg")] = None,
    day: Annotated[list[str] | None, typer.Option("--day", help="look: 14, 6mo, 1y (repeatable); 14, or those of the pattern, otherwise")] = None,
    width_mm: Annotated[float | None, typer.Option("--width-mm", help="width of the picture of one dot")] = None,
    assignments: _Set = None,
    backend: Backend = "auto",
    grid: Annotated[str | None, typer.Option("--grid", help="of the runs of a pattern: quick, standard, fine or finest; standard, or that of the run file, otherwise")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print colours, or coverage and merging, as JSON")] = False,
) -> None:
    """True-colour picture of one dot of a run, or of a patch of scalp full of dots, with a scale bar."""
    from . import rendering
    from .looks import parse_day

    if output is None and not as_json:
        raise _core.InputError("render: nothing to write; give -o dot.png, or --json for the figures")
    if output is not None:
        rendering.check_picture(output)
    if output is None and width_mm is not None:
        raise _core.InputError(f"--width-mm {width_mm:g}: has no effect on figures; give -o dot.png too, or leave it out")
    days = [parse_day(text) for text in day or []]
    pairs = changes_of(assignments)
    if pattern is not None:
        if width_mm is not None:
            raise _core.InputError(f"--width-mm {width_mm:g}: is for the picture of one dot; the width of a patch is -s patch.width_mm={width_mm:g}")
        _render_pattern(file, pattern, output, days, pairs, backend, grid, as_json)
        return
    if file is None:
        raise _core.InputError("render: nothing to show; give a run file, --pattern configs/patterns/hairline.toml, or both")
    unused = [f"-s {key}={value}" for key, value in pairs]
    unused += [f"--grid {grid}"] if grid is not None else []
    unused += [f"--backend {backend}"] if backend != "auto" else []
    if unused:
        raise _core.InputError(f"{unused[0]}: has no effect on a run that is stored; give it to `dermaflux run`")
    _render_dot(file, output, days or [14.0], width_mm, as_json)


def match(
    file: Annotated[Path, typer.Argument(help="treatment file, or run file of a treatment")],
    hair_lab: Annotated[str, typer.Option("--hair-lab", help="colour of the client's hair, CIE L,a,b under D65: 25,4,7")],
    skin_lab: Annotated[str | None, typer.Option("--skin-lab", help="colour of the client's skin; that of the treatment otherwise")] = None,
    day: Annotated[str, typer.Option("--day", help="horizon at which they are to match: 1y, 6mo, 90")] = "1y",
    inks: Annotated[list[str] | None, typer.Option("--ink", help="pigments to try (repeatable); all otherwise")] = None,
    accept: Annotated[float, typer.Option("--accept", help="largest Delta E 2000 that counts as a match")] = 5.0,
    assignments: Annotated[list[str] | None, typer.Option("-s", "--set", help="override a key of the treatment (repeatable)")] = None,
    backend: Backend = "auto",
    grid: Annotated[str, typer.Option("--grid", help="quick, standard, fine or finest")] = "quick",
    as_json: Annotated[bool, typer.Option("--json", help="print the ranking as JSON")] = False,
) -> None:
    """Which pigment, diluted how far, has the colour of a client's hair at the horizon."""
    from . import matching
    from .colour import read_lab
    from .looks import parse_day

    hair = read_lab(hair_lab, "--hair-lab")
    skin = read_lab(skin_lab, "--skin-lab") if skin_lab is not None else None
    found = matching.match_file(
        file, changes_of(assignments), hair, skin, day=parse_day(day), inks=inks or None, accept=accept, backend=backend, grid=grid, progress=not as_json
    )  # fmt: skip
    print(json.dumps(found.to_json()) if as_json else found.summary())


def _render_dot(file: Path, output: Path | None, days: list[float], width_mm: float | None, as_json: bool) -> None:
    from . import pictures, rendering
    from .runfile import open_run

    data = open_run(file)
    figures = rendering.dot_figures(data, days, str(file))
    if output is not None:
        pictures.save_figure(rendering.render_dot(data, days, width_mm=width_mm, name=str(file)), output)
    _tell({"title": str(data.attrs["title"]), "looks": figures}, output, as_json, [])


def _render_pattern(
    file: Path | None, pattern: Path, output: Path | None, days: list[float], pairs: list[tuple[str, str]], backend: str, grid: str | None, as_json: bool
) -> None:
    from . import rendering
    from .pattern import load_pattern_texts
    from .runfile import open_run

    data = open_run(file) if file is not None else None
    patch = rendering.render_pattern(load_pattern_texts(pattern, pairs), data, days=days or None, backend=backend, grid=grid, progress=not as_json)
    if output is not None:
        patch.save(output)
    _tell(patch.to_json(), output, as_json, patch.notes)


def _tell(content: dict[str, object], output: Path | None, as_json: bool, notes: list[str]) -> None:
    if as_json:
        print(json.dumps(content))
        return
    for note in notes:
        print(f"warning: {note}")
    print(f"written: {output}")
