"""Randomness is an argument: one independent stream per seed and purpose, and no global generator."""

from typing import Literal, get_args

import numpy as np

from nnexp.nn.hyperparameters import Hyperparameters

Purpose = Literal["weights", "biases", "order", "dropout", "augmentation", "input_dropout"]


def seed_of(run: Hyperparameters, purpose: Purpose) -> int:
    """The seed of one of the run's streams: its own, as `seed_weights`, or the run's."""
    own: int | None = getattr(run, "seed_" + purpose)
    return run.seed if own is None else own


def follows_seed(run: Hyperparameters, distorted: bool) -> bool:
    """Whether any of the run's draws depends on its `seed`: not if all streams in use have their own.

    `distorted`: whether its images are.
    """
    unused = {*run.silent_streams, *([] if distorted else ["augmentation"])}
    return any(getattr(run, f"seed_{p}") is None for p in get_args(Purpose) if p not in unused)


def stream(seed: int, purpose: Purpose) -> np.random.Generator:
    """Generator for one purpose: changing the initializer, say, leaves the order of examples alone."""
    key = get_args(Purpose).index(purpose)
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(key,)))
