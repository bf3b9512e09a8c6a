"""The coordinator: starts a worker for each library, times them in turn, and makes rows of what they answer."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.bench.figures import ROUNDS, Row, best_of, row_of
from tinyxm_kernels.bench.mine import NAME as MINE
from tinyxm_kernels.bench.mine import Wrong
from tinyxm_kernels.bench.peers import LIBRARIES, missing
from tinyxm_kernels.bench.plan import show
from tinyxm_kernels.bench.plans import PLANS, sizes_for
from tinyxm_kernels.bench.worker import OURS, receive, send
from tinyxm_kernels.registry import Shape
from tinyxm_kernels.threads import cores

START = "from tinyxm_kernels.bench.worker import main; main()"
# seconds between two measurements: on several threads, until those of the one before are asleep (OpenBLAS's spin for
# some 20 ms after their last work, on a core that the next one needs)
GAP, GAP_ON_THREADS = 0.002, 0.03
BESIDE_ROUNDS = 3
SLOW = 0.05  # seconds a call
AGREEMENT = {"float32": 1e-3, "float64": 1e-9}  # of the greatest number: the calls compute the same, if not as exactly


@dataclass(frozen=True)
class Settings:
    """What to measure, and how thoroughly. Raises ValueError for what can't be."""

    operations: tuple[str, ...] = ()
    sizes: tuple[Shape, ...] = ()
    threads: tuple[int, ...] = ()
    against: tuple[str, ...] = tuple(LIBRARIES)
    dtypes: tuple[str, ...] = ("float32",)
    quick: bool = False
    mine: Path | None = None  # a file with a rung of the user's own

    def __post_init__(self) -> None:
        unknown = [name for name in self.operations if name not in PLANS]
        if unknown:
            raise ValueError(f"bench: no operation {unknown[0]!r}; there are {', '.join(PLANS)}")
        for name in self.against:
            missing(name)
        for number in self.threads:
            if not 1 <= number <= cores():
                raise ValueError(f"bench: {number} threads: this process may use 1 to {cores()} cores")
        for dtype in self.dtypes:
            if dtype not in AGREEMENT:
                raise ValueError(f"bench: dtype {dtype!r}: expected float32 or float64")
        self.work()

    def work(self) -> list[tuple[str, Shape]]:
        return sizes_for(self.operations or tuple(PLANS), self.sizes, self.quick)

    @property
    def thread_counts(self) -> tuple[int, ...]:
        return self.threads or tuple(sorted({1, cores()}))

    @property
    def comparisons(self) -> int:
        return len(self.work()) * len(self.thread_counts) * len(self.dtypes)

    @property
    def rounds(self) -> int:
        return 3 if self.quick else 9

    @property
    def seconds(self) -> float:
        """For one library in one round."""
        return 0.004 if self.quick else 0.01

    @property
    def limit(self) -> float:
        """Seconds a call may take: a rung that takes longer is skipped."""
        return 0.1 if self.quick else 0.5


class Worker:
    """A library's process. `ask` raises WorkerError where it can't answer."""

    def __init__(self, library: str, threads: int, **settings: str) -> None:
        self.library = library
        limits = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
        limits |= {"NUMBA_NUM_THREADS": str(threads), "JAX_PLATFORMS": "cpu"}
        environment = {**os.environ, **limits, **settings}
        if library != OURS:
            environment.pop("OMP_WAIT_POLICY", None)  # ours sets it, and the others' threads are slower by it
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", START, library, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if library == OURS else subprocess.DEVNULL,
            env=environment,
        )
        self.receive()

    def receive(self) -> Any:
        message = receive(self.process.stdout)  # type: ignore[arg-type]  # it was asked for, as PIPE
        if message is None:
            raise self.ended()
        if message[0] == "failed":
            raise WorkerError(f"{self.library}: {message[1]}")
        return message[1]

    def ask(self, *request: Any) -> Any:
        try:
            send(self.process.stdin, request)  # type: ignore[arg-type]
        except BrokenPipeError:
            raise self.ended() from None
        return self.receive()

    def ended(self) -> "WorkerError":
        status = self.process.wait()
        how = f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"
        return WorkerError(f"{self.library}: its process ended {how}")

    def close(self) -> None:
        with suppress(BrokenPipeError):  # it ended before
            self.process.stdin.close()  # type: ignore[union-attr]
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()  # type: ignore[union-attr]


