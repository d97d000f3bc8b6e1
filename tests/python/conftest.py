"""What the tests of the Python package share: one run for all, and the command as a function."""

import contextlib
import math
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest

import dermaflux as df
from dermaflux import cli as command_line

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
NORMAL = CONFIGS / "treatments" / "normal_scalp.toml"
MAIN = "from dermaflux.cli import main; main()"

# The keys that issue 3 lists for --json; they are also the variables of a sweep file.
LISTED_OUTPUTS = """
    d_set_mm d_tip_mm strokes insertion_force_n ink_drawn_nl ink_flowed_back_nl ink_retained_nl pigment_deposited_ng
    pigment_depth_mm pigment_depth_p10_mm pigment_depth_p90_mm share_epidermis share_below_1mm retained_fraction_day7
    retained_fraction_day42 retained_fraction_1y retained_fraction_5y contrast_day14 contrast_1y contrast_3y fwhm_mm_day14
    fwhm_mm_1y delta_e_day14 bleed_probability ledger_imbalance runtime_s
""".split()


# A stiff skin in which a machine of 0.2 N stands still and one of 3 N does not.
STALLING = {"skin.puncture_toughness_kj_m2": 300, "skin.fracture_toughness_kj_m2": 20, "machine.depth_mm": 1.5}


def flags(changes: Mapping[str, object]) -> list[str]:
    """Overrides as the command takes them."""
    return [part for key, value in changes.items() for part in ("-s", f"{key}={value}")]


class Page(HTMLParser):
    """What a page of HTML loads, its tags and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.source = html
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action", "poster")]

    def handle_data(self, data: str) -> None:
        self.text += data

    def expect_no_network(self) -> None:
        """Pictures lie inside, links lead to files beside it, and the browser is told to load nothing else."""
        assert self.loads and all(load.startswith("data:image/png;base64,") or re.fullmatch(r"[\w-]+\.html", load) for load in self.loads)
        assert not self.tags & {"link", "iframe", "object", "embed", "base"}
        assert "@import" not in self.source and "url(" not in self.source
        assert "Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"" in self.source


@dataclass(frozen=True)
class Finished:
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Finished]:
    """The command in this process: entry point, arguments, exit code and output as in a shell."""
    monkeypatch.setenv("COLUMNS", "40")  # what is printed does not depend on the width of the terminal

    def call(*arguments: object) -> Finished:
        monkeypatch.setattr(sys, "argv", ["dermaflux", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            command_line.main()
        text = capsys.readouterr()
        return Finished(exit_.value.code or 0, text.out, text.err)

    return call


def refused(cli: Callable[..., Finished], folder: Path, arguments: list[object], words: list[str]) -> None:
    """Runs the command in a folder whose content must stay as it is."""
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = cli(*arguments)
    assert done.code == 2, done
    assert "Traceback" not in done.out + done.err and done.out == ""
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert len(lines) == 1 and lines[0].startswith("dermaflux: "), done.err
    missing = [word for word in words if word not in lines[0]]
    assert not missing, (missing, lines[0])
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.fixture(scope="session")
def normal() -> df.Treatment:
    return df.load(NORMAL)


@pytest.fixture(scope="session")
def quick(normal: df.Treatment) -> df.Result:
    """The shipped normal treatment on the quick grid."""
    return df.run(normal, grid="quick")


@pytest.fixture(scope="session")
def run_file(quick: df.Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return quick.save(tmp_path_factory.mktemp("run") / "normal.h5", "dermaflux run normal_scalp.toml")


def numbers(row: Mapping[str, float | None]) -> dict[str, float | None]:
    """All outputs but the wall time, with None for what is no number (it has nothing to tell), so that rows compare."""
    return {name: None if value is None or math.isnan(value) else value for name, value in row.items() if name != "runtime_s"}


# Outputs that are no number in a plain run: one grid gives no error of the grid, no pigment lies in the fat, and it ends after five years.
WITHOUT_VALUE = {"grid_error", "blowout", "contrast_7y", "contrast_10y"}


def write_sweep(path: Path, axes: dict[str, list], *, treatment: Path = NORMAL, head: str = 'grid = "quick"') -> Path:
    """A sweep file around a treatment."""
    text = f'title = "a sweep"\ntreatment = "{treatment}"\n{head}\n'
    for key, values in axes.items():
        text += f'[[axis]]\nkey = "{key}"\nvalues = {str(values).replace(chr(39), chr(34))}\nsource = "study"\n'
    path.write_text(text)
    return path


def wait_for_lines(process: subprocess.Popen, file: Path, count: int) -> None:
    """Until a file that a process writes has some lines; fails if the process ends before."""
    deadline = time.monotonic() + 60.0
    while not file.exists() or file.read_text().count("\n") < count:
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"ended with {process.wait(0.02)}")
        assert time.monotonic() < deadline
