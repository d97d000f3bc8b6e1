"""Calibration, device presets and their report."""

import copy
import json
import math
import random
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from calibration_samples import small_calibration, without_table
from conftest import CONFIGS, Page
from scipy import stats

import dermaflux as df
from dermaflux import _core
from dermaflux.best_setting import on_edge
from dermaflux.calibrated_preset import build_preset
from dermaflux.calibration import Calibration, save_calibration
from dermaflux.draws import draw_parameters
from dermaflux.optimum import located, of_preset
from dermaflux.plots import front
from dermaflux.preset import check_preset, content_sha256, load_preset, save_preset, schema, seal
from dermaflux.report import calibration_report
from dermaflux.session_plan import plan_lines, session_plan
from dermaflux.search import collect

SCALP = CONFIGS / "calibrations/scalp.toml"
DEPTHS, DWELLS, DRAWS = [0.35, 0.5], [60, 120], 6


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_calibration(tmp_path_factory.mktemp("calibration"), DEPTHS, DWELLS, DRAWS)


@pytest.fixture(scope="module")
def calibrated(small: Path) -> Calibration:
    return df.calibrate(small, "normal")


@pytest.fixture(scope="module")
def page(calibrated: Calibration) -> str:
    return calibration_report(calibrated)


@pytest.fixture(scope="module")
def preset_file(calibrated: Calibration, page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_calibration(calibrated, tmp_path_factory.mktemp("preset"), page)[0]


def test_a_calibration_gives_one_preset_and_one_report(preset_file: Path):
    assert sorted(path.name for path in preset_file.parent.iterdir()) == ["normal.html", "normal.preset.json"]


def test_the_preset_is_good_by_its_schema_and_its_check(preset_file: Path, calibrated: Calibration):
    preset = json.loads(preset_file.read_text())
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.Draft202012Validator(schema()).validate(preset)
    assert check_preset(preset) == [] and load_preset(preset_file) == preset == calibrated.preset
    assert preset["sha256"] == content_sha256(preset)


def test_the_preset_states_what_was_found(calibrated: Calibration):
    preset = calibrated.preset
    assert preset["settings"]["depth_mm"] == calibrated.best["depth_mm"] in DEPTHS
    assert preset["settings"]["dwell_ms"] == calibrated.best["dwell_ms"] in DWELLS
    for name, box in preset["tolerance"].items():
        assert box["min"] <= preset["settings"][name] <= box["max"]
    for name, limit in preset["envelope"].items():
        assert limit["min"] <= preset["settings"][name] <= limit["max"]
    for name, row in preset["expected"].items():
        assert row["p05"] <= row["p50"] <= row["p95"] and row["unit"], name
    assert preset["intended_use"]["skin_class"] == "normal" and preset["preset"]["status"] == "research"
    assert any("keloid" in text for text in preset["intended_use"]["contraindications"])
    assert any("inflam" in text for text in preset["intended_use"]["contraindications"])
    assert any("6 months" in text for text in preset["intended_use"]["contraindications"])  # physics.md 4.3 A9
    assert {row["key"] for row in preset["sensitivity"]} == set(calibrated.draws)
    assert preset["provenance"]["data"] == [] and "no clinical data" in preset["provenance"]["priors"]
    assert preset["provenance"]["seed"] == calibrated.file.seed
    assert {"small.toml", "normal_scalp.toml"} <= {name.split("/")[1] for name in json.loads(preset["provenance"]["input_files"])}


def test_the_probability_is_the_share_of_draws_that_keep_all_rules(calibrated: Calibration):
    right = np.ones((len(DEPTHS), len(DWELLS), DRAWS), dtype=bool)
    for rule in calibrated.file.criteria:
        values = calibrated.outputs[rule.output].transpose("depth_mm", "dwell_ms", "draw").values
        right &= (values >= rule.low) & (values <= rule.high)
    np.testing.assert_array_equal(calibrated.probability.values, right.mean(axis=2))
    best = calibrated.probability.sel(calibrated.best)
    assert float(best) == calibrated.probability.max()
    assert calibrated.failed == 0


def test_the_probability_of_the_preset_is_that_of_the_standard_grid(calibrated: Calibration):
    right = np.ones(DRAWS, dtype=bool)
    for rule in calibrated.file.criteria:
        values = calibrated.decided[rule.output].values
        right &= (values >= rule.low) & (values <= rule.high)
    assert calibrated.preset["probability"]["right"] == pytest.approx(right.mean(), abs=5e-7)  # six digits are stated
    assert calibrated.preset["probability"]["draws"] == DRAWS
    expected = calibrated.preset["expected"]["contrast_1y"]
    quantiles = np.quantile(calibrated.decided["contrast_1y"], [0.05, 0.5, 0.95])
    assert [expected["p05"], expected["p50"], expected["p95"]] == pytest.approx(list(quantiles), rel=1e-5)  # six digits


def test_the_criteria_are_the_starting_values_of_the_alarm_table(calibrated: Calibration):
    # physics.md 4.3: A3 blur, A1 shed, A2 bleeding, A4 blow-out, A5 blue shift, A6 overload
    limits = {rule.output: rule.high for rule in calibrated.file.criteria}
    assert limits["fwhm_mm_1y"] == 0.35 and limits["share_epidermis"] == 0.40 and limits["bleed_probability"] == 0.20
    assert limits["share_below_1mm"] == 0.05 and limits["pigment_depth_mm"] == 0.45 and limits["strokes"] == 40


def test_the_preset_states_the_unit_of_each_alarm(calibrated: Calibration):
    units = {alarm["name"].split()[0]: alarm["unit"] for alarm in calibrated.preset["alarms"]}
    assert units == {"A1": "mm", "A2": "1", "A4": "mm", "A6": "1", "A7": "day", "A11": "1"}


def test_the_same_draws_meet_every_setting_and_lie_where_they_should(calibrated: Calibration):
    again = draw_parameters(calibrated.file)
    assert list(again) == calibrated.file.uncertain
    for key, values in again.items():
        np.testing.assert_array_equal(values, calibrated.draws[key])
        assert len(set(values)) == DRAWS and (values > 0).all()


def test_draws_are_log_normal_between_the_ends_of_the_range_of_the_file(tmp_path: Path):
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    draws = "draws = { value = 2048, unit = '1', range = [1, 65536], source = 'study' }"
    (tmp_path / "many.toml").write_text(re.sub(r"\ndraws = .*", f"\n{draws}", text, count=1))
    file = _core.load_calibration(tmp_path / "many.toml", "normal")
    for key, values in draw_parameters(file).items():
        low, high = file.base.values[key].range
        middle = float(file.base.values[key].value)
        assert low <= values.min() and values.max() <= high, key
        # Width such that the whole law has nine draws in ten inside the range; then its tails are cut.
        spread = math.log(high / low) / (2.0 * 1.6448536269514722)
        ends = np.log(np.array([low, high]) / middle) / spread
        law = stats.truncnorm(*ends, loc=math.log(middle), scale=spread)
        # Scrambled Sobol points of this number miss a probability by far less than 1/100.
        for level in (0.1, 0.5, 0.9):
            assert np.mean(np.log(values) <= law.ppf(level)) == pytest.approx(level, abs=0.01), key


def test_another_seed_gives_other_draws(calibrated: Calibration, small: Path, tmp_path: Path):
    text = small.read_text()
    (tmp_path / "seed.toml").write_text(text.replace("20261121", "7"))
    other = draw_parameters(_core.load_calibration(tmp_path / "seed.toml", "normal"))
    assert all((other[key] != values).any() for key, values in calibrated.draws.items())


def test_an_optimum_on_the_edge_is_said(calibrated: Calibration):
    """Two depths and two dwell times have no inside: one side of each axis is named."""
    depth = {DEPTHS[0]: "shallowest depth", DEPTHS[-1]: "deepest depth"}[calibrated.best["depth_mm"]]
    dwell = {DWELLS[0]: "shortest dwell", DWELLS[-1]: "longest dwell"}[calibrated.best["dwell_ms"]]
    assert calibrated.on_edge == [depth, dwell]
    said = [text for text in calibrated.preset["warnings"] if text.startswith("the optimum lies on the edge")]
    assert [text.split(": ")[1] for text in said] == calibrated.on_edge


def test_the_command_calibrates_again_to_the_same_bytes_and_prints_the_setting(cli, small: Path, tmp_path: Path, preset_file: Path):
    done = cli("calibrate", small, "--class", "normal", "-o", tmp_path / "out", "--backend", "serial")
    assert done.code == 0, done.err
    assert (tmp_path / "out/normal.preset.json").read_bytes() == preset_file.read_bytes()
    settings = json.loads(preset_file.read_text())["settings"]
    assert f"depth {settings['depth_mm']:g} mm, dwell {settings['dwell_ms']:g} ms" in done.out
    assert (tmp_path / "out/normal.html").is_file()
    checked = cli("preset", "check", tmp_path / "out/normal.preset.json")
    assert checked.code == 0 and "good" in checked.out and f"{settings['depth_mm']:g} mm" in checked.out


@pytest.mark.parametrize(
    ("change", "word"),
    [({"host.keloid_history": True}, "keloid"), ({"host.active_inflammation": True}, "inflammation"), ({"host.months_since_surgery": 5}, "immature")],
)
def test_no_preset_is_issued_for_a_client_who_must_not_be_treated(small: Path, change: dict, word: str):
    with pytest.raises(df.PresetRefused, match=word):
        df.calibrate(small, "normal", changes=change)


def test_an_optimum_inside_is_on_no_edge():
    depths, dwells = np.array([0.2, 0.3, 0.4]), np.array([80.0, 160.0])
    assert on_edge({"depth_mm": 0.21, "dwell_ms": 159.0}, depths, dwells) == []
    assert on_edge({"depth_mm": 0.2, "dwell_ms": 160.0}, depths, dwells) == ["shallowest depth", "longest dwell"]


def test_the_place_of_the_best_setting_has_a_range_that_is_said_where_it_is_wide(calibrated: Calibration, page: str):
    """Six draws at four settings know little."""
    found = calibrated.location
    assert found.draws == DRAWS and not found.known and found.confidence == calibrated.file.location.confidence
    assert DEPTHS[0] <= found.depth_range_mm[0] <= found.depth_mm <= found.depth_range_mm[1] <= DEPTHS[1]
    assert DWELLS[0] * (1 - 1e-12) <= found.dwell_range_ms[0] <= found.dwell_ms <= found.dwell_range_ms[1] <= DWELLS[1] * (1 + 1e-12)
    assert f"the best setting is known less well than asked: {located(found)}" in calibrated.preset["warnings"]
    assert located(found) in Page(page).text


def test_refining_runs_more_draws_about_the_best_setting(small: Path, tmp_path: Path):
    path = without_table(small, tmp_path / "refine.toml", ("most_draws = { value = 4096", "most_draws = { value = 32"))
    c = df.calibrate(path, "normal", refine=True)
    assert c.location.draws == 32 and c.decided.sizes["draw"] == 32 and c.preset["probability"]["draws"] == 32
    located = {"depth_mm": round(c.location.depth_mm, 3), "dwell_ms": round(c.location.dwell_ms)}
    assert c.best == located if not c.settled else c.settled in c.preset["warnings"]
    assert c.preset["settings"]["depth_mm"] == c.best["depth_mm"] and DEPTHS[0] <= c.best["depth_mm"] <= DEPTHS[1]
    for name, (low, high) in c.tolerance.items():
        assert low <= c.best[name] <= high
    assert c.outputs.sizes["draw"] == DRAWS  # of the search; and both pictures of it know the setting between its settings
    assert f"Set depth {c.best['depth_mm']:.3g} mm" in calibration_report(c)


def test_no_setting_outside_the_envelope_is_chosen(small: Path, calibrated: Calibration, tmp_path: Path):
    """The longer dwell time is right more often, and is not allowed here."""
    assert calibrated.best["dwell_ms"] == DWELLS[1]
    c = df.calibrate(without_table(small, tmp_path / "short.toml", ('high = { value = 400, unit = "ms"', 'high = { value = 80, unit = "ms"')), "normal")
    assert c.best["dwell_ms"] == DWELLS[0] and c.tolerance["dwell_ms"] == (DWELLS[0], DWELLS[0])
    assert c.location.dwell_range_ms[1] <= 80.0
    assert all(row["settings"]["dwell_ms"] == DWELLS[0] for row in c.adaptation)
    np.testing.assert_array_equal(c.probability.values, calibrated.probability.values)  # the map shows all


def test_where_no_setting_is_right_there_is_no_preset_and_the_rules_say_why(small: Path, tmp_path: Path):
    path = without_table(small, tmp_path / "sharp.toml", ('high = { value = 0.35, unit = "mm"', 'high = { value = 0.01, unit = "mm"'))
    with pytest.raises(df.NumericsError, match=f"no setting of the search is right in any of {DRAWS} draws; at the nearest.* blur 0 %"):
        df.calibrate(path, "normal")


def test_a_search_outside_the_envelope_is_refused_before_any_work(small: Path, tmp_path: Path):
    path = without_table(small, tmp_path / "none.toml", ('high = { value = 400, unit = "ms"', 'high = { value = 20, unit = "ms"'))
    with pytest.raises(df.InputError, match="every dwell_ms of the search is outside its envelope, 10 to 20"):
        df.calibrate(path, "normal")


def test_a_best_setting_without_an_outcome_gives_no_preset_and_says_why(calibrated: Calibration):
    """As where the needle breaks the skin in no draw: there is no width to promise."""
    unbroken = calibrated.decided.assign(fwhm_mm_1y=calibrated.decided["fwhm_mm_1y"] * math.nan)
    with pytest.raises(df.NumericsError, match=f"no preset: at the best setting .* fwhm_mm_1y is a number in none of {DRAWS} draws; search other"):
        build_preset(replace(calibrated, decided=unbroken))


def test_a_calibration_whose_members_all_fail_says_why():
    with pytest.raises(df.NumericsError, match="every member of the calibration failed; the first: it stalls"):
        collect([df.MemberError("it stalls"), df.MemberError("so does this")], (1, 2), 3)
    arrays, missing = collect([df.MemberError("it stalls"), [{"strokes": 4.0}] * 3], (1, 2), 3)
    assert missing == 3 and np.isnan(arrays["strokes"][0, 0]).all() and (arrays["strokes"][0, 1] == 4.0).all()


# the report


def test_the_report_loads_nothing_from_a_network(page: str):
    Page(page).expect_no_network()


def test_the_report_shows_map_profile_fading_and_ledger(page: str):
    pictures = re.findall(r'<img alt="([^"]*)" src="data:image/png;base64,([A-Za-z0-9+/=]{2000,})"', page)
    assert {"probability map", "trade-off", "pigment against depth", "contrast and retained pigment over time"} <= {alt for alt, _ in pictures}
    text = Page(page).text
    for word in ("probability", "Tolerance", "Depth and dwell", "When a dot is right", "What to expect", "Fading", "Mass ledger",
                 "closes to", "no clinical data", "not validated for treatment", "Provenance"):  # fmt: skip
        assert word in text, word


def test_the_report_and_the_preset_agree(page: str, calibrated: Calibration):
    assert calibrated.preset["sha256"] in page
    assert f"Set depth {calibrated.best['depth_mm']:.3g} mm, dwell {calibrated.best['dwell_ms']:.0f} ms" in page


def test_what_a_file_says_cannot_become_a_tag_of_the_report(calibrated: Calibration):
    from dermaflux.report import _warnings, page, table

    for text in (page("<script>x</script>", ""), table(("<script>",), [("<script>",)]), _warnings(["<script>"])):
        assert "<script>" not in text and "&lt;script&gt;" in text


def test_the_trade_off_front_holds_what_no_other_setting_is_better_than():
    chance = np.random.default_rng(5)
    gain, cost = np.round(chance.random((2, 60)), 1)  # many ties
    gain[7], cost[9] = np.nan, np.nan
    on = front(gain, cost)
    for n in range(60):
        others = [m for m in range(60) if (gain[m] >= gain[n] and cost[m] < cost[n]) or (gain[m] > gain[n] and cost[m] <= cost[n])]
        assert on[n] == (not others and n not in (7, 9))
    assert 1 < on.sum() < 30


# presets that are refused


def test_every_change_of_one_character_is_refused(preset_file: Path, tmp_path: Path):
    text = preset_file.read_text()
    path = tmp_path / "altered.preset.json"
    chance = random.Random(20261121)
    places = chance.sample(range(len(text)), 200)
    for place in places:
        new = chance.choice([c for c in "0123456789abcxyz.-\"{}:, " if c != text[place]])
        path.write_text(text[:place] + new + text[place + 1 :])
        with pytest.raises(df.InputError, match=re.escape(str(path))):
            load_preset(path)


def test_a_truncated_preset_is_refused(preset_file: Path, tmp_path: Path):
    content = preset_file.read_bytes()
    for length in (0, 1, len(content) // 3, len(content) - 3):
        (tmp_path / "short.json").write_bytes(content[:length])
        with pytest.raises(df.InputError, match="not a JSON document"):
            load_preset(tmp_path / "short.json")


def _resealed(change: Callable[[dict], object]) -> Callable[[dict], dict]:
    """A change with a hash that fits, as somebody would make it who knows how."""

    def altered(preset: dict) -> dict:
        change(preset)
        return preset | {"sha256": content_sha256(preset)}

    return altered


CORRUPTIONS = [
    ("number changed", lambda p: p | {"settings": p["settings"] | {"frequency_hz": 101}}, "altered"),
    ("text changed", lambda p: p | {"intended_use": p["intended_use"] | {"text": "For everybody."}}, "altered"),
    ("contraindication dropped", lambda p: p | {"intended_use": p["intended_use"] | {"contraindications": ["keloid history"]}}, "altered"),
    ("hash of another", lambda p: p | {"sha256": "0" * 64}, "altered"),
    ("no hash", lambda p: {k: v for k, v in p.items() if k != "sha256"}, "sha256"),
    ("extra key", _resealed(lambda p: p.update(extra=1)), "extra"),
    ("extra setting", _resealed(lambda p: p["settings"].update(laser_mw=1)), "laser_mw"),
    ("missing setting", _resealed(lambda p: p["settings"].pop("dwell_ms")), "dwell_ms"),
    ("text for a number", _resealed(lambda p: p["settings"].update(depth_mm="0.5")), "depth_mm"),
    ("flag for a number", _resealed(lambda p: p["settings"].update(depth_mm=True)), "depth_mm"),
    ("null for a number", _resealed(lambda p: p["settings"].update(depth_mm=None)), "depth_mm"),
    ("alarm without unit", _resealed(lambda p: p["alarms"][0].pop("unit")), "unit"),
    ("no alarms", _resealed(lambda p: p.update(alarms=[])), "alarms"),
    ("unknown status", _resealed(lambda p: p["preset"].update(status="approved")), "approved"),
    ("next major version", _resealed(lambda p: p.update(schema_version="2.0.0")), "2.0.0"),
    ("major version of two digits", _resealed(lambda p: p.update(schema_version="10.0.0")), "10.0.0"),
    ("version that is none", _resealed(lambda p: p.update(schema_version="1")), "schema_version"),
    ("version as a number", _resealed(lambda p: p.update(schema_version=1.0)), "schema_version"),
    ("no version", _resealed(lambda p: p.pop("schema_version")), "missing"),
    ("depth outside the envelope", _resealed(lambda p: p["settings"].update(depth_mm=1.8)), "settings: depth_mm = 1.8 is outside"),
    ("dwell outside the envelope", _resealed(lambda p: p["settings"].update(dwell_ms=900)), "settings: dwell_ms = 900 is outside"),
    ("frequency outside the envelope", _resealed(lambda p: p["settings"].update(frequency_hz=240)), "settings: frequency_hz = 240 is outside"),
    ("tolerance outside the envelope", _resealed(lambda p: p["tolerance"]["depth_mm"].update(max=2.0)), "tolerance max: depth_mm = 2 is outside"),
    ("setting outside the tolerance", _resealed(lambda p: p["tolerance"]["depth_mm"].update(min=0.9, max=0.95)), "settings: depth_mm"),
    ("adaptation outside the envelope", _resealed(lambda p: p["adaptation"][0]["settings"].update(depth_mm=1.9)), "adaptation"),
    ("envelope turned round", _resealed(lambda p: p["envelope"]["depth_mm"].update(min=1.0, max=0.1)), "depth_mm"),
]


@pytest.mark.parametrize(("corrupt", "word"), [case[1:] for case in CORRUPTIONS], ids=[case[0] for case in CORRUPTIONS])
def test_a_corrupted_preset_is_refused_by_the_command(cli, calibrated: Calibration, tmp_path: Path, corrupt: Callable, word: str):
    path = tmp_path / "bad.preset.json"
    path.write_text(json.dumps(corrupt(copy.deepcopy(calibrated.preset))))
    done = cli("preset", "check", path)
    assert done.code == 2 and done.out == ""
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert len(lines) == 1 and str(path) in lines[0] and "refused" in lines[0] and word in lines[0], done.err


@pytest.mark.parametrize(
    "content",
    ["", "not JSON", "[1, 2]", "3", "null", '"text"', '{"a": NaN}', '{"a": Infinity}', "{}", '{"schema_version": "1.0.0"}', "\x00\x01", "[" * 100000],
    ids=["empty", "text", "list", "number", "null", "string", "NaN", "infinity", "object", "version-only", "binary", "deep"],
)
def test_a_file_that_is_no_preset_is_refused_by_the_command(cli, tmp_path: Path, content: str):
    path = tmp_path / "bad.preset.json"
    path.write_text(content)
    done = cli("preset", "check", path)
    assert done.code == 2 and str(path) in done.err and "Traceback" not in done.err


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 30, '"\\ud800"'])
def test_a_preset_with_what_canonical_json_cannot_hold_is_refused(preset_file: Path, tmp_path: Path, word: str):
    text = preset_file.read_text()
    pattern = r'"seed":[0-9]+' if word.isdigit() else r'"title":"[^"]*"' if word.startswith('"') else r'"depth_mm":[0-9.]+'
    place = re.search(pattern, text).group()
    (tmp_path / "bad.json").write_text(text.replace(place, f"{place.split(':')[0]}:{word}", 1))
    with pytest.raises(df.InputError, match=r"bad\.json") as error:
        load_preset(tmp_path / "bad.json")
    if "N" in word or "I" in word:
        assert "is not a number in JSON" in str(error.value)


