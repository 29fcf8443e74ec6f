"""How large the parts are that networks are judged on."""

from typing import NamedTuple

import numpy as np

from nnexp.data.dataset import DataSpec
from nnexp.nn.examples import Data

WHOLE = ("nand",)  # data sets whose examples are no sample of more


class Judged(NamedTuple):
    """The knobs of a data set that decide what a network is judged on, beside its path: a sweep has one."""

    data: str
    validation_size: int | None
    classes: tuple[int, ...] | None


class Sizes(NamedTuple):
    """Validation and test examples, and classes. `majority`: how many validation examples are of the most
    frequent class."""

    validation: int
    test: int
    classes: int
    majority: int


def judged(data: DataSpec) -> Judged:
    """What decides the sizes of a data set."""
    return Judged(data.name, data.validation_size, data.classes)


def sizes_of(data: Data) -> Sizes:
    """Those of loaded examples."""
    validation, test = data.validation.labels, data.test.labels
    return Sizes(len(validation), len(test), data.n_classes, int(np.bincount(validation).max()))
