"""The two BLAS libraries that training uses, NumPy's and SciPy's: their kernels, and one thread for both.

They are looked for once, when both are loaded. To look again while another thread imports a library may block
both for ever: one has the interpreter's lock and waits for the loader's, one the other way round.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController


def one_blas_thread() -> AbstractContextManager[object]:
    """A context in which both libraries use one thread: two give other bits than one."""
    limit: AbstractContextManager[object] = _libraries().limit(limits=1)
    return limit


def blas_kernels() -> dict[str, str]:
    """By package, the architecture that its BLAS compiled its products for; it decides their last bits."""
    import scipy

    libraries = _libraries().info()
    return {package.__name__: _kernel(package, libraries) for package in (np, scipy)}


@cache
def _libraries() -> ThreadpoolController:
    import scipy.linalg.blas  # noqa: F401  # which loads SciPy's

    return ThreadpoolController().select(user_api="blas")


def _kernel(package: ModuleType, libraries: Sequence[Mapping[str, Any]]) -> str:
    """That of the library that came with the package, if one did, whatever else a user has loaded."""
    home = Path(str(package.__file__)).resolve().parent
    folders = {home, home.with_name(f"{home.name}.libs")}  # macOS has it inside, Linux beside the package
    own = [each for each in libraries if folders & set(Path(each["filepath"]).resolve().parents)]
    kernels = {str(each.get("architecture", each["internal_api"])) for each in own or libraries}
    return "+".join(sorted(kernels)) or "unknown"
