"""Sweeps with draws and with conditions between axes."""

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rfc8785
import xarray as xr
from conftest import CONFIGS, numbers, write_sweep
from scipy.stats import qmc

import dermaflux as df
from dermaflux import provenance, study
from dermaflux.result import OUTPUTS
from dermaflux.sampling import SampledAxis

DEPTH, DWELL, SKIN = "machine.depth_mm", "machine.dwell_ms", "skin.class"
TOUGH, VISCOUS = "skin.fracture_toughness_kj_m2", "ink.carrier_viscosity_mpa_s"


def listed(key: str, values: list) -> str:
    return f'[[axis]]\nkey = "{key}"\nvalues = {str(values).replace(chr(39), chr(34))}\nsource = "study"\n'


def drawn(key: str, low: float, high: float, scale: str | None = None) -> str:
    return f'[[axis]]\nkey = "{key}"\nlow = {low}\nhigh = {high}\nsource = "study"\n' + (f'scale = "{scale}"\n' if scale else "")


def sample(method: str = "sobol", count: int = 8, seed: int = 1) -> str:
    return f'[sample]\nmethod = "{method}"\ncount = {count}\nseed = {seed}\nsource = "study"\n'


def condition(text: str) -> str:
    return f"[[condition]]\n{text}\nreason = 'study: nobody does that'\n"


def file_of(folder: Path, *parts: str, name: str = "s.toml") -> Path:
    """A sweep file around the normal treatment; its first part begins in line 4."""
    path = write_sweep(folder / name, {})
    path.write_text(path.read_text() + "".join(parts))
    return path


@pytest.fixture
def plan_of(tmp_path: Path) -> Callable[..., df.SweepPlan]:
    return lambda *parts: df.load_sweep(file_of(tmp_path, *parts))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[df.Member]:
    """The members that are asked for. Without physics: the contrast of one is the sum of its numbers and its dwell time."""
    members: list[df.Member] = []

    def running(batch, *, done, **options):
        for k, member in enumerate(batch):
            members.append(member)
            total = sum(member.changes.values())
            done(k, [dict.fromkeys(OUTPUTS, 0.0) | {"contrast_1y": total + dwell} for dwell in member.dwells_ms or [0.0]])

    monkeypatch.setattr(study, "run_batch", running)
    return members


def same(one: xr.Dataset, other: xr.Dataset) -> None:
    xr.testing.assert_identical(one.drop_vars("runtime_s"), other.drop_vars("runtime_s"))


def stored(path: Path) -> xr.Dataset:
    with xr.open_dataset(path, engine="h5netcdf") as data:
        return data.load()


# draws


@pytest.mark.parametrize("method", ["sobol", "latin_hypercube"])
def test_the_same_file_gives_the_same_draws_in_whatever_order_its_axes_stand(plan_of, method: str):
    axes = [drawn(TOUGH, 1.5, 2.6), drawn(VISCOUS, 3, 100, "log"), drawn("skin.thickness_factor", 0.7, 1.4)]
    first = plan_of(sample(method), *axes)
    assert plan_of(sample(method), *axes).sample.values == first.sample.values
    for order in itertools.permutations(axes):
        other = plan_of(*order, sample(method))
        assert other.sample.values == first.sample.values and other.sha256 == first.sha256
    assert plan_of(sample(method, seed=2), *axes).sample.values[TOUGH] != first.sample.values[TOUGH]


@pytest.mark.parametrize(("method", "count"), [("latin_hypercube", 7), ("latin_hypercube", 1), ("sobol", 16), ("sobol", 1)])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_each_of_count_equal_parts_of_an_axis_holds_one_draw(plan_of, method: str, count: int, scale: str):
    """Of a Latin hypercube by definition; of Sobol points because each axis is a (0, m, 1)-net in base 2."""
    plan = plan_of(sample(method, count, 5), drawn(TOUGH, 0.5, 8.0, scale), drawn(VISCOUS, 3, 100, scale))
    for key, low, high in ((TOUGH, 0.5, 8.0), (VISCOUS, 3.0, 100.0)):
        values = np.array(plan.sample.values[key])
        shares = np.log(values / low) / np.log(high / low) if scale == "log" else (values - low) / (high - low)
        assert sorted(np.floor(shares * count)) == list(range(count))


