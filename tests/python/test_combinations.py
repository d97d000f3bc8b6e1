"""Settings beside depth and dwell time, weights and correlations of a calibration, where the answer is known: the model is replaced at the
ensemble boundary by a response in closed form."""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from calibration_samples import Rule, small_calibration, without_table
from conftest import CONFIGS, Page
from scipy import stats

import dermaflux as df
from dermaflux import _core, influence
from dermaflux.combinations import CHANCE, Race, race
from dermaflux.criteria import mean_error, right, score, worth
from dermaflux.draws import draw_parameters, even_points, joined
from dermaflux.report import calibration_report
from dermaflux.result import OUTPUTS
from dermaflux.search import Effort, Ran
from dermaflux.setting_map import setting_map

KEY = "skin.layer.viable_epidermis.thickness_um"  # the one that moves the response
FREQUENCIES, ANGLES = [80.0, 100.0, 120.0], [0.0, 15.0]


@dataclass
class Response:
    """Contrast in closed form: right where it lies between 0.3 and 0.6, scattered by one uncertain key, the more the further a combination is
    from the best; depth and dwell time shift it. All other outputs are constant and keep their rules."""

    scatter: dict[tuple[float, float], float]  # by frequency and angle
    depth: float
    dwell: float
    low: float  # range of the key, and its value
    high: float
    middle: float
    members: int = 0

    def outcome(self, treatment: df.Treatment, changes: dict[str, float], dwell: float) -> dict[str, float]:
        own = dict.fromkeys(OUTPUTS, 0.01)
        place = 2.0 * math.log(changes[KEY] / self.middle) / math.log(self.high / self.low)
        spread = self.scatter[float(treatment["machine.frequency_hz"]), float(treatment["machine.angle_deg"])]
        at = 0.45 + 0.6 * (changes["machine.depth_mm"] - self.depth) + 0.15 * math.log(dwell / self.dwell) + spread * place
        return own | {"contrast_1y": at, "insertion_force_n": 0.1 + 0.01 * place}

    def run_batch(self, members: Sequence[df.Member], *, done: Callable, **manner: object) -> list:
        self.members += sum(max(len(one.dwells_ms), 1) for one in members)
        results = []
        for one in members:
            dwells = one.dwells_ms if len(one.dwells_ms) else [one.changes["machine.dwell_ms"]]
            results.append([self.outcome(one.treatment, dict(one.changes), dwell) for dwell in dwells])
        for n, result in enumerate(results):
            done(n, result)
        return results


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = small_calibration(tmp_path_factory.mktemp("combinations"), [0.2, 0.3, 0.4], [80, 160, 300], 64)
    return without_table(path, path)


@pytest.fixture
def respond(monkeypatch: pytest.MonkeyPatch, plain: Path) -> Callable[..., Response]:
    known = _core.load_calibration(plain, "normal").base.values[KEY]

    def put(scatter: dict[tuple[float, float], float], depth: float = 0.3, dwell: float = 160.0) -> Response:
        made = Response(scatter, depth, dwell, *known.range, known.value)
        monkeypatch.setattr("dermaflux.search.run_batch", made.run_batch)
        return made

    return put


ALSO = {"machine.frequency_hz": FREQUENCIES, "machine.angle_deg": ANGLES}


def with_lines(path: Path, folder: Path, *lines: str) -> Path:
    """A calibration file with more at its end."""
    (folder / "more.toml").write_text("\n".join([path.read_text(), *lines]) + "\n")
    return folder / "more.toml"


# further settings


def test_the_best_combination_is_found_in_random_instances(plain: Path, respond: Callable):
    """One combination scatters least, so that it is right in all draws; the others in a third to a half of them."""
    chance = np.random.default_rng(20261130)
    names = [(f, a) for f in FREQUENCIES for a in ANGLES]
    for _ in range(6):
        best = names[chance.integers(len(names))]
        respond({name: 0.1 if name == best else float(chance.uniform(0.5, 1.5)) for name in names})
        found = df.calibrate(plain, "normal", also=ALSO)
        assert tuple(found.combinations[found.chosen].values.values()) == best
        assert (found.treatment["machine.frequency_hz"], found.treatment["machine.angle_deg"]) == best
        assert found.best == {"depth_mm": 0.3, "dwell_ms": 160.0} and found.preset["probability"]["right"] == 1.0
        assert (found.preset["settings"]["frequency_hz"], found.preset["settings"]["angle_deg"]) == best


