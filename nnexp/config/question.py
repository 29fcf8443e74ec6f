"""What a sweep asks, from the sweep file and the command line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from nnexp.config.intervals import has_intervals, searched, with_intervals
from nnexp.config.overrides import override_values
from nnexp.config.schema import SweepFile
from nnexp.errors import UserError
from nnexp.sweep.question.names import check_name
from nnexp.sweep.question.points import Question, axes_of
from nnexp.sweep.question.seeds import seed_rule
from nnexp.sweep.question.sources import cross_streams
from nnexp.sweep.question.stages import stages_of
from nnexp.sweep.question.tuning import check_seeds, tuning_of

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

LISTS = ("classes", "hidden_size")  # axes of which one value may be a list
# `${name}`, `${.name}` or `${oc.select:name,...}`, but not `${oc.env:name}`
INTERPOLATED = re.compile(r"\$\{\s*(?:oc\.select:\s*)?\.*([\w.]+)\s*[,}]")


def question_of(values: Mapping[str, Any], overrides: Sequence[Override], multirun: bool) -> Question:
    """The question of a composed configuration, before the command line gives values to its axes.

    Raises:
        UserError: seeds are given twice, or the name cannot be that of a folder.
    """
    for override in overrides:
        if override.key_or_group in ("seed", "sweep") and override.is_sweep_override() and not multirun:
            raise _needs_multirun(override)
    sweeps = [str(o.value()).removesuffix(".yaml") for o in overrides if o.key_or_group == "sweep"]
    seed = next((o for o in overrides if o.key_or_group == "seed"), None)
    file = SweepFile(**values["sweep"])
    if sweeps and seed:
        raise UserError(
            "a sweep has its own seeds: write sweep.seeds=5 or sweep.seeds=[0,1] instead of seed="
        )
    several_seeds = override_values(seed) if seed and seed.is_sweep_override() else None
    if seed and file.seeds is not None:
        raise UserError("seed= and sweep.seeds= both name the seeds: give one of them")
    question = Question(
        name=file.name or "",
        question=file.question,
        axes=file.axes or {},
        seeds=several_seeds or seed_rule(file.seeds, values["seed"]),
        baseline=file.baseline,
        zip=file.zip or {},
        points=file.points or [],
        exclude=file.exclude or [],
        timing=file.timing,
        target=file.target,
        claims=file.claims or [],
        stages=stages_of(file.stages),
    )
    question = cross_streams(question, file.vary, values["seed"])
    usual = "multirun" if multirun or axes_of(question) else "single"
    if file.search or has_intervals(overrides):
        usual = "search"
    name = file.name or (sweeps[0] if sweeps else usual)
    check_name(name)
    return replace(question, name=name)


def on_axes(question: Question, overrides: Sequence[Override]) -> list[Override]:
    """The overrides that name an axis of the question as a knob: `batch_size=10`, `data.scale=255`."""
    places = axes_of(question)
    return [
        o for o in overrides if not o.key_or_group.startswith("sweep.") and _axis(o.key_or_group) in places
    ]


def with_values(question: Question, overrides: Sequence[Override], multirun: bool) -> Question:
    """The question with the values that the command line gives: to its axes, and with -m to new ones.

    Raises:
        UserError: the axis stands in a list of points or is given values twice, or several values are given
            without -m.
    """
    places = axes_of(question)
    parts = {"sweep.axes": dict(question.axes), "sweep.zip": dict(question.zip)}
    named = on_axes(question, overrides)
    into_search = searched(overrides)
    for override in overrides:
        key, axis = override.key_or_group, _axis(override.key_or_group)
        several = override.is_sweep_override() and key not in ("seed", "sweep")
        if override in named and places[axis] not in parts:
            raise UserError(f"{axis} is an axis of {places[axis]}: write '{places[axis]}=[...]' instead")
        if override in named and (twice := _same_axis(override, places[axis], overrides)):
            raise UserError(
                f"{override.input_line} and {twice.input_line} give values to one axis: write one"
            )
        if several and not (multirun or override in named or key.startswith("sweep.axes.")):
            raise _needs_multirun(override)
        if override not in into_search and (several or override in named):
            parts[places.get(axis, "sweep.axes")][axis] = _axis_values(axis, override)
    return replace(question, axes=parts["sweep.axes"], zip=parts["sweep.zip"])


def tuned(question: Question, values: Mapping[str, Any], overrides: Sequence[Override]) -> Question:
    """The question with what it tries, as `sweep.nuisance` or `sweep.search` of the configuration says.

    Raises:
        UserError: that cannot be used, or the command line gives a value to what is tuned.
    """
    into_search = searched(overrides)
    search = with_intervals(values["sweep"]["search"], into_search)
    tuning = tuning_of(question, values["sweep"]["nuisance"], search)
    for override in (override for override in overrides if override not in into_search):
        name = _axis(override.key_or_group)
        if tuning and name in tuning.names and "." not in override.key_or_group.removeprefix("data."):
            key = "nuisance" if tuning.finalists is None else "search"
            null = f"sweep.{key}.{name}=null" if len(tuning.names) > 1 else f"sweep.{key}=null"
            raise UserError(
                f"{override.input_line}: {name} is tuned, so it has a range: {null} beside it fixes it"
            )
    if tuning or question.stages:
        check_seeds(question)
    return replace(question, tuning=tuning)


def _same_axis(override: Override, place: str, overrides: Sequence[Override]) -> Override | None:
    """Another override of the same axis: `batch_size=10` beside `sweep.axes.batch_size=[5]`."""
    key = f"{place}.{_axis(override.key_or_group)}"
    return next((o for o in overrides if f"{o.key_or_group}.".startswith(f"{key}.")), None)


def _needs_multirun(override: Override) -> UserError:
    return UserError(f"{override.input_line} lists several values: add -m to train each of them")


def _axis(key: str) -> str:
    """`data.scale` and `sweep.axes.scale` name the axis `scale`."""
    return key.removeprefix("sweep.axes.").removeprefix("data.")


def _axis_values(axis: str, override: Override) -> Any:
    """The values as a sweep file has them: a list, or a range `{low, high, count}`."""
    if override.is_sweep_override():
        return override_values(override)
    value = override.value()
    whole = isinstance(value, list) and (axis not in LISTS or any(isinstance(one, list) for one in value))
    return value if whole or isinstance(value, Mapping) else [value]


def check_interpolations(raw: Mapping[str, Any], axes: Sequence[str]) -> None:
    """No interpolation may name an axis: it would take the base value, the same in all runs.

    Raises:
        UserError: one does, or a text of the sweep comes from the environment.
    """
    for text, name in _interpolations(str(raw)):
        if _axis(name) in (*axes, "seed"):
            raise UserError(f"{text} names {name}, whose value differs from run to run")
    texts = [str(raw["sweep"])]
    for text in texts:  # grows
        for _, name in _interpolations(text):
            if name.partition(".")[0] in ("tracking", "notify"):
                raise _secret(f"${{{name}}}")
            if (value := str(select(raw, name))) not in texts:
                texts.append(value)
        if secret := re.search(r"\$\{\s*oc\.env:[^}]*\}", text):
            raise _secret(secret[0])


def _secret(interpolation: str) -> UserError:
    return UserError(
        f"{interpolation} may hold a secret, and a sweep's texts are written into its plan and into MLflow: "
        "write the text itself"
    )


def _interpolations(text: str) -> Iterator[tuple[str, str]]:
    """What is interpolated, as it is written and by name."""
    return ((match[0], match[1]) for match in INTERPOLATED.finditer(text))


def select(raw: Any, name: str) -> Any:
    """The value at a dotted name of nested mappings; None where there is none."""
    for key in name.split("."):
        raw = raw.get(key) if isinstance(raw, Mapping) else None
    return raw
