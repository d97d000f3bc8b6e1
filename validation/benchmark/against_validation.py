"""All validation cases, full and quick, against the goals of the project: 15 and 2 minutes on two cores."""

import time
from pathlib import Path

from measuring import CORES, Row, say

GOALS_S = {"full": 900.0, "quick": 120.0}


def all_cases(folder: Path) -> list[Row]:
    """Wall time of predictions of all shipped cases, from none on disk; comparison and report take seconds."""
    from dermaflux import predictions
    from dermaflux.cases import read_cases

    rows = []
    for name, goal in GOALS_S.items():
        say(f"  validation, {name}: {'several minutes' if name == 'full' else 'a minute'}")
        path = folder / f"{name}.predictions.json"
        path.unlink(missing_ok=True)
        plan = predictions.plan_predictions(read_cases(), quick=name == "quick")
        start = time.perf_counter()
        predictions.predict(plan, path, workers=CORES)
        seconds = time.perf_counter() - start
        counted = f"{len(plan.rows)} predictions, {len(plan.groups) * (plan.draws + 1)} runs on the {plan.grid} grid"
        rows.append(Row(f"validate, {name}, {CORES} processes", seconds, goal, goal / seconds, "s", counted, "goal", seconds <= goal))
    return rows
