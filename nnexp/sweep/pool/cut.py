"""The cut of a sweep into stacks: which of its runs train together, and which stack comes first."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate, pairwise
from typing import NamedTuple

from nnexp.nn import PER_RUN, Hyperparameters
from nnexp.nn.examples import Data
from nnexp.nn.streams import seed_of
from nnexp.sweep.pool.estimate import Load, makespan, parameters, work
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.question.plan import Run


class Room(NamedTuple):
    """The most runs of a stack, the most bytes of their weights (gradients and optimizer take up to three
    times as much), and the most bytes of weights that its steps of an epoch pass over."""

    runs: int
    memory: int
    passes: float

    def for_runs(self, bytes_of_one: int, steps: int) -> int:
        """How many runs there is room for, at least one; `steps`: mini-batches of an epoch."""
        most = min(self.runs, self.memory / bytes_of_one, self.passes / (steps * bytes_of_one))
        return max(1, int(most))


# A stop costs an epoch and what was trained since the last checkpoint. A processor's stack is small, for a
# larger one gains little. An H100 takes 2.7 ps of a step for each byte of weights (docs/accelerator.md): with
# 10 ps, an epoch takes a minute at most also on a card that is four times as slow.
PROCESSOR = Room(16, 64 * 2**20, math.inf)
ACCELERATOR = Room(1024, 256 * 2**20, 60 / 1e-11)
# How the time is found in which all can train: halvings of an interval, and then some that are a bit longer.
HALVINGS, TRIES, STEP = 20, 10, 1.01

SHARED = tuple(field.name for field in fields(Hyperparameters) if field.name not in PER_RUN)


def make_stacks(
    runs: Sequence[Run],
    rows: Sequence[int],
    workers: int,
    load: Load,
    *,
    timing: bool = False,
    marks: Mapping[str, Mark] | None = None,
    accelerated: Collection[str] = (),
) -> list[Stack]:
    """Cut the plan's `runs` with these `rows` (their numbers) into stacks, the one with most work first.

    They are cut so that the last worker should end as early as can be. Runs of one order stand together, for
    what they see is then gathered once. `load` gives the data set of a specification. With `timing`,
    each run is a stack of its own. `marks`: run_id -> where a run goes on; stacks of such runs come before
    all others, so that little is begun and not ended. `accelerated`: engines that have an accelerator.
    """
    marks = marks or {}
    members: dict[object, list[tuple[Run, int]]] = {}
    for row in rows:
        mark = marks.get(runs[row].run_id)
        members.setdefault((shape(runs[row]), mark and mark.epoch), []).append((runs[row], row))
    if not members:
        return []
    groups = []
    for group in members.values():
        run = group[0][0]
        room = ACCELERATOR if run.hyperparameters.engine in accelerated else PROCESSOR
        groups.append(Group.of(group, load(run.data).data, marks, room))
    groups.sort(key=lambda group: -group.cost(1))
    cut = [[1] * len(group.members) for group in groups] if timing else _best_cut(groups, workers)
    stacks = [
        (group.cost(len(stack.runs)), stack)
        for group, sizes in zip(groups, cut, strict=True)
        for stack in group.stacks(sizes)
    ]
    return [stack for _, stack in sorted(stacks, key=lambda pair: (not pair[1].marks, -pair[0]))]


def work_by_row(stacks: Sequence[Stack], load: Load) -> dict[int, float]:
    """Row of each run -> its share of the work that its stack still has before it."""
    shares: dict[int, float] = {}
    for stack in stacks:
        share = stack.left * work(stack.runs, load(stack.data).data) / len(stack.runs)
        shares |= dict.fromkeys(stack.rows, share)
    return shares


def _best_cut(groups: Sequence[Group], workers: int) -> list[list[int]]:
    """The sizes of the stacks of each group. Large stacks save overhead, small ones keep workers busy."""
    too_short, enough = 0.0, sum(len(group.members) * group.cost(1) for group in groups)
    for _ in range(HALVINGS):
        between = (too_short + enough) / 2
        if _cut_to_fit(groups, workers, between):
            enough = between
        else:
            too_short = between
    cuts = [cut for k in range(TRIES) if (cut := _cut_to_fit(groups, workers, enough * STEP**k))]

    def end(cut: list[list[int]]) -> float:
        costs = (group.cost(size) for group, sizes in zip(groups, cut, strict=True) for size in sizes)
        return makespan(sorted(costs, reverse=True), workers)

    return min(cuts, key=end)


def _cut_to_fit(groups: Sequence[Group], workers: int, seconds: float) -> list[list[int]] | None:
    """The sizes of the stacks of each group that so many workers train in these `seconds`, if they can.

    One worker after the other takes of each group what it has time for. `groups`: those first of which a run
    costs most.
    """
    cut: list[list[int]] = [[] for _ in groups]
    left = [len(group.members) for group in groups]
    waiting = list(range(len(groups)))
    for _ in range(workers):
        time_left, place = seconds, 0
        while True:
            place = bisect_left(waiting, -time_left, place, key=lambda number: -groups[number].cost(1))
            if place == len(waiting):
                break
            number = waiting[place]
            size = min(left[number], groups[number].size_for(time_left))
            cut[number].append(size)
            left[number] -= size
            time_left -= groups[number].cost(size)
            if not left[number]:
                del waiting[place]
    return None if waiting else cut


@dataclass(frozen=True)
class Group:
    """Runs that may stack, with their rows. A stack of K costs `fixed + K * each`; K is at most `most`."""

    members: Sequence[tuple[Run, int]]
    marks: Mapping[str, Mark]
    fixed: float
    each: float
    most: int

    @classmethod
    def of(
        cls, members: Sequence[tuple[Run, int]], data: Data, marks: Mapping[str, Mark], room: Room
    ) -> Group:
        run = members[0][0]
        h = run.hyperparameters
        size_of_one = parameters(h, data) * (8 if h.dtype == "float64" else 4)
        left = Stack.of([members[0]], marks).left
        one, two = left * work([run], data), left * work([run, run], data)
        in_order = sorted(members, key=lambda member: seed_of(member[0].hyperparameters, "order"))
        most = room.for_runs(size_of_one, steps=math.ceil(len(data.training.labels) / h.batch_size))
        return cls(in_order, marks, fixed=2 * one - two, each=two - one, most=most)

    def cost(self, size: int) -> float:
        """The cost of a stack of `size` runs, in seconds of `work`."""
        return self.fixed + size * self.each

    def size_for(self, seconds: float) -> int:
        """The runs of the largest stack that costs no more, at least one."""
        return max(1, min(self.most, int((seconds - self.fixed) / self.each)))

    def stacks(self, sizes: Sequence[int]) -> list[Stack]:
        """Stacks of these sizes, which add up to all members."""
        ends = accumulate(sizes, initial=0)
        return [Stack.of(self.members[start:end], self.marks) for start, end in pairwise(ends)]


def shape(run: Run) -> tuple[object, ...]:
    """What the runs of a stack have in common: the data, and all hyperparameters that do not broadcast.

    Where images are distorted, also the seed of that: each has a copy of all images, which may fill the
    memory, and distorting them takes most of the time.
    """
    h = run.hyperparameters
    seed = None if run.data.augment == "none" else seed_of(h, "augmentation")
    return (run.data, seed, *(getattr(h, name) for name in SHARED))
