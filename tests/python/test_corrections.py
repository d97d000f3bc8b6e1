"""Correction factors for tilt and prongs: how they are fitted, read, applied and stated."""

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from calibration_samples import small_calibration, without_table
from conftest import refused, write_sweep
from test_sweep import stored

import dermaflux as df
from dermaflux import _core, corrections_fit

ANGLES = np.array([0.0, 15.0, 30.0, 45.0])
FACTORS = """
title = "made up"
source = "test"
study_sha256 = "{digest}"
angles_deg = {{ value = [0, 45], unit = "deg" }}
""".format(digest="a" * 64)
ONE = '[[correction]]\noutput = "{output}"\nprongs = {prongs}\nconstant = {constant}\nlinear = 1.5\nsquare = 0.5\nerror = 0.04\n'


def write_factors(path: Path, *ones: tuple[str, int, float], head: str = FACTORS) -> Path:
    path.write_text(head + "".join(ONE.format(output=name, prongs=prongs, constant=constant) for name, prongs, constant in ones))
    return path


def factor(constant: float, angle_deg: float) -> float:
    u = 1.0 - math.cos(math.radians(angle_deg))
    return constant + 1.5 * u + 0.5 * u * u


def made_up_study(path: Path, grid: str, off: float, noise: float = 0.0) -> Path:
    """A result whose ratios follow known polynomials: on a grid, which is wrong by `off` of what is tilted or has three prongs."""
    u = 1.0 - np.cos(np.radians(ANGLES))
    shape = np.stack([1.0 + 2.0 * u - u**2, 0.9 + 1.0 * u + 0.5 * u**2])
    wrong = np.where((ANGLES == 0.0) & (np.arange(2) == 0)[:, None], 0.0, off) + noise * np.array([0.0, 1.0, -1.0, 1.0])
    ratio = 1.01 * (shape + wrong)
    dims = ("needle_model", "machine_angle_deg", "geometry_kind")
    data = {name: (dims, np.stack([3.0 * ratio, np.full_like(ratio, 3.0)], axis=-1)) for name in corrections_fit.CORRECTED}
    data |= {"error": (dims, np.full((2, 4, 2), "")), "prongs": ("needle_model", [1, 3])}
    attributes = {"dermaflux_kind": "study", "study": "corrections", "failed_members": 0, "grid": grid, "input_sha256": "x", "provenance_version": "v", "provenance_git_commit": "c"}
    coordinates = {"needle_model": ["one", "three"], "machine_angle_deg": ANGLES, "geometry_kind": ["box", "axisymmetric"]}
    xr.Dataset(data, coords=coordinates, attrs=attributes).to_netcdf(path, engine="h5netcdf")
    return path


def test_a_fit_finds_what_the_study_follows_and_how_wrong_its_grid_may_be(cli, tmp_path: Path):
    """The finer grid is off by 0.01, the coarse one by 0.03: they differ by 0.02, which is taken for the error of the grid."""
    off = 0.01
    coarse, fine = made_up_study(tmp_path / "q.h5", "quick", 3.0 * off), made_up_study(tmp_path / "s.h5", "standard", off)
    done = cli("corrections", coarse, fine, "-o", tmp_path / "c.toml")
    assert done.code == 0, done
    found = _core.load_corrections(tmp_path / "c.toml")
    assert set(found.outputs) == set(corrections_fit.CORRECTED) and found.study_sha256 == hashlib.sha256(coarse.read_bytes()).hexdigest()
    fitted = {(one.output, one.prongs): one for one in corrections_fit.fit_corrections(coarse, fine).factors}
    three = fitted["contrast_1y", 3]
    assert three.grid == pytest.approx(2.0 * off, rel=1e-9) and three.residual < 1e-12 and three.straight == pytest.approx(0.01)
    assert three.error == pytest.approx(math.hypot(2.0 * off, 0.01))
    for angle in (0.0, 20.0, 45.0):
        u = 1.0 - math.cos(math.radians(angle))
        # written with five digits
        assert found.of("contrast_1y", 3, angle).factor(angle) == pytest.approx(0.9 + off + u + 0.5 * u * u, rel=1e-4)
    assert found.of("contrast_1y", 1, 0.0).factor(0.0) == 1.0
    assert abs(found.of("contrast_1y", 1, 45.0).factor(45.0) - (1.0 + 2.0 * u - u * u)) < 2.0 * fitted["contrast_1y", 1].error


