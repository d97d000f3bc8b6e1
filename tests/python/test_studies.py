"""Boxes in sweeps and batches, and studies in space: members, resuming, measures, command, what is refused."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from conftest import CONFIGS, STALLING, flags, numbers, refused, write_sweep
from test_sweep import counted, same, stored  # noqa: F401

import dermaflux as df
from dermaflux import space_measures as space
from dermaflux import space_studies

BOX = CONFIGS / "treatments/dot_in_box.toml"
SMALL = {"machine.dwell_ms": 10, "geometry.margin_mm": 0.25}
STUDY = """
title = "a study"
treatment = "{box}"
grid = "quick"
{study}
[[axis]]
key = "machine.angle_deg"
values = [0, 30]
source = "study"
[[axis]]
key = "geometry.kind"
values = ["box", "axisymmetric"]
source = "study"
"""
SHOWN = '[study]\nshows = "tilt"\nview_day = 0\nview_width_mm = 1.0\nview_depth_mm = 1.0\n'


def write_study(path: Path, study: str = SHOWN, **changes: str) -> Path:
    text = STUDY.format(box=BOX, study=study)
    for old, new in changes.items():
        text = text.replace(old, new)
    path.write_text(text)
    return path


# sweeps and batches


def test_a_sweep_of_boxes_resumes_and_each_member_equals_a_run_alone(tmp_path: Path, counted: list[int]):  # noqa: F811
    """Two dwell times are two insertions: a box shares none. Beside them the same on rings, where they share one."""
    axes = {"machine.dwell_ms": [10, 20], "geometry.kind": ["box", "axisymmetric"]}
    plan = df.load_sweep(write_sweep(tmp_path / "s.toml", axes, treatment=BOX), {"geometry.margin_mm": 0.25})
    assert plan.insertions == 3
    assert df.run_shard(plan, tmp_path / "s.h5", "1/2").done == 2 and counted == [2] or counted == [1, 1]
    before = len(counted)
    data = df.sweep(plan, tmp_path / "s.h5")
    assert sum(counted[before:]) == 2 and not list(tmp_path.glob("*.journal"))
    same(stored(tmp_path / "s.h5"), data)
    for kind in ("box", "axisymmetric"):
        alone = df.run(df.load(BOX).with_(SMALL | {"machine.dwell_ms": 20, "geometry.kind": kind}), grid="quick")
        member = data.sel(machine_dwell_ms=20, geometry_kind=kind)
        assert numbers({name: float(member[name]) for name in alone}) == numbers(alone), kind
    same(df.sweep(plan, tmp_path / "s.h5"), data)


def test_a_batch_runs_boxes_beside_rings_and_one_that_fails_costs_no_other():
    small = df.load(BOX).with_(SMALL)
    flat = small.with_({"geometry.kind": "axisymmetric"})
    weak = STALLING | {"machine.stall_force_n": 0.2}
    box, stalled, hit, rings = df.run_batch([df.Member(small, {}, [10, 30]), df.Member(small, weak), df.Member(small, {"geometry.follicle_um": 120}), flat], grid="quick")
    assert isinstance(stalled, df.MemberError) and "motor stalls" in stalled.message
    assert isinstance(hit, df.MemberError) and "over a dot" in hit.message
    assert numbers(box[0]) == numbers(df.run(small, grid="quick", backend="serial"))  # threads and one thread: the same bits
    assert len(box) == 2 and box[1]["strokes"] > box[0]["strokes"]
    assert numbers(rings[0]) == numbers(df.run(flat, grid="quick"))
    assert box[0]["pigment_deposited_ng"] != rings[0]["pigment_deposited_ng"]


# measures


def test_rings_and_a_box_of_the_same_pigment_give_the_same_measures():
    """An even disc of pigment, exact on rings and cut into square columns of 1/200 of its radius in a box: its rim is known to a cell,
    which is 1/200 of the radius in every length."""
    n, radius = 401, 0.2
    faces = np.linspace(-radius, radius, n) * 1.005
    middle = 0.5 * (faces[1:] + faces[:-1])
    column = (np.hypot(middle[:, None], middle) < radius) * np.diff(faces)[:, None] * np.diff(faces)
    z = np.array([0.0, 0.1, 0.3])
    box = space.Box(faces, faces, z, column[:, :, None] * np.array([3.0, 1.0]))
    r = np.array([0.0, 0.05, 0.2])
    rings = space.Rings(r, z, (np.pi * np.diff(r**2))[:, None] * np.array([3.0, 1.0]))
    close = 2.0 / 200.0
    assert rings.depths == pytest.approx(box.depths, rel=close)
    assert rings.place()[1] == pytest.approx(radius / 2.0, rel=1e-12) and rings.place() == pytest.approx(box.place(), abs=close * radius)
    edges, down = np.linspace(-0.3, 0.3, 13), np.array([0.0, 0.2, 0.3])
    whole = box.mass.sum()
    assert rings.side(edges, down) == pytest.approx(box.side(edges, down), abs=close * whole)
    assert rings.side(edges, down).sum() == pytest.approx(rings.mass.sum(), rel=1e-12)
    assert rings.between(-1.0, 0.1) == pytest.approx(box.between(-1.0, 0.1), rel=close)
    assert space.depth_of(rings, 0.5) == pytest.approx(0.1 * 2.0 / 3.0)  # three quarters lie in the first row
    assert box.inside(0.0, 0.1) / whole == pytest.approx(0.25, abs=close)
    block = space.Box(np.array([0.0, 0.6]), np.array([-0.1, 0.2]), z, np.ones((1, 1, 2)))
    assert block.place() == pytest.approx((0.3, 0.6 / np.sqrt(12.0), 0.3 / np.sqrt(12.0)))  # of even pigment in one cell


@pytest.mark.parametrize(("apart", "expected"), [(2.0, 0.0), (3.0, None)])
def test_the_dip_between_two_normal_spots_vanishes_at_two_standard_deviations(apart: float, expected: float | None):
    """Sparrow's criterion of two equal normal profiles: one peak up to a distance of two standard deviations. Beyond, the closed form on
    points 1/1000 apart, which miss the place of the peak by half of that at most."""
    x = np.linspace(-6.0, 6.0, 12001)
    spot = lambda at: np.exp(-0.5 * (x - at) ** 2)  # noqa: E731
    profile = spot(-0.5 * apart) + spot(0.5 * apart)
    found = space.dip(x, profile, apart)
    if expected is None:
        expected = 1.0 - 2.0 * np.exp(-0.125 * apart**2) / profile.max()
        assert expected > 0.1
    assert found == pytest.approx(expected, abs=1e-6)
    uneven = np.array([0.2, 1.0, 0.2, 0.5, 0.1])
    assert space.dip(np.arange(-2.0, 3.0), uneven, 2.0) == pytest.approx(0.6)  # below the lower peak


def test_a_merging_spacing_lies_between_those_that_were_run():
    spacing, dips = np.array([1.0, 0.5, 0.25]), np.array([0.9, 0.4, 0.0])
    assert space.merging_spacing(spacing, dips, 0.0) == 0.25
    assert space.merging_spacing(spacing, dips, 0.2) == pytest.approx(0.375)
    assert space.merging_spacing(spacing, np.array([0.9, 0.1, 0.0]), 0.2) == pytest.approx(0.5625)  # the largest of all that are merged
    assert np.isnan(space.merging_spacing(spacing, dips + 0.1, 0.0))


# the command


@pytest.fixture(scope="module")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    df.run_space_study(write_study(folder / "s.toml"), folder / "s.h5", changes=SMALL)
    return folder


def test_a_study_looks_at_its_members_in_space(study_folder: Path):
    data = space_studies.open_study(study_folder / "s.h5")
    assert data["error"].shape == (2, 2) and (data["error"] == "").all() and data.attrs["study"] == "tilt"
    box, rings = (data.sel(geometry_kind=kind) for kind in ("box", "axisymmetric"))
    for one in (box, rings):
        # what is in the skin on day 0 is the dose, in single precision of a box's fields
        assert one["held_ng_day0"].values == pytest.approx(one["pigment_deposited_ng"].values, rel=1e-5)
        assert one["mean_depth_mm_day0"].values == pytest.approx(one["pigment_depth_day0_mm"].values, rel=1e-4)
        cell = float(np.diff(data["view_x"])[0] * np.diff(data["view_z"])[0])
        assert one["side"].sum(("view_x", "view_z")).values * cell == pytest.approx(one["held_ng_day0"].values, rel=0.01)
    upright, tilted = (box.sel(machine_angle_deg=angle) for angle in (0, 30))
    assert float(upright["width_along_mm_day0"]) == pytest.approx(float(upright["width_across_mm_day0"]), rel=1e-3)
    assert float(tilted["width_along_mm_day0"]) > 1.5 * float(tilted["width_across_mm_day0"])
    assert rings["width_along_mm_day0"].values == pytest.approx(rings["width_across_mm_day0"].values)
    assert np.isnan(data["dip_day0"]).all() and np.isnan(data["share_in_scar_day0"]).all()


def test_a_finished_study_is_read_and_its_table_and_figure_are_made_again(study_folder: Path, cli, monkeypatch: pytest.MonkeyPatch):
    for ending in (".csv", ".png"):
        (study_folder / "s").with_suffix(ending).unlink()
    monkeypatch.setattr(space_studies, "run", None)  # nothing is run
    done = cli("study", study_folder / "s.toml", "-o", study_folder / "s.h5", *flags(SMALL))
    assert done.code == 0 and "width_along_mm_day0" in done.out and "s.png" in done.out, done
    assert (study_folder / "s.png").read_bytes().startswith(b"\x89PNG")
    table = (study_folder / "s.csv").read_text().splitlines()
    assert len(table) == 5 and table[0].startswith("machine_angle_deg,geometry_kind,")


def test_a_stopped_study_repeats_no_finished_member(tmp_path: Path, study_folder: Path, monkeypatch: pytest.MonkeyPatch):
    ran = []
    run = df.run

    def counting(treatment: df.Treatment, **how: object) -> df.Result:
        if len(ran) == 1:
            ran.append("stopped")
            raise KeyboardInterrupt
        ran.append(treatment["geometry.kind"])
        return run(treatment, **how)

    monkeypatch.setattr(space_studies, "run", counting)
    plan = write_study(tmp_path / "s.toml", **{"[0, 30]": "[0]"})
    with pytest.raises(KeyboardInterrupt):
        df.run_space_study(plan, tmp_path / "s.h5", changes=SMALL)
    assert not (tmp_path / "s.h5").exists() and (tmp_path / "s.h5.journal").exists()
    data = df.run_space_study(plan, tmp_path / "s.h5", changes=SMALL)
    assert ran == ["box", "stopped", "axisymmetric"]
    whole = space_studies.open_study(study_folder / "s.h5")
    for name in ("side", "width_along_mm_1y", "contrast_1y"):
        xr.testing.assert_equal(data[name].isel(machine_angle_deg=0, drop=True), whole[name].isel(machine_angle_deg=0, drop=True))


def test_every_shipped_study_is_listed_and_loads(cli):
    done = cli("study")
    names = [path.stem for path in sorted((df.configs() / "studies").glob("*.toml"))]
    assert done.code == 0 and list(space_studies.studies()) == names and all(name in done.out for name in names)
    for name in names:
        plan = df.load_study(name)
        assert plan.members and plan.study.shows in space_studies._TABLE


@pytest.mark.parametrize(
    ("study", "changes", "words"),
    [
        (SHOWN.replace("shows", "show"), {}, ["[study]", "shows is missing"]),
        (SHOWN + "colour = 1\n", {}, ["colour", "unknown key"]),
        (SHOWN.replace("tilt", "tlit"), {}, ["study.shows", "did you mean tilt?"]),
        (SHOWN.replace("tilt", "follicle"), {}, ["geometry.follicle_x_mm", "nothing to show it over"]),
        (SHOWN.replace("view_day = 0", "view_day = 3"), {}, ["study.view_day = 3", "365.25"]),
        (SHOWN.replace("1.0", "100", 1), {}, ["study.view_width_mm = 100 mm", "0.1 to 20 mm"]),
        ("", {}, ["no table [study]"]),
        (SHOWN, {'values = ["box", "axisymmetric"]': 'values = ["cube"]'}, ["cube"]),
    ],
)  # fmt: skip
def test_a_bad_study_is_refused_before_anything_runs(cli, tmp_path: Path, study: str, changes: dict[str, str], words: list[str]):
    path = write_study(tmp_path / "bad.toml", study, **changes)
    refused(cli, tmp_path, ["study", path, "-o", tmp_path / "s.h5"], ["bad.toml", *words])


def test_an_unknown_study_is_refused_with_those_there_are(cli, tmp_path: Path):
    refused(cli, tmp_path, ["study", "needle_angel", "-o", tmp_path / "s.h5"], ["needle_angel", "needle_angle", "two_dots_merging"])
