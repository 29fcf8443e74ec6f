"""data=file: the user's own arrays, and every way in which they can be unfit."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.data import DataSpec, load
from nnexp.errors import UserError


class Evil:
    """An object whose unpickling would be seen."""

    unpickled = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (Evil, "unpickled", True)


def arrays(**changed: Any) -> dict[str, Any]:
    """Fit arrays: 6 / 4 / 4 examples of 2 x 3 pixels, 3 classes; a value None leaves the array out."""
    rng = np.random.default_rng(0)
    values = {}
    for part, n in (("training", 6), ("validation", 4), ("test", 4)):
        values[f"{part}_inputs"] = rng.integers(0, 256, (n, 2, 3)).astype(np.uint8)
        values[f"{part}_labels"] = np.arange(n) % 3
    return {name: value for name, value in (values | changed).items() if value is not None}


def write(folder: Path, **changed: Any) -> str:
    path = folder / "x.npz"
    np.savez(path, **arrays(**changed))
    return str(path)


def refusal(path: str, **knobs: Any) -> str:
    with pytest.raises(UserError) as error:
        load(DataSpec(name="file", path=path, **knobs))
    message = str(error.value)
    assert "\n" not in message
    return message


def test_the_arrays_come_back_flat_and_unscaled(tmp_path: Path) -> None:
    dataset = load(DataSpec(name="file", path=write(tmp_path)))
    expected = arrays()
    for name in ("training", "validation", "test"):
        part = getattr(dataset.data, name)
        assert np.array_equal(part.inputs, expected[f"{name}_inputs"].reshape(-1, 6))
        assert np.array_equal(part.labels, expected[f"{name}_labels"])
    assert (dataset.data.n_classes, dataset.image_shape) == (3, (2, 3))


def test_inputs_that_are_rows_are_no_images(tmp_path: Path) -> None:
    rows = {
        f"{part}_inputs": np.ones((n, 5)) for part, n in (("training", 6), ("validation", 4), ("test", 4))
    }
    assert load(DataSpec(name="file", path=write(tmp_path, **rows))).image_shape is None


def test_scale_divides_the_users_values(tmp_path: Path) -> None:
    dataset = load(DataSpec(name="file", path=write(tmp_path), scale=256))
    assert np.array_equal(dataset.data.training.inputs, arrays()["training_inputs"].reshape(6, 6) / 256)


@pytest.mark.parametrize("changed", ["training_inputs", "test_labels", "dtype"])
def test_the_digest_changes_with_any_value_or_dtype(tmp_path: Path, changed: str) -> None:
    before = load(DataSpec(name="file", path=write(tmp_path))).digest
    name = "test_labels" if changed == "dtype" else changed
    other = arrays()[name].copy()
    other.flat[1] = 2
    value = arrays()[name].astype(np.int16) if changed == "dtype" else other
    assert load(DataSpec(name="file", path=write(tmp_path, **{name: value}))).digest != before


def test_the_digest_does_not_depend_on_byte_order_or_compression(tmp_path: Path) -> None:
    wide = {"test_labels": arrays()["test_labels"].astype("<i4")}
    before = load(DataSpec(name="file", path=write(tmp_path, **wide))).digest
    path = tmp_path / "y.npz"
    np.savez_compressed(path, **arrays(test_labels=wide["test_labels"].astype(">i4")))
    assert load(DataSpec(name="file", path=str(path))).digest == before


def test_a_path_is_needed() -> None:
    with pytest.raises(UserError, match=r"data=file needs data\.path=FILE\.npz, got none"):
        load(DataSpec(name="file"))


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "typo.npz")
    assert refusal(path) == f"cannot read {path}: No such file or directory"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"test_labels": None}, "the array 'test_labels' is missing"),
        (
            {"training_inputs": None, "train_inputs": np.ones((6, 2))},
            "the array 'training_inputs' is missing; is 'train_inputs' meant to be it? (found: ",
        ),
        ({"training_inputs": np.ones(6)}, "training_inputs must have shape (n, ...)"),
        ({"training_inputs": np.ones((0, 2, 3))}, "with at least one example and one value, got (0, 2, 3)"),
        ({"training_inputs": np.ones((6, 0))}, "got (6, 0)"),
        (
            {"training_inputs": np.ones((6, 2, 3), complex)},
            "must be real numbers of at most 64 bits, got complex",
        ),
        ({"training_inputs": np.full((6, 2, 3), "1")}, "must be real numbers of at most 64 bits, got <U1"),
        ({"test_inputs": np.ones((4, 3, 3))}, "test_inputs must be like training_inputs, shape ('n', 2, 3)"),
        (
            {"test_inputs": np.ones((5, 2, 3))},
            "test_labels must have shape (5,), one label for each of its inputs",
        ),
        ({"validation_labels": np.zeros((4, 1), int)}, "got (4, 1)"),
        ({"training_inputs": np.full((6, 2, 3), np.nan)}, "must be finite, got 36 values that are not"),
        ({"test_inputs": np.full((4, 2, 3), np.inf)}, "test_inputs must be finite, got 24 values"),
        (
            {"training_inputs": np.full((6, 2, 3), 1e200)},
            "must keep inputs finite in float32, got 1e+200 / 1",
        ),
        ({"training_labels": np.arange(6) / 1}, "training_labels must be integers, got float64"),
        ({"training_labels": np.arange(6) > 2}, "training_labels must be integers, got bool"),
        (
            {"training_labels": np.arange(6) % 3 + 1},
            "without a gap (or name those to keep with classes=[...]), got 1",
        ),
        ({"training_labels": np.array([0, 1, 2, 4, 0, 1])}, "got 4 as label number 3"),
        ({"training_labels": np.array([0, 1, -1, 2, 0, 1])}, "got -1 as label number 0"),
        (
            {"test_labels": np.array([0, 1, 2, 3])},
            "test_labels must be among the training labels, 0 to 2, got 3",
        ),
        ({"validation_labels": np.array([0, 1, 2, -1])}, "0 to 2, got -1"),
    ],
)
def test_unfit_arrays_are_named_with_the_rule(tmp_path: Path, changed: dict[str, Any], message: str) -> None:
    path = write(tmp_path, **changed)
    refused = refusal(path)
    assert message in refused
    assert path in refused or "float32" in refused


@pytest.mark.parametrize("member", ["training_inputs", "test_labels"])
def test_pickled_objects_are_refused_and_not_run(tmp_path: Path, member: str) -> None:
    path = write(tmp_path, **{member: np.array([Evil()], object)})
    assert "without pickled objects" in refusal(path)
    assert not Evil.unpickled


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.ones((2, 3)))
    assert "got a single array" in refusal(str(path))


@pytest.mark.parametrize("content", [b"", b"label,pixel\n1,2\n"])
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    assert "must be a whole .npz file" in refusal(str(path))


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = Path(write(tmp_path))
    path.write_bytes(path.read_bytes()[:-100])
    assert f"{path} must be a whole .npz file" in refusal(str(path))


def test_a_member_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    path = Path(write(tmp_path))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("training_inputs.npy").header_offset
    content[offset + 200] ^= 0xFF
    path.write_bytes(bytes(content))
    assert f"{path} must be a whole .npz file" in refusal(str(path))


def test_classes_choose_among_any_labels(tmp_path: Path) -> None:
    changed = {
        f"{part}_labels": arrays()[f"{part}_labels"] * 10 - 10 for part in ("training", "validation", "test")
    }
    data = load(DataSpec(name="file", path=write(tmp_path, **changed), classes=(10, -10))).data
    assert data.n_classes == 2
    assert data.training.labels.tolist() == [1, 0, 1, 0]


def test_classes_that_leave_a_part_empty_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, test_labels=np.full(4, 2))
    assert refusal(path, classes=(0, 1)) == "classes [0, 1] must leave test examples, got none"


def test_expansion_needs_images(tmp_path: Path) -> None:
    rows = {
        f"{part}_inputs": np.ones((n, 5)) for part, n in (("training", 6), ("validation", 4), ("test", 4))
    }
    path = write(tmp_path, **rows)
    assert "data.expand needs images, inputs (n, height, width)" in refusal(path, expand="shifts")
    assert "data.augment needs images" in refusal(path, augment="rotate")
