"""The format of device presets: two readers that agree, corruption, migration, signatures, commands."""

import copy
import datetime
import json
import math
import random
import shutil
import subprocess
from pathlib import Path

import jsonschema
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from preset_samples import CELL, HIGHEST, RULES, as_bytes, broken_preset, judge_days, of_schema_1_0, of_schema_1_1, of_schema_1_2, random_preset, resealed, sample
from preset_samples import sessions, settings_for

import dermaflux as df
from dermaflux import _core
from dermaflux.preset import DAYS_SINCE, load_preset, migrate, read_preset, restate, save_preset, schema
from dermaflux.preset_signing import public_key_bytes, sign_preset, verify_preset

LIMITS = {name: (RULES[1][name], HIGHEST[name]) for name in HIGHEST}


def compiled(content: bytes, machine: str = "pen") -> _core.PresetReader:
    """The driver's reader with the widest rules."""
    return _core.PresetReader(content, machine, RULES[1], HIGHEST, "2026-11-29", True, True)


def error_name(error: Exception) -> str:
    """Name of the error in a message of the driver's reader."""
    return str(error).split("refused, ")[1].split(" ")[0].rstrip(":")


def accepted(content: bytes, reader) -> bool:
    try:
        reader(content)
    except df.InputError:
        return False
    return True


@pytest.fixture
def preset_file(tmp_path: Path) -> Path:
    return save_preset(sample(), tmp_path / "dot.preset.json")


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """Private and public key, PEM, as OpenSSL writes them."""
    return write_keys(tmp_path, "key")


def write_keys(folder: Path, name: str) -> tuple[Path, Path]:
    key = Ed25519PrivateKey.generate()
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / f"{name}.pem").write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    (folder / f"{name}.public.pem").write_bytes(key.public_key().public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo))
    return folder / f"{name}.pem", folder / f"{name}.public.pem"


# two readers


def test_both_readers_accept_a_sound_preset_and_give_the_same_answer():
    content = as_bytes(sample())
    preset, reader = read_preset(content), compiled(content)
    assert reader.settings == preset["settings"]
    assert reader.settings_for(140, 0.2) == settings_for(preset, 140, 0.2)
    assert reader.settings_for(140, 0.2)[0]["depth_mm"] == pytest.approx(0.35, rel=1e-15)
    assert reader.text("intended_use/text") == "Grüße\\n"
    alarms = [("bleed_probability", "above"), (DAYS_SINCE, "below"), ("force ratio", "outside")]
    assert [(row["quantity"], row["side"]) for row in reader.alarms] == alarms
    assert reader.sessions() == sessions(preset) and reader.sessions()["touch_up_years"] == [0.75, 4.5, math.inf]
    assert [reader.judge(DAYS_SINCE, days) for days in (5, 6, 10)] == ["stop", "warn", "fine"]
    assert reader.number("location/range/depth_mm/min") == 0.25 and math.isnan(reader.number("location/known"))
    assert [reader.judge("bleed_probability", p) for p in (0.2, 0.3, 0.6)] == ["fine", "warn", "stop"]


def test_both_readers_refuse_a_file_in_which_any_one_byte_differs():
    content = as_bytes(sample())
    chance = random.Random(20261129)
    for place, byte in enumerate(content):
        for other in {byte ^ 1, byte ^ 0x20, chance.choice([b for b in range(256) if b != byte])}:
            altered = content[:place] + bytes([other]) + content[place + 1 :]
            assert not accepted(altered, read_preset), (place, other)
            assert not accepted(altered, compiled), (place, other)


def test_both_readers_agree_on_a_thousand_random_presets_and_what_they_answer():
    chance = random.Random(20261129)
    seen, plans = {True: 0, False: 0}, [0, 0, 0]
    for n in range(1000):
        preset = random_preset(chance) if n % 2 else broken_preset(chance)
        content = as_bytes(preset)
        good = accepted(content, read_preset)
        machine, about = preset.get("machine"), preset.get("preset")
        model = machine.get("model") if isinstance(machine, dict) else None
        if good and about["status"] == "withdrawn":
            continue
        fits = accepted(content, lambda one, name=model: compiled(one, name if isinstance(name, str) else "pen"))
        assert good == fits, (preset, good)
        seen[good] += 1
        if good and "settings_table" in preset:
            agree_on_questions(preset, compiled(content, model), chance)
        if good:
            agree_on_sessions(preset, compiled(content, model), chance)
            plans[0 if "sessions" not in preset else 1 if "p95_years" in preset["sessions"]["touch_up"] else 2] += 1
    assert seen[True] > 500 and seen[False] > 200 and min(plans) > 50, (seen, plans)