class WorkerError(RuntimeError):
    """A library couldn't do what it was asked; the message names it."""


def check(path: Path, operation: str) -> Wrong | None:
    """Hold a user's rung to the reference; None where it is right. It runs in a process of its own, which it may well
    end, and in which compiled code checks its indices."""
    worker = Worker(OURS, 1, NUMBA_BOUNDSCHECK="1")
    try:
        lines = worker.ask("check mine", str(path), operation)
    except WorkerError as error:
        lines = [f"wrong: {operation}: {str(error).partition(': ')[2].removeprefix('ValueError: bench: ')}"]
        if (worker.process.poll() or 0) < 0:
            lines.append("does it read or write outside its arrays?")
    finally:
        worker.close()
    return Wrong(tuple(lines)) if lines else None


@dataclass
class Machine:
    """What this machine can do, by the bench's own loops: GFLOP/s by (dtype, threads), GB/s by threads."""

    gflops: dict[tuple[str, int], float] = field(default_factory=dict)
    bandwidth: dict[int, float] = field(default_factory=dict)


@dataclass
class Results:
    """What was measured so far: it grows while `measure` runs, and stays when that is interrupted."""

    rows: list[Row] = field(default_factory=list)
    machine: Machine = field(default_factory=Machine)
    notes: list[str] = field(default_factory=list)  # what is missing, skipped, or wrong


def measure(settings: Settings, results: Results, say: Callable[[str, int], None] = lambda line, done: None) -> None:
    """Measure all that `settings` asks for, into `results`; `say` is told what is going on, and how many comparisons
    (of `settings.comparisons`) are done."""
    libraries = [OURS]
    for name in settings.against:
        reason = missing(name)
        if reason:
            results.notes.append(reason)
        else:
            libraries.append(name)
    work, done = settings.work(), 0
    for threads in settings.thread_counts:
        with ExitStack() as stack:
            workers: dict[str, Worker] = {}
            for library in libraries:
                say(f"starting {library} on {_threads(threads)}", done)
                try:
                    workers[library] = Worker(library, threads)
                    stack.callback(workers[library].close)
                except WorkerError as error:
                    if library == OURS:
                        raise
                    results.notes.append(str(error))
            say(f"this machine's peak on {_threads(threads)}", done)
            _measure_machine(workers[OURS], threads, settings, results.machine)
            for operation, shape in work:
                for dtype in settings.dtypes:
                    group = Group(operation, shape, dtype, threads, workers, settings, results)
                    say(f"{operation} {show(shape)} {dtype} on {_threads(threads)}", done)
                    results.rows += group.measured()
                    done += 1


def _threads(number: int) -> str:
    return f"{number} thread{'s' * (number > 1)}"


def _measure_machine(worker: Worker, threads: int, settings: Settings, machine: Machine) -> None:
    for dtype in settings.dtypes:
        machine.gflops[dtype, threads] = worker.ask("peak", dtype, 0.05 if settings.quick else 0.4)
    machine.bandwidth[threads] = worker.ask("bandwidth", *(64, 8 if settings.quick else 20))


