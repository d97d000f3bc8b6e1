"""The settings table that a calibration makes, and the example of a driver that works with it."""

import copy
import importlib.util
import math
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from conftest import CONFIGS, ROOT
from preset_samples import sample, settings_for

import dermaflux as df
from dermaflux import _core
from dermaflux.draws import from_range
from dermaflux.preset import CELL_VALUES, read_preset, save_preset, seal
from dermaflux.settings_table import SAME, settings_table

SCALP = CONFIGS / "calibrations/scalp.toml"
BEST = {"depth_mm": 0.3, "dwell_ms": 120.0}
LIMITS = {"depth_mm": (0.1, 1.5), "dwell_ms": (5.0, 600.0), "frequency_hz": (40.0, 160.0), "stroke_mm": (1.8, 4.0), "angle_deg": (0.0, 45.0),
          "hand_force_n": (0.05, 1.0)}  # fmt: skip


def run(title: str, members: list[df.Member]) -> list:
    return df.run_batch(members, grid="quick")


def key(member: df.Member) -> tuple:
    return (*sorted(member.changes.items()), *member.dwells_ms)


REMEMBERED: dict[tuple, list] = {}


def remembered(title: str, members: list[df.Member]) -> list:
    """Runs what has not been run."""
    new = [member for member in members if key(member) not in REMEMBERED]
    REMEMBERED.update(zip(map(key, new), run(title, new) if new else [], strict=True))
    return [REMEMBERED[key(member)] for member in members]


def calibration_file(folder: Path, changes: dict[str, str]) -> Path:
    """The shipped calibration with some keys changed."""
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    for key, value in changes.items():
        text = re.sub(rf"\n{key} = {{ value = [^u]*unit", f"\n{key} = {{ value = {value}, unit", text, count=1)
    path = folder / "small.toml"
    path.write_text(text)
    return path


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> _core.CalibrationFile:
    """The shipped calibration with few, short dwell times, the pale dots that they make, and skins on one side of the file's."""
    changes = {"depths_mm": "[0.2, 0.3, 0.4]", "dwells_ms": "[80, 120, 200]", "shares": "[0.9]", "low": "0.2"}
    return _core.load_calibration(calibration_file(tmp_path_factory.mktemp("table"), changes), "normal")


@pytest.fixture(scope="module")
def treatment(file: _core.CalibrationFile) -> df.Treatment:
    return df.Treatment(file.base)


@pytest.fixture(scope="module")
def table(file: _core.CalibrationFile, treatment: df.Treatment) -> dict:
    found, why = settings_table(file, treatment, BEST, remembered)
    assert found is not None, why
    return found