def test_a_needle_that_the_finer_grid_lacks_takes_its_error_from_the_others(tmp_path: Path):
    coarse, fine = made_up_study(tmp_path / "q.h5", "quick", 0.03), made_up_study(tmp_path / "s.h5", "standard", 0.01)
    _only_one(fine, tmp_path / "one.h5")
    both, part = (corrections_fit.fit_corrections(coarse, path).factors for path in (fine, tmp_path / "one.h5"))
    assert part[0] == both[0] and part[1].prongs == 3 and part[1].grid == pytest.approx(0.02)
    assert part[1].constant == pytest.approx(0.9 + 0.03) and both[1].constant == pytest.approx(0.9 + 0.01)  # each from the grid that has it
    text = corrections_fit.save_corrections(corrections_fit.fit_corrections(coarse, tmp_path / "one.h5"), tmp_path / "c.toml").read_text()
    assert "on the quick grid" in text and "(of 1 prong)" in text
    with pytest.raises(df.InputError, match="needles that that has not"):
        corrections_fit.fit_corrections(_only_one(coarse, tmp_path / "q1.h5"), fine)


def _only_one(path: Path, to: Path) -> Path:
    with xr.open_dataset(path, engine="h5netcdf") as data:
        data.isel(needle_model=[0]).load().to_netcdf(to, engine="h5netcdf")
    return to


def test_scatter_about_the_fit_is_part_of_the_error(tmp_path: Path):
    coarse, fine = made_up_study(tmp_path / "q.h5", "quick", 0.0, 0.02), made_up_study(tmp_path / "s.h5", "standard", 0.0, 0.02)
    one, three = (one for one in corrections_fit.fit_corrections(coarse, fine).factors if one.output == "contrast_1y")
    assert one.grid == three.grid == 0.0 and one.residual > 0.005 and three.residual > 0.005
    assert [it.error for it in (one, three)] == pytest.approx([math.hypot(it.residual, it.straight) for it in (one, three)])
    with pytest.raises(df.InputError, match="not finer than"):
        corrections_fit.fit_corrections(fine, coarse)


def test_the_shipped_factors_leave_one_upright_prong_as_it_is_within_their_error():
    """What the study found of it, box over rings, is part of the error that the file states."""
    (path,) = (df.configs() / "corrections").glob("*.toml")
    shipped = _core.load_corrections(path)
    for name in shipped.outputs:
        one = shipped.of(name, 1, 0.0)
        assert one.factor(0.0) == 1.0 and 0.0 < one.error < 0.2
        stated = path.read_text().split(f'output = "{name}"')[1].split("one upright prong ")[1].split('"')[0]
        assert float(stated) <= one.error
    assert shipped.of("pigment_deposited_ng", 1, 45.0).factor(45.0) > 1.2  # projection shortens the track


def test_a_sweep_multiplies_what_ran_on_rings_and_keeps_what_the_model_gave(tmp_path: Path):
    factors = write_factors(tmp_path / "c.toml", ("pigment_deposited_ng", 1, 1.0), ("pigment_deposited_ng", 3, 0.9), ("contrast_1y", 1, 1.1), ("contrast_1y", 3, 1.2))
    axes = {"machine.angle_deg": [0, 30], "needle.model": ["round_liner_1_025_long", "round_liner_3_025_long"]}
    head = 'grid = "quick"\noutputs = ["pigment_deposited_ng", "strokes"]\n'
    plain = df.sweep(write_sweep(tmp_path / "p.toml", axes, head=head), tmp_path / "p.h5", changes={"machine.dwell_ms": 20})
    plan = write_sweep(tmp_path / "s.toml", axes, head=head + f'corrections = "{factors.name}"\n')
    data = df.sweep(plan, tmp_path / "s.h5", changes={"machine.dwell_ms": 20})
    for n, prongs_at_zero in enumerate((1.0, 0.9)):
        for k, angle in enumerate((0.0, 30.0)):
            expected = factor(prongs_at_zero, angle)
            assert data["pigment_deposited_ng_correction"].values[k, n] == pytest.approx(expected, rel=1e-15)
            assert data["pigment_deposited_ng"].values[k, n] == plain["pigment_deposited_ng"].values[k, n] * data["pigment_deposited_ng_correction"].values[k, n]
    np.testing.assert_array_equal(data["pigment_deposited_ng_uncorrected"], plain["pigment_deposited_ng"])
    np.testing.assert_array_equal(data["strokes"], plain["strokes"])
    assert (data["pigment_deposited_ng_correction_error"] == 0.04).all() and "contrast_1y_correction" not in data
    assert data.attrs["corrections_sha256"] == hashlib.sha256(factors.read_bytes()).hexdigest()
    assert data.attrs["sweep_sha256"] != plain.attrs["sweep_sha256"]
    xr.testing.assert_identical(stored(tmp_path / "s.h5"), data)  # no runtime_s among the outputs


