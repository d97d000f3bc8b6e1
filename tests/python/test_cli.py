"""The command line: what each command prints, which keys it takes, and its exit codes."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import CONFIGS, LISTED_OUTPUTS, MAIN, NORMAL, STALLING, WITHOUT_VALUE, Page, flags, numbers, wait_for_lines, write_sweep
from typer.main import get_command

import dermaflux as df
from dermaflux import _core, search
from dermaflux.cli import app
from dermaflux.report import run_report


def row_of(table: str, name: str) -> str:
    """The line of a printed table that begins with a name."""
    return next(line for line in table.splitlines() if line.replace("│", " ").split()[:1] == [name])


def one_line(text: str) -> str:
    """The one line there is, that on which a sweep runs apart."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("a sweep: on ")]
    assert len(lines) == 1, text
    return lines[0]


# info


def test_info_names_version_backends_and_configurations(cli):
    done = cli("info")
    assert done.code == 0 and done.err == ""
    assert f"dermaflux {df.__version__}" in done.out
    for row in df.backends():
        assert row["name"] in done.out and row["detail"] in done.out
    assert str(df.configs()) in done.out


def test_info_lists_every_key_with_unit_and_range(cli):
    done = cli("info", "--keys")
    for row in _core.keys():
        line = row_of(done.out, row["key"])
        assert row["unit"] in line and row["meaning"] in line
        assert (row["words"][0] if row["words"] else f"{row['high']:g}") in line


def test_info_lists_every_output_with_unit(cli):
    done = cli("info", "--outputs")
    for row in _core.outputs():
        line = row_of(done.out, row["name"])
        assert row["unit"] in line and row["meaning"] in line


def test_every_command_explains_itself(cli):
    for command in ([], ["info"], ["run"], ["resume"], ["sweep"], ["sweep", "plan"], ["sweep", "run"], ["sweep", "status"], ["sweep", "collect"], ["sensitivity"], ["calibrate"], ["preset"], ["report"], *(["preset", one] for one in ("export", "check", "sign", "verify", "diff", "show"))):
        done = cli(*command, "--help")
        assert done.code == 0 and "Usage" in done.out
    assert all(word in cli("--help").out for word in ("info", "run", "resume", "sweep", "sensitivity", "calibrate", "preset", "report"))
    assert cli("--version").out.startswith(f"dermaflux {df.__version__}")


def test_no_help_loses_words_in_brackets():
    """rich reads [set] as a colour and drops it unless it is written \\[set]."""
    def commands(command):
        yield command
        for one in getattr(command, "commands", {}).values():
            yield from commands(one)

    bracketed = 0
    for command in commands(get_command(app)):
        texts = [command.help or "", *(getattr(parameter, "help", None) or "" for parameter in command.params)]
        for text in texts:
            bracketed += "[" in text
            assert not re.search(r"(?<!\\)\[[a-z#/@]", text), (command.name, text)
    assert bracketed >= 2


# run


def test_json_is_one_flat_object_with_at_least_the_listed_keys(cli, quick: df.Result):
    done = cli("run", NORMAL, "--grid", "quick", "--json")
    assert done.code == 0 and done.err == ""
    outputs = json.loads(one_line(done.out))
    assert set(LISTED_OUTPUTS) <= set(outputs)
    assert {name for name, value in outputs.items() if not isinstance(value, float | int)} == WITHOUT_VALUE
    # Python's JSON keeps every bit of a double.
    assert numbers(outputs) == numbers(quick)


def test_json_has_null_where_a_run_does_not_reach(cli):
    outputs = json.loads(cli("run", NORMAL, "--grid", "quick", "--horizon-year", 1, "--json").out)
    assert outputs["contrast_3y"] is None and outputs["contrast_1y"] > 0


def test_run_prints_a_summary(cli):
    done = cli("run", NORMAL, "--grid", "quick")
    assert done.code == 0 and all(word in done.out for word in ("strokes", "deposited", "contrast", "ledger closes"))


def test_run_prints_control_numbers_and_warnings(cli):
    done = cli("run", NORMAL, "--grid", "quick", "-s", "machine.frequency_hz=200", "-s", "machine.dwell_ms=20")
    assert done.code == 0 and "Control numbers" in done.out and "x_m" in done.out
    assert "warning: fast_strain: strain rate" in done.out
    assert "fast_strain" in cli("info").out


def test_run_writes_a_file_that_knows_its_command_line(cli, tmp_path: Path):
    done = cli("run", NORMAL, "--grid", "quick", "-o", tmp_path / "run.h5", "-s", "machine.depth_mm=0.4")
    assert done.code == 0 and f"written: {tmp_path / 'run.h5'}" in done.out
    data = df.open_run(tmp_path / "run.h5")
    assert float(data["d_set_mm"]) == 0.4
    assert data.attrs["provenance_command_line"].startswith("dermaflux run ")
    assert "machine.depth_mm=0.4" in data.attrs["provenance_command_line"]


