"""Commands that show and match colours: render, match."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from . import _core

_Set = Annotated[list[str] | None, typer.Option("-s", "--set", help="override a key: of the pattern (patch.width_mm=20), or of the treatment of its dots (repeatable)")]
_Backend = Annotated[str, typer.Option("--backend", help="auto, serial, kokkos or cuda")]


def add_to(app: typer.Typer, guarded: Callable, changes: Callable[[list[str] | None], list[tuple[str, str]]]) -> None:
    """Adds the commands to the application."""

    @app.command()
    @guarded
    def render(
        file: Annotated[Path | None, typer.Argument(help="run file written by `dermaflux run -o`; with a pattern it may be left out")] = None,
        pattern: Annotated[Path | None, typer.Option("--pattern", help="pattern file, e.g. configs/patterns/hairline.toml: a patch instead of one dot")] = None,
        output: Annotated[Path | None, typer.Option("-o", "--output", help="picture: .png, .pdf or .svg")] = None,
        day: Annotated[list[str] | None, typer.Option("--day", help="look: 14, 6mo, 1y (repeatable); 14, or those of the pattern, otherwise")] = None,
        width_mm: Annotated[float | None, typer.Option("--width-mm", help="width of the picture of one dot")] = None,
        assignments: _Set = None,
        backend: _Backend = "auto",
        grid: Annotated[str, typer.Option("--grid", help="of the runs of a pattern: quick, standard, fine or finest")] = "standard",
        as_json: Annotated[bool, typer.Option("--json", help="print colours, or coverage and merging, as JSON")] = False,
    ) -> None:
        """True-colour picture of one dot of a run, or of a patch of scalp full of dots, with a scale bar."""
        from . import rendering
        from .looks import parse_day

        if output is None and not as_json:
            raise _core.InputError("render: nothing to write; give -o dot.png, or --json for the figures")
        if output is not None:
            rendering.check_picture(output)
        days = [parse_day(text) for text in day or []]
        pairs = changes(assignments)
        if pattern is not None:
            if width_mm is not None:
                raise _core.InputError(f"--width-mm {width_mm:g}: is for the picture of one dot; the width of a patch is -s patch.width_mm={width_mm:g}")
            _render_pattern(file, pattern, output, days, pairs, backend, grid, as_json)
            return
        if file is None:
            raise _core.InputError("render: nothing to show; give a run file, --pattern configs/patterns/hairline.toml, or both")
        if pairs:
            raise _core.InputError(f"-s {pairs[0][0]}={pairs[0][1]}: has no effect on a run that is stored; give it to `dermaflux run`")
        _render_dot(file, output, days or [14.0], width_mm, as_json)

    @app.command()
    @guarded
    def match(
        file: Annotated[Path, typer.Argument(help="treatment file, or run file of a treatment")],
        hair_lab: Annotated[str, typer.Option("--hair-lab", help="colour of the client's hair, CIE L,a,b under D65: 25,4,7")],
        skin_lab: Annotated[str | None, typer.Option("--skin-lab", help="colour of the client's skin; that of the treatment otherwise")] = None,
        day: Annotated[str, typer.Option("--day", help="horizon at which they are to match: 1y, 6mo, 90")] = "1y",
        inks: Annotated[list[str] | None, typer.Option("--ink", help="pigments to try (repeatable); all otherwise")] = None,
        accept: Annotated[float, typer.Option("--accept", help="largest Delta E 2000 that counts as a match")] = 5.0,
        assignments: Annotated[list[str] | None, typer.Option("-s", "--set", help="override a key of the treatment (repeatable)")] = None,
        backend: _Backend = "auto",
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
            file, changes(assignments), hair, skin, day=parse_day(day), inks=inks or None, accept=accept, backend=backend, grid=grid, progress=not as_json
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
    file: Path | None, pattern: Path, output: Path | None, days: list[float], pairs: list[tuple[str, str]], backend: str, grid: str, as_json: bool
) -> None:
    from . import rendering
    from .pattern import load_pattern_texts
    from .runfile import open_run

    data = open_run(file) if file is not None else None
    if data is not None:
        rendering.check_run_overrides(pairs)
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
