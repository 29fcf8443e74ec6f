"""What the sweep files ask now, to compare it with what was trained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from nnexp.config import Config, choices, conf_dir, load_config
from nnexp.config.study import config_at, with_result
from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.planner import settings_of
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.trials import trials_of
from nnexp.sweep.question.tuning import TRIALS
from nnexp.sweep.store.plan_file import read_head


class CurrentQuestion(NamedTuple):
    """What a sweep file asks: its question, and the settings of every point."""

    question: Question
    settings: Sequence[Mapping[str, Any]]


def read_sweep_file(name: str, home: Path) -> CurrentQuestion:
    """The sweep file NAME; where it leaves the data set at the default, on that of the sweep in `home`.

    Of the trials of a tuned sweep, NAME/trials, it is what the file of that sweep has tried.

    Raises:
        UserError: there is no such file, or it cannot be used.
    """
    tuned = name.removesuffix(f"/{TRIALS}")
    try:
        config = _config(name if name in choices("sweep") else tuned, home)
        return _trials_asked(config) if tuned != name and config.question.tuning else _asked(config)
    except UserError as error:
        raise UserError(f"+sweep={name}: {error}") from error


def files_of_stages(plan: Plan, home: Path) -> dict[str, CurrentQuestion]:
    """What the file of a study asks in each of its stages, after what those before have given `plan`, and of
    their trials: by name of the sweep.

    Raises:
        UserError: there is no such file, or it cannot be used.
    """
    config, asked = _config(plan.name, home), dict[str, CurrentQuestion]()
    for stage, result in zip(config.question.stages, plan.stages, strict=True):
        step = config_at(config, stage)
        asked[step.question.name] = _asked(step)
        if step.question.tuning:
            asked[f"{step.question.name}/{TRIALS}"] = _trials_asked(step)
        config = with_result(config, result)
    return asked


def _config(name: str, home: Path) -> Config:
    """The configuration of a sweep file, on the data set of the sweep in `home` where it leaves that open."""
    config, data_name = load_config([f"+sweep={name}"]), _data_of(home)
    if data_name is not None and config.data.name == DataSpec().name:
        return replace(config, data=replace(config.data, name=data_name))
    return config


def _asked(config: Config) -> CurrentQuestion:
    return CurrentQuestion(config.question, settings_of(config.question, config.hyperparameters, config.data))


def _trials_asked(config: Config) -> CurrentQuestion:
    """The same of the trials of a tuned question."""
    base = Run("", config.hyperparameters, config.data, 0).settings
    assert config.question.tuning
    return _asked(replace(config, question=trials_of(config.question, config.question.tuning, base)))


def _data_of(home: Path) -> str | None:
    """The data set of the sweep in `home`; None if there is none, or its plan is damaged."""
    try:
        return read_head(home).data[0]
    except (UserError, IndexError):  # whoever reads the results there says what is wrong with them
        return None


def read_sweep_files(sweeps_dir: str, leave_out: Callable[[str], object]) -> dict[str, CurrentQuestion]:
    """Every sweep file, by the name of its sweep; data sets as in the published results.

    A file of the user's that cannot be used is left out: `leave_out` says why. Raises `UserError` for others.
    """
    files = {}
    for name in choices("sweep"):
        try:
            files[name] = read_sweep_file(name, Path(sweeps_dir, PUBLISHED, name))
        except UserError as error:
            if (conf_dir() / "sweep" / f"{name}.yaml").exists():
                raise
            leave_out(str(error))
    return files


def path_of(name: str) -> Path:
    """The sweep file NAME: in `./conf`, else the shipped one."""
    own = Path("conf", "sweep", f"{name}.yaml")
    return own if own.exists() else conf_dir() / "sweep" / f"{name}.yaml"
