"""The everyday tests hold with the lowest versions that pyproject.toml allows, on the oldest Python.

They are installed from the package index into an environment of their own, and tested on one core.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from nnexp import __file__ as package

ROOT = Path(package).parents[1]
OLDEST = "python3.11"
EXTRAS = "test,docs,search,slurm,jax,postgresql,browser"  # as constraints-lowest.txt was made
NOT_OURS = ("PIP_CONSTRAINT", "VIRTUAL_ENV")  # of who runs this test
LONGEST = 2 * 60 * 60


def python() -> str | None:
    """The oldest Python here that may be used."""
    known = [*Path.home().glob(".pyenv/versions/3.11.*/bin/python"), shutil.which(OLDEST)]
    return next((str(path) for path in known if path), None)


@pytest.mark.field
def test_the_everyday_tests_hold_with_the_lowest_versions(tmp_path: Path) -> None:
    oldest = python()
    if oldest is None:
        pytest.skip(f"there is no {OLDEST}")
    home = tmp_path / "lowest"
    subprocess.run([oldest, "-m", "venv", home], check=True)
    environment = {name: os.environ[name] for name in os.environ if name not in NOT_OURS}
    environment["PATH"] = f"{home / 'bin'}{os.pathsep}{environment['PATH']}"
    constraints = ROOT / "constraints-lowest.txt"
    install = [home / "bin" / "pip", "install", "-q", "-c", constraints, "-e", f"{ROOT}[{EXTRAS}]"]
    subprocess.run(install, check=True, env=environment)
    everyday = [home / "bin" / "python", "-m", "pytest", "-n", "1", "-p", "no:cacheprovider"]
    done = subprocess.run(everyday, cwd=ROOT, env=environment, timeout=LONGEST, check=False)
    assert done.returncode == 0
