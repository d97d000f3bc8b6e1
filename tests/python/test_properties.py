"""Properties of the input that hold for every key and every number, tried by hypothesis."""

import math

import numpy as np
from conftest import NORMAL
from hypothesis import given, settings
from hypothesis import strategies as st

import dermaflux as df
from dermaflux import _core

LAYERS = ("stratum_corneum", "viable_epidermis", "papillary_dermis", "reticular_dermis", "subcutis", "galea")
KEYS = [row for row in _core.keys() if not row["words"]]
LISTS = {"ink.absorption_m2_per_g", "model.oxygenated_extinction_per_cm_m", "model.deoxygenated_extinction_per_cm_m"}
FLAGS = {"host.keloid_history", "host.active_inflammation"}
NUMBERS = [row for row in KEYS if row["key"] not in LISTS | FLAGS]
HARD = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def inside(draw: st.DrawFn) -> tuple[str, float]:
    """A key and a value inside its range, on a logarithmic scale where the range spans decades."""
    row = draw(st.sampled_from(NUMBERS))
    low, high = row["low"], row["high"]
    share = draw(st.floats(0.0, 1.0))
    value = low * (high / low) ** share if low > 0.0 and high / low > 100.0 else low + share * (high - low)
    return row["key"].replace("NAME", draw(st.sampled_from(LAYERS))), min(max(value, low), high)


@HARD
@given(st.lists(inside(), min_size=1, max_size=4))
def test_values_inside_their_ranges_load_or_are_refused_with_a_reason(changes: list[tuple[str, float]]):
    wanted = dict(changes)
    try:
        treatment = df.load(NORMAL, wanted)
    except df.InputError as error:
        assert "out of range" not in str(error) and "unknown" not in str(error) and "; " in str(error)
        return
    for key, value in wanted.items():
        assert treatment[key] == value


@HARD
@given(st.sampled_from(NUMBERS), st.sampled_from(LAYERS), st.floats(allow_nan=True, allow_infinity=True))
def test_any_number_at_all_loads_or_is_refused_with_an_input_error(row: dict, layer: str, value: float):
    key = row["key"].replace("NAME", layer)
    legal = math.isfinite(value) and row["low"] <= value <= row["high"]
    try:
        treatment = df.load(NORMAL, {key: value})
    except df.InputError as error:
        assert key in str(error) or legal
        return
    assert legal and treatment[key] == value


@HARD
@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_any_text_as_an_override_is_refused_or_loads(key: str, value: str):
    try:
        df.load(NORMAL, {key: value})
        raise AssertionError(f"{key!r} was taken as a key")
    except df.InputError as error:
        assert str(error)


@HARD
@given(st.sampled_from(NUMBERS), st.text(max_size=12))
def test_any_text_as_a_number_is_refused_with_the_range(row: dict, value: str):
    key = row["key"].replace("NAME", "galea")
    try:
        df.load(NORMAL, {key: value})
        raise AssertionError(f"{value!r} was taken as a number")
    except df.InputError as error:
        assert key in str(error)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.floats(0.1, 1.2), st.floats(20.0, 250.0), st.floats(0.02, 1.0), st.floats(1.0, 100.0))
def test_every_run_of_sensible_settings_is_finite_and_closes_its_ledger(depth: float, dwell: float, dilution: float, viscosity: float):
    changes = {"machine.depth_mm": depth, "machine.dwell_ms": dwell, "ink.dilution": dilution, "ink.carrier_viscosity_mpa_s": viscosity}
    try:
        result = df.run(df.load(NORMAL, changes), grid="quick")
    except df.NumericsError as error:
        raise AssertionError(f"{changes}: {error}") from error
    assert abs(result["ledger_imbalance"]) <= 1e-10
    # Nothing below zero but rounding of the largest value.
    assert result.pools.min() >= -np.finfo(float).eps * result.pools.max() and np.isfinite(result.pools).all()
    assert 0.0 <= result["retained_fraction_5y"] <= result["retained_fraction_day7"] <= 1.0 or result["pigment_deposited_ng"] == 0.0