def test_what_was_searched_is_what_the_winner_gives_alone(plain: Path, respond: Callable):
    """Rounds, dropped rows and what is filled in at the end make the very data of a calibration of that combination."""
    names = {(f, a): 0.1 + 0.15 * n for n, (f, a) in enumerate((f, a) for f in FREQUENCIES for a in ANGLES)}
    respond(names, depth=0.3, dwell=40.0)
    both = df.calibrate(plain, "normal", also=ALSO), df.calibrate(plain, "normal", changes={"machine.frequency_hz": 80.0, "machine.angle_deg": 0.0})
    assert both[0].combinations[both[0].chosen].values == {"machine.frequency_hz": 80.0, "machine.angle_deg": 0.0} and both[1].combinations == []
    for name in OUTPUTS:
        np.testing.assert_array_equal(both[0].outputs[name].values, both[1].outputs[name].values)
    for field in ("best", "tolerance", "location", "adaptation", "decided_probability", "sensitivity"):
        assert getattr(both[0], field) == getattr(both[1], field), field
    assert both[0].preset["expected"] == both[1].preset["expected"] and both[0].preset["settings"] == both[1].preset["settings"]


def test_a_combination_draws_from_the_ranges_of_its_own_files(plain: Path, respond: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    key, needles = "needle.taper_length_mm", ["round_liner_1_025_long", "round_liner_1_025_short"]
    path = tmp_path / "needles.toml"
    path.write_text(plain.read_text().replace('"ink.carrier_viscosity_mpa_s", ', f'"ink.carrier_viscosity_mpa_s", "{key}", '))
    made, seen = respond({(100.0, 0.0): 0.3}), {needle: set() for needle in needles}

    def watched(members: Sequence[df.Member], **manner: object) -> list:
        for one in members:
            seen[one.treatment["needle.model"]].add(one.changes[key])
        return made.run_batch(members, **manner)

    monkeypatch.setattr("dermaflux.search.run_batch", watched)
    df.calibrate(path, "normal", also={"needle.model": needles})
    for needle, values in seen.items():
        assert values == set(draw_parameters(_core.load_calibration(path, "normal", False, [("needle.model", needle)]))[key])
    assert not seen[needles[0]] & seen[needles[1]]


def test_worse_combinations_get_fewer_draws_and_the_saving_is_counted(plain: Path, respond: Callable):
    names = {(f, a): 0.1 if (f, a) == (100.0, 0.0) else 4.0 for f in FREQUENCIES for a in ANGLES}
    made = respond(names)
    found = df.calibrate(plain, "normal", also=ALSO)
    ran = {tuple(one.values.values()): one for one in found.combinations}
    assert ran[100.0, 0.0].draws == 64 and ran[100.0, 0.0].decided == 1.0 and ran[100.0, 0.0].behind == 0.0
    for name, one in ran.items():
        if name != (100.0, 0.0):
            assert one.draws < 64 and one.decided is None and one.worth < 0.2
            assert one.behind == pytest.approx(1.0 - one.worth) and one.behind > 4.0 * one.behind_error
    effort = found.effort
    assert effort.full == 6 * 3 * 64 and effort.searched.insertions < 0.6 * effort.full and effort.searched.members == 3 * effort.searched.insertions
    assert effort.decided.members == 64 and made.members == effort.searched.members + 64 + 8  # eight are timed on both grids
    assert found.preset["provenance"]["effort"] == {
        "insertions": effort.searched.insertions, "insertions_without_screening": effort.full,
        "members": effort.searched.members, "members_decision": effort.decided.members,
    }  # fmt: skip


def test_the_standard_grid_decides_among_what_is_left(plain: Path, respond: Callable, monkeypatch: pytest.MonkeyPatch):
    """On the grid of the search one frequency is a little better, on the standard grid the other one is right more often."""
    made = respond({(80.0, 0.0): 0.3, (120.0, 0.0): 0.25})

    def turned(members: Sequence[df.Member], *, grid: str, **manner: object) -> list:
        made.scatter = {(80.0, 0.0): 0.3, (120.0, 0.0): 0.25 if grid == "quick" else 0.8}
        return made.run_batch(members, grid=grid, **manner)

    monkeypatch.setattr("dermaflux.search.run_batch", turned)
    found = df.calibrate(plain, "normal", also={"machine.frequency_hz": [80.0, 120.0]})
    low, high = found.combinations
    assert low.worth < high.worth and low.decided > high.decided and found.chosen == 0
    assert high.behind == pytest.approx(low.worth - high.worth) and found.preset["settings"]["frequency_hz"] == 80.0


def test_what_the_standard_grid_does_not_tell_apart_the_grid_of_the_search_does(plain: Path, respond: Callable, monkeypatch: pytest.MonkeyPatch):
    """Both are right in every draw on the standard grid; the second more often on the other."""
    made = respond({(80.0, 0.0): 0.3, (120.0, 0.0): 0.25})

    def alike(members: Sequence[df.Member], *, grid: str, **manner: object) -> list:
        made.scatter = {(80.0, 0.0): 0.3, (120.0, 0.0): 0.25} if grid == "quick" else {(80.0, 0.0): 0.01, (120.0, 0.0): 0.01}
        return made.run_batch(members, grid=grid, **manner)

    monkeypatch.setattr("dermaflux.search.run_batch", alike)
    found = df.calibrate(plain, "normal", also={"machine.frequency_hz": [80.0, 120.0]})
    low, high = found.combinations
    assert low.decided == high.decided == 1.0 and low.worth < high.worth and found.chosen == 1


def test_the_winner_names_its_best_setting_after_its_map_is_filled(plain: Path, respond: Callable, monkeypatch: pytest.MonkeyPatch):
    """One depth is wrong in the first sixteen draws, which drop it, and right in all others: more often than the setting that won the race."""
    respond({})
    file = _core.load_calibration(plain, "normal")
    number = {float(value): n for n, value in enumerate(draw_parameters(file)[KEY])}

    def luck(members: Sequence[df.Member], *, done: Callable, **manner: object) -> list:
        results = []
        for one in members:
            n, deep = number[one.changes[KEY]], one.changes["machine.depth_mm"] == 0.4
            good = n >= 16 if deep else n < 32 and one.changes["machine.depth_mm"] == 0.3
            good = good and one.treatment["machine.frequency_hz"] == 80.0
            own = dict.fromkeys(OUTPUTS, 0.01) | {"contrast_1y": 0.45 if good else 0.9, "insertion_force_n": 0.1 + 0.001 * n}
            results.append([own] * max(len(one.dwells_ms), 1))
        for n, result in enumerate(results):
            done(n, result)
        return results

    monkeypatch.setattr("dermaflux.search.run_batch", luck)
    found = df.calibrate(plain, "normal", also={"machine.frequency_hz": [80.0, 120.0]})
    won = found.combinations[0]
    assert found.chosen == 0 and won.draws == 64 and won.worth == 48 / 64
    assert won.best["depth_mm"] == found.best["depth_mm"] == 0.4 and found.decided_probability == 48 / 64


@pytest.mark.parametrize("draws", [64, 16])
def test_no_setting_is_run_on_the_standard_grid_twice(plain: Path, respond: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draws: int):
    """What is left of the race is decided there, and what was chosen needs no more."""
    made, seen = respond({(80.0, 0.0): 0.3, (120.0, 0.0): 0.25}), []
    path = tmp_path / "draws.toml"
    path.write_text(plain.read_text().replace("\ndraws = { value = 64", f"\ndraws = {{ value = {draws}", 1))

    def watched(members: Sequence[df.Member], *, grid: str, horizon_year: float, **manner: object) -> list:
        seen.extend((one.treatment["machine.frequency_hz"], *sorted(one.changes.items()), horizon_year) for one in members if grid == "standard")
        return made.run_batch(members, grid=grid, **manner)

    monkeypatch.setattr("dermaflux.search.run_batch", watched)
    found = df.calibrate(path, "normal", also={"machine.frequency_hz": [80.0, 120.0]})
    assert len(seen) == len(set(seen)) == 2 * draws == found.effort.decided.members
    assert {row[-1] for row in seen} == {5.0}  # this file plans no sessions


def test_the_effort_is_a_ratio_of_what_was_measured():
    effort = Effort(Ran("quick", 50, 500, 10.0), Ran("standard", 32, 32, 8.0), 200, 4.0)
    assert effort.full_seconds == pytest.approx(10.0 / 50 * 200 * 4.0) and effort.share == pytest.approx(18.0 / 160.0)
    assert "50 of 200 insertions (500 members) on the quick grid and 32 on the standard grid in 18 s" in str(effort) and "11 % of that" in str(effort)


def race_of(values: np.ndarray, chance: float = CHANCE) -> Race:
    """A race of given worths, shape (combination, depth, dwell, draw)."""

    @dataclass
    class AtLeastHalf:
        output: str = "value"
        low: float = 0.5
        high: float = math.inf
        weight: float | None = None

    def run(rows: Sequence[tuple[int, int]], draws: range) -> dict[str, np.ndarray]:
        return {"value": np.stack([values[row][:, draws.start : draws.stop] for row in rows])}

    return race(len(values), np.ones(values.shape[1:3], dtype=bool), run, [AtLeastHalf()], values.shape[3], chance)


def test_a_race_drops_the_best_no_more_often_than_it_says():
    """Twelve settings that are equally good, so that any is the best: with a chance of a half each may be dropped in half of all races
    (three deviations of 500 races: 7 %), although each is compared with eleven others, four times. It must be able to happen, too."""
    chance = np.random.default_rng(1)
    dropped = np.mean([~race_of(chance.integers(0, 2, (12, 1, 1, 64)).astype(float), chance=0.5).alive[:, 0, 0] for _ in range(500)], axis=0)
    assert (dropped > 0.01).all() and (dropped < 0.5 + 3.0 * math.sqrt(0.25 / 500)).all(), dropped


def test_the_true_best_stays_in_races_of_many_settings():
    """Random combinations of nine settings each, plain random draws: the best one is better by less than a few errors."""
    chance = np.random.default_rng(2)
    lost = saved = 0
    for _ in range(150):
        probability = chance.beta(1.0, 2.0, (5, 3, 3))
        found = race_of((chance.random((5, 3, 3, 64)) < probability[..., None]).astype(float))
        lost += not found.alive.ravel()[probability.argmax()]
        saved += np.isnan(found.worth).mean() > 0.0
    assert lost <= stats.binom.ppf(0.999, 150, CHANCE) and saved > 75


def test_a_race_stops_when_one_setting_is_left_and_runs_none_outside_the_envelope():
    found = race_of(np.concatenate([np.ones((1, 1, 1, 512)), np.zeros((3, 1, 1, 512))]))
    assert found.alive.ravel().tolist() == [True, False, False, False] and np.isnan(found.worth[..., 64:]).all()


def test_the_command_searches_more_and_says_what_it_costs(cli, plain: Path, respond: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    respond({(f, a): 0.1 if f == 120.0 else 1.0 for f in FREQUENCIES for a in ANGLES})
    pages = []
    monkeypatch.setattr("dermaflux.report.calibration_report", lambda c, backend: pages.append(c) or "page")
    done = cli("calibrate", plain, "-o", tmp_path / "out", "--also", "machine.frequency_hz=80,120")
    assert done.code == 0, done.err
    assert "machine.frequency_hz: 120, of 80, 120" in done.out
    assert f"insertions ({pages[0].effort.searched.members} members) on the quick grid" in done.out
    assert "2 combinations of machine.frequency_hz (2): at most 2 x 3 depths x 64 draws = 384 insertions (1152 members)" in done.err
    assert pages[0].searched == [{"key": "machine.frequency_hz", "tried": [80.0, 120.0], "chosen": 120.0}]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"machine.freqency_hz": [80, 100]}, ["machine.freqency_hz", "did you mean machine.frequency_hz?"]),
        ({"machine.hand_force_n": [0.1, 0.2]}, ["machine.hand_force_n is no setting that is searched", "ink.dilution"]),
        ({"machine.frequency_hz": [80, 1e6]}, ["--also", "machine.frequency_hz", "1000000"]),
        ({"machine.frequency_hz": [80, 160]}, ["160 is outside its envelope, 40 to 150"]),
        ({"machine.frequency_hz": [80, 80]}, ["has a value twice"]),
        ({"needle.model": ["round_liner_1_025_lnog"]}, ["did you mean", "round_liner_1_025_long"]),
        ({"needle.model": ["round_liner_1_025_long", 3]}, ["--also needle.model", "is no number, but others are"]),
        ({"ink.dilution": [0.1, "neat"]}, ["neat is no number"]),
    ],
)
def test_what_cannot_be_searched_is_one_clear_error(plain: Path, asked: dict, words: list[str]):
    with pytest.raises(df.InputError) as error:
        df.calibrate(plain, "normal", also=asked)
    assert not [word for word in words if word not in str(error.value)], error.value


