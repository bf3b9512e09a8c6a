"""Known mistakes, planted one at a time: the certificate must catch each; see mutations.py."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mutations import MUTATIONS, Mutation

from tinyxm.certificate import CHECKS
from tinyxm.certificate.run import ADVICE

pytestmark = pytest.mark.slow  # a process for each mistake, some minutes together

ROOT = Path(__file__).parents[1]
PACKAGES = ("tinyxm", "kernels")
ASKED = [word for check in CHECKS if check != "torch" for word in ("--check", check)]  # what holds without the oracle


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of both packages, compiled."""
    folder = tmp_path_factory.mktemp("pristine")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder, quiet=1)
    return folder


def certified(folder: Path, names: str) -> tuple[int, list[dict], str]:
    """Exit status, rows that fail and what was printed, of `tinyxm certify` run on the packages in this folder."""
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{folder / 'kernels'}", "PYTHONSAFEPATH": "1"}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # several run side by side
    command = [sys.executable, "-m", "tinyxm.cli", "certify", *names.split(), *ASKED, "--json", folder / "rows.json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=folder)
    assert (folder / "rows.json").exists(), done.stderr
    rows = json.loads((folder / "rows.json").read_text("utf-8"))
    return done.returncode, [row for row in rows if row["passed"] is False and row["reason"] != ADVICE], done.stdout


def test_without_a_mistake_all_names_pass(pristine: Path) -> None:
    names = sorted({name for mutation in MUTATIONS for name in mutation.names.split()})
    status, failures, printed = certified(pristine, " ".join(names))
    assert (status, failures) == (0, []), printed


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.mistake)
def test_a_mistake_is_caught(mutation: Mutation, pristine: Path, tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(pristine / package, tmp_path / package, copy_function=os.link)
    file = tmp_path / mutation.file
    source = file.read_text("utf-8")
    assert source.count(mutation.right) == 1, f"{mutation.file} has changed: plant the mistake anew"
    file.unlink()  # which leaves the pristine one as it is
    file.write_text(source.replace(mutation.right, mutation.wrong), "utf-8")
    status, failures, printed = certified(tmp_path, mutation.names)
    assert status == 1, printed
    assert failures
    crashes = [row for row in failures if any(word in row["reason"] for word in ("NameError", "SyntaxError"))]
    assert not crashes, "the mutant doesn't run"
