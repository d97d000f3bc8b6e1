"""Bad input: one clear error, exit code 2, nothing written, never a traceback."""

import re
from pathlib import Path

import pytest
from conftest import CONFIGS, NORMAL, refused, write_sweep

import dermaflux as df

SCALP = CONFIGS / "calibrations/scalp.toml"

# A message names the place, the key, the value, the range, and what to do.
OVERRIDES = [
    ("unknown key", ["machine.depht_mm=0.5"], ["machine.depht_mm", "unknown key", "did you mean machine.depth_mm"]),
    ("unknown group", ["motor.depth_mm=0.5"], ["motor.depth_mm", "unknown key"]),
    ("unknown layer", ["skin.layer.papilary_dermis.porosity=0.4"], ["papilary_dermis", "did you mean skin.layer.papillary_dermis.porosity"]),
    ("wrong unit suffix", ["machine.depth_um=500"], ["machine.depth_um", "unknown key", "machine.depth_mm"]),
    ("too large", ["machine.depth_mm=30"], ["-s machine.depth_mm=30", "30 mm", "out of range", "0.05", "2.5"]),
    ("too small", ["machine.dwell_ms=1"], ["machine.dwell_ms", "1 ms", "out of range", "5", "2000"]),
    ("negative", ["machine.depth_mm=-0.2"], ["machine.depth_mm", "-0.2 mm", "out of range"]),
    ("NaN", ["ink.dilution=nan"], ["ink.dilution", "not a finite number"]),
    ("infinite", ["ink.dilution=inf"], ["ink.dilution", "not a finite number"]),
    ("NaN in a list", ["ink.absorption_m2_per_g=[1,1,1,nan,1,1,1]"], ["ink.absorption_m2_per_g", "not a finite number"]),
    ("list too short", ["ink.absorption_m2_per_g=[1,2]"], ["ink.absorption_m2_per_g", "7"]),
    ("list for a number", ["ink.dilution=[0.1,0.2]"], ["ink.dilution", "0.001", "1"]),
    ("number for a list", ["ink.absorption_m2_per_g=3"], ["ink.absorption_m2_per_g", "7"]),
    ("text for a number", ["machine.depth_mm=deep"], ["machine.depth_mm", "deep", "0.05", "2.5"]),
    ("unit in the value", ["machine.depth_mm=0.5 mm"], ["machine.depth_mm", "0.5 mm"]),
    ("flag for a number", ["machine.depth_mm=true"], ["machine.depth_mm", "true"]),
    ("number for a flag", ["host.keloid_history=1"], ["host.keloid_history", "true"]),
    ("date for a number", ["machine.depth_mm=2020-01-01"], ["machine.depth_mm", "2020-01-01"]),
    ("part of a prong", ["needle.prongs=1.5"], ["needle.prongs", "1.5", "whole number"]),
    ("unknown word", ["needle.shape=round"], ["needle.shape", "round", "round_liner", "magnum"]),
    ("unknown class", ["skin.class=hypertropic"], ["skin.class", "hypertropic", "did you mean", "hypertrophic"]),
    ("unknown ink", ["ink.model=vantablack"], ["ink.model", "vantablack", "carbon_black"]),
    ("number for a name", ["skin.class=3"], ["skin.class", "name"]),
    ("path for a name", ["skin.class=../../etc/passwd"], ["skin.class", "unknown"]),
    ("layer of no thickness", ["skin.layer.papillary_dermis.thickness_um=0"], ["papillary_dermis.thickness_um", "0 um", "out of range", "1"]),
    ("needle longer than the skin", ["skin.thickness_factor=0.3", "machine.depth_mm=2.4"], ["machine.depth_mm", "2.4 mm", "skin", "less depth"]),
    ("deeper than the stroke", ["machine.depth_mm=2", "machine.stroke_mm=1"], ["machine.depth_mm", "2 mm", "machine.stroke_mm", "1 mm"]),
    ("tip wider than shaft", ["needle.tip_diameter_um=200", "needle.shaft_diameter_mm=0.1"], ["needle.tip_diameter_um", "shaft_diameter_mm"]),
    ("packed ink", ["ink.dilution=1", "ink.mass_fraction=0.7"], ["ink.mass_fraction", "packing", "dilute"]),
    ("scar of no shape", ["scar.class=atrophic"], ["scar.class", "atrophic", "scar.shape", "none"]),
    ("beside no scar", ["scar.offset_mm=0.5"], ["scar.offset_mm", "0.5 mm", "scar.shape", "none"]),
    ("strip of no width", ["scar.shape=strip", "scar.class=fut_linear"], ["scar.width_mm", "strip", "1 to 5 mm"]),
    ("scar of no class", ["scar.shape=disc", "scar.width_mm=0.9"], ["scar.class", "missing", "fue_punctate"]),
    ("thick atrophy", ["skin.class=atrophic", "skin.thickness_factor=2"], ["skin.thickness_factor", "contradicts", "atrophic", "1.4"]),
    ("thin hypertrophy", ["skin.class=hypertrophic", "skin.thickness_factor=0.5"], ["contradicts", "hypertrophic", "0.7"]),
    ("no value", ["machine.depth_mm="], ["machine.depth_mm=", "KEY=VALUE"]),
    ("no key", ["=0.5"], ["=0.5", "KEY=VALUE"]),
    ("no equals sign", ["machine.depth_mm"], ["machine.depth_mm", "KEY=VALUE"]),
]


