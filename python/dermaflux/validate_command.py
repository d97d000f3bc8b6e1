"""The command that sets the model beside what was observed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .commands import Quick, fail, guarded

if TYPE_CHECKING:
    from .validating import Validation


def add_to(app: typer.Typer) -> None:
    """Adds the command to the application."""
    app.command()(guarded(validate))


def validate(
    only: Annotated[list[str] | None, typer.Argument(metavar="CASE", help="ids (D3; D10 for D10a, D10b ...) or case files; all cases otherwise")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="folder with case files, or with a subfolder `cases`; the shipped cases otherwise")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="report (HTML); table (CSV, JSON) and predictions beside it")] = Path("validation.html"),
    quick: Quick = False,
    draws: Annotated[int | None, typer.Option("--draws", help="draws of what is not known; those of the study file otherwise")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print the table and the verification rows as JSON")] = False,
    threads: Annotated[int, typer.Option("--threads", "--workers", help="processes, 0 for all cores")] = 0,
) -> None:
    """The model against sections, clinical series and published numbers: predictions first, then what was observed.

    Predictions are written and hashed before anything that was observed is opened. Stopped, it keeps the cases that are finished; the same
    command goes on. Ends with 0 whatever the verdicts are, 3 if draws failed."""
    from . import validating

    found = validating.validate(data, output, only=only or (), quick=quick, draws=draws, workers=threads, progress=True)
    if as_json:
        print(found.json, end="")
    else:
        _tell(found)
    if found.failed:
        fail(f"{found.failed} draws gave no number and are left out; the report says where and why", 3)


def _tell(result: "Validation") -> None:
    from .validation_report import counts_text, observed_sha256, observed_text, predicted_text
    from .verdicts import CANNOT, MISSES

    print(counts_text(result.comparisons))
    for one in result.comparisons:
        if one.verdict in (MISSES, CANNOT):
            numbers = f"observed {observed_text(one)}, predicted {predicted_text(one)}"
            print(f"{one.verdict}: {one.case} {one.title}, {one.setting}: {numbers}; {one.reason}")
    print(f"predictions {result.predictions['sha256']}\nobserved    {observed_sha256(result.comparisons)}")
    for path in result.written:
        print(f"written: {path}")