def agree_on_sessions(preset: dict, reader: _core.PresetReader, chance: random.Random) -> None:
    """The plan, and days since the last session at, beside and between what it and the alarm say."""
    try:
        plan = sessions(preset)
    except df.InputError:
        with pytest.raises(df.InputError, match="refused, no_plan"):
            reader.sessions()
        plan = {"earliest_day": 5.0, "days_between": (10.0, 14.0)}
    else:
        assert reader.sessions() == plan
    edges = [5.0, float(plan["earliest_day"]), float(plan["days_between"][0])]
    for days in (*edges, *(math.nextafter(edge, -math.inf) for edge in edges), chance.uniform(0, 40), -1.0, math.nan, math.inf):
        assert reader.judge(DAYS_SINCE, days) == judge_days(preset, days), days


def agree_on_questions(preset: dict, reader: _core.PresetReader, chance: random.Random) -> None:
    """Questions on, between and beyond the values of the table."""
    table = preset["settings_table"]
    for _ in range(8):
        question = []
        for axis in (table["thickness_um"], table["force_n"]):
            inside = chance.uniform(axis[0], axis[-1])
            question.append(chance.choice([inside, inside, inside, chance.choice(axis), axis[0] * 0.999, axis[-1] * 1.001, float("nan")]))
        answers = []
        for ask in (reader.settings_for, lambda *q: settings_for(preset, *q)):
            try:
                answers.append(ask(*question))
            except df.InputError as error:
                answers.append(error_name(error))
        assert answers[0] == answers[1], question


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda p: p["preset"].update(status="withdrawn"), "withdrawn"),
        (lambda p: p["preset"].update(expires="2026-11-28"), "expired"),
        (lambda p: p["machine"].update(model="other"), "wrong_machine"),
        (lambda p: p["settings"].update(depth_mm=0.1), "outside_envelope"),
        (lambda p: p["settings"].update(frequency_hz=45), "outside_machine"),
        (lambda p: p["tolerance"]["depth_mm"].update(min=0.31), "outside_tolerance"),
        (lambda p: p["settings_table"]["cells"][0].update(dwell_ms=401), "outside_envelope"),
        (lambda p: p["settings_table"]["cells"].pop(), "out_of_range"),
        (lambda p: p.update(schema_version="2.0.0"), "wrong_version"),
        (lambda p: p["alarms"][2].pop("stop"), "out_of_range"),
        (lambda p: p["sessions"].update(earliest_day=4.9), "impossible_plan"),
        (lambda p: p["sessions"]["count"].update(max=7), "out_of_range"),
        (lambda p: p["location"].update(known=1), "wrong_kind"),
    ],
)
def test_the_driver_is_told_which_error_it_is(change, error: str):
    preset = copy.deepcopy(sample())
    change(preset)
    with pytest.raises(df.InputError) as refused:
        compiled(as_bytes(resealed({key: value for key, value in preset.items() if key != "sha256"})))
    assert error_name(refused.value) == error


def test_the_reader_for_python_refuses_by_default(preset_file: Path, keys: tuple[Path, Path]):
    def error(**rules) -> str:
        with pytest.raises(df.InputError) as refused:
            df.PresetReader(preset_file, "pen", rules.pop("limits", LIMITS), **rules)
        return error_name(refused.value)

    assert error() == "research"
    assert error(allow_research=True) == "unsigned_preset"
    assert error(allow_research=True, allow_unsigned=True, limits=LIMITS | {"depth_mm": (0.1, 0.29)}) == "outside_machine"
    assert error(allow_research=True, allow_unsigned=True, limits={name: ends for name, ends in LIMITS.items() if name != "angle_deg"}) == "outside_machine"
    with pytest.raises(df.FileError, match="sig"):
        df.PresetReader(preset_file, "pen", LIMITS, allow_research=True, public_key=keys[1])
    sign_preset(preset_file, keys[0])
    assert error(public_key=keys[1]) == "research"
    reader = df.PresetReader(preset_file, "pen", LIMITS, allow_research=True, public_key=keys[1])
    assert reader.settings["depth_mm"] == 0.3 and reader.allows(reader.settings) == "none"
    assert reader.allows(reader.settings | {"depth_mm": 1.1}) == "outside_envelope"
    assert reader.judge("what nobody knows", 1.0) == "stop" and reader.text("needle/model") == "needle"
    with pytest.raises(df.FileError, match="gone"):
        df.PresetReader(preset_file.with_name("gone.json"), "pen", LIMITS)