def test_a_box_is_not_corrected(tmp_path: Path):
    factors = write_factors(tmp_path / "c.toml", ("pigment_deposited_ng", 1, 1.3))
    axes = {"geometry.kind": ["box", "axisymmetric"]}
    plan = df.load_sweep(write_sweep(tmp_path / "s.toml", axes, head=f'grid = "quick"\ncorrections = "{factors.name}"\n'))
    assert plan.corrected["pigment_deposited_ng"].factor.tolist() == [1.0, 1.3]
    assert plan.corrected["pigment_deposited_ng"].error.tolist() == [0.0, 0.04]


@pytest.mark.parametrize(
    ("ones", "head", "words"),
    [
        ([("pigment_deposited", 1, 1.0)], FACTORS, ["bad.toml:6: pigment_deposited is no output"]),
        ([("contrast_1y", 1, 1.0), ("contrast_1y", 1, 1.0)], FACTORS, ["contrast_1y for 1 prongs stands twice"]),
        ([("contrast_1y", 1, 1.0), ("contrast_1y", 3, 1.0), ("strokes", 1, 1.0)], FACTORS, ["no correction of strokes for 3 prongs"]),
        ([("contrast_1y", 1, 20.0)], FACTORS, ["constant = 20", "0.1 to 10"]),
        ([("contrast_1y", 3, 1.0)], FACTORS, ["no correction of contrast_1y for 1 prongs", "had 3"]),
        ([("contrast_1y", 1, 1.0)], FACTORS.replace("[0, 45]", "[0, 20]"), ["machine.angle_deg = 30", "0 to 20 deg"]),
        ([("contrast_1y", 1, 1.0)], FACTORS.replace("a" * 64, "a"), ["study_sha256"]),
        ([("contrast_1y", 1, 1.0)], FACTORS + "colour = 1\n", ["colour", "unknown key"]),
        ([], FACTORS, ["no [[correction]]"]),
    ],
)  # fmt: skip
def test_bad_corrections_are_refused_before_anything_runs(cli, tmp_path: Path, ones: list[tuple[str, int, float]], head: str, words: list[str]):
    factors = write_factors(tmp_path / "bad.toml", *ones, head=head)
    plan = write_sweep(tmp_path / "s.toml", {"machine.angle_deg": [0, 30]})
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5", "--corrections", factors], words)


def test_a_preset_says_what_corrected_it(cli, tmp_path: Path):
    small = small_calibration(tmp_path, [0.3], [250], 8)
    factors = write_factors(tmp_path / "c.toml", ("contrast_1y", 1, 0.99), ("pigment_deposited_ng", 1, 1.1))
    file = without_table(small, tmp_path / "calibration.toml", ('grid = "quick"', f'grid = "quick"\ncorrections = "{factors.name}"'))
    plain = df.calibrate(without_table(small, tmp_path / "plain.toml"), "normal").preset
    preset = df.calibrate(file, "normal").preset
    said = preset["provenance"]["corrections"]
    assert said["study_sha256"] == "a" * 64 and said["sha256"] == hashlib.sha256(factors.read_bytes()).hexdigest()
    assert {one["output"]: (one["factor"], one["standard_error"]) for one in said["factors"]} == {"contrast_1y": (0.99, 0.04), "pigment_deposited_ng": (1.1, 0.04)}
    assert preset["expected"]["pigment_deposited_ng"]["p50"] == pytest.approx(1.1 * plain["expected"]["pigment_deposited_ng"]["p50"], rel=2e-6)
    assert "corrections" not in plain["provenance"] and factors.name in preset["provenance"]["input_files"]
    path = df.preset.save_preset(preset, tmp_path / "p.json")
    shown = cli("preset", "show", path)
    assert shown.code == 0 and "contrast_1y x 0.99 +- 0.04" in shown.out and "made up" in shown.out
    assert json.loads(path.read_bytes())["schema_version"] == "1.3.0"
    with pytest.raises(df.InputError, match="for 3 prongs"):
        df.calibrate(file, "normal", changes={"needle.model": "round_liner_3_025_long"})
