"""Turns: more runs than a cache holds train as several stacks, which take turns of one epoch."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from nnexp.nn import sizes
from nnexp.nn.arrays import Array, PerRun
from nnexp.nn.batches import Augment, Order, ReadyPart
from nnexp.nn.network import Network, Parameters
from nnexp.nn.runlog import HISTORY_METRICS, RunLog
from nnexp.nn.stack import TrainingStack
from nnexp.nn.state import RunState, check_memory, log_values
from nnexp.nn.streams import seed_of


class Turns:
    """The runs that `train` was given. `stacks`: those that still train; `logs`: all of them, in order."""

    def __init__(
        self,
        network: Network,
        logs: Sequence[RunLog],
        parameters: Parameters,
        parts: dict[str, ReadyPart],
        augment: Augment | None,
    ) -> None:
        self.network, self.logs = network, logs
        self.stacks = split_into_stacks(network, logs, parameters, parts, augment)

    def resume(self, states: Sequence[RunState]) -> None:
        """Let the runs go on from their states; parameters and logs have them already."""
        for stack in self.stacks:
            for k, log in enumerate(stack.logs):
                restore_run(stack, k, states[log.row])

    def epoch(self, epoch: int, order: Order | None) -> dict[str, PerRun]:
        """Train one epoch (0: none). Returns metrics (K,) by name, NaN for runs that had ended before."""
        metrics = {name: np.full(len(self.logs), np.nan) for name in HISTORY_METRICS}
        for stack in self.stacks:
            rows, columns = stack.epoch(epoch, order)
            for name, column in columns.items():
                metrics.setdefault(name, np.full(len(self.logs), np.nan))[rows] = column
        self._drop_empty()
        return metrics

    def prune(self, rows: Collection[int]) -> None:
        """End these runs."""
        for stack in self.stacks:
            stack.prune(rows)
        self._drop_empty()

    def _drop_empty(self) -> None:
        self.stacks = [stack for stack in self.stacks if stack.logs]

    def states(self, epoch: int, premises: Sequence[Mapping[str, Any]]) -> list[RunState]:
        """Every run's state after an epoch, also of those that have ended."""
        places = {log.row: (stack, k) for stack in self.stacks for k, log in enumerate(stack.logs)}
        states = []
        for log in self.logs:
            streams, arrays = {}, {"snapshot": log.snapshot.copy()}
            if log.row in places:
                stack, k = places[log.row]
                streams = {name: dict(rng.bit_generator.state) for name, rng in run_streams(stack, k).items()}
                arrays |= run_arrays(stack, k)
            units = list(self.network.sizes)
            states.append(RunState(dict(premises[log.row]), units, epoch, log_values(log), streams, arrays))
        return states


def split_into_stacks(
    network: Network,
    logs: Sequence[RunLog],
    parameters: Parameters,
    parts: dict[str, ReadyPart],
    augment: Augment | None,
) -> list[TrainingStack]:
    """The runs that still train, in stacks that fit the cache, those of one order together: they share its
    gathering.

    If images are distorted, the cache does not count: making each seed's images once saves more. Runs with
    momentum have stacks of their own: they add gradients to a velocity, the others to the weights themselves.
    """
    size = len(logs) if augment else max(1, sizes.CACHE // parameters.flat[0].nbytes)
    training = [log for log in logs if not log.ended]
    by_seed = sorted(training, key=lambda log: seed_of(log.hyperparameters, "order"))
    stacks = []
    for has_velocity in (False, True):
        kind = [log for log in by_seed if (log.hyperparameters.momentum > 0) == has_velocity]
        for start in range(0, len(kind), size):
            some = kind[start : start + size]
            own = parameters.of_runs([log.row for log in some])
            stacks.append(TrainingStack(network, some, own, parts, augment))
    return stacks


def run_streams(stack: TrainingStack, k: int) -> dict[str, np.random.Generator]:
    """The streams that a run draws from, by purpose."""
    run, feed = stack.logs[k].hyperparameters, stack.feed
    streams = {
        "order": feed.orders[seed_of(run, "order")],
        "augmentation": feed.augmentations[seed_of(run, "augmentation")],
    }
    for purpose, masks in (("dropout", stack.dropout), ("input_dropout", stack.input_dropout)):
        if masks:
            streams[purpose] = masks.sources[k][1]
    return streams


def run_arrays(stack: TrainingStack, k: int) -> dict[str, Array]:
    """A copy of a run's parameters and of what its optimizer remembers."""
    memory = {name: array[k].copy() for name, array in stack.memory.arrays.items()}
    return {"parameters": stack.parameters.flat[k].copy(), **memory}


def restore_run(stack: TrainingStack, k: int, state: RunState) -> None:
    """Let a run's streams and its optimizer go on from there; the parameters are the stack's already."""
    check_memory(state.arrays, stack.memory.arrays)
    for purpose, rng in run_streams(stack, k).items():
        if purpose in state.streams:  # without dropout of its own, a run may lack it
            rng.bit_generator.state = state.streams[purpose]
    for name, array in stack.memory.arrays.items():
        array[k] = state.arrays[name]
