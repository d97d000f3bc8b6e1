"""The command that sets the model beside what was observed."""

import os
from pathlib import Path
from typing import Annotated

import typer

from . import _core
from .commands import Quick, fail, guarded


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
    from . import judging, predictions, provenance, validation_report, verification
    from .cases import read_cases
    from .writing import check_output, write_text

    if output.suffix != ".html":
        raise _core.InputError(f"-o {output}: is no name of a report; give one that ends with .html")
    report, table, plain, stored = (check_output(output.with_suffix(ending)) for ending in (".html", ".csv", ".json", ".predictions.json"))
    listed = read_cases(data, only or ())
    plan = predictions.plan_predictions(listed, quick=quick, draws=draws)
    made = predictions.predict(plan, stored, workers=threads or (os.cpu_count() or 1), progress=True)
    found = judging.judge(listed, made)
    verified = [(one, one.live() if one.live else []) for one in verification.benchmarks()]
    facts = [
        ("program", provenance.build()), ("grid", plan.grid), ("draws", str(plan.draws)), ("seed", str(listed.study.seed)),
        ("drawn keys", ", ".join(listed.study.uncertain)), ("cases", f"{len(listed.cases)}, {listed.folder.parent.name}/{listed.folder.name}"),
        ("predictions", stored.name),
    ]  # fmt: skip
    write_text(report, validation_report.validation_report(found, made, verified, facts))
    write_text(table, validation_report.as_csv(found))
    text = validation_report.as_json(found, made, verified)
    write_text(plain, text)
    if as_json:
        print(text, end="")
    else:
        _tell(found, made, [report, table, plain, stored])
    own = {(row.case.id, row.setting.name) for row in plan.rows}
    failed = sum(len(row["failed"]) for row in made["rows"] if (row["case"], row["setting"]) in own)
    if failed:
        fail(f"{failed} draws gave no number and are left out; the report says where and why", 3)


def _tell(found: list, made: dict, written: list[Path]) -> None:
    from .validation_report import counts_text, observed_sha256, observed_text, predicted_text
    from .verdicts import CANNOT, MISSES

    print(counts_text(found))
    for one in found:
        if one.verdict in (MISSES, CANNOT):
            print(f"{one.verdict}: {one.case} {one.title}, {one.setting}: observed {observed_text(one)}, predicted {predicted_text(one)}; {one.reason}")
    print(f"predictions {made['sha256']}\nobserved    {observed_sha256(found)}")
    for path in written:
        print(f"written: {path}")
