"""From the words of a command line to one checked `Config`."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from yaml import YAMLError

from nnexp.config import files, overrides
from nnexp.config.backend import Backend
from nnexp.config.intervals import searched
from nnexp.config.knobs import KNOBS
from nnexp.config.notify import Notify
from nnexp.config.question import check_interpolations, on_axes, question_of, select, tuned, with_values
from nnexp.config.schema import CLAIMED, Config, Execution, Tracking, check_keys
from nnexp.data import DataSpec
from nnexp.errors import UserError, unknown
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.points import HYPERPARAMETERS, ROOT_DATA, axes_of
from nnexp.sweep.question.seeds import as_written
from nnexp.sweep.question.tuning import as_written as written_tuning

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override
    from hydra.errors import MissingConfigException

_DOTTED = tuple(f"{key}." for key in CLAIMED)
_TURN = threading.Lock()  # Hydra has one state a process


def load_configs(
    words: Sequence[str], *, multirun: bool = False, config_dir: str | None = None
) -> list[Config]:
    """The configurations that a command line asks for, one after the other: several with `-m +sweep=a,b`.

    Raises: as `load_config`.
    """
    for place, word in enumerate(words):
        if word.startswith(("+sweep=", "++sweep=")) and multirun:
            sweep = next(each for each in overrides.parse(words) if each.key_or_group == "sweep")
            return [
                load_config([*words[:place], f"+sweep={name}", *words[place + 1 :]], multirun, config_dir)
                for name in overrides.override_values(sweep)
            ]
    return [load_config(words, multirun, config_dir)]


def load_config(words: Sequence[str], multirun: bool = False, config_dir: str | None = None) -> Config:
    """Compose what a command line asks for and check all of it. `config_dir`: one more folder of configs.

    Raises:
        UserError: a key, a value or a combination cannot be used.
    """
    typed = overrides.parse(words)
    single = [override for override in typed if not override.is_sweep_override()]
    values, raw = _composed(single, config_dir)
    question = question_of(values, typed, multirun)
    if axis_values := on_axes(question, single):  # they are no base values
        single = [override for override in single if override not in axis_values]
        values, raw = _composed(single, config_dir)
    question = with_values(question, typed, multirun)
    question = tuned(question, values, typed)
    varied = {*axes_of(question), *(question.tuning.names if question.tuning else ())}
    check_interpolations(raw, sorted(varied.union(*(stage.varied for stage in question.stages))))
    several = len(single) < len(typed)
    settings = {name: values[name] for name in Execution.__dataclass_fields__}
    return Config(
        hyperparameters=_hyperparameters(values),
        data=DataSpec(**values["data"], **{name: values[name] for name in ROOT_DATA}),
        question=question,
        tracking=Tracking(**values["tracking"]),
        execution=Execution(
            **settings | {"backend": Backend(**values["backend"]), "notify": Notify(**values["notify"])}
        ),
        changed=several or any(map(_changes_claimed, single)),
    )


def _changes_claimed(override: Override) -> bool:
    """Whether it changes what claims rest on: one of `CLAIMED`, or the depth, which a list of sizes fixes."""
    key = override.key_or_group
    return f"{key}.".startswith(_DOTTED) or (key == "hidden_size" and isinstance(override.value(), list))


def _composed(
    single: Sequence[Override], config_dir: str | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Hydra composes, with checked keys: with interpolations resolved, and as it was written."""
    from hydra import compose
    from omegaconf import OmegaConf

    with _hydra(config_dir) as folders:
        for override in single:
            if override.key_or_group in files.GROUPS:
                files.check_name_is_free(override.key_or_group, str(override.value()), folders)
        words = [word for override in single for word in overrides.for_hydra(override)]
        with files.search_path(folders, words) as path:
            composed = compose("config", [*words, searching(path)])
        raw = cast(dict[str, Any], OmegaConf.to_container(composed, resolve=False))
        values = cast(dict[str, Any], OmegaConf.to_container(composed, resolve=True))
    check_keys(values)
    return values, raw


def values_of(words: Sequence[str], config_dir: str | None = None) -> dict[str, Any]:
    """The value of every key, by its dotted name, that a command line gives to a single run.

    Raises: as `load_config`.
    """
    single = [override for override in overrides.parse(words) if not override.is_sweep_override()]
    values, _ = _composed(single, config_dir)
    files_read = files.CHOSEN | {o.key_or_group: o.value() for o in single if o.key_or_group in files.GROUPS}
    return {key: files_read.get(key) if key in files.GROUPS else select(values, key) for key in KNOBS}