@pytest.mark.parametrize(
    ("key", "value", "output"),
    [
        ("machine.depth_mm", "0.6", "d_tip_mm"),
        ("machine.dwell_ms", "60", "strokes"),
        ("machine.frequency_hz", "90", "frequency_loaded_hz"),
        ("machine.model", "rotary_pen", None),
        ("needle.taper_length_mm", "1.5", "insertion_force_n"),
        ("needle.model", "round_liner_3_025_long", "insertion_force_n"),
        ("ink.dilution", "0.2", "pigment_deposited_ng"),
        ("ink.carrier_viscosity_mpa_s", "30", "ink_viscosity_mpa_s"),
        ("ink.model", "iron_oxide_brown", "delta_e_day14"),
        ("skin.class", "hypertrophic", "d_tip_mm"),
        ("skin.layer.papillary_dermis.thickness_um", "200", "pigment_deposited_ng"),
        ("pattern.dot_spacing_mm", "0.8", "dots_per_cm2"),
        ("pattern.depth_jitter_mm", "0.1", "bleed_probability"),
        ("aftercare.uv_dose_j_cm2", "10", "retained_fraction_5y"),
        ("aftercare.exfoliation_factor", "2", "retained_fraction_day42"),
        ("host.keloid_history", "true", "preset_allowed"),
        ("host.months_since_surgery", "1", "preset_allowed"),
    ],
)
def test_every_group_can_be_overridden_and_has_an_effect(cli, quick: df.Result, key: str, value: str, output: str | None):
    ink = ("-s", "ink.photolysis_per_year=0.1") if key == "aftercare.uv_dose_j_cm2" else ()  # carbon black does not bleach
    done = cli("run", NORMAL, "--grid", "quick", "--json", "-s", f"{key}={value}", *ink)
    assert done.code == 0, done.err
    outputs = json.loads(done.out)
    if output:
        assert outputs[output] != quick[output]
    else:
        assert outputs["contrast_1y"] == quick["contrast_1y"]


def test_overrides_add_up_and_reach_the_run(cli):
    done = cli("run", NORMAL, "--grid", "quick", "--json", "-s", "machine.depth_mm=0.6", "-s", "machine.dwell_ms=80", "--set", "ink.dilution=0.3")
    outputs = json.loads(done.out)
    expected = df.run(df.load(NORMAL, {"machine.depth_mm": 0.6, "machine.dwell_ms": 80, "ink.dilution": 0.3}), grid="quick")
    assert numbers(outputs) == numbers(expected)


def test_run_warns_where_no_preset_would_be_issued(cli):
    done = cli("run", NORMAL, "--grid", "quick", "-s", "host.keloid_history=true")
    assert done.code == 0 and "warning: keloid" in done.out


def test_a_run_that_fails_is_one_line_and_exit_code_1(cli, tmp_path: Path):
    done = cli("run", NORMAL, "--grid", "quick", "-o", tmp_path / "run.h5", *flags(STALLING), "-s", "machine.stall_force_n=0.2")
    assert done.code == 1 and "motor stalls" in one_line(done.err)
    assert list(tmp_path.iterdir()) == []


def test_a_backend_that_is_not_here_is_one_line_that_says_what_is(cli):
    missing = [row["name"] for row in df.backends() if not row["available"]]
    if not missing:
        pytest.skip("every backend is here")
    done = cli("run", NORMAL, "--grid", "quick", "--backend", missing[0])
    assert done.code != 0 and "serial" in one_line(done.err)


