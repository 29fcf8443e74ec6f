"""CSV files: exact, the same bytes for the same records, and clear about what was edited by hand."""

import csv
import gzip
import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnexp.errors import UserError
from nnexp.results.read_csv import read_history, read_runs, read_summary, read_tables
from nnexp.results.tables import Tables, make_tables
from nnexp.results.write_csv import csv_text, write_parquet, write_table, write_tables
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from tests.results.edited import edit
from tests.results.judged import judged, sweep_of
from tests.results.sweeps import make_plan, make_record, make_records


@pytest.fixture
def plan() -> Plan:
    return make_plan({"learning_rate": [0.1, 2.5e-05], "classes": [None, (0, 1)]}, seeds=3)


@pytest.fixture
def records(plan: Plan) -> dict[str, Record]:
    accuracies = np.random.default_rng(3).random((4, 3)).astype(object)
    accuracies[1, 1] = None
    records = make_records(plan, accuracies)
    records[plan.runs[0].run_id] = make_record(plan.runs[0], 0.1, "diverged", epochs=1)
    return records


@pytest.fixture
def written(plan: Plan, records: dict[str, Record], tmp_path: Path) -> Tables:
    tables = make_tables(plan, records, {plan.runs[0].run_id: "abc"})
    write_tables(tables, tmp_path)
    return tables


def test_tables_come_back_exactly(written: Tables, tmp_path: Path) -> None:
    for name, read in (("runs", read_runs), ("history", read_history), ("summary", read_summary)):
        pd.testing.assert_frame_equal(
            read(tmp_path / f"{name}.csv"), getattr(written, name), check_exact=True
        )


def test_a_compressed_table_is_read_as_it_is(
    plan: Plan, records: dict[str, Record], written: Tables, tmp_path: Path
) -> None:
    path = tmp_path / "history.csv.gz"
    path.write_bytes(gzip.compress(csv_text(written.history)))
    (tmp_path / "history.csv").unlink()
    back = read_tables(plan, tmp_path)
    pd.testing.assert_frame_equal(back.history, written.history, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_csv(path), pd.read_csv(io.BytesIO(csv_text(written.history))))


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b[:-8] + bytes(8), lambda b: b"x" + b]
)
def test_a_compressed_table_that_is_not_whole_is_named(
    damage: Callable[[bytes], bytes], written: Tables, tmp_path: Path
) -> None:
    path = tmp_path / "history.csv.gz"
    path.write_bytes(damage(gzip.compress(csv_text(written.history))))
    with pytest.raises(UserError, match=r"history\.csv\.gz is no table that nnexp wrote"):
        read_history(path)


@pytest.mark.parametrize("sizes", [[30, (100, 30), (5, 5, 5)], [(100, 30)], [30, 100]], ids=str)
def test_sizes_come_back_exactly_with_the_dtype_they_had(sizes: list[Any], tmp_path: Path) -> None:
    plan = make_plan({"hidden_size": sizes}, seeds=2)
    written = make_tables(plan, make_records(plan, np.full((len(sizes), 2), 0.9)), {})
    write_tables(written, tmp_path)
    pd.testing.assert_frame_equal(read_runs(tmp_path / "runs.csv"), written.runs)
    pd.testing.assert_frame_equal(read_history(tmp_path / "history.csv"), written.history)
    pd.testing.assert_frame_equal(read_summary(tmp_path / "summary.csv"), written.summary)
    read_tables(plan, tmp_path)
    edit(tmp_path / "runs.csv", 2, "hidden_size", "[100;30]")
    with pytest.raises(
        UserError, match=r"column 'hidden_size', row 2 must be .* as in the plan, got \[100;30\]"
    ):
        read_tables(plan, tmp_path)
    edit(tmp_path / "runs.csv", 3, "epochs", "many")
    with pytest.raises(UserError, match="column 'epochs', row 3 must be a whole number, got 'many'"):
        read_tables(plan, tmp_path)


def test_a_summary_from_before_runs_were_pruned_is_read_with_none(
    plan: Plan, written: Tables, tmp_path: Path
) -> None:
    older = written.summary.drop(columns="pruned")
    (tmp_path / "summary.csv").write_bytes(csv_text(older))
    pd.testing.assert_frame_equal(read_tables(plan, tmp_path).summary, written.summary, check_exact=True)


def test_floats_are_written_by_repr_and_lines_end_with_lf(written: Tables, tmp_path: Path) -> None:
    raw = (tmp_path / "runs.csv").read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    header, *rows = csv.reader(io.StringIO(raw.decode()))
    assert header == list(written.runs)
    column = header.index("best_validation_accuracy")
    expected = ["" if np.isnan(a) else repr(a) for a in written.runs["best_validation_accuracy"].tolist()]
    assert [row[column] for row in rows] == expected
    assert [row[header.index("learning_rate")] for row in rows] == ["0.1"] * 6 + ["2.5e-05"] * 6
    assert [row[header.index("classes")] for row in rows] == ([""] * 3 + ["[0,1]"] * 3) * 2


