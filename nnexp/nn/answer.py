"""Answers: what a caller may ask of training after each epoch."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from nnexp.errors import UserError
from nnexp.nn.arrays import PerRun
from nnexp.nn.state import RunState
from nnexp.text import spelled


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a caller's `progress` may ask for. `stop`: all runs end; `prune`: rows of runs that end;
    `states`: `progress` is called once more for this epoch, with a third argument, every run's state."""

    stop: bool = False
    prune: Collection[int] = ()
    states: bool = False


Progress = Callable[..., Answer | None]


def ask(
    progress: Progress | None,
    epoch: int,
    metrics: dict[str, PerRun],
    take_states: Callable[[], list[RunState]],
) -> Answer:
    """What the caller wants after an epoch, with the states in hand if they were asked for."""
    if progress is None:
        return Answer()
    first = second = _checked(progress(epoch, metrics), metrics)
    if first.states:
        second = _checked(progress(epoch, metrics, take_states()), metrics)
    return Answer(stop=first.stop or second.stop, prune={*first.prune, *second.prune})


def _checked(answer: Any, metrics: dict[str, PerRun]) -> Answer:
    if answer is None:
        return Answer()
    if not isinstance(answer, Answer):
        raise UserError(f"progress must return None or an Answer, got {answer!r}")
    K = len(next(iter(metrics.values())))
    if unknown := sorted(row for row in answer.prune if not 0 <= row < K):
        raise UserError(f"prune must name rows 0..{K - 1}, got {spelled(unknown)}")
    return answer
