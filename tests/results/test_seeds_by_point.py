"""Points of one sweep may have unequal numbers of seeds: every figure is over those that a point has."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nnexp.claims.samples import SweepRuns
from nnexp.experiment.messages import plan_table
from nnexp.plots import sweep_pictures
from nnexp.report import markdown
from nnexp.report.build import answer_of
from nnexp.results.by_point import accuracy_metric, best_run, samples, standing
from nnexp.results.read_csv import read_tables
from nnexp.results.tables import Results, make_tables
from nnexp.results.write_csv import write_tables
from nnexp.statistics.sequential import anytime_interval
from tests.claims.claim_forms import verdicts
from tests.results.sweeps import make_plan, make_records, with_seeds

PLAN = with_seeds(make_plan({"batch_size": [1, 10, 100]}, seeds=7), [3, 7, 5])
VALUES = ([0.5, 0.52, 0.51], [0.9, 0.91, 0.92, 0.9, 0.95, 0.9, 0.92], [0.9, 0.93, 0.91, 0.9, 0.92])


def test_what_a_point_lacks_is_no_value() -> None:
    tables = make_tables(PLAN, make_records(PLAN, VALUES), {})
    values = samples(PLAN, tables.runs, [accuracy_metric(PLAN)])[0]
    assert values.shape == (3, 7)
    for row, expected in zip(values, VALUES, strict=True):
        assert row[: len(expected)] == pytest.approx(expected)
        assert np.isnan(row[len(expected) :]).all()


def test_means_and_differences_are_over_the_seeds_that_are_there() -> None:
    summary = make_tables(PLAN, make_records(PLAN, VALUES), {}).summary
    assert list(summary["n"]) == [3, 7, 5]
    assert list(summary["final_validation_accuracy_mean"]) == pytest.approx([np.mean(v) for v in VALUES])
    paired = np.subtract(VALUES[1][:3], VALUES[0]).mean()  # the baseline is the first point
    assert summary["final_validation_accuracy_difference"][1] == pytest.approx(paired)


def test_intervals_hold_at_all_looks_where_seeds_go_on_until_decided() -> None:
    summary = make_tables(PLAN, make_records(PLAN, VALUES), {}).summary
    low = summary["final_validation_accuracy_low"]
    expected = [np.nan, *(anytime_interval(np.array(values)).low for values in VALUES[1:])]
    assert list(low) == pytest.approx(expected, nan_ok=True)
    student = make_tables(replace(PLAN, until=None), make_records(PLAN, VALUES), {}).summary
    assert (student["final_validation_accuracy_low"][1:] > low[1:]).all()


def test_the_best_run_is_of_the_best_point_with_the_most_seeds() -> None:
    runs = make_tables(PLAN, make_records(PLAN, VALUES), {}).runs
    best = best_run(PLAN, runs)
    assert best is not None
    assert (best.point, best.seed) == (1, 4)
    assert standing(PLAN, runs).comparison.best == 1


def test_a_sweep_is_complete_when_every_point_has_the_seeds_that_it_was_given() -> None:
    records = make_records(PLAN, VALUES)
    last = PLAN.runs[-1].run_id
    tables = make_tables(PLAN, {i: r for i, r in records.items() if i != last}, {})
    page = markdown.page(answer_of(Results(PLAN, tables, verdicts([], (PLAN, *tables[:2])))))
    assert "14 of 15 runs have ended, and 2 of 3 points have all of their seeds" in page
    whole = make_tables(PLAN, records, {})
    page = markdown.page(answer_of(Results(PLAN, whole, verdicts([], (PLAN, *whole[:2])))))
    assert "3 to 7 seeds" in page
    assert "no point is chosen yet" not in page


def test_tables_come_back_from_their_files(tmp_path: Path) -> None:
    tables = make_tables(PLAN, make_records(PLAN, VALUES), {})
    write_tables(tables, tmp_path)
    for table, read in zip(tables, read_tables(PLAN, tmp_path), strict=True):
        assert table.equals(read)


def test_a_claim_takes_the_seeds_of_each_point_and_pairs_those_in_common() -> None:
    tables = make_tables(PLAN, make_records(PLAN, VALUES), {})
    runs = SweepRuns(PLAN, tables.runs, tables.history)
    assert [list(runs.status(point)) for point in range(3)] == [[*range(3)], [*range(7)], [*range(5)]]
    sides = [{"final": "validation_accuracy", "at": {"batch_size": size}} for size in (10, 1)]
    claim = {"id": "a", "text": "b", "check": {"left": sides[0], "rel": ">", "right": sides[1]}}
    row = verdicts([claim], (replace(PLAN, until=None), tables.runs, tables.history)).iloc[0]
    assert (row["verdict"], row["n"]) == ("reproduced", 3)
    assert row["effect"] == pytest.approx(np.subtract(VALUES[1][:3], VALUES[0]).mean())


def test_the_table_of_the_plan_counts_the_runs_of_each_point() -> None:
    console = Console(width=80)
    with console.capture() as shown:
        console.print(plan_table(PLAN, [0, 4]))
    assert re.findall(r"(\d+) +(\d+) *$", shown.get(), re.M) == [("2", "1"), ("6", "1"), ("5", "0")]


def test_pictures_are_drawn_of_the_seeds_that_are_there() -> None:
    plan = with_seeds(make_plan({"batch_size": [1, 10], "momentum": [0.0, 0.5]}, seeds=4), [3, 4, 3, 4])
    records = make_records(plan, [[0.9, 0.91, 0.92], [0.8, 0.8, 0.81, 0.8], [0.7, 0.7, 0.71], [0.5] * 4])
    del records[plan.runs[0].run_id]
    tables = make_tables(plan, records, {})
    for draw in sweep_pictures(plan, *tables[:2]).values():
        draw()
    words = [
        text.get_text()
        for axes in sweep_pictures(plan, *tables[:2])["heat_map"]().axes
        for text in axes.texts
    ]
    assert [word.count("pending") for word in words] == [1, 0, 0, 0]
