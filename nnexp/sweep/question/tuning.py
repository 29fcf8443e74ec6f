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
        sampler: tpe                  # halton (the default), sobol, random; tpe, gp, cmaes: they learn
        pruner: median                # ends runs that fall behind: none (the default), median, asha
        together: 8                   # settings of a round, with these samplers and pruners
      seeds: 5

What is tried is a sweep of its own, NAME/trials, with seeds that no other sweep has: those that choose a
setting never judge it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.sweep.question.points import MOST, Question, axes_of, points_of
from nnexp.sweep.question.pruners import NO_PRUNER, PRUNERS
from nnexp.sweep.question.samplers import ASKED, SEQUENCES
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.question.sources import source_axes
from nnexp.sweep.question.space import Space
from nnexp.sweep.question.space_file import space_of

TRIALS = "trials"  # the last part of the name of a sweep that tries settings
FIRST_SEED = 1_000_000  # of the trials
SEEDS, FINALISTS, TOGETHER = 1, 3, 8  # runs of a setting, settings trained again, or in a round, unless given
NUISANCE, SEARCH = "nuisance", "search"
COMMON = ("budget", "seeds", "sampler")
SAMPLERS = {NUISANCE: tuple(SEQUENCES), SEARCH: (*SEQUENCES, *ASKED)}
OF_ROUNDS = ("pruner", "together")
KEYS = {NUISANCE: COMMON, SEARCH: (*COMMON, "finalists", *OF_ROUNDS)}  # beside hyperparameters


@dataclass(frozen=True)
class Tuning:
    """What is tried: `budget` settings of a `space` at each point, `seeds` runs of each.

    `finalists`: how many of a search's settings are trained again; None where each point's best is. `given`:
    the ranges as the sweep file has them. `together`: settings of a round, where what is tried, or for how
    long, follows from earlier rounds; None where all are tried at once.
    """

    given: Mapping[str, Any]
    space: Space
    budget: int
    seeds: int
    sampler: str
    finalists: int | None
    pruner: str = NO_PRUNER
    together: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The hyperparameters that are tuned."""
        return tuple(dimension.name for dimension in self.space)


def check_seeds(question: Question) -> None:
    """Raise `UserError` if a seed of the question is one of those that choose settings."""
    rule = question.seeds
    if not isinstance(rule, UntilDecided) and (choosing := [seed for seed in rule if _chooses(seed)]):
        raise UserError(
            f"sweep.seeds must be < {FIRST_SEED}, got {choosing[0]}: from there on they choose settings"
        )


def _chooses(seed: Any) -> bool:
    return isinstance(seed, int) and seed >= FIRST_SEED


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
    if search is not None and isinstance(question.seeds, UntilDecided):
        raise UserError("sweep.search takes a fixed number of seeds, such as sweep.seeds=5, and no until")
    if sources := source_axes(tuple(names)):
        raise UserError(f"{sources[0]} as an axis takes no sweep.nuisance beside it: settings are no seeds")
    points = points_of(question) if names else []
    key, given = (NUISANCE, nuisance) if search is None else (SEARCH, search)
    return read_tuning(key, given, points)


def read_tuning(key: str, given: Any, points: Sequence[Mapping[str, Any]]) -> Tuning:
    """What stands under `key`, `nuisance` or `search`, beside these points of the axes.

    Raises:
        UserError: it cannot be used.
    """
    place, search = f"sweep.{key}", key == SEARCH
    if not isinstance(given, Mapping):
        raise UserError(f"{place} must give hyperparameters with their ranges and a budget, got {given!r}")
    ranges = {
        name: {str(part): value for part, value in raw.items()} if isinstance(raw, Mapping) else raw
        for name, raw in given.items()
        if name not in KEYS[key] and raw is not None
    }
    if not ranges:
        raise UserError(f"{place} must name at least one hyperparameter with its range, got {dict(given)}")
    axes = {
        n: list({str(point[n]): point[n] for point in points}.values()) for n in (points[0] if points else ())
    }
    tuning = Tuning(
        ranges,
        space_of(place, ranges, axes, KEYS[key]),
        budget=_whole(f"{place}.budget", given.get("budget"), 2 if search else 1),
        seeds=_whole(f"{place}.seeds", given.get("seeds", SEEDS), 1),
        sampler=_one_of(f"{place}.sampler", given.get("sampler", "halton"), SAMPLERS[key]),
        finalists=_whole(f"{place}.finalists", given.get("finalists", FINALISTS), 1) if search else None,
        pruner=_one_of(f"{place}.pruner", given.get("pruner", NO_PRUNER), PRUNERS),
    )
    if (runs := tuning.budget * tuning.seeds * max(1, len(points))) > MOST:
        raise UserError(f"{place} must try at most {MOST} runs, got {runs} (points x budget x seeds)")
    if tuning.finalists and tuning.finalists > tuning.budget:
        raise UserError(
            f"{place}.finalists must be <= {place}.budget={tuning.budget}, got {tuning.finalists}"
        )
    return replace(tuning, together=_together(f"{place}.together", tuning, given.get("together")))


def _together(key: str, tuning: Tuning, given: Any) -> int | None:
    """The settings of a round; None where there is one round only."""
    if tuning.sampler in ASKED or tuning.pruner != NO_PRUNER:
        return _whole(key, TOGETHER if given is None else given, 1)
    if given is not None:
        raise UserError(
            f"{key} is for searches in rounds, with a sampler of {', '.join(ASKED)} or a pruner, got {given}"
        )
    return None


def as_written(tuning: Tuning) -> dict[str, dict[str, Any]]:
    """`{nuisance: ...}` or `{search: ...}`, as a sweep file may have it."""
    key = NUISANCE if tuning.finalists is None else SEARCH
    names = [name for name in KEYS[key] if tuning.together or name not in OF_ROUNDS]
    others = {name: getattr(tuning, name) for name in names}
    return {key: {**tuning.given, **others}}


def _one_of(key: str, value: Any, names: Collection[str]) -> str:
    if value not in names:
        raise unknown(key, str(value), names)
    return str(value)


def _whole(key: str, value: Any, least: int) -> int:
    if value is None:
        raise UserError(f"{key} is missing: it must be a whole number >= {least}")
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise UserError(f"{key} must be a whole number >= {least}, got {value!r}")
    return value
