"""What every part of the benchmark measures with: servers, rows of the table, repeats."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORES = len(os.sched_getaffinity(0))
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


class Server:
    """A program that answers each line of commands by a line of JSON; the first line it gives says what it is. It starts when it is
    first asked."""

    def __init__(self, command: list[str], environment: dict[str, str]):
        self._command, self._environment = command, environment
        self._process: subprocess.Popen[str] | None = None

    @cached_property
    def facts(self) -> dict:
        """What the program says of itself; starts it."""
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, stdin=pipe, stdout=pipe, text=True, env=os.environ | self._environment)
        return self._answer(self._process)

    def __call__(self, command: str) -> dict[str, float]:
        assert self.facts is not None and self._process and self._process.stdin
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer(self._process)

    def _answer(self, process: "subprocess.Popen[str]") -> dict:
        assert process.stdout
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{self._command} ended with {process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()


@dataclass
class Row:
    """One line of the table. The ratio is above 1 where we are better, or a share of a limit."""

    name: str
    ours: float | None
    peer: float | None
    ratio: float | None
    unit: str
    counted: str
    peer_name: str = ""
    met: bool | None = None  # the goal, where peer is one
    ours_range: tuple[float, float] | None = None  # least and most of the repeats
    peer_range: tuple[float, float] | None = None
    details: dict[str, object] = field(default_factory=dict)


def spread(values: list[float]) -> dict[str, float]:
    return {"median": statistics.median(values), "least": min(values), "most": max(values), "repeats": len(values)}


def ends(found: dict[str, float] | None) -> tuple[float, float] | None:
    return (found["least"], found["most"]) if found else None


def interleaved(works: dict[str, Callable[[], float]], repeats: int) -> dict[str, dict[str, float]]:
    """Calls all works in turn, `repeats` times after a warm-up; the spread of what each returned."""
    for work in works.values():
        work()
    values: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            values[name].append(work())
    return {name: spread(one) for name, one in values.items()}
