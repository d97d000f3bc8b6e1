"""Who may include whom, and that every header stands on its own."""

import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(p for folder in ("core", "kernels") for p in (ROOT / folder).rglob("*") if p.suffix in {".hpp", ".cpp", ".cu", ".cuh"})
HEADERS = [p for p in SOURCES if p.suffix == ".hpp" and p.parent.name not in {"kokkos", "cuda"}]

# Folder -> folders of the project its files may include besides their own: the dependency direction, from the ground up.
GROUND = {"core"}
MAY_INCLUDE = {
    "core": set(),
    "core/grid": GROUND,
    "core/physics": GROUND,
    "core/preset": set(),  # one header that a driver module takes along
    "core/execution": GROUND | {"core/grid"},
    "core/tissue": GROUND | {"core/physics"},
    "core/treatment": GROUND | {"core/physics", "core/tissue"},
    "core/solver": GROUND | {"core/grid", "core/physics", "core/tissue", "core/treatment", "core/execution"},
}
MAY_INCLUDE["core/simulation"] = MAY_INCLUDE["core/solver"] | {"core/solver"}
MAY_INCLUDE["core/io"] = MAY_INCLUDE["core/simulation"] | {"core/simulation"}
MAY_INCLUDE["kernels"] = MAY_INCLUDE["core/io"] | {"core/io"}
MAY_INCLUDE["kernels/kokkos"] = MAY_INCLUDE["kernels/cuda"] = MAY_INCLUDE["kernels"] | {"kernels"}

FOREIGN = {
    "core": r"nlohmann/json\.hpp|hdf5(_hl)?\.h|toml\+\+/toml\.h",  # only in core/io, and there only in .cpp files
    "kernels": "",
    "kernels/kokkos": r"Kokkos_\w+\.hpp",
    "kernels/cuda": r"cuda_runtime\.h|thrust/[\w/]+\.h|cub/.*",
}


def includes(path: Path) -> list[tuple[str, str]]:
    return re.findall(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', path.read_text(), flags=re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def folder(path: Path) -> str:
    return path.parent.relative_to(ROOT).as_posix()


def test_every_source_folder_has_its_place_in_the_dependency_direction():
    assert {folder(path) for path in SOURCES} <= set(MAY_INCLUDE)
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_includes_only_what_lies_below_it(path: Path):
    allowed = MAY_INCLUDE[folder(path)] | {folder(path)}
    for bracket, target in includes(path):
        if bracket != '"':
            continue
        assert (ROOT / target).is_file(), f"{target} is not a path from the repository root"
        assert folder(ROOT / target) in allowed, f"{name(path)} includes {target}"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_a_file_includes_only_the_libraries_of_its_folder(path: Path):
    standard = r"[a-z_]+(\.h)?"
    for bracket, target in includes(path):
        if bracket != "<" or (re.fullmatch(standard, target) and not re.match(r"(hdf5|cuda|omp|pthread|Python|mpi)", target)):
            continue
        where = folder(path)
        rule = FOREIGN["core" if where.startswith("core") else where]
        assert rule and re.fullmatch(rule, target), f"{name(path)} includes <{target}>"
        if where.startswith("core"):
            assert where == "core/io" and path.suffix == ".cpp", f"{name(path)} shows <{target}> to who includes it"


@pytest.mark.parametrize("path", [p for p in SOURCES if folder(p).startswith("core")], ids=name)
def test_core_knows_neither_kokkos_nor_cuda_nor_python(path: Path):
    text = re.sub(r"//.*", "", path.read_text())
    assert not re.search(r"\bKokkos::|\bKOKKOS_|\bcuda[A-Z]\w*\(|\bthrust::|\bpy(bind11)?::|\bPy[A-Z]\w+\(", text)
    if name(path) != "core/portability.hpp":
        assert not re.search(r"__CUDACC__|__CUDA_ARCH__|__host__|__device__", text), "the compiler switch is in portability.hpp only"


@pytest.mark.parametrize("path", [p for p in SOURCES if folder(p).startswith("kernels")], ids=name)
def test_kernels_know_no_python_and_cuda_knows_no_kokkos(path: Path):
    text = re.sub(r"//.*", "", path.read_text())
    assert not re.search(r"\bpy(bind11)?::|\bPy[A-Z]\w+\(", text)
    if folder(path) == "kernels/cuda":
        assert not re.search(r"Kokkos", text)
    if folder(path) == "kernels/kokkos":
        assert not re.search(r"\bcuda[A-Z]\w*\(|\bthrust::", text)


def test_bindings_see_neither_kokkos_nor_cuda():
    for path in sorted((ROOT / "python/bindings").iterdir()):
        for _, target in includes(path):
            assert not re.match(r"Kokkos|cuda|thrust", target), name(path)
            if target.startswith("kernels/"):
                assert target == "kernels/run.hpp", name(path)


def test_nothing_includes_the_tests():
    for path in [*SOURCES, *(ROOT / "python/bindings").iterdir()]:
        assert not [target for _, target in includes(path) if target.startswith(("tests/", "validation/"))], name(path)


@pytest.fixture(scope="module")
def compiled() -> dict[Path, str]:
    """What the compiler says to each header alone, included twice."""
    compiler = shutil.which("g++") or shutil.which("c++") or shutil.which("clang++")
    if not compiler:
        pytest.skip("no C++ compiler")

    def check(path: Path) -> str:
        source = f'#include "{name(path)}"\n' * 2
        standard = "c++17" if folder(path) == "core/preset" else "c++20"
        flags = [f"-std={standard}", "-fopenmp-simd", "-fsyntax-only", "-Wall", "-Wextra", "-Wshadow", "-Wconversion"]
        command = [compiler, *flags, f"-I{ROOT}", "-x", "c++", "-"]
        done = subprocess.run(command, input=source, capture_output=True, text=True)
        return done.stderr if done.returncode or done.stderr else ""

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(HEADERS, pool.map(check, HEADERS), strict=True))


@pytest.mark.parametrize("path", HEADERS, ids=name)
def test_a_header_compiles_alone_and_without_warnings(compiled: dict[Path, str], path: Path):
    assert compiled[path] == ""
