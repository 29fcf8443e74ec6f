import json
from datetime import UTC, datetime

import pytest
import yaml

from nnexp.tracking.record_fields import (
    Measurement,
    batches,
    config,
    dataset,
    metric_name,
    metrics,
    params,
    run_tags,
)
from tests.tracking.samples import a_failure, a_plan, a_record

RUN = a_plan("entries").runs[2]
NOON = int(datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("training_cost", "training/cost"),
        ("test_accuracy", "test/accuracy"),
        ("best_epoch", "best/epoch"),
        ("penalty", "penalty"),
        ("weight_norm_1", "weight_norm_1"),
    ],
)
def test_columns_are_grouped_by_their_part(column: str, name: str) -> None:
    assert metric_name(column) == name


def test_parameters_are_the_settings_by_their_names_and_exact() -> None:
    logged = params(a_record(RUN))
    assert list(logged) == list(RUN.settings)
    assert (logged["batch_size"], logged["learning_rate"], logged["data"]) == ("32", "0.5", "digits")
    assert float(logged["lambda_l2"]) == 0.0


def test_curves_have_a_point_per_epoch_at_the_time_it_was_reached() -> None:
    # 3 epochs of 1 s of training each, in a run of 3.5 s: the times of the curve share out the run.
    curve = [m for m in metrics(a_record(RUN)) if m.name == "training/accuracy"]
    assert [(m.step, m.value) for m in curve] == [(1, 2 / 1), (2, 2 / 2), (3, 2 / 3)]
    assert [m.timestamp - NOON for m in curve] == [1167, 2333, 3500]


def test_figures_of_the_whole_run_stand_at_its_end_where_bars_are_drawn() -> None:
    logged = metrics(a_record(RUN))
    assert Measurement("best/validation_accuracy", 0.875, NOON + 3500, 0) in logged
    assert Measurement("test/accuracy", 0.75, NOON + 3500, 0) in logged
    assert Measurement("seconds", 3.0, NOON + 3500, 0) in logged


def test_times_are_told_in_four_digits_and_other_figures_exactly() -> None:
    record = a_record(RUN)
    record.timings["seconds"] = 12.3456789
    record.metrics["test_cost"] = 0.123456789
    values = {m.name: m.value for m in metrics(record)}
    assert (values["seconds"], values["test/cost"]) == (12.35, 0.123456789)


def test_the_config_is_every_setting_as_yaml() -> None:
    settings = a_record(RUN).settings
    assert yaml.safe_load(config(a_record(RUN))) == json.loads(json.dumps(settings))  # a list for a tuple


def test_the_last_value_of_a_curve_is_not_told_twice() -> None:
    assert not [m.name for m in metrics(a_record(RUN)) if m.name.startswith("final")]


def test_the_point_is_a_number_to_sort_by_in_the_order_of_the_sweep() -> None:
    ((_, points),) = batches(a_record(RUN), 1)
    assert points[-1] == Measurement("point", 2.0, NOON + 3500, 0)


def test_the_data_set_is_known_by_name_and_digest() -> None:
    record = a_record(RUN)
    trained_on = dataset(record)
    assert trained_on is not None
    assert trained_on[:2] == ("digits", "d" * 12)
    assert json.loads(trained_on.knobs)["train_size"] is None
    record.environment["dataset_digest"] = None
    assert dataset(record) is None


def test_absent_values_are_left_out_and_no_metric_has_two_values_at_a_step() -> None:
    record = a_record(RUN)
    record.history["test_accuracy"] = [0.5, None, 0.7]  # the last is of the network before the best was kept
    logged = [(m.step, m.value) for m in metrics(record) if m.name == "test/accuracy"]
    assert logged == [(1, 0.5), (3, 0.75)]


def test_the_penalty_is_a_curve_only_where_something_is_penalised() -> None:
    record = a_record(RUN)
    assert [m for m in metrics(record) if m.name == "penalty"] == []
    record.history["penalty"] = [0.25, 0.5, 0.125]
    assert [m.value for m in metrics(record) if m.name == "penalty"] == [0.25, 0.5, 0.125]


def test_batches_hold_everything_once_within_the_limits_of_a_call() -> None:
    record = a_record(RUN, epochs=50)
    record.history.update({f"monitor_{i}": [0.5] * 50 for i in range(40)})
    portions = list(batches(record, 0))
    assert len(portions) == 3
    assert all(len(p) <= 100 and len(m) <= 1000 and len(p) + len(m) <= 1000 for p, m in portions)
    assert [m for _, portion in portions for m in portion][:-1] == metrics(record)
    assert [p for portion, _ in portions for p in portion] == list(params(record).items())


def test_tags_say_which_run_it_is_and_where_it_came_from() -> None:
    tags = run_tags(a_record(RUN))
    assert tags["nnexp.run_id"] == RUN.run_id
    assert (tags["nnexp.status"], tags["nnexp.version"], tags["nnexp.kernel"]) == (
        "finished",
        "0.1.0",
        "Haswell",
    )
    assert tags["nnexp.scipy_kernel"] == "SkylakeX"
    assert (tags["nnexp.dirty"], tags["mlflow.source.git.commit"]) == ("True", "c0ffee")
    assert "nnexp.python" not in tags  # not known


def test_a_run_is_described_by_how_it_ended() -> None:
    record = a_record(RUN)
    record.metrics["final_validation_accuracy"] = 0.9533
    assert run_tags(record)["mlflow.note.content"] == (
        "Finished after 3 epochs, validation accuracy 95.33 %, test accuracy 75.00 %. "
        f"`nnexp show {RUN.run_id}` tells more."
    )


def test_a_failure_is_told_in_short() -> None:
    assert run_tags(a_failure(RUN))["mlflow.note.content"].startswith("MemoryError: 8 GiB\n\n")


def test_a_failed_run_without_history_has_no_metrics() -> None:
    assert metrics(a_failure(RUN)) == []
