"""nnexp: hyperparameter sweeps you can trust, over a NumPy backpropagation core."""

from importlib.metadata import PackageNotFoundError, version

from nnexp.nn import Data, Examples, Hyperparameters, Result, UserError, train

try:
    __version__ = version("nnexp")
except PackageNotFoundError:  # run from a folder that was never installed
    __version__ = "unknown"

__all__ = ["Data", "Examples", "Hyperparameters", "Result", "UserError", "train"]
