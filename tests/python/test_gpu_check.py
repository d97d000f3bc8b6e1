"""validation/gpu/check.sh without a GPU: its words, what it says of folders that cannot be used, and the dry run where it is built."""

import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "validation/gpu/check.sh"


@pytest.fixture(scope="module")
def check() -> ModuleType:
    """The script's Python part."""
    spec = importlib.util.spec_from_file_location("gpu_check", ROOT / "validation/gpu/check.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_check"] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


def run(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", SCRIPT, *map(str, words)], capture_output=True, text=True, env=os.environ | environment, timeout=120)


def bundle(folder: Path, program: str) -> Path:
    """A folder with a program of shell lines in place of the check's."""
    (folder / "configs").mkdir(parents=True)
    (folder / "configs/model.toml").write_text("")
    path = folder / "gpu_check"
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--gpu"], "unknown argument --gpu"),
        (["--build", "--dry-run"], "not allowed with"),
        (["--jobs", "0"], "--jobs 0"),
        (["--jobs", "many"], "invalid int value: 'many'"),
    ],
)
def test_words_that_make_no_sense_are_refused_with_2(words: list[str], said: str):
    done = run(*words)
    assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr


def test_a_folder_without_the_program_is_named(tmp_path: Path):
    done = run("--bundle", tmp_path)
    assert done.returncode == 2 and str(tmp_path) in done.stderr and "--build" in done.stderr


def test_without_nvcc_and_without_a_folder_it_says_where_to_build(tmp_path: Path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "dirname", "python3"):
        where = sys.executable if name == "python3" else shutil.which(name)
        (tools / name).write_text(f'#!/bin/sh\nexec "{where}" "$@"\n')
        (tools / name).chmod(0o755)
    for words in ((), ("--build",), ("--dry-run",)):
        done = run(*words, "--bundle", tmp_path / "none", PATH=str(tools), CUDACXX="")
        assert done.returncode == 2 and "no nvcc" in done.stderr and "bring the folder along" in done.stderr


def test_a_machine_without_a_gpu_is_told_so_with_3(tmp_path: Path):
    fact = json.dumps({"kind": "fact", "stage": "facts", "name": "device_there", "value": False})
    detail = json.dumps({"kind": "fact", "stage": "facts", "name": "device", "value": "no CUDA device"})
    done = run("--bundle", bundle(tmp_path / "b", f"echo '{fact}'; echo '{detail}'"))
    assert done.returncode == 3 and "no CUDA device" in done.stdout and "--dry-run" in done.stdout


def test_what_a_stage_had_found_is_kept_when_it_dies_or_hangs(check: ModuleType, tmp_path: Path):
    line = json.dumps({"kind": "check", "stage": "parity", "name": "one: field", "measured": 3e-9, "limit": 1e-10, "ok": False})
    dies = bundle(tmp_path / "dies", f"echo '{line}'; echo half of a line; echo lost >&2; kill -SEGV $$")
    hangs = bundle(tmp_path / "hangs", f"echo '{line}'; mkfifo $0.pipe; exec cat $0.pipe")  # nobody writes
    findings = check.Findings()
    assert check.run_stage(dies, check.Stage("parity", (), 20, ""), findings) != 0
    assert len(findings.failed) == 1 and "lost" in findings.problems[0]
    assert check.run_stage(hangs, check.Stage("parity", (), 1, ""), findings) == 124
    assert len(findings.failed) == 2 and "not done in 1 s" in findings.problems[1]
    assert check.verdict(findings) == 1
    assert "3.0e-09" in check.table(findings)


def test_a_wrong_result_ends_with_1_and_a_right_one_with_0(check: ModuleType):
    right = {"kind": "check", "stage": "s", "name": "a", "ok": True, "note": ""}
    assert check.verdict(check.Findings([right])) == 0
    assert check.verdict(check.Findings([right, right | {"ok": False}])) == 1
    assert check.verdict(check.Findings([right], ["compute-sanitizer memcheck: 1 error"])) == 1


def test_the_stages_leave_room_in_eight_minutes(check: ModuleType):
    assert sum(stage.limit_s for stage in check.STAGES) + 3 * check.TOOLS_LIMIT_S + 20 <= 8 * 60


def test_a_folder_that_needs_more_than_a_bare_machine_has_is_found_out(check: ModuleType, tmp_path: Path):
    if not shutil.which("readelf"):
        pytest.skip("no readelf")
    folder = bundle(tmp_path / "b", "")
    (folder / "gpu_check").unlink()
    assert "lacks gpu_check" in check.check_bundle(folder)[0]
    from dermaflux import _core

    shutil.copy2(_core.__file__, folder / "gpu_check")  # needs HDF5 and Kokkos
    assert any("bare machine does not have" in problem for problem in check.check_bundle(folder))


def test_the_dry_run_holds(check: ModuleType, tmp_path: Path):
    """Every stage's host half, from the folder that was built; building it is not part of the tests."""
    if not shutil.which("nvcc"):
        pytest.skip("no nvcc")
    program = check.BUNDLE / "gpu_check"
    if not program.is_file():
        pytest.skip("build/gpu-check is not built: bash validation/gpu/check.sh --build")
    folders, kinds = ("core", "kernels", "configs", "validation/gpu"), {".hpp", ".cpp", ".cu", ".cuh", ".toml"}
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix in kinds]
    if max(path.stat().st_mtime for path in sources) > program.stat().st_mtime:
        pytest.skip("build/gpu-check is older than its sources: bash validation/gpu/check.sh --build")
    findings = check.Findings(problems=check.check_bundle(check.BUNDLE))
    for stage in check.DRY_STAGES:
        check.run_stage(check.BUNDLE, stage, findings, {})
    assert not findings.problems and not findings.failed
    assert len(findings.checks) > 30
