"""Hair matching: the ink and the dilution whose dot has the colour of a client's hair, and the skin that looks like the client's."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import NORMAL

import dermaflux as df
from dermaflux import _core
from dermaflux.looks import look
from dermaflux.matching import _families, fit_skin

YEAR = 365.25


@pytest.fixture(scope="module")
def short(normal: df.Treatment) -> df.Treatment:
    """A dot of few strokes, which is quick to run and dark enough."""
    return normal.with_({"machine.dwell_ms": 60})


def dot_lab(treatment: df.Treatment, day: float = YEAR) -> list[float]:
    """Colour of the dot's centre, as a run has it."""
    return _core.lab(list(look(df.run(treatment, grid="quick", horizon_year=1.0).to_xarray(), day).centre()))


def test_hair_of_the_colour_of_a_dot_is_matched_by_the_ink_and_the_dilution_of_that_dot(short: df.Treatment):
    """The colour comes from the model, so an exact match exists; the search ends within 1 % of the dilution, which moves the dot by less than
    a tenth of a Delta E."""
    hair = dot_lab(short.with_({"ink.model": "black_brown_mix", "ink.dilution": 0.2}))
    found = df.match_hair(short, hair, day=YEAR, inks=["azo_red", "black_brown_mix", "carbon_black_neat"])
    best = found.ranking[0]
    assert found.matched and best.ink == "black_brown_mix" and best.delta_e < 0.1 and best.dilution == pytest.approx(0.2, rel=0.02)
    assert [one.delta_e for one in found.ranking] == sorted(one.delta_e for one in found.ranking) and len(found.ranking) == 3
    assert best.lab == pytest.approx(tuple(hair), abs=0.2) and best.at_limit == ""
    assert "black_brown_mix at dilution" in found.verdict() and "matches the hair after 365.25 days" in found.verdict()


def test_a_match_looks_at_the_asked_day_alone_and_sees_what_the_whole_run_shows(short: df.Treatment):
    class Watched:
        """A run that tells which of its moments are looked at."""

        def __init__(self, run: _core.Run):
            self.run, self.moments = run, []

        def __getattr__(self, name: str) -> object:
            return getattr(self.run, name)

        def view(self, moment: int) -> np.ndarray:
            self.moments.append(moment)
            return self.run.view(moment)

    result = df.run(short, grid="quick", horizon_year=1.0)
    result._run = watched = Watched(result._run)
    seen = look(result, 14.0)
    assert len(watched.moments) == 1 and watched.run.series["time_day"][watched.moments[0]] == 14.0
    whole = look(result.to_xarray(), 14.0)
    for name in ("radius_mm", "dot", "skin"):
        np.testing.assert_array_equal(getattr(seen, name), getattr(whole, name))
    assert (seen.day, seen.edge_mm, seen.contrast, seen.fwhm_mm) == (whole.day, whole.edge_mm, whole.contrast, whole.fwhm_mm)
    for day, words in ((20.0, "nearest is 14"), (800.0, "ends on day 365")):
        with pytest.raises(df.InputError, match=words):
            look(result, day)


def test_lighter_hair_takes_thinner_ink(short: df.Treatment):
    dilutions = [df.match_hair(short, (level, 5.0, 12.0), inks=["carbon_black_neat"]).ranking[0].dilution for level in (42.0, 47.0, 52.0)]
    assert dilutions[0] > dilutions[1] > dilutions[2]


def test_the_horizon_counts(short: df.Treatment):
    """A dot fades, so the same hair needs stronger ink if it is to match later."""
    early, late = (df.match_hair(short, (47.0, 5.0, 12.0), day=day, inks=["carbon_black_neat"]).ranking[0].dilution for day in (14.0, 1826.25))
    assert late > 1.1 * early


def test_hair_that_no_ink_reaches_is_said_to_be_so(short: df.Treatment):
    found = df.match_hair(short, (15.0, 2.0, 2.0), inks=["iron_oxide_brown", "carbon_black_neat"])
    assert not found.matched and found.ranking[0].delta_e > 5.0
    for words in ("no ink reaches a match", "carbon_black_neat", "lighter", "strongest of its range", "seen through the skin"):
        assert words in found.verdict(), words
    assert found.summary().endswith(found.verdict())
    assert df.match_hair(short, (15.0, 2.0, 2.0), inks=["carbon_black_neat"], accept=60.0).matched


