"""What all commands share: one line for everything that goes wrong, options, overrides."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import Annotated, NoReturn, ParamSpec

import typer

from . import _core

P = ParamSpec("P")
_EXAMPLES = {"-s": "-s machine.depth_mm=0.6", "--also": "--also machine.frequency_hz=80,100,120"}
Set = Annotated[list[str] | None, typer.Option("-s", "--set", help="override a key of the input: -s machine.depth_mm=0.6 (repeatable)")]
Threads = Annotated[int, typer.Option("--threads", help="host threads, 0 for all cores")]
Quick = Annotated[bool, typer.Option("--quick", help="a coarse look with few draws")]
Refine = Annotated[bool, typer.Option("--refine", help="more draws until the best setting is known as the file's \\[location] asks")]
Backend = Annotated[str, typer.Option("--backend", help="auto, serial, kokkos or cuda")]


def fail(message: str, code: int) -> NoReturn:
    """Ends the command with a message."""
    print(f"dermaflux: {message}", file=sys.stderr)
    raise typer.Exit(code)


def guarded(command: Callable[P, None]) -> Callable[P, None]:
    """One clear line instead of a traceback for everything that can go wrong."""

    @wraps(command)
    def inner(*args: P.args, **kwargs: P.kwargs) -> None:
        from .calibration import PresetRefused

        try:
            command(*args, **kwargs)
        except PresetRefused as error:
            fail(str(error), 4)
        except (_core.InputError, _core.FileError) as error:
            fail(str(error), 2)
        except (_core.NumericsError, _core.BackendError) as error:
            fail(str(error), 1)
        except KeyboardInterrupt:
            fail("stopped; what had finished is kept", 130)
        except BrokenPipeError:  # the reader of our output went away
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except (OSError, MemoryError) as error:
            fail(f"{type(error).__name__}: {error}", 1)

    return inner


def changes_of(assignments: list[str] | None, option: str = "-s") -> list[tuple[str, str]]:
    """Key and value of each KEY=VALUE of an option.

    Raises
    ------
    InputError: a text that is none.
    """
    pairs = []
    for text in assignments or []:
        key, equals, value = text.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise _core.InputError(f"{option} {text}: is not KEY=VALUE; write for example {_EXAMPLES[option]}")
        pairs.append((key.strip(), value.strip()))
    return pairs
