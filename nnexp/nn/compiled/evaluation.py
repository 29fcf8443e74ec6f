"""How good K networks are: cost and accuracy over whole sets, and the penalty on their weights."""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnexp.nn.arrays import PerRun
from nnexp.nn.compiled.epoch import Part
from nnexp.nn.compiled.network import Layers, product
from nnexp.nn.compiled.units import Array, Units
from nnexp.nn.hyperparameters import Hyperparameters

NUMBERS = 2**24  # in the widest layer of all runs, for the examples that pass at once
MOST = 2**12  # examples at once: parts of more differ in nothing for which products are tuned
# By kind of device. On cards XLA would try its own (Triton's) products for each shape, which takes ten times
# as long as all else and gains 7 % at most (docs/accelerator.md).
COMPILER_OPTIONS = {"gpu": {"xla_gpu_enable_triton_gemm": False}}


class Scores(NamedTuple):
    """Sums over portions of a part, on the device: `cost (portions, K)`, and examples that are `right`."""

    cost: Array
    right: Array


def scores(layers: Layers, part: Part, units: Units) -> Scores:
    """Cost and right answers of K networks over all examples of a part."""
    found: Scores = compiled_scores(jax.default_backend())(layers, part, units)
    return found


@cache
def compiled_scores(kind: str) -> Any:
    """`scores_by_portions`, compiled at its first call, for this kind of device."""
    return jax.jit(scores_by_portions, static_argnames="units", compiler_options=COMPILER_OPTIONS.get(kind))


def scores_by_portions(layers: Layers, part: Part, units: Units) -> Scores:
    """The same, traced: a scan over portions of the part.

    The last portion reaches back, so that all are of one size; what it has in common with the one before it
    does not count.
    """
    K, n = len(layers[0][0]), len(part.labels)
    size = min(n, MOST, max(1, NUMBERS // (K * max(W.shape[1] for W, _ in layers))))

    def portion_scores(done: None, start: Array) -> tuple[None, Scores]:
        first = jnp.minimum(start, n - size)
        portion = Part(*(jax.lax.dynamic_slice_in_dim(array, first, size) for array in part))
        is_new = first + jnp.arange(size) >= start
        return done, scores_at_once(layers, portion, is_new, units)

    _, found = jax.lax.scan(portion_scores, None, jnp.arange(0, n, size))
    return found


def scores_at_once(layers: Layers, part: Part, counts: Array, units: Units) -> Scores:
    """The same for few examples, of which some count."""
    z = logits(layers, part.inputs, units)
    cost = units.output.cost(z, part.targets)
    is_right = units.output.function(z).argmax(axis=-1) == part.labels
    return Scores(jnp.where(counts, cost, 0).sum(axis=1), (is_right & counts).sum(axis=1))


def logits(layers: Layers, inputs: Array, units: Units) -> Array:
    """z^L (K, n, C) of all runs for the same inputs (n, d): a column for each, as in the book, on the way."""
    a = inputs.T
    for W, b in layers:
        z = product(W, a) + b.swapaxes(1, 2)
        a = units.hidden.function(z)
    return z.swapaxes(1, 2)


class WeightSums(NamedTuple):
    """Sums over all weights of each run, on the device, and whether all parameters are finite; (K,)."""

    squares: Array
    magnitudes: Array
    finite: Array


@jax.jit
def weight_sums(layers: Layers) -> WeightSums:
    """How large the parameters are."""
    weights = [W for W, _ in layers]
    finite = [jnp.isfinite(array).all(axis=(1, 2)) for layer in layers for array in layer]
    return WeightSums(
        squares=jnp.stack([jnp.square(W).sum(axis=2).sum(axis=1) for W in weights]).sum(axis=0),
        magnitudes=jnp.stack([jnp.abs(W).sum(axis=2).sum(axis=1) for W in weights]).sum(axis=0),
        finite=jnp.stack(finite).all(axis=0),
    )


def metrics_of(name: str, found: Scores, n: int) -> dict[str, PerRun]:
    """NAME_cost, the mean, and NAME_accuracy, a fraction, over n examples."""
    cost, right = (np.asarray(array).astype(np.float64).sum(axis=0) for array in found)
    return {name + "_cost": cost / n, name + "_accuracy": right / n}


def penalty(runs: Sequence[Hyperparameters], weights: WeightSums, n: int) -> PerRun:
    """lambda_l2/(2n) sum w^2 + lambda_l1/n sum|w| (K,) (book, eqs. 87, 95); a lambda of 0 adds nothing."""
    terms = np.zeros(len(runs))
    for name, factor, sums in (("lambda_l2", 1 / 2, weights.squares), ("lambda_l1", 1, weights.magnitudes)):
        strength = np.array([getattr(run, name) for run in runs])
        terms += np.where(strength, factor * strength / n * np.asarray(sums, np.float64), 0)
    return terms
