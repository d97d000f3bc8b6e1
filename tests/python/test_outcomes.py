"""What comes out of the shipped treatments: inside the ranges of the literature, in every tissue class."""

import math
import re

import pytest
from conftest import CONFIGS, WITHOUT_VALUE

import dermaflux as df
from dermaflux.result import POOLS

CLASSES = ("normal", "bald", "cicatricial", "hypertrophic", "atrophic", "fue_punctate", "fut_linear", "burn_radiation")


@pytest.fixture(scope="module")
def class_runs() -> dict[str, df.Result]:
    return {name: df.run(df.load(CONFIGS / f"treatments/{name}_scalp.toml"), grid="quick") for name in CLASSES}


@pytest.fixture(scope="module")
def standard(normal: df.Treatment) -> df.Result:
    return df.run(normal)


def held_on(result: df.Result, day: float) -> float:
    """Pigment in the skin at a look [ng]."""
    run = result.to_xarray().sel(time=day)
    return sum(float(run[f"{pool}_ng"]) for pool in POOLS)


@pytest.mark.parametrize(
    ("value", "low", "high", "source"),
    [
        (lambda r: r["insertion_force_n"], 0.02, 0.3, "1.2 F_n, one prong [N]"),
        (lambda r: r["dimple_mm"], 0.1, 0.6, "1.2 delta_p [mm]"),
        (lambda r: r["d_tip_mm"] / r["d_set_mm"], 0.4, 1.0, "1.2 eta_d"),
        (lambda r: r["d_tip_mm"], 0.35, 0.65, "4.1 d_tip on normal scalp [mm]"),
        (lambda r: r["strokes"], 5, 60, "1.5 t_c: punctures per dot"),
        (lambda r: r["frequency_loaded_hz"], 46, 200, "1.5 f [Hz]"),
        (lambda r: r["ink_viscosity_mpa_s"], 3, 100, "1.4 mu_inf [mPa.s]"),
        (lambda r: r["ink_retained_nl"], 0.3, 5, "1.5 V_1, liquid left [nL]"),
        (lambda r: r["pigment_deposited_ng"], 5, 300, "1.5 m_dot [ng]"),
        (lambda r: r["pigment_depth_mm"], 0.13, 0.35, "4.1 junction + 50 um to optical limit [mm]"),
        (lambda r: r["retained_fraction_day42"], 0.5, 0.85, "1.6 f_42"),
        (lambda r: held_on(r, 28) / held_on(r, 7), 0.8, 1.2, "1.6 f(7-28 d): steady after day 7"),
        (lambda r: r["fwhm_mm_day14"], 0.08, 0.35, "1.5 D_dot [mm]"),
        (lambda r: r["fwhm_mm_1y"], 0.08, 0.35, "1.5 D_dot [mm]"),
        (lambda r: math.log(r["contrast_1y"] / r["contrast_3y"]) / 2.0, 0.09, 0.46, "1.6 k_loss, contrast [1/year]"),
        (lambda r: r["dots_per_cm2"], 50, 250, "1.5 N_dot [1/cm2]"),
        (lambda r: r["share_epidermis"], 0.0, 0.4, "4.3 A1"),
        (lambda r: r["share_below_1mm"], 0.0, 0.05, "4.3 A4"),
        (lambda r: r["bleed_probability"], 0.0, 0.5, "4.3 A2, stop"),
    ],
    ids=lambda value: re.sub(r"[^0-9A-Za-z_]+", "-", value) if isinstance(value, str) else "",
)
def test_the_shipped_normal_treatment_lies_inside_the_ranges_of_the_literature(standard: df.Result, value, low, high, source):
    """The ranges are those of the physics notes, by section and symbol."""
    assert low <= value(standard) <= high


def test_the_risk_of_bleeding_is_the_logistic_curve_of_the_tip_depth(quick: df.Result, normal: df.Treatment):
    # physics.md 4.3 A2: 1 / (1 + exp(-(d_tip - 0.65 mm) / 0.10 mm)). The depth jitter s moves the mean by at most s^2/2 times the
    # largest second derivative, 1 / (6 sqrt(3) w^2).
    curve = 1.0 / (1.0 + math.exp(-(quick["d_tip_mm"] - 0.65) / 0.10))
    jitter = normal["pattern.depth_jitter_mm"]
    assert abs(quick["bleed_probability"] - curve) <= 0.5 * jitter**2 / (6.0 * math.sqrt(3.0) * 0.10**2) + 1e-12


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [  # physics.md 4.4, d_tip [mm]
        ("normal", 0.40, 0.65), ("bald", 0.35, 0.60), ("cicatricial", 0.30, 0.50), ("hypertrophic", 0.40, 0.80),
        ("atrophic", 0.25, 0.45), ("fue_punctate", 0.35, 0.55), ("fut_linear", 0.35, 0.65), ("burn_radiation", 0.25, 0.45),
    ],  # fmt: skip
)
def test_the_shipped_treatment_of_each_class_reaches_the_depth_of_its_prior_preset(class_runs, name: str, low: float, high: float):
    assert low <= class_runs[name]["d_tip_mm"] <= high


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_runs_and_keeps_its_ledger(class_runs, name: str):
    result = class_runs[name]
    assert result.treatment.skin_class == name
    assert abs(result["ledger_imbalance"]) <= 1e-10
    assert {name for name, value in result.items() if not math.isfinite(value)} <= WITHOUT_VALUE
    assert result["pigment_deposited_ng"] > 0 and result["preset_allowed"] == 1.0


def test_no_two_classes_give_the_same_dot(class_runs):
    assert len({result["pigment_depth_mm"] for result in class_runs.values()}) == len(CLASSES)


def test_retained_fractions_fall_with_time(class_runs):
    for result in class_runs.values():
        kept = [result[f"retained_fraction_{when}"] for when in ("day7", "day42", "1y", "3y", "5y")]
        assert 1.0 >= kept[0] and all(a >= b for a, b in zip(kept, kept[1:], strict=False)) and kept[-1] > 0.0
