"""Stacks: runs that differ only in what broadcasts over the run axis, and that train as one array."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from nnexp.data import DataSpec
from nnexp.sweep.question.plan import Run


class Mark(NamedTuple):
    """Where a run goes on: the checkpoint that holds its state, and the passes that it had done by then."""

    epoch: int
    path: Path


@dataclass(frozen=True)
class Stack:
    """Runs of one data set that `nnexp.nn.train` trains as one array; `rows`: their numbers in the plan;
    `marks`: where each of them goes on, all after one epoch; none if they begin."""

    runs: tuple[Run, ...]
    rows: tuple[int, ...]
    marks: tuple[Mark, ...] = ()

    @classmethod
    def of(cls, members: Sequence[tuple[Run, int]], marks: Mapping[str, Mark]) -> Stack:
        """A stack of runs with their rows; `marks` has either all of them or none."""
        runs, rows = zip(*members, strict=True)
        return cls(runs, rows, tuple(marks[run.run_id] for run in runs if run.run_id in marks))

    @property
    def data(self) -> DataSpec:
        return self.runs[0].data

    @property
    def engine(self) -> str:
        return self.runs[0].hyperparameters.engine

    @property
    def epoch(self) -> int:
        """The passes that are done."""
        return self.marks[0].epoch if self.marks else 0

    @property
    def left(self) -> float:
        """The share of its epochs that it still has before it."""
        return 1 - self.epoch / self.runs[0].hyperparameters.epochs

    def apart(self) -> list[Stack]:
        """A stack for each of its runs."""
        return [
            Stack((run,), (row,), self.marks[k : k + 1])
            for k, (run, row) in enumerate(zip(self.runs, self.rows, strict=True))
        ]

    def going_on(self, marks: Mapping[str, Mark]) -> Stack:
        """The same runs from where they are by now, if that is after one epoch; else as it was."""
        now = tuple(marks[run.run_id] for run in self.runs if run.run_id in marks)
        same = len(now) == len(self.runs) and len({mark.epoch for mark in now}) == 1
        return replace(self, marks=now) if same else self

    def rest(self, ended: Collection[str], marks: Mapping[str, Mark]) -> list[Stack]:
        """What has still to be trained if it came back with these runs `ended` (their ids), and the others at
        `marks`. If that is nothing new, each alone: then an error in one of them has cost the others theirs.
        """
        alone = [each.going_on(marks) for each in self.apart() if each.runs[0].run_id not in ended]
        if not ended and not marks:
            return alone
        at = {each.runs[0].run_id: each.marks[0] for each in alone if each.marks}
        members: dict[int, list[tuple[Run, int]]] = {}
        for each in alone:
            members.setdefault(each.epoch, []).append((each.runs[0], each.rows[0]))
        return [Stack.of(group, at) for group in members.values()]
