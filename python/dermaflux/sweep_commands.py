"""Commands of sweeps: plan, run, status, collect."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from . import _core
from .commands import Backend, Set, changes_of, fail, guarded
from .tables import print_table

if TYPE_CHECKING:
    import xarray as xr

    from .sweeping import SweepPlan

sweep_app = typer.Typer(help="Combinations of axes, listed or drawn, around one treatment.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="sweep file, e.g. configs/sweeps/depth_dwell.toml")]
Output = Annotated[Path, typer.Option("-o", "--output", help="output file (HDF5); journals beside it hold what is done")]
Grid = Annotated[str | None, typer.Option("--grid", help="quick, standard, fine or finest, instead of the file's")]
Corrections = Annotated[Path | None, typer.Option("--corrections", help="file of factors for tilt and prongs that outputs are multiplied by, instead of the file's")]


def _plan(file: Path, assignments: list[str] | None, grid: str | None, corrections: Path | None = None) -> "SweepPlan":
    from dataclasses import replace

    from . import sweeping

    plan = sweeping.with_corrections(sweeping.load_sweep_texts(file, changes_of(assignments)), corrections)
    return plan if grid is None else replace(plan, grid=grid)


def _shown(values: Sequence[float] | Sequence[str]) -> str:
    words = [value if isinstance(value, str) else f"{value:g}" for value in values]
    return ", ".join(words if len(words) <= 8 else [*words[:4], "...", *words[-2:]])


def _written(data: "xr.Dataset", output: Path) -> None:
    failed = data.attrs["failed_members"]
    members = data["error"].size - (int(data["excluded"].sum()) if "excluded" in data else 0)
    print(f"{members} members, {failed} failed, written: {output}")
    if failed:
        message = next(text for text in data["error"].values.ravel() if text)
        fail(f"{failed} members failed; the first: {message}", 3)


@sweep_app.command()
@guarded
def plan(file: File, assignments: Set = None, grid: Grid = None, corrections: Corrections = None) -> None:
    """What a sweep would run: axes, draws, conditions, members, insertions. Runs nothing."""
    wanted = _plan(file, assignments, grid, corrections)
    table = Table("axis", "unit", "values", title=wanted.title)
    for axis in wanted.axes:
        table.add_row(axis.key, axis.unit, _shown(axis.values))
    for axis in wanted.sample.axes if wanted.sample else ():
        draws = f"{wanted.sample.method} x {wanted.sample.count}"
        table.add_row(axis.key, axis.unit, f"{axis.low:g} to {axis.high:g}, {axis.scale}, {draws}")
    print_table(table)
    if wanted.conditions:
        rules = Table("condition", "excludes", "reason")
        for one in wanted.conditions:
            rules.add_row(escape(str(one)), str(int(wanted.broken(one).sum())), escape(one.reason))
        print_table(rules)
        print(f"{int(wanted.excluded.sum())} of {wanted.excluded.size} combinations excluded")
    if wanted.corrections is not None:
        print(f"corrected: {', '.join(wanted.corrected)} ({wanted.corrections.title})")
    print(f"{len(wanted.members)} members in {wanted.insertions} insertions, grid {wanted.grid}, sha256 {wanted.sha256}")


@sweep_app.command()
@guarded
def run(
    file: File,
    output: Output,
    shard: Annotated[str | None, typer.Option("--shard", help="run one part only, e.g. 3/40; `collect` writes the output")] = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="run members that failed once more")] = False,
    assignments: Set = None,
    backend: Backend = "auto",
    grid: Grid = None,
    corrections: Corrections = None,
    threads: Annotated[int, typer.Option("--threads", help="host threads, 0 for all cores; of each worker, 0 for one, where there are workers")] = 0,
    executor: Annotated[str, typer.Option("--executor", help="local (this process), processes, or dask")] = "local",
    workers: Annotated[int | None, typer.Option("--workers", help="processes to start; one per core otherwise")] = None,
    scheduler: Annotated[str | None, typer.Option("--scheduler", help="of dask, e.g. tcp://node:8786; a cluster on this machine otherwise")] = None,
) -> None:
    """Runs a sweep or a part of it; resumes after a kill, keeps going past members that fail. The same bits by every executor."""
    from . import executors, sweeping
    from .study import Shard

    executors.check_executor(executor, workers, scheduler)
    wanted = _plan(file, assignments, grid, corrections)
    part = None if shard is None else Shard.parse(shard)
    _core.set_threads(threads)
    with executors.opened(executor, workers, scheduler) as pool:
        how = {"backend": backend, "retry_failed": retry_failed, "progress": True, "executor": pool, "worker_threads": threads or 1}
        if part is None:
            data = sweeping.sweep(wanted, output, **how)
        else:
            state = sweeping.run_shard(wanted, output, part, **how)
    if part is None:
        _written(data, output)
        return
    if state.finished:
        print(f"{output}: holds the whole sweep already")
        return
    own = next(journal for journal in state.journals if journal.path == part.journal(output))
    print(f"shard {part.number} of {part.count}: {own.done} members, {own.failed} failed; {state.done} of {state.members} of the sweep are done")
    if own.failed:
        fail(f"{own.failed} members of the shard failed; --retry-failed runs them again", 3)


@sweep_app.command()
@guarded
def status(file: File, output: Output, assignments: Set = None, grid: Grid = None, corrections: Corrections = None) -> None:
    """How far a sweep is, shard by shard. Disturbs nothing that runs."""
    from .sweeping import sweep_state

    state = sweep_state(_plan(file, assignments, grid, corrections), output)
    if state.journals:
        table = Table("journal", "done", "failed", "at work")
        for one in state.journals:
            table.add_row(one.path.name, str(one.done), str(one.failed), "yes" if one.active else "no")
        print_table(table)
    print(f"{state.done} of {state.members} members done, {state.failed} failed; {output} is {'there' if state.finished else 'not there yet'}")


@sweep_app.command()
@guarded
def collect(file: File, output: Output, assignments: Set = None, grid: Grid = None, corrections: Corrections = None) -> None:
    """Writes the output once the shards have run all members."""
    from .sweeping import collect_sweep

    _written(collect_sweep(_plan(file, assignments, grid, corrections), output), output)
