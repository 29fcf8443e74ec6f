"""nnexp: hyperparameter sweeps you can trust, over a NumPy backpropagation core.

In a notebook: `load_sweep(name)` gives the results of a sweep; `run` and `run_sweep` train.
"""

from typing import TYPE_CHECKING, Any

from nnexp.errors import UserError
from nnexp.nn import Data, Examples, Hyperparameters, Result, train
from nnexp.version import __version__

if TYPE_CHECKING:
    from nnexp.api import load_sweep, run, run_sweep

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


def __getattr__(name: str) -> Any:
    """What takes more than NumPy is imported when it is first asked for."""
    if name in ("load_sweep", "run", "run_sweep"):
        from nnexp import api

        return getattr(api, name)
    raise AttributeError(f"module 'nnexp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
