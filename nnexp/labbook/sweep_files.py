"""What the sweep files of today ask, to compare it with what was trained."""

from dataclasses import replace
from pathlib import Path

from nnexp.config import choices, conf_dir, load_config
from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.labbook.published_results import Asked
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import settings_of
from nnexp.sweep.store.plan_file import read_body


def asked_by(name: str, home: Path) -> Asked:
    """What the sweep file NAME asks; where it leaves the data set at the default, on that of `home`'s sweep.

    Raises:
        UserError: there is no such file, or it cannot be used.
    """
    trained = _trained_on(home)
    try:
        config = load_config([f"+sweep={name}"])
        data = config.data
        if trained is not None and data.name == DataSpec().name:
            data = replace(data, name=trained)
        settings = settings_of(config.question, config.hyperparameters, data)
    except UserError as error:
        raise UserError(f"+sweep={name}: {error}") from error
    return Asked(config.question, settings)


def _trained_on(home: Path) -> str | None:
    """The data set of the sweep in `home`; None if there is none, or its plan is damaged."""
    try:
        return str(read_body(home)["settings"]["data"])
    except (UserError, KeyError, TypeError):  # whoever reads the results there says what is wrong with them
        return None


def all_asked(sweeps_dir: str) -> dict[str, Asked]:
    """What every sweep file asks, by the name of its sweep; data sets as in the published results."""
    return {name: asked_by(name, Path(sweeps_dir, PUBLISHED, name)) for name in choices("sweep")}


def file_of(name: str) -> Path:
    """The sweep file NAME: in `./conf`, else the shipped one."""
    own = Path("conf", "sweep", f"{name}.yaml")
    return own if own.exists() else conf_dir() / "sweep" / f"{name}.yaml"