def test_a_setting_of_the_file_is_searched_replaced_by_the_command_and_not_fixed_as_well(plain: Path, tmp_path: Path):
    values = "values = { value = [0.1, 0.2], unit = '1', range = [0.03, 1.0], source = 'study' }"
    path = with_lines(plain, tmp_path, "[[setting]]", 'key = "ink.dilution"', values)
    assert [(one.key, one.values) for one in _core.load_calibration(path, "normal").settings] == [("ink.dilution", [0.1, 0.2])]
    assert _core.load_calibration(path, "normal", False, [], [("ink.dilution", "0.3,0.4,0.5")]).settings[0].values == [0.3, 0.4, 0.5]
    with pytest.raises(df.InputError, match="ink.dilution is searched, but -s ink.dilution=0.1 fixes it"):
        _core.load_calibration(path, "normal", False, [("ink.dilution", "0.1")])
    uncertain = tmp_path / "uncertain.toml"
    uncertain.write_text(path.read_text().replace('"ink.carrier_viscosity_mpa_s", ', '"ink.carrier_viscosity_mpa_s", "ink.dilution", '))
    with pytest.raises(df.InputError, match="ink.dilution is a setting to search and uncertain"):
        _core.load_calibration(uncertain, "normal")


def test_the_report_shows_what_each_combination_reached(plain: Path, respond: Callable):
    respond({(f, a): 0.1 if (f, a) == (100.0, 15.0) else 0.4 if f == 100.0 else 4.0 for f in FREQUENCIES for a in ANGLES})
    found = df.calibrate(plain, "normal", also=ALSO)
    html = calibration_report(found)
    alts = re.findall(r'<img alt="([^"]*)"', html)
    text = Page(html).text
    assert "best of each combination" in alts and "Sobol indices" in alts and alts.index("best of each combination") < alts.index("probability map")
    said = "at 100 Hz, machine angle deg 15", "Beside depth and dwell time", "dropped", "chosen", str(found.effort), "as good within the Monte Carlo error"
    for word in said:
        assert word in text, word


