"""What training one run leaves behind."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["finished", "diverged", "pruned", "stopped"]
History = dict[str, list[float | int | None]]


@dataclass(frozen=True)
class Result:
    """One trained run. `status`: `pruned` if the caller ended it early, `stopped` if it ended all runs.

    `epochs_done`: whole passes, the one that diverged not counted.

    `history`: columns of equal length, a row per evaluated epoch: `epoch` (passes done, 1..E),
    `training_cost, training_accuracy, validation_cost, validation_accuracy, test_cost,
    test_accuracy` (None unless the monitor asks), `penalty`, `seconds` (training time since the
    start, evaluation excluded), then monitors, sorted by name.
    `weights[l] (fan_out, fan_in)`, `biases[l] (fan_out,)`: the kept network, after `kept_epoch` passes.
    `test_cost`, `test_accuracy`: of the kept network (None when diverged).
    `seconds`, `evaluation_seconds`: the run's share: each epoch's time / the runs that took part in it.
    `stack_size`: how many runs `train` was given; the most of them, if the run was resumed.
    """

    status: Status
    epochs_done: int
    history: History
    weights: list[NDArray[np.floating]]
    biases: list[NDArray[np.floating]]
    kept_epoch: int
    test_cost: float | None
    test_accuracy: float | None
    seconds: float
    evaluation_seconds: float
    stack_size: int
