"""What is said of a sweep is true, and short."""

from pathlib import Path

import pytest
from rich.console import Group

from nnexp.experiment.messages import announcement, command_for, ending, failures, summary_command
from nnexp.sweep.store.record import Record
from nnexp.text import duration
from tests.sweep.samples import plan


def record(status: str, traceback: str | None = None) -> Record:
    metrics: dict[str, float | int | None] = {"final_validation_accuracy": 0.5, "epochs_done": 4}
    return Record("a", status, {}, {}, metrics, {"seconds": 1.25}, {}, traceback)  # type: ignore[arg-type]


def test_a_run_that_did_not_finish_says_why() -> None:
    assert ending(record("failed", "Traceback\n  ...\nValueError: no\n")) == "failed: ValueError: no"
    assert ending(record("diverged")) == "diverged after 4 epochs"
    assert ending(record("timed_out")) == "timed out after 4 epochs"
    assert ending(record("pruned")) == "pruned after 4 epochs"
    assert ending(record("finished")) == "validation 50.00 %  1.2 s"


def test_a_pruned_run_is_no_failure() -> None:
    made = plan({"batch_size": [5, 10, 20]}, seeds=[0])
    statuses = ("pruned", "timed_out", "finished")
    records = {run.run_id: record(status) for run, status in zip(made.runs, statuses, strict=True)}
    table = failures(made, records)
    assert isinstance(table, Group)
    assert str(table.renderables[0]) == "1 run failed"


def test_an_announcement_says_what_is_done_what_failed_and_what_is_to_do() -> None:
    made = plan({"batch_size": [5, 10]}, seeds=[0, 1, 2])
    told = announcement(made, to_do=2, failed=1, workers=2, seconds=300)
    assert told == (
        "sample: 6 runs (2 points x 3 seeds), 3 done, 1 failed before, 2 to train on 2 workers, about 5 min"
    )
    told = announcement(made, to_do=2, failed=0, workers=1, seconds=None)
    assert told.endswith("2 to train on 1 worker, how long on this accelerator its first records will tell")
    assert announcement(made, 0, 0, 1, 0.0).endswith(", all done, recorded before")


def test_durations_are_rounded_for_people() -> None:
    told = [duration(seconds) for seconds in (0.1, 12.4, 240, 9000)]
    assert told == ["1 s", "12 s", "4 min", "2.5 h"]


def test_a_command_can_be_typed_as_it_is_told() -> None:
    assert command_for("retry", "name/0123", "sweeps") == "nnexp retry name/0123"
    assert command_for("sync", "name/0123", "my sweeps") == "nnexp sync name/0123 sweeps_dir='my sweeps'"


def test_the_command_of_an_answer_names_this_sweep_its_folder_and_the_metrics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = plan({"batch_size": [5, 10]}, seeds=[0])
    own, published = Path("sweeps", made.name, made.sweep_id), Path("sweeps/published", made.name)
    this = f"nnexp summary {made.name}/{made.sweep_id}"
    assert summary_command(own, made, "sweeps", ["a", "b"]) == f"{this} metric=a,b"
    assert summary_command(own, made, "my sweeps") == f"{this} sweeps_dir='my sweeps'"
    assert summary_command(published, made, "sweeps") == f"nnexp summary published/{made.name}"
    (tmp_path / "sweeps" / "book").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "sweeps" / "book")  # as a notebook does
    assert summary_command(own, made, "../../sweeps") == this