def test_dilutions_of_one_ink_count_once(normal: df.Treatment):
    names = set(_families(normal, None))
    assert "carbon_black_neat" in names and not any(name.startswith("carbon_black_smp") for name in names)
    assert {"iron_oxide_brown", "titanium_white", "azo_red", "black_brown_mix"} <= names


def test_a_skin_of_the_model_is_found_again(normal: df.Treatment):
    for melanosomes, blood in ((0.01, 0.003), (0.04, 0.008), (0.2, 0.004)):
        like = normal.with_({"skin.melanosome_fraction": melanosomes, "skin.blood_fraction": blood})
        fitted, fit = fit_skin(normal, _core.lab(_core.skin_reflectance(like._document)))
        # Three smooth numbers by two, with an exact answer: least squares ends where steps are 1e-8 of the parameters.
        assert fit.delta_e < 1e-3 and fit.melanosome_fraction == pytest.approx(melanosomes, rel=1e-3)
        assert fit.blood_fraction == pytest.approx(blood, rel=1e-3)
        assert fitted["skin.melanosome_fraction"] == fit.melanosome_fraction


def test_the_skin_of_the_client_is_that_of_the_match(short: df.Treatment):
    hair = (30.0, 4.0, 8.0)
    light, dark = (df.match_hair(short, hair, skin, inks=["carbon_black_neat"]) for skin in ((70.0, 6.0, 16.0), (45.0, 9.0, 23.0)))
    assert light.skin is not None and light.skin.delta_e < 3.0 > dark.skin.delta_e
    assert light.skin_lab[0] == pytest.approx(70.0, abs=3.0) and dark.skin_lab[0] == pytest.approx(45.0, abs=3.0)
    assert dark.skin.melanosome_fraction > light.skin.melanosome_fraction
    assert dark.ranking[0].lab[0] < light.ranking[0].lab[0]
    assert "melanosomes" in dark.summary()


def test_the_skin_of_a_scar_is_fitted_where_the_dot_lies_in_it(normal: df.Treatment):
    scar = normal.with_({"scar.shape": "disc", "scar.class": "atrophic", "scar.width_mm": 2.0})
    fitted, fit = fit_skin(scar, (65.0, 7.0, 17.0))
    assert fitted["scar.tissue.melanosome_fraction"] == fitted["skin.melanosome_fraction"] == fit.melanosome_fraction and fit.delta_e < 3.0


def test_a_run_file_is_matched_like_its_treatment(cli, run_file: Path, normal: df.Treatment):
    arguments = ["--hair-lab", "47,5,12", "--day", "14", "--json", "--ink", "iron_oxide_brown", "--ink", "carbon_black_smp"]
    stored, plain = cli("match", run_file, *arguments), cli("match", NORMAL, *arguments)
    assert stored.code == 0 == plain.code, (stored, plain)
    found = json.loads(plain.out)
    assert json.loads(stored.out) == found
    assert {one["ink"] for one in found["ranking"]} == {"iron_oxide_brown", "carbon_black_smp"} and found["hair_lab"] == [47, 5, 12]
    assert found["matched"] == (found["ranking"][0]["delta_e"] <= 5.0) and found["skin"] is None


