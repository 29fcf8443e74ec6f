"""load and augmenter: the knobs of a specification, on the data that is quick."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf

from nnexp.data import DATASETS, DataSpec, augmenter, load
from nnexp.data.augment import affine, resample
from nnexp.errors import UserError

CONF = Path(__file__).parents[2] / "conf" / "data"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        (
            {"name": "digit"},
            "unknown data 'digit'; did you mean 'digits'? "
            "(choices: digits, fashion_mnist, file, mnist, nand, synthetic)",
        ),
        ({"train_size": 1201}, "train_size must be at most the 1200 examples there are, got 1201"),
        ({"validation_size": 301}, "validation_size must be at most the 300 examples there are, got 301"),
        (
            {"classes": (3, 10)},
            "must be among the labels [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] of data=digits, got 10",
        ),
        ({"classes": (3, 8), "train_size": 1200}, "train_size must be at most the "),
        ({"path": "/x.npz"}, "data.path is for data=file, got data=digits with data.path='/x.npz'"),
        (
            {"augment": "affine"},
            "data.augment=affine must have an amplitude > 0, such as data.rotation=15; "
            "got 0 for each of data.rotation, data.zoom, data.shear, data.shift",
        ),
        ({"augment": "affine_elastic"}, "data.augment=affine_elastic must have an amplitude > 0"),
        (
            {"shift": 2},
            "data.shift is for data.augment=affine and affine_elastic, "
            "got data.augment=none with data.shift=2",
        ),
        ({"augment": "rotate", "rotation": 30}, "got data.augment=rotate with data.rotation=30"),
        ({"scale": 1e-40}, "data.scale must keep inputs finite in float32, got 16 / 1e-40"),
    ],
)
def test_what_the_data_cannot_give_is_refused(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as error:
        load(DataSpec(**knobs))
    assert message in str(error.value)


def test_sizes_take_the_first_n() -> None:
    whole = load(DataSpec()).data
    part = load(DataSpec(train_size=7, validation_size=5)).data
    assert np.array_equal(part.training.inputs, whole.training.inputs[:7])
    assert np.array_equal(part.training.labels, whole.training.labels[:7])
    assert np.array_equal(part.validation.inputs, whole.validation.inputs[:5])
    assert np.array_equal(part.test.inputs, whole.test.inputs)


def test_the_number_of_classes_does_not_depend_on_train_size() -> None:
    assert load(DataSpec(train_size=1)).data.n_classes == 10


def test_classes_are_kept_renumbered_then_counted() -> None:
    whole = load(DataSpec()).data
    two = load(DataSpec(classes=(8, 3), train_size=20)).data
    chosen = np.flatnonzero(np.isin(whole.training.labels, (3, 8)))[:20]
    assert np.array_equal(two.training.inputs, whole.training.inputs[chosen])
    assert np.array_equal(two.training.labels, (whole.training.labels[chosen] == 3).astype(int))
    assert two.n_classes == 2
    assert set(two.validation.labels.tolist()) == set(two.test.labels.tolist()) == {0, 1}


def test_scale_overrides_the_data_sets_own() -> None:
    own, other = (load(DataSpec(scale=scale)).data.test.inputs for scale in (None, 32.0))
    assert np.array_equal(own, other * 2)


def test_knobs_leave_the_digest_alone() -> None:
    plain = load(DataSpec()).digest
    assert load(DataSpec(train_size=10, classes=(1, 2), scale=3, expand="shifts")).digest == plain


@pytest.mark.parametrize("expand", ["none", "shifts"])
def test_arrays_are_read_only_float32_and_contiguous(expand: str) -> None:
    data = load(DataSpec(name="synthetic", expand=expand)).data
    for part in data[:3]:
        assert (part.inputs.dtype, part.labels.dtype) == (np.float32, np.int64)
        assert part.inputs.flags.c_contiguous
        assert not part.inputs.flags.writeable
        assert not part.labels.flags.writeable


def test_shifts_expand_the_first_n_training_images_only() -> None:
    plain = load(DataSpec(train_size=6)).data
    more = load(DataSpec(train_size=6, expand="shifts")).data
    assert more.training.inputs.shape == (30, 64)
    assert np.array_equal(more.training.inputs[:6], plain.training.inputs)
    assert np.array_equal(more.training.labels, np.tile(plain.training.labels, 5))
    assert np.array_equal(more.validation.inputs, plain.validation.inputs)
    assert np.array_equal(more.test.inputs, plain.test.inputs)


def test_no_augmentation_is_no_function() -> None:
    assert augmenter(DataSpec(), load(DataSpec())) is None


def test_an_augmenter_distorts_alike_after_crossing_processes() -> None:
    spec = DataSpec(augment="affine_elastic", zoom=0.2, train_size=9)
    dataset = load(spec)
    distort = augmenter(spec, dataset)
    assert distort is not None
    images = dataset.data.training.inputs
    here = distort(np.random.default_rng(1), images)
    there = pickle.loads(pickle.dumps(distort))(np.random.default_rng(1), images)
    assert here.shape == images.shape
    assert not np.array_equal(here, images)
    assert here.tobytes() == there.tobytes()


def test_an_augmenter_takes_the_amplitudes_of_its_specification() -> None:
    spec = DataSpec(augment="affine", rotation=20, zoom=0.2, shear=0.3, shift=2, train_size=9)
    dataset = load(spec)
    distort = augmenter(spec, dataset)
    assert distort is not None
    images = dataset.data.training.inputs
    field = affine(np.random.default_rng(1), 9, (8, 8), rotation=20, zoom=0.2, shear=0.3, shift=2)
    expected = resample(images.reshape(9, 8, 8), field).reshape(9, 64)
    assert np.array_equal(distort(np.random.default_rng(1), images), expected)


@pytest.mark.parametrize("name", DATASETS)
def test_every_data_set_has_its_file_of_values(name: str) -> None:
    path = CONF / f"{name}.yaml"
    first, second = path.read_text().splitlines()[:2]
    assert first.startswith("# ")
    assert second == "# @package data"
    assert OmegaConf.to_container(OmegaConf.load(path)) == {"name": name}


def test_there_is_no_file_for_an_unknown_data_set() -> None:
    assert {path.stem for path in CONF.glob("*.yaml")} == set(DATASETS)
