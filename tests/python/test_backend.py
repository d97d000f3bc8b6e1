"""Which backend runs, who says so and why, and that members that fall back are counted."""

import re
from pathlib import Path

import pytest
import xarray as xr
from conftest import NORMAL, write_sweep

import dermaflux as df
from dermaflux import _core, study


def device() -> bool:
    return any(row["available"] for row in df.backends() if row["name"] == "cuda")


def test_auto_takes_one_thread_for_one_treatment_and_all_for_many_where_there_is_no_gpu():
    one, many = _core.check_batch("quick", "auto", 1), _core.check_batch("quick", "auto", 100_000)
    assert one[0] == "serial" and many[0] == ("cuda" if device() else "kokkos")
    why = next(row["detail"] for row in df.backends() if row["name"] == "cuda")
    assert why.partition(",")[0] in one[1] and why.partition(",")[0] in many[1]


def test_a_named_backend_is_taken_whatever_the_size():
    assert _core.check_batch("quick", "serial", 100_000)[0] == "serial"
    assert _core.check_batch("quick", "kokkos", 1)[0] == "kokkos"


def test_a_run_says_where_it_ran_and_why(quick: df.Result):
    assert quick.backend == "serial" and quick["fell_back"] == 0
    assert f"\non serial ({quick.backend_reason})\n" in quick.summary()
    assert "too little to share" in quick.backend_reason


def test_a_sweep_says_once_on_what_it_runs_and_counts_what_fell_back(cli, tmp_path: Path):
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.dwell_ms": [10, 20]}), tmp_path / "s.h5"
    done = cli("sweep", "run", plan, "-o", out)
    assert done.code == 0
    assert len(re.findall(r"^a sweep: on serial \(.+\)$", done.err, flags=re.MULTILINE)) == 1  # one insertion
    with xr.open_dataset(out, engine="h5netcdf") as data:
        assert data.attrs["fell_back_members"] == 0


def test_members_that_fall_back_are_counted_and_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The engine's answer of a GPU that had no room for one of two members; its own part is tested in C++."""
    run = _core.run_batch
    plan = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4]})

    def short_of_room(rows, grid, horizon_year, backend, done, whole=0):
        run(rows, grid, horizon_year, "serial", lambda k, found: done(k, [row | {"fell_back": float(k == 1)} for row in found]), whole)
        return "cuda", "a GPU", 1, "the member takes 90 GiB"

    monkeypatch.setattr(_core, "run_batch", short_of_room)
    with pytest.warns(RuntimeWarning, match="1 of 2 members ran on the host instead of cuda: the member takes 90 GiB"):
        data = df.sweep(plan, tmp_path / "s.h5")
    assert data.attrs["fell_back_members"] == 1 and data["fell_back"].values.tolist() == [0.0, 1.0]


def test_a_study_chooses_by_all_its_insertions_so_that_a_rest_is_run_alike(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    asked: list[int] = []
    check = _core.check_batch
    monkeypatch.setattr(_core, "check_batch", lambda grid, backend, members: (asked.append(members), check(grid, "serial", members))[1])
    seen: list[int] = []
    run = study.run_batch
    monkeypatch.setattr(study, "run_batch", lambda members, *, whole, **options: (seen.append(whole), run(members, **options))[1])
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": [0.3, 0.4], "machine.dwell_ms": [10, 20]}), tmp_path / "s.h5"
    df.run_shard(plan, out, "1/2")
    df.sweep(plan, out)
    assert asked == [1, 2] and seen == [1, 2]


def test_a_backend_that_does_not_exist_is_named():
    with pytest.raises(df.InputError, match="auto, serial, kokkos or cuda"):
        df.run_batch([df.load(NORMAL)], backend="gpu")
