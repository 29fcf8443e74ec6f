"""States of compiled runs: as those of the core, bit for bit on the same device, in the same turns."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from nnexp.errors import UserError
from nnexp.nn.arrays import Array as HostArray
from nnexp.nn.compiled.epoch import State
from nnexp.nn.compiled.feed import Places
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.optimizers import DAMPING, Memory
from nnexp.nn.compiled.start import first_state, layers_of, remembered
from nnexp.nn.compiled.turns import Turn
from nnexp.nn.compiled.units import Array
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.network import Parameters
from nnexp.nn.state import RunState, check_memory, log_values, parameters_of
from nnexp.nn.streams import seed_of
from nnexp.text import spelled


def states(
    turns: Sequence[Turn],
    epoch: int,
    places: Places,
    premises: Sequence[Mapping[str, Any]],
) -> list[RunState]:
    """Every run's state after an epoch, also of those that have ended. `places`: where streams stood then."""
    found = []
    for turn in turns:
        memory = dict(turn.state.memory)
        damping = np.asarray(memory.pop(DAMPING)) if DAMPING in memory else None
        by_name = {"snapshot": turn.kept, "parameters": turn.state.layers, **memory}
        flat = {name: flat_of(layers) for name, layers in by_name.items()}
        steps = np.array(turn.state.steps)
        for k, (log, run) in enumerate(zip(turn.logs, turn.runs, strict=True)):
            arrays = {name: rows.flat[k].copy() for name, rows in flat.items()} | {"steps": steps}
            if damping is not None:
                arrays[DAMPING] = damping[k, 0].copy()
            streams = dict[str, dict[str, Any]]()
            for purpose, by_seed in places.items():
                streams[purpose] = by_seed[seed_of(run, purpose)]
            if log.ended:
                arrays, streams = {"snapshot": arrays["snapshot"]}, {}
            sizes = list(flat["snapshot"].sizes)
            found.append(RunState(dict(premises[log.row]), sizes, epoch, log_values(log), streams, arrays))
    return found


def flat_of(layers: Layers) -> Parameters:
    """The same from the device, as one array."""
    pairs = [(np.asarray(W), np.asarray(b)) for W, b in layers]
    K, _, inputs = pairs[0][0].shape
    parameters = Parameters.zeros([inputs, *(W.shape[1] for W, _ in pairs)], K, pairs[0][0].dtype)
    for (W, b), own_W, own_b in zip(pairs, parameters.weights, parameters.biases, strict=True):
        own_W[:], own_b[:] = W, b
    return parameters


def resumed_state(runs: Sequence[Hyperparameters], states: Sequence[RunState]) -> State:
    """Where runs go on."""
    state = first_state(runs, parameters_of(states))
    going = [each for each in states if each.log["ending"] is None]
    steps = {int(each.arrays["steps"]) for each in going}
    if len(steps) > 1:
        raise UserError(f"states of one stack must agree in steps, got {spelled(sorted(steps))}")
    memory: Memory = {name: layers_of(remembered_by(name, states)) for name in remembered(runs)}
    if DAMPING in state.memory:
        memory[DAMPING] = damping_of(runs, states)
    return state._replace(memory=memory, steps=jnp.asarray(max(steps, default=0), jnp.int32))


def remembered_by(name: str, states: Sequence[RunState]) -> Parameters:
    """What the runs' optimizers remember under a name; zero for those that have ended, and for the velocity
    of a run without momentum."""
    room = Parameters.zeros(states[0].sizes, len(states), states[0].premises["dtype"])
    for flat, state in zip(room.flat, states, strict=True):
        needs = state.log["ending"] is None and (name != "velocity" or state.premises["momentum"])
        if needs:
            check_memory(state.arrays, {name: flat[np.newaxis]})
        if name in state.arrays:
            flat[:] = state.arrays[name]
    return room


def damping_of(runs: Sequence[Hyperparameters], states: Sequence[RunState]) -> Array:
    """Where the damping of each run stood; any number for one that has ended."""
    damping = np.ones((len(states), 1), runs[0].dtype)
    for row, state in zip(damping, states, strict=True):
        if state.log["ending"] is None:
            check_memory(state.arrays, {DAMPING: row[np.newaxis]})
            row[:] = state.arrays[DAMPING]
    return jnp.asarray(damping[:, :, np.newaxis])


def kept_layers(states: Sequence[RunState]) -> Layers:
    """What the runs keep so far."""
    snapshots: list[HostArray] = [state.arrays["snapshot"] for state in states]
    return layers_of(Parameters(states[0].sizes, np.stack(snapshots)))
