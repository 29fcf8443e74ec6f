"""data=file: the user's own arrays, and every way in which they can be unfit."""

import io
import os
import pickle
import struct
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp.data import DataSpec, load
from nnexp.errors import UserError

RULE = "must be an .npz file of arrays for training, validation and test"


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


@pytest.mark.parametrize("folder", ["with blanks", "данные", "a#b", "what?", "a%41b", "[brackets]", "-x"])
def test_a_file_is_read_whatever_its_folder_is_called(
    tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / folder
    place.mkdir()
    monkeypatch.chdir(place)
    write(place)
    assert load(DataSpec(name="file", path="x.npz")).data.n_classes == 3


def test_a_path_from_the_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load(DataSpec(name="file", path="~/x.npz")).data.n_classes == 3


def test_a_path_is_needed() -> None:
    with pytest.raises(UserError, match=r"data=file needs data\.path=FILE\.npz, got none"):
        load(DataSpec(name="file"))


def test_a_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "typo.npz")
    assert refusal(path) == f"cannot read {path}: No such file or directory"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (
            {"test_inputs": None, "test_labels": None},
            "got no array 'test_inputs' (it has training_inputs, training_labels, validation_inputs, "
            "validation_labels); numpy.savez_compressed(path, training_inputs=..., training_labels=..., ...) "
            "writes one; take them from the training examples, which must not hold them then",
        ),
        (
            {"training_inputs": None, "train_inputs": np.ones((6, 2))},
            "got no array 'training_inputs'; is 'train_inputs' meant to be it? (it has ",
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
        ({"validation_labels": np.zeros((4, 1), int)}, "got (4, 1); validation_labels.ravel() flattens it"),
        ({"training_inputs": np.full((6, 2, 3), np.nan)}, "must be finite, got 36 values that are not"),
        ({"test_inputs": np.full((4, 2, 3), np.inf)}, "test_inputs must be finite, got 24 values"),
        (
            {"training_inputs": np.full((6, 2, 3), 1e200)},
            "must keep inputs finite in float32, got 1e+200 / 1",
        ),
        (
            {"training_labels": np.arange(6) / 1},
            "training_labels must be integers, got float64; training_labels.astype(int) makes them so",
        ),
        (
            {"test_labels": np.array(["a", "b", "c", "a"])},
            "got text (<U1); numpy.searchsorted(numpy.unique(training_labels), test_labels) numbers them",
        ),
        (
            {"test_labels": np.eye(4, dtype=int)},
            "got (4, 4); if it is one-hot: test_labels.argmax(axis=1)",
        ),
        (
            {"test_labels": np.eye(4)},
            "got (4, 4); if it is one-hot: test_labels.argmax(axis=1)",
        ),
        ({"training_labels": np.zeros(6, int)}, "must be of at least 2 classes, got 0 for every example"),
        (
            {"training_labels": np.array([0, 1, 2, 2**63, 0, 1], np.uint64)},
            "training_labels must be at most 9223372036854775807, got 9223372036854775808",
        ),
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
    assert f"got Python objects in {member}; " in refusal(path)
    assert not Evil.unpickled


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.ones((2, 3)))
    assert f"{path} {RULE}, got a single array" in refusal(str(path))


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("x.npz", b"", "an empty file"),
        ("x.npz", b"label,pixel\n1,2\n", "a file of another kind"),
        (
            "x.csv",
            b"label,pixel\n1,2\n",
            "a file of another kind; numpy.loadtxt(path, delimiter=',') may read it",
        ),
        ("x.pkl", pickle.dumps(Evil()), "a file of another kind"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_makes_a_right_one(
    tmp_path: Path, name: str, content: bytes, kind: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    refused = refusal(str(path))
    assert f"{path} {RULE}, got {kind}" in refused
    assert "numpy.savez_compressed(path, training_inputs=..., training_labels=..., ...) writes one" in refused
    assert "pickle" not in refused
    assert not Evil.unpickled


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = Path(write(tmp_path))
    path.write_bytes(path.read_bytes()[:-100])
    assert f"{path} {RULE}, got one that is cut short" in refusal(str(path))


def flagged(folder: Path, local: int, central: int, value: int) -> str:
    """A fit file whose members say something else at one place of their two headers."""
    path = Path(write(folder))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\3\4", local), (b"PK\1\2", central)):
        start = content.find(signature)
        while start >= 0:
            content[start + offset] = value
            start = content.find(signature, start + 1)
    path.write_bytes(content)
    return str(path)


def test_an_encrypted_file_is_refused(tmp_path: Path) -> None:
    assert "got an encrypted one" in refusal(flagged(tmp_path, 6, 8, 1))


def test_an_unknown_compression_is_refused(tmp_path: Path) -> None:
    refused = refusal(flagged(tmp_path, 8, 10, 97))
    assert "got one that cannot be unpacked (That compression method is not supported)" in refused


def with_header(folder: Path, header: bytes, values: bytes = b"") -> str:
    """A file whose training inputs begin with this header, followed by these bytes."""
    path = folder / "x.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays().items():
            file = io.BytesIO()
            np.save(file, array)
            own = b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + values
            archive.writestr(f"{name}.npy", own if name == "training_inputs" else file.getvalue())
    return str(path)


@pytest.mark.parametrize(
    "shape", ["(10**9, 28, 28)", "(1000000000000000, 2)", f"({10**30}, 2)", "(-5, 2)", "(6, 2, 3)", "6", "("]
)
def test_a_header_that_announces_what_is_not_there_is_refused(tmp_path: Path, shape: str) -> None:
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    assert "got a damaged one" in refusal(with_header(tmp_path, header))


@pytest.mark.parametrize("header", [b"", b"\xff\xfe", b"{((((", b"{'descr': '|u1'}"])
def test_a_header_that_cannot_be_read_is_refused(tmp_path: Path, header: bytes) -> None:
    assert "got a damaged one" in refusal(with_header(tmp_path, header))


def test_what_unpacks_to_more_than_the_memory_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A megabyte of zeros packs into a thousandth; here the machine has less memory than that."""
    path = tmp_path / "x.npz"
    np.savez_compressed(path, **arrays(training_inputs=np.zeros((6, 400, 500))))
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 100}.__getitem__)
    refused = refusal(str(path))
    assert f"{path} {RULE}, got arrays of 0.0096 GB for a memory of 0.00041 GB" in refused


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@pytest.mark.parametrize("seed", range(20))
def test_random_damage_is_an_error_for_people_or_does_no_harm(
    tmp_path: Path, compression: int, seed: int
) -> None:
    path, rng = tmp_path / "x.npz", np.random.default_rng(seed)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, array in arrays().items():
            with archive.open(f"{name}.npy", "w") as member:
                np.save(member, array)
    content = bytearray(path.read_bytes())
    for place in rng.integers(len(content), size=3):
        content[place] ^= rng.integers(1, 256)
    path.write_bytes(content)
    with suppress(UserError):
        load(DataSpec(name="file", path=str(path)))


def test_a_member_whose_bytes_changed_is_refused(tmp_path: Path) -> None:
    path = Path(write(tmp_path))
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("training_inputs.npy").header_offset
    content[offset + 200] ^= 0xFF
    path.write_bytes(bytes(content))
    assert f"{path} {RULE}, got a damaged one" in refusal(str(path))


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
