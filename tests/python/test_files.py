"""Run files: what is in them, who can open them, and which files are refused."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from conftest import NORMAL, write_sweep

import dermaflux as df
from dermaflux import _core
from dermaflux.provenance import input_sha256
from dermaflux.result import POOLS
from dermaflux.runfile import layers_at_axis, resolved_input
from dermaflux.writing import check_output, complete_or_absent

# Fields are stored as float32: 24 bits, rounded to nearest.
SINGLE = 2.0**-24


@pytest.fixture(scope="module")
def stored(run_file: Path) -> xr.Dataset:
    with xr.open_dataset(run_file, engine="h5netcdf", phony_dims="sort", decode_times=False) as data:
        return data.load()


def test_a_run_file_opens_in_xarray_with_all_outputs(stored: xr.Dataset, quick: df.Result):
    assert stored.attrs["Conventions"] == "CF-1.11" and stored.attrs["title"] == quick.treatment.title
    for name, value in quick.items():
        np.testing.assert_equal(float(stored[name]), value)
        unit = next(row["unit"] for row in _core.outputs() if row["name"] == name)
        assert stored[name].attrs["units"] == (unit or "1") and stored[name].attrs["long_name"]


def test_a_run_file_opens_in_xarray_without_any_option(run_file: Path):
    with xr.open_dataset(run_file) as data:
        assert data["contrast"].dims == ("time",) and data["pigment"].sizes["z"] == 64


def test_the_fields_in_the_file_are_those_of_the_run(stored: xr.Dataset, quick: df.Result):
    assert stored["pigment_slow"].dims == ("time", "z", "y", "r")
    for n, pool in enumerate(POOLS):
        expected = quick.pools[:, n].transpose(0, 2, 1)
        found = stored[f"pigment_{pool}"].values[:, :, 0, :]
        # Below the smallest normal float32 the spacing is absolute.
        np.testing.assert_allclose(found, expected, rtol=SINGLE, atol=1.2e-38)
    total = sum(stored[f"pigment_{pool}"].values.astype(float) for pool in POOLS)
    np.testing.assert_allclose(stored["pigment"].values, total, rtol=2 * SINGLE, atol=1e-37)
    np.testing.assert_allclose(stored["r"], quick.r_m, rtol=1e-15)
    np.testing.assert_allclose(stored["z"], quick.z_m, rtol=1e-15)


def test_every_variable_of_a_run_file_has_a_unit_and_a_meaning(stored: xr.Dataset):
    for name, variable in stored.variables.items():
        assert variable.attrs["units"] and variable.attrs["long_name"], name


def test_the_profile_integrates_to_the_pigment_in_the_skin(stored: xr.Dataset, run_file: Path):
    with h5py.File(run_file) as file:
        z = file["VTKHDF/ZCoordinates"][:]
    in_skin = sum(stored[f"{pool}_ng"].values for pool in POOLS)
    # The profile is per depth: the sum of ring masses of a row over its height. 2048 cells of one sign round once each.
    np.testing.assert_allclose((stored["profile_ng_per_mm"].values * np.diff(z) * 1e3).sum(axis=1), in_skin, rtol=2048 * 2.3e-16)


def test_the_ledger_is_in_the_file_and_closes(run_file: Path, quick: df.Result):
    with h5py.File(run_file) as file:
        ledger = {name: float(node[()]) for name, node in file["ledger"].items()}
        assert {node.attrs["units"] for node in file["ledger"].values()} <= {b"ng", "ng"}
    assert ledger == quick.ledger
    drawn = ledger.pop("drawn_ng")
    assert sum(ledger.values()) == pytest.approx(drawn, rel=1e-10)  # design.md 3.6


def test_the_whole_input_is_in_the_file(run_file: Path, normal: df.Treatment):
    with h5py.File(run_file) as file:
        text = file["config/resolved_json"][()]
    assert json.loads(text) == normal.resolved()


def test_the_provenance_says_what_ran_on_what(run_file: Path, normal: df.Treatment):
    with h5py.File(run_file) as file:
        facts = {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in file["provenance"].attrs.items()}
    assert facts["program"] == "dermaflux" and facts["version"] == df.__version__ and facts["git_commit"] == _core.git
    assert facts["grid"] == "quick" and facts["backend"] in {row["name"] for row in df.backends()}
    assert facts["command_line"] == "dermaflux run normal_scalp.toml"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", facts["started_utc"])
    assert facts["input_sha256"] == input_sha256(normal.resolved())
    files = json.loads(facts["input_files"])
    assert {"treatments/normal_scalp.toml", "skin/normal.toml", "inks/carbon_black_neat.toml", "configs/model.toml"} <= set(files)
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in files.values())


def test_the_input_hash_changes_with_the_input(normal: df.Treatment):
    hashes = {input_sha256(normal.with_(change).resolved()) for change in ({}, {"machine.depth_mm": 0.51}, {"skin.class": "bald"})}
    assert len(hashes) == 3


def test_the_order_of_the_layers_is_part_of_the_input(normal: df.Treatment, tmp_path: Path):
    names = list(normal.layers)
    names[2:4] = reversed(names[2:4])
    (tmp_path / "turned.toml").write_text(f'inherits = "{NORMAL}"\n[skin]\nlayers = {json.dumps(names)}\n')
    turned = df.load(tmp_path / "turned.toml")
    assert {key for key in normal if turned[key] != normal[key]} == {"skin.layers"} and turned["skin.layers"] == names
    assert input_sha256(turned.resolved()) != input_sha256(normal.resolved())
    for treatment in (normal, turned):  # a report draws them in this order
        drawn = layers_at_axis(treatment.resolved())
        assert list(drawn) == list(treatment.layers)
        assert list(drawn.values()) == pytest.approx(list(treatment.layers.values()), rel=1e-12)


def test_no_absolute_path_is_in_a_run_file(run_file: Path):
    content = run_file.read_bytes()
    assert str(Path.home()).encode() + b"/" not in content
    assert str(Path(__file__).resolve().parents[2]).encode() not in content


def test_a_run_file_is_a_vtkhdf_rectilinear_grid(run_file: Path):
    """What ParaView needs: type, version and dimensions, coordinates of faces, 4-D cell data, and offsets of each step."""
    with h5py.File(run_file) as file:
        vtk = file["VTKHDF"]
        assert vtk.attrs["Type"] == b"RectilinearGrid"
        kind = vtk.attrs.get_id("Type").get_type()
        assert kind.get_cset() == h5py.h5t.CSET_ASCII and not kind.is_variable_str()
        assert list(vtk.attrs["Version"]) == [2, 8]
        faces = [vtk[f"{axis}Coordinates"].shape[0] for axis in "XYZ"]
        assert list(vtk.attrs["Dimensions"]) == faces == [17, 2, 65]
        steps = int(np.asarray(vtk["Steps"].attrs["NSteps"]).ravel()[0])
        assert vtk["Steps/Values"].shape == (steps,) and steps == file["time"].shape[0]
        for name, node in vtk["CellData"].items():
            assert node.shape == (steps, 64, 1, 16)
            assert list(vtk[f"Steps/CellDataOffsets/{name}"][:]) == list(range(steps))
            assert node.fletcher32 and node.compression == "gzip" and node.chunks == (1, 64, 1, 16)
            assert h5py.h5o.get_info(node.id).addr == h5py.h5o.get_info(file[name].id).addr  # one dataset with two names
        np.testing.assert_array_equal(vtk["Steps/Values"][:], file["time"][:])


def test_open_run_gives_back_what_was_run(run_file: Path, quick: df.Result):
    data = df.open_run(run_file)
    assert "y" not in data.dims and data["pigment_slow"].dims == ("time", "z", "r")
    assert float(data["contrast_1y"]) == quick["contrast_1y"]
    assert data.attrs["ledger_drawn_ng"] == quick.ledger["drawn_ng"]
    assert data.attrs["title"] == quick.treatment.title and data.attrs["provenance_grid"] == "quick"
    assert data.sizes["r_edge"] == 17 and data.sizes["z_edge"] == 65
    assert resolved_input(data) == quick.treatment.resolved()


def test_saving_replaces_a_file_and_leaves_nothing_beside_it(quick: df.Result, tmp_path: Path):
    path = tmp_path / "run.h5"
    path.write_text("old")
    assert quick.save(path) == path
    assert df.open_run(path)["strokes"] == quick["strokes"]
    assert [one.name for one in tmp_path.iterdir()] == ["run.h5"]


def test_saving_where_nothing_can_be_written_says_so(quick: df.Result, tmp_path: Path):
    for path in (tmp_path / "none" / "run.h5", tmp_path):
        with pytest.raises(df.FileError, match=re.escape(str(path))):
            quick.save(path)
    assert list(tmp_path.iterdir()) == []


def _text_file(path: Path, run_file: Path) -> None:
    path.write_text("not HDF5\n" * 100)


def _truncated(path: Path, run_file: Path) -> None:
    content = run_file.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _empty(path: Path, run_file: Path) -> None:
    path.write_bytes(b"")


def _other_hdf5(path: Path, run_file: Path) -> None:
    with h5py.File(path, "w") as file:
        file["numbers"] = [1.0, 2.0]


def _group_missing(path: Path, run_file: Path) -> None:
    shutil.copy(run_file, path)
    with h5py.File(path, "r+") as file:
        del file["ledger"]


def _sweep_file(path: Path, run_file: Path) -> None:
    df.sweep(write_sweep(path.with_suffix(".toml"), {"machine.depth_mm": [0.4]}), path)


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (_text_file, "cannot be read"), (_truncated, "cannot be read"), (_empty, "cannot be read"), (_group_missing, "cannot be read"),
        (_other_hdf5, "not a run file"), (_sweep_file, "not a run file"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_run_file_is_refused_with_its_name(make, word: str, run_file: Path, tmp_path: Path):
    path = tmp_path / "bad.h5"
    make(path, run_file)
    with pytest.raises(df.FileError) as error:
        df.open_run(path)
    assert str(path) in str(error.value) and word in str(error.value)


def test_a_run_file_with_one_damaged_byte_in_its_fields_is_refused(run_file: Path, tmp_path: Path):
    """Chunks carry a checksum (fletcher32), so damage is seen, not shown."""
    with h5py.File(run_file) as file:
        place = file["pigment"].id.get_chunk_info(0)
    content = bytearray(run_file.read_bytes())
    content[place.byte_offset + place.size // 2] ^= 1
    path = tmp_path / "damaged.h5"
    path.write_bytes(content)
    with pytest.raises(df.FileError, match=re.escape(str(path))):
        df.open_run(path)


def test_a_missing_run_file_is_refused_with_its_name(tmp_path: Path):
    with pytest.raises(df.FileError, match="no such file.*run"):
        df.open_run(tmp_path / "none.h5")


def test_a_sweep_file_opens_in_xarray_with_its_axes_as_dimensions(tmp_path: Path):
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.5], "skin.class": ["normal", "bald"]})
    df.sweep(plan, tmp_path / "s.h5")
    with xr.open_dataset(tmp_path / "s.h5", engine="h5netcdf") as data:
        assert data["contrast_1y"].dims == ("machine_depth_mm", "skin_class")
        assert list(data["machine_depth_mm"].values) == [0.3, 0.5] and data["machine_depth_mm"].attrs["units"] == "mm"
        assert list(data["skin_class"].values) == ["normal", "bald"]
        assert float(data["pigment_depth_mm"].sel(machine_depth_mm=0.5, skin_class="normal")) > 0.1
        assert data.attrs["failed_members"] == 0 and data.attrs["provenance_version"] == df.__version__
        assert json.loads(data.attrs["resolved_json"])["machine.depth_mm"]["unit"] == "mm"
        for name in data.data_vars:
            assert data[name].attrs["long_name"] and (name == "error" or data[name].attrs["units"])


def test_a_file_whose_writing_fails_leaves_nothing(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), complete_or_absent(tmp_path / "x.txt") as part:
        part.write_text("half")
        raise KeyboardInterrupt
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_clear_error_and_leaves_nothing(tmp_path: Path, run_file: Path):
    """In a process of its own: HDF5 would bring it down. A size that no file may pass stands for the disk."""
    limit = run_file.stat().st_size // 2
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); from dermaflux.cli import main; main()"
    )
    command = [sys.executable, "-c", code, "run", str(NORMAL), "--grid", "quick", "-o", str(tmp_path / "x.h5")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert re.search(r"HDF5: \w+ the file failed \(disk full or file damaged\?\); free space and run again$", done.stderr.rstrip())
    assert not list(tmp_path.iterdir())


def test_a_place_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs the tests may be allowed everything
    with pytest.raises(df.FileError, match="x.h5: cannot be written .no permission."):
        check_output(tmp_path / "x.h5")
