"""A treatment in a box: from the CLI and Python, its fields, its file for xarray and ParaView, what is refused."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from matplotlib.collections import QuadMesh

import dermaflux as df
from dermaflux import plots
from dermaflux.report import run_report
from dermaflux.runfile import layers_at_axis, resolved_input
from dermaflux.virtual_biopsy import tissue_of

FILE = df.configs() / "treatments/three_prongs_tilted.toml"
SMALL = {"machine.dwell_ms": 10, "geometry.margin_mm": 0.25}


@pytest.fixture(scope="module")
def result() -> df.Result:
    return df.run(df.load(FILE).with_(SMALL), grid="quick", horizon_year=1.0)


def test_the_fields_in_space_hold_the_dose(result: df.Result):
    box = result.box
    assert box is not None
    x, y, z = (np.diff(box[f"{axis}_face"]) for axis in "xyz")
    assert box["pools"].shape == (len(result.to_xarray()["time"]), 5, len(x), len(y), len(z))
    volume = x[:, None, None] * y[None, :, None] * z
    held = (box["pools"][0].sum(0) * volume).sum() * 1e12
    assert held == pytest.approx(result["pigment_deposited_ng"], rel=1e-5)
    assert result["ledger_imbalance"] < 1e-10
    rings = np.diff(np.pi * result._run.r_face**2)
    in_rings = (result.pools[0].sum(0) * rings[:, None] * z).sum() * 1e12  # the means over rings hold the same mass
    assert in_rings == pytest.approx(held, rel=1e-5)


def test_prongs_stand_where_the_needle_puts_them(result: df.Result):
    tracks = result.box["tracks"]
    assert tracks.shape == (3, 7)
    slope = (tracks[:, 4] - tracks[:, 1]) / tracks[:, 6]
    assert slope == pytest.approx(np.tan(np.radians(30.0)))
    assert tracks[:, 5] == pytest.approx(tracks[:, 2])
    deepest = tracks[:, 6].max() * 1e3  # the plane of the tips is tilted, too
    assert deepest > result["d_tip_mm"] > tracks[:, 6].min() * 1e3


def test_the_file_opens_as_what_it_was_and_holds_two_blocks_for_paraview(result: df.Result, tmp_path: Path):
    path = result.save(tmp_path / "run.h5")
    stored, own = df.open_run(path), result.to_xarray()
    assert stored["box_pigment_matrix"].dims == ("time", "z", "y", "x") and stored["pigment_matrix"].dims == ("time", "z", "r")
    for name in ("box_pigment_matrix", "box_pigment_epidermal", "box_captured", "box_permeability_ratio"):
        np.testing.assert_array_equal(stored[name].transpose(*own[name].dims).values, own[name].values.astype(np.float32))
    np.testing.assert_array_equal(stored["x_face"], own["x_face"])
    with h5py.File(path) as file:
        vtk = file["VTKHDF"]
        assert vtk.attrs["Type"] == b"MultiBlockDataSet" and list(vtk["Assembly"]) == ["tissue", "needle"]  # in order of creation
        steps = len(own["time"])
        for part in (vtk, vtk["tissue"], vtk["needle"]):
            assert part["Steps"].attrs["NSteps"] == steps
        assert vtk["tissue/CellData/pigment"].shape == (steps, *(len(own[axis]) for axis in "zyx"))
        assert list(vtk["tissue"].attrs["Dimensions"]) == [len(own[axis]) + 1 for axis in "xyz"]
        assert vtk["needle/Points"].shape == (6, 3) and vtk["needle/Lines/NumberOfCells"][0] == 3
        total = sum(file[f"box_pigment_{pool}"][0] for pool in ("free", "matrix", "macrophage", "slow", "epidermal"))
        np.testing.assert_allclose(vtk["tissue/CellData/pigment"][0], total, rtol=1e-6)


def test_a_box_is_run_to_its_end(tmp_path: Path):
    treatment = df.load(FILE).with_(SMALL)
    with pytest.raises(df.InputError, match="not stopped and resumed"):
        df.run(treatment, grid="quick", state=tmp_path / "state.h5", stop_after_day=100)
    with pytest.raises(df.InputError, match=r"geometry\.azimuth_deg.*axisymmetric"):
        df.load(df.configs() / "treatments/normal_scalp.toml", {"geometry.azimuth_deg": 30})


def test_the_report_shows_the_tissue_and_not_its_mean_over_rings(result: df.Result, tmp_path: Path):
    data = df.open_run(result.save(tmp_path / "run.h5"))
    page = run_report(data)
    assert "From the side and from above" in page and "Section through the dot" not in page and "paths of the prongs" in page
    figure = plots.box(data, layers_at_axis(resolved_input(data)))
    meshes = [mesh for ax in figure.axes for mesh in ax.collections if isinstance(mesh, QuadMesh) and ax.get_ylabel() != "pigment [mg m$^{-2}$]"]
    areas = [np.outer(np.diff(data["z_face"]), np.diff(data["x_face"])), np.outer(np.diff(data["y_face"]), np.diff(data["x_face"]))]
    for mesh, area in zip((meshes[0], meshes[len(meshes) // 2]), areas, strict=True):  # day 0: both sums hold the dose, in single precision
        assert (mesh.get_array().reshape(area.shape) * area).sum() * 1e6 == pytest.approx(result["pigment_deposited_ng"], rel=1e-5)


def test_no_section_is_cut_from_the_mean_of_a_box(result: df.Result):
    with pytest.raises(df.InputError, match="sections are cut from rings"):
        tissue_of(result.to_xarray(), 14.0)
