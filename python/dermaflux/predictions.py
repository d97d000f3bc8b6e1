"""Predictions of validation cases, on disk before anything that was observed is opened.

The file is canonical JSON (RFC 8785) and holds its own SHA-256, so that no byte of it changes unseen. Each row says by a hash what it was
computed from: input, ranges, draws, grid, program. A row of another input is computed anew, one of the same is taken as it is.
"""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import rfc8785

from . import _core, provenance
from .case_looks import EDGES_UM, Group, Seen, draw, look
from .case_quantities import asks_of, permeability_m2, value_of
from .cases import CaseList
from .executors import opened
from .progress import progress_bar
from .treatment import Treatment
from .writing import check_output, write_text

FORMAT = "dermaflux predictions 1.0"
_CHUNK = 4  # draws that one call of a worker runs

Number = float | list[float] | None


@dataclass(frozen=True, eq=False)
class Row:
    """What is predicted of one setting of a case."""

    case: _core.CaseFile
    setting: _core.CaseSetting
    groups: tuple[Group, ...]  # that it is made of; none for what the input alone decides
    input_sha256: str


@dataclass(frozen=True)
class Plan:
    """All rows of a validation and the runs that they share."""

    cases: CaseList
    grid: str
    draws: int
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]


def plan_predictions(cases: CaseList, *, quick: bool = False, draws: int | None = None) -> Plan:
    """What has to be run. Rows that have a treatment in common share its runs.

    Raises
    ------
    InputError: a drawn key without a range in a treatment, or too few draws.
    """
    study = cases.study
    count = draws if draws is not None else study.quick_draws if quick else study.draws
    if not 8 <= count <= 65536:
        raise _core.InputError(f"--draws {count}: is out of range; use 8 to 65536 (a 90 % interval of fewer says nothing)")
    grid, groups, rows = study.quick_grid if quick else study.grid, {}, []
    for case in cases.cases:
        for setting in case.settings:
            made_of = tuple(_shared(groups, one, asks_of(case)) for one in _groups(case, setting, study))
            rows.append(Row(case, setting, made_of, _input_sha256(case, setting, made_of, study, grid, count)))
    return Plan(cases, grid, count, tuple(rows), tuple(groups.values()))


def _groups(case: _core.CaseFile, setting: _core.CaseSetting, study: _core.CaseStudy) -> list[Group]:
    """The runs that a quantity takes, in the order that `value_of` wants them."""
    if case.quantity == "permeability":
        return []
    tip = case.tip_mm if case.quantity == "at_tip" else None
    changed = list(setting.changed) + (["machine.depth_mm"] if tip is not None else [])
    plain = Treatment(setting.treatment)
    if case.quantity == "slope":
        variants = [(plain.with_({case.key: end}), [*changed, case.key]) for end in (case.low, case.high)]
    else:
        variants = [(plain, changed), *((Treatment(one), []) for one in case.against)]
    return [Group(one, tuple(_core.drawn_keys(study, one._document, fixed)), tip) for one, fixed in variants]


def _shared(known: dict[str, Group], group: Group, asks: set) -> Group:
    kept = known.setdefault(group.facts_sha256, group)
    kept.asks |= asks
    return kept


def _input_sha256(case: _core.CaseFile, setting: _core.CaseSetting, groups: Sequence[Group], study: _core.CaseStudy, grid: str, count: int) -> str:
    parts = {
        name: getattr(case, name) for name in ("quantity", "unit", "output", "over", "day", "over_day", "key", "low", "high", "tip_mm", "share", "depth_below")
    }
    plain = [group.facts_sha256 for group in groups] or [
        Group(Treatment(setting.treatment), tuple(_core.drawn_keys(study, setting.treatment, setting.changed)), None).facts_sha256
    ]
    facts = {
        "case": {name: _json(one) for name, one in parts.items()}, "groups": plain, "grid": grid, "draws": count, "seed": study.seed,
        "uncertain": study.uncertain, "program": provenance.build(),
    }  # fmt: skip
    return hashlib.sha256(rfc8785.dumps(facts)).hexdigest()


