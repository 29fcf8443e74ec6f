"""Which runs train together: stacks of runs that differ only in what broadcasts over the run axis."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from heapq import heapreplace
from itertools import pairwise

from nnexp.data import DataSpec
from nnexp.nn import PER_RUN, Hyperparameters
from nnexp.sweep.question.plan import Run

LARGEST = 16  # runs; beyond this a stack gains little, and more is lost when it is cut short
MEMORY = 64 * 2**20  # bytes of a stack's parameters; gradients and an optimizer's state are up to three more
# Of the time that a worker trains: runs are recorded when their stack ends, and not all at the very end.
LONGEST = 0.75
SPLITS = 8  # per worker: so often is the longest stack split, in search of the cut that ends first

SHARED = tuple(field.name for field in fields(Hyperparameters) if field.name not in PER_RUN)


@dataclass(frozen=True)
class Stack:
    """Runs of one data set that `nnexp.nn.train` trains as one array; `rows` numbers them in the plan."""

    runs: tuple[Run, ...]
    rows: tuple[int, ...]

    @property
    def data(self) -> DataSpec:
        return self.runs[0].data

    def apart(self) -> "list[Stack]":
        """Its runs, a stack each."""
        return [Stack((run,), (row,)) for run, row in zip(self.runs, self.rows, strict=True)]


def make_stacks(
    runs: Sequence[Run], rows: Sequence[int], workers: int, *, timing: bool = False
) -> list[Stack]:
    """Cut those of a plan's `runs` that are numbered `rows` into stacks, the largest work first.

    Of a few cuts that one is taken whose last worker should end first. Runs of one seed stand together: they
    share one order of examples, and so one gather. With `timing` each run is a stack of its own.
    """
    members: dict[object, list[tuple[Run, int]]] = {}
    for row in rows:
        members.setdefault(shape(runs[row]), []).append((runs[row], row))
    if not members:
        return []
    groups = [Group.of(listed) for listed in members.values()]
    best = [len(group.members) for group in groups] if timing else _best_cut(groups, workers)
    stacks = [stack for group, n in zip(groups, best, strict=True) for stack in group.stacks(n)]
    return sorted(stacks, key=lambda stack: work(stack.runs[0], len(stack.runs)), reverse=True)


def _best_cut(groups: "Sequence[Group]", workers: int) -> list[int]:
    """Into how many stacks to cut each group. Large stacks save overhead, small ones even out."""
    cut = [math.ceil(len(group.members) / group.most) for group in groups]
    tried: list[tuple[bool, float, list[int]]] = []
    for _ in range(SPLITS * workers):
        costs = sorted(
            (c for group, n in zip(groups, cut, strict=True) for c in group.costs(n)), reverse=True
        )
        too_long = costs[0] > LONGEST * sum(costs) / workers
        tried.append((too_long, makespan(costs, workers), cut.copy()))
        left = [place for place, group in enumerate(groups) if cut[place] < len(group.members)]
        if not left:
            break
        cut[max(left, key=lambda place: groups[place].costs(cut[place])[0])] += 1
    return min(tried)[2]


@dataclass(frozen=True)
class Group:
    """Runs that may stack. A stack of K costs `fixed + K * each`, and holds at most `most`."""

    members: Sequence[tuple[Run, int]]
    fixed: float
    each: float
    most: int

    @classmethod
    def of(cls, members: Sequence[tuple[Run, int]]) -> "Group":
        run = members[0][0]
        size_of_one = parameters(run) * (8 if run.hyperparameters.dtype == "float64" else 4)
        fixed = work(run, 0)
        by_seed = sorted(members, key=lambda member: member[0].hyperparameters.seed)
        return cls(by_seed, fixed, work(run, 1) - fixed, max(1, min(LARGEST, MEMORY // size_of_one)))

    def costs(self, pieces: int) -> list[float]:
        """The cost of each of so many stacks, as equal as can be."""
        small, larger = divmod(len(self.members), pieces)
        sizes = [small + 1] * larger + [small] * (pieces - larger)
        return [self.fixed + size * self.each for size in sizes]

    def stacks(self, pieces: int) -> list[Stack]:
        ends = [part * len(self.members) // pieces for part in range(pieces + 1)]
        chunks = [self.members[start:end] for start, end in pairwise(ends)]
        return [Stack(tuple(run for run, _ in chunk), tuple(row for _, row in chunk)) for chunk in chunks]


def shape(run: Run) -> tuple[object, ...]:
    """What the runs of a stack have in common: the data, and all hyperparameters that do not broadcast."""
    return (run.data, *(getattr(run.hyperparameters, name) for name in SHARED))


def makespan(costs: Iterable[float], workers: int) -> float:
    """When the last worker ends, if each takes the next stack as soon as it is free."""
    ends = [0.0] * workers
    for cost in costs:
        heapreplace(ends, ends[0] + cost)
    return max(ends)


def work(run: Run, size: int = 1, inputs: int = 784, examples: int = 50_000) -> float:
    """Rough cost of a stack of `size` such runs in arbitrary units (about 0.1 ns).

    Per example the products, 6 P operations for P parameters; per mini-batch the update of P parameters,
    about ten times as much, and an overhead for each layer that the stack pays once.
    """
    h = run.hyperparameters
    n = run.data.train_size or examples
    per_run = parameters(run, inputs) * (1 + 10 / h.batch_size)
    return h.epochs * n * (size * per_run + 200_000 * (1 + h.hidden_layers) / h.batch_size)


def parameters(run: Run, inputs: int = 784) -> int:
    """The number of weights of a run's network, but for those of its output layer unless it has no other."""
    h = run.hyperparameters
    if not h.hidden_layers:
        return 10 * inputs
    return h.hidden_size * (inputs + h.hidden_size * (h.hidden_layers - 1))
