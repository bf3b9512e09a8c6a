"""The loop: it learns, stops, goes on bit for bit, and loses nothing."""

import errno
import os
import signal
import threading

import numpy as np
import pytest

import tinyxm as xm
from tinyxm import nn, optim
from tinyxm.training import RunFolder, Stopped, checkpoint, fit, load_checkpoint, save_checkpoint

rng = np.random.default_rng(0)
X = rng.standard_normal((64, 5)).astype(np.float32)
Y = (X @ rng.standard_normal((5, 3))).argmax(1)


class Classifier(nn.Module):
    """Dropout, so that the default generator takes part; two layers, so that the optimizer has state for several."""

    def __init__(self):
        generator = np.random.default_rng(1)
        self.layers = nn.Sequential(
            nn.Linear(5, 16, rng=generator), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 3, rng=generator)
        )

    def forward(self, x):
        return self.layers(x)


def batch(step):
    chosen = np.random.default_rng([7, step]).integers(0, len(X), 16)
    return X[chosen], Y[chosen]


def run(folder, steps=30, report=lambda record: None, seed=3, save_every=10, batch=batch, **options):
    model = Classifier()
    optimizer = optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.01)
    schedule = optim.warm_up(5, optim.cosine(25, floor=0.01))

    def loss(data):
        return xm.ops.cross_entropy(model(data[0]), data[1])

    options = {"seed": seed, "report": report, "save_every": save_every, "log_every": 1, **options}
    fit(model, loss, batch, optimizer, schedule, steps, folder, "only", **options)
    return model


def folder_at(path):
    return RunFolder.create(path, {"recipe": "test"})


def states(folder):
    arrays, facts = load_checkpoint(folder.path / "only.safetensors")
    return {name: x.tobytes() for name, x in arrays.items()}, {**facts, "seconds": None}


def test_it_learns_and_logs_each_step(tmp_path):
    folder = folder_at(tmp_path / "run")
    run(folder, steps=60)
    losses = [record["loss"] for record in folder.metrics()]
    assert len(losses) == 60
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:10])
    rates = [record["learning_rate"] for record in folder.metrics()]
    assert rates[0] == pytest.approx(0.02 / 5)
    assert max(rates) == pytest.approx(0.02)
    assert rates[-1] < 0.001


@pytest.mark.parametrize("at", [1, 10, 17, 29])
def test_a_stopped_run_goes_on_bit_for_bit(tmp_path, at):
    whole, parts = folder_at(tmp_path / "whole"), folder_at(tmp_path / "parts")
    run(whole)

    def stop(record):
        if record["step"] == at:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Stopped, match=f"after step {at} of 30"):
        run(parts, report=stop)
    assert states(parts)[1]["step"] == at
    run(parts)
    assert states(parts) == states(whole)
    timeless = [[{**record, "seconds": 0} for record in folder.metrics()] for folder in (whole, parts)]
    assert timeless[0] == timeless[1]


def test_a_run_that_was_killed_goes_on_from_its_last_checkpoint(tmp_path):
    whole, killed = folder_at(tmp_path / "whole"), folder_at(tmp_path / "killed")
    run(whole)

    def die(record):
        if record["step"] == 24:
            raise MemoryError

    with pytest.raises(MemoryError):
        run(killed, report=die)
    assert states(killed)[1]["step"] == 20
    run(killed)
    assert states(killed) == states(whole)
    assert [record["step"] for record in killed.metrics()] == list(range(1, 31))


def test_seeds_and_stages_differ(tmp_path):
    a, b = folder_at(tmp_path / "a"), folder_at(tmp_path / "b")
    run(a)
    run(b, seed=4)
    assert states(a)[0] != states(b)[0]


def test_ctrl_c_in_the_last_step_stops_what_would_follow_and_keeps_it(tmp_path):
    folder = folder_at(tmp_path / "run")

    def stop(record):
        if record["step"] == 30:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Stopped, match="after step 30 of 30"):
        run(folder, report=stop)
    assert states(folder)[1]["step"] == 30


def test_there_is_a_checkpoint_before_the_first_step(tmp_path):
    folder = folder_at(tmp_path / "run")

    def broken(step):
        raise ValueError("no data")

    with pytest.raises(ValueError, match="no data"):
        run(folder, batch=broken)
    assert states(folder)[1]["step"] == 0


def test_seconds_add_up_over_the_parts_of_a_run(tmp_path):
    folder = folder_at(tmp_path / "run")
    with pytest.raises(MemoryError):
        run(folder, report=lambda record: exec("raise MemoryError") if record["step"] == 15 else None)
    before = load_checkpoint(folder.path / "only.safetensors")[1]["seconds"]
    run(folder)
    seconds = [record["seconds"] for record in folder.metrics()]
    assert seconds == sorted(seconds)
    assert load_checkpoint(folder.path / "only.safetensors")[1]["seconds"] > before > 0


