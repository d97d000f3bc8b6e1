"""The house: what lies where, numbers with sources, stubs that match, no path of a machine."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dermaflux import _core

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
TOML = sorted(CONFIGS.rglob("*.toml"))
TOP = {"CMakeLists.txt", "core", "kernels", "python", "configs", "validation", "tests", "README.md", "pyproject.toml"}
# Folder of a file -> group its keys belong to.
GROUP = {"skin": "skin.", "needles": "needle.", "inks": "ink.", "machines": "machine.", "treatments": "", "configs": "model."}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def tracked() -> list[Path]:
    """Files that git knows."""
    try:
        done = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"git does not list the files: {error}")
    return [ROOT / line for line in done.stdout.split("\0") if line and (ROOT / line).is_file()]


# numbers


def values(node: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Described values (tables that hold `value`) and everything else that is no table, with their paths."""
    if isinstance(node, dict) and "value" in node:
        yield path, node
    elif isinstance(node, dict):
        for key, inner in node.items():
            yield from values(inner, (*path, key))
    elif isinstance(node, list) and node and isinstance(node[0], dict):
        for n, inner in enumerate(node):
            yield from values(inner, (*path, str(n)))
    else:
        yield path, node


def holds_number(node: object) -> bool:
    if isinstance(node, list):
        return any(map(holds_number, node))
    return isinstance(node, int | float) and not isinstance(node, bool)


def is_axis(path: tuple[str, ...]) -> bool:
    """Values or ends of the axis of a sweep, whose unit, range and source stand in the axis; numbers of its draws and conditions, whose
    source and reason stand beside them."""
    kinds = {"axis": {"values", "low", "high"}, "condition": {"at_least", "at_most", "is", "when_at_least", "when_at_most", "when_is"}}
    return len(path) == 3 and path[2] in kinds.get(path[0], set()) or path in {("sample", "count"), ("sample", "seed")}


@pytest.mark.parametrize("file", TOML, ids=name)
def test_every_number_has_unit_range_and_source_and_lies_in_its_range(file: Path):
    for path, node in values(tomllib.loads(file.read_text())):
        key = ".".join(path)
        if not isinstance(node, dict):
            assert is_axis(path) or not holds_number(node) and not isinstance(node, bool), f"{key} is a bare number"
            continue
        assert node.get("source", "").strip(), f"{key} has no source"
        if not holds_number(node["value"]):
            assert isinstance(node["value"], str | bool), key
            continue
        assert set(node) - {"note"} == {"value", "unit", "range", "source"}, key
        low, high = node["range"]
        for number in node["value"] if isinstance(node["value"], list) else [node["value"]]:
            assert low <= number <= high, f"{key} = {number} is outside its range {low} to {high}"
        assert low < high or node["source"].startswith("definition"), key


@pytest.mark.parametrize("file", [p for p in TOML if p.parent.name in GROUP], ids=name)
def test_every_unit_is_that_of_the_key_table_and_every_range_fits_it(file: Path):
    known = {row["key"]: row for row in _core.keys()}
    for path, node in values(tomllib.loads(file.read_text())):
        if not isinstance(node, dict) or not holds_number(node["value"]):
            continue
        key = GROUP[file.parent.name] + ".".join(path)
        row = known.get(key) or known[re.sub(r"^(skin\.layer)\.\w+\.", r"\1.NAME.", key)]
        assert node["unit"] == (row["unit"] or "1"), key
        assert row["low"] <= node["range"][0] and node["range"][1] <= row["high"], f"the range of {key} is wider than the program accepts"


@pytest.mark.parametrize("file", [p for p in TOML if p.parent.name == "sweeps"], ids=name)
def test_the_source_of_an_axis_states_its_unit_and_range(file: Path):
    known = {row["key"]: row for row in _core.keys()}
    for axis in tomllib.loads(file.read_text())["axis"]:
        numbers = axis["values"] if "values" in axis else [axis["low"], axis["high"]]
        if not holds_number(numbers):
            continue
        found = re.search(r"unit (\S+), range ([\d.e+-]+) to ([\d.e+-]+)", axis["source"])
        assert found, axis
        assert found[1] == (known[axis["key"]]["unit"] or "1")
        assert float(found[2]) == min(numbers) and float(found[3]) == max(numbers)


