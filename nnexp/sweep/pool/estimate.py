"""How long training takes, from the shapes of networks and data alone: nothing is trained to find out.

What it gains over the time of the first stack: a dry run and `confirm_above` have a figure before anything
trains, within a factor of two on a quiet machine (25 kinds of stacks, `test_estimate`). Recorded runs
correct it.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heapreplace
from itertools import pairwise, repeat
from operator import mul

from nnexp.data import Dataset, DataSpec
from nnexp.nn import Hyperparameters
from nnexp.nn.examples import Data
from nnexp.nn.streams import seed_of
from nnexp.sweep.question.plan import Run

# Seconds on one core of a server of 2023, in float32, fitted to the measurements in `test_estimate`.
PRODUCT = 6e-11  # per weight and example: forward, back, gradient
UNIT = 5e-9  # per unit and example: activation, slope, cost
UPDATE = 2.3e-10  # per weight and mini-batch
ADAPTIVE = 6  # times the update of plain SGD: rmsprop, adam, adamw
OVERHEAD = 7e-6  # per layer and mini-batch; a stack pays it once
DISTORTION = 2.5e-8  # per pixel that `data.augment` distorts
START = 1.0  # until worker processes train
COMPILATION = 2.0  # of a stack's functions, with the start of JAX
RECORD = 0.01  # of the parent process, per run

Load = Callable[[DataSpec], Dataset]


def estimate_seconds(
    stacks: Sequence[Sequence[Run]],
    workers: int,
    load: Load,
    slowness: Mapping[str, float] | None = None,
    left: Sequence[float] = (),
) -> float:
    """Wall time to train `stacks` of runs, the longest first, on so many processes, and to record them.

    `slowness`: by engine, how many times as long as `work` training takes on this machine; `left`: the share
    of its epochs that each stack still has before it, if not all of them. Runs that may stop early count in
    full.
    """
    if not stacks:
        return 0.0
    factors = slowness or {}
    whole = (
        factors.get(runs[0].hyperparameters.engine, 1.0) * work(runs, load(runs[0].data).data)
        for runs in stacks
    )
    training = makespan(map(mul, whole, left or repeat(1.0)), workers)
    compiled = any(runs[0].hyperparameters.engine != "numpy" for runs in stacks)
    return training + START * (workers > 1) + COMPILATION * compiled + RECORD * sum(map(len, stacks))


def makespan(costs: Iterable[float], workers: int) -> float:
    """When the last worker ends, if each takes the next stack as soon as it is free."""
    ends = [0.0] * workers
    for cost in costs:
        heapreplace(ends, ends[0] + cost)
    return max(ends)


def work(runs: Sequence[Run], data: Data) -> float:
    """About how many seconds one core trains these runs as one stack: with evaluation, without monitors."""
    h, K = runs[0].hyperparameters, len(runs)
    n, pixels = len(data.training.labels), data.training.inputs.size
    weights = parameters(h, data) * (2 if h.dtype == "float64" else 1)
    layers = h.hidden_layers + 1
    _, *units = h.layer_sizes(0, data.n_classes)
    evaluations = h.epochs / h.evaluate_every if h.evaluate_every else 1
    forward = evaluations * (n + len(data.validation.labels))  # a third of what training on it takes
    examples = K * (h.epochs * n + forward / 3) * (weights * PRODUCT + sum(units) * UNIT)
    products = h.cg_steps / 4 if h.optimizer == "newton_cg" else 0  # with the Hessian; they often end early
    examples *= 1 + 2 * products  # each takes as long as two gradients
    update = UPDATE if h.optimizer in ("sgd", "nesterov") else ADAPTIVE * UPDATE
    steps = h.epochs * math.ceil(n / h.batch_size)
    shares = 1 if h.engine == "numpy" else K  # compiled, a stack on a processor saves nothing
    updates = steps * (K * weights * update + (1 + 2 * products) * layers * shares * OVERHEAD)
    if runs[0].data.augment == "none":
        return examples + updates
    seeds = len({seed_of(run.hyperparameters, "augmentation") for run in runs})  # each has its own images
    return examples + updates + h.epochs * seeds * pixels * DISTORTION


def parameters(h: Hyperparameters, data: Data) -> int:
    """The weights of a run's network. Biases are ignored."""
    sizes = h.layer_sizes(data.training.inputs.shape[1], data.n_classes)
    return sum(fan_in * fan_out for fan_in, fan_out in pairwise(sizes))