# rules with a weight


def test_a_rule_with_a_weight_costs_its_weight_and_decides_nothing():
    rules = [Rule("a", 0.0, 1.0), Rule("b", 0.0, 1.0, 0.25), Rule("c", -math.inf, 2.0, 0.5)]
    columns = [0.5, 0.5, 0.5, 2.0, math.nan, 0.5], [0.5, 2.0, 2.0, 2.0, 0.5, math.nan], [1.0, 1.0, 3.0, 1.0, 1.0, 1.0]
    outputs = dict(zip("abc", map(np.array, columns), strict=True))
    np.testing.assert_array_equal(right(outputs, rules), [True, True, True, False, False, True])
    np.testing.assert_array_equal(worth(outputs, rules), [1.0, 0.75, 0.25, 0.0, 0.0, 0.75])
    # Of two settings worth the same the one further inside the rules without a weight: a at 0.5 is half of its band inside, at 0.1 a tenth.
    near = score({"a": np.array([[0.5, 0.5], [0.1, 0.1]]), "b": np.zeros((2, 2)), "c": np.zeros((2, 2))}, rules)
    assert near[0] - near[1] == pytest.approx(1e-3 * 0.4)


def test_a_weight_moves_the_best_setting_and_not_what_is_right(plain: Path, respond: Callable, tmp_path: Path):
    """Long dwell times are as right as short ones and reach a contrast that a rule with a weight dislikes."""
    respond({(100.0, 0.0): 0.01}, depth=0.3, dwell=160.0)
    rule = [
        "[[criterion]]", 'name = "pale"', 'output = "contrast_1y"', "high = { value = 0.4, unit = '1', range = [0.3, 0.5], source = 'study' }",
        "weight = { value = 0.5, unit = '1', range = [0.1, 0.9], source = 'study' }", 'reason = "a client who wants it pale"', 'source = "study"',
    ]  # fmt: skip
    without, weighted = df.calibrate(plain, "normal"), df.calibrate(with_lines(plain, tmp_path, *rule), "normal")
    np.testing.assert_array_equal(without.probability.values, weighted.probability.values)
    assert without.best == {"depth_mm": 0.3, "dwell_ms": 160.0}
    # 0.6 mm^-1 0.1 mm shallower or 0.15 ln 2 shorter: 0.39 and 0.35
    assert float(weighted.worth.sel(without.best)) == 0.5 and float(weighted.worth.sel(weighted.best)) == 1.0
    assert weighted.best != without.best and weighted.preset["probability"]["right"] == 1.0
    assert "pale" not in [row["name"] for row in weighted.preset["probability"]["criteria"]]
    assert float(weighted.rules.sel(criterion="pale").sel(without.best)) == 0.0
    assert '["worth, less weights", "50 %"]' in setting_map(weighted, (1.0, 1.0, 1.0)) and "less weights" not in setting_map(without, (1.0, 1.0, 1.0))
    assert weighted.location.dwell_ms < without.location.dwell_ms or weighted.location.depth_mm < without.location.depth_mm


