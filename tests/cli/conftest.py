"""A recipe that trains in no time, and the command line run on it: (exit status, stdout, stderr)."""

import re
import sys
from dataclasses import dataclass
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import tinyxm_kernels
from tinyxm import cli, recipes


@dataclass(frozen=True)
class Settings:
    seed: int = 0
    epochs: int = 3
    quick: bool = False
    validation: bool = False

    def __post_init__(self):
        if not 0 < self.epochs <= 1000 or self.seed < 0:
            raise ValueError(f"fake: epochs {self.epochs}, seed {self.seed}: expected 1 to 1000, and 0 or more")


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