def test_the_same_records_give_the_same_bytes_and_nothing_else_is_left(
    plan: Plan, records: dict[str, Record], tmp_path: Path
) -> None:
    names = ["history.csv", "runs.csv", "summary.csv"]
    write_tables(make_tables(plan, records, {}), tmp_path)
    first = [(tmp_path / name).read_bytes() for name in names]
    write_tables(make_tables(plan, dict(reversed(records.items())), {}), tmp_path)
    assert [(tmp_path / name).read_bytes() for name in names] == first
    assert sorted(path.name for path in tmp_path.iterdir()) == names


def test_a_sweep_without_records_has_files_with_headers_only(plan: Plan, tmp_path: Path) -> None:
    write_tables(make_tables(plan, {}, {}), tmp_path)
    assert len(read_runs(tmp_path / "runs.csv")) == len(read_history(tmp_path / "history.csv")) == 0
    assert read_summary(tmp_path / "summary.csv")["n"].tolist() == [0] * 4


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.floats(),
            st.none() | st.text(st.characters(exclude_characters="\r", codec="utf-8"), min_size=1),
            st.integers(0, 2**63 - 1),
        ),
        min_size=1,
    )
)
def test_any_value_survives_as_the_csv_module_reads_it(rows: list[tuple[float, str | None, int]]) -> None:
    floats, texts, integers = zip(*rows, strict=True)
    table = pd.DataFrame(
        {
            "training_cost": np.array(floats) + 0.0,  # no negative zero
            "status": pd.array(texts, dtype="string"),
            "seed": pd.array(integers, dtype="Int64"),
        }
    )
    with tempfile.TemporaryDirectory() as place:
        text = write_table("any", table, Path(place)).read_bytes().decode()
    header, *read = csv.reader(io.StringIO(text, newline=""))
    assert header == list(table)
    assert [row[0] for row in read] == ["" if f != f else repr(f) for f in table["training_cost"].tolist()]
    assert [row[1] for row in read] == [text or "" for text in texts]
    assert [row[2] for row in read] == [str(i) for i in integers]


@pytest.mark.parametrize(
    ("row", "column", "cell", "message"),
    [
        (4, "learning_rate", "abc", "column 'learning_rate', row 4 must be a number, got 'abc'"),
        (3, "best_epoch", "2.5", "column 'best_epoch', row 3 must be a whole number, got '2.5'"),
        (2, "seed", "", "column 'seed', row 2 must not be empty"),
        (
            5,
            "status",
            "finshed",
            "column 'status', row 5: unknown status 'finshed'; did you mean 'finished'?",
        ),
        (1, "status", "state", "has no column 'status'"),
        (6, "epochs", "1,5", "column 'epochs', row 6 must be a whole number, got '1,5'"),
    ],
)
def test_an_edited_cell_is_named_by_column_and_row(
    written: Tables, tmp_path: Path, row: int, column: str, cell: str, message: str
) -> None:
    path = tmp_path / "runs.csv"
    edit(path, row, column, cell)
    with pytest.raises(UserError) as error:
        read_runs(path)
    assert str(error.value).startswith(str(path))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_what_a_spreadsheet_changes_without_harm_is_read(written: Tables, tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(read_runs(path), written.runs, check_exact=True)


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"",
        lambda raw: raw.replace(b"run_id,", b"", 1),
        lambda raw: raw.replace(b"\n", b"\n1,2,", 2),
        lambda raw: raw + b"\xff\xfe\n",
        lambda raw: raw.replace(b",", b";"),
        lambda raw: raw + b'"open quote',
    ],
    ids=["empty", "header-cell-gone", "ragged", "not-utf-8", "semicolons", "open-quote"],
)
def test_a_damaged_file_is_one_clear_line(
    written: Tables, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError) as error:
        read_history(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"runs\.csv does not exist"):
        read_runs(tmp_path / "runs.csv")


def test_parquet_files_keep_values_and_types(tmp_path: Path) -> None:
    results = judged(sweep_of(tmp_path), tmp_path)
    paths = write_parquet(results, tmp_path)
    assert [path.name for path in paths] == [
        f"{name}.parquet" for name in ("runs", "history", "summary", "verdicts")
    ]
    for path, table in zip(paths, [*results.tables, results.verdicts], strict=True):
        pd.testing.assert_frame_equal(pd.read_parquet(path), table, check_exact=True)
