"""Provenance: the commit is that of this package's own checkout, or none."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy
from threadpoolctl import threadpool_info

import nnexp
from nnexp.nn.kernels import blas_kernels
from nnexp.sweep.pool import environment

SCRIPT = """
import json
from nnexp.sweep.pool.environment import environment
print(json.dumps(environment()))
"""


def git(*arguments: str, folder: Path) -> str:
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", "-C", str(folder), *author, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with one commit, and a copy of this package in a folder that it ignores."""
    git("init", "-q", folder=tmp_path)
    (tmp_path / ".gitignore").write_text(".venv/\n")
    git("add", ".", folder=tmp_path)
    git("commit", "-qm", "first", folder=tmp_path)
    shutil.copytree(
        nnexp.__path__[0], tmp_path / ".venv" / "nnexp", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def environment_in(folder: Path) -> dict[str, object]:
    variables = os.environ | {"PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", SCRIPT]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=variables, cwd=folder)
    values: dict[str, object] = json.loads(answer.stdout)
    return values


def test_a_package_inside_a_foreign_repository_has_no_commit(repository: Path) -> None:
    values = environment_in(repository / ".venv")
    assert (values["commit"], values["dirty"]) == (None, None)


def test_a_package_that_git_tracks_has_its_commit_and_says_whether_it_was_changed(repository: Path) -> None:
    shutil.move(repository / ".venv" / "nnexp", repository / "nnexp")
    (repository / ".gitignore").write_text("__pycache__/\n")
    git("add", ".", folder=repository)
    git("commit", "-qm", "second", folder=repository)
    values = environment_in(repository)
    assert (values["commit"], values["dirty"]) == (git("rev-parse", "HEAD", folder=repository), False)
    (repository / "new.txt").write_text("")
    assert environment_in(repository)["dirty"] is True


def test_both_blas_libraries_are_recorded_with_their_kernels() -> None:
    values, kernels = environment.environment(), blas_kernels()
    assert (values["numpy"], values["scipy"]) == (np.__version__, scipy.__version__)
    assert (values["kernel"], values["scipy_kernel"]) == (kernels["numpy"], kernels["scipy"])
    loaded = {
        library["version"].removesuffix(".0") for library in threadpool_info() if library.get("version")
    }
    for name in ("blas", "scipy_blas"):
        assert any(version in values[name] for version in loaded), values[name]


def test_variables_of_another_repository_are_not_followed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = environment.environment()["commit"]
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    assert environment.environment()["commit"] == here
