"""Commands of studies in space, and of the correction factors that are made of them."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from . import _core
from .commands import Backend, Set, Threads, changes_of, fail, guarded
from .tables import print_table


@guarded
def study(
    name: Annotated[str | None, typer.Argument(help="name of a shipped study or a file; without it the shipped ones are listed")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="result file (HDF5), a table (CSV) and a figure (PNG) beside it; NAME.study.h5 otherwise")] = None,
    assignments: Set = None,
    grid: Annotated[str | None, typer.Option("--grid", help="quick, standard, fine or finest, instead of the file's")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="run members that failed once more")] = False,
    every: Annotated[int | None, typer.Option("--every", help="write the state of the box that runs, after so many strokes and each moment; a killed study goes on from it")] = None,
    backend: Backend = "auto",
    threads: Threads = 0,
) -> None:
    """What only three dimensions can tell, as one command: angle, prongs, two dots, a follicle, a scar's border, a square centimetre of dots.
    Resumes after a kill."""
    from . import space_studies as studies

    if name is None:
        table = Table("study", "what it shows")
        for one, description in studies.studies().items():
            table.add_row(one, description)
        print_table(table)
        return
    plan = studies.load_study_texts(name, changes_of(assignments))
    _core.set_threads(threads)
    target = output or Path(f"{Path(name).stem}.study.h5")
    data = studies.run_space_study(plan, target, backend=backend, grid=grid, retry_failed=retry_failed, every=every, progress=True)
    head, rows = studies.table_for_people(data)
    table = Table(*head, title=data.attrs["title"])
    for row in rows:
        table.add_row(*row)
    print_table(table)
    for line in studies.findings(data):
        print(line)
    for path in (target, target.with_suffix(".csv"), target.with_suffix(".png"), *studies.pictures(plan, data, target)):
        print(f"written: {path}")
    if failed := int(data.attrs["failed_members"]):
        message = next(text for text in data["error"].values.ravel() if text)
        fail(f"{failed} members failed; the first: {message}", 3)


@guarded
def corrections(
    coarse: Annotated[Path, typer.Argument(help="result of a study that shows corrections, e.g. of tilt_and_prongs")],
    finer: Annotated[Path, typer.Argument(help="the same on a finer grid; what it differs by is the error of the grid")],
    output: Annotated[Path, typer.Option("-o", "--output", help="file of corrections (TOML)")],
) -> None:
    """Correction factors of the axisymmetric model for tilt and prongs, with standard errors, from a study on two grids."""
    from .corrections_fit import fit_corrections, save_corrections, table_of

    fitted = fit_corrections(coarse, finer)
    save_corrections(fitted, output)
    table = Table("output", "prongs", "factor at", "", "", "standard error")
    for row in table_of(fitted):
        table.add_row(*row)
    print_table(table)
    print(f"written: {output}")


def add_to(app: typer.Typer) -> None:
    """Gives an application the commands."""
    app.command()(study)
    app.command()(corrections)
