"""What the eye sees: colours and their gamut, the picture of a dot, patches of dots and their figures."""

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr
from conftest import CONFIGS, NORMAL

import dermaflux as df
from dermaflux import _core, colour
from dermaflux.looks import Look, look, luminance, parse_day
from dermaflux.pattern import Dots, DotTable, Pattern, place_dots, reflectance_map
from dermaflux.rendering import dot_figures

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


# colours


def test_grey_is_grey_and_white_is_white():
    for level in (0.02, 0.18, 0.5, 1.0):
        shown = colour.srgb(np.full(BANDS, level))
        np.testing.assert_allclose(shown, shown[0], atol=1e-12)  # the white of the weights is that of the matrix
    np.testing.assert_allclose(colour.srgb(np.ones(BANDS)), 1.0, atol=1e-12)
    assert colour.srgb_and_clipped(np.ones((3, BANDS)))[1] == 0.0


def test_colours_that_a_screen_cannot_show_are_cut_off_and_counted():
    pure = np.zeros(BANDS)
    pure[2] = 1.0  # a line of 500 nm: greener than any screen
    shown, share = colour.srgb_and_clipped(np.stack([pure, np.full(BANDS, 0.5), np.full(BANDS, 0.2), np.zeros(BANDS)]))
    assert share == 0.25 and (shown >= 0.0).all() and (shown <= 1.0).all()


def test_lab_and_srgb_are_two_names_of_one_colour():
    # The white of the program's weights is off by up to 1 %, which is taken out on one side and not on the other: 0.01 in sRGB.
    for bands in (np.full(BANDS, 0.3), np.linspace(0.1, 0.5, BANDS), np.linspace(0.4, 0.2, BANDS)):
        np.testing.assert_allclose(colour.srgb_of_lab(_core.lab(list(bands))), colour.srgb(bands), atol=0.01)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("25,4", ["--hair-lab 25,4", "L,a,b"]),
        ("25,4,seven", ["--hair-lab 25,4,seven", "L,a,b"]),
        ("125,4,7", ["L* = 125", "out of range", "0 to 100"]),
        ("-1,4,7", ["L* = -1", "out of range"]),
        ("nan,4,7", ["not a Lab colour"]),
        ("50,100,-120", ["--hair-lab 50, 100, -120", "outside the gamut"]),
    ],
)
def test_a_colour_that_cannot_be_is_refused_by_name(text: str, words: list[str]):
    with pytest.raises(df.InputError) as error:
        colour.read_lab(text, "--hair-lab")
    assert all(word in str(error.value) for word in words), error.value


def test_skin_types_have_the_typology_angle_of_their_class(normal: df.Treatment):
    """Classes of Chardon 1991: very light above 55, light 41, intermediate 28, tan 10, brown -30 degrees, dark below."""
    edges = [90, 55, 41, 28, 10, -30, -90]
    for n in range(1, 7):
        skin = normal.with_({"skin.type": f"fitzpatrick_{n}"})
        angle = _core.ita(_core.lab(_core.skin_reflectance(skin._document)))
        assert edges[n] < angle < edges[n - 1], (n, angle)


def test_a_darker_type_bleaches_less(normal: df.Treatment):
    kept = [df.run(normal.with_({"skin.type": f"fitzpatrick_{n}", "ink.model": "azo_red", "machine.dwell_ms": 40}), grid="quick")["retained_fraction_5y"] for n in (1, 3, 6)]
    assert kept[0] < kept[1] < kept[2]


# looks


def test_a_look_holds_the_colour_that_the_outputs_say(stored: xr.Dataset, quick: df.Result):
    seen = look(stored, 14.0)
    lab = _core.lab(list(seen.centre()))
    # The centre is the same mean in another order of sums.
    np.testing.assert_allclose(lab, [quick["dot_l_day14"], quick["dot_a_day14"], quick["dot_b_day14"]], atol=1e-9)
    assert _core.ita(_core.lab(list(seen.skin))) == pytest.approx(quick["skin_ita_deg"], abs=1e-9)
    row = dot_figures(stored, [14.0])[0]
    assert row["delta_e"] == pytest.approx(quick["delta_e_day14"], abs=1e-9) and row["clipped_share"] == 0.0
    assert quick["blue_shift_day14"] == pytest.approx(quick["dot_b_day14"] - quick["skin_b"], abs=1e-12)
    assert quick["dot_hue_deg_day14"] == pytest.approx(np.degrees(np.arctan2(lab[2], lab[1])), abs=1e-6)


