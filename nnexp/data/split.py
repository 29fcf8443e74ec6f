"""From a source's values to training, validation and test: pure functions, part of every run's numerics."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.errors import UserError
from nnexp.nn.examples import Examples

BOOK_TRAINING_SIZE = 50_000
DIGITS_TRAINING_SIZE, DIGITS_VALIDATION_SIZE = 1_200, 300
LARGEST_FLOAT32 = float(np.finfo(np.float32).max)

# Name -> shifts (rows down, columns right) of which each adds a copy of every training image.
EXPANSIONS: dict[str, tuple[tuple[int, int], ...]] = {
    "none": (),
    "shifts": ((-1, 0), (1, 0), (0, -1), (0, 1)),
}


class Part(NamedTuple):
    """Examples as a source gives them: `inputs (n, ...)` of any number type, `labels (n,)` integers."""

    inputs: NDArray[Any]
    labels: NDArray[Any]


class Parts(NamedTuple):
    """The three parts of a source."""

    training: Part
    validation: Part
    test: Part


def book_split(training: Part, test: Part) -> Parts:
    """The book's split of MNIST: first 50,000 / last 10,000 of the training file / the test file."""
    return Parts(_slice(training, 0, BOOK_TRAINING_SIZE), _slice(training, BOOK_TRAINING_SIZE, None), test)


def digits_split(examples: Part) -> Parts:
    """One fixed permutation, then 1,200 / 300 / the rest: in file order the test part is by other writers."""
    order = np.random.default_rng(0).permutation(len(examples.labels))
    examples = Part(examples.inputs[order], examples.labels[order])
    return consecutive_split(examples, DIGITS_TRAINING_SIZE, DIGITS_VALIDATION_SIZE)


def consecutive_split(examples: Part, training_size: int, validation_size: int) -> Parts:
    """The first examples for training, the next for validation, the rest for the test."""
    end = training_size + validation_size
    return Parts(
        _slice(examples, 0, training_size), _slice(examples, training_size, end), _slice(examples, end, None)
    )


def first_examples(examples: Examples, n: int | None) -> Examples:
    """The first n examples, or all of them."""
    return Examples(examples.inputs[:n], examples.labels[:n])


def keep_classes(part: Part, classes: Sequence[int]) -> Part:
    """The examples of these labels, in their order. A label becomes its place in `classes`."""
    keep = np.isin(part.labels, classes)
    labels = part.labels[keep].astype(np.int64)
    numbers = np.empty_like(labels)
    for number, label in enumerate(classes):
        numbers[labels == label] = number
    return Part(part.inputs[keep], numbers)


def scale_inputs(part: Part, scale: float) -> Examples:
    """Inputs flattened to `(n, d)` and divided by `scale`, rounded once to float32; labels as int64.

    Raises:
        UserError: a quotient is no finite float32.
    """
    inputs = part.inputs.reshape(len(part.labels), -1)
    largest = max(abs(float(inputs.max())), abs(float(inputs.min())))
    if not largest / scale <= LARGEST_FLOAT32:
        raise UserError(f"data.scale must keep inputs finite in float32, got {largest:g} / {scale:g}")
    quotients = np.empty(inputs.shape, np.float32)
    np.divide(inputs, scale, out=quotients, dtype=np.float64, casting="same_kind")
    return Examples(quotients, part.labels.astype(np.int64))


def add_shifts(examples: Examples, image_shape: tuple[int, int], expand: str) -> Examples:
    """The n examples, followed by n copies for each shift of EXPANSIONS; zeros are shifted in."""
    shifts = EXPANSIONS[expand]
    images = examples.inputs.reshape(-1, *image_shape)
    copies = np.zeros((1 + len(shifts), *images.shape), images.dtype)
    copies[0] = images
    for copy, (down, right) in zip(copies[1:], shifts, strict=True):
        rows_to, rows_from = _slices(down, image_shape[0])
        columns_to, columns_from = _slices(right, image_shape[1])
        copy[:, rows_to, columns_to] = images[:, rows_from, columns_from]
    return Examples(copies.reshape(-1, examples.inputs.shape[1]), np.tile(examples.labels, len(copies)))


def _slices(step: int, size: int) -> tuple[slice, slice]:
    """Where pixels go to and come from along an axis of `size` that is shifted by `step`."""
    return slice(max(step, 0), size + min(step, 0)), slice(max(-step, 0), size + min(-step, 0))


def _slice(part: Part, start: int, end: int | None) -> Part:
    return Part(part.inputs[start:end], part.labels[start:end])
