"""Checks a GPU with the program gpu_check, or builds that, or does what needs no GPU. Needs Python 3.11 and nothing else.

Exit codes: 0 all is right, 1 a result is wrong, 2 bad input or nothing that could be run, 3 no GPU.
"""

import argparse
import datetime
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "build/gpu-check"
BUILD = ROOT / "build/gpu-build"
RESULTS = ROOT / "validation/benchmark/results"
LARGEST_MIB = 60
OLDEST_GLIBC = (2, 35)  # Ubuntu 22.04
SYSTEM_LIBRARIES = {"libc.so.6", "libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "ld-linux-x86-64.so.2"}


class CannotRun(Exception):
    """Nothing can be checked; the message says why and what to do."""


@dataclass(frozen=True)
class Stage:
    """One run of the program and what it may take."""

    name: str
    arguments: tuple[str, ...]
    limit_s: int  # after which it is ended
    what: str


# Their limits add up to less than the 8 minutes.
STAGES = (
    Stage("parity", ("--seconds", "70"), 100, "fields of whole treatments and every time step against the serial reference"),
    Stage("steps", (), 20, "every step by its name, from the same state as the serial reference"),
    Stage("ensemble", (), 70, "batches, order, single runs, members without room, poisoned members"),
    Stage("photons", (), 25, "Monte Carlo sums as integers; photons per ms"),
    Stage("boxes", (), 50, "treatments in a box against the serial reference; unknowns of pressure per second"),
    Stage("lines", (), 35, "tridiagonal systems of many treatments against cuSPARSE, and copy bandwidth"),
    Stage("throughput", ("--seconds", "36"), 50, "quick treatments per second against the host's cores; reductions by Thrust"),
    Stage("throughput", ("--seconds", "36", "--grid", "standard"), 50, "the same on the standard grid"),
)
DRY_STAGES = tuple(Stage(one.name, (*one.arguments, "--host"), 300, one.what) for one in STAGES[:7])
TOOLS_LIMIT_S = 20  # each


@dataclass
class Findings:
    """What all stages said."""

    lines: list[dict] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def checks(self) -> list[dict]:
        return [line for line in self.lines if line["kind"] == "check"]

    @property
    def failed(self) -> list[dict]:
        return [line for line in self.checks if not line["ok"]]


def say(text: str) -> None:
    print(text, flush=True)


def arguments_of(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="check.sh", description="Everything a GPU must show.", exit_on_error=False)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--build", action="store_true", help="build build/gpu-check; needs nvcc, no GPU")
    how.add_argument("--dry-run", action="store_true", help="build, and run all that needs no GPU")
    parser.add_argument("--bundle", type=Path, default=BUNDLE, help="folder of the built check")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="compilers at a time")
    try:
        found, left = parser.parse_known_args(words)
    except argparse.ArgumentError as error:
        raise CannotRun(f"{error}; use --build, --dry-run or nothing") from None
    if left:
        raise CannotRun(f"unknown argument {left[0]}; use --build, --dry-run or nothing")
    if found.jobs < 1:
        raise CannotRun(f"--jobs {found.jobs} is no number of compilers; use 1 or more")
    return found


# building


def cmake() -> tuple[str, str]:
    """A CMake that knows CUDA 13 and C++20, and the Python beside it, in whose packages a Kokkos may be."""
    for folder in (*os.environ.get("PATH", "").split(os.pathsep), str(ROOT / ".venv/bin")):
        tool = Path(folder) / "cmake"
        if not os.access(tool, os.X_OK):
            continue
        said = subprocess.run([tool, "--version"], capture_output=True, text=True).stdout
        found = re.search(r"(\d+)\.(\d+)", said)
        if found and (int(found[1]), int(found[2])) >= (3, 28):
            beside = Path(folder) / "python"
            return str(tool), str(beside if os.access(beside, os.X_OK) else sys.executable)
    raise CannotRun("no CMake 3.28 or newer (CUDA 13 with C++20 needs it); bash python/quickstart.sh sets one up in .venv, or: pip install cmake")


