"""The one BLAS routine of this package: C <- alpha A B + beta C, in place.

BLAS counts along columns first, so it reads the memory of a NumPy matrix as its transpose. For a mini-batch
(B, units) that is the book's own notation: a matrix with a column for each example. Weights (fan_out, fan_in)
are read as W^T. So all matrices go to BLAS as `transposes`, without a copy.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array
from nnexp.nn.kernels import blas_kernels

# gemm(alpha, A, B, beta, C, transposes A?, transposes B?, overwrites C?)
Gemm = Callable[[float, Array, Array, float, Array, int, int, int], Any]
PLAIN, TRANSPOSED, IN_PLACE = 0, 1, 1

# Those for AVX-512 multiply small matrices from where they stand, where others copy them into panels first.
SMALL_PRODUCT_KERNELS = ("SkylakeX", "Cooperlake", "SapphireRapids")
# What OpenBLAS takes for a small product: at most so many multiplications, and where A is transposed
# (SMALL_TARGET) also at most so many numbers in C.
SMALL, SMALL_TARGET = 10**6, 1200


def gemm_of(dtype: DTypeLike) -> Gemm:
    """BLAS's product of matrices in float32 or float64; SciPy loads here, where a network first computes."""
    from scipy.linalg import blas

    gemm: Gemm = blas.sgemm if np.dtype(dtype) == np.float32 else blas.dgemm
    return gemm


def transposes(matrices: Array) -> list[Array]:
    """The matrices of a stack (K, rows, columns) as BLAS reads them: K views (columns, rows)."""
    return [matrix.T for matrix in matrices]


@cache
def has_small_products() -> bool:
    """Whether the kernel at work has a way of its own for small products."""
    return blas_kernels()["scipy"] in SMALL_PRODUCT_KERNELS


def forward_portions(op: int, fan_in: int, fan_out: int, B: int) -> list[slice]:
    """Portions of B examples in which a layer's forward product is fastest: small ones, unless B is large.

    `op`: what BLAS does to the weights.
    """
    most = SMALL // (fan_in * fan_out)
    if op == TRANSPOSED:
        most = min(most, SMALL_TARGET // fan_out)
        size = most // 8 * 8 or most // 4 * 4
    else:
        size = most // 4 * 4
    return _portions(B, size if 16 * size >= B else 0)


def gradient_portions(n_weights: int, B: int) -> list[slice]:
    """Portions of B examples in which the products of BP2 and BP4 with a layer's weights are fastest."""
    most = SMALL // n_weights
    return _portions(B, most // 4 * 4 if most >= 8 else 0)


def _portions(B: int, size: int) -> list[slice]:
    """All in one where BLAS has no small products, or `size` is 0."""
    if not size or not has_small_products():
        return [slice(B)]
    return [slice(start, min(start + size, B)) for start in range(0, B, size)]