def test_a_key_that_stands_twice_is_refused(preset_file: Path, tmp_path: Path):
    """Readers differ in which of the two they take, so the hash of one says nothing about the other."""
    text = preset_file.read_text()
    place = re.search(r'"depth_mm":[0-9.]+,', text).group()
    (tmp_path / "twice.json").write_text(text.replace(place, f'"depth_mm":0.9,{place}', 1))
    with pytest.raises(df.InputError, match="depth_mm"):
        load_preset(tmp_path / "twice.json")


def test_nothing_that_breaks_the_rules_is_sealed(calibrated: Calibration):
    bad = copy.deepcopy(calibrated.preset)
    bad["settings"]["depth_mm"] = 1.8
    with pytest.raises(df.NumericsError, match=r"depth_mm = 1\.8"):
        seal(bad)


def test_key_order_does_not_matter_to_the_content_and_a_file_has_one(calibrated: Calibration, preset_file: Path, tmp_path: Path):
    turned = dict(reversed(calibrated.preset.items()))
    assert check_preset(turned) == [] and content_sha256(turned) == calibrated.preset["sha256"]
    save_preset(turned, tmp_path / "turned.json")
    assert (tmp_path / "turned.json").read_bytes() == preset_file.read_bytes()
    (tmp_path / "turned.json").write_text(json.dumps(turned, indent=7))
    with pytest.raises(df.InputError, match="canonical form"):
        load_preset(tmp_path / "turned.json")


