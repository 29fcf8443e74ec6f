"""A worker far from its parent finds its data: in memory, on disk if they are the same, or as sent."""

from dataclasses import replace

import pytest

from nnexp.data import Dataset, DataSpec, download, load
from nnexp.errors import UserError
from nnexp.sweep.pool import distant_data
from nnexp.sweep.pool.distant_data import KEPT, data_key, dataset_here

SMALL = DataSpec(name="synthetic", train_size=50)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distant_data, "_kept", {})


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return load(DataSpec(name="synthetic"))


def test_data_of_the_same_digest_are_read_once_and_whole(whole: Dataset) -> None:
    found = dataset_here(SMALL, whole.digest, {})
    assert found is not None
    assert len(found.data.training.labels) == len(whole.data.training.labels)
    assert dataset_here(replace(SMALL, train_size=20), whole.digest, {}) is found


def test_other_data_than_the_parents_are_not_used_but_what_it_sends(whole: Dataset) -> None:
    other = replace(whole, digest="f" * 64)
    assert dataset_here(SMALL, other.digest, {}) is None
    assert dataset_here(SMALL, other.digest, {data_key(SMALL, other.digest): other}) is other
    assert dataset_here(SMALL, other.digest, {}) is other  # by now in this process


def test_only_the_last_data_sets_are_kept(whole: Dataset) -> None:
    for k in range(KEPT + 2):
        digest = str(k) * 64
        dataset_here(SMALL, digest, {data_key(SMALL, digest): replace(whole, digest=digest)})
    assert len(distant_data._kept) == KEPT


def test_where_files_lie_does_not_make_other_data_but_what_is_taken_of_them_does() -> None:
    digest = "0" * 64
    there = replace(SMALL, root="/somewhere")
    assert data_key(there, digest) == data_key(SMALL, digest)
    assert data_key(replace(SMALL, classes=(0, 1)), digest) != data_key(SMALL, digest)


def test_a_worker_downloads_nothing(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "MIRRORS", {})
    spec = DataSpec(name="mnist", root=str(tmp_path))
    assert dataset_here(spec, "0" * 64, {}) is None
    with download.no_download(), pytest.raises(UserError, match="is neither in"):
        load(spec)