@pytest.mark.parametrize("file", TOML, ids=name)
def test_every_source_is_a_publication_or_says_what_it_is(file: Path):
    """As configs/README.md has it: a publication (a year, an article number, a handbook, a catalogue of the trade), or a text that
    begins with estimate, definition, study or practice. `normal x 1.5; ...` gives its reason after the factor, and an alarm is
    named by its number."""
    kinds = (
        r"(normal x [\d.]+; )?(estimate|definition|study|practice|fitted)\b"
        r"|.*(\b(19|20)\d\d\b|\bPMC\d+|\bomlc\.org\b|\balarms? A\d+)|(handbook|needle trade)\b"
    )
    for path, node in values(tomllib.loads(file.read_text())):
        source = node.get("source") if isinstance(node, dict) else node if path[-1:] == ("source",) else None
        if source is not None:
            assert re.match(kinds, source), f"{'.'.join(path)}: {source}"


def test_a_class_states_only_what_differs_from_normal():
    normal = {path: node for path, node in values(tomllib.loads((CONFIGS / "skin/normal.toml").read_text()))}
    for file in sorted((CONFIGS / "skin").glob("*.toml")):
        content = tomllib.loads(file.read_text())
        if file.stem == "normal":
            continue
        assert content["inherits"] == "normal.toml"
        for path, node in values(content):
            if isinstance(node, dict) and path in normal:
                assert (node["value"], node.get("range")) != (normal[path]["value"], normal[path].get("range")), f"{file.stem}: {'.'.join(path)}"


def needle(file: Path) -> dict[str, dict]:
    """A needle with what it inherits."""
    own = tomllib.loads(file.read_text())
    parent = own.pop("inherits", None)
    return (needle(file.parent / parent) if parent else {}) | own


def test_a_needle_that_inherits_states_only_what_differs():
    for file in sorted((CONFIGS / "needles").glob("*.toml")):
        content = tomllib.loads(file.read_text())
        if parent := content.pop("inherits", None):
            inherited = needle(file.parent / parent)
            assert content and all(node["value"] != inherited[key]["value"] for key, node in content.items()), file.stem


def test_all_the_data_of_the_issue_is_there():
    classes = {"normal", "bald", "cicatricial", "hypertrophic", "atrophic", "fue_punctate", "fut_linear", "burn_radiation"}
    assert {p.stem for p in (CONFIGS / "skin").glob("*.toml")} == classes
    assert {p.stem for p in (CONFIGS / "treatments").glob("*.toml")} >= {f"{one}_scalp" for one in classes}
    needles = {p.stem: needle(p) for p in (CONFIGS / "needles").glob("*.toml")}
    for prongs in (1, 3, 5, 7):
        for diameter in (0.20, 0.25, 0.30, 0.35):
            for taper, length in (("short", 1.5), ("long", 3.5)):
                one = needles[f"round_liner_{prongs}_{100 * diameter:03.0f}_{taper}"]
                assert (one["prongs"]["value"], one["shaft_diameter_mm"]["value"], one["taper_length_mm"]["value"]) == (prongs, diameter, length)
                assert one["shape"]["value"] == "round_liner" and one["bevel_length_um"]["value"] == 0
    assert any(one["shape"]["value"] == "magnum" for one in needles.values())
    assert any(one["bevel_length_um"]["value"] > 0 for one in needles.values())
    assert {p.stem for p in (CONFIGS / "inks").glob("*.toml")} >= {"carbon_black_neat", "carbon_black_smp", "iron_oxide_brown"}
    for file in ("machines/rotary_pen.toml", "sweeps/depth_dwell.toml", "calibrations/scalp.toml"):
        assert (CONFIGS / file).is_file()


def test_the_installed_configurations_are_those_of_the_repository():
    import dermaflux as df

    installed = {p.relative_to(df.configs()): p.read_bytes() for p in df.configs().rglob("*.toml")}
    assert installed == {p.relative_to(CONFIGS): p.read_bytes() for p in TOML}


# layout


def test_the_top_level_holds_only_what_belongs_there(tracked: list[Path]):
    top = {path.relative_to(ROOT).parts[0] for path in tracked}
    assert {entry for entry in top if not entry.startswith(".")} <= TOP
    assert {"README.md", "core", "kernels", "python", "configs", "tests"} <= top


def test_configurations_are_read_in_cpp_only():
    for file in sorted((ROOT / "python/dermaflux").glob("*.py")):
        modules = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
        names = {alias.name for node in modules for alias in node.names} | {node.module or "" for node in modules if isinstance(node, ast.ImportFrom)}
        assert not names & {"tomllib", "toml", "tomli", "tomlkit"}, name(file)


