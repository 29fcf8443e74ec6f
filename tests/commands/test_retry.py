"""`nnexp retry` makes a sweep whole from its frozen plan, or refuses in one line."""

from pathlib import Path

import numpy as np
import pytest

from nnexp.sweep.pool import worker
from nnexp.sweep.question.formulas import Formulas
from nnexp.tracking import Logged, append_logged
from tests.commands.conftest import SMALL, Command, only


def test_what_failed_and_what_is_missing_is_trained_and_nothing_else(
    nnexp: Command, sweeps: Path, tmp_path: Path
) -> None:
    records = only(sweeps / "mixed") / "records"
    whole = {path.name: path.read_bytes() for path in records.glob("*.json")}
    failed = next(name for name, body in whole.items() if b"it broke" in body)
    missing = next(name for name, body in whole.items() if b'"diverged"' in body)
    (records / missing).unlink()
    status, shown, _ = nnexp("retry", "mixed", "n_jobs=1", "pictures=false")
    assert status == 0
    assert "2 done, 2 to train" in shown
    assert "2 finished, 2 diverged" in nnexp("status", "mixed")[1]
    now = {path.name: path.read_bytes() for path in records.glob("*.json")}
    assert now.keys() == whole.keys()
    assert {name for name in now if now[name] != whole[name]} == {failed, missing}
    assert [path.name for path in tmp_path.iterdir()] == ["sweeps"]  # logged nowhere before, so nowhere now


def test_a_run_that_fails_again_is_status_1(nnexp: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "train", None)
    status, shown, _ = nnexp("retry", "mixed", "n_jobs=1", "pictures=false")
    assert status == 1
    assert "1 run failed" in shown


def test_changed_code_is_refused(nnexp: Command, sweeps: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Formulas, "digest", lambda self, settings: "0" * 64)
    status, _, error = nnexp("retry", "mixed")
    name = f"mixed/{only(sweeps / 'mixed').name}"
    assert status == 2
    assert error == (
        f"nnexp: the code has changed since {name} was started: start it anew with its own command\n"
    )


def test_changed_data_is_refused(nnexp: Command) -> None:
    rng = np.random.default_rng(0)
    parts = {
        f"{part}_{what}": rng.random((20, 4), np.float32) if what == "inputs" else np.arange(20) % 2
        for part in ("training", "validation", "test")
        for what in ("inputs", "labels")
    }
    np.savez("mine.npz", **parts)  # type: ignore[arg-type]
    own = [word for word in SMALL if not word.startswith("data=")]
    assert nnexp(*own, "data=file", "data.path=mine.npz")[0] == 0
    assert nnexp("retry", "single")[0] == 0
    np.savez("mine.npz", **parts | {"test_labels": 1 - parts["test_labels"]})  # type: ignore[arg-type]
    status, _, error = nnexp("retry", "single")
    assert status == 2
    assert "the data have changed since single/" in error
    Path("mine.npz").unlink()
    assert nnexp("retry", "single")[0] == 2


def test_a_folder_that_was_moved_is_refused(nnexp: Command, sweeps: Path) -> None:
    (sweeps / "mixed").rename(sweeps / "other")
    status, _, error = nnexp("retry", "other")
    assert status == 2
    assert "move it back" in error


def test_it_logs_where_the_sweep_was_logged_before(nnexp: Command, sweeps: Path) -> None:
    append_logged(only(sweeps / "mixed"), Logged("", "http://127.0.0.1:9", "", ""))
    status, _, error = nnexp("retry", "mixed")
    assert status == 2
    assert "tracking.uri must be a running MLflow server, but http://127.0.0.1:9" in error
    assert nnexp("retry", "mixed", "n_jobs=1", "pictures=false", "tracking=none")[0] == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("mixed n_job=2", "unknown setting of retry 'n_job'; did you mean 'n_jobs'?"),
        ("mixed mode=force", "unknown setting of retry 'mode'"),
        ("mixed epochs=3", "unknown setting of retry 'epochs'"),
        ("mixed n_jobs=0", "n_jobs must be a whole number >= 1"),
        ("mixed n_jobs=", "n_jobs needs a value"),
        ("mixed n_jobs=1 n_jobs=2", "n_jobs=1 and n_jobs=2 both set n_jobs: write one"),
        ("mixed tracking=sever", "unknown tracking 'sever'; did you mean 'server'?"),
        ("mixed plain", "retry takes one NAME or NAME/ID, got mixed plain"),
        ("", "retry takes one NAME or NAME/ID, got none"),
        ("mixed --force", "unknown option of retry '--force'"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command) -> None:
    status, shown, error = nnexp("retry", *words.split())
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error
