"""What loading costs: the memory that sets on disk train in, and the share of a training step that loading takes.

    python benchmarks/loading.py [--gigabytes 4] [--sparse-gigabytes 20] [--steps 40] [--folder DIR] [--json FILE]

**Memory**, in a process of its own for each set: one epoch over shards of pictures of 128 × 128 × 3 bytes, streamed,
prefetched and trained on (a linear classifier of every eighth pixel, with labels that one pixel decides; every byte of
a batch is copied to it). The real set is of random bytes, written to the disk and put out of the system's cache first;
the sparse one has the same layout, but its files are holes, which read as zeros and take no room. Peaks are the
kernel's own account: VmHWM, the most pages resident at once, those of mapped files included, which the system may take
back at any time; and, sampled every 10 ms, RssAnon alone, the memory that it can't take back.

**Time**: a step of the main job (forward, backward, clipping and update of its two towers, 128 concepts with two views
each, on as many threads as training has), fed with samples of the main job's shapes (five drawings of 32 × 32 × 4
bytes, a name and keywords) by each way of loading, in turns, round by round, beside steps that have one batch at hand
always. After the first batch, whose time is told apart (`first_ms`): `waits` is how long the loop stood at `next`,
`slower` by how much all of it, the background's work included, is slower than with the batch at hand; medians over the
rounds, as shares of a step. "cold" is a stream from files put out of the system's cache before each round. `cpu_ms` is
the processor time of loading one batch by itself. `others` is how many cores other processes took meanwhile: where that
isn't near 0, measure again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm as xm
import tinyxm_kernels as kernels
from tinyxm import data
from tinyxm.data.shards import checksum, file_name, read_index

SIDE, BATCH = 128, 64
COLD = "stream, prefetched, cold"
MB = 1e6


def resident(what: str) -> float:
    """A line of the kernel's account of this process, in MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024 / MB
    return float("nan")


