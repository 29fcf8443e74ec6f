"""How good K networks are: cost and accuracy over whole sets, and the penalty on their weights."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nnexp.nn.arrays import PerRun
from nnexp.nn.compiled.epoch import Part
from nnexp.nn.compiled.network import Layers, product
from nnexp.nn.compiled.units import Array, Units
from nnexp.nn.hyperparameters import Hyperparameters

NUMBERS = 2**24  # in the widest layer of all runs, for the examples that pass at once


class Scores(NamedTuple):
    """Sums over portions of a part, on the device: `cost (portions, K)`, and examples that are `right`."""

    cost: Array
    right: Array


@partial(jax.jit, static_argnames="units")
def scores(layers: Layers, part: Part, units: Units) -> Scores:
    """Cost and right answers of K networks over all examples of a part."""
    K, n = len(layers[0][0]), len(part.labels)
    size = min(n, max(1, NUMBERS // (K * max(W.shape[1] for W, _ in layers))))
    whole = n - n % size
    portions = Part(*(array[:whole].reshape(-1, size, *array.shape[1:]) for array in part))

    def portion_scores(done: None, portion: Part) -> tuple[None, Scores]:
        return done, scores_at_once(layers, portion, units)

    _, found = jax.lax.scan(portion_scores, None, portions)
    if whole == n:
        return found
    rest = scores_at_once(layers, Part(*(array[whole:] for array in part)), units)
    return Scores(*(jnp.concatenate([many, one[None]]) for many, one in zip(found, rest, strict=True)))


def scores_at_once(layers: Layers, part: Part, units: Units) -> Scores:
    """The same for few examples: a column for each, as in the book, a (K, units, n)."""
    a = part.inputs.T
    for W, b in layers:
        z = product("koi,kin->kon" if a.ndim == 3 else "koi,in->kon", W, a) + b.swapaxes(1, 2)
        a = units.hidden.function(z)
    z = z.swapaxes(1, 2)
    winners = units.output.function(z).argmax(axis=-1)
    return Scores(units.output.cost(z, part.targets).sum(axis=1), (winners == part.labels).sum(axis=1))


class Sizes(NamedTuple):
    """Sums over all weights of each run, on the device, and whether all parameters are finite; (K,)."""

    squares: Array
    magnitudes: Array
    finite: Array


@jax.jit
def sizes_of(layers: Layers) -> Sizes:
    """How large the parameters are."""
    weights = [W for W, _ in layers]
    finite = [jnp.isfinite(array).all(axis=(1, 2)) for layer in layers for array in layer]
    return Sizes(
        squares=sum(jnp.square(W).sum(axis=2).sum(axis=1) for W in weights),
        magnitudes=sum(jnp.abs(W).sum(axis=2).sum(axis=1) for W in weights),
        finite=jnp.stack(finite).all(axis=0),
    )


def metrics_of(name: str, found: Scores, n: int) -> dict[str, PerRun]:
    """NAME_cost, the mean, and NAME_accuracy, a fraction, over n examples."""
    cost, right = (np.asarray(array).astype(np.float64).sum(axis=0) for array in found)
    return {name + "_cost": cost / n, name + "_accuracy": right / n}


def penalty(runs: Sequence[Hyperparameters], sizes: Sizes, n: int) -> PerRun:
    """lambda_l2/(2n) sum w^2 + lambda_l1/n sum|w| (K,) (book, eqs. 87, 95); a lambda of 0 adds nothing."""
    terms = np.zeros(len(runs))
    for name, factor, sums in (("lambda_l2", 1 / 2, sizes.squares), ("lambda_l1", 1, sizes.magnitudes)):
        strength = np.array([getattr(run, name) for run in runs])
        terms += np.where(strength, factor * strength / n * np.asarray(sums, np.float64), 0)
    return terms
