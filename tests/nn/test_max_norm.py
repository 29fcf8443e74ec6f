"""The max-norm constraint: hidden units' incoming weights are never longer than the limit after a step."""

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.nn import Hyperparameters, train
from nnexp.nn.max_norm import limit_norms, norms_of
from nnexp.nn.plain import Layers, update
from tests import reference
from tests.nn.driving import layers_of, random_data, random_layers, read_only, stack_of


def limited(layers: Layers, limit: float) -> Layers:
    """One unit at a time: its row of W, scaled back if it is longer than the limit. Outputs have none."""
    *hidden, top = layers
    shorter = []
    for W, b in hidden:
        rows = []
        for w in W:
            length = sum(weight**2 for weight in w) ** 0.5
            rows.append(w * limit / length if length > limit else w)
        shorter.append((np.array(rows), b))
    return [*shorter, top]


@pytest.mark.parametrize("momentum", [0.0, 0.7])
@pytest.mark.parametrize("limit", [0.4, 1.0, 1e9])
def test_training_equals_the_loop_that_limits_one_unit_at_a_time(limit: float, momentum: float) -> None:
    rng = np.random.default_rng(0)
    data, network = random_data(rng, n=8, d=5, classes=3), random_layers(rng, [5, 4, 6, 3])
    h = Hyperparameters(
        batch_size=3, epochs=3, hidden_layers=2, learning_rate=0.8, momentum=momentum, lambda_l2=0.1,
        max_norm=limit, dtype="float64",
    )  # fmt: skip
    order = read_only(np.array([rng.permutation(8) for _ in range(3)]))
    examples = [(x, np.eye(3)[label]) for x, label in zip(*data.training, strict=True)]
    layers, velocity = network, [(0 * W, 0 * b) for W, b in network]
    for epoch in order:
        for batch in (epoch[:3], epoch[3:6], epoch[6:]):
            layers, velocity = update(
                layers, velocity, [examples[i] for i in batch], 8, h, reference.units(h)
            )
            layers = limited(layers, limit)
    [result] = train([h], data, initial=stack_of([network]), order=order)
    for (W, b), (expected_W, expected_b) in zip(layers_of(result), layers, strict=True):
        np.testing.assert_allclose(W, expected_W, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(b, expected_b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop", "adam", "adamw"])
def test_no_hidden_unit_ends_longer_than_its_limit_and_others_have_none(optimizer: str) -> None:
    data = random_data(np.random.default_rng(1), n=30, d=9, classes=4)
    common = {"optimizer": optimizer, "hidden_size": 6, "hidden_layers": 2, "epochs": 4, "learning_rate": 0.3}
    runs = [Hyperparameters(**common, max_norm=limit) for limit in (0.5, 0.0, 1e-6)]
    short, free, tiny = train(runs, data)
    for result, limit in ((short, 0.5), (tiny, 1e-6)):
        for W in result.weights[:-1]:
            assert np.linalg.norm(W, axis=1).max() <= limit * (1 + 1e-6)
        assert np.linalg.norm(result.weights[-1], axis=1).max() > limit
    assert np.linalg.norm(free.weights[0], axis=1).max() > 0.5


def test_a_limit_that_is_never_reached_changes_no_bit() -> None:
    data = random_data(np.random.default_rng(1), n=30, d=9, classes=4)
    far, none = train([Hyperparameters(epochs=3, max_norm=limit) for limit in (1e30, 0.0)], data)
    for array, same in zip(far.weights + far.biases, none.weights + none.biases, strict=True):
        assert array.tobytes() == same.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_whose_squares_overflow_are_scaled_like_others(dtype: type) -> None:
    large = np.finfo(dtype).max / 10
    W = np.array([[[3, 4], [0.3, 0.4]], [[3 * large, -4 * large], [0, 0]]], dtype)
    with np.errstate(over="ignore"):
        limit_norms([W], np.array([1.0, 2.0]))
    np.testing.assert_allclose(W, [[[0.6, 0.8], [0.3, 0.4]], [[1.2, -1.6], [0, 0]]], rtol=1e-6)


def test_a_weight_that_is_not_finite_stays_so() -> None:
    """Its run has diverged, and the limit must not hide it."""
    W = np.array([[[np.inf, 1]], [[np.nan, 1]]])
    with np.errstate(all="ignore"):
        limit_norms([W], np.array([1.0, 1.0]))
    assert not np.isfinite(W).all(axis=-1).any()


def test_lengths_are_those_of_numpy() -> None:
    rows = np.random.default_rng(0).standard_normal((5, 7))
    np.testing.assert_allclose(norms_of(rows)[:, 0], np.linalg.norm(rows, axis=1), rtol=1e-14)


def test_without_hidden_units_a_limit_is_refused() -> None:
    with pytest.raises(
        UserError, match="max_norm=3 limits the weights of hidden units: hidden_layers must be >= 1"
    ):
        Hyperparameters(max_norm=3, hidden_layers=0)
