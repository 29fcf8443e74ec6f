"""The sweep that tries settings: all at once, or in rounds, each of which follows from those before."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from nnexp.errors import UserError
from nnexp.sweep.question.asked import ATTEMPTS, Told, asked, key_of_setting
from nnexp.sweep.question.points import Question, axes_of, points_of
from nnexp.sweep.question.samplers import ASKED, Shares, places
from nnexp.sweep.question.space import setting_at
from nnexp.sweep.question.tuning import FIRST_SEED, TRIALS, Tuning


def trials_of(question: Question, tuning: Tuning, base: Mapping[str, Any]) -> Question:
    """The sweep of all settings that are tried, one after the other, each at all points; of a search in
    rounds, those of the first round.

    `base`: setting -> its value in the base configuration, which it has where it is not drawn.

    Raises:
        UserError: the space has fewer settings than the budget, or what asks for them is not installed.
    """
    points = points_of(question) if axes_of(question) else [{}]
    if tuning.together:
        tried = [next_settings(tuning, base, [])]
    else:
        tried = [settings_at(tuning, point, base) for point in points]
    suits = "suit each point of" if tuning.finalists is None else "are worth training again in"
    return replace(
        question,
        name=f"{question.name}/{TRIALS}",
        question=f"Which settings {suits} {question.name}?",
        axes={},
        zip={},
        exclude=(),
        points=[
            point | setting
            for settings in zip(*tried, strict=True)
            for point, setting in zip(points, settings, strict=True)
        ],
        seeds=[FIRST_SEED + k for k in range(tuning.seeds)],
        baseline=None,
        timing=False,
        target=None,
        claims=(),
    )


def next_settings(tuning: Tuning, base: Mapping[str, Any], told: Sequence[Told]) -> list[dict[str, Any]]:
    """The settings of the next round of a search; none at its end.

    `told`: every setting that was tried, in order, with its accuracy. Raises as `trials_of`.
    """
    assert tuning.together
    count = min(tuning.together, tuning.budget - len(told))
    if count < 1:
        return []
    if tuning.sampler in ASKED:
        return asked(tuning, _home(tuning, base), told, count)
    return settings_at(tuning, {}, base)[len(told) : len(told) + count]


def settings_at(tuning: Tuning, point: Mapping[str, Any], base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings that are tried at a point, all different, in the order of the sequence."""
    cube = places(tuning.sampler, tuning.budget, len(tuning.space))
    settings = _distinct(tuning, point, base, cube)
    if len(settings) < tuning.budget:
        cube = places(tuning.sampler, ATTEMPTS * tuning.budget, len(tuning.space))
        settings = _distinct(tuning, point, base, cube)
    if len(settings) < tuning.budget:
        where = f" at {dict(point)}" if point else ""
        raise UserError(
            f"the ranges must have {tuning.budget} different settings, got {len(settings)}{where}"
        )
    return settings


def _distinct(
    tuning: Tuning, point: Mapping[str, Any], base: Mapping[str, Any], cube: Shares
) -> list[dict[str, Any]]:
    """The first settings that differ from all before, as many as the budget or as there are."""
    home = _home(tuning, base)
    settings = ({**home, **setting_at(tuning.space, shares, {**home, **point})} for shares in cube)
    different = {key_of_setting(setting): setting for setting in settings}
    return list(islice(different.values(), tuning.budget))


def _home(tuning: Tuning, base: Mapping[str, Any]) -> dict[str, Any]:
    return {name: base[name] for name in tuning.names}