@pytest.mark.parametrize(("changes", "words"), [case[1:] for case in OVERRIDES], ids=[case[0] for case in OVERRIDES])
def test_a_bad_override_is_one_clear_error(cli, tmp_path: Path, changes: list[str], words: list[str]):
    flags = [part for change in changes for part in ("-s", change)]
    refused(cli, tmp_path, ["run", NORMAL, "--grid", "quick", "-o", tmp_path / "run.h5", *flags], words)


def test_an_override_that_holds_more_than_one_value_is_refused(cli, tmp_path: Path):
    done = cli("run", NORMAL, "--grid", "quick", "-o", tmp_path / "run.h5", "-s", "machine.depth_mm=0.4\ndwell_ms=100")
    assert done.code == 2 and "machine.depth_mm" in done.err and "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []


FILES = [
    ("unknown key", "[machine]\ndepht_mm = 0.5\n", [":4:", "machine.depht_mm", "did you mean machine.depth_mm"]),
    ("unknown table", "[robot]\narm = 0.5\n", [":4:", "robot.arm", "unknown key"]),
    ("value out of range", "[machine]\ndepth_mm = { value = 30, unit = 'mm', range = [1, 40], source = 'x' }\n", [":4:", "30 mm", "0.05", "2.5"]),
    ("text for a number", "[machine]\ndepth_mm = 'deep'\n", [":4:", "machine.depth_mm", "deep"]),
    ("NaN", "[machine]\ndepth_mm = nan\n", [":4:", "machine.depth_mm", "not a finite number"]),
    ("wrong unit", "[machine]\ndepth_mm = { value = 0.5, unit = 'um', range = [0.1, 1], source = 'x' }\n", [":4:", "machine.depth_mm", "um", "mm"]),
    ("range turned round", "[machine]\ndepth_mm = { value = 0.5, unit = 'mm', range = [1, 0.1], source = 'x' }\n", [":4:", "range", "increasing"]),
    ("unknown part", "[machine]\ndepth_mm = { value = 0.5, units = 'mm' }\n", [":4:", "machine.depth_mm", "units"]),
    ("not TOML", "[machine\ndepth_mm = 0.5\n", [":3:", "not valid TOML"]),
    ("key twice", "[machine]\ndepth_mm = 0.5\ndepth_mm = 0.6\n", [":5:", "not valid TOML"]),
    ("layer of no thickness", "[skin.layer.viable_epidermis]\nthickness_um = 0\n", [":4:", "viable_epidermis.thickness_um", "0 um", "out of range"]),
    ("array of tables", "[[axis]]\nkey = 'x'\n", [":3:", "array of tables"]),
]


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in FILES], ids=[case[0] for case in FILES])
def test_a_bad_file_is_one_clear_error_with_its_line(cli, tmp_path: Path, text: str, words: list[str]):
    file = tmp_path / "mine.toml"
    file.write_text(f'inherits = "{NORMAL}"\ntitle = "mine"\n{text}')
    refused(cli, tmp_path, ["run", file, "-o", tmp_path / "run.h5"], ["mine.toml", *words])