def test_a_preset_that_expires_needs_the_date(tmp_path: Path):
    path = save_preset(restate(sample(), version="1.0.1", expires="2027-01-31"), tmp_path / "dot.preset.json")
    loose = {"allow_research": True, "allow_unsigned": True}
    assert df.PresetReader(path, "pen", LIMITS, today=datetime.date(2027, 1, 31), **loose).settings["dwell_ms"] == 300
    with pytest.raises(df.InputError, match="expired"):
        df.PresetReader(path, "pen", LIMITS, today=datetime.date(2027, 2, 1), **loose)


# schema and migration


def test_the_schemas_are_sound_and_newer_ones_only_add():
    samples = {"1.0.0": of_schema_1_0(sample()), "1.1.0": of_schema_1_1(sample()), "1.2.0": of_schema_1_2(sample()), "1.3.0": sample()}
    assert schema() == schema("1.3.0") and len(list((df.configs() / "schema").iterdir())) == len(samples)
    for version, own in samples.items():
        jsonschema.Draft202012Validator.check_schema(schema(version))
        jsonschema.Draft202012Validator(schema(version)).validate(own)
        assert set(schema(version)["required"]) == set(schema()["required"])
    jsonschema.Draft202012Validator(schema("1.1.0")).validate(samples["1.0.0"] | {"schema_version": "1.1.0"})
    untold = of_schema_1_1(sample())
    untold["provenance"]["data"] = []  # as all presets of 1.1 have it; its names became objects in 1.2
    jsonschema.Draft202012Validator(schema()).validate(untold)


def test_a_preset_of_schema_1_0_is_read_in_any_layout_and_migrates(cli, tmp_path: Path):
    old = of_schema_1_0(sample())
    path = tmp_path / "old.preset.json"
    path.write_text(json.dumps(dict(reversed(old.items())), indent=1))
    assert load_preset(path) == old and cli("preset", "check", path).code == 0
    done = cli("preset", "export", path, "-o", tmp_path / "new.preset.json")
    assert done.code == 0 and "no settings table" in done.out and "no session plan" in done.out
    new = load_preset(tmp_path / "new.preset.json")
    assert new["schema_version"] == "1.3.0" and new["schema"] == schema()["$id"]
    assert new["provenance"].pop("migrated_from_sha256") == old["sha256"]
    assert new["provenance"]["data"] == [{"name": "sections"}]
    new["provenance"]["data"] = ["sections"]
    same = {key: value for key, value in old.items() if key not in ("schema", "schema_version", "sha256")}
    assert {key: new[key] for key in same} == same and set(new) == set(old)
    assert migrate(sample()) == sample()
    for content in (as_bytes(old), (tmp_path / "new.preset.json").read_bytes()):  # the driver reads both, in canonical bytes
        with pytest.raises(df.InputError, match="refused, no_table"):
            compiled(content).settings_for(140, 0.2)


