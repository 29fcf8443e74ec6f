"""Stages of a study: sweeps in a row, each from the settings that the one before took.

    learning_rate: 10.0                 # where the study begins
    sweep:
      question: How far does a bad beginning lead, without a person?
      stages:
        - name: rate
          set: {train_size: 1000, hidden_layers: 0}          # in this stage alone
          axes: {learning_rate: [0.01, 0.1, 1, 10]}
          seeds: 3
        - name: finer_rate
          axes: {learning_rate: {times: [0.3, 1, 3]}}        # of what the stage before took
        - name: epochs
          set: {epochs: 200, patience: 10}
          take: {epochs: best_epoch}                         # a figure of its best point, median over seeds
        - name: batch_size
          axes: {batch_size: [10, 20, 50]}
          timing: true
          target: 0.96
          by: {lowest: seconds_to_target}                    # else the highest validation accuracy
      seeds: 5

A stage is a sweep STUDY/STAGE; it may have `nuisance` or `search`. From its best point the study takes the
values of the stage's axes and of what it tuned, or those that `take` names. In the end the study's own sweep
is trained with all that was taken, and with seeds that took no part in it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nnexp.errors import UserError, unknown
from nnexp.sweep.question.names import check_name
from nnexp.sweep.question.plan import Plan, is_of_trials
from nnexp.sweep.question.points import AXES, Question, axes_of, check_measures, key_of
from nnexp.sweep.question.ranges import REAL, WHOLE
from nnexp.sweep.question.space import DIGITS
from nnexp.sweep.question.tuning import TRIALS, tuning_of

FIRST_SEED = 2_000_000  # of the runs that stages take settings by
LISTED = ("axes", "zip", "points", "exclude", "timing", "target", "nuisance", "search")
KEYS = ("name", "question", "set", "seeds", "take", "by", *LISTED)
BY = ("highest", "lowest")


@dataclass(frozen=True)
class Stage:
    """One sweep of a study.

    `given`: its keys as the sweep file has them; `settings`: values that hold in this stage alone; `take`:
    setting -> figure of runs.csv that it is set to, or "" for the value at the best point; None: all that
    varies. `lowest`: whether the best point is the one with the lowest mean of `metric`; no metric: the
    validation accuracy.
    """

    name: str
    given: Mapping[str, Any]
    settings: Mapping[str, Any]
    take: Mapping[str, str] | None
    metric: str
    lowest: bool

    @property
    def varied(self) -> set[str]:
        """The settings that the study may take another value of."""
        parts = (self.given.get(part) for part in ("axes", "zip", "nuisance", "search"))
        return {*(self.take or {})}.union(*(part for part in parts if isinstance(part, Mapping)))

    @property
    def digest(self) -> str:
        """12 characters of SHA-256 over what the sweep file says of it."""
        return hashlib.sha256(str(self.given).encode()).hexdigest()[:12]


def stages_of(raw: Any) -> tuple[Stage, ...]:
    """What `sweep.stages` says.

    Raises:
        UserError: it cannot be used.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list) or not raw:
        raise UserError(f"sweep.stages must be a list of stages, each with a name, got {raw!r}")
    stages = tuple(_stage(f"sweep.stages[{number}]", one) for number, one in enumerate(raw, start=1))
    names = [stage.name for stage in stages]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(f"sweep.stages must have names of their own, got {twice[0]} twice")
    return stages


def question_at(study: Question, stage: Stage, settings: Mapping[str, Any]) -> Question:
    """What a stage asks where the study stands at `settings`: setting -> value.

    Raises:
        UserError: it cannot be asked.
    """
    given = stage.given
    seeds = given.get("seeds", 1)
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise UserError(f"seeds of the stage {stage.name} must be a whole number >= 1, got {seeds!r}")
    parts = {part: _absolute(stage, given.get(part) or {}, settings) for part in ("axes", "zip")}
    question = Question(
        name=f"{study.name}/{stage.name}",
        question=given.get("question") or f"Stage {stage.name} of {study.name}",
        seeds=[FIRST_SEED + k for k in range(seeds)],
        points=given.get("points") or (),
        exclude=given.get("exclude") or (),
        timing=given.get("timing", False),
        target=given.get("target"),
        **parts,
    )
    try:
        question = replace(question, tuning=tuning_of(question, given.get("nuisance"), given.get("search")))
    except UserError as error:
        raise UserError(f"the stage {stage.name}: {error}") from None
    if not axes_of(question) and not question.tuning and not stage.take:
        raise UserError(
            f"the stage {stage.name} must vary something (axes, search) or take a figure, got neither"
        )
    return question


