"""Frames: which rows and columns, in which order and type, and the numbers of the summary."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nnexp.nn import Result
from nnexp.results.columns import METRICS, dtype_of
from nnexp.results.tables import history_table, make_tables, runs_table, summary_table
from nnexp.sweep.question.points import SETTINGS
from nnexp.sweep.store.record import Record, metrics_of
from tests.results.sweeps import make_plan, make_record, make_records

AXES = {"batch_size": [100, 20], "lambda_l2": [0, 5]}


def test_runs_have_the_promised_columns_and_types() -> None:
    plan = make_plan(AXES, seeds=2)
    runs = runs_table(plan, make_records(plan, np.full((4, 2), 0.9)), {plan.runs[1].run_id: "abc"})
    settings = [name for name in SETTINGS if name != "seed"]
    assert list(runs) == [
        "run_id",
        "mlflow_run_id",
        "status",
        "seed",
        *settings,
        *METRICS,
        "seconds_shared_by",
    ]
    assert runs.dtypes.astype(str).to_dict() == {name: dtype_of(name) for name in runs}
    assert runs["mlflow_run_id"].fillna("").tolist() == ["", "abc", *[""] * 6]
    assert runs["epochs"].tolist() == [30] * 8
    assert runs["epochs_done"].tolist() == [2] * 8
    assert runs["seconds_per_epoch"].tolist() == [0.1] * 8


def test_no_metric_of_a_record_is_left_out() -> None:
    columns = ("training_cost", "training_accuracy", "validation_cost", "validation_accuracy", "penalty")
    history: dict[str, list[float | int | None]] = {"epoch": [1], **{name: [0.5] for name in columns}}
    result = Result("finished", 1, history, [], [], 1, 0.5, 0.5, 1.0, 0.1, 1)
    named = {"epochs_done" if name == "epochs" else name for name in metrics_of(result)}
    assert named <= set(METRICS)


def test_dtypes_follow_the_declared_types_whatever_the_values() -> None:
    plan = make_plan({}, seeds=1)
    empty = runs_table(plan, {}, {})
    filled = runs_table(plan, make_records(plan, [[0.9]]), {})
    pd.testing.assert_series_equal(empty.dtypes, filled.dtypes)
    expected = {"train_size": "Int64", "learning_rate": "float64", "classes": "string", "data": "string"}
    assert {name: str(dtype) for name, dtype in filled.dtypes.items() if name in expected} == expected


def test_rows_are_in_plan_order_and_only_runs_with_a_record_appear() -> None:
    plan = make_plan(AXES, seeds=2)
    records = make_records(plan, np.full((4, 2), 0.9))
    del records[plan.runs[3].run_id]
    backwards = dict(reversed(records.items()))
    expected = [run.run_id for run in plan.runs if run.run_id in records]
    assert runs_table(plan, backwards, {})["run_id"].tolist() == expected
    assert history_table(plan, backwards)["run_id"].unique().tolist() == expected


def test_settings_keep_their_values_and_read_as_typed() -> None:
    plan = make_plan({"classes": [None, (0, 1)], "train_size": [None, 500]}, seeds=1, monitor=["test"])
    runs = runs_table(plan, make_records(plan, np.full((4, 1), 0.9)), {})
    assert runs["classes"].isna().tolist() == [True, True, False, False]
    assert runs["classes"][2] == "[0,1]"
    assert runs["train_size"].tolist() == [pd.NA, 500, pd.NA, 500]
    assert runs["monitor"][0] == "[test]"


@pytest.mark.parametrize(
    ("sizes", "dtype", "cells"),
    [([30, 100], "Int64", [30, 100]), ([30, (100, 30)], "string", ["30", "[100,30]"])],
)
def test_sizes_are_numbers_until_one_of_them_is_a_list(
    sizes: list[Any], dtype: str, cells: list[Any]
) -> None:
    plan = make_plan({"hidden_size": sizes}, seeds=1)
    for table in make_tables(plan, make_records(plan, [[0.9], [0.8]]), {}):
        assert str(table["hidden_size"].dtype) == dtype
        assert table["hidden_size"].unique().tolist() == cells


def test_axes_sort_as_numbers() -> None:
    plan = make_plan(AXES, seeds=1)
    runs = runs_table(plan, make_records(plan, np.full((4, 1), 0.9)), {})
    assert runs.sort_values("batch_size")["batch_size"].tolist() == [20, 20, 100, 100]


def test_lists_read_from_a_record_equal_the_tuples_of_a_plan() -> None:
    plan = make_plan({"classes": [(0, 1)]}, seeds=1)
    record = make_record(plan.runs[0])
    reread = replace(record, settings=record.settings | {"classes": [0, 1], "monitor": []})
    fresh, read = (runs_table(plan, {r.run_id: r}, {}) for r in (record, reread))
    pd.testing.assert_frame_equal(fresh, read)


def test_a_failed_run_has_settings_and_empty_metrics() -> None:
    plan = make_plan({}, seeds=1)
    runs = runs_table(plan, make_records(plan, [[None]]), {})
    assert runs["status"].tolist() == ["failed"]
    assert runs["learning_rate"].tolist() == [0.5]
    assert runs[[name for name in METRICS if "seconds" not in name]].isna().all(axis=None)


def test_history_has_a_row_per_epoch_and_the_axes() -> None:
    plan = make_plan(AXES, seeds=1)
    records = {
        run.run_id: make_record(run, epochs=epochs)
        for run, epochs in zip(plan.runs, (3, 1, 2, 2), strict=True)
    }
    records[plan.runs[3].run_id] = make_record(plan.runs[3], accuracy=None)
    history = history_table(plan, records)
    head = ["run_id", "seed", "batch_size", "lambda_l2", "epoch"]
    metrics = [
        f"{part}_{what}" for part in ("training", "validation", "test") for what in ("cost", "accuracy")
    ]
    assert list(history) == [*head, *metrics, "penalty", "seconds"]
    assert history["epoch"].tolist() == [1, 2, 3, 1, 1, 2]
    assert history["batch_size"].tolist() == [100, 100, 100, 100, 20, 20]
    assert history["lambda_l2"].tolist() == [0.0, 0.0, 0.0, 5.0, 0.0, 0.0]
    assert history["test_cost"].isna().all()
    assert history["training_cost"].tolist()[:3] == [1 / 2, 1 / 3, 1 / 4]
    assert history.dtypes.astype(str).to_dict() == {name: dtype_of(name) for name in history}


def test_monitors_are_the_last_columns_sorted() -> None:
    plan = make_plan({}, seeds=2)
    first, second = (make_record(run, epochs=1) for run in plan.runs)
    first = replace(first, history=first.history | {"weight_norm_1": [2.0], "dead_classes": [3]})
    history = history_table(plan, {r.run_id: r for r in (first, second)})
    assert list(history)[-3:] == ["seconds", "dead_classes", "weight_norm_1"]
    assert history["weight_norm_1"].fillna(-1).tolist() == [2.0, -1.0]


def test_no_record_at_all_gives_empty_tables_with_the_same_columns() -> None:
    plan = make_plan(AXES)
    records = make_records(plan, np.full((4, 3), 0.9))
    for table in (lambda r: runs_table(plan, r, {}), lambda r: history_table(plan, r)):
        assert len(table({})) == 0
        pd.testing.assert_series_equal(table({}).dtypes, table(records).dtypes)


def test_summary_of_a_hand_worked_sweep() -> None:
    """Accuracies .90 .92 .94 against .91 .95 .96: differences .01 .03 .02, whose sd is .01.

    Student's t for 2 degrees of freedom is 4.302653: the half width is 4.302653 * .01 / sqrt(3) = .0248414.
    """
    plan = make_plan({"batch_size": [10, 20]}, seeds=3)
    runs = runs_table(plan, make_records(plan, [[0.90, 0.92, 0.94], [0.91, 0.95, 0.96]]), {})
    summary = summary_table(plan, runs)
    base, other = summary.to_dict("records")
    name = "final_validation_accuracy"
    assert (base["batch_size"], other["batch_size"]) == (10, 20)
    assert (base["n"], base["failed"], base["diverged"]) == (3, 0, 0)
    assert base[f"{name}_mean"] == pytest.approx(0.92)
    assert base[f"{name}_high"] == pytest.approx(0.92 + 2 * 0.0248414, abs=1e-7)
    assert base[f"{name}_difference"] == base[f"{name}_difference_low"] == 0
    assert other[f"{name}_difference"] == pytest.approx(0.02)
    assert other[f"{name}_difference_low"] == pytest.approx(0.02 - 0.0248414, abs=1e-7)
    assert other[f"{name}_difference_high"] == pytest.approx(0.02 + 0.0248414, abs=1e-7)


def test_summary_has_the_promised_columns() -> None:
    plan = make_plan(AXES, seeds=3)
    summary = summary_table(plan, runs_table(plan, make_records(plan, np.full((4, 3), 0.9)), {}))
    ends = ("mean", "low", "high", "difference", "difference_low", "difference_high")
    columns = [f"{metric}_{end}" for metric in METRICS for end in ends]
    assert list(summary) == ["batch_size", "lambda_l2", "n", "failed", "diverged", "pruned", *columns]
    assert summary.dtypes.astype(str).to_dict() == {name: dtype_of(name) for name in summary}
    assert summary["batch_size"].tolist() == [100, 100, 20, 20]


def test_means_take_finished_runs_and_the_others_are_counted() -> None:
    plan = make_plan({"batch_size": [10, 20, 40]}, seeds=4, baseline=1)
    records = make_records(plan, [[0.9, 0.8, 0.7, 0.6], [None, 0.9, 0.9, 0.9], [None] * 4])
    for k, status in ((0, "diverged"), (4, "timed_out"), (8, "killed"), (11, "pruned")):
        accuracy = 0.1 if status in ("diverged", "pruned") else None
        records[plan.runs[k].run_id] = make_record(plan.runs[k], accuracy, status)
    del records[plan.runs[9].run_id]
    summary = summary_table(plan, runs_table(plan, records, {}))
    counts = summary[["n", "failed", "diverged", "pruned"]].to_numpy().tolist()
    assert counts == [[3, 0, 1, 0], [3, 1, 0, 0], [0, 2, 0, 1]]
    assert summary["final_validation_accuracy_mean"].tolist()[:2] == pytest.approx([0.7, 0.9])
    assert summary["final_validation_accuracy_difference"][0] == pytest.approx(0.7 - 0.9)
    assert summary.filter(like="_mean").iloc[2].isna().all()


def test_summary_of_runs_that_have_no_test_accuracy_leaves_it_empty() -> None:
    plan = make_plan({}, seeds=3)
    records = {
        k: replace(r, metrics=r.metrics | {"test_accuracy": None})
        for k, r in make_records(plan, [[0.9] * 3]).items()
    }
    summary = summary_table(plan, runs_table(plan, records, {}))
    assert summary.filter(like="test_accuracy").isna().all(axis=None)
    assert summary["n"].tolist() == [3]


def test_a_second_training_differs_only_in_columns_of_time_and_mlflow() -> None:
    plan = make_plan({"batch_size": [10, 20]}, seeds=3)
    first = make_records(plan, [[0.9, 0.8, 0.7], [0.6, 0.7, 0.9]])
    later = {"started": "2025-05-05T00:00:00Z", "seconds": 9.0, "evaluation_seconds": 8.0, "shared_by": 6}
    second = {
        run_id: replace(
            record,
            timings=later,
            environment={"host": "b"},
            history=record.history | {"seconds": [4.0, 9.0]},
        )
        for run_id, record in first.items()
    }

    def bare(table: pd.DataFrame) -> pd.DataFrame:
        return table[[n for n in table if "seconds" not in n and not n.startswith("mlflow_")]]

    runs, again = runs_table(plan, first, {}), runs_table(plan, second, dict.fromkeys(second, "m"))
    pd.testing.assert_frame_equal(bare(runs), bare(again), check_exact=True)
    pd.testing.assert_frame_equal(
        bare(summary_table(plan, runs)), bare(summary_table(plan, again)), check_exact=True
    )
    pd.testing.assert_frame_equal(
        bare(history_table(plan, first)), bare(history_table(plan, second)), check_exact=True
    )


def test_targets_are_counted_and_averaged_only_where_every_run_reached_them() -> None:
    plan = replace(make_plan({"batch_size": [10, 20]}, seeds=2), target=0.9)
    curves = ([0.5, 0.9, 0.8], [0.95, 0.5, 0.5], [0.1, 0.2, 0.91], [0.1, 0.2, 0.3])
    records: dict[str, Record] = {}
    for run, curve in zip(plan.runs, curves, strict=True):
        record = make_record(run, epochs=3)
        records[run.run_id] = replace(record, history=record.history | {"validation_accuracy": curve})
    tables = make_tables(plan, records, {})
    assert tables.runs["epochs_to_target"].tolist() == [2, 1, 3, pd.NA]
    assert tables.runs["seconds_to_target"].fillna(-1).tolist() == pytest.approx([0.2, 0.1, 0.3, -1])
    summary = tables.summary
    assert summary["target_reached"].tolist() == [2, 1]
    assert summary["epochs_to_target_mean"].fillna(-1).tolist() == [1.5, -1]
    assert summary["epochs_to_target_difference"].fillna(-1).tolist() == [0, -1]
    plain = make_tables(replace(plan, target=None), records, {})
    assert not any("target" in name for table in plain for name in table)


def test_seconds_that_a_stack_shares_have_no_interval() -> None:
    plan = make_plan({"batch_size": [10, 20]}, seeds=3)
    records = make_records(plan, np.full((2, 3), 0.9))
    for run in plan.runs[3:]:
        record = records[run.run_id]
        records[run.run_id] = replace(record, timings=record.timings | {"shared_by": 3})
    alone, shared = summary_table(plan, runs_table(plan, records, {})).to_dict("records")
    for name in ("seconds", "evaluation_seconds", "seconds_per_epoch"):
        assert alone[f"{name}_low"] <= alone[f"{name}_mean"]
        assert np.isnan([shared[f"{name}_{end}"] for end in ("low", "high", "difference_low")]).all()
        assert shared[f"{name}_mean"] > 0
    assert shared["final_validation_accuracy_low"] == pytest.approx(0.9)