def test_a_preset_of_1_1_migrates_and_no_plan_is_invented(cli, tmp_path: Path):
    """What a 1.0 would have become by the program that wrote 1.1, too: each step names the hash of the one before."""
    oldest, old = of_schema_1_0(sample()), of_schema_1_1(sample())
    between = {key: value for key, value in oldest.items() if key != "sha256"} | {"schema_version": "1.1.0"}
    between["provenance"] = oldest["provenance"] | {"migrated_from_sha256": oldest["sha256"]}
    for n, preset in enumerate((old, resealed(between))):
        path, out = save_preset(preset, tmp_path / f"{n}.json"), tmp_path / f"new-{n}.json"
        assert load_preset(path) == preset and cli("preset", "check", path).code == 0
        done = cli("preset", "export", path, "-o", out)
        assert done.code == 0 and ("no settings table" in done.out) == (n == 1) and "no session plan" in done.out
        new = load_preset(out)
        assert new["schema_version"] == "1.3.0" and new["provenance"]["migrated_from_sha256"] == preset["sha256"]
        assert set(new) == set(preset) and not {"sessions", "location", "searched"} & set(new)
        changed = ("schema", "schema_version", "provenance", "sha256")
        assert all(new[key] == preset[key] for key in preset if key not in changed)
        assert cli("preset", "export", out, "-o", tmp_path / "again.json").code == 0
        assert (tmp_path / "again.json").read_bytes() == out.read_bytes()
        for content in (as_bytes(preset), out.read_bytes()):  # the driver reads both
            reader = compiled(content)
            with pytest.raises(df.InputError, match="refused, no_plan"):
                reader.sessions()
            assert [reader.judge(DAYS_SINCE, days) for days in (4.9, 5.0)] == ["stop", "fine"]  # by the alarm
        assert "no session plan" in cli("preset", "show", out).out


@pytest.mark.parametrize("key", ["sessions", "location", "searched", "prior_keys", "data"])
def test_a_preset_of_schema_1_1_knows_no_key_of_1_2(key: str):
    preset = of_schema_1_1(sample())
    inside = (preset, sample()) if key in sample() else (preset["provenance"], sample()["provenance"])
    inside[0][key] = inside[1][key]
    content = as_bytes(resealed({name: value for name, value in preset.items() if name != "sha256"}))
    assert not accepted(content, read_preset) and not accepted(content, compiled)


@pytest.mark.parametrize("version", ["1.3.0", "1.01.0", "1." + "9" * 5000 + ".0"])
def test_a_later_minor_version_is_read_as_the_newest_that_is_known(version: str):
    preset = resealed({key: value for key, value in (sample() | {"schema_version": version}).items() if key != "sha256"})
    good = not version.startswith("1.01")  # that is 1.1, which knows no session plan
    assert accepted(as_bytes(preset), read_preset) == good and accepted(as_bytes(preset), compiled) == good


def edged(place: tuple[str, ...], value: object) -> bytes:
    preset = {key: value for key, value in sample().items() if key != "sha256"}
    node = preset
    for key in place[:-1]:
        node = node[key]
    if value is None:
        node.pop(place[-1])
    else:
        node[place[-1]] = value
    return as_bytes(resealed(preset))


UP, DOWN = math.inf, -math.inf


