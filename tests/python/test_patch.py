"""Patches of skin full of dots: where they stand, how they add up, their figures and their picture."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from conftest import CONFIGS, refused

import dermaflux as df
from dermaflux import _core, rendering
from dermaflux.looks import Look, look, luminance
from dermaflux.pattern import Dots, DotTable, Pattern, place_dots, reflectance_map

HAIRLINE = CONFIGS / "patterns/hairline.toml"
BANDS = len(_core.wavelengths_nm())
# A small patch without hairline and without jitter; each test changes one thing of it.
PLAIN = {
    "lattice": "hexagonal", "pattern.dot_spacing_mm": 1.0, "pattern.position_jitter_mm": 0.0, "pattern.depth_jitter_mm": 0.0, "patch.width_mm": 10,
    "patch.height_mm": 10, "hairline.margin_mm": 0, "hairline.feather_mm": 0, "hairline.irregularity_mm": 0, "view.visible_contrast": 0.1,
}  # fmt: skip
YEAR = 365.25


@pytest.fixture(scope="module")
def stored(quick: df.Result) -> xr.Dataset:
    return quick.to_xarray()


@pytest.fixture(scope="module")
def figures(stored: xr.Dataset) -> Callable[..., dict[str, float]]:
    """Figures of the plain patch with some keys changed, from the dot of one run, after a year."""
    return lambda changes=None, day=YEAR: df.render_pattern(df.load_pattern(HAIRLINE, PLAIN | (changes or {})), stored, days=[day]).figures[0]


# dots and their places


def one_dot(centre: float, edge: float = 1.0) -> Look:
    """A made-up dot: optical density `centre` on the axis, falling linearly to nothing at the edge, in skin that reflects a half."""
    radius = np.linspace(0.0, edge, 21)[:-1]
    density = centre * (1.0 - radius / edge)
    return Look(0.0, radius, edge, np.full((BANDS, 1), 0.5) * np.exp(-density), np.full(BANDS, 0.5), 0.0, 0.0)


def test_optical_densities_add_where_dots_overlap():
    table = DotTable([one_dot(0.8)], [0.0])
    at = np.array([[0.0, 0.0], [0.5, 0.0], [0.25, 0.0], [3.0, 0.0]])
    dots = Dots(np.array([[0.0, 0.0], [0.5, 0.0]]), np.zeros(2))
    # The table has 2048 entries over 1 mm and is looked up at the nearest: half an entry of a slope of 0.8 per mm, twice.
    half_an_entry = 2 * 0.8 * 0.5 / 2047
    np.testing.assert_allclose(table.at(dots, at)[:, 0], [0.8 + 0.4, 0.4 + 0.8, 0.6 + 0.6, 0.0], atol=1.01 * half_an_entry)


def test_depths_between_the_runs_are_interpolated():
    table = DotTable([one_dot(0.2), one_dot(0.4), one_dot(0.8)], [-0.1, 0.0, 0.1])
    for depth, centre in ((-0.2, 0.2), (-0.1, 0.2), (-0.05, 0.3), (0.0, 0.4), (0.05, 0.6), (0.1, 0.8), (0.3, 0.8)):
        assert table.of(depth)[0, 0] == pytest.approx(centre, abs=1e-12)


def test_a_patch_shows_the_dot_of_the_run_and_the_skin_around_it(stored: xr.Dataset):
    pattern = df.load_pattern(HAIRLINE, PLAIN)
    seen = look(stored, YEAR)
    table = DotTable([seen], [0.0])
    alone = reflectance_map(pattern, Dots(np.array([[5.02, 5.02]]), np.zeros(1)), table)
    # The pixel at 5.02 mm is the centre of the dot, that of the first ring; one a millimetre away lies between two rings.
    np.testing.assert_allclose(alone[125, 125], seen.dot[:, 0], rtol=1e-12)
    ratio = np.exp(-np.array([np.interp(1.0, np.append(seen.radius_mm, seen.edge_mm), np.append(band, 0.0)) for band in seen.density()]))
    np.testing.assert_allclose(alone[125, 150], seen.skin * ratio, rtol=1e-3)  # half an entry of the table
    np.testing.assert_array_equal(alone[0, 0], seen.skin)
    assert alone.shape == (250, 250, BANDS)


def test_the_figures_at_a_point_are_those_of_the_picture(stored: xr.Dataset):
    pattern = df.load_pattern(HAIRLINE, PLAIN | {"pattern.position_jitter_mm": 0.1})
    table = DotTable([look(stored, YEAR)], [0.0])
    dots = place_dots(pattern, table.reach_mm)
    seen = reflectance_map(pattern, dots, table)
    points = (np.array([[30, 40], [100, 100], [200, 17]]) + 0.5) / 25.0  # centres of pixels, x and y
    exact = table.skin * np.exp(-table.at(dots, points))
    np.testing.assert_allclose(exact, [seen[40, 30], seen[100, 100], seen[17, 200]], rtol=1e-12)


def test_the_seed_gives_the_same_dots_and_another_one_others(stored: xr.Dataset):
    def places(changes: dict) -> np.ndarray:
        return place_dots(df.load_pattern(HAIRLINE, PLAIN | {"pattern.position_jitter_mm": 0.1} | changes), 1.0).place_mm

    np.testing.assert_array_equal(places({}), places({}))
    assert not np.array_equal(places({}), places({"view.seed": 2}))
    first, again = (df.render_pattern(df.load_pattern(HAIRLINE, PLAIN), stored, days=[YEAR]) for _ in range(2))
    np.testing.assert_array_equal(first.images[YEAR], again.images[YEAR])
    assert first.to_json() == again.to_json()


def test_lattices_are_what_they_are_called():
    def of(lattice: str) -> Pattern:
        return df.load_pattern(HAIRLINE, PLAIN | {"lattice": lattice, "patch.width_mm": 40, "patch.height_mm": 40})

    counts = {}
    for lattice, nearest in (("hexagonal", 1.0), ("square", 1.0), ("random", None)):
        dots = place_dots(of(lattice), 0.0).place_mm
        inside = dots[((dots >= 0.0) & (dots < 40.0)).all(axis=1)]
        counts[lattice] = len(inside)
        gaps = np.sort(np.hypot(*(inside[:, None] - inside[None]).transpose(2, 0, 1)), axis=1)[:, 1]
        if nearest is not None:
            np.testing.assert_allclose(gaps, nearest, atol=1e-9)
        else:  # of a Poisson field of density 1 the mean gap is a half, with a standard error of 0.26/sqrt(1600)
            assert gaps.mean() == pytest.approx(0.5, abs=5 * 0.0065 + 0.02)  # and dots at the rim miss neighbours
    assert counts["square"] == 1600
    assert counts["hexagonal"] == pytest.approx(1600 / np.sqrt(0.75), rel=0.03)  # a row more or less of 46
    assert counts["random"] == pytest.approx(1600, abs=5 * 40)


def test_denser_dots_cover_more_and_merge_more(figures):
    rows = [figures({"pattern.dot_spacing_mm": spacing}) for spacing in (1.4, 1.2, 1.0, 0.8)]
    for name in ("dots_per_cm2", "coverage", "darkening", "merging_index", "dot_contrast"):
        assert (np.diff([row[name] for row in rows]) > 0.0).all(), name
    assert (np.diff([row["neighbour_distance_mm"] for row in rows]) < 0.0).all()
    # Halfway between dots 1.2 mm apart, 0.6 mm from both, light is known by a line between 0.46 and 0.8 mm, where hardly any is missing.
    between = [row["neighbour_contrast"] for row in rows]
    assert between[1] < between[0] + 1e-4 and between[0] > between[2] > between[3]
    by_density = figures({"pattern.density_per_cm2": 100.0 / np.sqrt(0.75)})  # of a hexagonal lattice of 1 mm
    # The spacing comes from a root: rows at the rim may fall on the other side of it.
    assert by_density["neighbour_distance_mm"] == pytest.approx(1.0, abs=1e-9) and by_density["merging_index"] == pytest.approx(rows[2]["merging_index"], abs=1e-6)


def test_random_places_merge_more_than_a_lattice(figures):
    lattice, chance = (figures({"lattice": name, "pattern.dot_spacing_mm": 0.8}) for name in ("square", "random"))
    assert chance["merging_index"] > lattice["merging_index"] and chance["spacing_spread"] > lattice["spacing_spread"]
    assert chance["neighbour_contrast"] < lattice["neighbour_contrast"] and chance["merged_share"] > 0.0 == lattice["merged_share"]


def test_the_jitter_of_the_hand_makes_neighbours_merge(figures):
    rows = [figures({"pattern.position_jitter_mm": jitter}) for jitter in (0.0, 0.1, 0.2, 0.4)]
    for name in ("spacing_spread", "merging_index"):
        assert (np.diff([row[name] for row in rows]) > 0.0).all(), name
    assert (np.diff([row["neighbour_distance_mm"] for row in rows]) < 0.0).all()


def test_the_spread_of_depth_makes_dots_differ(normal: df.Treatment):
    small = {"patch.width_mm": 6, "patch.height_mm": 6}
    rows = [
        df.render_pattern(HAIRLINE, days=[YEAR], changes=PLAIN | small | {"pattern.depth_jitter_mm": jitter}, grid="quick").figures[0] for jitter in (0.0, 0.02, 0.06)
    ]
    spread = [row["dot_contrast_spread"] for row in rows]
    assert spread[0] < 1e-12 and spread[0] < spread[1] < spread[2]
    assert [row["dots"] for row in rows] == [rows[0]["dots"]] * 3  # the places are drawn from another stream


def test_a_dot_of_another_depth_is_the_dot_run_at_that_depth(normal: df.Treatment):
    """Dots differ as runs at other set depths do: the slope of the darkening on the axis with the depth of the tip, times the spread of the
    dots' tips. A parabola through runs 0.025 mm apart departs from the line by some percent over the spread of 0.02 mm."""

    def axis(depth: float) -> tuple[float, float]:
        done = df.run(normal.with_({"machine.depth_mm": depth}), grid="quick", horizon_year=1.0)
        seen = look(done.to_xarray(), YEAR)
        return done["d_tip_mm"], 1.0 - float(luminance(seen.dot[:, 0]) / luminance(seen.skin))

    (low, weak), (middle, usual), (high, strong) = map(axis, (0.475, 0.5, 0.525))
    assert low < middle < high
    pattern = df.load_pattern(HAIRLINE, PLAIN | {"patch.width_mm": 8, "patch.height_mm": 8, "pattern.depth_jitter_mm": 0.02})
    row = df.render_pattern(pattern, days=[YEAR], grid="quick").figures[0]
    dots = place_dots(pattern, 1.97)  # the reach of a look, so that the streams are drawn alike
    inside = ((dots.place_mm >= 0.0) & (dots.place_mm <= 8.0)).all(axis=1)
    expected = (strong - weak) / (high - low) * dots.depth_mm[inside].std() / usual
    assert row["dot_contrast_spread"] == pytest.approx(expected, rel=0.15)


