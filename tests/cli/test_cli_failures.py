"""What goes wrong, in one line, with an exit status that tells whose it is."""

import errno

import pytest
from refusal import raising, refused

from tinyxm import cli, recipes
from tinyxm.data import MissingExtra
from tinyxm.training import Stopped


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["trian"], ["trian", "tinyxm --help"]),
        (["train", "emojy"], ["'emojy'", "fake, emoji"]),
        (["train", "--epochs", "0"], ["epochs 0"]),
        (["train", "--epochs", "two"], ["--epochs"]),
        (["train", "--set", "speed=3"], ["'speed'", "learning_rate"]),
        (["train", "--set", "learning_rate=fast"], ["learning_rate=fast", "expected float"]),
        (["train", "--set", "learning_rate=1/2"], ["several values", "--select"]),
        (["train", "--set", "optimizer=adam"], ["'adam'", "AdamW"]),
        (["train", "--set", "model=huge"], ["'huge'", "small, large"]),
        (["train", "--select", "momentum"], ["'momentum'", "NAME=VALUE"]),
        (["train", "--json"], ["--list"]),
        (["generate", "nowhere"], ["nothing to go by"]),
        (["generate", "nowhere", "--text", "a", "--audio", __file__], ["text and audio"]),
        (["generate", "nowhere", "--text", "a", "--count", "65"], ["--count 65"]),
        (["generate", "nowhere", "--text", "a", "--guidance", "nan"], ["--guidance nan"]),
        (["generate", "nowhere", "--text", "a"], ["nowhere holds no run"]),
        (["train", "--seed", "-1"], ["seed -1"]),
        (["train", "--kernels", "magic"], ["'magic'", "reference"]),
        (["train", "emoji", "more"], ["more"]),
        (["train", "--colour"], ["--colour"]),
        (["eval"], ["tinyxm eval --help"]),
        (["eval", "nowhere"], ["nowhere holds no run"]),
        (["query", "nowhere", "heart"], ["nowhere holds no run"]),
        (["query", "nowhere"], ["nothing to go by", "--image"]),
        (["query", "nowhere", " "], ["text is empty"]),
        (["query", "nowhere", "--image", "absent.png"], ["--image", "absent.png"]),
        (["query", "nowhere", "heart", "--top", "0"], ["--top 0", "1 to 50"]),
        (["query", "nowhere", "heart", "--top", "51"], ["--top 51", "1 to 50"]),
        (["query", "nowhere", "heart", "--out", "a.jpg"], ["a.jpg", ".png"]),
        (["certify", "sofmax"], ["'sofmax'", "softmax"]),
        (["certify", "tanh", "--check", "foreward"], ["'foreward'", "forward"]),
    ],
)
def test_usage_errors_are_one_line_and_status_2(fake, run, tmp_path, arguments, parts):
    refused(run(*arguments), 2, *parts)
    assert not fake.trained
    assert not list(tmp_path.iterdir()), "nothing is left behind"


def test_failures_are_one_line_and_status_1(fake, run, tmp_path):
    pip = 'pip install "tinyxm[data]"'
    for error, part in [
        (MissingExtra(f"emoji: em-keyboard isn't installed; run: {pip}"), pip),
        (FloatingPointError("train: loss nan at step 3"), "loss nan at step 3"),
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (ValueError("checkpoint: it is corrupt:\nsome more"), "it is corrupt: some more"),
        (PermissionError(errno.EACCES, "Permission denied", "secret"), "secret: Permission denied"),
        (FileNotFoundError(errno.ENOENT, "No such file or directory", "a-font"), "a-font: No such file"),
        (MemoryError(), "MemoryError"),
        (KeyError("surprise"), "KeyError: 'surprise' (--debug shows where)"),
    ]:
        fake.before = raising(error)
        refused(run("train"), 1, part)
        assert not (tmp_path / "runs" / "emoji-0").exists(), "so that the same line works once the cause is mended"


def test_what_a_user_named_wrongly_is_status_2_however_deep_it_is_found(fake, run, tmp_path):
    for error in (
        FileNotFoundError("checkpoint: r/a.safetensors isn't there; train first"),
        ValueError("find: 'zzz' has no word that the model has seen"),
        ValueError("TINYXM_KERNELS=magic: no such rung"),
    ):
        fake.before = raising(error)
        refused(run("train"), 2, str(error))
    (tmp_path / "file").write_text("in the way")
    refused(run("train", "--out", "file/run"), 2, "file/run")


def test_a_table_keeps_its_rows(fake, run):
    fake.before = raising(ValueError("record: too large. Of\n  all the largest\n    1 MB  x\n    2 MB  y"))
    assert run("train")[2] == "tinyxm: record: too large. Of all the largest\n    1 MB  x\n    2 MB  y\n"
    fake.before = raising(ValueError("train: a sentence\nthat goes on\n and on"))
    refused(run("train"), 1, "train: a sentence that goes on and on")


def test_a_full_disk_promises_no_checkpoint(fake, run):
    fake.before = raising(OSError(errno.ENOSPC, "No space left on device"))
    refused(run("train"), 1, "from its last checkpoint, if it has one")


def test_a_failure_keeps_what_was_trained(fake, run, tmp_path):
    def fail_later(folder):
        (folder / "other.safetensors").write_bytes(b"precious")
        raise FloatingPointError("train: loss nan")

    fake.before = fail_later
    assert run("train")[0] == 1
    assert (tmp_path / "runs" / "emoji-0" / "other.safetensors").read_bytes() == b"precious"


@pytest.mark.parametrize("arguments", [["--debug", "train"], ["train", "--debug"]])
def test_debug_shows_the_traceback(fake, run, arguments):
    fake.before = raising(ValueError("deep down"))
    code, _, err = run(*arguments)
    assert code == 1
    assert "Traceback" in err
    assert "in fail" in err


@pytest.mark.parametrize("error", [Stopped("train: stopped after step 5 of 9"), KeyboardInterrupt()])
def test_after_ctrl_c_the_next_line_to_type_is_told(fake, run, error):
    def stop(folder):
        (folder / "other.safetensors").write_bytes(b"half")
        raise error

    fake.before = stop
    outcome = run("train", "fake", "--out", "here")
    refused(outcome, 130, "tinyxm train fake --resume --out here", str(error))
    fake.before = lambda folder: None
    command = outcome[2].split("tinyxm ")[-1].split()
    assert run(*command)[0] == 0


def test_ctrl_c_before_anything_was_trained(fake, run, tmp_path):
    fake.before = raising(KeyboardInterrupt())
    refused(run("train"), 130, "nothing was trained yet")


def test_ctrl_c_at_any_other_time_is_told(fake, run, monkeypatch):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(recipes, "get", stop)
    assert run("train") == (130, "", "tinyxm: interrupted\n")
    monkeypatch.setattr(cli, "_command", stop)
    assert run("train") == (130, "", "tinyxm: interrupted\n")
