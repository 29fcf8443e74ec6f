"""Training, compiled: the entrance, for what `nnexp.nn.train` takes but newton_cg, distortions and most
monitors.

Runs that have ended stay in the stack, and nobody looks at them any more: their kept parameters and their
logs are what they were.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from nnexp.errors import UserError
from nnexp.nn.answer import Progress, ask
from nnexp.nn.arrays import PerRun
from nnexp.nn.batches import Order
from nnexp.nn.compiled import on_chip
from nnexp.nn.compiled.epoch import Part, Recipe, train_epoch
from nnexp.nn.compiled.evaluation import metrics_of, penalty, scores, sizes_of
from nnexp.nn.compiled.network import Layers
from nnexp.nn.compiled.optimizers import OPTIMIZERS
from nnexp.nn.compiled.rates import Rates
from nnexp.nn.compiled.start import drawn_orders, first_state, part_of
from nnexp.nn.compiled.units import Array, units_of
from nnexp.nn.examples import Data
from nnexp.nn.hyperparameters import Hyperparameters
from nnexp.nn.result import Result
from nnexp.nn.runlog import HISTORY_METRICS, RunLog
from nnexp.nn.state import RunState
from nnexp.nn.validation import Initial, check_augmentation, check_fit, checked_orders

PARTS = ("training", "validation", "test")


def train(
    runs: Sequence[Hyperparameters],
    data: Data,
    *,
    initial: Initial | None = None,
    order: Any = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Train K runs together: the arguments and results are those of `nnexp.nn.train`, to rounding.

    Raises `UserError` for what is not compiled: `optimizer=newton_cg`, monitors other than `test`.
    """
    check_fit(runs, data)
    check_augmentation(runs, distorted=False)
    check_compiled(runs[0])
    n = len(data.training.labels)
    orders = drawn_orders(runs, n) if order is None else checked_orders(order, runs, data)
    with jax.enable_x64(runs[0].dtype == "float64"), np.errstate(all="ignore"):
        return _train(runs, data, initial, orders, progress)


def _train(
    runs: Sequence[Hyperparameters],
    data: Data,
    initial: Initial | None,
    orders: Iterator[Order],
    progress: Progress | None,
) -> list[Result]:
    common = runs[0]
    parts = {name: part_of(getattr(data, name), data.n_classes, common.dtype) for name in PARTS}
    recipe = Recipe(units_of(common), common.optimizer, common.batch_size)
    state = first_state(runs, data, initial)
    kept = copied(state.layers)
    pass_over = on_chip.train_epoch if on_chip.serves(runs, state.layers) else train_epoch
    # A log is given a number in place of the parameters, which stay on the device: NaN if one is not finite.
    logs = [RunLog(row, run, np.zeros(1)) for row, run in enumerate(runs)]
    for epoch, order in enumerate(drawn_ahead(orders, common.epochs), start=1):
        remaining = [log for log in logs if not log.ended]
        n, start = order.shape[1], time.perf_counter()
        rates = epoch_rates(logs, epoch - 1, n)
        state = pass_over(state, parts["training"], jnp.asarray(order, jnp.int32), rates, recipe)
        wait_for(state.layers)
        share_time(remaining, "seconds", start)
        start = time.perf_counter()
        columns, finite = evaluate(runs, epoch, state.layers, parts, n, recipe)
        share_time(remaining, "evaluation_seconds", start)
        kept = take_in(logs, epoch, columns, finite, state.layers, kept)
        answer = ask(progress, epoch, seen_by_caller(columns, remaining, len(runs)), no_states)
        for row in answer.prune:
            logs[row].prune()
        if answer.stop or all(log.ended for log in logs):
            break
    return results(logs, kept, parts["test"], recipe)


def drawn_ahead(orders: Iterator[Order], epochs: int) -> Iterator[Order]:
    """Each epoch's order; the next one is drawn while the device works."""
    with ThreadPoolExecutor(1) as thread:
        drawn = thread.submit(next, orders)
        for remaining in reversed(range(epochs)):
            order = drawn.result()
            if remaining:
                drawn = thread.submit(next, orders)
            yield order


def epoch_rates(logs: Sequence[RunLog], done: int, n: int) -> Rates:
    """The rates of the epoch that follows `done` passes, with n examples."""
    runs = [log.hyperparameters for log in logs]
    learning_rates = [log.learning_rate(done) for log in logs]
    return Rates.of(runs, learning_rates, [log.momentum(done) for log in logs], n)


