"""Monitors of compiled runs: gradients, slopes and answers from the device, the core's formulas on these."""

from collections.abc import Sequence
from functools import partial

import jax
import numpy as np
from numpy.typing import NDArray

from nnexp.nn import monitors as core
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import Array as HostArray
from nnexp.nn.arrays import PerRun
from nnexp.nn.compiled.epoch import Part
from nnexp.nn.compiled.evaluation import MOST, logits
from nnexp.nn.compiled.network import Layers, backprop, feedforward
from nnexp.nn.compiled.units import Array, Units
from nnexp.nn.hyperparameters import Hyperparameters


def weights_before(common: Hyperparameters, layers: Layers) -> list[HostArray] | None:
    """A copy of the weights before an epoch, which uses them up, if a monitor asks for it."""
    return [np.array(W) for W, _ in layers] if "update_norm" in common.monitor else None


def watch(
    common: Hyperparameters,
    units: Units,
    layers: Layers,
    training: Part,
    validation: Part,
    before: Sequence[HostArray] | None,
) -> dict[str, PerRun]:
    """The columns (K,) of `nnexp.nn.monitors.watch`, by the same names, for what the runs' monitors name."""
    columns: dict[str, PerRun] = {}
    weights = [np.asarray(W) for W, _ in layers]
    if "gradient_norm" in common.monitor or "saturated_share" in common.monitor:
        gradient, slopes = gradients(layers, training, units)
        if "gradient_norm" in common.monitor:
            for place, name in enumerate(("weight", "bias")):
                arrays = [np.asarray(pair[place]) for pair in gradient]
                columns |= core.norms_by_layer("gradient_norm_" + name, arrays)
        if "saturated_share" in common.monitor:
            steepest = ACTIVATIONS[common.activation].steepest
            columns |= core.saturated_shares(map(np.asarray, slopes), steepest)
    if "weight_norm" in common.monitor:
        columns |= core.norms_by_layer("weight_norm", weights)
    if "small_weights" in common.monitor:
        columns |= core.by_layer("small_weights", map(core.small_shares, weights))
    if before is not None:
        changes = map(partial(np.subtract, dtype=np.float64), weights, before)
        columns |= core.norms_by_layer("update_norm", changes)
    if "dead_classes" in common.monitor:
        labels = np.asarray(validation.labels)
        columns["dead_classes"] = core.dead_classes(winners(layers, validation, units), labels)
    return dict(sorted(columns.items()))


@partial(jax.jit, static_argnames="units")
def gradients(layers: Layers, part: Part, units: Units) -> tuple[Layers, list[Array]]:
    """Gradient of the mean data cost over the first examples of a part, as many as the core takes, and f'(z)
    of each hidden layer, (K, n, fan_out)."""
    x, y = part.inputs[: core.SAMPLE], part.targets[: core.SAMPLE]
    masks = [None] * (len(layers) - 1)
    _, slopes, _ = feedforward(layers, x, units, masks)
    return backprop(layers, x, y, units, masks), slopes


def winners(layers: Layers, part: Part, units: Units) -> NDArray[np.intp]:
    """The strongest output unit for each example of a part, (K, n)."""
    starts = range(0, len(part.inputs), MOST)
    found = [strongest(layers, part.inputs[start : start + MOST], units) for start in starts]
    return np.concatenate([np.asarray(each, np.intp) for each in found], axis=1)


@partial(jax.jit, static_argnames="units")
def strongest(layers: Layers, inputs: Array, units: Units) -> Array:
    """The same for some inputs."""
    return units.output.function(logits(layers, inputs, units)).argmax(axis=-1)