@pytest.fixture(scope="module")
def preset_file(file: _core.CalibrationFile, treatment: df.Treatment, table: dict, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A preset with that table, and the alarms and the envelope of the file."""
    preset = {key: value for key, value in sample().items() if key != "sha256"}
    preset["machine"] = {"model": str(treatment["machine.model"]), "drive": "frequency"}
    preset["settings"] = {name: float(treatment[f"machine.{name}"]) for name in LIMITS} | BEST
    preset["tolerance"] = {name: {"min": value, "max": value} for name, value in BEST.items()}
    preset["settings_table"] = table
    preset["envelope"] = {limit.key.removeprefix("machine."): {"min": limit.low, "max": limit.high} for limit in file.envelope}
    preset["alarms"] = [
        {"name": one.name, "quantity": one.quantity, "unit": one.unit, "action": one.action, "reason": one.reason}
        | {level: value for level, value in (("warn", one.warn), ("stop", one.stop)) if math.isfinite(value)}
        for one in file.alarms
    ]
    return save_preset(seal(preset), tmp_path_factory.mktemp("preset") / "normal.preset.json")


def skin(file: _core.CalibrationFile, n: int) -> dict[str, float]:
    """Values of the keys of both axes in the skin of a cell, rebuilt from the file: its own value, then share 0.9."""
    values = {}
    for keys, share in ((file.table.thickness, (None, 0.9)[n // 2]), (file.table.resistance, (None, 0.9)[n % 2])):
        for key in keys:
            known = file.base.values[key]
            values[key] = float(known.value) if share is None else float(from_range(known, np.array([share]))[0])
    return values


def test_the_axes_are_the_thickness_of_the_skins_and_the_force_that_a_driver_measures(file: _core.CalibrationFile, treatment: df.Treatment, table: dict):
    assert len(table["cells"]) == 4
    assert table["thickness_um"][0] == sum(float(treatment[key]) for key in file.table.thickness)
    assert table["thickness_um"][1] == pytest.approx(sum(value for key, value in skin(file, 2).items() if "thickness_um" in key), rel=1e-5)
    solved = [_core.puncture(treatment.with_(skin(file, n) | {"machine.depth_mm": BEST["depth_mm"]})._document) for n in (0, 1)]
    assert table["force_n"] == pytest.approx([one["insertion_force_n"] for one in solved], rel=1e-5)  # six digits are stated


def test_the_cell_of_the_files_skin_is_the_best_setting(table: dict):
    own = table["cells"][0]
    assert own["depth_mm"] == pytest.approx(BEST["depth_mm"], abs=0.002)  # depths are a thousandth of a millimetre apart
    assert own["dwell_ms"] == pytest.approx(BEST["dwell_ms"], rel=0.05)  # tried 5 % apart


def test_the_model_gives_what_each_cell_states_and_the_same_result(file: _core.CalibrationFile, treatment: df.Treatment, table: dict):
    """Run again, and half way between all four cells, where a driver interpolates."""
    answered = [n for n, cell in enumerate(table["cells"]) if "none" not in cell]
    assert answered == [0, 1, 2, 3]
    settings = [{f"machine.{key}": table["cells"][n][key] for key in BEST} for n in answered]
    members = [df.Member(treatment, skin(file, n) | setting) for n, setting in zip(answered, settings, strict=True)]
    own = df.Member(treatment, {f"machine.{key}": value for key, value in BEST.items()})
    middle = {key: 0.5 * (value + skin(file, 3)[key]) for key, value in skin(file, 0).items()}
    half = df.Member(treatment, middle | {key: float(np.mean([setting[key] for setting in settings])) for key in settings[0]})
    target, between, *outcomes = (rows[0] for rows in run("", [own, half, *members]))
    for n, outcome in zip(answered, outcomes, strict=True):
        for name in CELL_VALUES:
            assert table["cells"][n][name] == pytest.approx(outcome[name], rel=1e-5), (n, name)
        assert all(rule.low <= outcome[rule.output] <= rule.high for rule in file.criteria)
    for outcome in (*outcomes, between):
        for name, tolerance in zip(SAME, (file.table.contrast_tolerance, file.table.share_tolerance), strict=True):
            assert outcome[name] == pytest.approx(target[name], abs=tolerance), name


def test_a_cell_that_breaks_a_rule_says_why_and_both_readers_refuse_there(file: _core.CalibrationFile, treatment: df.Treatment, table: dict, preset_file: Path):
    """Thick skin, where the runs are made to report too many strokes."""

    def overloaded(title: str, members: list[df.Member]) -> list:
        rows = copy.deepcopy(remembered(title, members))
        for member, outcomes in zip(members, rows, strict=True):
            if title == "cells of the settings table" and member.changes["skin.layer.papillary_dermis.thickness_um"] > 150.0:
                for outcome in outcomes:
                    outcome["strokes"] = 41.0
        return rows

    changed, _ = settings_table(file, treatment, BEST, overloaded)
    assert changed["cells"][:2] == table["cells"][:2]
    assert all(cell == {"none": "criterion overload would not hold: strokes = 41"} for cell in changed["cells"][2:])
    preset = {name: value for name, value in read_preset(preset_file.read_bytes()).items() if name != "sha256"} | {"settings_table": changed}
    path = save_preset(seal(preset), preset_file.with_name("absent.json"))
    reader, (thin, thick), (soft, hard) = reader_of(path), table["thickness_um"], table["force_n"]
    assert reader.settings_for(thin, hard) == settings_for(preset, thin, hard)
    for ask in (reader.settings_for, lambda *q: settings_for(preset, *q)):
        with pytest.raises(df.InputError, match="no_answer"):
            ask(thick, soft)
        with pytest.raises(df.InputError, match="no_answer"):
            ask(0.999 * thin + 0.001 * thick, soft)


def test_thicker_skin_takes_more_strokes(table: dict):
    """More of the pigment lies where it is shed and hidden."""
    thin, thick = table["cells"][:2], table["cells"][2:]
    assert all(two["dwell_ms"] > one["dwell_ms"] for one, two in zip(thin, thick, strict=True))


def test_where_the_axes_tell_nothing_there_is_no_table_and_a_reason(file: _core.CalibrationFile, treatment: df.Treatment):
    def no_table(force, best: dict[str, float] = BEST) -> str:
        def outcomes(title: str, members: list[df.Member]) -> list:
            return [[{"contrast_1y": 0.4, "share_epidermis": 0.2, "insertion_force_n": force(one.changes)}] * len(one.dwells_ms) for one in members]

        table, why = settings_table(file, treatment, best, outcomes)
        assert table is None
        return why

    assert "does not tell the skins" in no_table(lambda changes: 0.1)
    assert "depends on the thickness" in no_table(lambda changes: changes["skin.ogden_modulus_mpa"] * changes["skin.layer.papillary_dermis.thickness_um"])
    assert "no outcome" in no_table(lambda changes: math.nan)
    assert "outside the envelope" in no_table(lambda changes: 0.1, BEST | {"dwell_ms": 500.0})
    table, why = settings_table(file, treatment, BEST, lambda title, members: [df.MemberError("it stalls") for _ in members])
    assert table is None and "no outcome" in why


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("shares = { value = [0.1, 0.9], unit = 'mm', range = [0, 1], source = 'study' }", "unit"),
        ("shares = { value = [0.9, 0.1], unit = '1', range = [0, 1], source = 'study' }", "increase"),
        ("shares = { value = [0.1, 1.0], unit = '1', range = [0, 1], source = 'study' }", "between 0 and 1"),
        ("share_tolerance = { value = 0, unit = '1', range = [0, 1], source = 'study' }", "tolerance"),
        ("thickness = []", "list of keys"),
        ('thickness = ["skin.layer.papillary_dermis.thicknes_um"]', "did you mean"),
        ("colour = 3", "colour"),
    ],
)
def test_a_table_that_is_asked_for_wrongly_is_refused_with_the_reason(tmp_path: Path, change: str, word: str):
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    key = change.split(" ")[0]
    pattern = rf"\n{key} = .*"
    text = re.sub(pattern, f"\n{change}", text, count=1) if re.search(pattern, text) else text.replace("[settings_table]", f"[settings_table]\n{change}")
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(df.InputError, match=r"bad\.toml") as refused:
        _core.load_calibration(tmp_path / "bad.toml", "normal")
    assert word in str(refused.value)


# the example of a driver


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("driver_example", ROOT / "python/examples/driver.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    return module


def reader_of(preset_file: Path) -> df.PresetReader:
    return df.PresetReader(preset_file, "rotary_pen", LIMITS, allow_research=True, allow_unsigned=True)


@pytest.fixture(scope="module")
def between(file: _core.CalibrationFile, treatment: df.Treatment) -> df.Treatment:
    """Skin half way between all cells of the table."""
    return treatment.with_({key: 0.5 * (value + skin(file, 3)[key]) for key, value in skin(file, 0).items()})


def thickness_of(skin: df.Treatment, file: _core.CalibrationFile) -> float:
    return sum(float(skin[key]) for key in file.table.thickness)


def driven(example: ModuleType, preset_file: Path, skin: df.Treatment, hook=None):
    return example.Driver(reader_of(preset_file), example.SimulatedMachine(skin), hook=hook)


def test_the_example_adapts_and_finishes_a_dot(example: ModuleType, preset_file: Path, between: df.Treatment, file: _core.CalibrationFile, tmp_path: Path):
    driver = driven(example, preset_file, between)
    assert driver.dot(thickness_of(between, file)) == ""
    t, tip, force = np.array(driver.trace.rows).T
    np.testing.assert_allclose(np.diff(t), 1.0, rtol=1e-9)  # 1 kHz
    dry = _core.puncture(between.with_({"machine.depth_mm": BEST["depth_mm"]})._document)
    measured = force[t < next(when for when, what in driver.trace.events if what.startswith("measured"))].max()
    assert measured == pytest.approx(dry["insertion_force_n"], rel=0.01)  # of eight strokes one has a tick near its lowest point
    settings, expected = reader_of(preset_file).settings_for(thickness_of(between, file), measured)
    solved = _core.puncture(between.with_({f"machine.{name}": value for name, value in settings.items()})._document)
    assert solved["insertion_force_n"] == pytest.approx(expected["insertion_force_n"], rel=0.02)  # linear between cells 13 % apart
    assert driver.strokes == pytest.approx(solved["strokes"], abs=1)  # one is under way when the dwell time ends
    assert tip.max() == pytest.approx(solved["d_tip_mm"], rel=0.01)
    assert tip[-1] <= 0.0 and (force[tip <= 0.0] == 0.0).all()
    driver.trace.plot(tmp_path / "trace.png")
    assert (tmp_path / "trace.png").read_bytes().startswith(b"\x89PNG") and (tmp_path / "trace.png").stat().st_size > 10000


def test_the_forces_of_the_example_are_those_of_the_puncture_law(treatment: df.Treatment):
    document = treatment.with_({"machine.depth_mm": 0.5})._document
    solved = _core.puncture(document)
    result = df.run(treatment.with_({"machine.depth_mm": 0.5, "machine.dwell_ms": 20}), grid="quick")
    assert solved["insertion_force_n"] == result["insertion_force_n"] and solved["d_tip_mm"] == result["d_tip_mm"]
    at_the_tip, above, half = _core.needle_forces(document, [solved["d_tip_mm"], -0.1, 0.5 * solved["d_tip_mm"]])
    assert at_the_tip == pytest.approx(solved["insertion_force_n"], rel=1e-12) and above == 0.0 and 0.0 < half < at_the_tip


def test_the_emergency_stop_has_the_needle_out_within_half_a_stroke(example: ModuleType, preset_file: Path, between: df.Treatment, file: _core.CalibrationFile):
    hit = 150.0

    def hook(driver, now: float) -> None:
        if now >= hit:
            driver.emergency_stop("emergency stop")

    driver = driven(example, preset_file, between, hook)
    assert driver.dot(thickness_of(between, file)) == "emergency stop"
    t, tip, _ = np.array(driver.trace.rows).T
    half = 0.5e3 / driver.machine.frequency_hz
    assert (tip[t > hit + half + 1.0] <= 0.0).all() and t[-1] <= hit + half + 2.0  # the tick of the hit and that of the answer


def test_a_force_that_leaves_the_alarms_stops_at_once(example: ModuleType, preset_file: Path, between: df.Treatment, file: _core.CalibrationFile):
    """The skin under the needle turns out three times as tough as where it was measured: the border of a scar."""
    driver = driven(example, preset_file, between)
    tough = between.with_({"skin.fracture_toughness_kj_m2": 10.0})
    driver.hook = lambda one, now: setattr(one.machine, "skin", tough)  # before the strokes with ink begin
    assert driver.reader.judge("measured over expected insertion force", 2.6) == "stop"
    why = driver.dot(thickness_of(between, file))
    assert "force" in why and "measure the thickness again" in why
    t, tip, _ = np.array(driver.trace.rows).T
    stopped = next(when for when, what in driver.trace.events if what.startswith("stop"))
    assert (tip[t > stopped + 0.5e3 / driver.machine.frequency_hz + 1.0] <= 0.0).all()


def test_skin_beyond_the_table_gets_no_dot(example: ModuleType, preset_file: Path, treatment: df.Treatment, between: df.Treatment, file: _core.CalibrationFile):
    driver = driven(example, preset_file, between)
    assert "outside_table" in driver.dot(1.01 * thickness_of(treatment.with_(skin(file, 3)), file))
    ink = [what for _, what in driver.trace.events if "ms" in what and "mm" in what]
    assert not ink
    early = driven(example, preset_file, between)
    assert "last session" in early.dot(thickness_of(between, file), days_since_last_session=4.9) and not early.trace.rows


def test_the_example_asks_the_session_plan_before_it_moves(example: ModuleType, preset_file: Path, between: df.Treatment, file: _core.CalibrationFile):
    """The plan of the sample: none before day 6, ten days or more are planned; without a plan the alarm holds, below day 5."""
    plan = sample()["sessions"]
    preset = {name: value for name, value in read_preset(preset_file.read_bytes()).items() if name not in ("sha256", "sessions")}
    preset["alarms"] = [one for one in preset["alarms"] if "days since" not in one["quantity"]] + [sample()["alarms"][1]]
    bare = save_preset(seal(preset), preset_file.with_name("bare.json"))
    planned = save_preset(seal(preset | {"sessions": plan}), preset_file.with_name("planned.json"))
    asked = [
        (planned, 5.9, False, "too few"), (planned, 6.0, True, "sooner than planned"), (planned, 10.0, True, "plan: up to 3 sessions"),
        (planned, math.nan, False, "too few"), (planned, math.inf, True, "plan: up to 3 sessions"), (bare, 4.9, False, "no_plan"), (bare, 5.0, True, "no_plan"),
    ]  # fmt: skip
    for path, days, moves, word in asked:
        driver = driven(example, path, between)
        assert (driver.dot(thickness_of(between, file), days) == "") == moves == bool(driver.trace.rows), (path, days)
        assert any(word in what for _, what in driver.trace.events), driver.trace.events


def test_the_example_runs_as_a_program(preset_file: Path, example: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    arguments = ["driver.py", str(preset_file), "-o", str(tmp_path / "trace.png"), "--stop-at-ms", "120", "--skin", "skin.ogden_modulus_mpa=0.12"]
    monkeypatch.setattr(sys, "argv", arguments)
    assert example.main() == 1
    assert "emergency stop" in capsys.readouterr().out and (tmp_path / "trace.png").is_file()
    monkeypatch.setattr(sys, "argv", ["driver.py", str(preset_file), "-o", str(tmp_path / "none.png"), "--days-since-last-session", "3"])
    assert example.main() == 1
    assert "3 days ago, too few" in (said := capsys.readouterr().out) and "it did not move" in said and not (tmp_path / "none.png").exists()
    monkeypatch.setattr(sys, "argv", ["driver.py", str(tmp_path / "gone.json")])
    assert example.main() == 2 and "gone.json" in capsys.readouterr().err