def test_a_hairline_leaves_the_forehead_bare_and_thins_out_towards_it(stored: xr.Dataset):
    def dots(changes: dict) -> np.ndarray:
        place = place_dots(df.load_pattern(HAIRLINE, PLAIN | {"patch.width_mm": 60, "patch.height_mm": 20} | changes), 0.0).place_mm
        return place[((place >= 0.0) & (place <= [60.0, 20.0])).all(axis=1)]

    whole, bare, soft = dots({}), dots({"hairline.margin_mm": 5}), dots({"hairline.margin_mm": 5, "hairline.feather_mm": 10})
    assert whole[:, 1].min() < 1.0 and bare[:, 1].min() >= 5.0 and len(soft) < len(bare) < len(whole)
    near, far = (((soft[:, 1] > low) & (soft[:, 1] < low + 5.0)).sum() for low in (5.0, 10.0))
    assert 0 < near < 0.6 * far  # a quarter against three quarters of all
    assert abs(near + far - 0.5 * ((bare[:, 1] > 5.0) & (bare[:, 1] < 15.0)).sum()) < 5 * np.sqrt(0.25 * 690)  # binomial
    images = df.render_pattern(df.load_pattern(HAIRLINE, PLAIN | {"hairline.margin_mm": 5}), stored, days=[YEAR]).images[YEAR]
    # Dots lie from 5 mm on, and their light reaches 2 mm further.
    np.testing.assert_array_equal(images[:70], np.broadcast_to(images[0, 0], images[:70].shape))
    assert images[130:].std() > 0.01


