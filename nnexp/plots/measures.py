"""What a column measures: its words, its unit, and the values that it can take."""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
WORDS = {
    "gradient norm bias": "norm of the bias gradient",
    "gradient norm weight": "norm of the weight gradient",
    "saturated share": "share of saturated neurons",
    "weight norm": "norm of the weights",
    "small weights": "share of small weights",
    "update norm": "norm of the update",
}


class Measure(NamedTuple):
    """A column's name in words, its label with units, the factor to these units, and the largest value.

    `error`: whether 100 - value is an error rate; `log`: whether factors between values mean anything.
    """

    name: str
    label: str
    factor: float = 1.0
    most: float = np.inf
    error: bool = False
    log: bool = True

    def text(self, value: float) -> str:
        """A value as it is written in a picture: two digits of a percentage, four of anything else."""
        return f"{value:.2f}" if self.factor == 100 else f"{value:.4g}"

    def clip(self, values: ArrayLike) -> Floats:
        """Values without what cannot be: no measure is below 0, and no accuracy above 100 %."""
        return np.clip(np.asarray(values, np.float64), 0.0, self.most)


def measure_of(column: str) -> Measure:
    """`final_validation_accuracy` is the validation accuracy, in %; `weight_norm_2` a norm of weights."""
    name = re.sub(r"_(\d+)$", "", column.removeprefix("final_").removeprefix("best_")).replace("_", " ")
    name = WORDS.get(name, name)
    if name.endswith("accuracy") or name.startswith("share"):
        return Measure(name, f"{name} (%)", 100.0, 100.0, error=name.endswith("accuracy"), log=False)
    if "seconds" in name:
        name = name.replace("evaluation seconds", "evaluation time").replace("seconds", "training time")
        return Measure(name, f"{name} (s)")
    if name == "dead classes":
        return Measure(name, f"{name} (under 10 % right)", log=False)
    return Measure(name, name)
