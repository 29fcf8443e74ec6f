"""Sources of variation: streams of random numbers whose seeds are crossed as axes, so that each can be told.

`sweep.vary: [weights, order]` beside `sweep.seeds: 3` trains every point with 3 seeds of the weights and 3
of the order of examples, crossed: axes `seed_weights` and `seed_order`, one seed for all other streams.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

from nnexp.errors import UserError, unknown
from nnexp.nn.streams import Purpose
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.seeds import as_written

STREAMS: tuple[str, ...] = get_args(Purpose)
SOURCES = {f"seed_{name}": name.replace("_", " ") for name in STREAMS}  # axis -> what it draws


def cross_streams(question: Question, vary: Any, seed: int) -> Question:
    """The question with the seeds of these streams as its last axes, each with all of the question's seeds.

    `seed`: that of all other streams. Without streams to vary the question stays as it is.

    Raises:
        UserError: no such stream, one twice or an axis already, or fewer than two seeds.
    """
    if vary is None or vary == []:
        return question
    if not isinstance(vary, Sequence) or isinstance(vary, str) or len(vary) != 2:
        raise UserError(f"sweep.vary must be a list of two streams ({', '.join(STREAMS)}), got {vary!r}")
    for name in vary:
        if name not in STREAMS:
            raise unknown("stream in sweep.vary", name, STREAMS)
    axes = [f"seed_{name}" for name in vary]
    if twice := [axis for axis in axes if axes.count(axis) > 1 or axis in question.axes]:
        raise UserError(f"{twice[0]} must be an axis once: sweep.vary makes it one, got {list(vary)}")
    seeds = as_written(question.seeds)
    if not isinstance(seeds, list) or len(seeds) < 2:
        raise UserError(f"sweep.vary crosses seeds: sweep.seeds must be 2 or more, or a list, got {seeds}")
    values = {axis: seeds for axis in axes}
    return replace(question, axes={**question.axes, **values}, seeds=[seed])


def source_axes(axes: Sequence[str]) -> list[str]:
    """Those axes that are seeds of streams: sources of variation, and no settings to choose between."""
    return [axis for axis in axes if axis in SOURCES]
