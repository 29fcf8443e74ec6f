"""IDX files: what is read, from where, and what is said of files that are not what they should be."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import DataSpec, load
from nnexp.data.idx import official, read_idx
from nnexp.errors import UserError

from .conftest import idx_bytes

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
LABELS = np.array([5, 0, 4], np.uint8)


def write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


@pytest.mark.parametrize("name", ["images-idx3-ubyte", "images-idx3-ubyte.gz"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_values_are_read_packed_or_raw_whatever_the_name(tmp_path: Path, name: str, pack: type) -> None:
    path = tmp_path / name
    path.write_bytes(pack(idx_bytes(IMAGES)))
    assert np.array_equal(read_idx(path, (3, 4, 5)), IMAGES)


GOOD = idx_bytes(IMAGES)
PACKED = gzip.compress(GOOD, mtime=0)


@pytest.mark.parametrize(
    ("content", "expected", "found"),
    [
        pytest.param(GOOD[:-7], "76 bytes", "69 bytes", id="cut short"),
        pytest.param(GOOD + b"x", "76 bytes", "more", id="too long"),
        pytest.param(GOOD[:9], "76 bytes", "9 bytes", id="cut in the header"),
        pytest.param(
            b"", "IDX images (first bytes 00 00 08 03)", "no IDX file (first bytes none)", id="empty"
        ),
        pytest.param(b"<html>", "IDX images", "no IDX file (first bytes 3c 68 74 6d)", id="web page"),
        pytest.param(idx_bytes(LABELS), "IDX images", "IDX labels (first bytes 00 00 08 01)", id="labels"),
        pytest.param(idx_bytes(IMAGES[:2]), "shape (3, 4, 5)", "shape (2, 4, 5)", id="other count"),
        pytest.param(PACKED[:-20], "a whole gzip file", "end-of-stream marker", id="gz cut in the data"),
        pytest.param(PACKED[:-3], "a whole gzip file", "end-of-stream marker", id="gz cut in the check sum"),
        pytest.param(
            PACKED[:-8] + b"\0" * 8, "a whole gzip file", "CRC check failed", id="gz wrong check sum"
        ),
        pytest.param(PACKED[:10] + b"\xff" * 30, "a whole gzip file", "invalid block type", id="gz corrupt"),
        pytest.param(gzip.compress(GOOD[:-7]), "76 bytes", "69 bytes", id="whole gz of a cut file"),
    ],
)
def test_a_damaged_file_is_named_with_what_was_expected_and_found(
    tmp_path: Path, content: bytes, expected: str, found: str
) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(UserError) as error:
        read_idx(path, (3, 4, 5))
    before, after = str(error.value).split(", found ")
    assert str(path) in before
    assert f"expected {expected}" in before
    assert found in after
    assert "delete it to download it" in after


def test_images_in_place_of_labels_are_named(tmp_path: Path) -> None:
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(GOOD)
    with pytest.raises(UserError, match=r"expected IDX labels .* found IDX images"):
        read_idx(path, (3,))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot read .*: Is a directory"):
        read_idx(tmp_path, (3,))


def test_the_split_is_the_books_and_pixels_are_over_256(
    tmp_path: Path, packed_files: dict[str, bytes]
) -> None:
    write(tmp_path / "mnist", packed_files)
    dataset = load(DataSpec(name="mnist", root=str(tmp_path)))
    data = dataset.data
    assert [part.inputs.shape for part in data[:3]] == [(50_000, 784), (10_000, 784), (10_000, 784)]
    assert (data.n_classes, dataset.image_shape) == (10, (28, 28))
    for part, numbers in (
        (data.training, range(50_000)),
        (data.validation, range(50_000, 60_000)),
        (data.test, range(10_000)),
    ):
        assert np.array_equal(part.inputs[:, 0], np.array(numbers) % 251 / 256)
        assert np.array_equal(part.labels[10:], np.array(numbers)[10:] % 10)
    assert data.training.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]


@pytest.mark.parametrize(
    "place", ["knob", "environment", "knob before environment", "folder itself", "cache"]
)
def test_files_are_found_where_they_may_lie(
    tmp_path: Path,
    packed_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    offline: Path,
    place: str,
) -> None:
    root = offline if place == "cache" else tmp_path / "root"
    write(root if place == "folder itself" else root / "mnist", packed_files)
    if place == "environment":
        monkeypatch.setenv("NNEXP_DATA", str(root))
    if place == "knob before environment":
        monkeypatch.setenv("NNEXP_DATA", str(tmp_path / "elsewhere"))
    knob = None if place in ("environment", "cache") else str(root)
    source = official(DataSpec(name="mnist", root=knob))
    assert len(source.parts.training.labels) == 50_000


def test_the_digest_is_that_of_the_values_not_of_the_files(
    tmp_path: Path, raw_files: dict[str, bytes], packed_files: dict[str, bytes]
) -> None:
    write(tmp_path / "raw" / "mnist", raw_files)
    write(tmp_path / "packed", packed_files)
    raw, packed = (official(DataSpec(name="mnist", root=str(tmp_path / p))) for p in ("raw", "packed"))
    assert raw.digest == packed.digest


def test_an_edited_file_is_read_again(tmp_path: Path, packed_files: dict[str, bytes]) -> None:
    write(tmp_path, packed_files)
    spec = DataSpec(name="mnist", root=str(tmp_path))
    before = official(spec)
    path = tmp_path / "t10k-labels-idx1-ubyte.gz"
    raw = bytearray(gzip.decompress(path.read_bytes()))
    raw[8] = 7  # the first test label, which was 0
    path.write_bytes(gzip.compress(bytes(raw)))
    later = path.stat().st_mtime_ns + 1_000_000_000
    os.utime(path, ns=(later, later))
    after = official(spec)
    assert (before.parts.test.labels[0], after.parts.test.labels[0]) == (0, 7)
    assert before.digest != after.digest


def test_another_data_sets_files_are_told_by_their_labels(
    tmp_path: Path, packed_files: dict[str, bytes]
) -> None:
    write(tmp_path, packed_files)
    with pytest.raises(UserError) as error:
        load(DataSpec(name="fashion_mnist", root=str(tmp_path)))
    message = str(error.value)
    assert str(tmp_path / "train-labels-idx1-ubyte.gz") in message
    assert "expected fashion_mnist's labels, which begin (9, 0, 0, 3" in message
    assert "found (5, 0, 4, 1" in message
    assert "in a folder of its name" in message


def test_labels_above_nine_are_refused(tmp_path: Path, packed_files: dict[str, bytes]) -> None:
    labels = np.arange(10_000, dtype=np.uint8) % 11
    write(tmp_path, packed_files | {"t10k-labels-idx1-ubyte.gz": gzip.compress(idx_bytes(labels))})
    with pytest.raises(UserError, match=r"t10k-labels.*expected labels 0 to 9, found a label 10"):
        load(DataSpec(name="mnist", root=str(tmp_path)))


@pytest.mark.parametrize("knob", ["data.root", "$NNEXP_DATA"])
def test_a_folder_that_does_not_exist_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knob: str
) -> None:
    missing = str(tmp_path / "typo")
    if knob == "$NNEXP_DATA":
        monkeypatch.setenv("NNEXP_DATA", missing)
    with pytest.raises(UserError) as error:
        load(DataSpec(name="mnist", root=missing if knob == "data.root" else None))
    assert str(error.value) == f"{knob} must be an existing folder, got {missing!r}"
    assert not Path(missing).exists()
