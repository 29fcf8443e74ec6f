"""What a data set is to the rest: a specification (part of a run's identity) and the arrays it names."""

import math
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from numbers import Integral
from typing import Any

from nnexp.data.augment import DISTORTIONS
from nnexp.data.split import EXPANSIONS
from nnexp.errors import UserError, unknown
from nnexp.nn.checks import Number
from nnexp.nn.examples import Data

# What an affine distortion draws from, +- each (`augment.affine`): what it may be.
AMPLITUDES = {
    "rotation": Number(below=360),
    "zoom": Number(below=1),
    "shear": Number(),
    "shift": Number(),
}


@dataclass(frozen=True, kw_only=True)
class DataSpec:
    """Which examples a run sees. Values are checked, and made exact, at construction.

    `train_size`, `validation_size`: the first n of each part (None: all).
    `classes`: labels that are kept, renumbered from 0 in this order (None: all); sizes count what is kept.
    `scale`: inputs are pixel / scale (None: the data set's own).
    `expand`: "shifts" adds every training image moved by one pixel up, down, left and right, so that an
    epoch, and the n of lambda / n, is 5n examples.
    `augment`: a name in `DISTORTIONS`, by which the training images are distorted afresh each epoch.
    `rotation` (degrees), `zoom` (share of the size), `shear` (slope), `shift` (pixels): what the affine ones
    draw from, +- each.
    `root`, `path` say where files lie and are not part of the identity. They are made absolute, so that a
    frozen plan means the same files from every folder.

    Raises:
        UserError: a value of the wrong type or out of range. `load` checks what depends on the data.
    """

    name: str = "digits"
    train_size: int | None = None
    validation_size: int | None = None
    classes: tuple[int, ...] | None = None
    scale: float | None = None
    expand: str = "none"
    augment: str = "none"
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    shift: float = 0.0
    root: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise UserError(f"data must be the name of a data set, got {self.name!r}")
        values = {
            "train_size": _size("train_size", self.train_size),
            "validation_size": _size("validation_size", self.validation_size),
            "classes": _classes(self.classes),
            "scale": _scale(self.scale),
            "expand": _choice("data.expand", self.expand, EXPANSIONS),
            "augment": _choice("data.augment", self.augment, ("none", *DISTORTIONS)),
            **{name: check(f"data.{name}", getattr(self, name)) for name, check in AMPLITUDES.items()},
            "root": _place("data.root", self.root),
            "path": _place("data.path", self.path),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def identity(self) -> dict[str, Any]:
        """The knobs that decide what a run sees: all but where the files lie. Plain values, for JSON."""
        names = (field.name for field in fields(self) if field.name not in ("root", "path"))
        knobs = {name: getattr(self, name) for name in names}
        return knobs | {"classes": None if self.classes is None else list(self.classes)}

    @property
    def amplitudes(self) -> dict[str, float]:
        """Those of affine distortions, by name."""
        return {name: getattr(self, name) for name in AMPLITUDES}


@dataclass(frozen=True)
class Dataset:
    """Loaded, read-only arrays: inputs float32 (k/256 is exact), labels int64.

    `digest`: 64 hex digits of SHA-256 over the source's values, before split and scale.
    `scale`: the divisor of the inputs.
    `image_shape`: (height, width) of one input, or None where inputs are no images.
    """

    data: Data
    digest: str
    scale: float
    image_shape: tuple[int, int] | None


def _is_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def _size(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if not _is_integer(value) or value < 1:
        raise UserError(f"{name} must be an integer >= 1 or null (all), got {value!r}")
    return int(value)


def _classes(value: Any) -> tuple[int, ...] | None:
    if value is None:
        return None
    is_list = isinstance(value, Collection) and not isinstance(value, str | bytes | Mapping)
    labels = list(value) if is_list else []
    if len(labels) < 2 or not all(_is_integer(label) for label in labels):
        raise UserError(f"classes must be a list of at least 2 integer labels or null (all), got {value!r}")
    if len(set(labels)) < len(labels):
        raise UserError(f"classes must differ, got {labels}")
    return tuple(int(label) for label in labels)


def _scale(value: Any) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < math.inf:
        raise UserError(f"data.scale must be a finite number > 0 or null (the data set's own), got {value!r}")
    return float(value)


def _choice(name: str, value: Any, choices: Collection[str]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise unknown(name, value, choices)
    return value


def _place(name: str, value: Any) -> str | None:
    if value is None:
        return None
    place = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(place, str) or not place or "\0" in place:
        raise UserError(f"{name} must be a path or null, got {value!r}")
    return os.path.abspath(os.path.expanduser(place))
