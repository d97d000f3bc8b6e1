"""The Python interface: treatments, runs, results, ensembles."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from conftest import LISTED_OUTPUTS, NORMAL, STALLING, WITHOUT_VALUE, numbers

import dermaflux as df
from dermaflux import _core
from dermaflux.result import INSERTION_FIELDS, POOLS
from dermaflux.running import Member


# treatments


def test_a_treatment_is_a_mapping_of_every_key(normal: df.Treatment):
    assert isinstance(normal, Mapping)
    known = {row["key"] for row in _core.keys() if "NAME" not in row["key"]}
    layered = {row["key"] for row in _core.keys()} - known
    expected = known | {key.replace("NAME", layer) for key in layered for layer in normal.layers}
    assert set(normal) == expected | {"skin.class", "skin.layers", "ink.model", "needle.model", "machine.model"}
    assert len(normal) == len(list(normal)) and "machine.depth_mm" in normal
    with pytest.raises(KeyError, match="info --keys"):
        normal["machine.depth"]


def test_each_group_of_the_design_has_keys(normal: df.Treatment):
    groups = {"machine", "needle", "ink", "skin", "scar", "pattern", "sessions", "aftercare", "host", "model", "geometry"}
    assert {key.split(".")[0] for key in normal} == groups


def test_a_changed_copy_leaves_the_original_alone(normal: df.Treatment):
    changed = normal.with_({"machine.depth_mm": 0.7, "host.keloid_history": True})
    assert (changed["machine.depth_mm"], normal["machine.depth_mm"]) == (0.7, 0.5)
    assert changed["host.keloid_history"] is True and normal["host.keloid_history"] is False
    assert {key for key in normal if normal[key] != changed[key]} == {"machine.depth_mm", "host.keloid_history"}


def test_changes_add_up_and_the_last_one_wins(normal: df.Treatment):
    twice = normal.with_({"machine.depth_mm": 0.7}).with_({"machine.dwell_ms": 90}).with_({"machine.depth_mm": 0.3})
    assert (twice["machine.depth_mm"], twice["machine.dwell_ms"]) == (0.3, 90)


def test_text_stays_text_even_if_it_looks_like_a_number(normal: df.Treatment):
    with pytest.raises(df.InputError, match='ink.dilution is the text "0.2"'):
        normal.with_({"ink.dilution": "0.2"})


def test_loading_with_changes_equals_changing_afterwards(normal: df.Treatment):
    assert dict(df.load(NORMAL, {"ink.dilution": 0.2})) == dict(normal.with_({"ink.dilution": 0.2}))


def test_another_class_brings_its_own_skin_and_keeps_what_it_does_not_state(normal: df.Treatment):
    scar = normal.with_({"skin.class": "hypertrophic"})
    # physics.md 1.7, HS: modulus x 3.9; the Poisson ratio is not in the class file and comes from normal.
    assert scar.skin_class == scar["skin.class"] == "hypertrophic"
    assert scar["skin.ogden_modulus_mpa"] == pytest.approx(3.9 * normal["skin.ogden_modulus_mpa"], rel=1e-12)
    key = "skin.layer.reticular_dermis.poisson_ratio"
    assert scar[key] == normal[key]


def test_layers_are_listed_from_the_surface_with_their_thickness(normal: df.Treatment):
    names = ["stratum_corneum", "viable_epidermis", "papillary_dermis", "reticular_dermis", "subcutis", "galea"]
    assert list(normal.layers) == names
    # physics.md 1.1, column N [um]
    assert list(normal.layers.values()) == pytest.approx([0.015, 0.06, 0.12, 1.3, 4.0, 1.5], rel=1e-12)
    doubled = normal.with_({"skin.thickness_factor": 2})
    assert list(doubled.layers.values()) == pytest.approx([2 * mm for mm in normal.layers.values()], rel=1e-12)


def test_every_resolved_number_has_a_source_and_a_range(normal: df.Treatment):
    resolved = normal.resolved()
    assert set(resolved) == set(normal)
    numbers = {key: row for key, row in resolved.items() if isinstance(row["value"], float)}
    assert len(numbers) > 100
    for key, row in numbers.items():
        assert row["source"], key
        assert row["range"][0] <= row["value"] <= row["range"][1], key
    assert resolved["machine.depth_mm"]["unit"] == "mm" and resolved["machine.depth_mm"]["value"] == 0.5


def test_contraindications_say_why(normal: df.Treatment):
    assert normal.contraindications == []
    several = normal.with_({"host.keloid_history": True, "host.active_inflammation": True, "host.months_since_surgery": 2})
    text = "; ".join(several.contraindications)
    assert len(several.contraindications) == 3
    assert all(word in text for word in ("keloid", "inflammation", "2 months"))


def test_text_and_html_of_a_treatment_name_what_matters(normal: df.Treatment):
    for text in (repr(normal), normal._repr_html_()):
        assert all(word in text for word in ("0.5 mm", "150", "100", "round_liner_1_025_long", "carbon_black_smp", "normal"))
    assert "papillary_dermis" in normal._repr_html_()


# one run


def test_a_result_is_a_mapping_of_every_output(quick: df.Result):
    assert isinstance(quick, Mapping)
    names = [row["name"] for row in _core.outputs()]
    assert list(quick) == names and len(quick) == len(names) == len(set(names))
    assert numbers(quick.scalars) == numbers(quick)
    with pytest.raises(KeyError, match="info --outputs"):
        quick["contrast"]


def test_every_output_that_the_issue_lists_is_there_and_finite(quick: df.Result):
    missing = [name for name in LISTED_OUTPUTS if name not in quick]
    assert not missing
    assert {name for name, value in quick.items() if not math.isfinite(value)} == WITHOUT_VALUE


def test_every_output_has_a_meaning_and_the_unit_of_its_name():
    endings = {"_mm": "mm", "_nl": "nL", "_ng": "ng", "_n": "N", "_ms": "ms", "_hz": "Hz", "_s": "s", "_kpa": "kPa", "_mpa_s": "mPa.s"}
    for row in _core.outputs():
        assert row["meaning"]
        ending = next((e for e in sorted(endings, key=len, reverse=True) if row["name"].endswith(e)), None)
        if ending:
            assert row["unit"] == endings[ending], row["name"]


def test_the_ledger_closes(quick: df.Result):
    assert abs(quick["ledger_imbalance"]) <= 1e-10  # design.md 3.6
    terms = dict(quick.ledger)
    drawn = terms.pop("drawn_ng")
    # The sum of eleven terms of the size of the total rounds at most eleven times; the run itself may be off by 1e-10.
    assert math.fsum(terms.values()) == pytest.approx(drawn, rel=1e-10)
    assert drawn == pytest.approx(quick["pigment_drawn_ng"], rel=1e-12) and drawn > 0
    # What shed and died cells give back ends below zero only by rounding of the total.
    assert min(terms.values()) >= -1e-12 * drawn


def test_arrays_are_read_only_views_of_the_memory_of_the_run(quick: df.Result):
    for array, again in ((quick.pools, quick.pools), (quick.insertion, quick.insertion)):
        assert np.shares_memory(array, again)
        assert not array.flags.owndata and not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0
    assert np.shares_memory(quick.to_xarray()["pigment_slow"].values, quick.pools)


def test_arrays_are_taken_by_others_without_a_copy_and_lie_on_the_host_whatever_ran_them(quick: df.Result):
    for array in (quick.pools, quick.to_xarray()["contrast"].values):
        taken = np.from_dlpack(array)
        assert np.shares_memory(taken, array) and array.__dlpack_device__() == (1, 0)  # kDLCPU of the DLPack standard
        assert not hasattr(array, "__cuda_array_interface__")


def test_arrays_outlive_their_result(normal: df.Treatment):
    result = df.run(normal, grid="quick")
    pools, expected = result.pools, result.pools.copy()
    del result
    np.testing.assert_array_equal(pools, expected)


def test_fields_have_the_shape_of_the_grid(quick: df.Result):
    n_r, n_z = 16, 64  # the quick grid
    assert quick.r_m.shape == (n_r,) and quick.z_m.shape == (n_z,)
    assert quick.insertion.shape == (len(INSERTION_FIELDS), n_r, n_z)
    assert quick.pools.shape[1:] == (len(POOLS), n_r, n_z)
    assert (np.diff(quick.r_m) > 0).all() and (np.diff(quick.z_m) > 0).all() and quick.z_m[0] > 0
    # Nothing below zero but rounding of the largest value.
    assert np.isfinite(quick.pools).all() and quick.pools.min() >= -np.finfo(float).eps * quick.pools.max()


def test_fields_sum_up_to_the_ledger(quick: df.Result):
    data = quick.to_xarray()
    r, z = data["r_face"].values, data["z_face"].values
    volume = math.pi * np.outer(np.diff(r**2), np.diff(z))  # [m3]
    for n, pool in enumerate(POOLS):
        in_fields = (quick.pools[-1, n] * volume).sum() * 1e12  # [ng]
        # 1024 cells of one sign: each addition rounds at most once. Pools of less than a femtogram are rounding themselves.
        assert in_fields == pytest.approx(quick.ledger[f"{pool}_ng"], rel=1024 * 2.3e-16, abs=1e-6)


def test_the_dataset_has_dimensions_units_and_meanings(quick: df.Result):
    data = quick.to_xarray()
    assert {name: data.sizes[name] for name in ("r", "z", "r_edge", "z_edge")} == {"r": 16, "z": 64, "r_edge": 17, "z_edge": 65}
    assert data["pigment_slow"].dims == ("time", "r", "z") and data["pigment_slow"].attrs["units"] == "kg m-3"
    assert data["insertion_pressure"].dims == ("r", "z") and data["insertion_pressure"].attrs["units"] == "Pa"
    assert data["contrast"].dims == ("time",) and data["trace_force_n"].dims == ("trace_time",)
    assert [data[name].attrs["units"] for name in ("time", "r", "z", "trace_time")] == ["days", "m", "m", "s"]
    for name, variable in data.variables.items():
        assert variable.attrs["units"] and variable.attrs["long_name"], name
    for name, value in quick.items():
        np.testing.assert_equal(float(data[name]), value)
    assert data.attrs["title"] == quick.treatment.title and data.attrs["grid"] == "quick"
    assert {f"ledger_{name}" for name in quick.ledger} <= set(data.attrs)


def test_series_agree_with_the_scalars_of_their_day(quick: df.Result):
    data = quick.to_xarray()
    for name, series, day in (("contrast_day14", "contrast", 14), ("contrast_1y", "contrast", 365.25), ("fwhm_mm_1y", "fwhm_mm", 365.25),
                              ("pigment_depth_mm", "depth_mm", 42)):  # fmt: skip
        assert float(data[series].sel(time=day)) == quick[name]


def test_the_trace_ends_with_the_strokes_and_shows_tip_and_force(quick: df.Result):
    data = quick.to_xarray()
    # Samples between the extremes cannot exceed them.
    assert float(data["trace_force_n"].max()) <= quick["insertion_force_n"] * (1 + 1e-12)
    assert float(data["trace_tip_depth_mm"].max()) <= quick["d_tip_mm"] * (1 + 1e-12)
    assert float(data["trace_time"].max()) == pytest.approx(quick["contact_time_ms"] / 1e3, rel=1e-6)
    assert (np.diff(data["trace_drawn_nl"]) >= 0).all()


def test_the_force_of_the_trace_is_the_sum_of_its_parts(quick: df.Result):
    data = quick.to_xarray()
    parts = sum(data[f"trace_{part}_n"] for part in ("cutting", "wedging", "friction"))
    np.testing.assert_allclose(data["trace_force_n"], parts, rtol=1e-15)
    assert quick["insertion_force_n"] == pytest.approx(sum(quick[f"force_{part}_n"] for part in ("cutting", "wedging", "friction")), rel=1e-15)
    assert float(data["trace_cutting_n"].max()) <= quick["force_cutting_n"] * (1 + 1e-12)


def test_control_numbers_are_outputs_and_a_section_of_the_summary(quick: df.Result):
    names = ("washburn_number", "capillary_number", "reynolds_number", "bond_number", "poroelastic_time_s", "backflow_length_mm")
    assert all(quick[name] > 0.0 for name in names)
    section = quick.summary().split("Control numbers\n")[1].splitlines()
    assert len(section) == len(names)
    for name, line in zip(names, section, strict=True):
        assert f"{quick[name]:.3g}" in line


def test_a_run_within_the_limits_of_the_model_has_no_warnings(quick: df.Result):
    assert quick.warnings == []
    assert quick["warning_count"] == quick["warning_mask"] == 0.0
    assert quick.to_xarray().attrs["warnings"] == "none"


def test_a_run_beyond_a_limit_names_it_with_value_limit_and_advice(normal: df.Treatment, tmp_path: Path):
    result = df.run(normal.with_({"machine.frequency_hz": 200, "machine.dwell_ms": 20}), grid="quick")
    assert [name for name, _ in result.warnings] == ["fast_strain"]
    text = result.warnings[0][1]
    assert " is above 4000 1/s (" in text and "; " in text
    names = _core.validity_names()
    assert result["warning_count"] == 1.0 and result["warning_mask"] == 2.0 ** names.index("fast_strain")
    assert df.open_run(result.save(tmp_path / "fast.h5")).attrs["warnings"] == result.to_xarray().attrs["warnings"] == f"fast_strain: {text}"


def test_a_needle_that_does_not_break_the_skin_warns_and_has_no_control_numbers(normal: df.Treatment):
    result = df.run(normal.with_({"machine.depth_mm": 0.1, "machine.hand_force_n": 0.0}), grid="quick")
    assert "skin_unbroken" in dict(result.warnings) and math.isnan(result["washburn_number"])
    assert "W    -" in result.summary()


def test_grid_auto_refines_until_the_difference_to_the_grid_before_is_small(normal: df.Treatment):
    short = normal.with_({"machine.dwell_ms": 30})
    quick, standard = (df.run(short, grid=grid) for grid in ("quick", "standard"))
    names = ("pigment_deposited_ng", "pigment_depth_mm")
    error = max(abs(standard[name] - quick[name]) / standard[name] for name in names)
    loose = df.run(short, grid="auto", grid_tolerance=1.01 * error)
    assert loose.grid == "standard" and loose["grid_error"] == pytest.approx(error, rel=1e-14)
    assert {name: loose[name] for name in names} == {name: standard[name] for name in names}
    assert f"(error about {100 * error:.1f} %)" in loose.summary()
    tight = df.run(short, grid="auto", grid_tolerance=0.99 * error)
    assert tight.grid in {"fine", "finest"} and tight["grid_error"] != loose["grid_error"]
    assert math.isnan(quick["grid_error"])


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 0.6, math.nan])
def test_a_grid_tolerance_out_of_range_is_an_input_error(normal: df.Treatment, tolerance: float):
    with pytest.raises(df.InputError, match=r"grid_tolerance = .* out of range; use 0.001 to 0.5"):
        df.run(normal, grid="auto", grid_tolerance=tolerance)


def test_a_hard_limit_is_an_input_error(normal: df.Treatment):
    far = {"needle.prongs": 7, "needle.shape": "magnum", "needle.prong_pitch_mm": 0.7, "machine.stall_force_n": 50}
    with pytest.raises(df.InputError, match=r"prongs_beyond_grid: .* 2\.1 mm is above 2 mm"):
        df.run(normal.with_(far), grid="quick")


def test_text_and_html_of_a_result_name_what_matters(quick: df.Result):
    assert "ng" in repr(quick) and "contrast" in repr(quick) and "Treatment" in repr(quick)
    html = quick._repr_html_()
    assert html.startswith("<pre>") and "14 strokes" in html and "ledger closes" in html
    assert f"{quick['pigment_deposited_ng']:.1f} ng" in quick.summary()


def test_the_same_input_gives_the_same_bits(quick: df.Result, normal: df.Treatment):
    again = df.run(normal, grid="quick")
    assert numbers(again) == numbers(quick)
    np.testing.assert_array_equal(again.pools, quick.pools)


def test_outputs_beyond_the_horizon_are_not_numbers(normal: df.Treatment):
    year = df.run(normal, grid="quick", horizon_year=1.0)
    assert math.isfinite(year["contrast_1y"]) and year.to_xarray()["time"].max() == pytest.approx(365.25)
    assert all(math.isnan(year[name]) for name in ("contrast_3y", "contrast_5y", "retained_fraction_5y", "fwhm_mm_5y"))


def test_progress_is_silent_unless_asked_for(normal: df.Treatment, capfd: pytest.CaptureFixture[str]):
    df.run(normal, grid="quick")
    text = capfd.readouterr()
    assert text.out == text.err == ""


@pytest.mark.parametrize("backend", ["serial", "kokkos", "cuda"])
def test_every_backend_that_is_here_runs_and_the_others_say_what_is(backend: str, quick: df.Result, normal: df.Treatment):
    state = next(row for row in df.backends() if row["name"] == backend)
    if not state["available"]:
        with pytest.raises(df.BackendError, match="serial"):
            df.run(normal, backend=backend, grid="quick")
        return
    result = df.run(normal, backend=backend, grid="quick")
    assert result.backend == backend
    if backend != "cuda":  # host backends give the same bits; a GPU is measured in the C++ parity tests
        np.testing.assert_array_equal(result.pools, quick.pools)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"grid": "coarse"}, ["coarse", "quick", "standard", "fine"]),
        ({"backend": "metal"}, ["metal", "auto", "serial", "kokkos", "cuda"]),
        ({"horizon_year": 0.5}, ["0.5", "1 to 30"]),
        ({"horizon_year": math.nan}, ["nan", "1 to 30"]),
        ({"horizon_year": 31}, ["31", "1 to 30"]),
    ],
)
def test_an_option_that_does_not_exist_is_refused(normal: df.Treatment, arguments: dict, words: list[str]):
    with pytest.raises(df.InputError) as error:
        df.run(normal, **arguments)
    assert all(word in str(error.value) for word in words)


def test_errors_are_the_errors_python_programmers_expect():
    assert issubclass(df.InputError, ValueError) and issubclass(df.FileError, OSError)
    assert issubclass(df.NumericsError, RuntimeError) and issubclass(df.BackendError, RuntimeError)


def test_a_run_that_fails_says_why(normal: df.Treatment):
    with pytest.raises(df.NumericsError, match="motor stalls.*stall_force_n"):
        df.run(normal.with_(STALLING | {"machine.stall_force_n": 0.2}), grid="quick")


# ensembles


def test_a_member_of_an_ensemble_has_the_bits_it_has_alone(normal: df.Treatment, quick: df.Result):
    scar = normal.with_({"skin.class": "hypertrophic"})
    seen = []
    rows = df.run_batch([normal, scar, Member(normal, {"machine.depth_mm": 0.3})], grid="quick", done=lambda k, row: seen.append(k))
    alone = [quick, df.run(scar, grid="quick"), df.run(normal.with_({"machine.depth_mm": 0.3}), grid="quick")]
    assert sorted(seen) == [0, 1, 2]
    for row, result in zip(rows, alone, strict=True):
        (outputs,) = row
        assert numbers(outputs) == numbers(result)


def test_dwell_times_that_share_an_insertion_equal_single_runs(normal: df.Treatment):
    dwells = [40.0, 90.0, 150.0]
    (branches,) = df.run_batch([Member(normal, {}, dwells)], grid="quick")
    assert len(branches) == len(dwells)
    for dwell, outputs in zip(dwells, branches, strict=True):
        single = df.run(normal.with_({"machine.dwell_ms": dwell}), grid="quick")
        assert numbers(outputs) == numbers(single)
    assert branches[0]["strokes"] < branches[1]["strokes"] < branches[2]["strokes"]


def test_a_member_that_fails_does_not_touch_the_others(normal: df.Treatment, quick: df.Result):
    stalls = normal.with_(STALLING | {"machine.stall_force_n": 0.2})
    before, failed, after = df.run_batch([normal, stalls, normal], grid="quick")
    assert isinstance(failed, df.MemberError) and "motor stalls" in failed.message
    for row in (before, after):
        assert numbers(row[0]) == numbers(quick)


def test_dwell_times_that_do_not_increase_fail_their_member(normal: df.Treatment):
    (failed,) = df.run_batch([Member(normal, {}, [150.0, 90.0])], grid="quick")
    assert isinstance(failed, df.MemberError) and "increase" in failed.message


@pytest.mark.parametrize("dwell", [-5.0, 0.0, math.nan, 2001.0])
def test_dwell_times_out_of_range_are_refused(normal: df.Treatment, dwell: float):
    with pytest.raises(df.InputError, match="dwell_ms.*5 to 2000"):
        df.run_batch([Member(normal, {}, [dwell])], grid="quick")


def test_an_empty_ensemble_is_empty():
    assert df.run_batch([], grid="quick") == []


def test_an_ensemble_with_an_unknown_key_is_refused(normal: df.Treatment):
    with pytest.raises(df.InputError, match="machine.depth_mm"):
        df.run_batch([Member(normal, {"machine.depth_m": 0.3})], grid="quick")


def test_what_a_callback_raises_reaches_the_caller_and_the_next_run_works(normal: df.Treatment, quick: df.Result):
    def fail(index: int, outcome: object) -> None:
        raise LookupError("from the callback")

    with pytest.raises(LookupError, match="from the callback"):
        df.run_batch([normal, normal], grid="quick", done=fail)
    assert df.run(normal, grid="quick")["contrast_1y"] == quick["contrast_1y"]


def test_everything_public_exists_and_has_a_docstring():
    for name in df.__all__:
        assert getattr(df, name).__doc__, name
    assert df.__version__ == _core.version
