"""The two BLAS libraries that training uses, NumPy's and SciPy's: their kernels, and one thread for both.

Limits and kernels are those of loaded libraries, and SciPy's is loaded late: both functions load it first.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits


def one_blas_thread() -> threadpool_limits:
    """A context in which both libraries use one thread: two give other bits than one."""
    _load_scipy()
    return threadpool_limits(1, user_api="blas")


def blas_kernels() -> dict[str, str]:
    """By package, the architecture that its BLAS compiled its products for; it decides their last bits."""
    packages = {"numpy": np, "scipy": _load_scipy()}
    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    return {name: _kernel(package, libraries) for name, package in packages.items()}


def _load_scipy() -> ModuleType:
    import scipy.linalg.blas

    return scipy


def _kernel(package: ModuleType, libraries: Sequence[Mapping[str, Any]]) -> str:
    """That of the library that came with the package, if one did, whatever else a user has loaded."""
    home = Path(str(package.__file__)).resolve().parent
    folders = {home, home.with_name(f"{home.name}.libs")}  # macOS has it inside, Linux beside the package
    own = [each for each in libraries if folders & set(Path(each["filepath"]).resolve().parents)]
    kernels = {str(each.get("architecture", each["internal_api"])) for each in own or libraries}
    return "+".join(sorted(kernels)) or "unknown"