def test_days_are_written_as_people_do():
    assert [parse_day(text) for text in ("0", "14", "14d", "2w", "6mo", "1y", " 1.5y ")] == [0.0, 14.0, 14.0, 14.0, 182.625, 365.25, 547.875]
    for text in ("", "-1", "1 year", "y", "1m", "nan"):
        with pytest.raises(df.InputError, match="--day"):
            parse_day(text)


def test_pigment_that_has_sunk_is_bluer_at_the_same_contrast(normal: df.Treatment):
    """Red light comes from deeper than green: of two dots of one contrast at 550 nm the deeper one takes more of the red and, since that is
    what skin sends back most, leaves less yellow."""
    shifts = []
    for sinking in (0.0, 25.0, 50.0):
        weak, strong = 0.001, 1.0
        for _ in range(12):  # the dilution that leaves a contrast of 0.1 after five years, to half a percent
            middle = float(np.sqrt(weak * strong))
            done = df.run(normal.with_({"skin.deepening_um_per_year": sinking, "ink.dilution": middle}), grid="quick")
            weak, strong = (middle, strong) if done["contrast_5y"] < 0.1 else (weak, middle)
        assert done["contrast_5y"] == pytest.approx(0.1, abs=0.001)
        seen = look(done.to_xarray(), 5 * YEAR)
        shifts.append(np.subtract(_core.lab(list(seen.centre())), _core.lab(list(seen.skin))))
    assert shifts[0][1] > shifts[1][1] > shifts[2][1] and 0.0 > shifts[0][2] > shifts[1][2] > shifts[2][2]


# the picture of a dot


def test_a_dot_is_drawn_with_its_titles_and_a_bar_of_true_length(stored: xr.Dataset):
    figure = df.render_dot(stored, [0.0, 14.0, YEAR], width_mm=1.0)
    assert [ax.get_title() for ax in figure.axes] == ["day 0", "14 d", "1 y"]
    for ax in figure.axes:
        (bar,) = [patch for patch in ax.patches if patch.get_facecolor()[:3] == (1.0, 1.0, 1.0)]
        (label,) = [text.get_text() for text in ax.texts]
        assert label == f"{bar.get_width():g} mm" and ax.get_images()[0].get_extent()[1] == 1.0
    plt.close(figure)


def test_the_command_writes_the_same_picture_twice(cli, run_file: Path, tmp_path: Path):
    for name in ("a.png", "b.png"):
        done = cli("render", run_file, "--day", "14", "-o", tmp_path / name)
        assert done.code == 0 and done.out == f"written: {tmp_path / name}\n", done
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    image = plt.imread(tmp_path / "a.png")
    assert image.shape[0] > 500 and image.shape[1] > 500


def test_the_command_tells_colours_as_json(cli, run_file: Path, quick: df.Result):
    done = cli("render", run_file, "--day", "14", "--day", "1y", "--json")
    rows = json.loads(done.out)["looks"]
    assert [row["day"] for row in rows] == [14.0, YEAR]
    assert rows[0]["dot_l"] == pytest.approx(quick["dot_l_day14"], abs=1e-9) and rows[1]["contrast"] == pytest.approx(quick["contrast_1y"], abs=1e-12)


# the patch


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
    for name in ("neighbour_contrast", "neighbour_distance_mm"):
        assert (np.diff([row[name] for row in rows]) < 0.0).all(), name
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
    with pytest.raises(df.InputError, match="holds no input"):
        df.render_pattern(pattern, quick.to_xarray(), days=[YEAR])
    with pytest.raises(df.InputError, match="changes"):
        df.render_pattern(pattern, changes=changes)
    with pytest.raises(df.InputError, match="none is given"):
        df.render_pattern(pattern, days=[])


