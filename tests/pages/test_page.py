"""A report says what the terminal, the pictures and the CSV files say."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from nnexp.experiment.html_report import report
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.experiment.messages import ending
from nnexp.pages.charts import MOST_LINES, along_axes, learning_curves
from nnexp.pages.run_table import run_table
from nnexp.plots.point_values import point_values
from nnexp.report.answer import cell_text
from nnexp.report.build import answer_of
from nnexp.report.effects import effect_text
from nnexp.results.tables import make_tables
from nnexp.sweep.store import record_file as records_of
from nnexp.sweep.store.folder import Sweep
from tests.pages.conftest import PLOTLY_SCRIPT, STAND_IN
from tests.pages.reading import Reader, words
from tests.results.judged import CLAIMS, sweep_of
from tests.results.sweeps import make_plan, make_record, make_records

NAN = float("nan")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    return sweep_of(tmp_path_factory.mktemp("known"))


@pytest.fixture(scope="module")
def file(sweep: Sweep) -> bytes:
    return report(sweep.folder, sweep.folder.parents[1]).content


@pytest.fixture(scope="module")
def page(file: bytes) -> Reader:
    return Reader(file)


def test_the_answer_is_that_of_the_terminal(sweep: Sweep, page: Reader) -> None:
    answer = answer_of(load_folder(sweep.folder, sweep.folder.parents[1]).results)
    assert answer.table
    assert answer.result
    text = page.text()
    for line in (answer.result.text, *answer.heading, *(line.text for line in answer.explanations)):
        assert words(line) in text
    for verdict in answer.verdicts:
        assert verdict.text in text
        assert effect_text(verdict.effect) in text
    cells = [words("".join(cell.text)) for cell in page.all("td")]
    for row in answer.table.rows:
        assert {cell_text(cell) for cell in row.cells[1:]} <= set(cells)


def test_a_table_says_what_its_heads_are_for(page: Reader) -> None:
    assert {head.attributes.get("scope") for head in page.all("th")} == {"col", "row"}


def test_every_run_is_there_with_what_varies_and_no_test_figure(sweep: Sweep, page: Reader) -> None:
    runs = load_folder(sweep.folder, sweep.folder.parents[1]).runs
    columns = {column["name"]: column for column in page.data()["runs"]["columns"]}
    assert columns["run"]["texts"] == runs["run_id"].tolist()
    assert columns["batch_size"]["values"] == runs["batch_size"].tolist()
    assert columns["seed"]["values"] == runs["seed"].tolist()
    accuracy = np.array(columns["final validation accuracy (%)"]["values"])
    assert accuracy == pytest.approx(100 * runs["final_validation_accuracy"].to_numpy(float))
    assert not [name for name in columns if "test" in name]


def test_settings_are_never_rounded() -> None:
    plan = make_plan({"learning_rate": [0.123456789012345, 1 / 3]}, seeds=1)
    runs = make_tables(plan, make_records(plan, [[0.9], [0.8]]), {}).runs
    table = json.loads(json.dumps(run_table(plan, runs)))
    assert table["columns"][2] == {"name": "learning_rate", "values": [0.123456789012345, 1 / 3]}


def test_a_chart_along_an_axis_has_the_values_of_the_picture() -> None:
    plan = make_plan({"batch_size": [1, 10], "momentum": [0.0, 0.9]}, seeds=3)
    accuracies = np.linspace(0.8, 0.95, 12).reshape(4, 3)
    runs = make_tables(plan, make_records(plan, accuracies), {}).runs
    data, values = along_axes(plan, runs).data, point_values(plan, runs)
    first = data["metrics"][0]
    for name in ("mean", "low", "high", "runs"):
        assert np.array(first[name], float) == pytest.approx(getattr(values, name), rel=1e-4)
    assert first["scale"] == values.scale().kind
    assert data["marks"] == list(values.marks)
    assert [axis["name"] for axis in data["axes"]] == ["batch_size", "momentum"]
    assert data["axes"][0]["labels"] == ["1", "1", "10", "10"]


def test_curves_are_means_over_the_runs_that_finished_and_others_stand_alone() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=3, epochs=2)
    records = make_records(plan, [[0.9, 0.92, 0.94], [0.8, 0.82, 0.84]])
    last = plan.runs[-1]
    records[last.run_id] = replace(make_record(last, 0.5), status="diverged")
    tables = make_tables(plan, records, {})
    data = learning_curves(plan, tables.runs, tables.history).data
    metric = data["metrics"][0]
    assert metric["lines"][0]["mean"] == pytest.approx([91, 92])
    assert metric["lines"][1]["mean"] == pytest.approx([80, 81])
    assert "low" not in metric["lines"][1] or metric["lines"][1]["low"] is not None
    assert [(run["status"], run["values"]) for run in metric["runs"]] == [("diverged", [49, 50])]
    assert data["epochs"] == [[1, 2]]


def test_of_many_points_some_curves_are_drawn_the_best_among_them() -> None:
    plan = make_plan({"batch_size": range(1, 101)}, seeds=1, epochs=2)
    records = make_records(plan, [[0.9 if number == 50 else 0.5] for number in range(100)])
    tables = make_tables(plan, records, {})
    chart = learning_curves(plan, tables.runs, tables.history)
    assert len(chart.data["metrics"][0]["lines"]) == MOST_LINES
    assert "batch_size=51" in chart.data["points"].values()
    assert f"{MOST_LINES} of 100 points are drawn" in chart.notes


def test_long_curves_are_thinned_and_keep_both_ends() -> None:
    plan = make_plan({"batch_size": [1]}, seeds=1, epochs=5000)
    (run,) = plan.runs
    records = {run.run_id: make_record(run, 0.99, epochs=5000)}
    tables = make_tables(plan, records, {})
    data = learning_curves(plan, tables.runs, tables.history).data
    assert len(data["epochs"][0]) <= 200
    assert data["epochs"][0][::199] == [1, 5000]


def test_runs_without_a_result_stand_with_the_line_that_says_why(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    failed, diverged = sweep.plan.runs[0], sweep.plan.runs[4]
    traceback = 'Traceback:\n  File "a.py"\nValueError: too much\n  of it\nError in the second line'
    broken = replace(make_record(failed, None), traceback=traceback)
    for record in (broken, replace(make_record(diverged, 0.5), status="diverged")):
        records_of.write(sweep.folder / "records", record, None)
    text = Reader(report(sweep.folder, tmp_path).content).text()
    assert f"{failed.run_id} batch_size=1 seed=0 failed: ValueError: too much" in text
    assert f"{diverged.run_id} batch_size=10 seed=1 diverged after 2 epochs" in text


def test_a_record_that_does_not_say_why_its_run_failed_is_no_error(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    silent = replace(make_record(sweep.plan.runs[0], None), traceback="")
    records_of.write(sweep.folder / "records", silent, None)
    text = Reader(report(sweep.folder, tmp_path).content).text()
    assert "failed. Its record does not say why" in text
    assert ending(silent) == "failed: its record does not say why"


@pytest.mark.parametrize("over", ["paired", "each"])
def test_bars_are_explained_where_some_claim_has_one(over: str, tmp_path: Path) -> None:
    check = CLAIMS[0]["check"] | {"over": over}
    sweep = sweep_of(tmp_path, claims=(CLAIMS[0] | {"check": check},))
    page = Reader(report(sweep.folder, tmp_path).content)
    assert page.all("svg", class_="strip")
    assert ("The bars are 95 % intervals" in page.text()) == bool(page.all("line", class_="interval"))
    assert bool(page.all("line", class_="interval")) == (over == "paired")


def test_a_look_counts_on_the_page_that_it_is_a_look_at(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    path = sweep.folder / "records" / f"{sweep.plan.runs[-1].run_id}.json"
    path.rename(tmp_path / "last.json")
    assert "Marks and verdicts were printed once" in Reader(report(sweep.folder, tmp_path).content).text()
    (tmp_path / "last.json").rename(path)
    text = Reader(report(sweep.folder, tmp_path).content).text()
    assert "Marks and verdicts were printed 2 times" in text
    assert "Look 2, after 3 seeds" in text


def test_a_sweep_without_a_finished_run_has_a_page(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    for path in (sweep.folder / "records").glob("*.json"):
        path.unlink()
    text = Reader(report(sweep.folder, tmp_path).content).text()
    assert "No run has ended yet, so there is no answer." in text


def test_a_page_without_charts_does_not_carry_plotly(tmp_path: Path, file: bytes) -> None:
    assert STAND_IN.encode() in file
    sweep = sweep_of(tmp_path)
    for path in (sweep.folder / "records").glob("*.json"):
        path.unlink()
    assert STAND_IN.encode() not in report(sweep.folder, tmp_path).content


def test_beside_plotly_a_page_is_small(file: bytes) -> None:
    assert len(file) < 200_000


def test_the_script_is_plotly_s_own_and_cannot_end_its_element() -> None:
    (script,) = Path(find_spec("plotly").submodule_search_locations[0]).glob("package_data/plotly.min.js")
    text = PLOTLY_SCRIPT()
    assert text.startswith("/**\n* plotly.js v")
    assert "</script" not in text.lower()
    assert len(text) >= script.stat().st_size - 100_000
