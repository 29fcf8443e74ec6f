"""Splitting, choosing and scaling: pure functions on small arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from nnexp.data.split import (
    BOOK_TRAINING_SIZE,
    Part,
    add_shifts,
    book_split,
    consecutive_split,
    digits_split,
    keep_classes,
    scale_inputs,
)
from nnexp.errors import UserError
from nnexp.nn.examples import Examples


def numbered(n: int) -> Part:
    return Part(np.arange(n).reshape(n, 1), np.arange(n) % 10)


def test_book_split_is_first_50000_and_last_10000_in_file_order() -> None:
    parts = book_split(numbered(60_000), numbered(10_000))
    assert BOOK_TRAINING_SIZE == 50_000
    assert parts.training.inputs[:, 0].tolist() == list(range(50_000))
    assert parts.validation.inputs[:, 0].tolist() == list(range(50_000, 60_000))
    assert parts.test.inputs[:, 0].tolist() == list(range(10_000))


def test_digits_split_uses_every_example_once() -> None:
    parts = digits_split(numbered(1797))
    together = np.concatenate([part.inputs[:, 0] for part in parts])
    assert [len(part.labels) for part in parts] == [1200, 300, 297]
    assert sorted(together.tolist()) == list(range(1797))
    assert together.tolist() == np.random.default_rng(0).permutation(1797).tolist()
    assert all(np.array_equal(part.labels, part.inputs[:, 0] % 10) for part in parts)


def test_consecutive_split_takes_examples_in_order() -> None:
    parts = consecutive_split(numbered(10), 5, 3)
    assert [part.inputs[:, 0].tolist() for part in parts] == [[0, 1, 2, 3, 4], [5, 6, 7], [8, 9]]


def test_kept_classes_are_renumbered_in_the_order_given() -> None:
    part = Part(np.arange(6).reshape(6, 1), np.array([3, 8, 5, 8, 3, 9], np.uint8))
    kept = keep_classes(part, (8, 3))
    assert kept.inputs[:, 0].tolist() == [0, 1, 3, 4]
    assert kept.labels.tolist() == [1, 0, 0, 1]


def test_pixels_over_256_are_exact_in_float32() -> None:
    pixels = Part(np.arange(256, dtype=np.uint8).reshape(64, 2, 2), np.zeros(64, np.uint8))
    inputs, labels = scale_inputs(pixels, 256)
    assert (inputs.dtype, inputs.shape, labels.dtype) == (np.float32, (64, 4), np.int64)
    assert np.array_equal(inputs.astype(np.float64).ravel(), np.arange(256) / 256)


@given(st.floats(1e-3, 1e3), st.integers(0, 255))
def test_quotients_are_rounded_once(scale: float, pixel: int) -> None:
    inputs, _ = scale_inputs(Part(np.array([[pixel]], np.uint8), np.zeros(1, np.uint8)), scale)
    assert inputs[0, 0] == np.float32(pixel / scale)


@pytest.mark.parametrize("values", [[1e300], [-1e300], [1e39, 0.0]])
def test_inputs_beyond_float32_are_refused(values: list[float]) -> None:
    part = Part(np.array([values]), np.zeros(1, np.uint8))
    with pytest.raises(UserError, match=r"data\.scale must keep inputs finite in float32, got 1e\+3"):
        scale_inputs(part, 1)


def test_shifts_add_four_copies_moved_up_down_left_right() -> None:
    image = [[1, 2, 3], [4, 5, 6]]
    examples = Examples(np.array([image], np.float32).reshape(1, 6), np.array([7]))
    inputs, labels = add_shifts(examples, (2, 3), "shifts")
    assert inputs.reshape(-1, 2, 3).tolist() == [
        image,
        [[4, 5, 6], [0, 0, 0]],
        [[0, 0, 0], [1, 2, 3]],
        [[2, 3, 0], [5, 6, 0]],
        [[0, 1, 2], [0, 4, 5]],
    ]
    assert labels.tolist() == [7] * 5


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_shifts_equal_scipys(n: int, height: int, width: int, seed: int) -> None:
    images = np.random.default_rng(seed).random((n, height, width), dtype=np.float32)
    examples = Examples(images.reshape(n, -1), np.arange(n))
    inputs, labels = add_shifts(examples, (height, width), "shifts")
    moves = [(0, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)]
    expected = np.concatenate([ndimage.shift(images, move, order=0, cval=0) for move in moves])
    assert np.array_equal(inputs.reshape(-1, height, width), expected)
    assert np.array_equal(labels, np.tile(np.arange(n), 5))


def test_expand_none_is_the_examples_themselves() -> None:
    examples = Examples(np.arange(8, dtype=np.float32).reshape(2, 4), np.arange(2))
    inputs, labels = add_shifts(examples, (2, 2), "none")
    assert np.array_equal(inputs, examples.inputs)
    assert np.array_equal(labels, examples.labels)
