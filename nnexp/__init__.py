"""nnexp: hyperparameter sweeps you can trust, over a NumPy backpropagation core.

In a notebook: `load_sweep(name)` gives the results of a sweep; `run` and `run_sweep` train.
"""

from importlib import import_module

TYPE_CHECKING = False  # as in typing, whose import would take longer than all of this file
if TYPE_CHECKING:
    from typing import Any

    from nnexp.api import load_sweep, run, run_sweep
    from nnexp.errors import UserError
    from nnexp.nn import Data, Examples, Hyperparameters, Result, train
    from nnexp.version import __version__

__all__ = [
    "Data",
    "Examples",
    "Hyperparameters",
    "Result",
    "UserError",
    "__version__",
    "load_sweep",
    "run",
    "run_sweep",
    "train",
]
HOMES = dict.fromkeys(__all__, "nnexp.nn") | {"UserError": "nnexp.errors", "__version__": "nnexp.version"}
HOMES |= dict.fromkeys(("load_sweep", "run", "run_sweep"), "nnexp.api")


def __getattr__(name: str) -> "Any":
    """A public name is imported when it is first asked for: a command imports no more than it needs."""
    if name not in HOMES:
        raise AttributeError(f"module 'nnexp' has no attribute {name!r}")
    if HOMES[name] == "nnexp.api":
        import_module("nnexp.platforms").check_platform()
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