def test_a_file_without_a_skin_is_refused(cli, tmp_path: Path):
    (tmp_path / "bare.toml").write_text('title = "bare"\n[machine]\nmodel = "rotary_pen"\n')
    refused(cli, tmp_path, ["run", tmp_path / "bare.toml"], ["bare.toml", "is missing"])


def test_files_that_inherit_in_a_circle_are_refused(cli, tmp_path: Path):
    (tmp_path / "a.toml").write_text('inherits = "b.toml"\n')
    (tmp_path / "b.toml").write_text('inherits = "a.toml"\n')
    refused(cli, tmp_path, ["run", tmp_path / "a.toml"], ["inherits", "circle"])


def test_a_parent_that_is_missing_is_named(cli, tmp_path: Path):
    (tmp_path / "a.toml").write_text('inherits = "gone.toml"\n')
    refused(cli, tmp_path, ["run", tmp_path / "a.toml"], ["gone.toml", "no such file"])


def test_a_binary_file_is_refused(cli, tmp_path: Path):
    (tmp_path / "a.toml").write_bytes(bytes(range(256)))
    refused(cli, tmp_path, ["run", tmp_path / "a.toml"], ["a.toml", "not valid TOML"])


@pytest.mark.parametrize(
    "command",
    [
        ["run", "gone.toml"],
        ["run", "."],
        ["sweep", "run", "gone.toml", "-o", "out.h5"],
        ["sensitivity", "gone.toml"],
        ["calibrate", "gone.toml", "-o", "out"],
        ["preset", "check", "gone.json"],
        ["report", "gone.h5"],
        ["report", "gone.h5", "-o", "page.html"],
    ],
    ids=lambda command: "-".join(command),
)
def test_a_missing_file_is_named(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]):
    monkeypatch.chdir(tmp_path)
    refused(cli, tmp_path, command, [next(word for word in command if word == "." or "gone" in word), "no such file", "give"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--grid", "coarse"], ["coarse", "quick, standard, fine or finest"]),
        (["--backend", "metal"], ["metal", "auto, serial, kokkos or cuda"]),
        (["--horizon-year", "31"], ["31", "1 to 30"]),
        (["--horizon-year", "nan"], ["nan", "1 to 30"]),
        (["--threads", "-1"], ["-1", "0 for all cores"]),
    ],
)
def test_an_option_that_does_not_exist_is_one_clear_error(cli, tmp_path: Path, arguments: list[str], words: list[str]):
    refused(cli, tmp_path, ["run", NORMAL, "-o", tmp_path / "run.h5", *arguments], words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--grid", "coarse"], ["coarse", "quick, standard, fine or finest"]),
        (["--grid", "auto"], ["auto", "quick, standard, fine or finest"]),
        (["--grid", ""], ["quick, standard, fine or finest"]),
        (["--backend", "metal"], ["metal", "auto, serial, kokkos or cuda"]),
    ],
)
def test_a_sweep_with_an_option_that_does_not_exist_leaves_no_journal(cli, tmp_path: Path, arguments: list[str], words: list[str]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]})
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5", *arguments], words)


def test_a_sweep_on_a_backend_that_cannot_run_leaves_no_journal(cli, tmp_path: Path):
    missing = [row["name"] for row in df.backends() if not row["available"]]
    if not missing:
        pytest.skip("every backend runs here")
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]})
    done = cli("sweep", "run", plan, "-o", tmp_path / "s.h5", "--backend", missing[0])
    assert done.code == 1 and f"backend {missing[0]} cannot run here" in done.err
    assert [one.name for one in tmp_path.iterdir()] == ["s.toml"]


