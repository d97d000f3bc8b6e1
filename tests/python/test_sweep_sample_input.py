"""What is refused of draws and conditions in a sweep, before anything runs."""

import math
from pathlib import Path

import pytest
from conftest import refused
from test_sweep_samples import DEPTH, SKIN, TOUGH, asked, condition, drawn, file_of, listed, sample  # noqa: F401

import dermaflux as df

A, D = listed(DEPTH, [0.3, 0.5]), drawn(TOUGH, 1.5, 2.6)
REFUSED = [
    ("another unit", A + "[[axis]]\nkey = 'ink.carrier_viscosity_mpa_s'\nvalues = { value = [5, 10], unit = 'Pa.s' }\n", ["s.toml", "Pa.s", "mPa.s"]),
    ("a value twice", listed(DEPTH, [0.3, 0.5, 0.3]), [f"the axis {DEPTH} has a value twice"]),
    ("a name twice", listed(SKIN, ["normal", "normal"]), [f"the axis {SKIN} has a value twice"]),
    ("sample without a drawn axis", sample() + A, ["s.toml:6: [sample] draws no axis", "low and high"]),
    ("drawn axis without sample", A + D, ["s.toml:8: the axis skin.fracture_toughness_kj_m2", "no [sample]", "method, count and seed"]),
    ("empty range", sample() + drawn(TOUGH, 2.6, 2.6), ["s.toml:11:", TOUGH, "low = 2.6 kJ/m2 at or above high = 2.6 kJ/m2", "lower low"]),
    ("turned range", sample() + drawn(TOUGH, 2.6, 1.5), ["s.toml:11:", TOUGH, "low = 2.6 kJ/m2 at or above high = 1.5 kJ/m2"]),
    ("log from zero", sample() + drawn("machine.hand_force_n", 0, 1, "log"), ["s.toml:11:", "machine.hand_force_n", "low = 0 N", "log", "linear"]),
    ("unknown scale", sample() + drawn(TOUGH, 1.5, 2.6, "cubic"), ["s.toml:14:", 'scale = "cubic"', TOUGH, "linear or log"]),
    ("unknown method", sample("sobel") + D, ["s.toml:5: ", 'method = "sobel" is unknown', "did you mean sobol?"]),
    ("unknown method, none near", sample("normal") + D, ["s.toml:5: ", 'method = "normal" is unknown', "sobol or latin_hypercube"]),
    ("no draws", sample(count=0) + D, ["s.toml:6: count = 0 is out of range", "from 1 to 1000000"]),
    ("too many draws", sample(count=1000001) + D, ["s.toml:6: count = 1000001 is out of range", "from 1 to 1000000"]),
    ("half a draw", sample().replace("count = 8", "count = 8.5") + D, ["s.toml:6: count = 8.5 is not a whole number"]),
    ("count in words", sample().replace("count = 8", "count = 'many'") + D, ["s.toml:6: count is of the wrong kind"]),
    ("no power of two", sample(count=100) + D, ["s.toml:6: count = 100 is not a power of two", "64 or 128", "latin_hypercube"]),
    ("no power of two, at the end", sample(count=1000000) + D, ["s.toml:6: count = 1000000 is not a power of two", "write 524288, or"]),
    ("negative seed", sample(seed=-1) + D, ["s.toml:7: seed = -1 is out of range", "0 to 2147483647"]),
    ("large seed", sample(seed=2147483648) + D, ["s.toml:7: seed = 2147483648 is out of range"]),
    ("no seed", sample().replace("seed = 1\n", "") + D, ["s.toml:6: [sample]: seed is missing", "0 to 2147483647"]),
    ("unknown part of the sample", sample() + "sead = 1\n" + D, ["s.toml:9: sead is an unknown key", "did you mean seed?"]),
    ("listed and drawn", sample() + D + A + "high = 2\n", ["s.toml:18:", DEPTH, "has values and high", "leave out one"]),
    ("listed with a scale", sample() + D + A + "scale = 'log'\n", ["s.toml:18:", DEPTH, "has values and scale"]),
    ("one end", sample() + "[[axis]]\nkey = 'machine.depth_mm'\nlow = 0.2\n", ["s.toml:9: high is missing"]),
    ("low beyond the limits", sample() + drawn(DEPTH, 0.01, 0.5), ["s.toml:11: low: machine.depth_mm = 0.01 mm is out of range", "0.05 to 2.5 mm"]),
    ("high beyond the limits", sample() + drawn(DEPTH, 0.1, 25), ["s.toml:12: high: machine.depth_mm = 25 mm is out of range", "0.05 to 2.5 mm"]),
    ("no number", sample() + drawn(DEPTH, 0.1, math.nan), ["s.toml:12: high: machine.depth_mm is not a finite number"]),
    ("another unit", sample() + D.replace("low = 1.5", "low = { value = 1500, unit = 'J/m2' }"), ['s.toml:11: low is given in "J/m2" (its unit is kJ/m2)']),
    ("drawn names", sample() + drawn(SKIN, 1, 2), ["s.toml:10: skin.class takes names", "write values"]),
    ("drawn words", sample() + drawn("needle.shape", 0.1, 0.9), ["s.toml:10: needle.shape takes words", "write values"]),
    ("drawn whole numbers", sample() + drawn("needle.prongs", 1, 7), ["s.toml:10: needle.prongs takes whole numbers", "write values"]),
    ("drawn list", sample() + drawn("sessions.days", 0, 30), ["s.toml:10: sessions.days takes no single number"]),
    ("unknown drawn key", sample() + drawn("machine.depht_mm", 0.1, 1), ["s.toml:10: machine.depht_mm is an unknown key", "did you mean machine.depth_mm"]),
    ("twice", sample() + A + drawn(DEPTH, 0.1, 1), ["s.toml:13:", DEPTH, "twice"]),
    ("too many combinations", sample("latin_hypercube", 600000) + A + D, ["s.toml: the sweep has 1200000 combinations, more than 1000000", "lower count"]),
    ("everything excluded", A + condition(f"key = '{DEPTH}'\nat_least = 1"),
     ["s.toml: every one of the 2 combinations breaks", "machine.depth_mm at least 1 mm"]),
    ("everything excluded together", A + condition(f"key = '{DEPTH}'\nat_least = 0.4") + condition(f"key = '{DEPTH}'\nat_most = 0.4"),
     ["every one of the 2 combinations", "one of 'machine.depth_mm at least 0.4 mm', 'machine.depth_mm at most 0.4 mm'"]),
    ("unknown table", A + "[[conditions]]\nkey = 'a'\n", ["s.toml:8: [[conditions]]", "[[axis]] or [[condition]]"]),
]  # fmt: skip
C = listed(SKIN, ["normal", "bald"]) + A + sample() + D  # lines 4 to 21: a condition begins in line 22, its key stands in line 23
BAD_CONDITIONS = [
    ("no key", "at_most = 1", ["s.toml:22: key is missing"]),
    ("unknown key", "key = 'machine.depht_mm'\nat_most = 1", ["s.toml:23: machine.depht_mm is an unknown key", "did you mean machine.depth_mm?"]),
    ("no axis", "key = 'machine.stroke_mm'\nat_most = 1", ["s.toml:23: machine.stroke_mm is no axis of this sweep", "write skin.class, "]),
    ("no axis, one near", "key = 'skin.puncture_toughness_kj_m2'\nat_most = 1",
     ["s.toml:23: skin.puncture_toughness_kj_m2 is no axis of this sweep", f"did you mean {TOUGH}?"]),
    ("unknown other", f"key = '{DEPTH}'\nat_most = 'skin.fracture_toughnes_kj_m2'",
     ["s.toml:24: at_most: skin.fracture_toughnes_kj_m2 is an unknown key", TOUGH]),
    ("other no axis", f"key = '{DEPTH}'\nat_most = 'machine.stroke_mm'", ["s.toml:24: at_most: machine.stroke_mm is no axis"]),
    ("unknown when", f"key = '{DEPTH}'\nat_most = 1\nwhen_key = 'machine.stroke_mm'\nwhen_at_most = 1", ["s.toml:25: machine.stroke_mm is no axis"]),
    ("nothing to compare", f"key = '{DEPTH}'", ["s.toml:23: the condition has nothing to compare machine.depth_mm with", "at_least, at_most or is"]),
    ("two comparisons", f"key = '{DEPTH}'\nat_most = 1\nat_least = 0.1", ["s.toml:23: the condition has more than one thing", "at_least, at_most or is"]),
    ("when without comparison", f"key = '{DEPTH}'\nat_most = 1\nwhen_key = '{TOUGH}'", ["s.toml:25: the condition has nothing to compare", "when_is"]),
    ("when with two", f"key = '{DEPTH}'\nat_most = 1\nwhen_key = '{TOUGH}'\nwhen_at_most = 2\nwhen_at_least = 1",
     ["s.toml:25: the condition has more than one"]),
    ("when without key", f"key = '{DEPTH}'\nat_most = 1\nwhen_at_most = 1", ["s.toml:22: when_key is missing"]),
    ("unknown part", f"key = '{DEPTH}'\nat_mots = 1", ["s.toml:24: at_mots is an unknown key", "did you mean at_most?"]),
    ("units differ", f"key = '{DEPTH}'\nat_most = '{TOUGH}'", ["s.toml:24: at_most compares machine.depth_mm in mm with", "kJ/m2", "same unit"]),
    ("another unit", f"key = '{DEPTH}'\nat_most = {{ value = 400, unit = 'um' }}", ["s.toml:24: at_most is given in \"um\"", "mm"]),
    ("with itself", f"key = '{DEPTH}'\nat_most = '{DEPTH}'", ["s.toml:24: at_most compares machine.depth_mm with itself"]),
    ("names with numbers", f"key = '{SKIN}'\nis = '{DEPTH}'", ["s.toml:24: is compares skin.class with machine.depth_mm", "numbers"]),
    ("number for names", f"key = '{SKIN}'\nis = 1", ["s.toml:24: is = 1 is a number", SKIN, "takes names"]),
    ("names for numbers", f"key = '{DEPTH}'\nis = ['normal']", ["s.toml:24: is is a list of names", DEPTH, "takes numbers"]),
    ("names in order", f"key = '{SKIN}'\nat_most = ['normal']", ["s.toml:24: at_most compares names, which have no order", "write is"]),
    ("one name", f"key = '{SKIN}'\nis = 'normal'", ["s.toml:24: is = \"normal\"", 'write is = ["normal"]']),
    ("unknown name", f"key = '{SKIN}'\nis = ['norml']", ["s.toml:24: is names \"norml\"", SKIN, 'did you mean "normal"?']),
    ("no value of the axis", f"key = '{DEPTH}'\nis = 0.4", ["s.toml:24: is = 0.4 mm is none of the values of machine.depth_mm"]),
    ("draws meet no number", f"key = '{TOUGH}'\nis = 2", ["s.toml:24: is compares with skin.fracture_toughness_kj_m2, which is drawn", "at_least or at_most"]),
    ("no finite number", f"key = '{DEPTH}'\nat_most = nan", ["s.toml:24: at_most of machine.depth_mm is not a finite number"]),
    ("list of numbers", f"key = '{DEPTH}'\nis = [0.3]", ["s.toml:24: is of machine.depth_mm is of the wrong kind"]),
    ("truth", f"key = '{DEPTH}'\nis = true", ["s.toml:24: is of machine.depth_mm is of the wrong kind"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_a_bad_sample_is_one_clear_error(cli, tmp_path: Path, asked: list[df.Member], text: str, words: list[str]):
    path = file_of(tmp_path, text)
    refused(cli, tmp_path, ["sweep", "run", path, "-o", tmp_path / "s.h5"], words)
    assert asked == []


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in BAD_CONDITIONS], ids=[case[0] for case in BAD_CONDITIONS])
def test_a_bad_condition_is_one_clear_error(cli, tmp_path: Path, asked: list[df.Member], text: str, words: list[str]):
    path = file_of(tmp_path, C, condition(text))
    refused(cli, tmp_path, ["sweep", "run", path, "-o", tmp_path / "s.h5"], words)
    assert asked == []


@pytest.mark.parametrize(("reason", "words"), [("", ["reason is missing"]), ("reason = ''\n", ["s.toml:11: reason is empty"])])
def test_a_condition_says_why(cli, tmp_path: Path, reason: str, words: list[str]):
    path = file_of(tmp_path, A, f"[[condition]]\nkey = '{DEPTH}'\nat_most = 0.4\n{reason}")
    refused(cli, tmp_path, ["sweep", "run", path, "-o", tmp_path / "s.h5"], ["s.toml:", *words])


def test_a_drawn_depth_has_an_effect(tmp_path: Path):
    with pytest.raises(df.InputError, match=r"machine\.depth_mm has no effect, because sessions\.depth_mm"):
        df.load_sweep(file_of(tmp_path, sample(), drawn(DEPTH, 0.3, 0.5)), {"sessions.days": [0, 30], "sessions.depth_mm": [0.4, 0.5]})
