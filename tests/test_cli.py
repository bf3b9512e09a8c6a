"""The command line, on a recipe that trains in no time: what it prints, where, and with which exit status."""

import errno
import json
import os
import re
import shlex
import subprocess
import sys
import warnings
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

import tinyxm_kernels
from tinyxm import cli, recipes
from tinyxm.data import MissingExtra
from tinyxm.training import Stopped
from tinyxm.training.pictures import half_blocks, print_answers
from tinyxm.training.plots import Answer


@dataclass(frozen=True)
class Settings:
    seed: int = 0
    epochs: int = 3
    quick: bool = False
    validation: bool = False

    def __post_init__(self):
        if not 0 < self.epochs <= 1000 or self.seed < 0:
            raise ValueError(f"fake: epochs {self.epochs}, seed {self.seed}: expected 1 to 1000, and 0 or more")


SQUARE = np.ones((2, 2), np.float32)
SCORES = {"recall@1": 0.415, "intervals": {"recall@1": [0.4, 0.43]}, "baselines": {"chance": {"recall@1": 0.001}}}


def results(settings):
    return {"recipe": "fake", "quick": settings.quick, "test": {"image_to_text": SCORES}}


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A recipe; `before` is called when it has begun to train, `trained` collects what it was given."""
    recipe = ModuleType("fake")
    recipe.trained, recipe.asked, recipe.before = [], [], lambda folder: None

    def train(settings, folder, console):
        recipe.before(folder.path)
        (folder.path / "model.safetensors").write_bytes(b"weights")
        recipe.trained.append(settings)
        folder.write_results(results(settings))
        return results(settings)

    def find(folder, wanted, top):
        recipe.asked.append((wanted, top))
        picture = np.full((32, 32, 4), 200, np.uint8)
        return [SimpleNamespace(name=f"answer {i}", score=0.9 - i / 10, picture=picture, id=str(i)) for i in range(top)]

    vars(recipe).update(
        SUMMARY="trains [nothing]",
        Settings=Settings,
        train=train,
        evaluate=lambda folder, console: folder.results(),
        find_pictures=find,
        find_names=find,
    )
    monkeypatch.setattr(recipes, "_RECIPES", {"fake": "fake", "emoji": "fake"})
    monkeypatch.setitem(sys.modules, "fake", recipe)
    monkeypatch.chdir(tmp_path)
    return recipe


@pytest.fixture
def run(capsys):
    """Run a command line: (exit status, stdout, stderr)."""

    def run_(*arguments):
        code = cli.main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run_


@pytest.fixture
def trained(fake, run, tmp_path):
    assert run("train")[0] == 0
    return tmp_path / "runs" / "emoji-0"


def refused(outcome, code, *parts):
    """The outcome is one clear line on stderr, with these parts, and no traceback."""
    found, _, err = outcome
    assert found == code
    assert err.startswith("tinyxm: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for part in parts:
        assert part in err


def raising(error):
    def fail(folder):
        raise error

    return fail


def test_train_alone_trains_emoji_into_a_folder_of_its_own(fake, run, tmp_path):
    code, out, err = run("train")
    assert (code, err) == (0, "")
    assert fake.trained == [Settings()]
    assert "trains [nothing]" in out
    assert "Test: image → text" in out
    assert "41.5 ±1.5" in out
    assert (tmp_path / "runs" / "emoji-0" / "results.json").exists()


def test_options_reach_the_recipe(fake, run, tmp_path):
    assert run("train", "fake", "--seed", "4", "--epochs", "7", "--quick", "--validation")[0] == 0
    assert run("train", "fake", "--out", "there/deep")[0] == 0
    assert fake.trained == [Settings(4, 7, True, True), Settings()]
    assert (tmp_path / "runs" / "fake-4-quick-validation").is_dir()
    assert (tmp_path / "there" / "deep" / "config.json").exists()


def test_a_quick_run_says_it_is_one(fake, run):
    assert "smoke test" in run("train", "--quick")[1]


def test_kernels_are_chosen(fake, run, monkeypatch):
    chosen = []
    monkeypatch.setattr(tinyxm_kernels, "use", chosen.append)
    assert run("train", "--kernels", "reference")[0] == 0
    assert chosen == ["default,reference"]


@pytest.fixture(autouse=True)
def clean_kernels(monkeypatch):
    monkeypatch.delenv("TINYXM_KERNELS", raising=False)
    yield
    tinyxm_kernels.use("default")


def test_a_run_keeps_the_kernels_it_was_given_by_any_way(fake, run, tmp_path, monkeypatch):
    seen = []
    fake.before = lambda folder: seen.append(tinyxm_kernels.chosen("matmul", SQUARE, SQUARE).name)
    monkeypatch.setenv("TINYXM_KERNELS", "matmul=reference")
    assert run("train", "--out", "r", "--kernels", "conv2d=reference")[0] == 0
    assert json.loads((tmp_path / "r" / "config.json").read_text())["kernels"] == "matmul=reference,conv2d=reference"
    monkeypatch.delenv("TINYXM_KERNELS")
    tinyxm_kernels.use("default")
    assert run("train", "--resume", "--out", "r")[0] == 0
    assert seen == ["reference"] * 2
    refused(run("train", "--resume", "--out", "r", "--kernels", "reference"), 2, "kernels matmul=reference")


def test_a_quick_run_waits_for_no_compiler_unless_told_to(fake, run, tmp_path):
    for given, kept in (([], "numpy"), (["--kernels", "numba"], "numba"), (["--kernels", "default"], "default")):
        assert run("train", "--quick", *given, "--out", kept)[0] == 0
        assert json.loads((tmp_path / kept / "config.json").read_text())["kernels"] == kept
    assert run("train", "--resume", "--out", "numpy")[0] == 0


def test_a_wrong_word_in_the_environment_is_told_before_anything_is_done(fake, run, tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_KERNELS", "magic")
    refused(run("train"), 2, "'magic'")
    assert not fake.trained
    assert not (tmp_path / "runs").exists()


@pytest.mark.filterwarnings("always")
def test_warnings_are_one_line(fake, run):
    fake.before = lambda folder: warnings.warn("emoji: the cache\n  is corrupt", stacklevel=1)
    code, _, err = run("train")
    assert (code, err) == (0, "tinyxm: emoji: the cache is corrupt\n")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["trian"], ["trian", "tinyxm --help"]),
        (["train", "emojy"], ["'emojy'", "fake, emoji"]),
        (["train", "--epochs", "0"], ["epochs 0"]),
        (["train", "--epochs", "two"], ["--epochs"]),
        (["train", "--epochs", "1001"], ["fake: epochs 1001", "expected 1 to 1000"]),
        (["train", "--seed", "-1"], ["seed -1"]),
        (["train", "--kernels", "magic"], ["'magic'", "reference"]),
        (["train", "emoji", "more"], ["more"]),
        (["train", "--colour"], ["--colour"]),
        (["eval"], ["tinyxm eval --help"]),
        (["eval", "nowhere"], ["nowhere holds no run"]),
        (["query", "nowhere", "heart"], ["nowhere holds no run"]),
        (["query", "nowhere"], ["--image FILE"]),
        (["query", "nowhere", "heart", "--image", __file__], ["either a text"]),
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


def test_a_folder_that_exists_is_left_alone(run, fake, trained):
    before = {path: path.read_bytes() for path in trained.iterdir()}
    refused(run("train"), 2, "runs/emoji-0 exists", "--resume", "--out")
    assert {path: path.read_bytes() for path in trained.iterdir()} == before


def test_resume_takes_the_settings_the_run_was_started_with(fake, run):
    assert run("train", "--epochs", "7", "--seed", "5", "--quick", "--out", "r")[0] == 0
    assert run("train", "--resume", "--out", "r")[0] == 0
    assert fake.trained == [Settings(5, 7, quick=True)] * 2
    refused(run("train", "--resume", "--out", "r", "--epochs", "8"), 2, "epochs 7, not 8")
    refused(run("train", "fake", "--resume", "--out", "r"), 2, "recipe emoji, not fake")


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
        ValueError("query: 'zzz' has no word that the model has seen"),
        ValueError("TINYXM_KERNELS=magic: no such rung"),
    ):
        fake.before = raising(error)
        refused(run("train"), 2, str(error))
    (tmp_path / "file").write_text("in the way")
    refused(run("train", "--out", "file/run"), 2, "file/run")


def test_a_full_disk_promises_no_checkpoint(fake, run):
    fake.before = raising(OSError(errno.ENOSPC, "No space left on device"))
    refused(run("train"), 1, "from its last checkpoint, if it has one")


def test_a_failure_keeps_what_was_trained(fake, run, tmp_path):
    def fail_later(folder):
        (folder / "model.safetensors").write_bytes(b"precious")
        raise FloatingPointError("train: loss nan")

    fake.before = fail_later
    assert run("train")[0] == 1
    assert (tmp_path / "runs" / "emoji-0" / "model.safetensors").read_bytes() == b"precious"


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
        (folder / "model.safetensors").write_bytes(b"half")
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

    monkeypatch.setattr(cli, "_recipe", stop)
    assert run("train") == (130, "", "tinyxm: interrupted\n")
    monkeypatch.setattr(cli, "_command", stop)
    assert run("train") == (130, "", "tinyxm: interrupted\n")


def test_the_line_to_type_has_a_path_with_blanks_quoted(fake, run):
    def stop(folder):
        (folder / "model.safetensors").write_bytes(b"half")
        raise KeyboardInterrupt

    fake.before = stop
    _, _, err = run("train", "--out", "my  run's [x]")
    assert shlex.split(err.partition("tinyxm train ")[2])[-1] == "my  run's [x]"


def test_paths_are_printed_as_they_are(fake, run, tmp_path):
    fake.before = lambda folder: (folder / "report.html").write_text("")
    out = "a[b]/" + "deep/" * 20 + "q[x]"
    lines = run("train", "--out", out)[1].splitlines()
    assert f"run folder: {out}" in lines
    assert f"report: {out}/report.html" in lines
    assert not (tmp_path / "runs" / "emoji-0").exists()


def test_eval_prints_the_tables(run, trained):
    code, out, _ = run("eval", str(trained))
    assert code == 0
    assert "41.5 ±1.5" in out


def test_eval_of_a_run_that_cannot_be_read(run, trained):
    (trained / "results.json").write_text("{half")
    refused(run("eval", str(trained)), 1, "results.json can't be read")
    (trained / "config.json").write_text("{half")
    refused(run("eval", str(trained)), 1, "config.json can't be read")


def test_query_by_text_prints_names_and_a_picture(run, fake, trained, tmp_path):
    code, out, _ = run("query", str(trained), "red/heart?", "--top", "3")
    assert code == 0
    assert fake.asked == [("red/heart?", 3)]
    assert [line.split() for line in out.splitlines()[:3]] == [
        ["1", "0.900", "answer", "0"],
        ["2", "0.800", "answer", "1"],
        ["3", "0.700", "answer", "2"],
    ]
    assert "\x1b" not in out, "no colours where nobody sees them"
    (sheet,) = (trained / "queries").iterdir()
    assert sheet.name.startswith("text-red-heart-")
    assert f"picture: {sheet}" in out.splitlines()
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"
    assert run("query", str(trained), "heart", "--out", "a/b.png")[0] == 0
    assert (tmp_path / "a" / "b.png").exists()


def test_query_by_image(run, fake, trained, tmp_path):
    image = tmp_path / "cat.jpg"
    Image.new("RGB", (40, 20), "red").save(image)
    assert run("query", str(trained), "--image", str(image))[0] == 0
    assert fake.asked == [(image, 5)]
    assert [path.name[:10] for path in (trained / "queries").iterdir()] == ["image-cat-"]


def test_every_query_has_a_picture_of_its_own(run, trained, tmp_path):
    (tmp_path / "other").mkdir()
    for image in ("red heart.png", "other/red heart.png"):
        Image.new("RGB", (4, 4), "red").save(image)
        assert run("query", str(trained), "--image", image)[0] == 0
    for text in ("red heart", "red-heart", "Red heart", "c", "c++", "C", "?", "!", "水" * 100, "水" * 101):
        assert run("query", str(trained), text)[0] == 0
    names = {path.name for path in (trained / "queries").iterdir()}
    assert len(names) == 12
    assert {"text-red-heart.png", "text-c.png"} < names


def test_a_corrupt_image_fails_in_one_line(run, trained, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n half")
    refused(run("query", str(trained), "--image", "bad.png"), 1, "bad.png isn't a picture")


def test_certify_prints_and_writes_the_table(run, tmp_path):
    code, out, err = run(
        "certify",
        "tanh",
        "Adam",
        "--check",
        "forward",
        "--json",
        str(tmp_path / "deep" / "a.json"),
        "--page",
        str(tmp_path / "a.md"),
    )
    assert (code, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()[1:7]] == [
        *(["operations"], ["tanh", "f64"], ["f32", out.splitlines()[3].split()[1]]),
        *(["optimizers"], ["Adam", "f64"], ["f64", out.splitlines()[6].split()[1]]),
    ]
    assert "1 operation, 1 optimizer:" in out
    assert "0 failed" in out
    rows = json.loads((tmp_path / "deep" / "a.json").read_text())
    assert {(row["name"], row["kind"]) for row in rows} == {("tanh", "operation"), ("Adam", "optimizer")}
    assert {row["rung"] for row in rows} >= {"numpy", "updates=reference", "updates=blocked"}
    assert "| `tanh` |" in (tmp_path / "a.md").read_text("utf-8")


def test_certify_fails_where_a_check_does(run, monkeypatch):
    from tinyxm.certificate import Row
    from tinyxm.certificate.run import ADVICE

    row = Row("tanh", "operation", "float32", "numpy", "forward", 0.5, 1e-5, False, "tanh (2,3): result")
    gap = row._replace(check="empty", reason=ADVICE)
    monkeypatch.setattr("tinyxm.certificate.certify", lambda *_, **__: iter([("tanh", [row, gap])]))
    code, out, err = run("certify", "tanh")
    assert (code, err) == (1, "")
    assert "tanh: forward, float32, numpy\n    error 0.5, tolerance 1e-05: tanh (2,3): result" in out
    assert "without a case\n    tanh: empty" in out


def test_doctor_tells_of_libraries_data_and_kernels(run, monkeypatch):
    code, out, _ = run("doctor")
    assert code == 0
    for part in ("NumPy", "BLAS", "Numba", "GPU", "data", "cache", "matmul"):
        assert part in out

    def absent(*_):
        raise MissingExtra("data: em-keyboard isn't installed; run: pip")

    monkeypatch.setattr("tinyxm.data.sources.require", absent)
    code, out, _ = run("doctor")
    assert code == 0
    assert "incomplete" in out
    assert "em-keyboard isn't installed" in out


def test_doctor_compiles_ahead_and_tells_how_long_it_took(run, monkeypatch):
    monkeypatch.setattr("tinyxm_kernels.bench.compile_ahead", lambda: iter([("matmul", 0.25)]))
    monkeypatch.setattr("tinyxm.recipes.emoji.ahead.rehearse", lambda: None)
    code, out, _ = run("doctor", "--compile")
    assert code == 0
    assert re.search(r"matmul +0\.2 s", out)
    assert "kept in: " in out


def test_bench_measures_writes_and_tunes(run, tmp_path, monkeypatch):
    rows, tuned = tmp_path / "new" / "rows.json", tmp_path / "tuned.json"
    monkeypatch.setenv("TINYXM_TUNED", str(tuned))
    given = ["--sizes", "32", "--threads", "1", "--against", "none", "--quick", "--tune", "--json", str(rows)]
    code, out, err = run("bench", "matmul", *given)
    assert code == 0
    assert "matmul 32x32x32 float32 on 1 thread" in err
    assert "matmul (m×k×n), float32, 1 thread" in out
    assert f"overrides: {tuned}" in out
    assert f"written: {rows}" in out
    measured = {row["rung"] for row in json.loads(rows.read_text("utf-8"))}
    assert {"blas", "reference"} <= measured
    written = json.loads(tuned.read_text("utf-8"))
    assert written["matmul"][0]["rung"] in measured
    a = np.ones((32, 32), np.float32)
    with tinyxm_kernels.using("tuned"):
        assert tinyxm_kernels.chosen("matmul", a, a).name == written["matmul"][0]["rung"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["matmull"], "no operation 'matmull'; there are matmul"),
        (["matmul", "--sizes", "3x"], "size '3x': expected whole numbers joined by x"),
        (["matmul", "--sizes", "3x4"], "size 3x4 is no shape of matmul m×k×n"),
        (["--threads", "two"], "--threads two: expected whole numbers, such as 1,2"),
        (["--threads", "99"], "99 threads: this process may use 1 to"),
        (["--against", "tensorflow"], "no peer 'tensorflow'; there are numpy"),
        (["--dtypes", "int8"], "dtype 'int8': expected float32 or float64"),
        (["matmul", "--plot", "chart.bmp"], "expected a name that ends in .png or .svg"),
        (["--mine", "nowhere.py"], "nowhere.py"),
    ],
)
def test_a_bench_that_cannot_be_is_refused(run, arguments, told):
    refused(run("bench", *arguments), 2, told)


def test_a_wrong_kernel_of_ones_own_is_told_with_status_1(run, tmp_path):
    path = tmp_path / "my_kernel.py"
    path.write_text("import numpy as np\n\ndef matmul(a, b):\n    return np.matmul(a, b) + 1\n", "utf-8")
    code, out, err = run("bench", "--mine", str(path))
    assert (code, err) == (1, "")
    assert "wrong: matmul 0x" not in out
    assert "expected" in out


@pytest.mark.parametrize("command", [[], ["train"], ["eval"], ["query"], ["certify"], ["bench"], ["doctor"]])
def test_help_everywhere(run, command):
    code, out, _ = run(*command, "--help")
    assert code == 0
    assert "Usage: tinyxm" in out
    assert run(*command, "-h") == (code, out, "")
    assert not re.search(r"<(int|bool)|x>=", out)


def test_help_of_train_tells_what_is_not_obvious(run):
    out = " ".join(run("train", "--help")[1].replace("│", " ").split())
    assert "half a minute" in out
    assert "-quick or -validation" in out


def test_version_and_nothing(run):
    assert run("--version")[1].startswith("tinyxm 0.")
    code, out, _ = run()
    assert code == 0
    assert "train" in out


def test_as_a_program_help_loads_nothing_heavy():
    code = "import sys; from tinyxm.cli import main; assert main(['--help']) == 0; print([*sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=True)
    loaded = done.stdout.splitlines()[-1]
    for heavy in ("matplotlib", "numba", "tinyxm.recipes", "tinyxm.training"):
        assert f"'{heavy}'" not in loaded


def test_as_a_program_a_misuse_has_its_status():
    done = subprocess.run([sys.executable, "-m", "tinyxm.cli", "trian"], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 2
    assert done.stderr.startswith("tinyxm: ")


def test_half_blocks_draw_two_pixels_a_character():
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[0, 0], picture[1, 0], picture[0, 1] = (255, 0, 0), (0, 255, 0), (1, 2, 3)
    text = half_blocks(picture, size=2)
    assert text.plain == "▀▀"
    assert [str(span.style) for span in text.spans] == ["#ff0000 on #00ff00", "#010203 on #000000"]
    assert half_blocks(np.zeros((5, 9, 4), np.uint8), size=16).plain.split("\n") == ["▀" * 16] * 8


def test_pictures_are_drawn_only_where_a_terminal_shows_colours(capsys):
    answers = [Answer("a name that is much too long", 0.5, np.zeros((4, 4, 3), np.uint8)), Answer("bare", 0.4)]
    print_answers(Console(force_terminal=True, color_system="truecolor", width=80), answers)
    shown = capsys.readouterr().out
    assert shown.count("▀") == 16 * 8
    assert "bare" in shown
    print_answers(Console(force_terminal=True, color_system=None, width=80), answers)
    assert "▀" not in capsys.readouterr().out