def test_a_second_ctrl_c_interrupts_at_once(tmp_path):
    def stop(record):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    outer = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(folder_at(tmp_path / "run"), report=stop)
    assert signal.getsignal(signal.SIGINT) is outer


def test_a_number_that_is_not_finite_is_named_and_the_checkpoint_kept(tmp_path):
    folder = folder_at(tmp_path / "run")

    def broken(step):
        x, y = batch(step)
        return (x if step < 15 else np.full_like(x, 1e38)), y

    with (
        pytest.raises(FloatingPointError, match=r"multiply: .*inf.* came out at .*test_loop.py"),
        np.errstate(all="ignore"),
    ):
        run(folder, batch=broken)
    assert states(folder)[1]["step"] == 10


def test_batches_are_made_in_a_thread_that_ends_and_an_error_in_one_comes_at_its_step(tmp_path):
    folder, made = folder_at(tmp_path / "run"), []

    def broken(step):
        made.append((step, threading.current_thread() is threading.main_thread()))
        if step == 4:
            raise ValueError("batch 4")
        return batch(step)

    with pytest.raises(ValueError, match="batch 4"):
        run(folder, batch=broken, save_every=1)
    assert [step for step, _ in made] == [0, 1, 2, 3, 4]
    assert not any(main for _, main in made)
    assert states(folder)[1]["step"] == 4
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
    run(folder, save_every=1)  # the data mended
    whole = folder_at(tmp_path / "whole")
    run(whole)
    assert states(folder)[0] == states(whole)[0]


# Folders and checkpoints


def test_a_folder_that_holds_something_is_not_written_to(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="it is no run; name another folder with --out"):
        RunFolder.create(tmp_path, {})
    with pytest.raises(FileExistsError, match="is a file"):
        RunFolder.create(tmp_path / "notes.txt", {})
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_resuming_asks_for_the_same_configuration(tmp_path):
    RunFolder.create(tmp_path / "run", {"recipe": "emoji", "seed": 1})
    assert RunFolder.create(tmp_path / "run", {"recipe": "emoji", "seed": 1}, resume=True).config["seed"] == 1
    with pytest.raises(FileExistsError, match="--resume"):
        RunFolder.create(tmp_path / "run", {"recipe": "emoji", "seed": 1})
    with pytest.raises(FileNotFoundError, match="holds no run"):
        RunFolder.create(tmp_path / "elsewhere", {"recipe": "emoji"}, resume=True)
    with pytest.raises(ValueError, match="seed 1, not 2"):
        RunFolder.create(tmp_path / "run", {"recipe": "emoji", "seed": 2}, resume=True)


def test_what_is_no_run_is_said_to_be_none(tmp_path):
    with pytest.raises(FileNotFoundError, match="holds no run"):
        RunFolder(tmp_path)
    for content in ("{", "[1]", ""):
        (tmp_path / "config.json").write_text(content)
        with pytest.raises(ValueError, match=r"config.json can't be read"):
            RunFolder(tmp_path)


def test_a_last_line_cut_short_is_left_out(tmp_path):
    folder = folder_at(tmp_path / "run")
    folder.log({"stage": "a", "step": 1})
    with (folder.path / "metrics.jsonl").open("a") as file:
        file.write('5\n{"a": 1}\n{"stage": "a", "st')
    assert folder.metrics() == [{"stage": "a", "step": 1}]


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\x10\x00\x00\x00\x00\x00\x00\x00{}"])
def test_a_corrupt_checkpoint_is_said_to_be_corrupt(tmp_path, content):
    path = tmp_path / "x.safetensors"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"x.safetensors is corrupt"):
        load_checkpoint(path)


def test_a_truncated_checkpoint_is_corrupt_and_a_foreign_one_foreign(tmp_path):
    path = tmp_path / "x.safetensors"
    save_checkpoint(path, {"a": np.arange(1000.0)}, {"step": 1})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="corrupt"):
        load_checkpoint(path)
    from safetensors.numpy import save_file

    save_file({"a": np.zeros(3)}, path)
    with pytest.raises(ValueError, match="didn't write"):
        load_checkpoint(path)


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "x.safetensors"
    save_checkpoint(path, {"a": np.ones(3)}, {"step": 1})

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(checkpoint, "save_file", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(path, {"a": np.zeros(3)}, {"step": 2})
    arrays, facts = load_checkpoint(path)
    assert facts["step"] == 1
    assert arrays["a"].tolist() == [1, 1, 1]
    assert os.listdir(tmp_path) == ["x.safetensors"]