@pytest.mark.parametrize("command", [["run"], ["run", NORMAL, "--depth", "3"], ["run", NORMAL, "--threads", "two"], ["bake"], ["sweep", "run", NORMAL]])
def test_a_wrong_use_of_the_command_ends_with_2_and_no_traceback(cli, command: list[object]):
    done = cli(*command)
    assert done.code == 2 and "Traceback" not in done.err and "Usage" in done.err


# outputs that cannot be written


@pytest.mark.parametrize("place", ["none/run.h5", "folder", "file.txt/run.h5"])
@pytest.mark.parametrize("command", ["run", "sweep", "report"])
def test_an_output_that_cannot_be_written_is_refused_before_any_work(cli, tmp_path: Path, run_file: Path, command: str, place: str):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.txt").write_text("mine")
    source = {"run": NORMAL, "sweep": write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}), "report": run_file}[command]
    words = ["sweep", "run"] if command == "sweep" else [command]
    refused(cli, tmp_path, [*words, source, "-o", tmp_path / place], [str(tmp_path / place)])


def test_an_output_on_a_file_system_that_refuses_files_is_one_clear_error(cli, tmp_path: Path):
    target = Path("/proc/dermaflux.h5")  # even root cannot make a file there
    if not target.parent.is_dir():
        pytest.skip("no /proc on this system")
    refused(cli, tmp_path, ["run", NORMAL, "--grid", "quick", "-o", target], [str(target)])


@pytest.mark.parametrize("place", ["file.txt", "file.txt/out", "none/out"])
def test_a_calibration_needs_a_folder_it_can_make(cli, tmp_path: Path, place: str):
    (tmp_path / "file.txt").write_text("mine")
    refused(cli, tmp_path, ["calibrate", SCALP, "--quick", "-o", tmp_path / place], [place.split("/")[0]])


# sweeps and calibrations


@pytest.mark.parametrize("shard", ["0/3", "4/3", "3", "1/0", "-1/3", "a/b", "1/", "1.5/3", ""])
def test_a_shard_that_does_not_exist_is_refused(cli, tmp_path: Path, shard: str):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]})
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5", "--shard", shard], ["shard", "3/40"])


@pytest.mark.parametrize("command", ["status", "collect", "run"])
def test_the_output_of_something_else_is_refused_by_every_command_of_a_sweep(cli, tmp_path: Path, command: str):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]})
    (tmp_path / "s.h5").write_text("mine")
    refused(cli, tmp_path, ["sweep", command, plan, "-o", tmp_path / "s.h5"], ["s.h5", "does not hold this sweep"])

