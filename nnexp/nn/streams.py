"""Randomness is an argument: one independent stream per seed and purpose, and no global generator."""

from typing import Literal, get_args

import numpy as np

Purpose = Literal["weights", "biases", "order", "dropout", "augmentation"]


def stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """Generator for one purpose: changing the initializer, say, leaves the order of examples alone."""
    key = get_args(Purpose).index(purpose)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
