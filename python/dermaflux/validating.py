"""The model beside what was observed: predictions first, then observations, verdicts, report."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import _core, provenance
from .cases import read_cases
from .predictions import plan_predictions, predict
from .writing import check_output, write_text

if TYPE_CHECKING:
    from .judging import Judged


@dataclass(frozen=True)
class Validation:
    """What a validation gave.

    Attributes
    ----------
    comparisons: one line each, misses first.
    predictions: the content of the file of predictions, with its `sha256`.
    json: comparisons, hashes and verification rows as text.
    written: report, table (CSV), table (JSON), predictions.
    failed: draws that gave no number and were left out.
    """

    comparisons: "list[Judged]"
    predictions: dict
    json: str
    written: tuple[Path, ...]
    failed: int


def validate(
    data: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "validation.html",
    *,
    only: Sequence[str] = (),
    quick: bool = False,
    draws: int | None = None,
    workers: int = 1,
    progress: bool = False,
) -> Validation:
    """Predicts the cases of a folder, then compares with what was observed, and writes report, tables and predictions.

    Parameters
    ----------
    data: folder with case files, or with a subfolder `cases`; the shipped cases if not given.
    out: the report (HTML); the other files lie beside it under its name.
    only: ids or paths of cases; all if empty.
    quick, draws: a coarse look; another number of draws than the study file says.
    workers: processes, 0 for all cores; with more than one the calling script needs `if __name__ == "__main__":`.

    Raises
    ------
    InputError: a case, what was observed of one, or an option is wrong, or the predictions on disk were changed. FileError: nothing can be
    written there. KeyboardInterrupt: Ctrl-C; the cases that are finished are kept, and the same call goes on.
    """
    from . import judging, validation_report, verification

    report = Path(out)
    if report.suffix != ".html":
        raise _core.InputError(f"{report}: is no name of a report; give one that ends with .html")
    written = tuple(check_output(report.with_suffix(ending)) for ending in (".html", ".csv", ".json", ".predictions.json"))
    listed = read_cases(data, only)
    plan = plan_predictions(listed, quick=quick, draws=draws)
    made = predict(plan, written[-1], workers=workers or (os.cpu_count() or 1), progress=progress)
    found = judging.judge(listed, made)
    verified = [(one, one.live() if one.live else []) for one in verification.benchmarks()]
    facts = [
        ("program", provenance.build()),
        ("grid", plan.grid),
        ("draws", str(plan.draws)),
        ("seed", str(listed.study.seed)),
        ("drawn keys", ", ".join(listed.study.uncertain)),
        ("cases", f"{len(listed.cases)}, {listed.folder.parent.name}/{listed.folder.name}"),
        ("predictions", written[-1].name),
    ]
    text = validation_report.as_json(found, made, verified)
    write_text(written[0], validation_report.validation_report(found, made, verified, facts))
    write_text(written[1], validation_report.as_csv(found))
    write_text(written[2], text)
    own = {(row.case.id, row.setting.name) for row in plan.rows}
    failed = sum(len(row["failed"]) for row in made["rows"] if (row["case"], row["setting"]) in own)
    return Validation(found, made, text, written, failed)
