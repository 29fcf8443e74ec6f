"""Provenance: the code, libraries and machine that a run was trained with."""

import os
import platform
import socket
import subprocess
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nnexp.nn.kernels import blas_kernels
from nnexp.version import __version__


def environment() -> dict[str, Any]:
    """What every record of a sweep says about where it was trained; None where it cannot be known."""
    commit, dirty = _checkout()
    return {"nnexp": __version__, "commit": commit, "dirty": dirty} | machine()


@cache
def machine() -> dict[str, Any]:
    """The part of it that may differ from one worker of a sweep to another.

    `blas`, `kernel`: NumPy's BLAS and the kernel that it uses; `scipy_blas`, `scipy_kernel`: SciPy's.
    """
    import scipy

    kernels = blas_kernels()
    return {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(np),
        "kernel": kernels["numpy"],
        "scipy": scipy.__version__,
        "scipy_blas": _blas(scipy),
        "scipy_kernel": kernels["scipy"],
        "threads": 1,
        "host": socket.gethostname(),
        "platform": platform.platform(),
    }


def _checkout() -> tuple[str | None, bool | None]:
    """The commit that this package lies in, and whether files there differ from it.

    None where git does not track the package: installed into somebody's repository, it is no part of that.
    """
    if _git("ls-files", "--error-unmatch", Path(__file__).name) is None:
        return None, None
    changes = _git("status", "--porcelain")
    return _git("rev-parse", "HEAD"), None if changes is None else bool(changes)


def _git(*arguments: str) -> str | None:
    """What git answers in the folder of this file; None where there is no git, or where it refuses."""
    elsewhere = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-C", str(Path(__file__).parent), *arguments]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, env=elsewhere)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _blas(package: ModuleType) -> str:
    blas = package.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}"
