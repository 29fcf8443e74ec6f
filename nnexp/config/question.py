"""What a sweep asks, from the sweep file, the command line and the values given to `-m`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from hydra.core.override_parser.types import Override

from nnexp.config.schema import SweepFile
from nnexp.errors import UserError
from nnexp.sweep.question.points import Question, axes_of


def question_of(
    values: Mapping[str, Any], plain: Sequence[Override], several: Mapping[str, list[Any]], multirun: bool
) -> Question:
    """The question of a composed configuration.

    `plain`: the overrides with one value; `several`: key -> values of those with several (`multirun` only).
    Raises `UserError` where seeds or an axis are given twice, or the name is none.
    """
    chosen = [str(o.value()) for o in plain if o.key_or_group == "sweep"]
    given = {override.key_or_group for override in plain}
    file = SweepFile(**values["sweep"])
    swept_seeds = several.get("seed")
    if chosen and (swept_seeds or "seed" in given):
        raise UserError(
            "a sweep has its own seeds: write sweep.seeds=5 or sweep.seeds=[0,1] instead of seed="
        )
    if swept_seeds and file.seeds is not None:
        raise UserError("seed= and sweep.seeds= both name the seeds: give one of them")
    asked = Question(
        name=file.name or "",
        question=file.question,
        axes=file.axes or {},
        seeds=swept_seeds or _seeds(file.seeds, values["seed"]),
        baseline=file.baseline,
        zip=file.zip or {},
        points=file.points or [],
        exclude=file.exclude or [],
        timing=file.timing,
        target=file.target,
        claims=file.claims or [],
    )
    places = axes_of(asked)
    added = {_axis(key): listed for key, listed in several.items() if key != "seed"}
    for axis in added:
        if axis in places:
            raise _is_an_axis(axis, places[axis])
    usual = "multirun" if multirun or places else "single"
    name = file.name or (chosen[0] if chosen else usual)
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", name):
        raise UserError(f"sweep.name must be letters, digits, '_', '-', '.' and '/', got {name!r}")
    return replace(asked, name=name, axes={**asked.axes, **added})


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


def check_axes_alone(question: Question, plain: Sequence[Override], raw: str) -> None:
    """An axis takes its values from the sweep alone: one given beside it would pass silently and wrongly."""
    places = axes_of(question)
    for override in plain:
        axis = _axis(override.key_or_group)
        if axis in places and not override.key_or_group.startswith("sweep."):
            raise _is_an_axis(axis, places[axis])
    for interpolation in re.findall(r"\$\{[^}]*\}", raw):
        for name in re.findall(r"[\w.]+", interpolation):
            if _axis(name) in (*places, "seed"):
                raise UserError(f"{interpolation} names {name}, whose value differs from run to run")


def _is_an_axis(axis: str, place: str) -> UserError:
    key = place if place == "sweep.points" else f"{place}.{axis}"
    return UserError(f"{axis} is an axis of this sweep: write '{key}=[...]' instead")
