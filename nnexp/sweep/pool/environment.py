"""Provenance: the code, libraries and machine that a run was trained with."""

import platform
import socket
import subprocess
from pathlib import Path
from typing import Any

import numpy as np

from nnexp import __version__
from nnexp.sweep.pool.worker import Premises


def environment(premises: Premises) -> dict[str, Any]:
    """What every record of a sweep says about where it was trained; None where it cannot be known."""
    return {
        "nnexp": __version__,
        "numerics": premises.numerics,
        "commit": _git("rev-parse", "HEAD"),
        "dirty": None if (changes := _git("status", "--porcelain")) is None else bool(changes),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "blas": _blas(),
        "kernel": premises.kernel,
        "threads": 1,
        "host": socket.gethostname(),
        "platform": platform.platform(),
    }


def _git(*arguments: str) -> str | None:
    """What git says of the checkout this package lies in; None outside of one."""
    here = Path(__file__).parent
    try:
        answer = subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, timeout=5
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None


def _blas() -> str:
    found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{found['name']} {found['version']}"