SWEEPS = [
    ("no axis", "", ["no [[axis]]", "dermaflux run"]),
    ("empty axis", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = []\n", ["machine.depth_mm", "no values"]),
    ("axis without values", "[[axis]]\nkey = 'machine.depth_mm'\n", ["machine.depth_mm", "no values"]),
    ("huge", "".join(f"[[axis]]\nkey = '{key}'\nvalues = {[round(0.1 + n * 1e-4, 5) for n in range(2000)]}\n"
                     for key in ("machine.depth_mm", "ink.dilution")), ["has 4000000 combinations, more than 1000000;", "split"]),
    ("a million millions", "".join(f"[[axis]]\nkey = '{key}'\nvalues = {[round(least + n * 1e-4, 5) for n in range(1000)]}\n"
                                   for key, least in (("machine.depth_mm", 0.1), ("ink.dilution", 0.1), ("machine.frequency_hz", 80),
                                                      ("machine.dwell_ms", 80))),
     ["has 1000000000000 combinations, more than 1000000;", "split"]),
    ("axis twice", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = [0.4]\n" * 2, ["machine.depth_mm", "twice"]),
    ("unknown key", "[[axis]]\nkey = 'machine.depht_mm'\nvalues = [0.4]\n", ["machine.depht_mm", "did you mean machine.depth_mm"]),
    ("out of range", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = [0.4, 40]\n", ["machine.depth_mm", "40 mm", "2.5"]),
    ("NaN", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = [0.4, nan]\n", ["machine.depth_mm", "not a finite number"]),
    ("text", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = ['deep']\n", ["machine.depth_mm", "deep"]),
    ("mixed", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = ['deep', 1]\n", ["mixes numbers and text"]),
    ("number for an axis", "[[axis]]\nkey = 'machine.depth_mm'\nvalues = 0.4\n", ["values", "list"]),
    ("numbers for names", "[[axis]]\nkey = 'skin.class'\nvalues = [1]\n", ["skin.class", "names"]),
    ("unknown name", "[[axis]]\nkey = 'skin.class'\nvalues = ['norml']\n", ["norml", "did you mean", "normal"]),
    ("unknown part", "[[axis]]\nkey = 'machine.depth_mm'\nvalue = [0.4]\nvalues = [0.4]\n", ["value", "unknown"]),
    ("unknown table", "[[axes]]\nkey = 'machine.depth_mm'\nvalues = [0.4]\n", ["[[axes]]", "[[axis]]"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "words"), [case[1:] for case in SWEEPS], ids=[case[0] for case in SWEEPS])
def test_a_bad_sweep_is_one_clear_error(cli, tmp_path: Path, text: str, words: list[str]):
    plan = write_sweep(tmp_path / "s.toml", {})
    plan.write_text(plan.read_text() + text)
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5"], ["s.toml", *words])


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("grid = 'coarse'", ["coarse", "quick, standard, fine or finest"]),
        ("outputs = ['contrast']", ["contrast", "no output"]),
        ("horizon = 3", ["horizon", "unknown key"]),
        ("grid = 3", ["grid", "wrong kind"]),
    ],
)
def test_a_bad_head_of_a_sweep_is_one_clear_error(cli, tmp_path: Path, head: str, words: list[str]):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}, head=head)
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5"], words)


def test_a_sweep_over_another_file_is_refused(cli, tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]})
    (tmp_path / "s.h5").write_text("mine")
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5"], ["s.h5", "does not hold this sweep"])


CALIBRATIONS = [
    ("draws", "draws = { value = 2", "draws = { value = 0", ["draws", "out of range", "65536"]),
    ("part of a draw", "draws = { value = 2", "draws = { value = 2.5", ["draws", "whole"]),
    ("text for draws", "draws = { value = 2", "draws = { value = 'many'", ["draws", "wrong kind"]),
    ("seed too large", "seed = { value = 20261121", "seed = { value = 1e12", ["seed", "out of range"]),
    ("NaN seed", "seed = { value = 20261121", "seed = { value = nan", ["seed"]),
    ("accepted share", "accepted_share = { value = 0.9", "accepted_share = { value = 9", ["accepted_share"]),
    ("depth out of range", "depths_mm = { value = [0.25,", "depths_mm = { value = [0.025,", ["depths_mm", "0.025 mm", "out of range"]),
    ("depths not increasing", "depths_mm = { value = [0.25, 0.3]", "depths_mm = { value = [0.3, 0.25]", ["depths_mm", "does not increase"]),
    ("dwell out of range", "250, 320]", "250, 3200]", ["dwells_ms", "3200 ms", "out of range"]),
    ("unknown output", 'output = "contrast_1y"', 'output = "contrast"', ["contrast", "no output"]),
    ("unknown uncertain key", '"skin.open_fraction"', '"skin.open_part"', ["skin.open_part", "unknown key"]),
    ("key that reaches zero", '"skin.open_fraction"', '"host.months_since_surgery"', ["host.months_since_surgery", "log-normal"]),
    ("unknown key", "accepted_share", "accepted_part = 1\naccepted_share", ["accepted_part", "unknown key"]),
    ("low above high", "low = { value = 0.30", "low = { value = 0.90", ["contrast", "low = 0.9 at or above high = "]),
    ("unknown grid", 'grid = "quick"', 'grid = "coarse"', ["coarse", "quick, standard, fine or finest"]),
    ("unit of the depths", 'unit = "mm", range = [0.15, 0.75]', 'unit = "um", range = [0.15, 0.75]', ["depths_mm", '"um"', "its unit is mm", "convert"]),
    ("unit of the dwells", 'unit = "ms", range = [50, 460]', 'unit = "s", range = [50, 460]', ["dwells_ms", '"s"', "its unit is ms", "convert"]),
    ("unit of the draws", 'unit = "1", range = [1, 65536]', 'unit = "%", range = [1, 65536]', ["draws", '"%"', "its unit is 1", "convert"]),
    ("unit of a criterion", 'high = { value = 0.35, unit = "mm"', 'high = { value = 0.35, unit = "um"', ["high", '"um"', "its unit is mm", "convert"]),
    ("unit of an envelope", 'low = { value = 10, unit = "ms"', 'low = { value = 10, unit = "s"', ["low", '"s"', "its unit is ms", "convert"]),
    ("units of an alarm", 'stop = { value = 0.5, unit = "1"', 'stop = { value = 0.5, unit = "%"', ["stop", '"%"', "its unit is 1", "convert"]),
    ("alarm without unit", 'stop = { value = 1.0, unit = "mm", range = [0.8, 1.2], source = "alarm A4" }\naction', "stop = 1.0\naction",
     ["A4 blow-out", "no unit", "warn or stop"]),
    ("unknown key of the quick look", "[quick]", "[quick]\ndraw = 3", ["quick.draw", "unknown key"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), [case[1:] for case in CALIBRATIONS], ids=[case[0] for case in CALIBRATIONS])
def test_a_bad_calibration_is_one_clear_error(cli, tmp_path: Path, old: str, new: str, words: list[str]):
    text = SCALP.read_text().replace('"../treatments"', f'"{CONFIGS / "treatments"}"')
    for key, values in (("depths_mm", "[0.25, 0.3]"), ("dwells_ms", "[250, 320]"), ("draws", "2")):
        text, found = re.subn(rf"\n{key} = {{ value = (\[[^]]*\]|\d+)", f"\n{key} = {{ value = {values}", text, count=1)
        assert found == 1, key
    assert old in text
    (tmp_path / "c.toml").write_text(text.replace(old, new, 1))
    refused(cli, tmp_path, ["calibrate", tmp_path / "c.toml", "-o", tmp_path / "out"], words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("machine.hand_force_n=0", ["uncertain names machine.hand_force_n", "value 0 (-s machine.hand_force_n=0)", "outside its range 0.05 to 1;"]),
        ("machine.hand_force_n=4", ["uncertain names machine.hand_force_n", "value 4", "outside its range"]),
    ],
)
def test_an_uncertain_value_outside_the_range_it_is_drawn_from_is_refused(cli, tmp_path: Path, change: str, words: list[str]):
    refused(cli, tmp_path, ["calibrate", SCALP, "--quick", "-o", tmp_path / "out", "-s", change], ["scalp.toml", *words])


@pytest.mark.parametrize(("name", "words"), [("norml", ["norml", "did you mean normal"]), ("zebra", ["zebra", "normal", "atrophic"])])
def test_an_unknown_class_is_refused_with_what_there_is(cli, tmp_path: Path, name: str, words: list[str]):
    refused(cli, tmp_path, ["calibrate", SCALP, "--class", name, "--quick", "-o", tmp_path / "out"], words)


@pytest.mark.parametrize("content", ["not HDF5", ""])
def test_a_report_of_something_else_is_refused(cli, tmp_path: Path, content: str):
    (tmp_path / "run.h5").write_text(content)
    refused(cli, tmp_path, ["report", tmp_path / "run.h5"], ["run.h5", "cannot be read"])