def test_the_hairline_wanders_as_far_and_as_fast_as_it_is_told():
    def front(changes: dict) -> np.ndarray:
        keys = PLAIN | {"patch.width_mm": 190, "patch.height_mm": 20, "hairline.margin_mm": 8, "pattern.dot_spacing_mm": 0.25, "lattice": "square"}
        place = place_dots(df.load_pattern(HAIRLINE, keys | changes), 0.0).place_mm
        column = np.rint(place[:, 0] / 0.25).astype(int)
        return np.array([place[column == n, 1].min() for n in range(1, 750)])

    straight, little, much = (front({"hairline.irregularity_mm": value}) for value in (0.0, 0.5, 2.0))
    assert straight.std() < 1e-9 < little.std() < much.std()
    # Standard deviation of 2 mm, estimated from about 190/(2.5 x 4) = 19 independent stretches: 16 % of it, taken threefold.
    assert much.std() == pytest.approx(2.0, rel=0.5)
    fast, slow = (np.abs(np.diff(front({"hairline.irregularity_mm": 1.0, "hairline.irregularity_length_mm": length}))).mean() for length in (2.0, 10.0))
    assert fast > 2.0 * slow


def test_a_patch_fades_and_a_lower_threshold_covers_more(figures):
    assert figures(day=14.0)["coverage"] > figures(day=1826.25)["coverage"]
    assert figures({"view.visible_contrast": 0.05})["coverage"] > figures({"view.visible_contrast": 0.2})["coverage"]
    wide, high = figures({"patch.width_mm": 20}), figures({"patch.height_mm": 20})
    assert wide["dots"] > 1.9 * figures()["dots"] and high["dots"] > 1.9 * figures()["dots"]