@pytest.mark.parametrize(
    ("place", "good", "bad"),
    [
        (("sessions", "earliest_day"), (5, 7, 10), (math.nextafter(5, DOWN), math.nextafter(10, UP), 0, "6", None)),
        (("sessions", "days_between", "min"), (6, 10, 14), (math.nextafter(6, DOWN), math.nextafter(14, UP))),
        (("sessions", "days_between", "max"), (10, 14, 300), (math.nextafter(10, DOWN), None)),
        (("sessions", "count", "min"), (1, 2, 3), (0, 4, 1.5, -1, True)),
        (("sessions", "count", "max"), (3,), (1, 2, 4, 7)),
        (("sessions", "purposes"), (["a", "b", "c"],), ([], ["a", "b"], ["a", "b", "c", "d"], ["a", "b", ""], ["a", "b", 1])),
        (("sessions", "source"), ("s",), ("", None)),
        (("sessions", "touch_up", "p05_years"), (1e-9, 0.75, 4.5), (0, math.nextafter(4.5, UP), None)),
        (("sessions", "touch_up", "p50_years"), (0.75, 10, None), (math.nextafter(0.75, DOWN), math.nextafter(10, UP))),
        (("sessions", "touch_up", "p95_years"), (4.5, 10), (math.nextafter(4.5, DOWN), math.nextafter(10, UP))),
        (("sessions", "touch_up", "horizon_years"), (4.5, 30), (math.nextafter(4.5, DOWN), 0, None)),
        (("sessions", "touch_up", "share_of_contrast_day14"), (1e-9, 1), (0, math.nextafter(1, UP), None)),
        (("sessions", "touch_up", "contrast_low"), (1e-9, 0.3, 2, None), (0, -0.3)),
        (("sessions", "touch_up", "draws"), (1, 65536), (0, 1.5)),
        (("sessions", "touch_up"), (), (None, {})),
        (("location", "best", "depth_mm"), (0.25, 0.31, 0.4), (math.nextafter(0.25, DOWN), math.nextafter(0.4, UP))),
        (("location", "best", "dwell_ms"), (250, 290, 350), (math.nextafter(250, DOWN), math.nextafter(350, UP))),
        (("location", "range", "depth_mm", "max"), (0.31, 9), (math.nextafter(0.31, DOWN),)),
        (("location", "confidence"), (0, 0.9, 1), (-1e-300, math.nextafter(1, UP))),
        (("location", "known"), (True, False), (0, "true", None)),
        (("location", "asked", "depth_um"), (1e-9, 25), (0, -25)),
        (("location", "draws"), (1,), (0,)),
        (("searched", 0, "chosen"), (80, 100), (math.nextafter(100, UP), "100", True, None)),
        (("searched", 0, "tried"), ([100], [100, "100"]), ([], [80], [100, ""], [100, None], [100, {}], "100")),
        (("searched", 1, "chosen"), ("a", "b"), ("c", "", 1)),
        (("searched",), (None,), ([],)),
        (("sessions",), (None,), ({}, [])),
        (("location",), (None,), ({},)),
        (("provenance", "data"), ([], [{"name": "a"}]), ([{}], ["a"], [{"name": ""}], [{"name": "a", "sha256": "1"}], [{"name": "a", "x": "1"}], None)),
        (("provenance", "prior_keys"), ([], ["a", "b"], None), ([""], [1], "k")),
    ],
    ids=lambda one: "/".join(map(str, one)) if isinstance(one, tuple) and one and one[0] in ("sessions", "location", "searched", "provenance") else "",
)
def test_what_1_2_brought_is_read_up_to_its_edges_and_refused_just_beyond(place: tuple, good: tuple, bad: tuple):
    for values, wanted in ((good, True), (bad, False)):
        for value in values:
            content = edged(place, value)
            assert accepted(content, read_preset) == accepted(content, compiled) == wanted, value


@pytest.mark.parametrize("key", ["settings_table", "limits", "expires"])
def test_a_preset_of_schema_1_0_knows_no_key_of_1_1(key: str):
    preset = copy.deepcopy(of_schema_1_0(sample()))
    {"settings_table": preset, "limits": preset["machine"], "expires": preset["preset"]}[key][key] = (
        {"settings_table": sample()["settings_table"], "limits": {"depth_mm": {"min": 0, "max": 1}}, "expires": "2030-01-01"}[key]
    )  # fmt: skip
    content = as_bytes(resealed({name: value for name, value in preset.items() if name != "sha256"}))
    assert not accepted(content, read_preset) and not accepted(content, compiled)


def test_a_preset_of_1_1_in_another_layout_is_refused_and_export_does_not_hide_it(cli, tmp_path: Path):
    path = tmp_path / "pretty.json"
    for text in (json.dumps(sample(), indent=1), as_bytes(sample()).decode() + "\n"):
        path.write_text(text)
        done = cli("preset", "check", path)
        assert done.code == 2 and "canonical form" in done.err
        with pytest.raises(df.InputError, match="not_canonical"):
            compiled(path.read_bytes())


# commands


def test_export_gives_the_same_bytes_each_time_and_the_reader_loads_them(cli, preset_file: Path, tmp_path: Path):
    done = cli("preset", "export", preset_file, "-o", tmp_path / "out.json", "--json")
    assert done.code == 0 and json.loads(done.out)["sha256"] == sample()["sha256"]
    assert (tmp_path / "out.json").read_bytes() == preset_file.read_bytes() == as_bytes(sample())


