"""Where a study stands: its configuration with what its stages have given it so far."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nnexp.config.schema import Config
from nnexp.sweep.question.plan import Run, StageResult
from nnexp.sweep.question.points import DATA_KNOBS
from nnexp.sweep.question.stages import Stage, question_at


def config_at(config: Config, stage: Stage) -> Config:
    """What a stage asks, from the study's settings as they stand in `config`.

    Raises:
        UserError: it cannot be asked.
    """
    base = Run("", config.hyperparameters, config.data, 0).settings
    question = question_at(config.question, stage, base)
    return replace(_with_settings(config, stage.settings), question=question)


def with_result(config: Config, result: StageResult) -> Config:
    """The study's configuration with what a stage has given it.

    Raises:
        UserError: a value cannot be used.
    """
    question = replace(config.question, stage_results=[*config.question.stage_results, result])
    return replace(_with_settings(config, result.took), question=question)


def _with_settings(config: Config, settings: Mapping[str, Any]) -> Config:
    knobs = {name: value for name, value in settings.items() if name in DATA_KNOBS}
    others = {name: value for name, value in settings.items() if name not in DATA_KNOBS}
    if "hidden_size" in others and isinstance(config.hyperparameters.hidden_size, tuple):
        others = {"hidden_layers": 1} | others
    hyperparameters = replace(config.hyperparameters, **others)
    return replace(config, hyperparameters=hyperparameters, data=replace(config.data, **knobs))
