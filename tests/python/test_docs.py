"""What the documentation says, run: examples in docstrings, the Python of the README, the files it names."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest
from conftest import ROOT

import dermaflux as df

README = ROOT / "README.md"
MODULES = ["dermaflux", *(f"dermaflux.{one.name}" for one in pkgutil.iter_modules(df.__path__) if one.name != "_core")]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README.read_text(), flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_the_docstrings_are_true(name: str):
    result = doctest.testmod(importlib.import_module(name), raise_on_error=False)
    assert result.failed == 0


def test_the_package_has_examples():
    finder = doctest.DocTestFinder()
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert {"dermaflux", "dermaflux.treatment.Treatment.with_"} <= {test.name for test in tests}


def test_the_python_of_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found = blocks("python")
    assert found, "the README has no Python example"
    (tmp_path / "configs").symlink_to(ROOT / "configs")  # paths are given from the repository root
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "readme"}
    for number, code in enumerate(found):
        exec(compile(code, f"README.md, Python block {number + 1}", "exec"), names)


def test_every_file_that_the_readme_names_exists():
    text = README.read_text()
    named = set(re.findall(r"(?<![\w./-])((?:configs|core|kernels|python|tests|validation)/[\w./-]*\w)", text))
    named |= {link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"[a-z]+:|#", link)}
    assert named, "the README names no file"
    named = {name for name in named if "NAME" not in name}  # stands for any name
    missing = sorted(name for name in named if not (ROOT / name).exists() and not list(ROOT.glob(f"{name}*")))
    assert not missing


def test_every_command_of_the_readme_exists_and_every_option_too(cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")  # the page of help, which typer lays out, shortens names on narrower terminals
    shell = "\n".join(blocks("bash") + blocks("sh") + blocks("console") + blocks("")).replace("\\\n", " ")
    commands = re.findall(r"(?:^|\s|/)dermaflux ((?:preset [a-z]+|sweep [a-z]+|[a-z]+)\b[^\n#|]*)", shell)
    assert commands, "the README shows no command"
    for line in commands:
        name = line.split()[: 2 if line.startswith(("preset ", "sweep ")) else 1]
        help_text = cli(*name, "--help")
        assert help_text.code == 0, line
        for option in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", line):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", help_text.out), (line, option)


def test_every_public_function_says_what_it_takes_and_raises():
    for name in ("calibrate", "load", "load_preset", "open_run", "run", "run_batch", "sweep"):
        text = getattr(df, name).__doc__
        assert "Raises\n" in text and text.strip().splitlines()[0].rstrip().endswith((".", ",", "and")), name