def show(options: Sequence[str], words: Sequence[str], config_dir: str | None = None) -> None:
    """Let Hydra answer its own options, such as `--cfg job`, about a command line; it trains nothing.

    Raises: as `load_config`.
    """
    import hydra

    multirun = {"-m", "--multirun"} & set(options)
    if not any(word.startswith(("install=", "uninstall=")) for word in words):  # of shell completion
        words = _words_for_hydra(words, bool(multirun), config_dir)
    options = [option for option in options if option not in multirun]
    with files.search_path(files.own_folders(config_dir), words) as path:
        sys.argv[1:] = [*options, *words, searching(path)]
        main = hydra.main(**hydra_defaults(), config_path=str(files.conf_dir()), config_name="config")
        main(lambda _: None)()


def _words_for_hydra(words: Sequence[str], multirun: bool, config_dir: str | None) -> list[str]:
    """A command line in Hydra's own words: the values of axes stand in the sweep."""
    first, *others = load_configs(words, multirun=multirun, config_dir=config_dir)
    if others:
        raise UserError("one sweep at a time can be shown")
    question, typed = first.question, overrides.parse(words)
    varied = [override for override in typed if override.is_sweep_override()]
    varied += on_axes(question, [override for override in typed if override not in varied])
    plain = [word for override in typed if override not in varied for word in overrides.for_hydra(override)]
    if not varied:
        return plain
    axes = {"axes": dict(question.axes), "zip": dict(question.zip), "seeds": as_written(question.seeds)}
    axes |= written_tuning(question.tuning) if question.tuning and searched(typed) else {}
    values = overrides.parse(overrides.words_for("sweep", axes))
    return [*plain, *(word for override in values for word in overrides.for_hydra(override))]


def searching(folders: Sequence[Path]) -> str:
    """The override that lets Hydra search these folders, behind the shipped one."""
    return f"hydra.searchpath=[{','.join(overrides.quoted(f'file://{folder}') for folder in folders)}]"


def hydra_defaults() -> dict[str, str]:
    """What makes Hydra behave as its version 1.3; later ones do, and ask not to be told so."""
    from hydra import __version__

    return {"version_base": "1.3"} if __version__.startswith("1.3.") else {}


@contextmanager
def _hydra(config_dir: str | None) -> Iterator[list[Path]]:
    """Hydra over our configuration, and the user's folders; what Hydra finds wrong becomes one line.

    A caller may use Hydra itself: its state is set aside and restored. Threads take turns.
    """
    from hydra import initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException, MissingConfigException
    from hydra.version import VersionBase
    from omegaconf.errors import OmegaConfBaseException

    folders = files.own_folders(config_dir)
    with _TURN:
        callers, base = GlobalHydra.instance().hydra, VersionBase.instance().version_base
        GlobalHydra.instance().clear()
        try:
            with initialize_config_dir(str(files.conf_dir()), **hydra_defaults()):
                yield folders
        except MissingConfigException as error:
            raise _missing(error, config_dir) from error
        except UnicodeDecodeError as error:
            raise UserError(f"{files.not_utf8(folders)} must be text in UTF-8: {error.reason}") from error
        except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
            raise UserError(_in_one_line(error)) from error
        finally:
            GlobalHydra.instance().hydra = callers
            VersionBase.instance().version_base = base


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "mapping values are not allowed here" in text:
        return f"{text}: put a text with a colon in quotes, as in question: 'Fast: why?'"
    return text


def _missing(error: MissingConfigException, config_dir: str | None) -> UserError:
    """A group has no file of that name; the choices are those of its folder, or all where there is none."""
    group, _, name = str(error.missing_cfg_file).partition("/")
    if group == "data" and (os.sep in name or Path(name).suffix):
        return UserError(f"data must name a data set, got the file {name}: write data=file data.path={name}")
    folder, names = name.rpartition("/")[0], files.choices(group, config_dir)
    beside = [other for other in names if other.rpartition("/")[0] == folder]
    return unknown(group, name, beside or names)


def _hyperparameters(values: Mapping[str, Any]) -> Hyperparameters:
    monitors = tuple(name for name, wanted in values["monitor"].items() if wanted)
    return Hyperparameters(**{name: values[name] for name in HYPERPARAMETERS} | {"monitor": monitors})
