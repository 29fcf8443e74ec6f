"""Identity: two runs with one id are the same training, to the bit, on machines of one kind."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from nnexp import nn
from nnexp.data import Dataset, DataSpec
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.formulas import SOURCES, Formulas
from nnexp.sweep.question.plan import Run
from nnexp.sweep.question.seeds import SeedRule, UntilDecided
from nnexp.sweep.question.tuning import Tuning, as_written

PACKAGE = Path(nn.__path__[0]).parent

# A setting that came after the first identity -> the value at which a run is what it was before there was
# such a setting. At this value the setting does not stand in the identity, so that earlier runs keep their
# id. An entry is written once and never changes: else two different runs could share an id.
NEUTRAL_VALUES: dict[str, Any] = {
    **{"input_dropout": 0.0, "max_norm": 0.0},
    **{"rotation": 0.0, "zoom": 0.0, "shear": 0.0, "shift": 0.0},
    **{"seed_weights": None, "seed_biases": None, "seed_order": None},
    **{"seed_dropout": None, "seed_input_dropout": None, "seed_augmentation": None},
    **{"momentum_start": 0.0, "momentum_ramp_epochs": 0},
    **{"rmsprop_rho": 0.9, "adam_beta1": 0.9, "adam_beta2": 0.999},
    **{"damping": 1.0, "cg_steps": 10},
    "engine": "numpy",
}


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, floats by repr, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def point_identity(
    hyperparameters: Hyperparameters, spec: DataSpec, dataset: Dataset, numerics: str
) -> dict[str, Any]:
    """What decides the results of a point's runs, but for the seed: hyperparameters, data set (knobs,
    values), and the digest of the formulas that they use."""
    values = {"digest": dataset.digest, "scale": dataset.scale, "n_classes": dataset.data.n_classes}
    settings = {name: value for name, value in vars(hyperparameters).items() if name != "seed"}
    return {
        "hyperparameters": _identity_settings(settings),
        "data": _identity_settings(spec.identity()) | values,
        "numerics": numerics,
    }


def _identity_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without the later ones that are at the value which reproduces the earlier formula."""
    usual = {name: canonical_json(value) for name, value in NEUTRAL_VALUES.items() if name in settings}
    return {n: value for n, value in settings.items() if n not in usual or canonical_json(value) != usual[n]}


def run_id(point: Mapping[str, Any], seed: int) -> str:
    """12 characters of SHA-256 over a point's identity and a seed."""
    return _id(canonical_json({**point, "seed": seed}), 12)


def sweep_id(
    axes: Sequence[str], points: Sequence[Mapping[str, Any]], seeds: SeedRule, tuning: Tuning | None = None
) -> str:
    """8 characters of SHA-256 over a question: its axes, the identity of each point, the rule for seeds, and
    what is tried.

    Seeds that are counted from 0 are one rule, however many they are, and so are seeds until decided; any
    others are named one by one.
    """
    question = {"axes": list(axes), "points": list(points), "seeds": _rule(seeds)}
    if tuning:
        question |= as_written(tuning)
    return _id(canonical_json(question), 8)


def identity_of_search(tuning: Tuning, base: Run, dataset: Dataset) -> list[dict[str, Any]]:
    """In the place of points, which nobody knows yet: the base configuration, and the formulas that it uses
    with any one value at an end of a range, or from a list."""
    now, settings = formulas(), base.settings
    identity = point_identity(base.hyperparameters, base.data, dataset, now.digest(settings))
    tried = (
        {dimension.name: value}
        for dimension in tuning.space
        for _, domain in dimension.domains
        for value in domain.extremes
    )
    return [identity, {"numerics": sorted({now.digest(settings | each) for each in tried})}]


def _rule(seeds: SeedRule) -> str | list[int]:
    if isinstance(seeds, UntilDecided):
        return "until decided"
    return "counted" if list(seeds) == list(range(len(seeds))) else list(seeds)


def _id(text: str, length: int) -> str:
    """A letter from a to p, then hex digits: no reader of CSV files takes it for a number or a date."""
    digits = hashlib.sha256(text.encode()).hexdigest()
    return "abcdefghijklmnop"[int(digits[0], 16)] + digits[1:length]


FileVersions = tuple[tuple[str, int, int], ...]  # path, time of the last change of any kind in ns, size


def formulas() -> Formulas:
    """The formulas of this package, as its files are now."""
    return _formulas_of(file_versions())


def file_versions() -> FileVersions:
    """The files that formulas stand in, as they are now; equal ones hold the same, for nobody can set
    the time."""
    entries = (entry for folder in SOURCES for entry in os.scandir(PACKAGE / folder))
    files = {entry.path: entry.stat() for entry in entries if entry.name.endswith((".py", ".cu"))}
    return tuple((path, files[path].st_ctime_ns, files[path].st_size) for path in sorted(files))


@lru_cache(maxsize=4)
def _formulas_of(versions: FileVersions) -> Formulas:
    """Files are read again only when their time or size has changed."""
    return Formulas(PACKAGE)


def numerics_of(settings: Iterable[Mapping[str, Any]]) -> str:
    """One digest over the formulas that the runs of a sweep use; `settings` of each point."""
    now = formulas()
    digests = sorted({now.digest(each) for each in settings})
    return hashlib.sha256(" ".join(digests).encode()).hexdigest()