def _json(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


# the file


def read_predictions(path: Path) -> dict:
    """Predictions as they lie on disk.

    Raises
    ------
    InputError: not such a file, or one that was changed since it was written.
    """
    try:
        data = path.read_bytes()
        content = json.loads(data)
        stated = content.pop("sha256")
        known = content["format"] == FORMAT and isinstance(content["rows"], list)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise _core.InputError(f"{path}: is no file of predictions; give another output, or remove it") from None
    if not known or hashlib.sha256(rfc8785.dumps(content)).hexdigest() != stated or rfc8785.dumps(content | {"sha256": stated}) != data:
        raise _core.InputError(
            f"{path}: was changed since it was written (its hash does not fit); predictions are never edited: remove it to compute them anew"
        )
    return content | {"sha256": stated}


def _write(path: Path, plan: Plan, rows: Sequence[dict]) -> str:
    content = {"format": FORMAT, "program": provenance.build(), "rows": list(rows)}
    stated = hashlib.sha256(rfc8785.dumps(content)).hexdigest()
    write_text(path, rfc8785.dumps(content | {"sha256": stated}).decode())
    with path.open("rb") as written:
        os.fsync(written.fileno())
    return stated


def predict(plan: Plan, path: str | os.PathLike[str], *, workers: int = 1, progress: bool = False) -> dict:
    """Computes what the file does not hold yet and writes it, row by row: a stopped validation keeps the rows that are finished.

    Nothing that was observed is opened. Rows of other cases stay in the file.

    Parameters
    ----------
    workers: processes for the runs; 1 runs them in this one. The numbers have the same bits either way.

    Returns
    -------
    The content of the file, read back from disk.

    Raises
    ------
    InputError: the file was changed since it was written, or is something else. FileError: it cannot be written.
    KeyboardInterrupt: Ctrl-C; finished rows stay in the file.
    """
    path = check_output(path)
    held = {(row["case"], row["setting"]): row for row in read_predictions(path)["rows"]} if path.exists() else {}
    missing = [row for row in plan.rows if held.get((row.case.id, row.setting.name), {}).get("input_sha256") != row.input_sha256]
    needed = [group for group in plan.groups if any(group is one for row in missing for one in row.groups)]

    def keep(row: Row) -> None:
        held[(row.case.id, row.setting.name)] = _row(row, plan)
        _write(path, plan, _ordered(plan, held))

    for row in missing:
        if not row.groups:
            keep(row)
    waiting = [row for row in missing if row.groups]
    total = len(needed) * (plan.draws + 1)
    processes = opened("processes", min(workers, 2 + total // _CHUNK), None) if workers > 1 and needed else nullcontext()
    with processes as pool, progress_bar("validate", total, quiet=not progress or not needed) as show:
        done = 0
        for group in _finished(needed, plan, pool, lambda more: show(min(total, done + more))):
            done += plan.draws + 1
            show(done, f"{len(plan.rows) - len(waiting)} of {len(plan.rows)} predictions")
            ready = [row for row in waiting if all(len(one.seen) == plan.draws + 1 for one in row.groups)]
            for row in ready:
                keep(row)
            waiting = [row for row in waiting if row not in ready]
    if missing or not path.exists():
        _write(path, plan, _ordered(plan, held))
    return read_predictions(path)


def _ordered(plan: Plan, held: dict) -> list[dict]:
    own = [(row.case.id, row.setting.name) for row in plan.rows]
    others = [key for key in held if key not in own and held[key]["program"] == provenance.build()]
    return [held[key] for key in (*own, *sorted(others)) if key in held]


def _finished(groups: Sequence[Group], plan: Plan, pool: Executor | None, tell) -> Iterator[Group]:
    """Runs groups; each is given when all its runs are there, in the order given."""
    for group in groups:
        changes = [{}, *draw(group, plan.cases.study, plan.draws)]
        parts = [range(start, min(start + _CHUNK, len(changes))) for start in range(0, len(changes), _CHUNK)]
        done = 0
        for part, found in _run(group, parts, changes, plan.grid, pool):
            for n, one in zip(part, found, strict=True):
                group.seen[n - 1] = one
            tell(done := done + len(part))
        yield group


def _run(group: Group, parts: Sequence[range], changes: Sequence[dict], grid: str, pool: Executor | None) -> Iterator[tuple[range, list[Seen | str]]]:
    asks = sorted(group.asks, key=str)
    if pool is None:
        for part in parts:
            yield part, look(group.treatment, [changes[n] for n in part], group.tip_mm, asks, grid)
        return
    futures = {pool.submit(look, group.treatment, [changes[n] for n in part], group.tip_mm, asks, grid): part for part in parts}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    except (BrokenExecutor, CancelledError) as error:
        raise _core.BackendError(f"a worker was lost ({type(error).__name__}: {error}); what is finished is kept, and the same command goes on") from error


def _row(row: Row, plan: Plan) -> dict:
    """A row of the file: what the values of the files give, and what each draw does."""
    case, failed, values = row.case, {}, []
    drawn = draw(_plain_group(row, plan), plan.cases.study, plan.draws) if not row.groups else []
    for n in range(-1, plan.draws):
        value, why = _value(row, n, drawn)
        values.append(value)
        if why:
            failed[str(n)] = why
    content = {
        "case": case.id, "setting": row.setting.name, "title": case.title, "quantity": case.quantity, "unit": case.unit, "grid": plan.grid,
        "input_sha256": row.input_sha256, "program": provenance.build(), "shipped": values[0], "draws": values[1:], "failed": failed,
    }  # fmt: skip
    if case.quantity == "profile":
        content |= {"edges_um": EDGES_UM[case.depth_below].tolist(), "layers_um": _layers(row)}
    return content


def _plain_group(row: Row, plan: Plan) -> Group:
    document = row.setting.treatment
    return Group(Treatment(document), tuple(_core.drawn_keys(plan.cases.study, document, row.setting.changed)), None)


def _value(row: Row, n: int, drawn: Sequence[dict]) -> tuple[Number, str]:
    """The number of one draw (-1: the files' values), or none and why."""
    if not row.groups:
        return permeability_m2(row.setting, {} if n < 0 else drawn[n]), ""
    runs = [group.seen[n] for group in row.groups]
    for one in runs:
        if isinstance(one, str):
            return None, one
    value = value_of(row.case, row.setting, runs)  # type: ignore[arg-type]
    if isinstance(value, list):
        rounded = [round(one, 6) for one in value]
        return (rounded, "") if all(map(math.isfinite, value)) else (None, "no pigment in the skin")
    return (value, "") if math.isfinite(value) else (None, "the quantity is no number there (no pigment, or no contrast)")


def _layers(row: Row) -> list[list[object]]:
    """Name and lower end [um] of each layer of the treatment as its files say it, from the surface."""
    end, layers = 0.0, []
    for name, thickness in Treatment(row.setting.treatment).layers.items():
        end += 1e3 * thickness
        layers.append([name, end])
    return layers
