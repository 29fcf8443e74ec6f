"""How long training will take: a few mini-batches of each distinct stack, timed before anything trains."""

import math
import time
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from nnexp.data import Dataset, DataSpec, augmenter
from nnexp.nn import Hyperparameters, train
from nnexp.nn.examples import Data, Examples
from nnexp.sweep.pool.stacks import Stack, make_stacks, makespan, parameters, shape, work
from nnexp.sweep.question.plan import Plan, Run

SHAPES = 8  # distinct stacks that are timed at most; the time of others follows from their work
BUDGET = 0.25  # seconds after which no other stack is timed
PRODUCTS = 30_000_000  # about: weights x examples x runs of one timed epoch
EPOCHS = 4  # of a timed piece: in the first, arrays are made; after the last, the network is evaluated
DISTORTED = 20  # images that are distorted to time `data.augment`
MONITORED = 3_000  # evaluated examples that the monitors of gradients and saturation cost: forth and back
START = 1.0  # seconds until worker processes train
RECORD = 0.01  # seconds of the parent per run

Load = Callable[[DataSpec], Dataset]
Kind = tuple[tuple[object, ...], int]  # stacks of one kind train in the same time


def estimate_seconds(plan: Plan, rows: Sequence[int], workers: int, load: Load) -> float:
    """Wall time to train the runs numbered `rows` on `workers` processes, evaluation and records included.

    Runs that stop early, by patience say, count in full. `load` gives the data set of a specification.
    """
    if not rows:
        return 0.0
    stacks = make_stacks(plan.runs, rows, workers, timing=plan.timing)
    kinds = {_kind(stack): stack for stack in stacks}
    works = {kind: _work(stack, load(stack.data)) for kind, stack in kinds.items()}
    timed: dict[Kind, float] = {}
    began = time.perf_counter()
    with threadpool_limits(1, user_api="blas"):  # as a worker trains
        for kind in _spread(sorted(works, key=lambda kind: works[kind], reverse=True)):
            if timed and time.perf_counter() - began > BUDGET:
                break
            timed[kind] = _seconds(kinds[kind], load(kinds[kind].data))
    known = sorted((works[kind], seconds / works[kind]) for kind, seconds in timed.items())
    rates = np.interp(list(works.values()), *np.transpose(known))
    seconds = {kind: rate * works[kind] for kind, rate in zip(works, rates, strict=True)}
    training = makespan((seconds[_kind(stack)] for stack in stacks), workers)
    return training + START * (workers > 1) + RECORD * len(rows)


def _kind(stack: Stack) -> Kind:
    return shape(stack.runs[0]), len(stack.runs)


def _spread(kinds: Sequence[Kind]) -> list[Kind]:
    """At most SHAPES of the sorted `kinds`, evenly spread, the first and the last among them."""
    places = np.linspace(0, len(kinds) - 1, min(SHAPES, len(kinds)))
    return [kinds[round(place)] for place in places]


def _work(stack: Stack, dataset: Dataset) -> float:
    n, d = dataset.data.training.inputs.shape
    return work(stack.runs[0], len(stack.runs), inputs=d, examples=n)


def _seconds(stack: Stack, dataset: Dataset) -> float:
    """Training time of a stack, from a short training of some of its runs on a slice of the data.

    Networks are piled up and mini-batches cut only as far as PRODUCTS allows: where it does not, overhead
    is little, and time goes with runs and examples.
    """
    run, data = stack.runs[0], dataset.data
    h = run.hyperparameters
    most = max(1, PRODUCTS // parameters(run, data.training.inputs.shape[1]))
    examples = min(max(2 * h.batch_size, 100), most)
    size = max(1, min(len(stack.runs), most // examples))
    batch_size = min(h.batch_size, examples)
    pool = max(batch_size, min(len(data.training.labels), 1000, most // size))
    part = Data(_first(data.training, pool), _first(data.validation, 1), _first(data.test, 1), data.n_classes)
    runs = [_harmless(run.hyperparameters, batch_size) for run in stack.runs[:size]]
    pass_seconds, evaluation_seconds = _timed(runs, part, examples)
    n = len(data.training.labels)
    per_epoch = pass_seconds / examples * n
    evaluating = evaluation_seconds / (pool + 1) * _evaluated(h, data)
    alike = len(stack.runs) / size
    return alike * (h.epochs * per_epoch + evaluating) + _distorting(stack.runs, dataset) * h.epochs


def _timed(runs: list[Hyperparameters], part: Data, examples: int) -> tuple[float, float]:
    """Seconds of one pass over `examples` examples, and of one evaluation, of these runs together."""
    ends: list[float] = []
    sizes = [part.training.inputs.shape[1], *[runs[0].hidden_size] * runs[0].hidden_layers, part.n_classes]
    K = len(runs)
    small = [  # not zeros: deltas below the range of normal numbers would take twenty times as long
        (np.full((K, fan_out, fan_in), 0.01), np.zeros((K, 1, fan_out)))
        for fan_in, fan_out in pairwise(sizes)
    ]
    results = train(
        runs,
        part,
        initial=small,
        order=_order(runs, len(part.training.labels), examples),
        progress=lambda epoch, metrics: ends.append(time.perf_counter()),
    )
    return float(np.diff(ends[:-1]).min()), sum(result.evaluation_seconds for result in results)


def _order(runs: Sequence[Hyperparameters], pool: int, examples: int) -> NDArray[np.integer]:
    """Which examples are seen; runs of several seeds gather their own."""
    rng = np.random.default_rng(0)
    if len({run.seed for run in runs}) == 1:
        return rng.integers(pool, size=(EPOCHS, examples))
    return rng.integers(pool, size=(len(runs), EPOCHS, examples))


def _harmless(h: Hyperparameters, batch_size: int) -> Hyperparameters:
    """The same steps, but none that diverges or ends early; evaluated once, at the end."""
    changed = {"learning_rate": 1e-6, "batch_size": batch_size, "epochs": EPOCHS, "evaluate_every": 0}
    usual = {"schedule": "constant", "patience": 0, "keep": "final", "monitor": ()}
    return Hyperparameters(**{**vars(h), **changed, **usual})


def _evaluated(h: Hyperparameters, data: Data) -> float:
    """Examples that a run evaluates in all its epochs, and at its end."""
    n, n_test = len(data.training.labels) + len(data.validation.labels), len(data.test.labels)
    if "test" in h.monitor:
        n += n_test
    if {"gradient_norm", "saturated_share"} & set(h.monitor):
        n += MONITORED
    times = math.ceil(h.epochs / h.evaluate_every) if h.evaluate_every else 1
    return times * n + n_test


def _distorting(runs: Sequence[Run], dataset: Dataset) -> float:
    """Seconds that distorting the training images takes, per epoch; runs of one seed share them."""
    augment = augmenter(runs[0].data, dataset)
    if augment is None:
        return 0.0
    images = dataset.data.training.inputs
    began = time.perf_counter()
    augment(np.random.default_rng(0), images[:DISTORTED])
    each = (time.perf_counter() - began) / len(images[:DISTORTED])
    return each * len(images) * len({run.hyperparameters.seed for run in runs})


def _first(examples: Examples, n: int) -> Examples:
    return Examples(examples.inputs[:n], examples.labels[:n])
