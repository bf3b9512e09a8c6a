"""One library in a process of its own: on request it makes calls ready, and times them.

    its arguments: LIBRARY THREADS       requests and answers are pickles on stdin and stdout

Two libraries in one process would stall each other: the threads of one wait on the cores that the other needs. This
process is held to as many cores as it has threads, where the system allows it.
"""

import os
import pickle
import signal
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.bench import mine
from tinyxm_kernels.bench.peers import LIBRARIES, MORE_THREADS
from tinyxm_kernels.bench.plan import Plan, arrays_of
from tinyxm_kernels.bench.plans import PLANS
from tinyxm_kernels.registry import Shape, chosen, watching

OURS = "tinyxm"
LONG = 0.02  # seconds: a call that takes longer needs no warming up and no batch
TRIAL = 1e5  # floating-point operations of the first trial of a rung
SAMPLES = 5
DIGITS = 997  # numbers of each array of a result that are compared


class Subject:
    """One call that is measured."""

    def __init__(self, call: Callable[[], Any], around: Callable[[], Any] | None = None, apart: bool = True) -> None:
        self.call, self.once, self.apart = call, 0.0, apart
        self.around = around or ExitStack

    def times(self, seconds: float, before: Callable[[], Any] | None = None) -> list[float]:
        """Seconds a call, for some batches that take about `seconds` together, after a warm-up; `before` runs ahead of
        each call, which then is timed alone."""
        clock = time.perf_counter
        with self.around():
            if self.once < LONG:
                begin = clock()
                while True:
                    if before:
                        before()
                    start = clock()
                    self.call()
                    self.once = clock() - start
                    if clock() - begin > 0.001:
                        break
            samples = 1 if self.once > seconds else SAMPLES
            calls = max(1, int(seconds / samples / max(self.once, 1e-7)))
            found = []
            for _ in range(samples):
                if before:
                    alone = []
                    for _ in range(min(calls, 5)):
                        before()
                        start = clock()
                        self.call()
                        alone.append(clock() - start)
                    found.append(float(np.median(alone)))
                else:
                    start = clock()
                    for _ in range(calls):
                        self.call()
                    found.append((clock() - start) / calls)
            self.once = min(found)
            return found


class Library:
    """What one library offers to be timed; `rows` are the names that its figures go by."""

    def __init__(self, name: str, threads: int) -> None:
        self.calls = {row: make(threads) for row, make in LIBRARIES[name].items()}

    def prepare(self, row: str, plan: Plan, operands: dict[str, Any], limit: float) -> tuple[Subject, Any] | str:
        maker = self.calls[row].get(plan.operation)
        if maker is None:
            return "no such call"
        call, as_ours = maker(operands)
        return Subject(call, apart=plan.operation not in MORE_THREADS), as_ours(call())


class Ours:
    """The rungs of the ladders, by name; and what the machine can do."""

    def __init__(self, threads: int) -> None:
        kernels.keep_freed_memory()  # as `import tinyxm` does
        from tinyxm_kernels.threads import set_threads

        set_threads(threads)
        square = np.ones((256, 256), np.float32)
        self.blas = lambda: square @ square

    def prepare(
        self, row: str, plan: Plan, operands: dict[str, Any], limit: float, shape: Shape, dtype: Any
    ) -> tuple[Subject, Any] | str:
        def around() -> Any:
            return mine.chosen(plan.operation) if row == mine.NAME else kernels.using(plan.spec(row))

        ladder = {rung.name: rung for rung in kernels.ladder(plan.operation, "cpu")}
        if row != mine.NAME and not ladder[row].available:
            return ladder[row].reason
        with around():
            try:
                seconds = self.estimate(plan, shape, dtype, operands, limit)
                if seconds > limit:
                    return f"too slow here: about {seconds:.2g} s a call"
                result = plan.run(operands)
            except (ValueError, TypeError) as error:  # what the rung says it doesn't take
                return str(error).removeprefix(f"{plan.operation}: rung {row} ")
        return Subject(lambda: plan.run(operands), around), result

    def estimate(self, plan: Plan, shape: Shape, dtype: Any, operands: dict[str, Any], limit: float) -> float:
        """Seconds that a call will take, from trials on smaller shapes, each ten times the one before, until it is
        clear. The first compiles what is to be compiled."""
        flops, work = plan.flops(operands), TRIAL
        while True:
            part = min(1.0, work / max(flops, 1))
            trial = plan.operands(plan.shrunk(shape, part), dtype, np.random.default_rng(0))
            plan.run(trial)
            begin = time.perf_counter()
            plan.run(trial)
            seconds = time.perf_counter() - begin
            predicted = seconds * flops / max(plan.flops(trial), 1)
            if predicted <= limit or seconds > LONG or part == 1.0:
                return predicted
            work *= 10


