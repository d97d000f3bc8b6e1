"""Members of a study on other processes and machines, through any executor like those of concurrent.futures.

Workers get batches of members as plain data and return plain data. They need the same program, and no file: neither those of the
treatment nor the journal, which only the process that runs the study writes.
"""

import logging
import math
import multiprocessing
import os
import pickle
import signal
import threading
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Protocol, TypeVar

from . import _core, provenance
from .entries import Index
from .running import Member, MemberError, run_batch

Started = TypeVar("Started")
Outcome = list[dict[str, float]] | MemberError
Groups = Iterator[tuple[Member, list[Index]]]  # members, each with the indices of its dwell times
Keep = Callable[[list[Index], Outcome], None]

KINDS = ("local", "processes", "dask")
_LARGEST_BATCH = 64
_SUBMITTED_AGAIN = 3  # times that a batch is whose worker was lost
# What would go wrong on every worker alike, however often it is tried.
_LASTING = (_core.InputError, _core.FileError, _core.NumericsError, _core.BackendError, ImportError, AttributeError, TypeError, pickle.PicklingError)


class Executor(Protocol):
    """What runs batches: ProcessPoolExecutor (spawn), dask's Client.get_executor(), MPIPoolExecutor of mpi4py."""

    def submit(self, function: Callable[..., list[Outcome]], /, *args: object) -> "Future[list[Outcome]]": ...


@dataclass(frozen=True)
class Pool:
    """An executor and what it is to be used for."""

    executor: Executor
    workers: int | None = None  # asked of the executor where not given
    threads: int = 1  # of each worker

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise _core.InputError(f"workers = {self.workers} is no number of workers; use 1 or more")

    def size(self) -> int:
        """How many workers there are now: clusters grow."""
        return max(1, self.workers or _count_workers(self.executor))


def _count_workers(executor: Executor) -> int:
    client = getattr(executor, "_client", None)  # of dask's executor
    if client is not None:
        try:
            return len(client.nthreads())
        except OSError as error:
            raise BrokenExecutor(f"its scheduler does not answer: {error}") from error
    for name in ("_max_workers", "num_workers"):  # of concurrent.futures, of mpi4py
        if isinstance(count := getattr(executor, name, None), int):
            return count
    return os.cpu_count() or 1


_one_at_a_time = threading.Lock()  # a process has one compute thread, but a worker of dask may run several tasks


def run_members(packed: bytes, grid: str, backend: str, threads: int, wanted: str, attempt: int) -> list[Outcome]:
    """What a worker does with a batch. `attempt` only keeps executors that remember calls from giving the answer of the last one.

    Parameters
    ----------
    packed: pickled members, compressed, opened only by the program that packed them.

    Raises
    ------
    BackendError: the worker has another version of the program.
    """
    if wanted != provenance.build():
        raise _core.BackendError(f"a worker has dermaflux {provenance.build()}, the sweep is run by {wanted}; install the same on both sides")
    members: list[Member] = pickle.loads(zlib.decompress(packed))
    with _one_at_a_time:
        with suppress(_core.BackendError):  # a process that has run before keeps its threads; bits do not depend on their number
            _core.set_threads(threads)
        return run_batch(members, backend=backend, grid=grid)


@dataclass(frozen=True)
class _Batch:
    members: list[Member]
    indices: list[list[Index]]
    attempt: int = 0

    def again(self) -> "list[_Batch]":
        """What to submit after its worker was lost: the same, at last each member by itself, so that one of them costs no other."""
        if self.attempt + 1 < _SUBMITTED_AGAIN:
            return [_Batch(self.members, self.indices, self.attempt + 1)]
        return [_Batch([member], [indices], self.attempt + 1) for member, indices in zip(self.members, self.indices, strict=True)]

    def keep(self, outcomes: Sequence[Outcome], keep: Keep) -> None:
        for indices, outcome in zip(self.indices, outcomes, strict=True):
            keep(indices, outcome)


def _next_batch(groups: Groups, left: int, workers: int) -> tuple[_Batch | None, int]:
    """The next batch, and how many members are left after it.

    A batch holds a quarter of a worker's share of what is left, at most 64 members: many at first, so that sending costs little,
    few at the end, so that workers end together; what is lost with a worker is a batch.
    """
    wanted = min(_LARGEST_BATCH, math.ceil(left / (4 * workers)))
    batch, count = _Batch([], []), 0
    while count < max(wanted, 1) and (group := next(groups, None)):
        batch.members.append(group[0])
        batch.indices.append(group[1])
        count += len(group[1])
    return (batch if count else None), left - count


