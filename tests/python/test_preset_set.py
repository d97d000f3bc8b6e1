"""A set of presets: all it names, resumed where it was left, one that fails by itself."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from calibration_samples import small_calibration, without_table
from conftest import CONFIGS, Page

import dermaflux as df
from dermaflux import _core
from dermaflux.preset import load_preset
from dermaflux.report import set_report

SCALP = CONFIGS / "calibrations/scalp.toml"
CLASSES, NEEDLE, INK = ["normal", "hypertrophic"], "round_liner_1_025_long", "carbon_black_smp"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = small_calibration(tmp_path_factory.mktemp("set"), [0.3, 0.5], [100, 200], 3)
    return without_table(path, path)


@pytest.fixture(scope="module")
def made(small: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[df.SetMember]]:
    folder = tmp_path_factory.mktemp("made") / "presets"
    return folder, df.make_preset_set(small, folder, classes=CLASSES, needles=[NEEDLE], inks=[INK])


def test_a_set_holds_a_good_preset_and_a_report_of_each(made: tuple[Path, list[df.SetMember]]):
    folder, rows = made
    assert [row.skin_class for row in rows] == CLASSES
    for row in rows:
        preset = load_preset(folder / row.file)
        assert row.file == f"{row.skin_class}-{NEEDLE}-{INK}.preset.json" and preset["sha256"] == row.sha256
        assert preset["preset"]["id"] == f"scalp-dot-{row.skin_class}-{NEEDLE}-{INK}"
        assert preset["intended_use"]["skin_class"] == row.skin_class and preset["needle"]["model"] == NEEDLE and preset["ink"]["model"] == INK
        assert (preset["settings"]["depth_mm"], preset["settings"]["dwell_ms"]) == (row.depth_mm, row.dwell_ms)
        assert preset["probability"]["right"] == row.right and tuple(preset["warnings"]) == row.warnings and not row.why
        assert (folder / f"{row.name}.html").is_file()
    assert len(list(folder.iterdir())) == 2 * len(rows) + 2  # and the index twice


def test_the_overview_lists_all_and_loads_nothing_from_a_network(made: tuple[Path, list[df.SetMember]]):
    folder, rows = made
    page = Page((folder / "index.html").read_text())
    page.expect_no_network()
    for row in rows:
        assert row.skin_class in page.text and f"{row.depth_mm:g}" in page.text


def test_what_is_there_is_kept_and_what_is_not_is_made_again(small: Path, made: tuple[Path, list[df.SetMember]], cli):
    folder, rows = made
    times = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.preset.json")}
    gone = folder / rows[1].file
    before = gone.read_bytes()
    gone.write_bytes(before.replace(b"research", b"released", 1))  # altered: not kept
    words = [word for name in CLASSES for word in ("--class", name)]
    done = cli("preset", "set", small, "-o", folder, *words, "--needle", NEEDLE, "--ink", INK)
    assert done.code == 0, done.err
    assert f"preset 1 of 2: {rows[0].name}, kept" in done.err and f"preset 2 of 2: {rows[1].name}\n" in done.err
    assert "written: 2 presets" in done.out
    assert (folder / rows[0].file).stat().st_mtime_ns == times[rows[0].file]
    assert gone.read_bytes() == before  # the same bytes from the same inputs


def test_a_preset_made_in_another_way_is_not_kept(small: Path, made: tuple[Path, list[df.SetMember]]):
    from dermaflux.preset_set import _made_before

    folder, rows = made
    recipe = json.loads((folder / "set.json").read_text())["recipe"]
    assert set(_made_before(folder, recipe)) == {(row.name, row.input_sha256) for row in rows}
    for change in ({"quick": True}, {"refine": True}, {"build": "another"}):
        assert _made_before(folder, recipe | change) == {}


def test_one_that_cannot_be_made_says_why_and_the_command_ends_with_3(small: Path, tmp_path: Path, cli):
    text = small.read_text()
    path = tmp_path / "short.toml"  # no dwell time of the search is allowed
    path.write_text(text.replace("high = { value = 400, unit = \"ms\"", "high = { value = 50, unit = \"ms\"", 1))
    done = cli("preset", "set", path, "-o", tmp_path / "out", "--class", "normal", "--needle", NEEDLE, "--ink", INK)
    assert done.code == 3, done.out + done.err
    [row] = json.loads((tmp_path / "out/set.json").read_text())["presets"]
    assert row["file"] == "" and "dwell_ms" in row["why"] and "outside" in row["why"]
    assert row["why"].split(";")[0] in done.out.replace("\n", " ") and "1 of 1 presets could not be made" in done.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["index.html", "set.json"]


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("--class", "scalp"), "--class scalp is unknown"),
        (("--needle", "round_liner_1_025_lang"), "did you mean"),
        (("--ink", "blue"), "blue"),
        (("-s", "machine.angle=3"), "machine.angle"),
    ],
)
def test_a_wrong_name_is_refused_before_any_work(cli, small: Path, tmp_path: Path, words: tuple[str, ...], word: str):
    done = cli("preset", "set", small, "-o", tmp_path / "out", *words)
    assert done.code == 2 and word in done.err, done.err
    assert not (tmp_path / "out").exists()


def test_a_client_who_must_not_be_treated_gets_none(cli, small: Path, tmp_path: Path):
    done = cli("preset", "set", small, "-o", tmp_path / "out", "-s", "host.keloid_history=true")
    assert done.code == 4 and "keloid" in done.err and not (tmp_path / "out").exists()


def test_an_index_that_is_none_is_named(small: Path, tmp_path: Path, cli):
    (tmp_path / "set.json").write_text("[]")
    done = cli("preset", "set", small, "-o", tmp_path, "--class", "normal", "--needle", NEEDLE, "--ink", INK)
    assert done.code == 2 and "set.json" in done.err and "is no index" in done.err


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (("[set]\n", "[sets]\n"), "no table [set]"),
        (('classes = ["normal", ', 'classes = ["normal", "normal", '), "set.classes has a name twice"),
        (('inks = ["carbon_black_smp", "black_brown_mix", "iron_oxide_brown"]', "inks = []"), "give a list of names"),
        (("needles = [", "needle = ["), "needle"),
    ],
)
def test_a_wrong_table_is_refused(tmp_path: Path, change: tuple[str, str], word: str):
    text = SCALP.read_text()
    assert text.count(change[0]) == 1
    (tmp_path / "bad.toml").write_text(text.replace(*change))
    with pytest.raises(df.InputError) as error:
        _core.load_preset_set(tmp_path / "bad.toml")
    assert word in str(error.value), error.value


def test_the_shipped_set_is_of_all_classes_two_needles_and_three_inks():
    shipped = _core.load_preset_set(SCALP)
    assert sorted(shipped.classes) == sorted(path.stem for path in (CONFIGS / "skin").glob("*.toml"))
    prongs = {_core.load_calibration(SCALP, "normal", overrides=[("needle.model", f'"{needle}"')]).base.values["needle.prongs"].value for needle in shipped.needles}
    assert prongs == {1, 3} and len(shipped.inks) == 3


def test_no_name_of_a_set_becomes_a_tag(made: tuple[Path, list[df.SetMember]]):
    page = set_report([replace(made[1][0], skin_class="<script>", why="<b>")])
    assert "<script>" not in page and "&lt;script&gt;" in page
