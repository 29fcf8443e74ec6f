"""A record comes back as it was written, and a damaged one is noticed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import load
from nnexp.errors import UserError
from nnexp.nn import Model, train
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.model_file import load_model
from nnexp.sweep.store.record import record_of
from nnexp.sweep.store.seal import END, START, ends_of, sealed
from tests.sweep.samples import plan

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    made = plan({}, seeds=[0])
    result = train([made.runs[0].hyperparameters], load(made.runs[0].data).data)[0]
    return Outcome(made.runs[0], NOON, NOON, result, None)


def written(folder: Path, outcome: Outcome) -> Path:
    result = outcome.result
    model = result and Model(result.weights, result.biases, outcome.run.hyperparameters)
    records.write(folder, record_of(outcome, {"host": "here"}), model)
    return folder / f"{outcome.run.run_id}.json"


def test_a_record_comes_back_as_it_was_written(tmp_path: Path, outcome: Outcome) -> None:
    back = records.read(written(tmp_path, outcome))
    assert outcome.result is not None
    assert back.history == outcome.result.history
    assert back.status == "finished"
    assert back.metrics["final_validation_cost"] == outcome.result.history["validation_cost"][-1]
    assert list(tmp_path.iterdir()) == [p for p in tmp_path.iterdir() if p.suffix in (".json", ".npz")]


def test_the_weights_come_back_bit_for_bit(tmp_path: Path, outcome: Outcome) -> None:
    model = load_model(written(tmp_path, outcome).with_suffix(".npz"))
    assert outcome.result is not None
    assert model.hyperparameters == outcome.run.hyperparameters
    for W, kept in zip(model.weights, outcome.result.weights, strict=True):
        np.testing.assert_array_equal(W, kept, strict=True)


def test_a_failed_run_leaves_its_traceback_and_no_weights(tmp_path: Path, outcome: Outcome) -> None:
    back = records.read(written(tmp_path, replace(outcome, result=None, traceback="Traceback: it broke")))
    assert (back.status, back.metrics, back.traceback) == ("failed", {}, "Traceback: it broke")
    assert not list(tmp_path.glob("*.npz"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_a_damaged_record_is_no_record(tmp_path: Path, outcome: Outcome, damage: str) -> None:
    path = written(tmp_path, outcome)
    whole = path.read_bytes()
    damaged = {"cut": whole[:-20], "flipped": whole.replace(b"finished", b"diverged"), "other": b"[1]"}[
        damage
    ]
    path.write_bytes(damaged)
    found, wrong = records.read_all({outcome.run.run_id: path})
    assert not found
    assert set(wrong) == {outcome.run.run_id}


def test_a_record_without_all_of_its_weights_is_no_record(tmp_path: Path, outcome: Outcome) -> None:
    path = written(tmp_path, outcome)
    weights = path.with_suffix(".npz")
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ValueError, match="its weights are cut"):
        records.read(path)
    weights.unlink()
    with pytest.raises(ValueError, match="its weights are missing"):
        records.read(path)


def flip(path: Path) -> None:
    """One bit in the midst of a file; its size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_weights(path: Path) -> None:
    """A whole file of weights of the same shape, as a kill between two renames of mode=force left it."""
    model = load_model(path)
    path.unlink()
    records.save_model(path, model._replace(biases=[b + 1 for b in model.biases]))


@pytest.mark.parametrize("damage", [flip, other_weights, Path.unlink])
def test_weights_are_compared_with_their_checksum_before_they_are_read(
    tmp_path: Path, outcome: Outcome, damage: Callable[[Path], None]
) -> None:
    path = written(tmp_path, outcome)
    assert records.kept_weights(tmp_path, path.stem) == path.with_suffix(".npz")
    damage(path.with_suffix(".npz"))
    with pytest.raises(
        UserError, match=rf"the record of run {path.stem} is damaged \(its weights are .*set aside"
    ):
        records.read_model(tmp_path, path.stem)
    assert (path.exists(), path.with_suffix(".damaged").exists()) == (False, True)


def test_records_written_at_once_are_those_written_one_by_one(tmp_path: Path, outcome: Outcome) -> None:
    result = outcome.result
    assert result is not None
    model = Model(result.weights, result.biases, outcome.run.hyperparameters)
    first = record_of(outcome, {"host": "here"})
    ended = [(replace(first, run_id=f"{first.run_id[:-2]}{n:02}"), model) for n in range(40)]
    for name in ("at_once", "one_by_one"):
        (tmp_path / name).mkdir()
    records.write_all(tmp_path / "at_once", ended)
    for record, weights in ended:
        records.write(tmp_path / "one_by_one", record, weights)
    at_once, one_by_one = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("at_once", "one_by_one")
    )
    assert at_once == one_by_one
    assert len(at_once) == 2 * len(ended)


def test_a_failed_run_has_no_weights_and_what_lies_there_is_not_its_own(
    tmp_path: Path, outcome: Outcome
) -> None:
    path = written(tmp_path, outcome)
    written(tmp_path, replace(outcome, result=None, traceback="Traceback: it broke"))
    assert path.with_suffix(".npz").exists()
    assert records.kept_weights(tmp_path, path.stem) is None
    with pytest.raises(UserError, match="kept no weights"):
        records.read_model(tmp_path, path.stem)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(ValueError, match="closed file"):
        _write_to_closed_file(path)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def _write_to_closed_file(path: Path) -> None:
    with records.replacing(path) as file:
        file.close()
        file.write(b"new")


def test_figures_are_exact_in_the_file(tmp_path: Path, outcome: Outcome) -> None:
    body = json.loads(written(tmp_path, outcome).read_text())
    assert outcome.result is not None
    assert body["history"]["training_cost"] == outcome.result.history["training_cost"]
    assert body["settings"] == outcome.run.settings | {"monitor": []}


@pytest.mark.parametrize("length", [1, 1000, 16200, 16300, 100_000])
def test_the_ends_of_a_record_are_those_of_its_file_however_long_it_is(length: int, tmp_path: Path) -> None:
    content = sealed({"run_id": "a" * 12, "status": "finished", "text": "x" * length})
    (tmp_path / "a.json").write_bytes(content)
    assert ends_of(tmp_path / "a.json") == (content[:START], content[-END:])