@pytest.mark.parametrize(("weight", "word"), [("0", "weight = 0"), ("1", "weight = 1"), ("0.6", "weights of the criteria sum to 1.2")])
def test_weights_that_make_no_sense_are_refused(plain: Path, tmp_path: Path, weight: str, word: str):
    rule = f"[[criterion]]\nname = 'x'\noutput = 'washburn_number'\nlow = 0.5\nweight = {weight}\nreason = 'x'\nsource = 'x'"
    with pytest.raises(df.InputError, match=word):
        _core.load_calibration(with_lines(plain, tmp_path, rule, rule.replace("'x'", "'y'")), "normal")


def test_some_rule_must_decide(plain: Path, tmp_path: Path):
    text = plain.read_text()
    begin, end = text.index("[[criterion]]"), text.index("# What the driver module watches")
    only = text[:begin] + "[[criterion]]\nname = 'x'\noutput = 'strokes'\nhigh = 40\nweight = 0.5\nreason = 'x'\nsource = 'x'\n" + text[end:]
    (tmp_path / "soft.toml").write_text(only)
    with pytest.raises(df.InputError, match=r"no \[\[criterion\]\] without a weight"):
        _core.load_calibration(tmp_path / "soft.toml", "normal")


# correlated draws

FIRST, SECOND, THIRD = "skin.ogden_modulus_mpa", "skin.fracture_toughness_kj_m2", "skin.puncture_toughness_kj_m2"