def test_a_white_dot_is_lighter_than_skin(normal: df.Treatment):
    white = df.run(normal.with_({"ink.model": "titanium_white"}), grid="quick").to_xarray()
    row = df.render_pattern(df.load_pattern(HAIRLINE, PLAIN), white, days=[YEAR]).figures[0]
    assert row["coverage"] == 0.0 and row["darkening"] < 0.0 and row["neighbour_contrast"] < 0.0


def test_the_command_draws_a_patch_from_a_run_or_from_its_own_treatment(cli, run_file: Path, tmp_path: Path):
    small = [text for key, value in (PLAIN | {"patch.width_mm": 6, "patch.height_mm": 5, "pattern.depth_jitter_mm": 0.02}).items() if key != "pattern.dot_spacing_mm" for text in ("-s", f"{key}={value}")]
    stored = cli("render", run_file, "--pattern", HAIRLINE, "-o", tmp_path / "a.png", "--day", "14", "--day", "1y", "--json", *small)
    own = cli("render", "--pattern", HAIRLINE, "--grid", "quick", "--day", "14", "--day", "1y", "--json", *small)
    assert stored.code == 0 and own.code == 0, (stored, own)
    rows = json.loads(stored.out)["looks"]
    assert [row["day"] for row in rows] == [14.0, YEAR] and 0.0 < rows[1]["coverage"] <= 1.0
    # The run file holds the shipped treatment on the quick grid, but to the fifth year: looks are iterated to 1e-3.
    for row, again in zip(rows, json.loads(own.out)["looks"], strict=True):
        assert row["dots"] == again["dots"] and row["darkening"] == pytest.approx(again["darkening"], rel=1e-3)
    assert plt.imread(tmp_path / "a.png").shape[0] > 300


def test_a_result_is_as_good_as_its_file(quick: df.Result, run_file: Path):
    changes = PLAIN | {"patch.width_mm": 5, "patch.height_mm": 5, "pattern.depth_jitter_mm": 0.02}
    pattern = df.load_pattern(HAIRLINE, changes)
    assert df.render_pattern(pattern, quick, days=[YEAR]).figures == df.render_pattern(pattern, df.open_run(run_file), days=[YEAR]).figures


