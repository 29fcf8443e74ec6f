"""How weights and biases start. Every draw is made in float64, so that both dtypes start alike."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Draw = NDArray[np.float64]
Initializer = Callable[[np.random.Generator, int, int], Draw]  # (rng, fan_out, fan_in) -> (fan_out, fan_in)


def normal(variance: Callable[[int, int], float]) -> Initializer:
    """N(0, variance(fan_out, fan_in))."""
    return lambda rng, fan_out, fan_in: rng.normal(0, variance(fan_out, fan_in) ** 0.5, (fan_out, fan_in))


def uniform(variance: Callable[[int, int], float]) -> Initializer:
    """Uniform about 0 with variance(fan_out, fan_in)."""

    def draw(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
        limit = (3 * variance(fan_out, fan_in)) ** 0.5
        return rng.uniform(-limit, limit, (fan_out, fan_in))

    return draw


def orthogonal(rng: np.random.Generator, fan_out: int, fan_in: int) -> Draw:
    """Orthonormal rows or columns, whichever are fewer, evenly distributed (Saxe et al. 2014)."""
    q, r = np.linalg.qr(rng.standard_normal((max(fan_out, fan_in), min(fan_out, fan_in))))
    q *= np.sign(np.diagonal(r))  # q alone would follow the library's choice of signs
    return np.ascontiguousarray(q if fan_out >= fan_in else q.T)


INITIALIZERS: dict[str, Initializer] = {
    "standard_normal": normal(lambda fan_out, fan_in: 1),  # the book's "large" weights
    "lecun_normal": normal(lambda fan_out, fan_in: 1 / fan_in),  # the book's default (LeCun et al. 1998)
    "glorot_normal": normal(lambda fan_out, fan_in: 2 / (fan_in + fan_out)),  # Glorot & Bengio 2010
    "glorot_uniform": uniform(lambda fan_out, fan_in: 2 / (fan_in + fan_out)),
    "he_normal": normal(lambda fan_out, fan_in: 2 / fan_in),  # He et al. 2015, for relu layers
    "he_uniform": uniform(lambda fan_out, fan_in: 2 / fan_in),
    "orthogonal": orthogonal,
    "zeros": lambda rng, fan_out, fan_in: np.zeros((fan_out, fan_in)),
}
BIAS_INITIALIZERS: dict[str, Callable[[np.random.Generator, int], Draw]] = {
    "standard_normal": lambda rng, fan_out: rng.standard_normal(
        fan_out
    ),  # the book's, beside small weights too
    "zeros": lambda rng, fan_out: np.zeros(fan_out),
}
