"""How large the parts are that networks are judged on."""

from typing import NamedTuple

import numpy as np

from nnexp.data.dataset import DataSpec
from nnexp.nn.examples import Data

WHOLE = ("nand",)  # data sets whose examples are no sample of more


class Judged(NamedTuple):
    """The knobs of a data set that decide what a network is judged on."""

    data: str
    validation_size: int | None
    classes: tuple[int, ...] | None


class Sizes(NamedTuple):
    """Validation and test examples. `majority`: how many of validation's are of its most frequent class."""

    validation: int
    test: int
    majority: int

    @property
    def chance(self) -> float:
        """The highest validation accuracy of a network that gives every input the same class."""
        return self.majority / self.validation


def judged(data: DataSpec) -> Judged:
    """What decides the sizes of a data set."""
    return Judged(data.name, data.validation_size, data.classes)


def sizes_of(data: Data) -> Sizes:
    """Those of loaded examples."""
    validation, test = data.validation.labels, data.test.labels
    return Sizes(len(validation), len(test), int(np.bincount(validation).max()))
