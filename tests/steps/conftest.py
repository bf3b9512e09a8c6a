"""The front end's source with its packages, once for all tests that need them."""

import shutil
import subprocess
from pathlib import Path

import pytest

FRONTEND = Path(__file__).parents[2] / "frontend"
UNREACHED = ("ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "ECONNREFUSED", "ENETUNREACH", "ECONNRESET")


@pytest.fixture(scope="session")
def packages(tmp_path_factory) -> Path:
    """A copy of frontend/ with what `npm ci` installs; skipped where there is no npm, or no registry to be reached."""
    if shutil.which("npm") is None:
        pytest.skip("npm isn't installed: the page isn't built again")
    copy = tmp_path_factory.mktemp("npm") / "frontend"
    shutil.copytree(FRONTEND, copy, ignore=shutil.ignore_patterns("node_modules"))
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=copy, capture_output=True, text=True)
    if done.returncode and any(word in done.stderr for word in UNREACHED):
        pytest.skip("npm ci: the registry can't be reached, so the page isn't built again")
    assert not done.returncode, done.stderr
    return copy
