"""What the sweep files ask now, to compare it with what was trained."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from nnexp.config import choices, conf_dir, load_config
from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Run
from nnexp.sweep.question.planner import settings_of
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.tuning import TRIALS, trials_of
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
    data_name = _data_of(home)
    tuned = name.removesuffix(f"/{TRIALS}")
    try:
        config = load_config([f"+sweep={name if name in choices('sweep') else tuned}"])
        data = config.data
        if data_name is not None and data.name == DataSpec().name:
            data = replace(data, name=data_name)
        question = config.question
        if tuned != name and question.tuning:
            base = Run("", config.hyperparameters, data, 0).settings
            question = trials_of(question, question.tuning, base)
        settings = settings_of(question, config.hyperparameters, data)
    except UserError as error:
        raise UserError(f"+sweep={name}: {error}") from error
    return CurrentQuestion(question, settings)


def _data_of(home: Path) -> str | None:
    """The data set of the sweep in `home`; None if there is none, or its plan is damaged."""
    try:
        return read_head(home).data[0]
    except (UserError, IndexError):  # whoever reads the results there says what is wrong with them
        return None


def read_sweep_files(sweeps_dir: str) -> dict[str, CurrentQuestion]:
    """Every sweep file, by the name of its sweep; data sets as in the published results."""
    return {name: read_sweep_file(name, Path(sweeps_dir, PUBLISHED, name)) for name in choices("sweep")}


def path_of(name: str) -> Path:
    """The sweep file NAME: in `./conf`, else the shipped one."""
    own = Path("conf", "sweep", f"{name}.yaml")
    return own if own.exists() else conf_dir() / "sweep" / f"{name}.yaml"
