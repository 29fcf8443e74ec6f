"""The core is tested as it is used: with one thread of NumPy's BLAS and of SciPy's."""

from collections.abc import Iterator

import pytest

from nnexp.nn import kernels


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread() -> Iterator[None]:
    with kernels.one_blas_thread():
        yield
