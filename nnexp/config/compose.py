"""From the words of a command line to one checked `Config`."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.core.plugins import Plugins
from hydra.errors import HydraException, MissingConfigException
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from nnexp.config import overrides as words
from nnexp.config.question import check_axes_alone, question_of
from nnexp.config.schema import CLAIMED, ROOT_DATA, Config, Execution, Tracking, check_keys, defaults
from nnexp.data import DataSpec
from nnexp.errors import UserError, unknown
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.points import HYPERPARAMETERS

_DOTTED = tuple(f"{key}." for key in CLAIMED)


def conf_dir() -> Path:
    """The shipped configuration: `conf/` of the checkout, or the copy inside an installed package."""
    package = Path(__file__).resolve().parents[1]
    beside = package.parent / "conf"
    return beside if (beside / "config.yaml").exists() else package / "conf"


class UserConf(SearchPathPlugin):
    """Puts `./conf` and `--config-dir` on Hydra's search path, behind the shipped configuration."""

    config_dir: str | None = None

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for folder in (self.config_dir, "conf"):
            path = Path(folder).resolve() if folder else conf_dir()
            if path.is_dir() and path != conf_dir():
                search_path.append("nnexp", f"file://{path}")


def register() -> None:
    """Give Hydra the defaults that the dataclasses declare, and the search path."""
    ConfigStore.instance().store(name="defaults", node=OmegaConf.create(defaults()), provider="nnexp")
    Plugins.instance().register(UserConf)


def load_config(overrides: Sequence[str], *, multirun: bool = False, config_dir: str | None = None) -> Config:
    """Compose what a command line asks for and check all of it. `config_dir`: one more folder of configs.

    Raises:
        UserError: a key, a value or a combination cannot be used.
    """
    if config_dir is not None and not Path(config_dir).is_dir():
        raise UserError(f"--config-dir must be a folder, got {config_dir!r}")
    register()
    UserConf.config_dir = config_dir
    plain, several = words.split(words.parse(overrides), multirun)
    with _hydra():
        composed = compose("config", [word for override in plain for word in words.spelled(override)])
        raw = OmegaConf.to_container(composed, resolve=False)
        values = OmegaConf.to_container(composed, resolve=True)
    values = cast(dict[str, Any], values)
    check_keys(values)
    _check_shadows(plain)
    asked = question_of(values, plain, several, multirun)
    check_axes_alone(asked, plain, str(raw))
    return Config(
        hyperparameters=_hyperparameters(values),
        data=DataSpec(**values["data"], **{name: values[name] for name in ROOT_DATA}),
        question=asked,
        tracking=Tracking(**values["tracking"]),
        execution=Execution(**{name: values[name] for name in Execution.__dataclass_fields__}),
        changed=bool(several) or any(f"{o.key_or_group}.".startswith(_DOTTED) for o in plain),
    )


def spelled(overrides: Sequence[str]) -> list[str]:
    """The words of a command line as Hydra itself understands them."""
    return [word for override in words.parse(overrides) for word in words.spelled(override)]


@contextmanager
def _hydra() -> Iterator[None]:
    """Hydra over our configuration; what it finds wrong becomes one line."""
    try:
        with initialize_config_dir(str(conf_dir()), version_base="1.3"):
            yield
    except MissingConfigException as error:
        raise _missing(error) from error
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        raise UserError(" ".join(str(error).split())) from error


def choices(overrides: Sequence[str], config_dir: str | None = None) -> tuple[dict[str, list[str]], str]:
    """For the help page: the choices of each configuration group, and the composed values as YAML."""
    register()
    UserConf.config_dir = config_dir
    with _hydra():
        composed = compose("config", spelled(overrides))
        loader = GlobalHydra.instance().config_loader()
        groups = {name: _options(loader, name) for name in ("data", "sweep", "tracking")}
    return groups, OmegaConf.to_yaml(composed)


def _options(loader: ConfigLoader, group: str) -> list[str]:
    """The files of a group, those of its folders too: `book/overfitting`."""
    files = loader.get_group_options(group, ObjectType.CONFIG)
    folders = loader.get_group_options(group, ObjectType.GROUP)
    deeper = (f"{sub}/{name}" for sub in sorted(folders) for name in _options(loader, f"{group}/{sub}"))
    return [*sorted(files), *deeper]


def _check_shadows(plain: Sequence[Override]) -> None:
    """A file of the user's with the name of a shipped one would be passed over in silence."""
    for override in plain:
        file = Path(override.key_or_group, f"{override.value()}.yaml")
        shipped, own = conf_dir() / file, ("conf" / file).resolve()
        if (
            override.key_or_group in ("data", "sweep", "tracking")
            and shipped.exists()
            and own.exists()
            and own != shipped
        ):
            raise UserError(
                f"{'conf' / file} has the name of a shipped {override.key_or_group}: give it another"
            )


def _missing(error: MissingConfigException) -> UserError:
    """A group has no file of that name; its options are the choices."""
    file = str(error.missing_cfg_file)
    path = file.removeprefix("data/")
    if path != file and (os.sep in path or Path(path).suffix):
        return UserError(f"data must name a data set, got the file {path}: write data=file data.path={path}")
    group, _, name = file.rpartition("/")
    return unknown(group or "configuration", name, error.options or ())


def _hyperparameters(values: Mapping[str, Any]) -> Hyperparameters:
    monitors = tuple(name for name, wanted in values["monitor"].items() if wanted)
    return Hyperparameters(**{name: values[name] for name in HYPERPARAMETERS} | {"monitor": monitors})