def correlation(first: str, second: str, rho: float) -> str:
    number = f"{{ value = {rho}, unit = '1', range = [-0.99, 0.99], source = 'study' }}"
    return f"[[correlation]]\nkeys = ['{first}', '{second}']\nrho = {number}\nsource = 'study'"


def test_correlated_draws_have_the_rank_correlation_of_the_copula_and_their_own_laws(plain: Path, tmp_path: Path):
    count = 4096
    free = draw_parameters(_core.load_calibration(plain, "normal"), count)
    for rho in (-0.8, 0.3, 0.9):
        file = _core.load_calibration(with_lines(plain, tmp_path, correlation(FIRST, SECOND, rho), correlation(SECOND, THIRD, 0.3)), "normal")
        drawn = draw_parameters(file, count)
        exact = 6.0 / math.pi * math.asin(rho / 2.0)
        # Four deviations of Spearman's coefficient of independent points (Bonett & Wright 2000); Sobol points are more even.
        bound = 4.0 * (1.0 - exact**2) * math.sqrt((1.0 + rho**2 / 2.0) / (count - 3))
        assert stats.spearmanr(drawn[FIRST], drawn[SECOND]).statistic == pytest.approx(exact, abs=bound)
        assert abs(stats.spearmanr(drawn[FIRST], drawn["skin.recoil_time_ms"]).statistic) < 4.0 / math.sqrt(count - 3)
        for key, values in drawn.items():
            if key in (SECOND, THIRD):  # Kolmogorov's distance that one in 10,000 samples exceeds, of points that are independent
                assert stats.ks_2samp(values, free[key]).statistic < 2.23 * math.sqrt(2.0 / count) and (values != free[key]).any()
            else:
                np.testing.assert_array_equal(values, free[key])