def prepared(library: Any, row: str, operation: str, shape: Shape, dtype: str, limit: float) -> tuple[Any, Any]:
    """(subject, answer): the answer is ("ok", some numbers of the result) or ("skipped", why)."""
    plan = PLANS[operation]
    operands = plan.operands(shape, np.dtype(dtype), np.random.default_rng(0))
    more = (shape, np.dtype(dtype)) if isinstance(library, Ours) else ()
    made = library.prepare(row, plan, operands, limit, *more)
    if isinstance(made, str):
        return None, ("skipped", made)
    return made[0], ("ok", tuple(map(_some, arrays_of(made[1]))))


def _some(array: Any) -> Any:
    flat = np.asarray(array, np.float64).reshape(-1)
    return flat[:: max(1, flat.size // DIGITS)]


def default_rung(operation: str, shape: Shape, dtype: str) -> str:
    """The rung that the chooser takes."""
    plan = PLANS[operation]
    with watching() as calls:
        plan.run(plan.operands(shape, np.dtype(dtype), np.random.default_rng(0)))
    return next(chosen(op.name, *operands).name for op, operands in calls if op.name == operation)


def pin(threads: int, apart: bool) -> None:
    """Hold the process to so many cores; with `apart`, each of its threads to one: the pools have one thread fewer than
    there are cores in use, and number them in order."""
    if not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(CORES)[:threads]
    others = sorted(int(task) for task in os.listdir("/proc/self/task") if int(task) != os.getpid())
    for place, task in enumerate([os.getpid(), *others]):
        own = (
            cores
            if threads == 1 or not apart
            else cores[:1]
            if place == 0
            else [cores[1 + (place - 1) % (threads - 1)]]
        )
        try:
            os.sched_setaffinity(task, own)
        except OSError:  # a thread that has ended meanwhile
            continue


CORES = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))


def load(library: str, threads: int) -> Any:
    pin(threads, apart=False)
    return Ours(threads) if library == OURS else Library(library, threads)


def serve(library: str, threads: int, requests: BinaryIO, answers: BinaryIO) -> None:
    subjects: dict[str, Subject] = {}
    ready = load(library, threads)

    def answer(kind: str, *rest: Any) -> Any:
        if kind == "prepare":
            subject, told = prepared(ready, *rest)
            if subject is not None:
                subjects[rest[0]] = subject
            return told
        if kind == "prepare mine":
            mine.load(Path(rest[0]), rest[2])
            return answer("prepare", *rest[1:])
        if kind == "check mine":
            wrong = mine.check(Path(rest[0]), rest[1])
            return wrong and wrong.lines
        if kind == "default":
            return default_rung(*rest)
        if kind == "forget":
            return subjects.clear()
        if kind == "time":
            row, seconds, beside_blas = rest
            pin(threads, subjects[row].apart and library != "jax")  # each time, for threads start when first needed
            return subjects[row].times(seconds, ready.blas if beside_blas else None)
        from tinyxm_kernels.bench import peak

        if kind == "peak":
            peak.best_width(rest[0])
            pin(threads, apart=True)
            return peak.peak_gflops(*rest)
        if kind == "bandwidth":
            return peak.bandwidth(*rest)
        return peak.compute_rates(rest[0], peak.best_width(rest[0]), 0.0005, 5)  # "calibrate"

    send(answers, ("ready", None))
    while (request := receive(requests)) is not None:
        try:
            send(answers, ("done", answer(*request)))
        except Exception as error:  # told to the one who asked; the next request may well succeed
            first_line = (str(error).splitlines() or [""])[0]
            send(answers, ("failed", f"{type(error).__name__}: {first_line}"))


def send(stream: BinaryIO, message: Any) -> None:
    data = pickle.dumps(message)
    stream.write(len(data).to_bytes(8, "little") + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    head = stream.read(8)
    return pickle.loads(stream.read(int.from_bytes(head, "little"))) if len(head) == 8 else None


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks; this one ends when the pipe does
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    library, threads = sys.argv[1], int(sys.argv[2])
    try:
        serve(library, threads, sys.stdin.buffer, answers)
    except Exception as error:
        send(answers, ("failed", f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}"))
