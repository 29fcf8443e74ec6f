"""From a specification to arrays: read the source, choose classes, scale, take the first examples."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.data.augment import AFFINE, augment
from nnexp.data.bundled import digits, nand, synthetic
from nnexp.data.dataset import AMPLITUDES, Dataset, DataSpec
from nnexp.data.idx import official
from nnexp.data.npz import users_file
from nnexp.data.source import Source
from nnexp.data.split import Parts, add_shifts, first_examples, keep_classes, scale_inputs
from nnexp.errors import UserError, unknown
from nnexp.nn.examples import Data, Examples


class Kind(NamedTuple):
    """How the values of a data set are read, and what divides them unless `data.scale` is set."""

    read: Callable[[DataSpec], Source]
    scale: float


DATASETS: dict[str, Kind] = {
    "digits": Kind(digits, 16),
    "mnist": Kind(official, 256),
    "fashion_mnist": Kind(official, 256),
    "nand": Kind(nand, 1),
    "synthetic": Kind(synthetic, 16),
    "file": Kind(users_file, 1),
}

Augmenter = Callable[[np.random.Generator, NDArray[np.floating]], NDArray[np.floating]]


def load(spec: DataSpec) -> Dataset:
    """The examples that `spec` names: its classes, scaled, the first n of them, expanded, in this order.

    Raises:
        UserError: the data cannot be found or read, or does not have what `spec` asks for.
    """
    if spec.name not in DATASETS:
        raise unknown("data", spec.name, DATASETS)
    if spec.path is not None and spec.name != "file":
        raise UserError(f"data.path is for data=file, got data={spec.name} with data.path={spec.path!r}")
    source = DATASETS[spec.name].read(spec)
    parts, scale = _choose_classes(spec, source.parts), scale_of(spec)
    n_classes = int(parts.training.labels.max()) + 1
    training, validation, test = (scale_inputs(part, scale) for part in parts)
    data = _first_examples(spec, Data(training, validation, test, n_classes))
    if spec.expand != "none":
        image_shape = _image_shape(spec, source.image_shape, "expand")
        data = data._replace(training=add_shifts(data.training, image_shape, spec.expand))
    _check_distortion(spec, source.image_shape)
    for array in (*data.training, *data.validation, *data.test):
        array.setflags(write=False)
    return Dataset(data, source.digest, scale, source.image_shape)


def whole_of(spec: DataSpec) -> DataSpec:
    """The data set of which `spec` takes the first examples. Specifications with one whole share its arrays.

    An expanded data set is its own whole: shifted copies are made of its first examples alone.
    """
    amplitudes: dict[str, Any] = dict.fromkeys(AMPLITUDES, 0.0)
    plain = replace(spec, augment="none", **amplitudes)
    return plain if spec.expand != "none" else replace(plain, train_size=None, validation_size=None)


def part_of(dataset: Dataset, spec: DataSpec) -> Dataset:
    """What `load(spec)` gives, made of `load(whole_of(spec))` without a copy. Raises as `load`."""
    _check_distortion(spec, dataset.image_shape)
    return dataset if spec.expand != "none" else replace(dataset, data=_first_examples(spec, dataset.data))


def scale_of(spec: DataSpec) -> float:
    """What the inputs of a data set are divided by."""
    return DATASETS[spec.name].scale if spec.scale is None else spec.scale


def augmenter(spec: DataSpec, dataset: Dataset) -> Augmenter | None:
    """`augment(rng, images (n, d)) -> (n, d)` for `nnexp.nn.train`; None for `data.augment=none`."""
    if spec.augment == "none":
        return None
    image_shape = _image_shape(spec, dataset.image_shape, "augment")
    amplitudes = spec.amplitudes if spec.augment in AFFINE else {}
    return partial(augment, distortion=spec.augment, image_shape=image_shape, amplitudes=amplitudes)


def _choose_classes(spec: DataSpec, parts: Parts) -> Parts:
    """The examples of the classes that `spec` names."""
    if spec.classes is None:
        return parts
    labels = np.unique(parts.training.labels).tolist()
    for label in spec.classes:
        if label not in labels:
            raise UserError(f"classes must be among the labels {labels} of data={spec.name}, got {label}")
    selection = Parts(*(keep_classes(part, spec.classes) for part in parts))
    for name, part in zip(Parts._fields, selection, strict=True):
        if not len(part.labels):
            raise UserError(f"classes {list(spec.classes)} must leave {name} examples, got none")
    return selection


def _first_examples(spec: DataSpec, data: Data) -> Data:
    """The first `train_size` and `validation_size` examples."""
    _check_size("train_size", data.training, spec.train_size)
    _check_size("validation_size", data.validation, spec.validation_size)
    training = first_examples(data.training, spec.train_size)
    return data._replace(training=training, validation=first_examples(data.validation, spec.validation_size))


def _check_size(knob: str, examples: Examples, n: int | None) -> None:
    available = len(examples.labels)
    if n is not None and n > available:
        raise UserError(f"{knob} must be at most the {available} examples there are, got {n}")


def _check_distortion(spec: DataSpec, image_shape: tuple[int, int] | None) -> None:
    """Raise unless the data are images where they are distorted, and amplitudes go with a distortion."""
    if spec.augment != "none":
        _image_shape(spec, image_shape, "augment")
    names = ", ".join(f"data.{name}" for name in AMPLITUDES)
    if spec.augment in AFFINE and not any(spec.amplitudes.values()):
        raise UserError(
            f"data.augment={spec.augment} must have an amplitude > 0, such as data.rotation=15; "
            f"got 0 for each of {names}"
        )
    for name, value in spec.amplitudes.items():
        if value and spec.augment not in AFFINE:
            raise UserError(
                f"data.{name} is for data.augment={' and '.join(AFFINE)}, "
                f"got data.augment={spec.augment} with data.{name}={value:g}"
            )


def _image_shape(spec: DataSpec, image_shape: tuple[int, int] | None, knob: str) -> tuple[int, int]:
    if image_shape is None:
        value = getattr(spec, knob)
        raise UserError(
            f"data.{knob} needs images, inputs (n, height, width), got {knob}={value} for data={spec.name}"
        )
    return image_shape
