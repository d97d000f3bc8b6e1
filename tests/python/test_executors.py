"""Sweeps on other processes: the same bits by every executor, workers that die, members that fail, Ctrl-C."""

import functools
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr
from conftest import MAIN, NORMAL, STALLING, numbers, refused, wait_for_lines, write_sweep
from dask.distributed import Client, LocalCluster
from test_sweep import counted, same, stored  # noqa: F401 (counted is a fixture)

import dermaflux as df
from dermaflux import executors
from dermaflux.executors import Pool, run_members, run_on

AXES = {"skin.class": ["normal", "bald"], "machine.depth_mm": [0.3, 0.4, 0.5], "machine.dwell_ms": [40, 90]}
MEMBERS = 12


def spawned(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


@contextmanager
def dask_cluster(workers: int) -> Iterator[Client]:
    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as cluster, Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def two() -> Iterator[ProcessPoolExecutor]:
    with spawned(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with dask_cluster(2) as client:
        yield client


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """The sweep of AXES by one process."""
    folder = tmp_path_factory.mktemp("whole")
    return df.sweep(write_sweep(folder / "s.toml", AXES), folder / "s.h5")


# what is sent


@pytest.mark.parametrize(
    "changes", [{}, {"skin.class": "hypertrophic", "ink.dilution": 0.3}, {"scar.class": "fut_linear", "scar.shape": "strip", "scar.width_mm": 2.0}]
)
def test_a_treatment_sent_to_another_process_gives_the_same_bits_without_its_files(tmp_path: Path, changes: dict):
    shutil.copytree(NORMAL.parents[1], tmp_path / "configs")
    treatment = df.load(tmp_path / "configs/treatments/normal_scalp.toml", changes)
    alone = df.run(treatment, grid="quick")
    assert treatment["machine.depth_mm"] == treatment.values_with_source["machine.depth_mm"].value  # what is cached does not hinder
    sent = pickle.dumps(treatment)
    files, text = treatment._document.files, treatment._document.json()
    shutil.rmtree(tmp_path / "configs")
    there = pickle.loads(sent)
    assert there._document.json() == text and there._document.files == files and there._document.overrides == treatment._document.overrides
    assert (there.title, there.skin_class, there.layers, repr(there)) == (treatment.title, treatment.skin_class, treatment.layers, repr(treatment))
    assert [one.where for one in there.values_with_source.values()] == [one.where for one in treatment.values_with_source.values()]
    assert numbers(df.run(there, grid="quick")) == numbers(alone)


def test_a_worker_of_another_version_says_so():
    with pytest.raises(df.BackendError, match=r"a worker has dermaflux .*, the sweep is run by 0\.0\.1; install the same"):
        run_members(b"not opened", "quick", "auto", 1, "0.0.1", 0)


# the same bits


class Backwards(ThreadPoolExecutor):
    """Always runs what was given to it last."""

    def __init__(self) -> None:
        super().__init__(1)
        self.waiting: list[tuple[int, Future, Callable]] = []
        self.order: list[int] = []

    def submit(self, function: Callable, /, *args: object) -> Future:
        future: Future = Future()
        self.waiting.append((len(self.order) + len(self.waiting), future, functools.partial(function, *args)))

        def last() -> None:
            number, one, call = self.waiting.pop()
            self.order.append(number)
            one.set_result(call())

        super().submit(last)
        return future


@pytest.mark.parametrize("kind", ["one process", "two processes", "two threads", "backwards", "dask"])
def test_every_executor_gives_the_bits_of_one_process(
    tmp_path: Path,
    kind: str,
    two: ProcessPoolExecutor,
    client: Client,
    whole: xr.Dataset,
    counted: list[int],  # noqa: F811
):
    plan, out = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5"
    kinds = {"one process": lambda: spawned(1), "two processes": lambda: two, "two threads": lambda: ThreadPoolExecutor(2), "backwards": Backwards}
    executor = client.get_executor() if kind == "dask" else kinds[kind]()
    same(df.sweep(plan, out, executor=executor, workers=4 if kind == "backwards" else None), whole)
    same(stored(out), whole)
    assert counted == [] and not list(tmp_path.glob("*.journal"))
    if kind == "backwards":
        assert executor.order != sorted(executor.order)
    if kind not in ("two processes", "dask"):
        executor.shutdown()


def test_shards_by_an_executor_add_up_to_the_whole(tmp_path: Path, two: ProcessPoolExecutor, whole: xr.Dataset):
    plan, out = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5"
    assert [df.run_shard(plan, out, f"{n}/2", executor=two).done for n in (1, 2)] == [MEMBERS // 2, MEMBERS]
    same(df.collect_sweep(plan, out), whole)


def test_the_command_runs_on_processes_and_on_a_scheduler_of_dask(cli, tmp_path: Path, client: Client, whole: xr.Dataset):
    plan = write_sweep(tmp_path / "s.toml", AXES)
    for name, options in (("p.h5", ["processes", "--workers", 1]), ("d.h5", ["dask", "--scheduler", client.scheduler.address])):
        assert cli("sweep", "run", plan, "-o", tmp_path / name, "--executor", *options).code == 0
        same(stored(tmp_path / name), whole)
    assert len(client.nthreads()) == 2  # a cluster that is not ours stays


def test_the_command_starts_a_cluster_of_dask_where_no_scheduler_is_named(cli, tmp_path: Path, whole: xr.Dataset):
    plan = write_sweep(tmp_path / "s.toml", AXES)
    assert cli("sweep", "run", plan, "-o", tmp_path / "s.h5", "--shard", "1/2", "--executor", "dask", "--workers", 1).code == 0
    same(df.sweep(plan, tmp_path / "s.h5"), whole)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--executor", "threads"], ["--executor threads", "local, processes or dask"]),
        (["--workers", "2"], ["--workers 2", "--executor local", "--threads"]),
        (["--executor", "processes", "--workers", "0"], ["--workers 0"]),
        (["--executor", "processes", "--scheduler", "tcp://a:1"], ["--scheduler tcp://a:1", "--executor dask only"]),
        (["--scheduler", "tcp://a:1"], ["--scheduler tcp://a:1", "--executor dask only"]),
        (["--executor", "dask", "--scheduler", "tcp://a:1", "--workers", "2"], ["--workers 2", "--scheduler"]),
        (["--executor", "dask", "--scheduler", "nothing://a:1"], ["--scheduler nothing://a:1", "no scheduler"]),
    ],
)
def test_options_that_do_not_go_together_are_refused_by_name(cli, tmp_path: Path, options: list[str], words: list[str]):
    plan = write_sweep(tmp_path / "s.toml", AXES)
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5", *options], words)


def test_without_dask_the_error_names_the_command_that_installs_it(cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    plan = write_sweep(tmp_path / "s.toml", AXES)
    refused(cli, tmp_path, ["sweep", "run", plan, "-o", tmp_path / "s.h5", "--executor", "dask"], ['pip install "dask[distributed]"'])


def test_no_number_of_workers_is_refused(tmp_path: Path, two: ProcessPoolExecutor):
    with pytest.raises(df.InputError, match="workers = 0"):
        df.sweep(write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5", executor=two, workers=0)


# batches; the executors of these tests have no physics


class Played:
    """An executor that answers at once, as it is told to."""

    def __init__(self, answer: Callable[[list[str]], Exception | None] = lambda names: None):
        self.answer = answer
        self.asked: list[list[str]] = []

    def submit(self, function: Callable, /, packed: bytes, *args: object) -> Future:
        future: Future = Future()
        members: list[df.Member] = pickle.loads(zlib.decompress(packed))
        names = [str(member.treatment) for member in members]
        self.asked.append(names)
        if error := self.answer(names):
            future.set_exception(error)
        else:
            future.set_result([[{"x": 1.0}] for _ in members])
        return future


def played(executor: Played, groups: int, workers: int, sizes: Callable[[int], int] = lambda n: 1) -> dict[tuple[int, ...], object]:
    """Outcomes by index of some groups, each with some members; no member comes twice."""
    got: list[tuple[tuple[int, ...], object]] = []
    every = [(df.Member(str(n)), [(n, k) for k in range(sizes(n))]) for n in range(groups)]  # type: ignore[arg-type]
    left = sum(len(indices) for _, indices in every)
    run_on(
        Pool(executor, workers), iter(every), left, backend="auto", grid="quick", keep=lambda indices, outcome: got.extend((one, outcome) for one in indices)
    )
    assert len(got) == len(dict(got)) == left
    return dict(got)


@pytest.mark.parametrize(("groups", "workers"), [(1, 4), (7, 2), (100, 1), (1000, 3)])
def test_batches_shrink_so_that_workers_end_together(groups: int, workers: int):
    executor = Played()
    played(executor, groups, workers)
    sizes = [len(names) for names in executor.asked]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] == 1 and sizes[0] == min(64, -(-groups // (4 * workers)))
    left = np.cumsum(sizes[::-1])[::-1]
    assert all(size == 1 or size - 1 < before / (4 * workers) for size, before in zip(sizes, left, strict=True))


def test_dwell_times_of_one_insertion_stay_in_one_batch():
    executor = Played()
    played(executor, 40, 2, sizes=lambda n: n % 24 + 1)
    assert sorted(name for names in executor.asked for name in names) == sorted(map(str, range(40)))
    assert max(len(names) for names in executor.asked) > 1


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_whose_worker_is_lost_runs_again(seed: int):
    draw = random.Random(seed)
    lost: Counter[str] = Counter()

    def dying(names: list[str]) -> Exception | None:
        if draw.random() < 0.5 or any(lost[name] == 3 for name in names):
            return None
        lost.update(names)
        return OSError("the node went down")

    assert all(outcome == [{"x": 1.0}] for outcome in played(Played(dying), 200, 2).values())
    assert max(lost.values()) == 3  # some of them as often as is allowed


def test_a_member_that_kills_every_worker_fails_and_costs_no_other():
    executor = Played(lambda names: MemoryError("killed") if "17" in names else None)
    outcomes = played(executor, 40, 1)
    failed = {index: outcome for index, outcome in outcomes.items() if isinstance(outcome, df.MemberError)}
    assert list(failed) == [(17, 0)] and failed[17, 0].message.startswith("its worker was lost 4 times (MemoryError: killed)")
    asked = [names for names in executor.asked if "17" in names]
    assert len(asked) == 4 and len(asked[0]) > 1 and asked[-1] == ["17"]


@pytest.mark.parametrize("error", [df.InputError("no key"), df.BackendError("no cuda"), ImportError("no dermaflux"), BrokenExecutor("gone"), CancelledError()])
def test_what_would_fail_on_every_worker_is_raised_at_once(error: Exception):
    executor = Played(lambda names: error)
    with pytest.raises(BrokenExecutor if isinstance(error, CancelledError) else type(error)):
        played(executor, 40, 1)
    assert len(executor.asked) <= 2


def test_ctrl_c_cancels_what_is_queued_and_keeps_what_is_finished():
    futures: list[Future] = []

    class Stopped(Played):
        def submit(self, function: Callable, /, packed: bytes, *args: object) -> Future:
            if len(futures) == 3:
                raise KeyboardInterrupt
            answered = super().submit(function, packed, *args)
            futures.append(Future() if len(futures) == 1 else answered)  # the second is still under way
            return futures[-1]

    got: list[tuple[int, ...]] = []
    every = [(df.Member(str(n)), [(n,)]) for n in range(12)]  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        run_on(Pool(Stopped(), 3), iter(every), 12, backend="auto", grid="quick", keep=lambda indices, outcome: got.extend(indices))
    assert futures[1].cancelled() and got == [(0,), (2,)]


# workers that die


def killing(executor: object, pids: Callable[[], list[int]], at: tuple[int, ...]) -> object:
    """An executor of which a worker is killed as some batches are submitted."""

    class Killing:
        count = 0
        _client = getattr(executor, "_client", None)

        def submit(self, function: Callable, /, *args: object) -> Future:
            future = executor.submit(function, *args)  # type: ignore[attr-defined]
            self.count += 1
            if self.count in at:
                os.kill(pids()[0], signal.SIGKILL)
            return future

    return Killing()


def test_a_sweep_of_which_two_workers_are_killed_ends_complete(tmp_path: Path, whole: xr.Dataset):
    """Dask gives a batch up with the first worker that it loses, so that it is we who submit it again."""
    with dask.config.set({"distributed.scheduler.allowed-failures": 0}), dask_cluster(2) as client:
        workers = list(client.run(os.getpid).values())
        executor = killing(client.get_executor(), lambda: [workers.pop()], at=(3, 5))
        data = df.sweep(write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5", executor=executor)
        assert not workers and executor.count > 6  # batches are one insertion each; those that were lost came again
    same(data, whole)


def test_a_broken_pool_is_named_and_what_is_done_is_kept(tmp_path: Path, whole: xr.Dataset, counted: list[int]):  # noqa: F811
    plan, out = write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5"
    before = multiprocessing.active_children()
    with spawned(1) as pool, pytest.raises(df.BackendError, match=r"BrokenProcessPool.* of 12 members are kept in .*s.h5.journal, and running the same again"):
        executor = killing(pool, lambda: [one.pid for one in multiprocessing.active_children() if one not in before], at=(4,))
        df.sweep(plan, out, executor=executor, workers=1)
    done = df.sweep_state(plan, out).done
    assert 2 <= done < MEMBERS
    same(df.sweep(plan, out), whole)
    assert sum(counted) == MEMBERS - done


def test_a_pool_that_was_shut_down_is_named(tmp_path: Path):
    pool = spawned(1)
    pool.shutdown()
    with pytest.raises(df.BackendError, match="cannot schedule new futures after shutdown"):
        df.sweep(write_sweep(tmp_path / "s.toml", AXES), tmp_path / "s.h5", executor=pool)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL])
def test_a_command_that_is_stopped_leaves_no_process_and_loses_no_member(tmp_path: Path, sign: signal.Signals, counted: list[int]):  # noqa: F811
    depths = [round(0.25 + 0.02 * n, 3) for n in range(16)]
    plan, out = write_sweep(tmp_path / "s.toml", {"machine.depth_mm": depths}), tmp_path / "s.h5"
    command = [sys.executable, "-c", MAIN, "sweep", "run", str(plan), "-o", str(out), "--executor", "processes", "--workers", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        wait_for_lines(process, tmp_path / "s.h5.journal", 3)
        process.send_signal(sign)
        error = process.communicate(timeout=60)[1]  # ends when the last process has closed the pipe
    assert process.returncode == (130 if sign == signal.SIGINT else -sign)
    assert "Traceback" not in error and ("what had finished is kept" in error) == (sign == signal.SIGINT)
    finished = (tmp_path / "s.h5.journal").read_text().count("\n") - 1
    assert 2 <= finished < len(depths)
    df.sweep(plan, out)
    assert sum(counted) == len(depths) - finished


# members that fail


def test_poisoned_members_fail_and_all_others_have_the_bits_of_a_clean_sweep(tmp_path: Path, two: ProcessPoolExecutor):
    good, poison = [round(2.0 + 0.01 * n, 2) for n in range(99)], 0.2
    forces, axes = [*good[:41], poison, *good[41:]], {"machine.dwell_ms": [10, 20]}
    clean = df.sweep(write_sweep(tmp_path / "c.toml", {"machine.stall_force_n": good} | axes), tmp_path / "c.h5", changes=STALLING)
    plan = write_sweep(tmp_path / "s.toml", {"machine.stall_force_n": forces} | axes)
    here = df.sweep(plan, tmp_path / "here.h5", changes=STALLING)
    there = df.sweep(plan, tmp_path / "there.h5", changes=STALLING, executor=two)
    same(here, there)
    assert here["error"].size == 200 and here.attrs["failed_members"] == 2 and clean.attrs["failed_members"] == 0
    assert all("the motor stalls" in str(text) for text in here["error"].sel(machine_stall_force_n=poison).values)
    others = here.sel(machine_stall_force_n=good)
    for name in clean.data_vars:
        if name not in ("runtime_s", "error"):
            np.testing.assert_array_equal(others[name].values, clean[name].values)
            assert np.isnan(here[name].sel(machine_stall_force_n=poison)).all()


def test_a_size_is_asked_of_the_executor(two: ProcessPoolExecutor, client: Client):
    assert (Pool(two).size(), Pool(client.get_executor()).size(), Pool(two, 7).size()) == (2, 2, 7)
    assert Pool(Played()).size() == os.cpu_count()
    assert executors._LARGEST_BATCH == 64
