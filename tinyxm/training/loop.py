"""The training loop: forward, loss, backward, clip, update; and what a long run needs around these five."""

from __future__ import annotations

import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm import autograd, nn, optim
from tinyxm.autograd import Tensor
from tinyxm.data import on_device, prefetch
from tinyxm.training.checkpoint import load_checkpoint, prefixed, save_checkpoint, under
from tinyxm.training.folder import RunFolder
from tinyxm_kernels.threads import cores

Record = dict[str, Any]


class Stopped(Exception):
    """Ctrl-C: the step was finished, and a checkpoint written."""


def fit(
    model: nn.Module,
    loss: Callable[[Any], Tensor],
    batch: Callable[[int], Any],
    optimizer: optim.Optimizer,
    schedule: Callable[[int], float],
    steps: int,
    folder: RunFolder,
    stage: str,
    seed: int = 0,
    clip: float = 5.0,
    threads: int | None = None,
    device: str = "cpu",
    facts: dict[str, Any] | None = None,
    report: Callable[[Record], None] = lambda record: None,
    log_every: int = 10,
    save_every: int = 200,
) -> None:
    """Take `steps` steps: loss(batch(step)), its gradient, clipped to a norm of `clip`, and an update.

    `schedule(step)` is the factor on each parameter group's learning rate. All randomness of a step comes from (seed,
    stage, step): `batch` must be a function of the step alone, and layers draw from the default generator, which is
    seeded for each step. So a run that goes on from the checkpoint `<stage>.safetensors`, where the folder has one,
    gives bit for bit what it would have given uninterrupted. `facts` go into the checkpoint; `report` hears of every
    step. Batches are made ahead, in a thread of their own (`prefetch`); kernels, BLAS's too, use `threads` (by default
    `training_threads()`). On a `device` such as "cuda" the model and the batches are moved there, and stay; what is
    drawn is drawn on the CPU, the same on every device. A checkpoint holds no device: a run may go on on another, which
    rounds differently.

    Raises Stopped after Ctrl-C (a second one interrupts at once); FloatingPointError where the loss or a gradient isn't
    finite, naming the first operation that made it so, with the last checkpoint left as it was.
    """
    checkpoint = folder.path / f"{stage}.safetensors"
    model.to(device)
    rates = optim.Schedule(optimizer, schedule)
    start, spent = 0, 0.0
    if checkpoint.exists():
        arrays, saved = load_checkpoint(checkpoint)
        model.load_state_dict(under("model", arrays))
        optimizer.load_state_dict({**saved["optimizer"], **under("optimizer", arrays)})
        start, spent = saved["step"], saved["seconds"]
    rates.load_state_dict({**rates.state_dict(), "step": start})
    folder.rewind(stage, start)

    def seconds() -> float:
        """Of training, those before a stop included."""
        return spent + time.perf_counter() - began

    def save(step: int) -> None:
        state = optimizer.state_dict()
        numbers = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}
        moments = {name: value for name, value in state.items() if isinstance(value, np.ndarray)}
        arrays = prefixed("model", model.state_dict()) | prefixed("optimizer", moments)
        told = {"stage": stage, "step": step, "steps": steps, "seconds": seconds(), "optimizer": numbers}
        save_checkpoint(checkpoint, arrays, {**(facts or {}), **told})

    def gradient(data: Any, step: int) -> Tensor:
        autograd.seed((seed, zlib.crc32(stage.encode()), step))
        optimizer.zero_grad()
        value = loss(data)
        value.backward()
        return value

    model.train()
    began = time.perf_counter()
    if not checkpoint.exists():
        save(0)  # where there's no room for a checkpoint, this is the time to hear of it
    numbered = ((step, batch(step)) for step in range(start, steps))
    with (
        interruptible() as interrupted,
        kernels.threads(threads or training_threads()),
        prefetch(numbered, ahead=1) as prepared,
    ):
        for step, data in on_device(prepared, device):
            value = gradient(data, step)
            try:
                norm = optim.clip_by_norm(model.parameters(), clip)
            except FloatingPointError:
                norm = np.nan
            number = value.item()
            if not (np.isfinite(number) and np.isfinite(norm)):
                with autograd.debug():
                    gradient(data, step)
                raise FloatingPointError(f"train: loss {number}, gradient norm {norm} at step {step + 1}")
            optimizer.step()
            record = {
                "stage": stage,
                "step": step + 1,
                "loss": number,
                "gradient_norm": float(norm),
                "learning_rate": optimizer.groups[0]["lr"],
                "seconds": seconds(),
            }
            rates.step()
            report(record)
            stop, done = interrupted.is_set(), step + 1 == steps
            if stop or done or step < log_every or (step + 1) % log_every == 0:
                folder.log(record)
            if stop or done or (step + 1) % save_every == 0:
                save(step + 1)
            if stop:
                raise Stopped(f"train: stopped after step {step + 1} of {steps}; {checkpoint.name} holds it")
    model.eval()


def training_threads() -> int:
    """How many threads kernels should use beside the one that makes batches: all cores but one, four at most.

    BLAS's threads that wait, spinning, for a core which that thread holds make a step slower. On 2 cores one took 67 ms
    with one thread, 105 with two. What the user said comes first (see `tinyxm_kernels.get_threads`). A run must keep
    to one number: sums round differently on another.
    """
    return kernels.get_threads(at_most=max(1, min(4, cores() - 1)))


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets within this context, in place of interrupting; a second Ctrl-C interrupts."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():  # only the main thread may catch signals
        yield asked
        return

    def ask(number: int, frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    outer = signal.signal(signal.SIGINT, ask)
    try:
        yield asked
    finally:
        signal.signal(signal.SIGINT, outer)