def test_the_preset_has_a_settings_table_and_the_limits_of_its_machine_and_the_driver_reads_it(calibrated: Calibration, preset_file: Path):
    preset = calibrated.preset
    assert preset["settings_table"] == calibrated.table and len(calibrated.table["cells"]) == 4 and not calibrated.no_table
    own = calibrated.treatment.values_with_source["machine.stroke_mm"].range
    assert preset["machine"]["limits"]["stroke_mm"] == {"min": own[0], "max": own[1]}
    wide = {name: (0.0, 1000.0) for name in preset["settings"]}
    reader = df.PresetReader(preset_file, preset["machine"]["model"], wide, allow_research=True, allow_unsigned=True)
    assert reader.settings == preset["settings"] and len(reader.alarms) == len(preset["alarms"])
    with pytest.raises(df.InputError, match="outside_table"):
        reader.settings_for(calibrated.table["thickness_um"][-1] + 1.0, calibrated.table["force_n"][0])


def test_the_preset_has_a_session_plan_and_the_place_of_the_best_setting_and_the_driver_reads_them(calibrated: Calibration, preset_file: Path, page: str):
    preset, rules = calibrated.preset, calibrated.file.sessions
    plan, due = preset["sessions"], preset["sessions"]["touch_up"]
    assert plan == session_plan(calibrated.decided, calibrated.file.criteria, rules) and due["draws"] == DRAWS and due["horizon_years"] == 10.0
    assert due["contrast_low"] == next(rule.low for rule in calibrated.file.criteria if rule.output == "contrast_1y")
    wide = {name: (0.0, 1000.0) for name in preset["settings"]}
    reader = df.PresetReader(preset_file, preset["machine"]["model"], wide, allow_research=True, allow_unsigned=True)
    assert reader.sessions()["count"] == rules.count and reader.sessions()["purposes"] == rules.purposes
    days = [4.9, 5.0, 9.9, 10.0]  # alarm A7, the days of practice
    assert [reader.judge("days since last session", one) for one in days] == ["stop", "warn", "warn", "fine"]
    place = preset["location"]
    assert place["draws"] == DRAWS and place["known"] is calibrated.location.known and place["confidence"] == calibrated.location.confidence
    assert located(of_preset(place)) == located(calibrated.location)
    assert reader.number("location/best/depth_mm") == pytest.approx(calibrated.location.depth_mm, rel=1e-5)
    assert preset["provenance"]["prior_keys"] == calibrated.file.uncertain
    text = Page(page).text
    assert all(line in text for line in plan_lines(plan))


def test_a_preset_of_a_file_without_sessions_or_location_has_neither(calibrated: Calibration, small: Path, tmp_path: Path):
    text = small.read_text()
    for begin, end in (("[location]", "# Skins for which"), ("[sessions]", "[[criterion]]")):
        text = text[: text.index(begin)] + text[text.index(end) :]
    (tmp_path / "bare.toml").write_text(text)
    preset = build_preset(replace(calibrated, file=_core.load_calibration(tmp_path / "bare.toml", "normal"), location=None))
    assert not {"sessions", "location"} & set(preset) and set(calibrated.preset) - set(preset) == {"sessions", "location"}


def test_a_calibration_without_a_table_says_so_in_its_preset(calibrated: Calibration):
    preset = build_preset(replace(calibrated, table=None, no_table="the force tells nothing"))
    assert "settings_table" not in preset and "no settings table: the force tells nothing" in preset["warnings"]