def test_the_table_names_every_ink_once(cli):
    done = cli("match", NORMAL, "--hair-lab", "47,5,12", "--skin-lab", "62,8,18", "--day", "14", "--ink", "azo_red", "--ink", "carbon_black_neat")
    assert done.code == 0 and all(sum(line.startswith(f"{ink} ") and "Delta E" not in line for line in done.out.splitlines()) == 1 for ink in ("azo_red", "carbon_black_neat"))
    assert "skin 62.0, 8.0, 18.0: melanosomes" in done.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--hair-lab", "25,4"], ["--hair-lab 25,4", "L,a,b"]),
        (["--hair-lab", "50,100,-120"], ["--hair-lab", "outside the gamut"]),
        (["--hair-lab", "25,4,7", "--skin-lab", "170,0,0"], ["--skin-lab", "L* = 170"]),
        (["--hair-lab", "25,4,7", "--skin-lab", "30,45,-20"], ["skin_lab", "no colour of skin", "skin.type"]),
        (["--hair-lab", "25,4,7", "--day", "20"], ["day = 20", "nearest is 14"]),
        (["--hair-lab", "25,4,7", "--day", "40y"], ["day = 14610", "out of range", "0 to 10957.5"]),
        (["--hair-lab", "25,4,7", "--ink", "vantablack"], ["ink.model", "vantablack"]),
        (["--hair-lab", "25,4,7", "--accept", "0"], ["accept = 0", "above 0"]),
        (["--hair-lab", "25,4,7", "--grid", "coarse"], ["coarse"]),
        (["--hair-lab", "25,4,7", "-s", "ink.dilution=0.3"], ["-s ink.dilution=0.3", "no effect", "--ink"]),
        (["--hair-lab", "25,4,7", "-s", "ink.model=azo_red"], ["-s ink.model=azo_red", "no effect", "--ink"]),
        (["--hair-lab", "25,4,7", "-s", "machine.depht_mm=1"], ["machine.depht_mm", "did you mean"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_match_that_cannot_be_is_one_clear_error(cli, arguments: list[str], words: list[str]):
    done = cli("match", NORMAL, *arguments)
    lines = [line for line in done.err.splitlines() if line.startswith("dermaflux: ")]
    assert done.code == 2 and done.out == "" and len(lines) == 1, done
    assert all(word in lines[0] for word in words), lines[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inks": []}, ["inks names none", "name one"]),
        ({"inks": ["vantablack"]}, ["ink.model", "vantablack"]),
        ({"hair_lab": (25.0, 4.0)}, ["hair_lab 25, 4", "three numbers"]),
        ({"hair_lab": (50.0, 100.0, -120.0)}, ["hair_lab", "outside the gamut"]),
        ({"skin_lab": (120.0, 4.0, 7.0)}, ["skin_lab", "L* = 120"]),
        ({"accept": float("nan")}, ["accept = nan", "above 0"]),
        ({"day": float("nan")}, ["day = nan", "out of range"]),
    ],
)
def test_a_match_that_cannot_be_is_refused_from_python_too(normal: df.Treatment, change: dict, words: list[str]):
    with pytest.raises(df.InputError) as error:
        df.match_hair(normal, **({"hair_lab": (25.0, 4.0, 7.0), "inks": ["carbon_black_neat"]} | change))
    assert all(word in str(error.value) for word in words) and "--" not in str(error.value), error.value


def test_a_missing_file_is_one_clear_error(cli, tmp_path: Path):
    for name in ("none.toml", "none.h5"):
        done = cli("match", tmp_path / name, "--hair-lab", "25,4,7")
        assert done.code == 2 and name in done.err and "no such file" in done.err


def test_an_ink_that_cannot_be_run_is_ranked_last(short: df.Treatment, monkeypatch: pytest.MonkeyPatch):
    from dermaflux import matching

    real = matching.run

    def run(treatment: df.Treatment, **options: object) -> df.Result:
        if treatment["ink.model"] == "azo_red":
            raise _core.NumericsError("the ink hit the wall")
        return real(treatment, **options)

    monkeypatch.setattr(matching, "run", run)
    found = df.match_hair(short, (47.0, 5.0, 12.0), inks=["azo_red", "carbon_black_neat"])
    assert [one.ink for one in found.ranking] == ["carbon_black_neat", "azo_red"] and found.ranking[1].error == "the ink hit the wall"
    assert "the ink hit the wall" in found.summary() and np.isfinite(found.ranking[0].delta_e)
    failed = json.loads(json.dumps(found.to_json(), allow_nan=False))["ranking"][1]
    assert failed["delta_e"] is None and failed["lab"] == [None] * 3
