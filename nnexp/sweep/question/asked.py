"""Settings that Optuna asks for, which learns from how earlier ones did. The only import of Optuna.

Each round has a study of its own, made from the settings and accuracies of all rounds before: whoever goes on
with a search that was stopped asks for what an undisturbed one would, given the same records and the same
versions of Optuna (and of PyTorch, which gp is made of). What was asked for is frozen, and trained as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias

from nnexp.errors import UserError
from nnexp.nn.kernels import one_blas_thread
from nnexp.sweep.question.points import comparable
from nnexp.sweep.question.samplers import SEED
from nnexp.sweep.question.space import Choices, Dimension, Domain, Space
from nnexp.sweep.question.tuning import Tuning

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import Trial

Told: TypeAlias = tuple[Mapping[str, Any], float]  # a setting with its accuracy
ATTEMPTS = 50  # times as many places as settings are wanted: where lists or whole numbers leave so few
LIBRARIES = {"tpe": ("optuna",), "gp": ("optuna", "torch"), "cmaes": ("optuna", "cmaes")}


def asked(tuning: Tuning, home: Mapping[str, Any], told: Sequence[Told], count: int) -> list[dict[str, Any]]:
    """So many settings that differ from all before and from each other; fewer where there are no more.

    `home`: what a setting has where it is not drawn; `told`: what was tried, in order, with its accuracy.

    Raises:
        UserError: a library is not installed.
    """
    check_installed(tuning.sampler)
    import optuna

    assert tuning.together
    known = {key_of_setting(setting): accuracy for setting, accuracy in told}
    new: dict[Hashable, dict[str, Any]] = {}
    with _alone(tuning.sampler):
        study = optuna.create_study(direction="maximize")
        rest, number = iter(told), 0
        while some := list(islice(rest, tuning.together)):
            study.sampler = _sampler(tuning.sampler, number, replayed=True)
            for setting, _ in some:
                study.enqueue_trial(_parameters(tuning.space, setting))
            trials = [study.ask() for _ in some]
            for trial, (_, accuracy) in zip(trials, some, strict=True):
                _suggested(trial, tuning.space, home)
                study.tell(trial, accuracy)
            number += 1
        study.sampler = _sampler(tuning.sampler, number)
        for _ in range(ATTEMPTS * count):
            trial = study.ask()
            setting = {**home, **_suggested(trial, tuning.space, home)}
            if (key := key_of_setting(setting)) in known:
                study.tell(trial, known[key])
            else:
                new.setdefault(key, setting)
            if len(new) == count:
                break
    return list(new.values())


def check_installed(sampler: str) -> None:
    """Raise `UserError` unless the libraries of a sampler are here."""
    for library in LIBRARIES[sampler]:
        if not find_spec(library):
            needed = "pip install torch" if library == "torch" else "pip install 'nnexp[search]'"
            raise UserError(f"sampler={sampler} needs {library}, which is not installed: {needed}")


def key_of_setting(setting: Mapping[str, Any]) -> Hashable:
    """Equal for settings that are the same."""
    values = (comparable(value) for value in setting.values())
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def _sampler(name: str, number: int, *, replayed: bool = False) -> BaseSampler:
    """What asks for the settings of a round. Of an earlier one, which is known, only cmaes, whose state is a
    matter of what it asked for."""
    from optuna import samplers

    seed = SEED + number
    if name == "cmaes":
        return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
    if replayed:
        return samplers.RandomSampler(seed=seed)
    if name == "gp":
        return samplers.GPSampler(seed=seed, warn_independent_sampling=False)
    return samplers.TPESampler(seed=seed, warn_independent_sampling=False)


def _suggested(trial: Trial, space: Space, home: Mapping[str, Any]) -> dict[str, Any]:
    """The setting of a trial: of what is drawn, the values."""
    setting: dict[str, Any] = {}
    for dimension in space:
        domain = dimension.domain({**home, **setting})
        if domain is None:
            continue
        name = _parameter(dimension, domain)
        if isinstance(domain, Choices):
            place = trial.suggest_categorical(name, list(range(len(domain.values))))
            setting[dimension.name] = domain.values[place]
        elif domain.whole:
            setting[dimension.name] = trial.suggest_int(
                name, int(domain.low), int(domain.high), log=domain.log
            )
        else:
            value = trial.suggest_float(name, domain.low, domain.high, log=domain.log)
            setting[dimension.name] = domain.rounded(value)
    return setting


def _parameters(space: Space, setting: Mapping[str, Any]) -> dict[str, Any]:
    """Optuna's parameters of a setting; a place in a list for one of its values."""
    parameters: dict[str, Any] = {}
    for dimension in space:
        if domain := dimension.domain(setting):
            value = setting[dimension.name]
            if isinstance(domain, Choices):
                value = [comparable(each) for each in domain.values].index(comparable(value))
            parameters[_parameter(dimension, domain)] = value
    return parameters


def _parameter(dimension: Dimension, domain: Domain) -> str:
    """What Optuna calls it: ranges that differ by another setting are parameters of their own."""
    return f"{dimension.name} {[each for _, each in dimension.domains].index(domain)}"


@contextmanager
def _alone(sampler: str) -> Iterator[None]:
    """Optuna says nothing of its own (that a study was made, which of its parts are new), and computes on one
    core: several make other bits, and its small products wait for each other."""
    from optuna import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings(), one_blas_thread(), _one_thread_of_torch(sampler):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.set_verbosity(before)


@contextmanager
def _one_thread_of_torch(sampler: str) -> Iterator[None]:
    if "torch" not in LIBRARIES[sampler]:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