def test_a_picture_has_a_panel_per_day(stored: xr.Dataset):
    figure = df.render_pattern(df.load_pattern(HAIRLINE, PLAIN), stored, days=[0.0, 14.0, YEAR]).figure()
    assert [ax.get_title() for ax in figure.axes] == ["day 0", "14 d", "1 y"] and all("covered" in ax.get_xlabel() for ax in figure.axes)
    plt.close(figure)


# what cannot be


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["render", "--pattern", "none.toml", "-o", "x.png"], ["none.toml", "no such file"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "--day", "20"], ["day = 20", "nearest is 14"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "--width-mm", "3"], ["--width-mm 3", "patch.width_mm"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "patch.widht_mm=3"], ["patch.widht_mm", "unknown key"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "ink.model=vantablack"], ["ink.model", "vantablack"]),
        (["render", "RUN", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "ink.model=azo_red"], ["ink.model = azo_red", "dots come from a run"]),
        (["render", "RUN", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "patch.width_mm=200", "-s", "patch.height_mm=200"], ["pixels", "smaller patch"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "--day", "14", "--day", "2w"], ["14 stands twice"]),
        (["render", "RUN", "--pattern", str(HAIRLINE), "-o", "x.png", "--grid", "fine"], ['grid = "fine"', "no effect"]),
        (["render", "RUN", "--pattern", str(HAIRLINE), "-o", "x.png", "--day", "20"], ["day = 20", "nearest is 14"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "machine.depth_mm=0.1", "-s", "pattern.depth_jitter_mm=0.05"], ["machine.depth_mm", "out of range"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)  # fmt: skip
def test_a_patch_that_cannot_be_is_one_clear_error(
    cli, run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
):
    monkeypatch.chdir(tmp_path)
    refused(cli, tmp_path, [{"RUN": run_file}.get(text, text) for text in arguments], words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"pattern": PLAIN, "changes": PLAIN}, ["changes", "no effect", "load_pattern"]),
        ({"pattern": PLAIN, "days": []}, ["days", "none is given"]),
        ({"pattern": PLAIN, "days": [14.0, 14.01]}, ["days", "14 stands twice"]),
        ({"pattern": PLAIN, "days": [float("nan")]}, ["day = nan", "out of range"]),
        ({"pattern": PLAIN | {"ink.dilution": 0.2}, "run": True}, ["ink.dilution = 0.2", "dots come from a run"]),
        ({"pattern": PLAIN, "run": True, "grid": "fine"}, ['grid = "fine"', "no effect"]),
        ({"pattern": PLAIN, "run": True, "days": [float("nan")]}, ["day = nan", "no look"]),
        ({"pattern": PLAIN | {"pattern.depth_jitter_mm": 0.02}, "run": True}, ["holds no input", "open_run"]),
        ({"pattern": PLAIN | {"patch.width_mm": 150, "patch.height_mm": 150}}, ["patch.width_mm = 150", "pixels"]),
    ],
)
def test_a_patch_that_cannot_be_is_refused_from_python_before_anything_runs(stored: xr.Dataset, monkeypatch: pytest.MonkeyPatch, arguments: dict, words: list[str]):
    monkeypatch.setattr(rendering, "run", None)
    pattern = df.load_pattern(HAIRLINE, arguments.pop("pattern"))
    with pytest.raises(df.InputError) as error:
        df.render_pattern(pattern, stored if arguments.pop("run", False) else None, **({"days": [YEAR]} | arguments))
    assert all(word in str(error.value) for word in words) and "--" not in str(error.value), error.value


def test_depths_that_a_tip_does_not_follow_are_refused():
    pattern = df.load_pattern(HAIRLINE, PLAIN | {"patch.width_mm": 5, "patch.height_mm": 5, "pattern.depth_jitter_mm": 0.02})
    seen = iter([0.3, 0.5, 0.4, 0.6, 0.7])  # the middle is run first
    with pytest.MonkeyPatch.context() as patch, pytest.raises(df.InputError, match="the tip does not follow the set depth around 0.5 mm"):
        patch.setattr(rendering, "run", lambda *_, **__: SimpleNamespace(to_xarray=lambda: {"d_tip_mm": next(seen)}))
        df.render_pattern(pattern, days=[YEAR], grid="quick")
