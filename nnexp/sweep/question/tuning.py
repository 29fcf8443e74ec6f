"""Hyperparameters that are tuned away before points are compared, and searches for the best setting.

    sweep:
      axes:
        batch_size: [1, 10, 100]
      nuisance:                       # at each batch size 16 learning rates are tried, with 2 seeds each;
        learning_rate: {low: 0.01, high: 10, scale: log}     # the best one is trained again with `seeds`
        budget: 16
        seeds: 2
      seeds: 5

    sweep:
      search:                         # 64 settings are tried; the best 3 are trained again with `seeds`
        learning_rate: {low: 0.01, high: 10, scale: log}
        hidden_size: {low: 10, high: 300, scale: log}
        budget: 64
        finalists: 3
      seeds: 5

What is tried is a sweep of its own, NAME/trials, with seeds that no other sweep has: those that choose a
setting never judge it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.sweep.question.points import Question, axes_of, points_of
from nnexp.sweep.question.samplers import SEQUENCES, Shares, places
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.question.sources import source_axes
from nnexp.sweep.question.space import Space, setting_at, space_of

TRIALS = "trials"  # the last part of the name of a sweep that tries settings
FIRST_SEED = 1_000_000  # of the trials
ATTEMPTS = 50  # times the budget of places: where whole numbers or lists leave so few, there are no more
NUISANCE, SEARCH = "nuisance", "search"
COMMON = ("budget", "seeds", "sampler")
KEYS = {NUISANCE: COMMON, SEARCH: (*COMMON, "finalists")}  # beside hyperparameters


@dataclass(frozen=True)
class Tuning:
    """What is tried: `budget` settings of a `space` at each point, `seeds` runs of each.

    `finalists`: how many of a search's settings are trained again; None where each point's best is. `given`:
    the ranges as the sweep file has them.
    """

    given: Mapping[str, Any]
    space: Space
    budget: int
    seeds: int
    sampler: str
    finalists: int | None

    @property
    def names(self) -> tuple[str, ...]:
        """The hyperparameters that are tuned."""
        return tuple(dimension.name for dimension in self.space)


def tuning_of(question: Question, nuisance: Any, search: Any) -> Tuning | None:
    """What `sweep.nuisance` or `sweep.search` says; None where there is neither.

    Raises:
        UserError: they cannot be used, or not with what else the question has.
    """
    if nuisance is None and search is None:
        return None
    if nuisance is not None and search is not None:
        raise UserError("sweep.search has no nuisance beside it: what is searched is tuned, too")
    names = axes_of(question)
    if search is not None and names:
        raise UserError(
            f"sweep.search takes no axes beside it, got {', '.join(names)}: list them in sweep.search"
        )
    if sources := source_axes(tuple(names)):
        raise UserError(f"{sources[0]} as an axis takes no sweep.nuisance beside it: settings are no seeds")
    points = points_of(question) if names else []
    key, given = (NUISANCE, nuisance) if search is None else (SEARCH, search)
    tuning = read_tuning(key, given, points)
    _check_seeds(question, tuning)
    return tuning


def read_tuning(key: str, given: Any, points: Sequence[Mapping[str, Any]]) -> Tuning:
    """What stands under `key`, `nuisance` or `search`, beside these points of the axes.

    Raises:
        UserError: it cannot be used.
    """
    place, search = f"sweep.{key}", key == SEARCH
    if not isinstance(given, Mapping):
        raise UserError(f"{place} must give hyperparameters with their ranges and a budget, got {given!r}")
    ranges = {name: raw for name, raw in given.items() if name not in KEYS[key] and raw is not None}
    if not ranges:
        raise UserError(f"{place} must name at least one hyperparameter with its range, got {dict(given)}")
    axes = {
        n: list({str(point[n]): point[n] for point in points}.values()) for n in (points[0] if points else ())
    }
    sampler = given.get("sampler", "halton")
    if sampler not in SEQUENCES:
        raise unknown(f"{place}.sampler", str(sampler), SEQUENCES)
    tuning = Tuning(
        ranges,
        space_of(place, ranges, axes),
        budget=_whole(f"{place}.budget", given.get("budget"), 2 if search else 1),
        seeds=_whole(f"{place}.seeds", given.get("seeds", 1), 1),
        sampler=sampler,
        finalists=_whole(f"{place}.finalists", given.get("finalists", 3), 1) if search else None,
    )
    if tuning.finalists and tuning.finalists > tuning.budget:
        raise UserError(
            f"{place}.finalists must be <= {place}.budget={tuning.budget}, got {tuning.finalists}"
        )
    return tuning


def as_written(tuning: Tuning) -> dict[str, dict[str, Any]]:
    """`{nuisance: ...}` or `{search: ...}`, as a sweep file may have it."""
    key = NUISANCE if tuning.finalists is None else SEARCH
    others = {name: getattr(tuning, name) for name in KEYS[key]}
    return {key: {**tuning.given, **others}}


def _whole(key: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserError(f"{key} must be a whole number >= {least}, got {value!r}")
    return value


def _check_seeds(question: Question, tuning: Tuning) -> None:
    rule = question.seeds
    seeds = range(rule.most) if isinstance(rule, UntilDecided) else rule
    if common := {FIRST_SEED + k for k in range(tuning.seeds)} & set(seeds):
        raise UserError(
            f"sweep.seeds must not hold {min(common)}: seeds from {FIRST_SEED} on choose settings"
        )


def trials_of(question: Question, tuning: Tuning, base: Mapping[str, Any]) -> Question:
    """The sweep of all settings that are tried, one after the other, each at all points.

    `base`: setting -> its value in the base configuration, which it has where it is not drawn.

    Raises:
        UserError: the space has fewer settings than the budget.
    """
    points = points_of(question) if axes_of(question) else [{}]
    tried = [settings_at(tuning, point, base) for point in points]
    return replace(
        question,
        name=f"{question.name}/{TRIALS}",
        question=f"Which settings suit each point of {question.name}?",
        axes={},
        zip={},
        exclude=(),
        points=[
            point | of_point[k]
            for k in range(tuning.budget)
            for point, of_point in zip(points, tried, strict=True)
        ],
        seeds=[FIRST_SEED + k for k in range(tuning.seeds)],
        baseline=None,
        timing=False,
        target=None,
        claims=(),
    )


def settings_at(tuning: Tuning, point: Mapping[str, Any], base: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings that are tried at a point, all different, in the order of the sequence."""
    home = {name: base[name] for name in tuning.names}
    cube = places(tuning.sampler, tuning.budget, len(tuning.space))
    settings = _distinct(tuning, point, home, cube)
    if len(settings) < tuning.budget:
        cube = places(tuning.sampler, ATTEMPTS * tuning.budget, len(tuning.space))
        settings = _distinct(tuning, point, home, cube)
    if len(settings) < tuning.budget:
        where = f" at {dict(point)}" if point else ""
        raise UserError(
            f"the ranges must have {tuning.budget} different settings, got {len(settings)}{where}"
        )
    return settings


def _distinct(
    tuning: Tuning, point: Mapping[str, Any], home: Mapping[str, Any], cube: Shares
) -> list[dict[str, Any]]:
    """The first settings that differ from all before, as many as the budget or as there are."""
    settings = ({**home, **setting_at(tuning.space, shares, point)} for shares in cube)
    different = {str(setting): setting for setting in settings}
    return list(islice(different.values(), tuning.budget))