def commit() -> str:
    try:
        done = subprocess.run(["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def run_quietly(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        end = "\n".join(done.stdout.splitlines()[-40:])
        raise CannotRun(f"{end}\n{' '.join(command[:4])} ... ended with {done.returncode}; all of it is above")


def build(bundle: Path, jobs: int) -> None:
    """Builds the program and puts it with the configurations into a folder that needs nothing else."""
    if not (shutil.which("nvcc") or os.environ.get("CUDACXX")):
        raise CannotRun(f"no nvcc on the PATH, so that {bundle} cannot be built here; run --build where CUDA 13 is, and bring the folder along")
    tool, python = cmake()
    say(f"building {bundle} (the CUDA part takes minutes the first time)")
    options = ["-DCMAKE_BUILD_TYPE=Release", f"-DDF_COMMIT={commit()}", f"-DPython_EXECUTABLE={python}"]
    options += ["-DDF_HAS_v4=OFF"]  # the machine with the GPU may lack what this one has
    if shutil.which("ccache"):
        options += [f"-DCMAKE_{language}_COMPILER_LAUNCHER=ccache" for language in ("CXX", "CUDA")]
    if shutil.which("ninja", path=os.pathsep.join((str(Path(tool).parent), os.environ.get("PATH", "")))):
        options += ["-G", "Ninja"]
        os.environ["PATH"] = os.pathsep.join((str(Path(tool).parent), os.environ.get("PATH", "")))
    run_quietly([tool, "-S", str(ROOT / "validation/gpu"), "-B", str(BUILD), *options])
    run_quietly([tool, "--build", str(BUILD), "--target", "gpu_check", "--parallel", str(jobs)])
    shutil.rmtree(bundle, ignore_errors=True)
    bundle.mkdir(parents=True)
    shutil.copy2(BUILD / "gpu_check", bundle)
    shutil.copytree(ROOT / "configs", bundle / "configs")


def dynamic_needs(program: Path) -> tuple[set[str], tuple[int, ...]]:
    """Shared libraries that a program asks for, and the newest glibc."""
    try:
        done = subprocess.run(["readelf", "-d", "-V", "-W", str(program)], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotRun(f"readelf cannot read {program} ({error}); install binutils") from None
    libraries = set(re.findall(r"\(NEEDED\).*\[(.+?)\]", done.stdout))
    versions = [tuple(map(int, found.split("."))) for found in re.findall(r"GLIBC_(\d[\d.]*)", done.stdout)]
    return libraries, max(versions, default=(0,))


def check_bundle(bundle: Path) -> list[str]:
    """What is wrong with the folder."""
    program = bundle / "gpu_check"
    if not program.is_file() or not (bundle / "configs/model.toml").is_file():
        return [f"{bundle} lacks gpu_check or configs; build it again"]
    problems = []
    libraries, glibc = dynamic_needs(program)
    if foreign := libraries - SYSTEM_LIBRARIES:
        problems.append(f"gpu_check needs {', '.join(sorted(foreign))}, which a bare machine does not have")
    if glibc > OLDEST_GLIBC:
        problems.append(f"gpu_check needs glibc {'.'.join(map(str, glibc))}, newer than {'.'.join(map(str, OLDEST_GLIBC))}")
    size = sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) / 2**20
    if size > LARGEST_MIB:
        problems.append(f"the folder holds {size:.0f} MiB, more than {LARGEST_MIB}")
    say(f"{bundle}: {size:.1f} MiB; needs {', '.join(sorted(libraries))}, glibc {'.'.join(map(str, glibc))}")
    return problems


# running


def parsed(output: str) -> Iterator[dict]:
    for line in output.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "kind" in found:
            yield found


def run_stage(bundle: Path, stage: Stage, findings: Findings, environment: dict[str, str] | None = None) -> int:
    """Runs one stage; what it said before it died or was ended is kept. Returns its exit code, 124 if it ran out of time."""
    command = [str(bundle / "gpu_check"), stage.name, *stage.arguments, "--configs", str(bundle / "configs")]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=bundle)
    try:
        output, errors = process.communicate(timeout=stage.limit_s)
        code = process.returncode
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
        code = 124
    lines = list(parsed(output))
    findings.lines += lines
    words = " ".join((stage.name, *stage.arguments))
    if code == 124:
        findings.problems.append(f"{words}: not done in {stage.limit_s} s")
    elif code not in (0, 1):
        findings.problems.append(f"{words}: ended with {code}: {errors.strip() or 'no word'}")
    bad = [line for line in lines if line["kind"] == "check" and not line["ok"]]
    done = sum(line["kind"] == "check" for line in lines)
    say(f"  {words}: {done - len(bad)} of {done} checks right, {time.monotonic() - start:.0f} s ({stage.what})")
    for line in bad:
        found = f"{line['measured']} where {line['limit']:g} is allowed" if "limit" in line else ""
        found = " ".join(filter(None, (found, line.get("note", ""))))
        say(f"    WRONG: {line['name']}: {found}".rstrip(": "))
    return code


def tool_rows(bundle: Path, findings: Findings) -> dict[str, str]:
    """What compute-sanitizer and ncu say of a small case, where they are."""
    small = [str(bundle / "gpu_check"), "small", "--configs", str(bundle / "configs")]
    metrics = "sm__warps_active.avg.pct_of_peak_sustained_active,smsp__issue_active.avg.pct,dram__throughput.avg.pct_of_peak_sustained_elapsed"
    wanted = {
        "memcheck": ["compute-sanitizer", "--tool", "memcheck", "--error-exitcode", "9", *small],
        "racecheck": ["compute-sanitizer", "--tool", "racecheck", "--error-exitcode", "9", *small],
        "ncu": ["ncu", "--csv", "--kernel-name", "regex:run_members", "--metrics", metrics, *small],
    }
    said = {}
    for name, command in wanted.items():
        where = shutil.which(command[0]) or shutil.which(command[0], path="/usr/local/cuda/bin")
        if not where:
            said[name] = f"not measured: no {command[0]} here"
            continue
        try:
            done = subprocess.run([where, *command[1:]], capture_output=True, text=True, timeout=TOOLS_LIMIT_S)
        except subprocess.TimeoutExpired:
            said[name] = f"not measured: not done in {TOOLS_LIMIT_S} s"
            continue
        rows = [line for line in done.stdout.splitlines() if "ERROR SUMMARY" in line or "RACECHECK SUMMARY" in line or line.count('","') > 8]
        said[name] = "; ".join(line.strip("= ") for line in rows[-4:]) or (done.stderr or done.stdout).strip()[-300:]
        if done.returncode == 9:
            findings.problems.append(f"compute-sanitizer {name}: {said[name]}")
    return said


def facts_of(findings: Findings) -> dict:
    return {line["name"]: line["value"] for line in findings.lines if line["kind"] == "fact"}


def table(findings: Findings) -> str:
    """Worst error per kind of field, then every figure."""
    worst: dict[str, tuple[float, float]] = {}
    for line in findings.checks:
        if "limit" in line:
            name = line["name"].partition(": ")[2] or line["name"]
            name = "every time step of the insertion" if name.startswith("every time step") else name
            measured = float("inf") if line["measured"] is None else line["measured"]
            worst[name] = max(worst.get(name, (0.0, line["limit"])), (measured, line["limit"]))
    rows = [f"  {name:<58}{measured:>10.1e}  at most {limit:.0e}" for name, (measured, limit) in worst.items()]
    for line in findings.lines:
        if line["kind"] == "figure":
            value = "-" if line["value"] is None else f"{line['value']:.4g}"
            rows.append(f"  {line['name']:<58}{value:>10} {line['unit']}  {line['counted']}".rstrip())
    return "\n".join(rows)


def verdict(findings: Findings) -> int:
    for problem in findings.problems:
        say(f"PROBLEM: {problem}")
    wrong = len(findings.failed)
    say(f"{len(findings.checks) - wrong} of {len(findings.checks)} checks right, {len(findings.problems)} problems")
    return 1 if wrong or findings.problems else 0


def dry_run(bundle: Path, jobs: int) -> int:
    """All that needs no GPU, in a copy of the folder that sees nothing of this machine's environment."""
    build(bundle, jobs)
    findings = Findings(problems=check_bundle(bundle))
    with tempfile.TemporaryDirectory() as away:
        copy = Path(away) / "gpu-check"
        shutil.copytree(bundle, copy)
        for stage in (Stage("facts", (), 20, "device and build"), *DRY_STAGES):
            run_stage(copy, stage, findings, {})
    say(table(findings))
    say("\nA GPU would add, in at most 8 minutes:")
    for stage in STAGES:
        say(f"  {' '.join((stage.name, *stage.arguments))}: {stage.what}, on the device")
    say("  compute-sanitizer memcheck and racecheck, and occupancy by ncu, where the tools are")
    return verdict(findings)


def check(bundle: Path, jobs: int) -> int:
    """The check of this machine's GPU."""
    if not bundle.exists():
        build(bundle, jobs)
    if not os.access(bundle / "gpu_check", os.X_OK):
        raise CannotRun(f"{bundle} holds no program gpu_check; build it with --build where CUDA 13 is, and bring the folder along")
    start = time.monotonic()
    findings = Findings()
    run_stage(bundle, Stage("facts", (), 20, "device and build"), findings)
    facts = facts_of(findings)
    if not facts.get("device_there"):
        say(f"check.sh: {facts.get('device', 'the program does not run here')}; --dry-run does what needs none")
        return 3 if facts else 2
    say(f"{facts['device']}, commit {facts['commit']}")
    for stage in STAGES:
        run_stage(bundle, stage, findings)
    tools = tool_rows(bundle, findings)
    say(table(findings))
    for name, words in tools.items():
        say(f"  {name}: {words}")
    code = verdict(findings)
    say(f"written: {write(findings, facts, tools, time.monotonic() - start, code)}")
    return code


def write(findings: Findings, facts: dict, tools: dict[str, str], seconds: float, code: int) -> Path:
    """One JSON of everything, named after day and device."""
    day = datetime.datetime.now(datetime.UTC)
    device = re.sub(r"[^a-z0-9]+", "-", facts["device"].partition(",")[0].lower()).strip("-")
    content = {
        "date_utc": day.isoformat(timespec="seconds"),
        "facts": {name: value for name, value in facts.items() if name != "probability_map"},
        "driver": driver(),
        "host": f"{platform.machine()}, {os.cpu_count()} cores",
        "seconds": round(seconds, 1),
        "right": code == 0,
        "problems": findings.problems,
        "tools": tools,
        "lines": [line for line in findings.lines if line["kind"] != "fact" or line["name"] == "probability_map"],
    }
    path = RESULTS / f"{day:%Y-%m-%d}-gpu-{device}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path


def driver() -> str:
    try:
        done = subprocess.run(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return "unknown: no nvidia-smi"
    return done.stdout.strip().splitlines()[0] if done.returncode == 0 and done.stdout.strip() else "unknown"


def main(words: list[str]) -> int:
    try:
        wanted = arguments_of(words)
        if wanted.build:
            build(wanted.bundle, wanted.jobs)
            for problem in (problems := check_bundle(wanted.bundle)):
                say(f"PROBLEM: {problem}")
            return 1 if problems else 0
        return dry_run(wanted.bundle, wanted.jobs) if wanted.dry_run else check(wanted.bundle, wanted.jobs)
    except CannotRun as error:
        print(f"check.sh: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"check.sh: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