def taken() -> float:
    """Seconds that all cores worked for other processes, as far as the system tells."""
    try:
        ticks = [int(number) for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return 0.0
    own = os.times()
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK") - own.user - own.system


def forget(folder: Path) -> None:
    """Put a folder's files out of the system's cache, as far as it takes the advice."""
    for path in folder.iterdir():
        with path.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def remember(folder: Path) -> None:
    """Read a folder's files into the system's cache."""
    for path in folder.iterdir():
        path.read_bytes()


def write_real(folder: Path, size: float) -> None:
    rng = np.random.default_rng(0)

    def parts() -> Iterator[data.Samples]:
        for _ in range(int(size // (BATCH * SIDE * SIDE * 3))):
            yield data.Samples({"image": rng.integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8)})

    data.write_shards(folder, parts())


def write_sparse(folder: Path, size: float) -> None:
    """One real shard, of zeros, and its copies as files that are holes from their header on."""
    first = (64 << 20) // (SIDE * SIDE * 3)
    data.write_shards(folder, data.Samples({"image": np.zeros((first, SIDE, SIDE, 3), np.uint8)}))
    index = read_index(folder)
    shard = index["shards"][0]
    for number in range(1, round(size / (first * SIDE * SIDE * 3))):
        files = {}
        for field in index["fields"]:
            for part in ("", "values", "offsets"):
                source = folder / file_name(0, field, part)
                if source.exists():
                    copy = folder / file_name(number, field, part)
                    if part or field != "image":
                        shutil.copyfile(source, copy)
                    else:
                        with copy.open("wb") as stream:
                            stream.write(source.read_bytes()[:128])
                            stream.truncate(source.stat().st_size)
                    files[copy.name] = shard["files"][source.name]
        index["shards"].append({"samples": shard["samples"], "files": files})
    last = folder / file_name(len(index["shards"]) - 1, "image")
    assert checksum(last) == shard["files"][file_name(0, "image")]["sha256"]
    (folder / "index.json").write_text(json.dumps(index))


def train_on(folder: Path) -> dict[str, Any]:
    """One epoch over a set of shards: what it took, and the most memory this process had."""
    before, peak, done = resident("VmHWM"), [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], resident("RssAnon"))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    shards = data.Shards(folder)
    layer = xm.nn.Linear((SIDE // 8) ** 2 * 3, 2)
    optimizer = xm.optim.Adam(layer.parameters(), lr=1e-2)
    began, losses, total = time.perf_counter(), [], 0
    with data.prefetch(data.stream(shards, BATCH, seed=0, epoch=0)) as batches:
        for batch in batches:
            pixels = batch["image"][:, ::8, ::8].reshape(len(batch), -1)
            labels = (pixels[:, 0] > 127).astype(np.int64)
            loss = xm.ops.cross_entropy(layer(pixels.astype(np.float32) / 255 - 0.5), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            total += batch["image"].nbytes
    seconds = time.perf_counter() - began
    done.set()
    watcher.join()
    return {
        **{"gigabytes": round(total / 1e9, 2), "batches": len(losses), "seconds": round(seconds, 1)},
        **{"megabytes_per_second": round(total / MB / seconds), "loss": [round(losses[0], 3), round(losses[-1], 3)]},
        "megabytes": {
            "before (VmHWM)": round(before),
            "peak resident (VmHWM)": round(resident("VmHWM")),
            "peak anonymous (RssAnon, sampled)": round(peak[0]),
        },
    }


def memory(kind: str, size: float, folder: Path) -> dict[str, Any]:
    """A set of about `size` bytes, trained on in a process of its own."""
    target = folder / kind
    began = time.perf_counter()
    (write_real if kind == "real" else write_sparse)(target, size)
    wrote = time.perf_counter() - began
    blocks = sum(path.stat().st_blocks * 512 for path in target.iterdir())
    forget(target)
    others, began = taken(), time.perf_counter()
    command = [sys.executable, __file__, "--child", str(target)]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    idle = (taken() - others - found["seconds"]) / (time.perf_counter() - began)
    shutil.rmtree(target)
    told = {"set": kind, "gigabytes_on_disk": round(blocks / 1e9, 2), "seconds_writing": round(wrote, 1)}
    return {**told, **found, "others": round(max(0.0, idle), 2)}


def main_job_samples(n: int = 12_000) -> data.Samples:
    """The emoji, over and over; drawings of chance where they aren't installed."""
    try:
        emoji = data.emoji()
    except data.MissingExtra:
        rng = np.random.default_rng(0)
        drawings = {s: rng.integers(0, 256, (1377, 32, 32, 4), np.uint8) for s in ("twemoji", "openmoji")}
        outlines = rng.integers(0, 256, (1377, 3, 32, 32, 4), np.uint8)
        words = {"name": ["a drawn thing"] * 1377, "keywords": [["one", "two", "three", "four"]] * 1377}
        emoji = data.Samples({**drawings, "noto": outlines, **words})
    return emoji[np.arange(n) % len(emoji)]


def main_job_step() -> tuple[Callable[[], None], int]:
    """A training step of the main job's towers on numbers of its shapes, and its batch."""
    from tinyxm.recipes.emoji.job import Emoji, EmojiSettings

    recipe, settings, rng, words, each = Emoji(), EmojiSettings(), np.random.default_rng(0), 6000, 30
    n = settings.batch_size
    model = recipe.build("held_out_style", settings, {"vocabulary": range(words)})
    optimizer = recipe.optimizer("held_out_style", model, settings)
    views = rng.standard_normal((2 * n, 16, 16, 11)).astype(np.float32)
    bag = rng.integers(0, words, n * each), np.arange(n) * each, np.full(n * each, 1 / each, np.float32)

    def step() -> None:
        optimizer.zero_grad()
        model.loss(views, bag).backward()
        xm.optim.clip_by_norm(model.parameters(), settings.clip)
        optimizer.step()

    return step, n


def shares(folder: Path, steps: int, rounds: int = 5) -> dict[str, Any]:
    """The main job's step beside each way of loading its batches."""
    from tinyxm.training import training_threads

    samples = main_job_samples()
    step, n = main_job_step()
    target = folder / "main_job"
    shards = data.write_shards(target, samples, 16 << 20)
    at_hand = samples[:n]

    def cold(seed: int) -> Iterator[data.Samples]:
        shards.release()
        forget(target)
        return iter(data.prefetch(data.stream(shards, n, seed, drop_last=True)))

    ways: dict[str, Callable[[int], Iterator[data.Samples]]] = {
        "a batch at hand": lambda _: iter([at_hand] * (steps + 1)),
        "arrays in memory": lambda seed: data.batches(samples, n, seed, drop_last=True),
        "memory-mapped shards": lambda seed: data.batches(shards, n, seed, drop_last=True),
        "stream": lambda seed: data.stream(shards, n, seed, drop_last=True),
        "stream, prefetched": lambda seed: iter(data.prefetch(data.stream(shards, n, seed, drop_last=True))),
        COLD: cold,
    }
    waits: dict[str, list[float]] = {way: [] for way in ways}
    whole: dict[str, list[float]] = {way: [] for way in ways}
    first: dict[str, list[float]] = {way: [] for way in ways}
    others, began = taken(), time.perf_counter()
    with kernels.threads(training_threads()):
        step()
        for seed in range(rounds):
            for way, load in ways.items():
                if way != COLD:
                    remember(target)
                asked = time.perf_counter()
                batches = load(seed)
                next(batches)
                first[way].append(time.perf_counter() - asked)
                step()
                waited, taken_steps, start = 0.0, 0, time.perf_counter()
                while taken_steps < steps:
                    asked = time.perf_counter()
                    batch = next(batches, None)
                    waited += time.perf_counter() - asked
                    if batch is None:
                        break
                    step()
                    taken_steps += 1
                whole[way].append((time.perf_counter() - start) / taken_steps)
                waits[way].append(waited / taken_steps)
                del batches
    idle = (taken() - others) / (time.perf_counter() - began)
    base = statistics.median(whole["a batch at hand"])
    rows = []
    for way in ways:
        slower = [a / b - 1 for a, b in zip(whole[way], whole["a batch at hand"], strict=True)]
        wait = statistics.median(waits[way])
        rows.append(
            {
                **{"loading": way, "first_ms": round(1e3 * statistics.median(first[way]), 1)},
                **{"waits_ms": round(1e3 * wait, 3), "waits": round(wait / base, 4)},
                **{"slower": round(statistics.median(slower), 4), "slower_rounds": [round(s, 3) for s in slower]},
            }
        )
    alone = {}
    for way, load in ways.items():
        batches = load(rounds)
        next(batches)
        began = time.process_time()
        count = sum(1 for _ in islice(batches, steps))
        alone[way] = round(1e3 * (time.process_time() - began) / count, 3)
    size = sum(told["bytes"] for shard in shards.index["shards"] for told in shard["files"].values())
    return {
        **{
            "batch": n,
            "steps": steps,
            "rounds": rounds,
            "threads": training_threads(),
            "step_ms": round(1e3 * base, 1),
        },
        **{"megabytes": round(size / MB), "rows": rows, "cpu_ms": alone, "others": round(max(0.0, idle), 2)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4, help="of the real set (0: none)")
    parser.add_argument("--sparse-gigabytes", type=float, default=20, help="of the sparse set (0: none)")
    parser.add_argument("--steps", type=int, default=40, help="of the main job, per round and way")
    parser.add_argument("--folder", type=Path, help="where the sets are written and removed again (a temporary one)")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/loading.json")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(train_on(options.child)))
        return
    result: dict[str, Any] = {
        **{"machine": platform.processor() or platform.machine(), "cores": os.cpu_count(), "numpy": np.__version__},
        "memory": [],
    }
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        for kind, size in (("real", options.gigabytes), ("sparse", options.sparse_gigabytes)):
            if size:
                row = memory(kind, size * 1e9, folder)
                result["memory"].append(row)
                print(f"{kind}: {row['gigabytes']} GB in {row['seconds']} s, {row['megabytes_per_second']} MB/s; MB:")
                for what, value in row["megabytes"].items():
                    print(f"  {what:36}{value:7}")
        result["main_job"] = found = shares(folder, options.steps)
    print(f"a step of the main job: {found['step_ms']} ms on {found['threads']} threads; batches of {found['batch']}")
    print(f"{'loading':28}{'CPU, ms':>10}{'first, ms':>10}{'waits, ms':>10}{'waits':>8}{'slower':>8}")
    for row in found["rows"]:
        alone = found["cpu_ms"][row["loading"]]
        told = f"{row['loading']:28}{alone:10.2f}{row['first_ms']:10.1f}{row['waits_ms']:10.2f}"
        print(told + f"{row['waits']:8.1%}{row['slower']:8.1%}")
    print(f"other processes took {found['others']} cores meanwhile")
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
