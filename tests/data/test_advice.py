"""What is said of a data set before training: only what a person should know, with the knob that mends it."""

from pathlib import Path

import numpy as np
import pytest

from nnexp.data import DataSpec, advice, load


def file_with(folder: Path, inputs: np.ndarray, labels: np.ndarray | None = None) -> str:
    """A file whose three parts are the same."""
    path = folder / "x.npz"
    classes = np.arange(len(inputs)) % 10 if labels is None else labels
    arrays = {}
    for part in ("training", "validation", "test"):
        arrays |= {f"{part}_inputs": inputs, f"{part}_labels": classes}
    np.savez(path, **arrays)
    return str(path)


def lines(spec: DataSpec) -> list[str]:
    return advice(spec, load(spec))


def test_pixels_that_are_not_scaled_are_said_with_the_knob(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 8, 8)).astype(np.uint8)
    pixels[0, 0, 0] = 255
    path = file_with(tmp_path, pixels)
    assert lines(DataSpec(name="file", path=path)) == [
        "data=file: inputs go up to 255, but networks learn well from inputs of about 0..1; "
        "data.scale=255 divides all of them, "
        "and columns of different units are better standardized one by one"
    ]
    assert lines(DataSpec(name="file", path=path, scale=255)) == []


def test_the_scale_that_is_proposed_starts_from_the_values_in_the_file(tmp_path: Path) -> None:
    path = file_with(tmp_path, np.full((20, 3), -1000))
    assert "up to 500, " in lines(DataSpec(name="file", path=path, scale=2))[0]
    assert "data.scale=1000 divides all of them" in lines(DataSpec(name="file", path=path, scale=2))[0]


@pytest.mark.parametrize("name", ["digits", "nand", "synthetic"])
def test_of_bundled_data_nothing_is_said(name: str) -> None:
    assert lines(DataSpec(name=name)) == []


def test_of_standardized_inputs_nothing_is_said(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((1000, 20))
    assert lines(DataSpec(name="file", path=file_with(tmp_path, values))) == []


def test_classes_that_the_first_examples_lack_are_named() -> None:
    """The digits begin, in their fixed order, with none of some classes."""
    labels = load(DataSpec()).data.training.labels[:5].tolist()
    missing = [label for label in range(10) if label not in labels]
    assert lines(DataSpec(train_size=5)) == [
        f"data=digits: the first 5 training examples hold none of the classes {', '.join(map(str, missing))}"
    ]


def test_missing_classes_have_the_labels_that_the_file_gives_them(tmp_path: Path) -> None:
    path = file_with(tmp_path, np.ones((4, 2)), np.array([7, 7, 3, 5]))
    spec = DataSpec(name="file", path=path, classes=(3, 7), train_size=2)
    assert lines(spec) == ["data=file: the first 2 training examples hold none of the classes 3"]
