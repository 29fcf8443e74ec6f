"""Pictures as files: one that fails costs no other."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters, Model, train
from nnexp.plots import pictures
from tests.results.judged import judged, sweep_of


@pytest.fixture(scope="module")
def subject() -> pictures.Subject:
    """A network of 20 epochs on small images."""
    dataset = load(DataSpec(train_size=200))
    settings = Hyperparameters(epochs=2, hidden_size=8)
    (result,) = train([settings], dataset.data)
    return pictures.Subject(Model(result.weights, result.biases, settings), dataset, "epochs=2")


def test_pictures_are_written_as_png_and_svg(tmp_path: Path, subject: pictures.Subject) -> None:
    results = judged(sweep_of(tmp_path), tmp_path)
    files, error = pictures.draw(results, tmp_path, lambda: subject)
    assert error is None
    names = ["accuracy_by_batch_size", "learning_curves", "accuracy_over_time"]
    names += ["best_first_layer", "best_confusion_matrix", "best_worst_mistakes"]
    assert [path.name for path in files] == [f"{name}.{kind}" for name in names for kind in ("png", "svg")]
    assert all(path.stat().st_size for path in files)


def test_a_picture_that_fails_costs_a_line_and_no_other_picture(
    tmp_path: Path, subject: pictures.Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise RuntimeError("no ink\nat all")

    results = judged(sweep_of(tmp_path), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("nnexp.plots.learning_curves", breaks)
        files, error = pictures.draw(results, tmp_path, lambda: subject)
    assert {path.stem for path in files} == {
        "accuracy_by_batch_size", "accuracy_over_time", "best_first_layer", "best_confusion_matrix",
        "best_worst_mistakes",
    }  # fmt: skip
    trace = tmp_path / "pictures_error.txt"
    assert error == f"RuntimeError: no ink; {trace} has the traceback"
    assert "in breaks" in trace.read_text()
    assert pictures.draw(results, tmp_path)[1] is None
    assert not trace.exists()


def test_a_full_disk_costs_the_pictures_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> Callable[[], None]:
        raise OSError(28, "No space left on device")

    results = judged(sweep_of(tmp_path), tmp_path)
    monkeypatch.setattr(pictures, "save", full)
    files, error = pictures.draw(results, tmp_path)
    assert files == []
    assert error
    assert "No space left on device" in error
