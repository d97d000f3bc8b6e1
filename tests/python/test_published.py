"""Published measurements of insertion and healing: what must hold whatever the parameters are. How far they land is in validation/published."""

import math
import sys

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "validation" / "published"))
import compare  # noqa: E402
import healing  # noqa: E402

OBSERVATIONS = {entry["name"]: entry for entry in compare.data()["observation"]}


def cases(quantity: str) -> list[compare.Case]:
    """The cases of all observations that ask for a quantity, on the quick grid."""
    found = [case for entry in OBSERVATIONS.values() if entry["quantity"] == quantity for case in compare.cases(entry, "quick")]
    assert found, f"no observation asks for {quantity}"
    return found


def test_every_observation_states_number_source_and_setting():
    for name, entry in OBSERVATIONS.items():
        low, high = entry["measured"]
        assert low <= high and entry["unit"] and entry["how"] and entry["quantity"] in compare.QUANTITIES, name
        assert any(character.isdigit() for character in entry["source"]) and len(compare.cases(entry, "quick")) >= 1, name


def test_the_written_table_has_every_case():
    text = (compare.HERE / "README.md").read_text()
    for name, entry in OBSERVATIONS.items():
        assert f"| {name} |" in text and all(f"| {case.name} |" in text for case in compare.cases(entry, "quick")), name


def cone_nl(treatment, depth_mm: float) -> float:
    """Volume of one prong below the surface [nL]."""
    tip = treatment["needle.tip_diameter_um"] * 1e-3
    end = tip + (treatment["needle.shaft_diameter_mm"] - tip) * depth_mm / treatment["needle.taper_length_mm"]
    return math.pi / 12.0 * depth_mm * (tip * tip + tip * end + end * end) * 1e3


def test_one_stroke_leaves_about_the_volume_of_its_needle():
    """Measured: 1.62 nL (0.79 to 2.45); the cones of the trade hold 0.2 to 0.8 nL at that depth. The hole is as wide as the needle,
    the film at most film_cap of its radius, so hole and film are (1 + 0.3)^2 = 1.7 cones; suction into tissue adds to them and
    recoil takes from them. A tenth to ten cones is the order of magnitude that these allow."""
    single = [case for case in cases("output_at_tip") if case.treatment["machine.dwell_ms"] <= 1e3 / case.treatment["machine.frequency_hz"]]
    assert single
    for case in single:
        treatment = compare.set_to_tip(case.treatment, case.numbers["tip_mm"])
        found = compare.outputs([treatment], "quick")[0]
        assert found["strokes"] == 1.0 and abs(found["d_tip_mm"] - 0.3) <= compare.TIP_TOLERANCE_MM
        cone = cone_nl(treatment, found["d_tip_mm"])
        assert 0.1 * cone < found["ink_retained_nl"] < 10.0 * cone
        assert found["ink_retained_nl"] <= found["ink_drawn_nl"] <= treatment["machine.drop_volume_nl"]


def test_a_slow_free_needle_buries_less_of_itself_than_a_fast_guarded_one():
    """Slow skin is softer and dimples more, and no nose brings it to meet the needle. The tip never goes farther than it is let out
    plus the bulge that meets it; the dimple takes a smaller share of a deeper setting."""
    asked = [entry for entry in OBSERVATIONS.values() if entry["quantity"] == "tip_over_set"]
    slow_cases, fast_cases = (compare.cases(entry, "quick") for entry in asked)
    slow, fast = ([compare.tip_over_set(case) for case in group] for group in (slow_cases, fast_cases))
    assert all(0.0 <= one < 1.0 for one in slow) and max(slow) < min(fast)
    assert slow == sorted(slow)
    for case, share in zip(fast_cases, fast, strict=True):
        found = compare.outputs([case.treatment], "quick")[0]
        assert share * found["d_set_mm"] <= found["d_set_mm"] + found["bulge_mm"]


def test_pigment_deepens_by_less_than_the_needle():
    """Pigment lies between the surface and the tip, and the tip goes no farther than the needle: the mean cannot gain more."""
    for case in cases("slope"):
        assert 0.0 < compare.slope(case) < 1.0


def test_the_tighter_the_dermis_the_nearer_the_pigment_lies_to_its_track():
    """Cases are listed from tight to loose. In the tightest the torn zone, too, lets ink no farther than it reaches itself: beyond
    1.5 needle radii the gain of permeability falls as exp(-(r/r_d)^2), to a thousandth of itself at 2.6 r_d; the needle's radius at
    the surface is under 30 um at 0.5 mm, so nine tenths of the pigment lie within 2.6 x 1.5 x 30 um = 0.12 mm."""
    radii = [compare.radius_90(case) for case in cases("radius_90")]
    assert radii == sorted(radii) and 0.0 < radii[0] < 0.12


def test_pigment_lies_in_both_layers_of_dermis():
    for case in cases("output"):
        found = compare.outputs([case.treatment], "quick")[0]
        layers = case.treatment.layers
        papillary = sum(list(layers.values())[:2]), sum(list(layers.values())[:3])
        assert papillary[0] < found["pigment_depth_mm"] and found["pigment_depth_p90_mm"] > papillary[1]
        assert found["pigment_depth_p10_mm"] < papillary[1]


