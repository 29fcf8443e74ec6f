"""BLAS works in place: a product that went to a copy would be lost without a word."""

from itertools import product

import numpy as np
import pytest

from nnexp.nn import blas
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import aligned
from nnexp.nn.backprop import Backprop
from nnexp.nn.blas import (
    IN_PLACE,
    PLAIN,
    TRANSPOSED,
    forward_portions,
    gemm_of,
    gradient_portions,
    transposes,
)
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.layers import forward, forward_layers, run_all, trained_layers
from nnexp.nn.network import Batch, Network, Parameters

SIZES = [(3, 1), (1, 1), (5, 2), (5, 1, 3), (784, 30, 10), (7, 4, 4, 1)]


@pytest.fixture(params=[False, True], ids=["whole products", "small products"])
def small_products(request, monkeypatch):
    """Whichever kernel is at work."""
    monkeypatch.setattr(blas, "has_small_products", lambda: request.param)
    return request.param


def random_backprop(sizes, K, B, dtype):
    """Networks and a mini-batch of random numbers, to be passed."""
    rng = np.random.default_rng(0)
    parameters = Parameters.zeros(sizes, K, dtype)
    parameters.flat[:] = 0.1 * rng.standard_normal(parameters.flat.shape)
    network = Network(sizes, ACTIVATIONS["tanh"], OUTPUTS["sigmoid", "quadratic"])
    block = aligned((K, 3 * B, sizes[0]), dtype)
    block[:] = rng.random(block.shape)
    batch = Batch(block[:, B : 2 * B], rng.random((1, B, sizes[-1])).astype(dtype), range(K))
    return parameters, Backprop(network, parameters, trained_layers(network, parameters, B), batch)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("sizes", "K", "B"), [*product(SIZES, [1, 3], [1, 2, 10, 100])])
def test_every_product_writes_to_the_memory_of_its_target(sizes, K, B, dtype, small_products):
    parameters, backprop = random_backprop(sizes, K, B, dtype)
    gradients = backprop.gradients(parameters, [0.1] * K, [0.9] * K)
    products = [call for call in backprop.calls + gradients if call.func is gemm_of(dtype)]
    whole = K * (4 * (len(sizes) - 1) - 1)
    assert len(products) > whole if small_products and (sizes[0], B) == (784, 100) else len(products) == whole
    for call in products:
        _, A, B, _, C, *_ = call.args
        assert np.shares_memory(call(), C)
        assert A.flags.f_contiguous  # no copy of what is read either
        assert B.flags.f_contiguous


@pytest.mark.parametrize("sizes", [(784, 100, 10), (300, 100, 60, 10)])
def test_in_portions_a_step_is_the_step_in_whole_products(sizes, monkeypatch):
    """Forward, BP2 and BP4, with a factor that must be applied once only."""
    arrays = []
    for small in (False, True):
        monkeypatch.setattr(blas, "has_small_products", lambda small=small: small)
        parameters, backprop = random_backprop(sizes, 2, 99, "float64")
        run_all([*backprop.calls, *backprop.gradients(parameters, [-0.1] * 2, [0.5] * 2)])
        arrays.append([parameters.flat, *(layer.delta for layer in backprop.layers), backprop.top.a])
    for whole, portions in zip(*arrays, strict=True):
        np.testing.assert_allclose(portions, whole, rtol=1e-12, atol=1e-14)


def test_a_forward_pass_alone_computes_what_training_computes(small_products):
    """Though its layers hold the weights the other way round, and have more units."""
    parameters, backprop = random_backprop((784, 30, 10), 2, 99, "float64")
    run_all(backprop.calls)
    tanh, sigmoid = backprop.network.activation.function, backprop.network.output.function
    layers = forward_layers(parameters.weights, parameters.biases, tanh, sigmoid, 99)
    run_all(forward(gemm_of(float), layers, backprop.batch.X_columns))
    np.testing.assert_allclose(layers[-1].a, backprop.top.a, rtol=1e-12)


@pytest.mark.parametrize("op", [PLAIN, TRANSPOSED])
def test_portions_are_all_examples_each_once_and_each_a_small_product(op, monkeypatch):
    monkeypatch.setattr(blas, "has_small_products", lambda: True)
    for fan_in, fan_out, B in product([1, 30, 784], [1, 10, 30, 100, 300, 2000], [1, 10, 99, 100, 1000]):
        for portions in (
            forward_portions(op, fan_in, fan_out, B),
            gradient_portions(fan_in * fan_out, B),
        ):
            examples = np.concatenate([np.arange(B)[some] for some in portions])
            np.testing.assert_array_equal(examples, np.arange(B))
            sizes = [len(np.arange(B)[some]) for some in portions]
            assert len(sizes) == 1 or max(sizes) * fan_in * fan_out <= 10**6
    assert len(forward_portions(op, 784, 100, 100)) > 1
    assert len(forward_portions(op, 784, 100, 1000)) == 1  # so many pay for being copied into panels
    assert max(some.stop - some.start for some in forward_portions(TRANSPOSED, 100, 60, 100)) * 60 <= 1200


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_product_is_alpha_a_b_plus_beta_c(dtype):
    rng = np.random.default_rng(0)
    A, B, C = (rng.integers(-9, 9, shape).astype(dtype) for shape in [(4, 3), (2, 3), (4, 2)])
    [A_T], [B_T], [C_T] = (transposes(matrix[np.newaxis].copy()) for matrix in (A, B, C))
    gemm_of(dtype)(0.5, B_T, A_T, 2.0, C_T, TRANSPOSED, PLAIN, IN_PLACE)
    np.testing.assert_array_equal(C_T.T, 0.5 * A @ B.T + 2 * C)


def test_what_was_in_a_target_that_is_not_kept_does_not_count():
    """Not even a NaN: the buffers of a run that diverged are used again."""
    C = np.full((2, 2), np.nan)
    gemm_of(float)(1.0, np.eye(2), np.eye(2), 0.0, C.T, PLAIN, PLAIN, IN_PLACE)
    np.testing.assert_array_equal(C, np.eye(2))


@pytest.mark.parametrize(("kernel", "small"), [("SkylakeX", True), ("Haswell", False), ("unknown", False)])
def test_small_products_are_those_of_avx_512(kernel, small, monkeypatch):
    monkeypatch.setattr(blas, "blas_kernels", lambda: {"numpy": "Zen", "scipy": kernel})
    assert blas.has_small_products.__wrapped__() is small
