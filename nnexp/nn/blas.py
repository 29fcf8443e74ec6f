"""The one BLAS routine of this package: C <- alpha A B + beta C, in place.

BLAS counts along columns first, so it reads the memory of a NumPy matrix as its transpose. For a mini-batch
(B, units) that is the book's own notation: a matrix with a column for each example. Weights (fan_out, fan_in)
are read as W^T. So all matrices go to BLAS as `transposes`, without a copy.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from nnexp.nn.arrays import Array

# gemm(alpha, A, B, beta, C, transposes A?, transposes B?, overwrites C?)
Gemm = Callable[[float, Array, Array, float, Array, int, int, int], Any]
PLAIN, TRANSPOSED, IN_PLACE = 0, 1, 1


def gemm_of(dtype: DTypeLike) -> Gemm:
    """BLAS's product of matrices in float32 or float64; SciPy loads here, where a network first computes."""
    from scipy.linalg import blas

    gemm: Gemm = blas.sgemm if np.dtype(dtype) == np.float32 else blas.dgemm
    return gemm


def transposes(matrices: Array) -> list[Array]:
    """The matrices of a stack (K, rows, columns) as BLAS reads them: K views (columns, rows)."""
    return [matrix.T for matrix in matrices]
