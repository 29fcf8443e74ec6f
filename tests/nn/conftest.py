"""The core is tested as it is used: with one thread of NumPy's BLAS and of SciPy's."""

from collections.abc import Iterator

import pytest

from nnexp.sweep.pool import blas


@pytest.fixture(autouse=True, scope="module")
def one_blas_thread() -> Iterator[None]:
    with blas.one_blas_thread():
        yield
