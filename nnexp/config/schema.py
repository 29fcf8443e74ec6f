"""The keys of the configuration: declared here, in `Hyperparameters` and in `DataSpec`, and nowhere else."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from nnexp.config.backend import Backend
from nnexp.config.files import CHOSEN
from nnexp.config.knobs import EXECUTION, TRACKING
from nnexp.config.notify import Notify
from nnexp.data import DataSpec
from nnexp.errors import SYNONYMS, UserError, close_names, unknown
from nnexp.nn import MONITORS, Hyperparameters
from nnexp.sweep.question.points import AXES, ROOT_DATA, Question, check_measures
from nnexp.sweep.question.ranges import KEYS as RANGE_KEYS
from nnexp.sweep.question.seeds import KEYS as SEED_KEYS
from nnexp.sweep.question.tuning import KEYS as TUNING_KEYS

# What a claim may name of its sweep, beside metrics: its points, its epochs, what is recorded.
CLAIMED = (
    *("epochs", "evaluate_every", "hidden_layers", "monitor"),
    *(f"sweep.{name}" for name in ("axes", "zip", "points", "exclude", "timing")),
)


@dataclass(frozen=True, kw_only=True)
class Tracking:
    """Where runs are logged: `store` (mlflow or none), MLflow's address, and whose `models` it gets."""

    store: str = "mlflow"
    uri: str | None = None
    models: str = "all"

    def __post_init__(self) -> None:
        TRACKING["tracking.store"].check("tracking.store", self.store)
        TRACKING["tracking.models"].check("tracking.models", self.models)
        if self.store == "none" and self.uri is not None:
            raise UserError("tracking=none takes no tracking.uri")  # which may hold a password
        if self.store == "mlflow" and not isinstance(self.uri, str):
            raise UserError(
                f"tracking.uri must be an address such as http://localhost:5000, got {self.uri!r}"
            )


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a sweep is carried out; nothing here may change a bit of its result. `EXECUTION` describes each."""

    n_jobs: int | None = None
    backend: Backend = field(default_factory=Backend)
    mode: str = "cached"
    dry_run: bool = False
    sweeps_dir: str = "sweeps"
    max_seconds: float | None = None
    stop_within: float = 5.0
    checkpoint_every: float = 60.0
    confirm_above: float | None = 3600.0
    pictures: bool = True
    notify: Notify = field(default_factory=Notify)

    def __post_init__(self) -> None:
        for name, knob in EXECUTION.items():
            object.__setattr__(self, name, knob.check(name, getattr(self, name)))
        object.__setattr__(self, "sweeps_dir", os.path.expanduser(self.sweeps_dir))


@dataclass(frozen=True, kw_only=True)
class SweepFile:
    """The keys of `sweep:` in a sweep file; `nnexp/sweep/question/points.py` says what they mean."""

    name: str | None = None
    question: str = ""
    axes: Mapping[str, Any] = field(default_factory=dict)
    zip: Mapping[str, Any] = field(default_factory=dict)
    points: Any = None
    exclude: Any = None
    seeds: Any = None
    vary: Any = None
    nuisance: Any = None
    search: Any = None
    stages: Any = None
    baseline: Mapping[str, Any] | None = None
    timing: bool = False
    target: float | None = None
    claims: Any = None

    def __post_init__(self) -> None:
        for key, value in {"name": self.name or "", "question": self.question}.items():
            if not isinstance(value, str):
                raise UserError(f"sweep.{key} must be text, got {value!r}")
        check_measures("sweep", self.timing, self.target)
        claims = self.claims or []
        if not isinstance(claims, list) or not all(isinstance(claim, Mapping) for claim in claims):
            raise UserError(f"sweep.claims must be a list of claims, each with its keys, got {self.claims!r}")


@dataclass(frozen=True)
class Config:
    """One command, understood. `changed`: whether it changes, in a sweep file, what claims rest on."""

    hyperparameters: Hyperparameters
    data: DataSpec
    question: Question
    tracking: Tracking
    execution: Execution
    changed: bool = False


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


NESTED: dict[str, tuple[str, ...]] = {
    "data": tuple(name for name in _names(DataSpec) if name not in ROOT_DATA),
    "backend": _names(Backend),
    "tracking": _names(Tracking),
    "notify": _names(Notify),
    "sweep": _names(SweepFile),
    "monitor": tuple(MONITORS),
    "sweep.axes": AXES,
    "sweep.zip": AXES,
    "sweep.baseline": AXES,
}
TUNED = tuple(f"sweep.{name}" for name in TUNING_KEYS)
ROOT = (*_names(Hyperparameters), *ROOT_DATA, *_names(Execution), "data", "tracking", "sweep")
HOMES = ("sweep", "data", "backend", "tracking", "monitor", "notify")  # groups of keys


def defaults() -> dict[str, Any]:
    """Every key of `conf/config.yaml` with its default; those of a group stand in its files."""
    execution = asdict(Execution())
    del execution["backend"]["name"]
    return (
        asdict(Hyperparameters())
        | {"monitor": dict.fromkeys(MONITORS, False)}
        | {name: getattr(DataSpec(), name) for name in ROOT_DATA}
        | {"data": {name: getattr(DataSpec(), name) for name in NESTED["data"] if name != "name"}}
        | execution
        | {"sweep": asdict(SweepFile())}
    )


def check_key(key: str) -> None:
    """Raise `UserError`, with the close match, unless the dotted `key` is one of ours."""
    parents, _, name = key.rpartition(".")
    if not parents:
        if name not in ROOT:
            raise _unknown_at_root(name)
    elif parents in NESTED:
        _one_of(name, NESTED[parents], f"key in {parents}:")
    elif parents == "sweep.seeds":
        _one_of(name, SEED_KEYS, "key in sweep.seeds:")
    elif parents in TUNED:
        _one_of(name, (*TUNING_KEYS[parents.removeprefix("sweep.")], *AXES), f"key in {parents}:")
    elif parents.startswith(tuple(f"{key}." for key in TUNED)):
        check_key(".".join(parents.split(".")[:3]))  # `by` has the values of any axis below it
    elif parents.rpartition(".")[0] in ("sweep.axes", "sweep.zip"):
        check_key(parents)
        _one_of(name, RANGE_KEYS, f"key in {parents}:")
    else:
        check_key(parents)
        raise UserError(f"{parents} has no keys of its own, got {key!r}")


def check_keys(composed: Mapping[str, Any]) -> None:
    """The same for every key of a composed configuration: a file may hold any, and leave out none."""
    for key in ROOT:
        if key not in composed or (key in NESTED and composed[key] is None):
            raise UserError(f"{key} must have a value: a key can be set, not deleted")
    for key, value in composed.items():
        check_key(key)
        _check_undotted(key)
        if key in NESTED:
            _check_nested(key, value)


def _check_nested(parent: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, Mapping):
        rule = f"{parent} must have keys of its own ({', '.join(NESTED[parent])}), got {value!r}"
        remedy = f": in a file, 'defaults: [override /{parent}: {value}]' chooses conf/{parent}/{value}.yaml"
        raise UserError(rule + remedy * (parent in CHOSEN and isinstance(value, str)))
    for key, inner in value.items():
        dotted = f"{parent}.{key}"
        if dotted == "sweep.sweep":
            raise UserError(
                "sweep stands inside sweep: the first line of a sweep file must be '# @package _global_', "
                "and sweep must not be indented"
            )
        if parent == "sweep" and key not in NESTED["sweep"] and key in ROOT:
            raise UserError(
                f"{key} is no key of sweep: to vary it, put it under sweep.axes; to set it, do not indent "
                "it, and the first line of a sweep file must be '# @package _global_'"
            )
        if parent == "monitor" and not isinstance(inner, bool):
            raise UserError(f"{dotted} must be true or false, got {inner!r}")
        if parent in ("sweep.axes", "sweep.zip") and key == "seed":
            raise UserError("seed is not an axis: every point gets the same seeds, set sweep.seeds instead")
        check_key(dotted)
        _check_undotted(key, f"{parent}.")
        if dotted in NESTED:
            _check_nested(dotted, inner)


def _check_undotted(key: str, home: str = "") -> None:
    """Raise `UserError` for a key of a file with a dot in it, which is another key than the one inside."""
    group, dot, name = key.partition(".")
    if dot:
        remedy = f"write '{group}:' and, indented below it, '{name}: ...'"
        raise UserError(f"{home}{key} must not have a dot in a file: {remedy}")


def _one_of(name: str, names: Iterable[str], what: str) -> None:
    if name not in names:
        raise unknown(what, name, names)


def _unknown_at_root(name: str) -> UserError:
    """A key of its own that is none, or one that stands elsewhere: `seeds` for `sweep.seeds`."""
    homes = [f"{parent}.{name}" for parent in HOMES if name in NESTED[parent]]
    if homes and name not in SYNONYMS:
        return UserError(f"unknown key {name!r}; did you mean {homes[0]!r}?")
    if close_names(name, ROOT):
        return unknown("key", name, ROOT)
    return UserError(f"unknown key {name!r}: nnexp --help lists what can be set")
