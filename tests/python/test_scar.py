"""A dot in, across and beside a scar; the acute courses; light on organic and mineral pigments."""

import math
from pathlib import Path

import numpy as np
import pytest
from conftest import NORMAL

import dermaflux as df
from dermaflux.runfile import layers_at_axis

DISC = {"scar.shape": "disc", "scar.class": "fue_punctate", "scar.width_mm": 0.9}


def run(changes: dict[str, object], grid: str = "quick") -> df.Result:
    return df.run(df.load(NORMAL, {"machine.dwell_ms": 60, **changes}), grid=grid)


def test_a_treatment_without_a_scar_says_so():
    treatment = df.load(NORMAL)
    assert (treatment["scar.shape"], treatment["scar.width_mm"], treatment["scar.offset_mm"]) == ("none", 0.0, 0.0)
    assert "scar.class" not in treatment and not any(key.startswith("scar.tissue.") for key in treatment)


def test_the_limits_are_the_pure_classes():
    far = run({**DISC, "scar.offset_mm": 3.0})
    wide = run({**DISC, "scar.width_mm": 5.0})
    for limit, pure in ((far, run({})), (wide, run({"skin.class": "fue_punctate"}))):
        assert {name: value for name, value in limit.items() if name != "runtime_s"} == pytest.approx(
            {name: value for name, value in pure.items() if name != "runtime_s"}, rel=0, abs=0, nan_ok=True
        )


def test_pigment_is_lost_faster_the_more_of_the_dot_lies_in_the_scar():
    offsets = [0.0, 0.2, 0.3, 0.4, 0.44, 0.46, 0.5, 0.6, 1.0]
    members = [df.load(NORMAL, {"machine.dwell_ms": 60, **DISC, "scar.offset_mm": offset}) for offset in offsets]
    results = [result[0] for result in df.run_batch(members, grid="quick")]
    lost = [1.0 - result["retained_fraction_5y"] / result["retained_fraction_1y"] for result in results]
    assert np.all(np.diff(lost) < 0.0), lost
    assert lost[0] > 1.3 * lost[-1]


def test_layers_are_those_at_the_axis():
    inside, beside = (df.load(NORMAL, {**DISC, "scar.offset_mm": offset}) for offset in (0.1, 0.6))
    assert inside.layers == df.load(NORMAL, {"skin.class": "fue_punctate"}).layers
    assert beside.layers == df.load(NORMAL).layers
    for treatment in (inside, beside):
        assert layers_at_axis(treatment.resolved()) == pytest.approx(treatment.layers, rel=1e-12)


def test_a_sweep_may_cross_the_border(tmp_path: Path):
    (tmp_path / "dot.toml").write_text(
        f'inherits = "{NORMAL}"\n[machine]\ndwell_ms = 20\n[scar]\nshape = "strip"\nclass = "fut_linear"\nwidth_mm = 2.0\n'
    )
    (tmp_path / "sweep.toml").write_text(
        'title = "x"\ntreatment = "dot.toml"\ngrid = "quick"\n[[axis]]\nkey = "scar.offset_mm"\nvalues = [0.0, 0.95, 1.05, 3.0]\n'
        'source = "study: unit mm, range 0 to 3, across the border"\n'
    )
    data = df.sweep(tmp_path / "sweep.toml", tmp_path / "sweep.h5")
    assert data["d_tip_mm"].dims == ("scar_offset_mm",)
    tips = data["d_tip_mm"].values
    assert tips[0] == tips[1] != tips[2] == tips[3]  # what the needle meets
    retained = data["retained_fraction_day42"].values
    assert retained[0] > retained[1] > retained[2] > retained[3]  # what heals it


def test_the_acute_courses_are_in_the_result_and_decay():
    data = run({}).to_xarray()
    days = data["time"].values.astype(float)
    for name, decay, first in (("erythema", 1.5, 1.0), ("oedema", 1.0, 1.0), ("haematoma", 5.0, float(data["haematoma_probability"]))):
        assert data[name].dims == ("time",) and data[name].attrs["long_name"]
        # One exponential and one product of doubles.
        np.testing.assert_allclose(data[name].values, first * np.exp(-days / decay), rtol=1e-13, atol=1e-300)
    assert 0.0 < float(data["haematoma_probability"]) < float(data["bleed_probability"])


def test_an_acute_response_hides_the_dot_and_passes():
    calm = run({"skin.oedema_swelling": 0.0, "skin.haematoma_gain": 0.0, "skin.erythema_gain": 0.0})
    for key, value in (("skin.oedema_swelling", 0.4), ("skin.haematoma_gain", 50.0), ("skin.erythema_gain", 4.0)):
        others = {name: 0.0 for name in ("skin.oedema_swelling", "skin.haematoma_gain", "skin.erythema_gain")}
        strong = run(others | {key: value})
        assert strong["contrast_day0"] < calm["contrast_day0"] - 2e-3
        assert strong["contrast_1y"] == pytest.approx(calm["contrast_1y"], abs=2e-3)  # the optical solver's tolerance
        assert strong["retained_fraction_5y"] == calm["retained_fraction_5y"]


def test_light_bleaches_azo_and_not_carbon_or_iron_oxide():
    lost = {}
    for ink in ("carbon_black_smp", "iron_oxide_brown", "azo_red"):
        dark, light = (run({"ink.model": ink, "aftercare.uv_dose_j_cm2": dose})["retained_fraction_5y"] for dose in (0.0, 1.0))
        lost[ink] = math.log(dark / light) / 5.0
    assert lost["carbon_black_smp"] < 0.01 and lost["iron_oxide_brown"] < 0.01  # per year, as the range of their rates
    assert lost["azo_red"] > 20.0 * lost["carbon_black_smp"]


def bleached(changes: dict[str, object]) -> float:
    result = run({"ink.model": "azo_red", **changes})
    return result.ledger["photolysed_ng"] / result["pigment_deposited_ng"]


def test_darker_skin_and_deeper_pigment_bleach_less():
    assert np.all(np.diff([bleached({"skin.melanosome_fraction": part}) for part in (0.01, 0.03, 0.1, 0.4)]) < 0.0)
    assert np.all(np.diff([bleached({"machine.depth_mm": depth}) for depth in (0.3, 0.5, 0.8)]) < 0.0)
    assert bleached({"model.uvb_share": 0.1}) > bleached({"model.uvb_share": 0.0})