def test_a_picture_has_a_panel_per_day(stored: xr.Dataset):
    figure = df.render_pattern(df.load_pattern(HAIRLINE, PLAIN), stored, days=[0.0, 14.0, YEAR]).figure()
    assert [ax.get_title() for ax in figure.axes] == ["day 0", "14 d", "1 y"] and all("covered" in ax.get_xlabel() for ax in figure.axes)
    plt.close(figure)


# what cannot be


@pytest.fixture
def without_looks(run_file: Path, tmp_path: Path) -> Path:
    """A run file as an earlier version wrote it."""
    import shutil

    import h5py

    old = shutil.copy(run_file, tmp_path / "old.h5")
    with h5py.File(old, "r+") as file:
        del file["reflectance"], file["reflectance_skin"]
    return old


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["render", "RUN"], ["nothing to write", "-o"]),
        (["render", "-o", "x.png"], ["nothing to show", "--pattern"]),
        (["render", "none.h5", "-o", "x.png"], ["none.h5", "no such file"]),
        (["render", str(NORMAL), "-o", "x.png"], ["normal_scalp.toml", "cannot be read"]),
        (["render", "RUN", "-o", "x.png", "--day", "20"], ["--day 20", "365.25", "nearest is 14"]),
        (["render", "RUN", "-o", "x.png", "--day", "20y"], ["--day 7305", "beyond", "1826.25", "--horizon-year 20"]),
        (["render", "RUN", "-o", "x.png", "--day", "soon"], ["--day soon", "1y"]),
        (["render", "RUN", "-o", "x.gif"], ["x.gif", ".png"]),
        (["render", "RUN", "-o", "nowhere/x.png"], ["nowhere", "no folder"]),
        (["render", "RUN", "-o", "x.png", "--width-mm", "9"], ["--width-mm 9", "0.2 to 3.8"]),
        (["render", "RUN", "-o", "x.png", "-s", "machine.depth_mm=0.4"], ["-s machine.depth_mm=0.4", "no effect", "dermaflux run"]),
        (["render", "OLD", "-o", "x.png"], ["old.h5", "holds no reflectance", "run the treatment again"]),
        (["render", "OLD", "--pattern", str(HAIRLINE), "-o", "x.png"], ["holds no reflectance"]),
        (["render", "--pattern", "none.toml", "-o", "x.png"], ["none.toml", "no such file"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "--day", "20"], ["--day 20", "nearest is 14"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "--width-mm", "3"], ["--width-mm 3", "patch.width_mm"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "patch.widht_mm=3"], ["patch.widht_mm", "unknown key"]),
        (["render", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "ink.model=vantablack"], ["ink.model", "vantablack"]),
        (["render", "RUN", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "ink.model=azo_red"], ["-s ink.model=azo_red", "dots come from a run"]),
        (["render", "RUN", "--pattern", str(HAIRLINE), "-o", "x.png", "-s", "patch.width_mm=200", "-s", "patch.height_mm=200", "-s", "pattern.depth_jitter_mm=0"], ["pixels", "smaller patch"]),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)  # fmt: skip
def test_a_picture_that_cannot_be_is_one_clear_error(
    cli, run_file: Path, without_looks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], words: list[str]
):
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    done = cli(*[{"RUN": str(run_file), "OLD": str(without_looks)}.get(text, text) for text in arguments])
    lines = [line for line in done.err.splitlines() if line.strip()]
    assert done.code == 2 and done.out == "" and len(lines) == 1 and lines[0].startswith("dermaflux: "), done
    assert all(word in lines[0] for word in words), lines[0]
    assert not list(folder.iterdir())


def test_looks_at_other_wavelengths_are_refused(stored: xr.Dataset):
    other = stored.assign_coords(wavelength=stored["wavelength"] + 10.0)
    with pytest.raises(df.InputError, match="was looked at 410, 460"):
        look(other, 14.0)


def test_luminance_of_white_is_one():
    assert luminance(np.ones(BANDS)) == pytest.approx(1.0, abs=1e-12)
