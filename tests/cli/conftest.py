"""A recipe that trains in no time, and the command line run on it: (exit status, stdout, stderr)."""

import re
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import ClassVar

import numpy as np
import pytest

import tinyxm_kernels
from tinyxm import cli, nn, recipes
from tinyxm.recipes.recipe import Goal, Hit, Recipe, Stage
from tinyxm.recipes.settings import Settings

SCORES = {"recall@1": 0.415, "intervals": {"recall@1": [0.4, 0.43]}, "baselines": {"chance": {"recall@1": 0.001}}}


@dataclass(frozen=True)
class FakeSettings(Settings):
    EPOCHS: ClassVar = (3, 1)
    MODELS: ClassVar = ("small", "large")


class Line(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(2, 1, rng=np.random.default_rng(0))

    def loss(self, x):
        return (self.layer(x) ** 2).mean()


class Fake(Recipe):
    """`before` is called with its folder when it has begun to train, `trained` collects what it was given, `asked` the
    queries.
    """

    name, arrow, title, summary, settings = "fake", "image ↔ text", "Fake", "trains [nothing]", FakeSettings
    goals = (Goal("test.image_to_text.recall@1", 0.4),)
    criterion = "test.image_to_text.recall@1"
    finds: ClassVar = {"text": ("image",), "image": ("text",), "audio": ("text",)}
    makes: ClassVar = {"text": ("image", "audio", "text")}

    def __init__(self):
        self.trained, self.asked, self.before = [], [], lambda folder: None
        self.folder, self.device = None, None

    def load(self, settings, progress):
        self.before(self.folder)
        self.trained.append(settings)
        return range(4)

    def stages(self, settings):
        return ["model"]

    def stage(self, name, run):
        return Stage(run.settings.passes, lambda step: (np.ones((2, 2), np.float32),))

    def build(self, stage, settings, facts):
        return Line()

    def score(self, run):
        better = 100 * run.settings.learning_rate if run.settings.validation else 0
        return {"test": {"image_to_text": {**SCORES, "recall@1": SCORES["recall@1"] + better}}}

    def find(self, run, given, to, top):
        self.asked.append((given, to, top))
        picture = np.full((32, 32, 4), 200, np.uint8)
        return [Hit(f"answer {i}", 0.9 - i / 10, picture, str(i)) for i in range(top)]

    def make(self, run, given, to, count, rng):
        self.asked.append((given, to, count))
        if to == "text":
            return [f"[{given['text']}] {i}" for i in range(count)]
        if to == "audio":
            return [(rng.uniform(-0.5, 0.5, 400).astype(np.float32), 8000)] * count
        return [rng.random((8, 8, 1), dtype=np.float32) for _ in range(count)]


@pytest.fixture
def fake(monkeypatch, tmp_path):
    recipe = Fake()
    module = ModuleType("fake")
    module.RECIPE = recipe
    monkeypatch.setattr(recipes, "_RECIPES", {"fake": "fake", "emoji": "fake"})
    monkeypatch.setitem(sys.modules, "fake", module)
    monkeypatch.chdir(tmp_path)
    begin = recipes.begin

    def watched(*arguments, **options):
        run = begin(*arguments, **options)
        recipe.folder, recipe.device = run.folder.path, run.folder.config["device"]
        return run

    monkeypatch.setattr(recipes, "begin", watched)
    return recipe


@pytest.fixture
def run(capsys):
    """Run a command line: (exit status, stdout, stderr), without the lines that tell of compiling, once."""

    def run_(*arguments):
        code = cli.main(list(arguments))
        captured = capsys.readouterr()
        return code, captured.out, re.sub(r"^tinyxm: compil.*\n", "", captured.err, flags=re.MULTILINE)

    return run_


@pytest.fixture
def trained(fake, run, tmp_path):
    assert run("train")[0] == 0
    return tmp_path / "runs" / "emoji-0"


@pytest.fixture(autouse=True)
def clean_kernels(monkeypatch):
    monkeypatch.delenv("TINYXM_KERNELS", raising=False)
    yield
    tinyxm_kernels.use("default")