def test_sobol_draws_are_balanced_in_both_halves_of_every_axis_together(plan_of):
    """The first two Sobol dimensions are a (0, m, 2)-net: each quarter of the square holds a quarter of the points."""
    plan = plan_of(sample("sobol", 32, 3), drawn(TOUGH, 1.0, 2.0), drawn(VISCOUS, 10, 20))
    upper = [np.array(plan.sample.values[key]) >= middle for key, middle in ((TOUGH, 1.5), (VISCOUS, 15.0))]
    assert [int((upper[0] == a)[upper[1] == b].sum()) for a in (False, True) for b in (False, True)] == [8, 8, 8, 8]


@pytest.mark.parametrize(("method", "engine"), [("sobol", qmc.Sobol), ("latin_hypercube", qmc.LatinHypercube)])
def test_draws_are_the_points_of_scipy_between_the_ends(plan_of, method: str, engine: type):
    plan = plan_of(sample(method, 4, 9), drawn(TOUGH, 1.5, 2.5), drawn(VISCOUS, 3, 100, "log"))
    unit = engine(2, rng=np.random.default_rng(9)).random(4)  # columns by name: ink before skin
    np.testing.assert_allclose(plan.sample.values[VISCOUS], 3.0 * (100.0 / 3.0) ** unit[:, 0], rtol=1e-14)  # some roundings of exp and log
    np.testing.assert_allclose(plan.sample.values[TOUGH], 1.5 + unit[:, 1], rtol=1e-15)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_no_draw_lies_beyond_an_end(scale: str):
    for low, high in ((0.1, 0.3), (3.0, 100.0), (1e-20, 7e-13), (0.7, 1.4)):
        axis = SampledAxis("a.b", "1", low, high, scale)
        assert axis.at(np.array([0.0, 1.0]))[0] == low and all(low <= one <= high for one in axis.at(np.linspace(0.0, 1.0, 99)))


# members


def test_draws_are_crossed_with_the_listed_values_and_dwell_times_share_an_insertion(tmp_path: Path, asked: list[df.Member]):
    axes = (drawn(TOUGH, 1.5, 2.6), listed(DEPTH, [0.3, 0.5]), listed(DWELL, [150, 40, 90]), drawn(VISCOUS, 3, 100))
    plan = df.load_sweep(file_of(tmp_path, *axes, sample()))
    assert (plan.dims, plan.shape) == (["machine_depth_mm", "machine_dwell_ms", "sample"], (2, 3, 8))
    assert (len(plan.members), plan.insertions) == (48, 16)
    data = df.sweep(plan, tmp_path / "s.h5")
    assert len(asked) == 16 and all(list(member.dwells_ms) == [40, 90, 150] for member in asked)
    expected = data[plan.dims[0]] + data[plan.dims[1]] + data["skin_fracture_toughness_kj_m2"] + data["ink_carrier_viscosity_mpa_s"]
    np.testing.assert_allclose(data["contrast_1y"], expected, rtol=1e-15)
    assert dict(data.sizes) == dict(zip(plan.dims, plan.shape, strict=True))


def test_drawn_keys_are_coordinates_on_one_dimension(tmp_path: Path, asked: list[df.Member]):
    plan = df.load_sweep(file_of(tmp_path, sample("latin_hypercube", 5, 7), drawn(VISCOUS, 3, 100, "log"), drawn(DWELL, 50, 90)))
    data = df.sweep(plan, tmp_path / "s.h5")
    assert dict(data.sizes) == {"sample": 5} and list(data["sample"].values) == list(range(5))
    assert [member.changes for member in asked] == [{key: values[n] for key, values in plan.sample.values.items()} for n in range(5)]
    assert not any(member.dwells_ms for member in asked)  # a drawn contact time shares no insertion
    for key, unit, low, high, scale in ((VISCOUS, "mPa.s", 3, 100, "log"), (DWELL, "ms", 50, 90, "linear")):
        column = data[key.replace(".", "_")]
        assert column.dims == ("sample",) and tuple(column.values) == plan.sample.values[key]
        assert column.attrs == {"units": unit, "key": key, "low": low, "high": high, "scale": scale}
    assert {name: data["sample"].attrs[name] for name in ("method", "count", "seed", "source")} == {
        "method": "latin_hypercube", "count": 5, "seed": 7, "source": "study",
    }  # fmt: skip
    assert "excluded" not in data
    same(stored(tmp_path / "s.h5"), data)