def test_no_file_names_a_path_of_somebodys_machine(tracked: list[Path]):
    places = re.compile(r"(?<![\w.$}/-])/(?:work|root|home/\w+|Users/\w+|mnt|scratch)/[\w.-]")
    for file in tracked:
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        found = [line for line in text.splitlines() if places.search(line) and "re.compile" not in line]
        assert not found, f"{name(file)}: {found[0]}"


def test_no_generated_file_is_tracked(tracked: list[Path]):
    bad = [name(p) for p in tracked if p.suffix in {".pyc", ".so", ".o", ".a", ".h5", ".part", ".journal"} or "__pycache__" in p.parts]
    assert not bad


def test_every_source_is_in_a_build_file():
    builds = "".join(p.read_text() for p in [ROOT / "CMakeLists.txt", ROOT / "python/CMakeLists.txt", ROOT / "tests/CMakeLists.txt"])
    for folder in ("core", "kernels", "python/bindings"):
        for source in (ROOT / folder).rglob("*"):
            if source.suffix in {".cpp", ".cu"}:
                assert source.relative_to(ROOT / "python" if folder.startswith("python") else ROOT).as_posix() in builds, name(source)


# stubs


def _stub() -> ast.Module:
    return ast.parse((ROOT / "python/dermaflux/_core.pyi").read_text())


def _public(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    found: dict[str, ast.stmt] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found[node.name] = node
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found[node.target.id] = node
    return {key: node for key, node in found.items() if not key.startswith("_")}


def _typed_dict(node: ast.stmt) -> bool:
    return isinstance(node, ast.ClassDef) and any(isinstance(base, ast.Name) and base.id == "TypedDict" for base in node.bases)


def test_the_stub_and_the_module_have_the_same_names():
    stub = {key for key, node in _public(_stub().body).items() if not _typed_dict(node)}
    assert stub == {key for key in vars(_core) if not key.startswith("_")}


def test_the_classes_of_the_stub_have_the_members_of_the_module():
    for key, node in _public(_stub().body).items():
        if not isinstance(node, ast.ClassDef) or _typed_dict(node) or key.endswith("Error"):
            continue
        cls = getattr(_core, key)
        members = _public(node.body)
        assert set(members) == {member for member in vars(cls) if not member.startswith("_")}, key
        for member, declared in members.items():
            decorators = {d.id for d in declared.decorator_list if isinstance(d, ast.Name)}
            assert isinstance(vars(cls)[member], property) == ("property" in decorators), f"{key}.{member}"


def test_the_functions_of_the_stub_have_the_parameters_of_the_module():
    for key, node in _public(_stub().body).items():
        if isinstance(node, ast.FunctionDef):
            signature = re.match(rf"{key}\((.*)\) ->", getattr(_core, key).__doc__)
            assert signature, key
            parameters = re.findall(r"(\w+): ", re.sub(r"\[[^\[\]]*(\[[^\[\]]*(\[[^\[\]]*\])*[^\[\]]*\])*[^\[\]]*\]", "", signature[1]))
            assert [argument.arg for argument in node.args.args] == parameters, key


def test_the_errors_of_the_stub_have_the_bases_of_the_module():
    for key, node in _public(_stub().body).items():
        if isinstance(node, ast.ClassDef) and key.endswith("Error"):
            assert [base.id for base in node.bases if isinstance(base, ast.Name)] == [base.__name__ for base in getattr(_core, key).__bases__]


def test_the_rows_of_the_stub_have_the_keys_of_the_module():
    rows = {"KeyRow": _core.keys(), "OutputRow": _core.outputs(), "BackendRow": _core.backends()}
    for key, node in _public(_stub().body).items():
        if _typed_dict(node):
            assert all(set(_public(node.body)) == set(row) for row in rows[key]), key


def test_everything_in_the_stub_has_a_docstring_and_types():
    for node in ast.walk(_stub()):
        if isinstance(node, ast.FunctionDef):
            assert ast.get_docstring(node), node.name
            assert node.returns is not None, node.name
            assert all(argument.annotation for argument in node.args.args if argument.arg != "self"), node.name
        elif isinstance(node, ast.ClassDef):
            assert ast.get_docstring(node), node.name