def test_more_correlated_draws_begin_with_the_same(plain: Path, tmp_path: Path):
    file = _core.load_calibration(with_lines(plain, tmp_path, correlation(FIRST, SECOND, 0.7)), "normal")
    few, many = draw_parameters(file), draw_parameters(file, 2 * file.draws)
    for key, values in few.items():
        np.testing.assert_array_equal(many[key][: file.draws], values)


def test_a_point_on_the_edge_of_the_cube_is_no_infinity():
    @dataclass
    class One:
        first: str = "a"
        second: str = "b"
        rho: float = -0.5

    assert np.isfinite(joined(np.array([[0.0, 0.0], [1.0, 0.5]]), ["a", "b"], [One()])).all()


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            [correlation(FIRST, SECOND, 0.6), correlation(SECOND, THIRD, 0.6), correlation(FIRST, THIRD, -0.5)],
            [f"rho = -0.5 of {FIRST} and {THIRD}", "not positive definite"],
        ),
        ([correlation(FIRST, SECOND, 1.0)], ["rho = 1", "above -1, below 1"]),
        ([correlation(FIRST, FIRST, 0.5)], ["name two uncertain keys"]),
        ([correlation(FIRST, "skin.puncture_toughness_kj_m", 0.5)], ["is not uncertain", f"did you mean {THIRD}?"]),
        ([correlation(FIRST, SECOND, 0.5), correlation(SECOND, FIRST, 0.5)], ["stands twice"]),
        ([correlation(FIRST, SECOND, 0.5).replace("rho", "r")], ["rho is missing"]),
    ],
)
def test_correlations_that_cannot_be_are_refused(plain: Path, tmp_path: Path, lines: list[str], words: list[str]):
    with pytest.raises(df.InputError) as error:
        _core.load_calibration(with_lines(plain, tmp_path, *lines), "normal")
    assert not [word for word in words if word not in str(error.value)], error.value


# what the outcome hangs on


def test_first_order_indices_of_draws_at_hand_are_those_of_ishigami_and_of_a_sum():
    """Ishigami & Homma 1990 with a 7, b 0.1: 0.3139, 0.4424, 0; and a sum, whose indices are its squared weights. Both within the intervals
    that are stated, which 1,024 draws make narrower than 0.1."""
    unit = even_points(3, 1024, 5)
    x = math.pi * (2.0 * unit - 1.0)
    ishigami = np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    found = influence.from_draws(dict(zip("abc", unit.T, strict=True)), {"right": ishigami, "contrast_1y": unit @ [3.0, 2.0, 1.0]})
    for name, exact in (("right", [0.3139, 0.4424, 0.0]), ("contrast_1y", [9 / 14, 4 / 14, 1 / 14])):
        off = abs(found["first_order"].sel(output=name).values - exact)
        assert (off <= found["first_order_interval"].sel(output=name).values).all(), off
    assert 0.0 < float(found["first_order_interval"].min()) and float(found["first_order_interval"].max()) < 0.1