class Group:
    """All that is compared: every rung and every peer, on one operation, shape, dtype and number of threads."""

    def __init__(
        self,
        operation: str,
        shape: Shape,
        dtype: str,
        threads: int,
        workers: dict[str, Worker],
        settings: Settings,
        results: Results,
    ) -> None:
        self.operation, self.shape, self.dtype, self.threads = operation, shape, dtype, threads
        self.workers, self.settings, self.results = workers, settings, results
        self.times: dict[str, list[list[float]]] = {}  # row: rounds: seconds a call
        self.beside: dict[str, list[list[float]]] = {}
        self.spin: list[float] = []
        self.errors: dict[str, float] = {}

    def note(self, what: str) -> None:
        line = f"{self.operation} {show(self.shape)}: {what}"
        if line not in self.results.notes:
            self.results.notes.append(line)

    def measured(self) -> list[Row]:
        subjects = self.subjects()
        for _ in range(self.settings.rounds):
            self.spin += self.workers[OURS].ask("calibrate", self.dtype)
            for library, row in subjects:
                if not self.is_slow(row):
                    self.times.setdefault(row, []).append(self.time(library, row))
        if not self.settings.quick:  # each rung also alternating with a product by BLAS
            for _ in range(BESIDE_ROUNDS):
                for library, row in subjects:
                    if library == OURS and not self.is_slow(row):
                        self.beside.setdefault(row, []).append(self.time(library, row, beside_blas=True))
        for worker in self.workers.values():
            worker.ask("forget")
        return self.rows([row for library, row in subjects if library != OURS])

    def is_slow(self, row: str) -> bool:
        """Whether three rounds are enough: the call is long, so that nothing short disturbs it."""
        rounds = self.times.get(row, [])
        return len(rounds) >= ROUNDS and best_of(rounds) > SLOW

    def time(self, library: str, row: str, beside_blas: bool = False) -> list[float]:
        time.sleep(GAP if self.threads == 1 else GAP_ON_THREADS)
        try:
            return self.workers[library].ask("time", row, self.settings.seconds, beside_blas)
        except WorkerError as error:
            raise WorkerError(f"{self.operation} {show(self.shape)}, {row}: {error}") from None

    def subjects(self) -> list[tuple[str, str]]:
        """Who takes part, as (library, row), the reference first; each has computed the result once, and they agree."""
        truth, ready = None, []
        for library, row in self.candidates():
            request: tuple[Any, ...] = "prepare", row, self.operation, self.shape, self.dtype, self.settings.limit
            if row == MINE:
                request = "prepare mine", str(self.settings.mine), *request[1:]
            try:
                told, found = self.workers[library].ask(*request)
            except WorkerError as error:
                self.note(f"{row} failed: {error}")
                continue
            if told != "ok":
                if found != "no such call":
                    self.note(f"{row} skipped, {found}")
                continue
            truth = found if truth is None else truth
            apart = max(map(difference, found, truth))  # a peer may return fewer arrays, without statistics
            if not apart <= AGREEMENT[self.dtype]:
                self.note(f"{row} left out: its result differs from the others' by {apart:.1e} of the greatest number")
                continue
            self.errors[row] = apart
            ready.append((library, row))
        return ready

    def candidates(self) -> Iterator[tuple[str, str]]:
        for rung in kernels.ladder(self.operation, "cpu"):
            yield OURS, rung.name
        if self.settings.mine is not None:
            yield OURS, MINE
        for library in self.workers:
            yield from ((library, row) for row in LIBRARIES.get(library, ()))

    def rows(self, peers: Sequence[str]) -> list[Row]:
        plan = PLANS[self.operation]
        operands = plan.operands(self.shape, np.dtype(self.dtype), np.random.default_rng(0))
        default = self.workers[OURS].ask("default", self.operation, self.shape, self.dtype)
        facts = {
            **{"operation": self.operation, "shape": show(self.shape), "dtype": self.dtype, "threads": self.threads},
            **{"flops": plan.flops(operands), "bytes": plan.moved(operands)},
            "peak": self.results.machine.gflops[self.dtype, self.threads],
        }
        rows = []
        for name, times in self.times.items():
            others = {peer: self.times[peer] for peer in peers} if name not in peers else {}
            beside, error = self.beside.get(name, []), self.errors[name]
            rows.append(row_of(name, facts, times, others, self.spin, beside, name == default, error))
        return rows


def difference(found: Any, truth: Any) -> float:
    """The greatest difference of two arrays, over the greatest number."""
    return float(np.abs(found - truth).max(initial=0.0)) / max(1e-30, float(np.abs(truth).max(initial=0.0)))