def test_a_drawn_member_equals_a_single_run(tmp_path: Path, normal: df.Treatment):
    plan = df.load_sweep(file_of(tmp_path, sample(count=2), drawn(DEPTH, 0.3, 0.5), drawn(VISCOUS, 3, 30, "log"), listed(DWELL, [60, 90])))
    data = df.sweep(plan, tmp_path / "s.h5")
    drawn_values = {key: values[1] for key, values in plan.sample.values.items()}
    alone = df.run(normal.with_({**drawn_values, DWELL: 90}), grid="quick")
    assert numbers({name: float(data[name][1, 1]) for name in alone}) == numbers(alone)


def test_words_are_crossed_with_draws(tmp_path: Path, asked: list[df.Member]):
    df.sweep(file_of(tmp_path, listed(SKIN, ["normal", "bald"]), sample(count=2), drawn(DEPTH, 0.3, 0.5)), tmp_path / "s.h5")
    assert [member.treatment.skin_class for member in asked] == ["normal", "normal", "bald", "bald"]
    assert [set(member.changes) for member in asked] == [{DEPTH}] * 4
    assert asked[0].treatment is asked[1].treatment


SAMPLED = (listed(DEPTH, [0.3, 0.5]), listed(DWELL, [40, 90]), sample("latin_hypercube", 3), drawn(TOUGH, 1.5, 2.6))
LIMITED = (*SAMPLED, condition(f'key = "{DWELL}"\nat_most = 50\nwhen_key = "{DEPTH}"\nwhen_at_least = 0.4'))


@pytest.mark.parametrize(("parts", "members"), [(SAMPLED, 12), (LIMITED, 9)])
def test_shards_of_a_sampled_sweep_add_up(tmp_path: Path, asked: list[df.Member], parts: tuple[str, ...], members: int):
    path, out = file_of(tmp_path, *parts), tmp_path / "s.h5"
    whole = df.sweep(path, tmp_path / "whole.h5")
    asked.clear()
    states = [df.run_shard(path, out, f"{n}/4") for n in (3, 1, 4, 2)]
    assert [state.members for state in states] == [members] * 4 and states[-1].done == members and len(asked) == 6
    same(df.collect_sweep(path, out), whole)
    assert df.sweep_state(path, out) == df.StudyState(members, members, 0, True, ())


