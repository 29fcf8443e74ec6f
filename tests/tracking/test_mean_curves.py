"""A sweep's page in MLflow holds the mean curve of each point, however many runs there are."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from mlflow import MlflowClient

from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from nnexp.tracking import Logger, mean_curves
from nnexp.tracking.mean_curves import MOST_CURVES, MOST_VALUES, names_to_compare
from nnexp.tracking.views import mean_view, newest_view, views
from tests.tracking.samples import a_failure, a_plan, a_record, parent


def records_of(plan: Plan, epochs: int = 3) -> dict[str, Record]:
    """Accuracies that lie a tenth apart from seed to seed, and the second point's above the first's."""
    made = {}
    for run in plan.runs:
        record = a_record(run, epochs)
        accuracy = [0.1 * run.seed + 0.2 * run.point + 0.001 * epoch for epoch in range(epochs)]
        made[run.run_id] = replace(record, history=record.history | {"validation_accuracy": accuracy})
    return made


def test_a_curve_is_the_mean_over_the_seeds_of_its_point_the_best_point_first() -> None:
    plan = a_plan("means")
    curves = mean_curves(plan, records_of(plan))
    best = [curve for curve in curves if curve.name == "validation/accuracy mean/batch_size:32 n:2"]
    assert [curve.step for curve in best] == [1, 2, 3]
    assert [curve.value for curve in best] == pytest.approx([0.25, 0.251, 0.252])
    assert names_to_compare(curves) == [
        "validation/accuracy mean/batch_size:32 n:2",
        "validation/accuracy mean/batch_size:10 n:2",
    ]
    assert {curve.name.partition(" mean/")[0] for curve in curves} == {
        *("validation/accuracy", "training/accuracy", "training/cost")
    }


def test_what_failed_is_no_part_of_a_mean_and_the_name_says_how_many_are() -> None:
    plan = a_plan("means")
    records = records_of(plan)
    records[plan.runs[0].run_id] = a_failure(plan.runs[0])
    del records[plan.runs[2].run_id], records[plan.runs[3].run_id]
    curves = mean_curves(plan, records)
    assert {curve.name.partition("/batch_size")[2] for curve in curves} == {":10 n:1"}
    assert mean_curves(plan, {}) == []


def test_an_epoch_that_one_seed_did_not_reach_has_no_mean() -> None:
    plan = a_plan("means")
    records = records_of(plan) | {plan.runs[1].run_id: records_of(plan, 2)[plan.runs[1].run_id]}
    curves = mean_curves(plan, records)
    assert [c.step for c in curves if c.name == "validation/accuracy mean/batch_size:10 n:2"] == [1, 2]


def test_thousands_of_points_and_epochs_stay_few_enough_for_a_page() -> None:
    sample = a_plan("means")
    points = tuple({"batch_size": size, "hidden_size": (size, 30)} for size in range(1, 301))
    runs = tuple(replace(sample.runs[0], run_id=f"r{point}", point=point) for point in range(len(points)))
    plan = replace(sample, axes=("batch_size", "hidden_size"), points=points, runs=runs)
    epochs = MOST_VALUES * 3
    timings = a_record(runs[0]).timings
    curves = mean_curves(plan, {run.run_id: a_record(run, epochs, timings=timings) for run in runs})
    names = {curve.name for curve in curves}
    assert len(names) == MOST_CURVES
    steps = [curve.step for curve in curves if curve.name == curves[0].name]
    assert (len(steps), steps[0], steps[-1]) == (MOST_VALUES, 1, epochs)
    assert steps == sorted(set(steps))


def test_a_page_has_its_curves_once_however_often_it_is_ended(store: str, tmp_path: Path) -> None:
    plan = a_plan("paged")
    records = records_of(plan)
    curves = mean_curves(plan, records)
    for _ in range(2):
        logger = Logger(store, plan, folder=tmp_path, environment={})
        for run in plan.runs:
            logger.submit(run, records[run.run_id], None)
        assert logger.close("FINISHED", {}, curves=curves) == ((), None)
    client, page = MlflowClient(store), parent(store, "paged").info
    for name in names_to_compare(curves):
        history = client.get_metric_history(page.run_id, name)
        assert [(m.step, m.value) for m in history] == [(c.step, c.value) for c in curves if c.name == name]


def test_a_large_sweep_opens_with_its_page_s_curves_in_one_chart() -> None:
    small = a_plan("means")
    names = names_to_compare(mean_curves(small, records_of(small)))
    assert mean_view(small, names, 1) == {}  # the UI has all of its runs at hand
    large = replace(small, runs=small.runs * 26)
    [(tag, view)] = mean_view(large, names, 1).items()
    state = json.loads(json.loads(view)["state"])
    assert state["compareRunCharts"][0]["selectedMetricKeys"] == names
    assert state["searchFilter"] == "tags.`nnexp.sweep_id` = 'id-means'"
    assert newest_view(views(large, "page", 1) | {tag: view}) == "id-means-means"