def test_export_states_a_new_version_with_its_status_and_end(cli, preset_file: Path, tmp_path: Path):
    out = tmp_path / "out.json"
    assert cli("preset", "export", preset_file, "-o", out, "--status", "reviewed", "--version", "1.0.1", "--expires", "2027-11-30").code == 0
    assert load_preset(out)["preset"] == sample()["preset"] | {"version": "1.0.1", "status": "reviewed", "expires": "2027-11-30"}
    for options, word in (
        (["--status", "reviewed"], "new version"),
        (["--status", "reviewed", "--version", "1.0.0"], "new version"),
        (["--status", "approved", "--version", "1.0.1"], "approved"),
        (["--expires", "soon", "--version", "1.0.1"], "soon"),
        (["--version", "one"], "one"),
    ):
        done = cli("preset", "export", preset_file, "-o", tmp_path / "none.json", *options)
        assert done.code == 2 and word in done.err and not (tmp_path / "none.json").exists(), done


def test_a_signature_is_verified_and_every_alteration_refused(cli, preset_file: Path, keys: tuple[Path, Path], tmp_path: Path):
    private, public = keys
    assert cli("preset", "sign", preset_file, "--key", private).code == 0
    signature = tmp_path / "dot.preset.json.sig"
    assert len(signature.read_bytes()) == 64
    done = cli("preset", "verify", preset_file, "--public-key", public, "--json")
    assert done.code == 0 and json.loads(done.out)["public_key"] == public_key_bytes(public).hex() and len(public_key_bytes(public)) == 32
    signed = signature.read_bytes()
    for altered in (bytes([signed[0] ^ 1]) + signed[1:], signed[:-1], b"", signed + b"x"):
        signature.write_bytes(altered)
        done = cli("preset", "verify", preset_file, "--public-key", public)
        assert done.code == 2 and "bad_signature" in done.err
    signature.write_bytes(signed)
    assert cli("preset", "verify", preset_file, "--public-key", write_keys(tmp_path, "other")[1]).code == 2
    save_preset(resealed({key: value for key, value in (sample() | {"warnings": ["w"]}).items() if key != "sha256"}), preset_file)
    assert "bad_signature" in cli("preset", "verify", preset_file, "--public-key", public).err


def test_export_signs_what_it_writes(cli, preset_file: Path, keys: tuple[Path, Path], tmp_path: Path):
    out = tmp_path / "out.json"
    done = cli("preset", "export", preset_file, "-o", out, "--key", keys[0], "--json")
    assert done.code == 0 and json.loads(done.out)["signature"] == f"{out}.sig"
    verify_preset(out, keys[1])


