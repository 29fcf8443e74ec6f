"""How weights and biases start. Every draw is made in float64, so that both dtypes start alike."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Draw = NDArray[np.float64]


def standard_normal(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """N(0, 1): the book's large weights, which saturate neurons with many inputs."""
    return rng.standard_normal((fan_out, fan_in))


def lecun_normal(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """N(0, 1/fan_in): the book's default (ch. 3; LeCun et al. 1998)."""
    return rng.standard_normal((fan_out, fan_in)) / np.sqrt(fan_in)


def glorot_normal(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """N(0, 2/(fan_in + fan_out)) (Glorot & Bengio 2010)."""
    return rng.standard_normal((fan_out, fan_in)) * np.sqrt(2 / (fan_in + fan_out))


def glorot_uniform(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """Uniform with variance 2/(fan_in + fan_out) (Glorot & Bengio 2010)."""
    limit = np.sqrt(6 / (fan_in + fan_out))
    return rng.uniform(-limit, limit, (fan_out, fan_in))


def he_normal(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """N(0, 2/fan_in): keeps the variance through relu layers (He et al. 2015)."""
    return rng.standard_normal((fan_out, fan_in)) * np.sqrt(2 / fan_in)


def he_uniform(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """Uniform with variance 2/fan_in (He et al. 2015)."""
    limit = np.sqrt(6 / fan_in)
    return rng.uniform(-limit, limit, (fan_out, fan_in))


def orthogonal(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """Orthonormal rows or columns, whichever are fewer, evenly distributed (Saxe et al. 2014)."""
    q, r = np.linalg.qr(rng.standard_normal((max(fan_out, fan_in), min(fan_out, fan_in))))
    q *= np.sign(np.diagonal(r))  # without this, q would depend on the sign convention of the library
    return np.ascontiguousarray(q if fan_out >= fan_in else q.T)


def standard_normal_bias(rng: np.random.Generator, fan_out: int) -> Draw:
    """N(0, 1): the book's biases, with small and large weights alike."""
    return rng.standard_normal(fan_out)


def zeros_bias(rng: np.random.Generator, fan_out: int) -> Draw:
    """All zero."""
    return np.zeros(fan_out)


INITIALIZERS: dict[str, Callable[[np.random.Generator, int, int], Draw]] = {
    "standard_normal": standard_normal,
    "lecun_normal": lecun_normal,
    "glorot_normal": glorot_normal,
    "glorot_uniform": glorot_uniform,
    "he_normal": he_normal,
    "he_uniform": he_uniform,
    "orthogonal": orthogonal,
}
BIAS_INITIALIZERS: dict[str, Callable[[np.random.Generator, int], Draw]] = {
    "standard_normal": standard_normal_bias,
    "zeros": zeros_bias,
}
