"""The front end's source with its packages, once for all tests that need them."""

import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"


@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> Path:
    """A copy of frontend/ with what `npm ci` installs; skipped where there is no npm, and failed where it fails."""
    if shutil.which("npm") is None:
        pytest.skip("npm isn't installed: the page isn't built again")
    copy = tmp_path_factory.mktemp("npm") / "frontend"
    shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "ci", "--no-audit", "--no-fund", "--prefer-offline"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return copy
