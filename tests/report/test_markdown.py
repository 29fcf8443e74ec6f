"""What a sweep's page in MLflow says."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from nnexp.report.markdown import description
from nnexp.results.write_csv import make_tables
from tests.results.sweeps import make_plan, make_records

UNCLAIMED = pd.DataFrame({"id": [], "verdict": [], "text": []})
ACCURACIES = [[0.94, 0.96, 0.95], [0.951, 0.953, 0.961], [0.80, 0.81, 0.814]]


def test_the_answer_stands_first_and_the_table_below() -> None:
    plan = replace(make_plan({"batch_size": [1, 10, 1000]}, seeds=3), question="What does it do?")
    known = {"id": "A", "verdict": "reproduced", "text": "10 beats\n 1000."}
    figures = {
        "effect_kind": "accuracy difference",
        "effect": 0.14,
        "effect_low": 0.12,
        "effect_high": 0.16,
        "rel": ">",
        "threshold": 0.01,
        "n": 3,
        "note": None,
    }
    verdicts = pd.DataFrame([known | figures])
    told = description(plan, make_tables(plan, make_records(plan, ACCURACIES), {}), verdicts, ["Mixed."])
    blocks = told.split("\n\n")
    assert blocks[0] == "What does it do?"
    assert blocks[1].startswith("**Best on validation: batch_size=10. Its test accuracy:")
    told_figures = "+14.00 points (+12.00 to +16.00), wanted > +1.00, n = 3"
    assert blocks[2] == f"- **reproduced** A: 10 beats 1000. ({told_figures})"
    assert blocks[3].startswith("Data: digits. Validation accuracy after the last epoch, in %. Mean ± 95 %")
    header, ruler, *rows = blocks[4].splitlines()
    assert header.startswith("| batch_size &ensp;| validation accuracy &ensp;| n &ensp;|")
    assert ruler.count("|") == header.count("|")
    assert [row.split()[1] for row in rows] == ["1", "10", "1000"]
    assert "| 95.50 ± 1.31 &ensp;|" in rows[1]  # t(.975, 2) = 4.3027; sd of .951 .953 .961 is .0052915
    assert rows[1].endswith("| best |")
    assert "Mixed." in blocks
    assert f"nnexp summary {plan.name}/{plan.sweep_id}" in blocks[-1]


def test_a_sweep_that_asks_nothing_begins_with_its_answer() -> None:
    plan = replace(make_plan({"batch_size": [1, 10, 1000]}, seeds=3), question="")
    told = description(plan, make_tables(plan, make_records(plan, ACCURACIES), {}), UNCLAIMED, [])
    assert told.startswith("**Best on validation: batch_size=10.")
    assert told.split("\n\n")[1].startswith("Data: digits.")


def test_what_is_held_fixed_is_named_where_it_is_not_the_default() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=3)
    [told] = [
        block
        for block in description(plan, make_tables(plan, {}, {}), UNCLAIMED, []).split("\n\n")
        if block.startswith("Held fixed")
    ]
    assert "data=digits" in told
    assert "batch_size" not in told
    assert "momentum" not in told


def test_a_sweep_without_a_finished_run_says_so() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=3)
    assert "No run finished" in description(plan, make_tables(plan, {}, {}), UNCLAIMED, [])


def test_a_long_table_is_cut_at_a_row_to_what_mlflow_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnexp.report.markdown.MOST_CHARACTERS", 3000)
    plan = make_plan({"batch_size": list(range(1, 91))}, seeds=3)
    records = make_records(plan, [[0.9, 0.91, 0.92]] * 90)
    told = description(plan, make_tables(plan, records, {}), UNCLAIMED, [])
    assert 2800 < len(told) <= 3000
    left = re.search(r"\n\n(\d+) more points are in summary.csv", told)
    assert left is not None
    assert len(re.findall(r"^\| \d", told, re.MULTILINE)) == 90 - int(left[1])
    assert told.endswith("trains what is missing.")