def test_openssl_makes_the_keys_and_verifies_the_signature(preset_file: Path, tmp_path: Path):
    if not (openssl := shutil.which("openssl")):
        pytest.skip("no openssl")
    private, public = tmp_path / "own.pem", tmp_path / "own.public.pem"

    def call(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run([openssl, *map(str, arguments)], capture_output=True, text=True)

    assert call("genpkey", "-algorithm", "ed25519", "-out", private).returncode == 0
    assert call("pkey", "-in", private, "-pubout", "-out", public).returncode == 0
    signature = sign_preset(preset_file, private)
    verify_preset(preset_file, public)
    verified = call("pkeyutl", "-verify", "-pubin", "-inkey", public, "-rawin", "-in", preset_file, "-sigfile", signature)
    assert verified.returncode == 0, verified.stderr


def test_a_key_of_another_kind_is_refused_and_says_how_to_make_one(cli, preset_file: Path, keys: tuple[Path, Path], tmp_path: Path):
    rsa = generate_private_key(65537, 2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "rsa.pem").write_bytes(rsa.private_bytes(encoding, form, serialization.NoEncryption()))
    secret = serialization.load_pem_private_key(keys[0].read_bytes(), None)
    (tmp_path / "locked.pem").write_bytes(secret.private_bytes(encoding, form, serialization.BestAvailableEncryption(b"word")))
    (tmp_path / "none.pem").write_text("no key")
    for name in ("rsa.pem", "locked.pem", "none.pem", keys[1].name):
        done = cli("preset", "sign", preset_file, "--key", tmp_path / name)
        assert done.code == 2 and name in done.err and "openssl genpkey" in done.err
        assert not (tmp_path / "dot.preset.json.sig").exists()
    sign_preset(preset_file, keys[0])
    done = cli("preset", "verify", preset_file, "--public-key", keys[0])
    assert done.code == 2 and "-pubout" in done.err
    assert cli("preset", "sign", preset_file, "--key", tmp_path / "gone.pem").code == 2


def test_nothing_is_signed_that_is_refused(cli, preset_file: Path, keys: tuple[Path, Path], tmp_path: Path):
    preset_file.write_bytes(preset_file.read_bytes().replace(b"0.3,", b"0.4,", 1))
    assert "altered" in cli("preset", "sign", preset_file, "--key", keys[0]).err
    (tmp_path / "old.json").write_text(json.dumps(of_schema_1_0(sample())))
    assert "preset export" in cli("preset", "sign", tmp_path / "old.json", "--key", keys[0]).err
    assert not list(tmp_path.glob("*.sig"))


def test_diff_names_every_value_that_differs(cli, preset_file: Path, tmp_path: Path):
    other = save_preset(restate(sample(), version="1.0.1", expires="2027-11-30"), tmp_path / "other.json")
    done = cli("preset", "diff", preset_file, other)
    assert done.code == 0
    assert {line.split(": ")[0] for line in done.out.splitlines()} == {"preset/version", "preset/expires", "sha256"}
    assert 'preset/expires: absent -> "2027-11-30"' in done.out
    assert json.loads(cli("preset", "diff", preset_file, other, "--json").out)[0] == {"key": "preset/expires", "first": None, "second": "2027-11-30"}
    preset = {key: value for key, value in sample().items() if key not in ("sha256", "location")}
    preset["sessions"]["touch_up"]["p50_years"] = 5
    other = save_preset(resealed(preset), other)
    lines = cli("preset", "diff", preset_file, other).out.splitlines()
    assert "sessions/touch_up/p50_years: 4.5 -> 5" in lines and "location/best/depth_mm: 0.31 -> absent" in lines
    assert cli("preset", "diff", preset_file, preset_file).out == "no difference\n"


def test_show_prints_settings_table_and_alarms_and_json(cli, preset_file: Path, tmp_path: Path):
    done = cli("preset", "show", preset_file)
    assert done.code == 0
    flat = " ".join(done.out.split())
    for word in ("dot 1.0.0, research", "depth_mm", "bleed_probability", "0.25 to 0.35", "100", "keloid", "2 to 3 sessions, 10 to 14 days", "none before day 6",
                 "session 3: the rest", "due again after 4.5 years (5 %: 274 days, 95 %: not before 10 years)", "between 0.250 and 0.400 mm",
                 "needle.model = a, of a, b"):  # fmt: skip
        assert word in flat, done.out
    assert json.loads(cli("preset", "show", preset_file, "--json").out) == sample()
    (tmp_path / "old.json").write_text(json.dumps(of_schema_1_0(sample())))
    assert "cannot be adapted" in cli("preset", "show", tmp_path / "old.json").out


@pytest.mark.parametrize("command", ["check", "show", "diff", "sign", "verify", "export"])
def test_every_command_refuses_an_altered_preset(cli, preset_file: Path, keys: tuple[Path, Path], tmp_path: Path, command: str):
    sign_preset(preset_file, keys[0])
    bad = tmp_path / "bad.json"
    bad.write_bytes(preset_file.read_bytes().replace(b"0.3,", b"0.4,", 1))
    (tmp_path / "bad.json.sig").write_bytes((tmp_path / "dot.preset.json.sig").read_bytes())
    more = {"diff": [preset_file], "sign": ["--key", keys[0]], "verify": ["--public-key", keys[1]], "export": ["-o", tmp_path / "out.json"]}
    done = cli("preset", command, bad, *more.get(command, []))
    assert done.code == 2 and "bad.json" in done.err and "altered" in done.err and not (tmp_path / "out.json").exists()


def test_an_answer_is_linear_between_the_cells_and_there_is_none_beyond():
    preset = sample()
    settings, expected = settings_for(preset, 100, 0.15)
    assert settings == pytest.approx(preset["settings"]) and expected == pytest.approx({k: CELL[k] for k in expected})
    for question, error in (((100, 0.3), "no_answer"), ((99.9, 0.2), "outside_table"), ((140, 0.41), "outside_table"), ((float("inf"), 0.2), "bad_question")):
        for ask in (compiled(as_bytes(preset)).settings_for, lambda *q: settings_for(preset, *q)):
            with pytest.raises(df.InputError) as refused:
                ask(*question)
            assert error_name(refused.value) == error
