"""Which runs train together: stacks of runs that differ only in what broadcasts over the run axis."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nnexp.data import DataSpec
from nnexp.nn import PER_RUN, Hyperparameters
from nnexp.sweep.plan import Run

LARGEST = 16  # beyond this a stack gains little and its arrays leave the cache


@dataclass(frozen=True)
class Stack:
    """Runs of one data set that `nnexp.nn.train` trains as one array; `rows` numbers them in the plan."""

    runs: tuple[Run, ...]
    rows: tuple[int, ...]

    @property
    def data(self) -> DataSpec:
        return self.runs[0].data


def make_stacks(runs: Sequence[Run], rows: Sequence[int], workers: int) -> list[Stack]:
    """Cut those of a plan's `runs` that are numbered `rows` into stacks, the largest work first.

    No stack holds more than a quarter of a worker's share of the work, so that all stay busy to the end.
    Runs of one seed stand together: they share one order of examples, and so one gather.
    """
    groups: dict[object, list[tuple[Run, int]]] = {}
    for row in rows:
        run = runs[row]
        groups.setdefault((run.data, _common(run.hyperparameters)), []).append((run, row))
    share = sum(work(runs[row]) for row in rows) / workers
    stacks: list[Stack] = []
    for group in groups.values():
        group.sort(key=lambda item: item[0].hyperparameters.seed)
        most = max(1, min(LARGEST, int(share / 4 / work(group[0][0]))))
        for part in range(pieces := math.ceil(len(group) / most)):
            chunk = group[part * len(group) // pieces : (part + 1) * len(group) // pieces]
            stacks.append(Stack(tuple(run for run, _ in chunk), tuple(row for _, row in chunk)))
    return sorted(stacks, key=lambda stack: -len(stack.runs) * work(stack.runs[0]))


def _common(hyperparameters: Hyperparameters) -> Hyperparameters:
    """The part of the hyperparameters that a stack shares: the rest set to one value."""
    home = Hyperparameters()
    return replace(hyperparameters, **{name: getattr(home, name) for name in PER_RUN})


def work(run: Run) -> float:
    """Rough cost of a run in arbitrary units: products per example, and overhead per mini-batch."""
    h = run.hyperparameters
    parameters = h.hidden_size * (784 + h.hidden_size * max(0, h.hidden_layers - 1))
    return (
        h.epochs
        * (run.data.train_size or 50_000)
        * (parameters + 200_000 * (1 + h.hidden_layers) / h.batch_size)
    )