def test_flow_through_dermis_grows_less_than_the_pressure():
    """k = k0 exp(m e) with e falling towards the base: q ~ 1 - exp(-m e), so twice the pressure gives 1 + exp(-m e) < 2 of it."""
    (case,) = cases("flow_ratio")
    ratio = compare.flow_ratio(case)
    m, e = case.treatment["skin.strain_exponent"], case.numbers["strain"]
    assert 1.0 < ratio < 2.0
    np.testing.assert_allclose(ratio, (1 - np.exp(-2 * m * e)) / (1 - np.exp(-m * e)), rtol=4 * np.finfo(float).eps)


def test_layers_in_series_let_through_less_than_the_loosest_and_more_than_the_tightest():
    (case,) = cases("dermis_permeability")
    layers = [case.treatment[f"skin.layer.{name}_dermis.permeability_m2"] for name in ("papillary", "reticular")]
    assert min(layers) < compare.dermis_permeability(case) < max(layers)


def test_ink_enters_on_the_way_up_too():
    for case in cases("withdrawal_share"):
        assert 0.0 < compare.withdrawal_share(case) < 1.0


@pytest.mark.parametrize(
    ("measured", "found", "text"),
    [([0.79, 2.45], 1.0, "inside"), ([0.79, 2.45], 0.079, "0.1 of the lower bound"), ([0.0, 0.5], 1.0, "2 of the upper bound")]
    + [([0.06, 0.06], 0.6, "10 of it")],
)
def test_the_verdict_is_the_factor_from_the_nearer_bound(measured: list[float], found: float, text: str):
    assert compare.verdict(measured, found) == text


def test_the_set_depth_for_a_tip_that_cannot_be_reached_is_refused():
    stuck = compare.base().with_({"machine.hand_force_n": 0.0, "skin.puncture_toughness_kj_m2": 300.0})
    with pytest.raises(RuntimeError, match="no set depth"):
        compare.set_to_tip(stuck, 0.06)


HEALING = {entry["name"]: entry for entry in healing.data()["observation"]}


def test_every_observation_of_healing_states_number_source_and_setting():
    for name, entry in HEALING.items():
        low, high = entry["measured"]
        assert low < high and entry["unit"] and entry["how"] and entry["quantity"] in healing.QUANTITIES, name
        assert any(character.isdigit() for character in entry["source"]) and healing.cases(entry), name


def test_the_written_table_has_every_case_of_healing():
    text = (compare.HERE / "README.md").read_text()
    for name, entry in HEALING.items():
        assert f"| {name} |" in text and all(f"| {case['name']} |" in text for case in healing.cases(entry)), name


def test_the_uncertain_keys_of_healing_have_ranges_in_every_class_asked():
    for name in {case["treatment"] for entry in HEALING.values() for case in healing.cases(entry)}:
        resolved = healing.load(name).resolved()
        for key in healing.data()["uncertain"]:
            low, high = resolved[key]["range"]
            assert low <= resolved[key]["value"] <= high and low < high, (name, key)


@pytest.fixture(scope="module")
def plain() -> healing.Series:
    return healing.shipped("normal_scalp.toml", "quick")


def test_healing_keeps_its_bounds_whatever_the_parameters(plain: healing.Series):
    """Shares lie between 0 and 1; pigment only leaves; a scar compared with itself fades as fast as itself."""
    for draw in (plain, *healing.drawn("normal_scalp.toml", 2)):
        found = {name: healing.QUANTITIES[name](draw, draw, {"day": 28, "healed_day": 42, "days": [42, 182.625]}) for name in healing.QUANTITIES}
        for name in ("retained", "early_share", "plateau", "epidermal_left", "outside_cells"):
            assert 0.0 <= found[name] <= 1.0, name
        assert found["in_nodes"] > 0.0 and found["fade_ratio"] == 1.0
        assert 42.0 / 365.25 < found["longevity"] <= healing.HORIZON_YEAR


def test_draws_differ_and_come_again():
    first, second = healing.drawn("normal_scalp.toml", 2)
    assert not np.array_equal(first["contrast"], second["contrast"])
    healing.drawn.cache_clear()
    np.testing.assert_array_equal(healing.drawn("normal_scalp.toml", 2)[1]["contrast"], second["contrast"])


def test_longevity_is_where_an_exponential_has_halved():
    time = np.array([0.0, 42.0, 365.25, 3 * 365.25, 5 * 365.25, 10 * 365.25])
    for rate in (0.1, 0.3, 2.0):  # per year; interpolation between moments is exact for an exponential
        series = {"time": time, "contrast": 0.6 * np.exp(-rate * time / 365.25)}
        expected = min(42.0 / 365.25 + np.log(2.0) / rate, healing.HORIZON_YEAR)
        np.testing.assert_allclose(healing.longevity(series, series, {"healed_day": 42}), expected, rtol=1e-12)


def test_a_moment_that_no_run_stops_at_is_refused(plain: healing.Series):
    with pytest.raises(ValueError, match="day 43"):
        healing.at(plain, "held", 43.0)


@pytest.mark.parametrize(
    ("value", "draws", "text"),
    [(0.75, (0.5, 0.9), "inside"), (0.35, (0.3, 0.7), "**miss**: 0.5 of the lower bound, within the draws")]
    + [(1.6, (1.2, 1.7), "**miss**: 2 of the upper bound, nor do the draws come to it")],
)
def test_a_miss_of_healing_is_called_a_miss(value: float, draws: tuple[float, float], text: str):
    assert healing.verdict([0.7, 0.8], healing.Found("case", value, *draws)) == text
