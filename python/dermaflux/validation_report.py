"""Report of a validation: one HTML page, misses first, with the credibility dossier; and the same table as CSV and JSON."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from html import escape

from . import provenance, validation_plots
from .dossier import DISCLAIMER, Chapter, dossier
from .judging import Judged
from .report import _picture, _warnings, page, table
from .result import json_number
from .verdicts import MISSES, ORDER, WAITING
from .verification import Benchmark, Live

Verified = Sequence[tuple[Benchmark, list[Live]]]
_SIGNIFICANT = 3
_PLURAL = {"misses": "miss", "agrees": "agree", "waiting for data": "wait for data", "bound kept": "keep a bound"}


def number(value: float) -> str:
    return "\u2013" if not math.isfinite(value) else f"{value:.{_SIGNIFICANT}g}"


def observed_text(one: Judged) -> str:
    """What was observed, with its unit."""
    low, high = one.observed
    unit = "" if one.unit == "1" else f" {one.unit}"
    if math.isfinite(low) and math.isfinite(high):
        return f"{number(low)}{unit}" if low == high else f"{number(low)} to {number(high)}{unit}"
    if math.isfinite(high):
        return f"at most {number(high)}{unit}" if high else "negative"
    if math.isfinite(low):
        return f"at least {number(low)}{unit}" if low else "positive"
    return "\u2013"


def predicted_text(one: Judged) -> str:
    low, middle, high = one.predicted
    unit = "" if one.unit == "1" else f" {one.unit}"
    return f"{number(middle)}{unit} ({number(low)} to {number(high)})" if math.isfinite(middle) else "\u2013"


def counts_text(found: Sequence[Judged]) -> str:
    """How many lines have each verdict."""
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in ORDER}
    texts = {verdict: f"{count} {_PLURAL.get(verdict, verdict)}" for verdict, count in counts.items() if count}
    near = sum(one.verdict == MISSES and one.reached for one in found)
    if near:
        texts[MISSES] += f" ({near} of them within nine tenths of the draws)"
    return ", ".join(texts.values())


def observed_sha256(found: Sequence[Judged]) -> str:
    """Hash over all that was observed, in the order of cases."""
    return provenance.text_sha256(f"{case} {digest}" for case, digest in sorted({(one.case, one.observed_sha256) for one in found if one.observed_sha256}))


def rows_of(found: Sequence[Judged]) -> list[dict[str, object]]:
    """The table as plain data; null where there is no number."""
    rows = []
    for one in found:
        row = {name: value for name, value in asdict(one).items() if name not in ("predicted", "observed", "curve")}
        numbers = {
            "predicted_p05": one.predicted[0],
            "predicted_median": one.predicted[1],
            "predicted_p95": one.predicted[2],
            "observed_low": one.observed[0],
            "observed_high": one.observed[1],
        }
        row |= {name: json_number(value) for name, value in (numbers | {"shipped": one.shipped}).items()}
        rows.append(row)
    return rows


def as_csv(found: Sequence[Judged]) -> str:
    text = io.StringIO()
    rows = rows_of(found)
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: "" if value is None else value for name, value in row.items()} for row in rows)
    return text.getvalue()


def as_json(found: Sequence[Judged], predictions: dict, verified: Verified) -> str:
    """Everything of the report as JSON."""
    checks = [
        {
            "name": one.name,
            "reference": one.reference,
            "tolerance": one.tolerance,
            "tests": list(one.tests),
            "live": [asdict(row) | {"holds": row.holds} for row in rows],
        }
        for one, rows in verified
    ]
    content = {
        "program": provenance.build(), "predictions_sha256": predictions["sha256"], "observed_sha256": observed_sha256(found),
        "comparisons": rows_of(found), "verification": checks,
    }  # fmt: skip
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def validation_report(found: Sequence[Judged], predictions: dict, verified: Verified, facts: Sequence[tuple[str, object]]) -> str:
    """HTML of a validation.

    Parameters
    ----------
    found: verdicts, from :func:`dermaflux.judging.judge`. predictions: the file they were made from.
    verified: verification rows with the numbers computed now.
    facts: how it was run, for the provenance.
    """
    judged = [one for one in found if one.verdict != WAITING]
    waiting = [one for one in found if one.verdict == WAITING]
    broken = [row for _, rows in verified for row in rows if not row.holds]
    messages = [f"verification: {row.what} is {row.value:.6g}, not {row.reference:.6g} within {row.tolerance:.2g}" for row in broken]
    body = (
        _warnings([*messages, DISCLAIMER])
        + f'<p class="big">{escape(counts_text(found))}</p>'
        + "<p>Nothing is fitted to what was observed: each number follows from the treatment of its case and the priors of the skin, ink and hand files. "
        + "Predicted: median and nine tenths of the draws. "
        + f"{sum(one.stage == 'input' for one in found)} comparisons test an input, not the model; they say so.</p>"
        + _hashes(found, predictions)
        + _pictures(judged)
        + f"<h2>Comparisons, misses first</h2>{_comparisons(judged)}"
        + _details(judged)
        + (f"<h2>Waiting for data</h2>{_slots(waiting)}" if waiting else "")
        + f"<h2>Verification</h2>{_verification(verified)}"
        + "<h2>Credibility dossier</h2>"
        + "".join(map(_chapter, dossier(found, len(broken))))
        + f"<h2>Provenance</h2>{table(('fact', 'value'), facts)}"
    )
    return page("Validation", body)


def _hashes(found: Sequence[Judged], predictions: dict) -> str:
    lines = [
        f"Predictions, on disk before anything that was observed was opened, SHA-256 <code>{predictions['sha256']}</code>",
        f"What was observed, opened after that, SHA-256 <code>{observed_sha256(found)}</code>",
    ]
    return "".join(f"<p>{line}</p>" for line in lines)


def _pictures(judged: Sequence[Judged]) -> str:
    text = ""
    if any(math.isfinite(validation_plots.reference(one)) for one in judged):
        text += f"<h2>Predicted against observed</h2>{_picture(validation_plots.forest(judged), 'predicted against observed with intervals')}"
        text += (
            '<p class="note">Bands: observed interval or bound. Points and lines: median and nine tenths of the draws; orange where it misses. '
            "Each line is divided by what was observed; signs and what lies at zero are in the table only.</p>"
        )
    if any(one.curve for one in judged):
        text += f"<h2>Profiles</h2>{_picture(validation_plots.profiles(judged), 'cumulated pigment over depth, observed and predicted')}"
    return text


def _comparisons(judged: Sequence[Judged]) -> str:
    head = ("case", "observed", "predicted (90 %), and from the files' values", "verdict", "source")
    rows = []
    for one in judged:
        mark = ' class="warning"' if one.verdict == MISSES else ""
        setting = "" if one.setting == "as shipped" else f", {one.setting}"
        plain = "" if not math.isfinite(one.shipped) else f"; {number(one.shipped)}"
        cells = (
            f"<b>{escape(one.case)}</b> {escape(one.title + setting)}", escape(observed_text(one)), escape(predicted_text(one) + plain),
            f"<b>{escape(one.verdict)}</b>: {escape(one.reason)}", escape(one.source + (f", doi {one.doi}" if one.doi else "")),
        )  # fmt: skip
        rows.append(f"<tr{mark}>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return "<section><table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + f"</tr>{''.join(rows)}</table></section>"


def _details(judged: Sequence[Judged]) -> str:
    """What was measured, how the model was set, and what a person must do to check it, once per case."""
    text = ""
    for case in dict.fromkeys(one.case for one in judged):
        one = next(other for other in judged if other.case == case)
        rows = [
            ("measured", one.measured), ("its error", one.error_is), ("source", ", ".join(filter(None, (one.source, one.doi and f"doi {one.doi}", one.url)))),
            ("how the model was set", one.how), ("to check it", one.check), ("input, SHA-256", one.input_sha256), ("observed, SHA-256", one.observed_sha256),
        ]  # fmt: skip
        text += f"<details><summary>{escape(f'{one.case} {one.title}')}</summary>{table(('', ''), rows)}</details>"
    return text


def _slots(waiting: Sequence[Judged]) -> str:
    rows = [(one.case, one.title, one.setting, predicted_text(one), one.reason, one.input_sha256[:16]) for one in waiting]
    return table(("case", "quantity", "set as", "predicted already (90 %)", "what to do", "input, SHA-256"), rows) + (
        '<p class="note">Their predictions are on disk now: what is added later is judged by them, as long as input and program stay the same.</p>'
    )


def _verification(verified: Verified) -> str:
    rows, numbers = [], []
    for one, live in verified:
        evidence = "; ".join(one.tests) or "no evidence"
        rows.append((one.name, f"{one.formula}: {one.reference}", one.tolerance, f"{evidence}{f' ({one.note})' if one.note else ''}"))
        numbers += [
            (one.name, row.what, f"{row.value:.7g}", f"{row.reference:.7g}", f"{row.tolerance:.2g}", "holds" if row.holds else "does not hold") for row in live
        ]
    return (
        _breaking(("solution", "formula and reference", "tolerance", "test"), rows)
        + '<p class="note">Suite.Name: <code>ctest --test-dir build/* -R Suite.Name</code>; file::test: '
        "<code>python -m pytest tests/python/file::test</code>; all of them: <code>bash tests/run.sh</code>.</p>"
        + (f"<h3>Computed now, by the installed program</h3>{table(('solution', 'number', 'value', 'reference', 'tolerance', ''), numbers)}" if numbers else "")
    )


def _breaking(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose last column, names of tests, may be broken anywhere."""
    lines = ""
    for *cells, last in rows:
        lines += "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + f'<td style="overflow-wrap:anywhere;min-width:14rem">{escape(last)}</td></tr>'
    return "<section><table><tr>" + "".join(f"<th>{escape(name)}</th>" for name in head) + f"</tr>{lines}</table></section>"


def _chapter(chapter: Chapter) -> str:
    if chapter.statement:
        return f"<h3>{escape(chapter.title)}</h3>{table(('asked', 'answer'), [(one.asked, one.answer) for one in chapter.items])}"
    rows = [(one.asked, one.answer, one.evidence) for one in chapter.items]
    return f"<h3>{escape(chapter.title)}</h3>{_breaking(('asked', 'answer', 'evidence: tests and commands'), rows)}"
