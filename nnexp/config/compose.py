"""From the words of a command line to one checked `Config`."""

import re
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
from nnexp.config.schema import ROOT_DATA, Config, Execution, SweepFile, Tracking, check_keys, defaults
from nnexp.data import DataSpec
from nnexp.nn import Hyperparameters, UserError
from nnexp.nn.errors import unknown
from nnexp.sweep.plan import HYPERPARAMETERS, Question


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
        composed = compose("config", [words.spelled(override) for override in plain])
        raw = OmegaConf.to_container(composed, resolve=False)
        values = OmegaConf.to_container(composed, resolve=True)
    values = cast(dict[str, Any], values)
    check_keys(values)
    _check_shadows(plain)
    question = _question(values, plain, several, multirun)
    _check_axes_alone(question, plain, str(raw))
    return Config(
        hyperparameters=_hyperparameters(values),
        data=DataSpec(**values["data"], **{name: values[name] for name in ROOT_DATA}),
        question=question,
        tracking=Tracking(**values["tracking"]),
        execution=Execution(**{name: values[name] for name in Execution.__dataclass_fields__}),
    )


def spelled(overrides: Sequence[str]) -> list[str]:
    """The words of a command line as Hydra itself understands them."""
    return [words.spelled(override) for override in words.parse(overrides)]


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
    return sorted(
        [*files, *(f"{sub}/{name}" for sub in folders for name in _options(loader, f"{group}/{sub}"))]
    )


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
    group, _, name = str(error.missing_cfg_file).rpartition("/")
    return unknown(group or "configuration", name, error.options or ())


def _hyperparameters(values: Mapping[str, Any]) -> Hyperparameters:
    monitors = tuple(name for name, wanted in values["monitor"].items() if wanted)
    return Hyperparameters(**{name: values[name] for name in HYPERPARAMETERS} | {"monitor": monitors})


def _question(
    values: Mapping[str, Any], plain: Sequence[Override], several: Mapping[str, list[Any]], multirun: bool
) -> Question:
    """What the sweep asks, from the sweep file, the command line and the values given to `-m`."""
    chosen = [str(o.value()) for o in plain if o.key_or_group == "sweep"]
    given = {override.key_or_group for override in plain}
    file = SweepFile(**values["sweep"])
    swept_seeds = several.get("seed")
    if chosen and (swept_seeds or "seed" in given):
        raise UserError(
            "a sweep has its own seeds: write sweep.seeds=5 or sweep.seeds=[0,1] instead of seed="
        )
    axes = dict(file.axes or {})
    for key, listed in several.items():
        if _axis(key) in axes:
            raise _is_an_axis(_axis(key))
        if key != "seed":
            axes[_axis(key)] = listed
    if swept_seeds and file.seeds is not None:
        raise UserError("seed= and sweep.seeds= both name the seeds: give one of them")
    name = file.name or (chosen[0] if chosen else "multirun" if multirun or axes else "single")
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", name):
        raise UserError(f"sweep.name must be letters, digits, '_', '-', '.' and '/', got {name!r}")
    seeds = swept_seeds or _seeds(file.seeds, values["seed"])
    return Question(name=name, question=file.question, axes=axes, seeds=seeds, baseline=file.baseline)


def _axis(key: str) -> str:
    """`data.scale` and `sweep.axes.scale` name the axis `scale`."""
    return key.removeprefix("sweep.axes.").removeprefix("data.")


def _seeds(seeds: Any, base: Any) -> Sequence[int]:
    """`sweep.seeds`: a count means 0, 1, ...; nothing means the one base seed."""
    if seeds is None:
        return [base]
    if isinstance(seeds, list):
        return seeds
    if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
        raise UserError(f"sweep.seeds must be a number of seeds >= 1 or a list of them, got {seeds!r}")
    return range(seeds)


def _check_axes_alone(question: Question, plain: Sequence[Override], raw: str) -> None:
    """An axis takes its values from the sweep alone: one given beside it would pass silently and wrongly."""
    for override in plain:
        if _axis(override.key_or_group) in question.axes and not override.key_or_group.startswith("sweep."):
            raise _is_an_axis(_axis(override.key_or_group))
    for interpolation in re.findall(r"\$\{[^}]*\}", raw):
        for name in re.findall(r"[\w.]+", interpolation):
            if _axis(name) in (*question.axes, "seed"):
                raise UserError(f"{interpolation} names {name}, whose value differs from run to run")


def _is_an_axis(axis: str) -> UserError:
    return UserError(f"{axis} is an axis of this sweep: write 'sweep.axes.{axis}=[...]' instead")