def run_on(pool: Pool, groups: Groups, left: int, *, backend: str, grid: str, keep: Keep) -> None:
    """Runs groups of members on an executor.

    Parameters
    ----------
    left: how many members the groups have. keep: told of every outcome, in this thread, in any order.

    Raises
    ------
    BrokenExecutor: the executor takes no more work. What a worker raises for a whole batch (a backend that it does not have, another
    version). KeyboardInterrupt: Ctrl-C; what is queued is cancelled, what has finished was given to `keep`.
    """
    flying: dict[Future[list[Outcome]], _Batch] = {}
    ended: SimpleQueue[Future[list[Outcome]]] = SimpleQueue()
    waiting: deque[_Batch] = deque()

    def submit(batch: _Batch) -> None:
        try:
            future = pool.executor.submit(run_members, zlib.compress(pickle.dumps(batch.members)), grid, backend, pool.threads, provenance.build(), batch.attempt)
        except RuntimeError as error:  # it was shut down
            raise BrokenExecutor(str(error)) from error
        flying[future] = batch
        future.add_done_callback(ended.put)

    try:
        while True:
            workers = pool.size()
            while len(flying) < 2 * workers:  # one runs and one waits per worker: none idles, and little lies in memory
                if not waiting:
                    batch, left = _next_batch(groups, left, workers)
                    if batch is None:
                        break
                    waiting.append(batch)
                submit(waiting.popleft())
            if not flying:
                return
            future = ended.get()
            waiting.extend(_settle(future, flying[future], keep))
            del flying[future]
    except BaseException:
        for future in flying:
            future.cancel()
        for future, batch in flying.items():
            if future.done() and not future.cancelled() and future.exception() is None:
                with suppress(_core.FileError):  # a full disk may be the reason why we are here
                    batch.keep(future.result(), keep)
        raise


def _settle(future: "Future[list[Outcome]]", batch: _Batch, keep: Keep) -> list[_Batch]:
    """Keeps what a batch gave; returns what to submit again because its worker was lost."""
    try:
        outcomes: Sequence[Outcome] = future.result()
    except CancelledError as error:
        raise BrokenExecutor(f"it cancelled what it was given ({error})" if str(error) else "it cancelled what it was given") from error
    except (BrokenExecutor, *_LASTING):
        raise
    except Exception as error:
        if batch.attempt < _SUBMITTED_AGAIN:
            return batch.again()
        reason = MemberError(f"its worker was lost {batch.attempt + 1} times ({type(error).__name__}: {error}); --retry-failed runs it again")
        outcomes = [reason] * len(batch.members)
    batch.keep(outcomes, keep)
    return []


# executors of the command


def _start_worker() -> None:
    """Ctrl-C is heard by the process that runs the study; a worker ends with it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


@contextmanager
def _processes(workers: int) -> Iterator[Executor]:
    """A pool of processes. Spawned: threads of the simulation do not survive a fork."""
    before = multiprocessing.active_children()
    pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child not in before:
                child.terminate()
        # Python before 3.11.6 waits for ever, when it ends, for a batch that it is writing into a full pipe that nobody reads.
        with suppress(AttributeError, OSError):
            pool._call_queue._reader.close()  # type: ignore[attr-defined]
        raise
    pool.shutdown()


# The page of the cluster's state is for this machine, on a free port; nothing is said of workers that end because we end.
_CLUSTER = {"threads_per_worker": 1, "dashboard_address": "127.0.0.1:0", "silence_logs": logging.ERROR}


def _deaf(start: Callable[[], Started]) -> Started:
    """Starts processes that leave Ctrl-C to this one."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return start()
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _dask(workers: int, scheduler: str | None) -> Iterator[Executor]:
    """Workers of a scheduler, or of a cluster on this machine."""
    try:
        from dask.distributed import Client, LocalCluster
    except ImportError as error:
        raise _core.InputError(f'--executor dask needs dask ({error}); install it: pip install "dask[distributed]"') from None
    with nullcontext(scheduler) if scheduler else _deaf(lambda: LocalCluster(**_CLUSTER, n_workers=workers)) as cluster:
        try:
            client = Client(cluster, timeout=10, set_as_default=False)  # xarray would lock its files by the default one, even if that is gone
        except (OSError, ValueError) as error:
            raise _core.InputError(f"--scheduler {scheduler}: no scheduler of dask answers there ({error}); start one with `dask scheduler`" if scheduler else f"dask cannot start its workers here: {error}") from None
        with client:
            yield client.get_executor(pure=False)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_executor(kind: str, workers: int | None, scheduler: str | None) -> None:
    """Refuses options that do not go together, before any work starts. Raises InputError."""
    if kind not in KINDS:
        raise _core.InputError(f"--executor {kind}: is unknown; use local, processes or dask")
    if scheduler is not None and kind != "dask":
        raise _core.InputError(f"--scheduler {scheduler}: goes with --executor dask only; add that, or leave the scheduler out")
    if workers is None:
        return
    if kind == "local":
        raise _core.InputError(f"--workers {workers}: does not go with --executor local (one process); use --threads, or --executor processes")
    if scheduler is not None:
        raise _core.InputError(f"--workers {workers}: does not go with --scheduler (it has its workers already); leave one of them out")
    if workers < 1:
        raise _core.InputError(f"--workers {workers}: is no number of workers; use 1 or more")


def opened(kind: str, workers: int | None, scheduler: str | None) -> AbstractContextManager[Executor | None]:
    """The executor of the command; None is this process. Raises InputError."""
    check_executor(kind, workers, scheduler)
    if kind == "local":
        return nullcontext()
    return _processes(workers or _cores()) if kind == "processes" else _dask(workers or _cores(), scheduler)
