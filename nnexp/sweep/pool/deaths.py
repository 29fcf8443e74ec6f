"""Which run kills workers: one rule, whatever the workers are."""

from collections import Counter
from collections.abc import Sequence

from nnexp.sweep.pool.stacks import Stack

MOST = 2  # of workers, by one run that they had alone, with nothing gained between them


class Deaths:
    """Deaths of workers, by the runs that they had.

    Memory that others take and the end of a job kill workers as well, and a long run sees many such ends.
    So a death counts only against a run that its worker had alone, and one that goes on from a later epoch
    than after the last death has gained something: it begins anew to count, and its epochs come to an end.
    """

    def __init__(self) -> None:
        self._counted = Counter[tuple[int, int]]()  # by a run's row and the epoch where it goes on

    def add(self, alone: Sequence[Stack]) -> list[Stack]:
        """A worker has died that had these runs, each as it would go on; returns those that have failed."""
        for stack in alone:
            self._counted[_key(stack)] += len(alone) == 1
        return [stack for stack in alone if self._counted[_key(stack)] >= MOST]

    def suspects(self, stack: Stack) -> bool:
        """Whether a worker has died since the one run of this stack got on."""
        return len(stack.rows) == 1 and _key(stack) in self._counted


def _key(stack: Stack) -> tuple[int, int]:
    return stack.rows[0], stack.epoch
