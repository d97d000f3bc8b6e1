"""What the documentation says, run: examples in docstrings, the Python of the README, the files it names."""

import doctest
import importlib
import pkgutil
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from preset_samples import as_bytes, resealed, sample

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


def test_the_cpp_of_the_readme_compiles_alone_adapts_and_refuses(tmp_path: Path):
    found = blocks("cpp")
    compiler = shutil.which("g++") or shutil.which("c++")
    if not found or not compiler:
        pytest.skip("no C++ in the README" if compiler else "no C++ compiler")
    (tmp_path / "driver.cpp").write_text("\n".join(found))
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Werror", f"-I{ROOT}"]
    subprocess.run([compiler, *flags, str(tmp_path / "driver.cpp"), "-o", str(tmp_path / "driver")], check=True)
    preset = {key: value for key, value in sample().items() if key != "sha256"}
    preset["machine"] = {"model": "rotary_pen", "drive": "frequency"}
    preset["alarms"][2]["quantity"] = "measured over expected insertion force outside"
    content = as_bytes(resealed(preset))
    (tmp_path / "good.json").write_bytes(content)
    (tmp_path / "bad.json").write_bytes(content.replace(b'"depth_mm":0.3', b'"depth_mm":0.4', 1))
    good, bad = (subprocess.run([tmp_path / "driver", tmp_path / name], capture_output=True, text=True) for name in ("good.json", "bad.json"))
    assert good.returncode == 0 and "mm" in good.stdout
    assert bad.returncode == 2 and "altered" in bad.stdout


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
    commands = re.findall(r"(?:^|\s|/)dermaflux ((?:(?:preset|sweep|histology) [a-z]+|[a-z]+)\b[^\n#|]*)", shell)
    assert commands, "the README shows no command"
    for line in commands:
        name = line.split()[: 2 if line.startswith(("preset ", "sweep ", "histology ")) else 1]
        help_text = cli(*name, "--help")
        assert help_text.code == 0, line
        for option in re.findall(r"(?<=\s)(--?[a-z][a-z-]*)", line):
            assert re.search(rf"(?<![\w-]){option}(?![\w-])", help_text.out), (line, option)


def test_every_public_function_says_what_it_takes_and_raises():
    for name in ("calibrate", "load", "load_preset", "open_run", "run", "run_batch", "sweep"):
        text = getattr(df, name).__doc__
        assert "Raises\n" in text and text.strip().splitlines()[0].rstrip().endswith((".", ",", "and")), name