@pytest.mark.parametrize(("parts", "insertions"), [(SAMPLED, 6), (LIMITED, 6)])
def test_a_stopped_sampled_sweep_goes_on_where_it_was(
    tmp_path: Path, asked: list[df.Member], monkeypatch: pytest.MonkeyPatch, parts: tuple[str, ...], insertions: int
):
    path, out = file_of(tmp_path, *parts), tmp_path / "s.h5"
    whole = df.sweep(path, tmp_path / "whole.h5")
    asked.clear()
    run_batch = study.run_batch

    def stopping(batch, **options):
        run_batch(batch[:2], **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(study, "run_batch", stopping)
        with pytest.raises(KeyboardInterrupt):
            df.sweep(path, out)
    assert df.sweep_state(path, out).done == 4
    same(df.sweep(path, out), whole)
    assert len(asked) == insertions


# conditions

GRID = (listed(DEPTH, [0.3, 0.5]), listed("machine.stroke_mm", [1.0, 3.0]), listed(SKIN, ["normal", "bald", "atrophic"]))
Row = Mapping[str, float | str]
CONDITIONS: list[tuple[str, Callable[[Row], bool]]] = [
    (f'key = "{DEPTH}"\nat_least = 0.4', lambda row: row[DEPTH] >= 0.4),
    (f'key = "{DEPTH}"\nat_least = 0.5', lambda row: row[DEPTH] >= 0.5),
    (f'key = "{DEPTH}"\nat_most = 0.3', lambda row: row[DEPTH] <= 0.3),
    (f'key = "{DEPTH}"\nat_most = {{ value = 0.4, unit = "mm" }}', lambda row: row[DEPTH] <= 0.4),
    (f'key = "{DEPTH}"\nis = 0.5', lambda row: row[DEPTH] == 0.5),
    (f'key = "{SKIN}"\nis = ["normal", "bald"]', lambda row: row[SKIN] in ("normal", "bald")),
    (f'key = "{TOUGH}"\nat_least = 2', lambda row: row[TOUGH] >= 2.0),
    (f'key = "{DEPTH}"\nat_least = 0.4\nwhen_key = "{SKIN}"\nwhen_is = ["atrophic"]', lambda row: row[DEPTH] >= 0.4 or row[SKIN] != "atrophic"),
    (f'key = "{DEPTH}"\nis = 0.3\nwhen_key = "{TOUGH}"\nwhen_at_most = 2', lambda row: row[DEPTH] == 0.3 or row[TOUGH] > 2.0),
    (f'key = "{SKIN}"\nis = ["bald"]\nwhen_key = "{DEPTH}"\nwhen_is = 0.5', lambda row: row[SKIN] == "bald" or row[DEPTH] != 0.5),
    (f'key = "{SKIN}"\nis = ["bald"]\nwhen_key = "{DEPTH}"\nwhen_at_least = 0.5', lambda row: row[SKIN] == "bald" or row[DEPTH] < 0.5),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kept"), CONDITIONS, ids=[text.replace("\n", ", ") for text, _ in CONDITIONS])
def test_a_combination_that_breaks_a_condition_is_no_member(plan_of, text: str, kept: Callable[[Row], bool]):
    plan = plan_of(condition(text), *GRID, sample(count=4), drawn(TOUGH, 1.5, 2.6))
    every = list(itertools.product(*map(range, plan.shape)))
    wanted = [index for index in every if kept(plan.values(index))]
    assert plan.members == wanted and 0 < len(wanted) < len(every)
    assert plan.settings == wanted and plan.insertions == len(wanted)
    assert int(plan.excluded.sum()) == len(every) - len(wanted)


def test_two_axes_in_one_unit_are_compared(plan_of):
    """Set depth and stroke, both in mm; in the end one of them drawn."""
    axes = (listed(DEPTH, [0.5, 1.5, 2.0]), listed("machine.stroke_mm", [1.5, 3.0]))
    at_most = plan_of(*axes, condition(f'key = "{DEPTH}"\nat_most = "machine.stroke_mm"'))
    assert [index for index in itertools.product(range(3), range(2)) if index not in at_most.members] == [(2, 0)]
    assert plan_of(*axes, condition(f'key = "{DEPTH}"\nis = "machine.stroke_mm"')).members == [(1, 0)]
    limit = condition(f'key = "machine.stroke_mm"\nat_least = "{DEPTH}"')
    plan = plan_of(listed("machine.stroke_mm", [1.0, 2.0]), sample(count=8), drawn(DEPTH, 0.5, 2.5), limit)
    depths = plan.sample.values[DEPTH]
    assert plan.members == [(k, n) for k, stroke in enumerate((1.0, 2.0)) for n in range(8) if stroke >= depths[n]]
    assert 0 < len(plan.members) < 16


def test_two_axes_of_names_are_compared(tmp_path: Path):
    scar = ["hypertrophic", "atrophic"]
    plan = df.load_sweep(
        file_of(tmp_path, listed(SKIN, scar), listed("scar.class", scar), condition(f'key = "{SKIN}"\nis = "scar.class"')),
        {"scar.shape": "disc", "scar.class": "atrophic", "scar.width_mm": 1.0},
    )
    assert plan.members == [(0, 0), (1, 1)]


def test_conditions_add_up(plan_of):
    one, other = condition(f'key = "{DEPTH}"\nat_least = 0.4'), condition(f'key = "{DWELL}"\nat_most = 100')
    plan = plan_of(listed(DEPTH, [0.3, 0.5]), listed(DWELL, [40, 90, 150]), one, other)
    assert plan.members == [(1, 0), (1, 1)] and (plan.settings, plan.insertions) == ([(1, 0)], 1)
    assert plan.dwells((1, 0)) == [(1, 0), (1, 1)]


def test_a_condition_on_dwell_times_leaves_shorter_insertions(tmp_path: Path, asked: list[df.Member]):
    plan = df.load_sweep(file_of(tmp_path, *LIMITED))
    assert (len(plan.members), plan.insertions) == (9, 6)
    df.sweep(plan, tmp_path / "s.h5")
    assert [list(member.dwells_ms) for member in asked] == [[40, 90]] * 3 + [[40]] * 3


def test_insertions_count_what_more_than_24_dwell_times_cost(plan_of, tmp_path: Path, asked: list[df.Member]):
    limit = condition(f'key = "{DWELL}"\nat_most = 200\nwhen_key = "{DEPTH}"\nwhen_is = 0.5')
    plan = plan_of(listed(DEPTH, [0.3, 0.5]), listed(DWELL, list(range(20, 320, 10))), limit)
    df.sweep(plan, tmp_path / "s.h5")
    assert plan.insertions == len(asked) == 3 and len(plan.members) == 30 + 19


def test_what_is_excluded_is_neither_run_nor_counted_nor_failed(cli, tmp_path: Path, asked: list[df.Member]):
    path, out = file_of(tmp_path, *LIMITED), tmp_path / "s.h5"
    assert "0 of 9 members done" in cli("sweep", "status", path, "-o", out).out
    assert "9 members, 0 failed, written" in cli("sweep", "run", path, "-o", out).out
    data = stored(out)
    assert sum(len(member.dwells_ms) for member in asked) == 9
    excluded = (data["machine_depth_mm"] >= 0.4) & (data["machine_dwell_ms"] > 50) & (data["sample"] >= 0)
    assert data["excluded"].dtype == bool and (data["excluded"] == excluded).all() and int(excluded.sum()) == 3
    assert (np.isnan(data["contrast_1y"]) == excluded).all()
    assert (data["error"] == "").all() and data.attrs["failed_members"] == 0
    assert "machine.dwell_ms at most 50 ms where machine.depth_mm at least 0.4 mm" in data["excluded"].attrs["conditions"]
    assert "nobody does that" in data["excluded"].attrs["conditions"]
    assert "9 of 9 members done" in cli("sweep", "status", path, "-o", out).out
    same(df.sweep(path, out), data)


def test_members_that_failed_run_again_and_what_is_excluded_does_not(tmp_path: Path, asked: list[df.Member], monkeypatch: pytest.MonkeyPatch):
    path, out = file_of(tmp_path, *LIMITED), tmp_path / "s.h5"
    whole = df.sweep(path, tmp_path / "whole.h5")
    run_batch = study.run_batch

    def failing(batch, *, done, **options):
        run_batch(batch, done=lambda k, outcome: done(k, outcome if k else df.MemberError("the node went down")), **options)

    with monkeypatch.context() as patch:
        patch.setattr(study, "run_batch", failing)
        assert df.sweep(path, out).attrs["failed_members"] == 2
    asked.clear()
    shown: list[tuple[int, int]] = []

    @contextmanager
    def watched(title, total, **options):
        yield lambda done, note="": shown.append((done, total))

    monkeypatch.setattr(study, "progress_bar", watched)
    same(df.sweep(path, out, retry_failed=True), whole)
    assert [list(member.dwells_ms) for member in asked] == [[40, 90]] and shown == [(7, 9), (9, 9)]


# what decides the members


def plain_sha256(plan: df.SweepPlan) -> str:
    """The hash without draws and conditions."""
    axes = [[axis.key, list(axis.values)] for axis in plan.axes]
    content = {"input": provenance.input_sha256(plan.base.resolved()), "axes": axes, "grid": plan.grid, "program": provenance.build()}
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def test_draws_and_conditions_that_are_not_there_leave_the_hash_as_it_is(plan_of):
    shipped = df.load_sweep(CONFIGS / "sweeps/depth_dwell.toml")
    assert shipped.sha256 == plain_sha256(shipped) and (shipped.sample, shipped.conditions) == (None, ())
    words = plan_of(listed(SKIN, ["normal", "bald"]), listed(DEPTH, [0.3, 0.5]))
    assert words.sha256 == plain_sha256(words)
    assert words.members == words.settings == list(itertools.product(range(2), range(2)))


def test_everything_that_decides_the_members_is_in_the_hash(plan_of):
    base = (listed(DEPTH, [0.3, 0.5]), sample("latin_hypercube", 4, 1), drawn(TOUGH, 1.5, 2.6))
    limit = f'key = "{DEPTH}"\nat_most = 0.4\nwhen_key = "{TOUGH}"\nwhen_at_least = 2'
    variants = [
        base,
        (base[0], sample("sobol", 4, 1), base[2]),
        (base[0], sample("latin_hypercube", 8, 1), base[2]),
        (base[0], sample("latin_hypercube", 4, 2), base[2]),
        (*base[:2], drawn(TOUGH, 1.4, 2.6)),
        (*base[:2], drawn(TOUGH, 1.5, 2.7)),
        (*base[:2], drawn(TOUGH, 1.5, 2.6, "log")),
        (*base[:2], drawn("skin.ogden_modulus_mpa", 0.1, 0.2)),
        (*base, condition(limit)),
        (*base, condition(limit.replace("0.4", "0.35"))),
        (*base, condition(limit.replace("at_most = 0.4", "at_least = 0.4", 1))),
        (*base, condition(limit.replace("when_at_least", "when_at_most"))),
        (*base, condition(limit.replace("when_at_least = 2", "when_at_least = 2.1"))),
        (*base, condition(limit.split("\nwhen")[0])),
    ]
    assert len({plan_of(*parts).sha256 for parts in variants}) == len(variants)
    reason = condition(limit).replace("nobody does that", "not in this clinic")
    assert plan_of(*base, reason).sha256 == plan_of(*base, condition(limit)).sha256
    assert plan_of(*base).sha256 == plan_of(base[0], sample("latin_hypercube", 4, 1).replace('"study"', '"estimate"'), base[2]).sha256


def test_other_points_of_another_scipy_are_another_sweep(plan_of):
    plan = plan_of(sample(), drawn(TOUGH, 1.5, 2.6))
    other = replace(plan, sample=replace(plan.sample))
    other.sample.__dict__["shares"] = plan.sample.shares + 1e-9
    assert other.sha256 != plan.sha256


def test_the_grid_does_not_change_the_draws(plan_of):
    plan = plan_of(sample(), drawn(TOUGH, 1.5, 2.6))
    assert replace(plan, grid="fine").members == plan.members and replace(plan, grid="fine").sample.values == plan.sample.values


# the command


def test_the_plan_shows_draws_conditions_and_what_they_exclude(cli, tmp_path: Path):
    shown = cli("sweep", "plan", file_of(tmp_path, *LIMITED[:3], drawn(TOUGH, 1.5, 2.6, "log"), LIMITED[4]))
    assert shown.code == 0
    rule = "machine.dwell_ms at most 50 ms where machine.depth_mm at least 0.4 mm"
    for words in ("1.5 to 2.6, log, latin_hypercube x 3", "0.3, 0.5", rule, "study: nobody does that"):
        assert words in shown.out, shown.out
    assert "3 of 12 combinations excluded\n9 members in 6 insertions, grid quick, sha256 " in shown.out
    assert "excluded" not in cli("sweep", "plan", file_of(tmp_path, *SAMPLED)).out


def test_the_shipped_sweep_of_an_uncertain_skin_reads(normal: df.Treatment):
    plan = df.load_sweep(CONFIGS / "sweeps/uncertain_depth.toml")
    assert plan.dims == ["machine_depth_mm", "sample"] and plan.shape == (4, 16) and plan.grid == "quick"
    assert len(plan.sample.axes) == 3 and len(plan.conditions) == 1 and 0 < plan.excluded.sum() < 16
    assert all(normal.values_with_source[axis.key].range == (axis.low, axis.high) for axis in plan.sample.axes)
    assert math.prod(plan.shape) - int(plan.excluded.sum()) == len(plan.members)