def test_letters_that_a_terminal_lacks_are_no_traceback(tmp_path: Path):
    (tmp_path / "t.toml").write_text(f'inherits = "{NORMAL}"\ntitle = "Gl\u00e4tte \u2192 \U0001f600"\n', encoding="utf-8")
    command = [sys.executable, "-c", MAIN, "run", str(tmp_path / "t.toml"), "--grid", "quick"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and done.stdout.startswith("Gl?tte ? ?: tip"), done.stderr


# report


def test_report_of_a_run_is_one_file_with_pictures_and_no_network(cli, run_file: Path, tmp_path: Path):
    page = tmp_path / "run.html"
    done = cli("report", run_file, "-o", page)
    assert done.code == 0 and str(page) in done.out
    html = Page(page.read_text())
    html.expect_no_network()
    assert len(html.loads) >= 5
    for word in ("Mass ledger", "Fading", "Depth", "Provenance", "machine.depth_mm", "contrast_1y", "not validated for treatment"):
        assert word in html.text
    assert [one.name for one in tmp_path.iterdir()] == ["run.html"]


def test_a_report_shows_a_dash_for_an_output_without_value(run_file: Path):
    page = run_report(df.open_run(run_file))
    for name in WITHOUT_VALUE:
        assert f'<td>{name}</td><td class="n">&ndash;</td>' in page
    assert page.count("&ndash;") == len(WITHOUT_VALUE) and ">nan<" not in page


def test_a_report_of_a_run_that_lists_no_layers_leaves_them_out(run_file: Path):
    data = df.open_run(run_file)
    resolved = json.loads(data.attrs["resolved_json"])
    layers = resolved.pop("skin.layers")["value"]
    data.attrs["resolved_json"] = json.dumps(resolved)
    page = run_report(data)
    assert layers and page.count("<img") == run_report(df.open_run(run_file)).count("<img") >= 5


def test_a_report_is_utf_8_where_the_locale_is_not(tmp_path: Path):
    """Of letters beyond ASCII and beyond two bytes, in the report and in the treatment that is written anew for the counterpart."""
    title = "Gl\u00e4tte \u2192 \U0001f600"
    (tmp_path / "t.toml").write_text(f'inherits = "{NORMAL}"\ntitle = "{title}"\n', encoding="utf-8")
    df.run(df.load(tmp_path / "t.toml"), grid="quick").save(tmp_path / "run.h5")
    command = [sys.executable, "-X", "utf8=0", "-c", MAIN, "report", str(tmp_path / "run.h5"), "--counterpart", "bald"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"})
    page = (tmp_path / "run.html").read_text(encoding="utf-8")
    assert done.returncode == 0 and f"<h1>{title}</h1>" in page and "bald skin was computed for this report" in page, done.stderr


def test_report_takes_the_name_of_the_run_file(cli, run_file: Path):
    assert cli("report", run_file).code == 0
    assert run_file.with_suffix(".html").is_file()


# exit codes of the installed command, in its own process


def test_the_command_of_a_shell_gives_the_exit_codes(tmp_path: Path):
    def shell(*arguments: object) -> int:
        return subprocess.run([sys.executable, "-c", MAIN, *map(str, arguments)], capture_output=True, cwd=tmp_path).returncode

    assert shell("info") == 0
    assert shell("run", "missing.toml") == 2


def test_a_sweep_with_failed_members_ends_with_3_and_keeps_the_others(cli, tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.stall_force_n": [0.2, 3.0]})
    done = cli("sweep", "run", plan, "-o", tmp_path / "s.h5", *flags(STALLING))
    assert done.code == 3
    assert "2 members, 1 failed" in done.out and "motor stalls" in one_line(done.err)
    assert (tmp_path / "s.h5").is_file()


def test_a_sweep_without_failures_ends_with_0(cli, tmp_path: Path):
    done = cli("sweep", "run", write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.4]}), "-o", tmp_path / "s.h5")
    assert done.code == 0 and "1 members, 0 failed" in done.out
    assert re.fullmatch(r"a sweep: on serial \(.+\)\n", done.err)


@pytest.mark.parametrize(
    ("override", "word"),
    [("host.keloid_history=true", "keloid"), ("host.active_inflammation=true", "inflammation"), ("host.months_since_surgery=3", "immature scar")],
)
def test_a_preset_that_must_not_be_issued_ends_with_4_and_writes_nothing(cli, tmp_path: Path, override: str, word: str):
    done = cli("calibrate", CONFIGS / "calibrations/scalp.toml", "--class", "normal", "-o", tmp_path / "out", "--quick", "-s", override)
    assert done.code == 4 and word in one_line(done.err)
    assert list(tmp_path.iterdir()) == []


# Ctrl-C


def test_ctrl_c_stops_a_sweep_at_once_and_keeps_what_finished(tmp_path: Path):
    depths = [round(0.25 + 0.005 * n, 3) for n in range(80)]  # 80 standard runs: most of a minute
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": depths}, head='grid = "standard"')
    journal = tmp_path / "s.h5.journal"
    command = [sys.executable, "-c", MAIN, "sweep", "run", str(plan), "-o", str(tmp_path / "s.h5")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_for_lines(process, journal, 3)
        process.send_signal(signal.SIGINT)
        asked = time.monotonic()
        _, error = process.communicate(timeout=30)
        took = time.monotonic() - asked
    assert process.returncode == 130
    assert one_line(error) == "dermaflux: stopped; what had finished is kept"
    assert took < 3.0  # within a second, and the interpreter ends
    assert not (tmp_path / "s.h5").exists()
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    assert 2 <= len(entries) - 1 < len(depths)
    assert all(math.isfinite(entry["outputs"]["contrast_1y"]) for entry in entries[1:])


def test_ctrl_c_stops_a_calibration_with_130_and_writes_nothing(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    run_batch = search.run_batch
    finished = []

    def interrupted(members, *, done, **options):
        def stop(index: int, outcome: object) -> None:
            done(index, outcome)
            finished.append(index)
            os.kill(os.getpid(), signal.SIGINT)

        return run_batch(members, done=stop, **options)

    monkeypatch.setattr(search, "run_batch", interrupted)
    begun = time.monotonic()
    done = cli("calibrate", CONFIGS / "calibrations/scalp.toml", "-o", tmp_path / "out")
    assert done.code == 130 and "stopped" in done.err and finished
    assert len(finished) < 9 * 32 and time.monotonic() - begun < 20.0  # all members take minutes
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_stops_a_run_and_the_next_one_works(normal: df.Treatment):
    def stop(share: float) -> None:
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _core.run(normal._document, "fine", 0.02, 5.0, "auto", stop)
    assert df.run(normal, grid="quick")["strokes"] == 14
