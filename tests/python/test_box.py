"""A treatment in a box: from the CLI and Python, its fields, its file for xarray and ParaView, a state that it goes on from, what is refused."""

import contextlib
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import MAIN, NORMAL
from matplotlib.collections import QuadMesh

import dermaflux as df
from dermaflux import _core, plots
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


def same(one: df.Result, other: df.Result) -> None:
    """Every number of two runs but the time they took."""
    for name in ("pools", "insertion", "permeability_ratio", "tracks"):
        np.testing.assert_array_equal(one.box[name], other.box[name])
    for name, value in other.scalars.items():
        assert name == "runtime_s" or one[name] == value or np.isnan(value), name


def same_files(one: Path, other: Path) -> None:
    """Every dataset and attribute of two run files but those that tell when, where and how long."""

    def content(path: Path) -> dict[str, object]:
        found: dict[str, object] = {}

        def visit(name: str, item: h5py.Dataset | h5py.Group) -> None:
            found.update({f"{name}@{key}": np.asarray(value).tobytes() for key, value in item.attrs.items() if "LIST" not in key})
            if isinstance(item, h5py.Dataset):
                found[name] = np.asarray(item[()]).tobytes()

        with h5py.File(path) as file:
            file.visititems(visit)
        return {name: value for name, value in found.items() if not name.startswith("provenance") and name != "runtime_s"}

    left, right = content(one), content(other)
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []


def test_a_killed_run_goes_on_from_its_last_stroke_to_the_same_file(result: df.Result, tmp_path: Path):
    state = tmp_path / "kept.h5"
    changes = [text for key, value in SMALL.items() for text in ("-s", f"{key}={value}")]
    arguments = ["run", FILE, *changes, "--grid", "quick", "--horizon-year", 1, "-o", tmp_path / "run.h5", "--checkpoint", state, "--every", 1]
    process = subprocess.Popen([sys.executable, "-c", MAIN, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120.0
    while not state.exists():
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"ended with {process.wait(0.01)}")
        assert time.monotonic() < deadline
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "run.h5").exists()
    later = df.resume(state, backend="serial")
    same(later, result)
    same_files(later.save(tmp_path / "resumed.h5"), result.save(tmp_path / "whole.h5"))


def test_a_box_stops_on_a_day_and_its_state_belongs_to_it(cli, result: df.Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    treatment, state = df.load(FILE).with_(SMALL), tmp_path / "run.state.h5"
    with pytest.raises(df.Stopped) as stopped:
        df.run(treatment, grid="quick", horizon_year=1.0, state=state, stop_after_day=30)
    assert stopped.value.day >= 30 and [p.name for p in tmp_path.iterdir()] == ["run.state.h5"]
    same(df.resume(state, treatment), result)
    with pytest.raises(df.InputError, match="input_sha256"):
        df.resume(state, treatment.with_({"machine.depth_mm": 0.6}))
    monkeypatch.setattr(_core, "version", "9.9.9")
    done = cli("resume", state, "-o", tmp_path / "run.h5")
    assert done.code == 2 and "program" in done.err and "9.9.9" in done.err
    monkeypatch.undo()
    state.write_bytes(state.read_bytes()[:-1000])
    with pytest.raises(df.FileError, match="is no state of a run, or damaged"):
        df.resume(state, treatment)


def test_keeping_the_state_on_the_way_needs_a_box_and_a_file(tmp_path: Path):
    box, rings = df.load(FILE), df.load(NORMAL)
    with pytest.raises(df.InputError, match="every needs a file"):
        df.run(box, grid="quick", every=3)
    with pytest.raises(df.InputError, match="every = 0 is out of range"):
        df.run(box, grid="quick", every=0, state=tmp_path / "state.h5")
    with pytest.raises(df.InputError, match="axisymmetric"):
        df.run(rings, grid="quick", every=3, state=tmp_path / "state.h5")
    assert not list(tmp_path.iterdir())


def test_what_a_box_and_what_rings_cannot_have_is_said():
    with pytest.raises(df.InputError, match=r"geometry\.azimuth_deg.*axisymmetric"):
        df.load(NORMAL, {"geometry.azimuth_deg": 30})
    with pytest.raises(df.InputError, match="follicle 1 and follicle 2 overlap"):
        df.load(FILE, {"geometry.follicle_um": 120, "geometry.follicle_x_mm": [0.3, 0.35], "geometry.follicle_y_mm": 0.3})


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
