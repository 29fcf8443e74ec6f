"""Engines: runs train by the one that they name, this package or `compiled`."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from nnexp.errors import UserError
from nnexp.nn import training
from nnexp.nn.answer import Progress
from nnexp.nn.batches import Augment
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.result import Result
from nnexp.nn.state import RunState
from nnexp.nn.validation import Initial


def train(
    runs: Sequence[Hyperparameters],
    data: Data,
    *,
    initial: Initial | None = None,
    order: Any = None,
    augment: Augment | None = None,
    progress: Progress | None = None,
    resume: Sequence[RunState] | None = None,
) -> list[Result]:
    """Train K runs together, by the engine of the first, which must be that of all.

    Arguments and results: as of `training.train`. With `engine=jax` a run's result is the same, bit for bit,
    alone or in any stack, on a processor; on an accelerator to rounding.
    """
    if not runs or runs[0].engine == "numpy":
        return training.train(
            runs, data, initial=initial, order=order, augment=augment, progress=progress, resume=resume
        )
    check_engine(runs[0].engine)
    from nnexp.nn.compiled import train as train_compiled

    return train_compiled(
        runs, data, initial=initial, order=order, augment=augment, progress=progress, resume=resume
    )


def check_engine(engine: str) -> None:
    """Raise where an engine's library is missing."""
    if engine == "jax" and find_spec("jax") is None:
        raise UserError("engine=jax needs JAX: pip install 'nnexp[jax]'")