@pytest.mark.parametrize("even", [True, False])
def test_the_intervals_of_few_draws_hold_the_truth_as_often_as_they_say(even: bool):
    """Five keys, 32 draws, 60 seeds: of 300 intervals 95 %, less three deviations of counting; and of any key no fewer than 85 %. Wider than
    a half they would say nothing."""
    weights = np.array([3.0, 2.0, 1.0, 0.5, 0.1])
    inside, width, weakest = [], [], []
    for seed in range(60):
        unit = even_points(5, 32, seed) if even else np.random.default_rng(seed).random((32, 5))
        found = influence.from_draws(dict(zip("abcde", unit.T, strict=True)), {"right": stats.norm.ppf(unit) @ weights}, seed)
        inside.append(abs(found["first_order"].values[0] - weights**2 / (weights**2).sum()) <= found["first_order_interval"].values[0])
        width.append(found["first_order_interval"].values[0])
        weakest.append(float(found["first_order"][0, -1]) - weights[-1] ** 2 / (weights**2).sum())
    assert np.mean(inside) >= 0.95 - 3.0 * math.sqrt(0.95 * 0.05 / 300.0) and np.mean(inside, axis=0).min() >= 0.85, np.mean(inside, axis=0)
    assert np.mean(width) < 0.5
    if not even:  # what chance explains is taken off; Sobol points leave less to chance
        assert abs(np.mean(weakest)) < 3.0 * np.std(weakest) / math.sqrt(60.0)


def test_an_outcome_that_does_not_vary_or_has_few_numbers_has_no_indices():
    unit = even_points(3, 32, 5)
    draws = dict(zip("abc", unit.T, strict=True))
    assert influence.from_draws(draws, {"right": np.ones(32), "contrast_1y": np.where(np.arange(32) < 20, math.nan, unit[:, 0])}) is None


def test_total_indices_at_the_best_setting_are_run_on_request(plain: Path, respond: Callable):
    """Contrast hangs on one key alone: its total index is 1, all others are 0."""
    made = respond({(100.0, 0.0): 0.1})
    before = df.calibrate(plain, "normal")
    ran = made.members
    found = df.calibrate(plain, "normal", sobol=16)
    assert made.members - ran == ran + 16 * (len(found.draws) + 2)
    assert "total" not in before.sobol and found.sobol.attrs["samples_kept"] == 16
    total = found.sobol["total"].sel(output="contrast_1y")
    for key in found.draws:  # of a key without effect, differences that are 0 but for rounding
        within = float(found.sobol["total_interval"].sel(output="contrast_1y", parameter=KEY)) if key == KEY else 1e-12
        assert float(total.sel(parameter=key)) == pytest.approx(float(key == KEY), abs=within)
    assert found.preset == before.preset


def test_total_indices_need_independent_keys_and_a_power_of_two(plain: Path, tmp_path: Path):
    with pytest.raises(df.InputError, match="samples = 12 is not a power of two"):
        df.calibrate(plain, "normal", sobol=12)
    with pytest.raises(df.InputError, match=f"{FIRST} and {SECOND} are correlated"):
        df.calibrate(with_lines(plain, tmp_path, correlation(FIRST, SECOND, 0.5)), "normal", sobol=16)


# what the draws and the grids cannot tell apart


def test_settings_within_the_monte_carlo_error_are_named_and_grids_that_differ_are_said(plain: Path, respond: Callable, monkeypatch: pytest.MonkeyPatch):
    made = respond({(100.0, 0.0): 0.2})
    found = df.calibrate(plain, "normal")
    values = worth(found.outputs, found.file.criteria).values
    best = values[1, 1]
    for i, j in np.ndindex(3, 3):
        behind = best - values[i, j]
        assert bool(found.contenders.values[i, j]) == (behind.mean() <= 1.645 * mean_error(behind))
    assert bool(found.contenders.sel(found.best)) and not found.contenders.all() and found.grid_gap[0] == 0.0
    assert not [text for text in found.preset["warnings"] if "judge the best setting differently" in text]

    def harsher(members: Sequence[df.Member], *, grid: str, **manner: object) -> list:
        made.depth = 0.3 if grid == "quick" else 0.0  # contrast 0.18 higher on the standard grid
        return made.run_batch(members, grid=grid, **manner)

    monkeypatch.setattr("dermaflux.search.run_batch", harsher)
    other = df.calibrate(plain, "normal")
    assert other.grid_gap[0] < -2.0 * other.grid_gap[1]
    assert [text for text in other.preset["warnings"] if "the quick grid, which searched, and the standard grid judge the best setting differently" in text]


def test_the_shipped_calibration_searches_depth_and_dwell_time_alone_with_hard_rules_and_free_draws():
    file = _core.load_calibration(CONFIGS / "calibrations/scalp.toml", "normal")
    assert file.settings == [] and file.correlations == [] and all(rule.weight is None for rule in file.criteria)