def evaluate(
    runs: Sequence[Hyperparameters],
    epoch: int,
    layers: Layers,
    parts: Mapping[str, Part],
    n: int,
    recipe: Recipe,
) -> tuple[dict[str, PerRun], NDArray[np.bool_]]:
    """Metrics (K,) by name, none if the epoch is not evaluated; and whether all parameters are finite."""
    common, sizes = runs[0], sizes_of(layers)
    every = common.evaluate_every
    columns: dict[str, PerRun] = {}
    if epoch == common.epochs or (every and epoch % every == 0):
        names = PARTS if "test" in common.monitor else PARTS[:2]
        found = {name: scores(layers, parts[name], recipe.units) for name in names}
        for name in names:
            columns |= metrics_of(name, found[name], len(parts[name].labels))
        columns["penalty"] = penalty(runs, sizes, n)
    return columns, np.asarray(sizes.finite)


def take_in(
    logs: Sequence[RunLog],
    epoch: int,
    columns: Mapping[str, PerRun],
    finite: NDArray[np.bool_],
    layers: Layers,
    kept: Layers,
) -> Layers:
    """Write the epoch into the logs of the runs that still train. Returns the parameters kept from now on."""
    for k, log in enumerate(logs):
        if not log.ended:
            marker = np.array([0.0 if finite[k] else np.nan])
            log.add(epoch, marker, {name: float(column[k]) for name, column in columns.items()})
    return chosen(np.array([log.kept_epoch == epoch for log in logs]), layers, kept)


@jax.jit
def chosen(rows: Array, layers: Layers, kept: Layers) -> Layers:
    """The layers in some rows, and what was kept in the others."""

    def choose(new: Array, old: Array) -> Array:
        return jnp.where(rows[:, None, None], new, old)

    return [
        (choose(W, W_kept), choose(b, b_kept)) for (W, b), (W_kept, b_kept) in zip(layers, kept, strict=True)
    ]


def copied(layers: Layers) -> Layers:
    """A copy: a step uses up what it is given."""
    return [(jnp.copy(W), jnp.copy(b)) for W, b in layers]


def wait_for(layers: Layers) -> None:
    """Until the device has made them."""
    for W, b in layers:
        W.block_until_ready()
        b.block_until_ready()


def share_time(logs: Sequence[RunLog], clock: str, start: float) -> None:
    """Each run bears its part of the time since `start`."""
    share = (time.perf_counter() - start) / len(logs)
    for log in logs:
        setattr(log, clock, getattr(log, clock) + share)


def seen_by_caller(columns: Mapping[str, PerRun], logs: Sequence[RunLog], K: int) -> dict[str, PerRun]:
    """Metrics (K,) of these runs, which took part in an epoch; NaN for the others."""
    rows = np.isin(np.arange(K), [log.row for log in logs])
    missing = dict.fromkeys(HISTORY_METRICS, np.full(K, np.nan))
    return missing | {name: np.where(rows, column, np.nan) for name, column in columns.items()}


def no_states() -> list[RunState]:
    """A caller may not ask for states."""
    raise UserError("states of compiled runs cannot be taken")


def results(logs: Sequence[RunLog], kept: Layers, test: Part, recipe: Recipe) -> list[Result]:
    """What the runs leave behind; the kept networks are evaluated on the test set, once."""
    metrics = metrics_of("test", scores(kept, test, recipe.units), len(test.labels))
    layers = [(np.asarray(W), np.asarray(b)) for W, b in kept]
    return [
        Result(
            status=log.status,
            epochs_done=log.epochs_done,
            history=log.history,
            weights=[W[log.row].copy() for W, _ in layers],
            biases=[b[log.row, 0].copy() for _, b in layers],
            kept_epoch=log.kept_epoch,
            test_cost=None if log.status == "diverged" else float(metrics["test_cost"][log.row]),
            test_accuracy=None if log.status == "diverged" else float(metrics["test_accuracy"][log.row]),
            seconds=log.seconds,
            evaluation_seconds=log.evaluation_seconds,
            stack_size=len(logs),
        )
        for log in logs
    ]


def check_compiled(common: Hyperparameters) -> None:
    """Raise where only the core can train this."""
    if common.optimizer not in OPTIMIZERS:
        names = ", ".join(OPTIMIZERS)
        raise UserError(f"optimizer={common.optimizer} is not compiled; compiled are {names}")
    if others := [name for name in common.monitor if name != "test"]:
        raise UserError(f"monitor={','.join(others)} is not compiled; compiled is test")
