"""BLAS works in place: a product that went to a copy would be lost without a word."""

from itertools import product

import numpy as np
import pytest

from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import aligned
from nnexp.nn.backprop import Backprop
from nnexp.nn.blas import IN_PLACE, PLAIN, TRANSPOSED, gemm_of, transposes
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.layers import trained_layers
from nnexp.nn.network import Batch, Network, Parameters

SIZES = [(3, 1), (1, 1), (5, 2), (5, 1, 3), (784, 30, 10), (7, 4, 4, 1)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("sizes", "K", "B"), [*product(SIZES, [1, 3], [1, 2, 10])])
def test_every_product_writes_to_the_memory_of_its_target(sizes, K, B, dtype):
    parameters = Parameters.zeros(sizes, K, dtype)
    network = Network(sizes, ACTIVATIONS["tanh"], OUTPUTS["sigmoid", "quadratic"])
    block = aligned((K, 3 * B, sizes[0]), dtype)
    batch = Batch(block[:, B : 2 * B], np.zeros((1, B, sizes[-1]), dtype), range(K))
    backprop = Backprop(network, parameters, trained_layers(network, parameters, B), batch)
    gradients = backprop.gradients(parameters, [0.1] * K, [0.9] * K)
    products = [call for call in backprop.calls + gradients if call.func is gemm_of(dtype)]
    assert len(products) == K * (4 * (len(sizes) - 1) - 1)
    for call in products:
        _, A, B, _, C, *_ = call.args
        assert np.shares_memory(call(), C)
        assert A.flags.f_contiguous  # no copy of what is read either
        assert B.flags.f_contiguous


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