def is_part(plan: Plan) -> bool:
    """Whether another sweep rests on it: a stage of a study, or the trials of a tuned sweep."""
    return is_of_stage(plan) or is_of_trials(plan)


def is_of_stage(plan: Plan) -> bool:
    """Whether the sweep is a stage of a study."""
    return plan.seeds[0] >= FIRST_SEED


def _stage(key: str, raw: Any) -> Stage:
    if not isinstance(raw, Mapping):
        raise UserError(f"{key} must have keys of its own ({', '.join(KEYS)}), got {raw!r}")
    for word in raw:
        if word not in KEYS:
            raise unknown(f"key in {key}:", str(word), KEYS)
    name = raw.get("name")
    if not isinstance(name, str) or "/" in name or name == TRIALS:
        raise UserError(f"{key}.name must be a word of its own, other than {TRIALS}, got {name!r}")
    check_name(name)
    check_measures(key, raw.get("timing", False), raw.get("target"))
    if not isinstance(raw.get("question", ""), str):
        raise UserError(f"{key}.question must be text, got {raw['question']!r}")
    settings = raw.get("set") or {}
    if not isinstance(settings, Mapping):
        raise UserError(f"{key}.set must give values of settings, as in {{epochs: 5}}, got {settings!r}")
    for setting in settings:
        if setting not in AXES or setting == "data":
            raise unknown(f"setting in {key}.set", str(setting), [known for known in AXES if known != "data"])
    metric, lowest = _by(f"{key}.by", raw.get("by"))
    return Stage(name, raw, settings, _take(f"{key}.take", raw.get("take")), metric, lowest)


def _take(key: str, raw: Any) -> dict[str, str] | None:
    if raw is None:
        return None
    if isinstance(raw, str) or not isinstance(raw, Mapping | Sequence) or not raw:
        raise UserError(
            f"{key} must list settings, or give figures, as in {{epochs: best_epoch}}, got {raw!r}"
        )
    for name in raw:
        if name not in AXES:
            raise unknown(f"setting in {key}", str(name), AXES)
    return {name: str(raw[name]) for name in raw} if isinstance(raw, Mapping) else dict.fromkeys(raw, "")


def _by(key: str, raw: Any) -> tuple[str, bool]:
    if raw is None:
        return "", False
    if not isinstance(raw, Mapping) or len(raw) != 1 or next(iter(raw)) not in BY:
        raise UserError(f"{key} must be {{highest: METRIC}} or {{lowest: METRIC}}, got {raw!r}")
    ((word, metric),) = raw.items()
    return str(metric), bool(word == "lowest")


def _absolute(stage: Stage, axes: Any, settings: Mapping[str, Any]) -> Any:
    """The axes with `{times: [...]}` in numbers."""
    if not isinstance(axes, Mapping):
        return axes
    return {name: _values(stage, name, values, settings) for name, values in axes.items()}


def _values(stage: Stage, name: str, values: Any, settings: Mapping[str, Any]) -> Any:
    if not isinstance(values, Mapping) or "times" not in values:
        return values
    key, base = f"{key_of(name)}.times in the stage {stage.name}", settings.get(name)
    if name not in WHOLE | REAL or not isinstance(base, int | float) or isinstance(base, bool):
        raise UserError(f"{key} takes a number to multiply, got {base!r}")
    times = values["times"]
    if not isinstance(times, list) or not all(isinstance(t, int | float) and t > 0 for t in times):
        raise UserError(f"{key} must be a list of numbers > 0, got {times!r}")
    scaled = [base * factor for factor in times]
    if name in WHOLE:
        return list(dict.fromkeys(max(1, round(value)) for value in scaled))
    return list(dict.fromkeys(float(f"{value:.{DIGITS}g}") for value in scaled))
