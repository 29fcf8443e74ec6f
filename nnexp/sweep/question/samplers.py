"""Where in the unit cube settings are tried. Each sequence is one whatever its length: a larger budget keeps
what was tried.

halton: scrambled Halton sequence (Owen 2017, arXiv:1706.02808), which fills each range evenly at any length.
sobol: scrambled Sobol sequence, as even at lengths that are powers of two. random: independent draws.

tpe, gp, cmaes are no sequences: they learn from what was tried (`asked`).
"""

import warnings
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
SEED = 0  # of the sequences: all sweeps try the same places of their cubes


def _halton(count: int, dimensions: int) -> Shares:
    from scipy.stats import qmc

    return qmc.Halton(dimensions, scramble=True, rng=np.random.default_rng(SEED)).random(count)


def _sobol(count: int, dimensions: int) -> Shares:
    from scipy.stats import qmc

    with warnings.catch_warnings():  # that the length is no power of two
        warnings.simplefilter("ignore", UserWarning)
        return qmc.Sobol(dimensions, scramble=True, rng=np.random.default_rng(SEED)).random(count)


def _random(count: int, dimensions: int) -> Shares:
    return np.random.default_rng(SEED).random((count, dimensions))


ASKED = ("tpe", "gp", "cmaes")
SEQUENCES: Mapping[str, Callable[[int, int], Shares]] = {
    "halton": _halton,
    "sobol": _sobol,
    "random": _random,
}


def places(sampler: str, count: int, dimensions: int) -> Shares:
    """The first `count` places (count, dimensions) of a sequence, each share >= 0 and < 1."""
    return SEQUENCES[sampler](count, dimensions)
