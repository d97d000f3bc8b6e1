"""Progress on anything that takes longer than a second: a bar on a terminal, a line every five seconds elsewhere."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Report(Protocol):
    """Told how much is done, in units of the total."""

    def __call__(self, done: float, note: str = "") -> None: ...


@contextmanager
def progress_bar(title: str, total: float, counted: bool = True, quiet: bool = False) -> Iterator[Report]:
    """Shows progress on stderr while the block runs.

    Parameters
    ----------
    title: what is under way.
    total: value of `done` at the end.
    counted: show done of total, for things that come in pieces.
    quiet: show nothing.
    """
    if quiet:
        yield lambda done, note="": None
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        start = last = time.monotonic()

        def line(done: float, note: str = "") -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= 5.0:
                last = now
                left = f", about {(now - start) * (total - done) / done:.0f} s left" if done > 0 else ""
                counts = f"{done:g} of {total:g}" if counted else f"{done / total:.0%}"
                print(f"{title}: {counts}, {now - start:.0f} s{left} {note}".rstrip(), file=sys.stderr, flush=True)

        yield line
        return
    columns = [TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%")]
    if counted:
        columns += [MofNCompleteColumn(), TextColumn("{task.fields[rate]}")]
    columns += [TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}")]
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(title, total=total, note="", rate="")
        start = time.monotonic()

        def show(done: float, note: str = "") -> None:
            passed = time.monotonic() - start
            bars.update(task, completed=done, note=note, rate=f"{done / passed:.1f}/s" if passed > 0.5 else "")

        yield show
