"""`nnexp compare` shows what differs between two runs."""

from pathlib import Path

import pandas as pd
import pytest

from nnexp.sweep.store.record_file import read
from nnexp.sweep.store.seal import opened, sealed
from tests.commands.conftest import Command, only, rows


def run_ids(sweeps: Path, name: str) -> list[str]:
    """Of the runs that have a record, in no order that means anything."""
    return sorted(path.stem for path in (only(sweeps / name) / "records").glob("*.json"))


def test_settings_and_figures_stand_side_by_side(nnexp: Command, sweeps: Path) -> None:
    first, second = run_ids(sweeps, "plain")
    a, b = (read(only(sweeps / "plain") / "records" / f"{run_id}.json") for run_id in (first, second))
    status, shown, _ = nnexp("compare", first[:8], second)
    assert status == 0
    lines = rows(shown)
    assert lines[:2] == [["run", first, second], ["status", "finished", "finished"]]
    differ = lines.index(["Settings", "that", "differ"])
    assert lines[differ + 1 : differ + 3] == [
        ["batch_size", str(a.settings["batch_size"]), str(b.settings["batch_size"])],
        [],
    ]
    assert ["Code", "and", "environment", "are", "the", "same"] in lines
    costs = [a.metrics["test_cost"], b.metrics["test_cost"]]
    assert costs[0] is not None
    assert costs[1] is not None
    told = [f"{costs[0]:.6g}", f"{costs[1]:.6g}", f"{costs[1] - costs[0]:+.4g}"]
    assert ["test_cost", *told] in lines


def test_what_code_and_environment_differ_is_named(nnexp: Command, sweeps: Path) -> None:
    first, second = run_ids(sweeps, "plain")
    path = only(sweeps / "plain") / "records" / f"{second}.json"
    body = opened(path.read_bytes())
    body["environment"] |= {"numpy": "0.1", "kernel": "Other"}
    path.write_bytes(sealed(body))
    lines = rows(nnexp("compare", first, second)[1])
    heading = lines.index(["Code", "and", "environment", "that", "differ"])
    assert sorted(row[0] for row in lines[heading + 1 : heading + 3]) == ["kernel", "numpy"]


def test_runs_of_two_sweeps_of_which_one_diverged_compare(nnexp: Command, sweeps: Path) -> None:
    statuses = {read(path).status: path.stem for path in (only(sweeps / "mixed") / "records").glob("*.json")}
    for status in ("failed", "diverged"):
        done, shown, _ = nnexp("compare", run_ids(sweeps, "plain")[0], statuses[status], "--plot=x.svg")
        assert done == 0
        assert ["status", "finished", status] in rows(shown)
        assert Path("x.svg").read_text().startswith("<?xml")


def test_curves_are_drawn_where_asked(nnexp: Command, sweeps: Path) -> None:
    shown = nnexp("compare", *run_ids(sweeps, "plain"), "--plot", "curves.png")[1]
    assert shown.endswith("\nCurves: curves.png\n")
    assert Path("curves.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("FIRST", "compare takes two RUNs or two sweeps, got"),
        ("FIRST FIRST", "compare takes two runs, got"),
        ("FIRST aaaa", "no run_id begins with aaaa"),
        ("FIRST zzzz", "unknown sweep 'zzzz'"),
        ("FIRST mixed", "compare takes two runs or two sweeps, got one of each: "),
        ("mixed plain --plot x.png", "--plot draws the curves of two RUNs, got two sweeps"),
        ("FIRST abc", "a run is named by at least 4 characters of its run_id, got 'abc'"),
        ("FIRST SECOND --plot x.gif", "--plot must be a file named *.png or *.svg, got x.gif"),
        ("FIRST SECOND --plot no/x.png", "--plot must be a file that can be written: No such file"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command, sweeps: Path) -> None:
    first, second = run_ids(sweeps, "plain")
    status, _, error = nnexp("compare", *words.replace("FIRST", first).replace("SECOND", second).split())
    assert (status, error.count("\n")) == (2, 1)
    assert message in error


def test_a_run_without_a_whole_record_cannot_be_compared(nnexp: Command, sweeps: Path) -> None:
    first, second = run_ids(sweeps, "plain")
    records = only(sweeps / "plain") / "records"
    (records / f"{second}.json").write_text("{")
    assert f"the record of run {second} is damaged" in nnexp("compare", first, second)[2]
    (records / f"{second}.json").unlink()
    assert f"run {second} of plain/" in nnexp("compare", first, second)[2]


def test_sweeps_compare_by_settings_best_point_and_the_points_that_both_have(nnexp: Command) -> None:
    small = ["data=synthetic", "epochs=2", "hidden_size=5", "tracking=none", "n_jobs=1", "pictures=false"]
    for name, rate in (("slow", 0.1), ("fast", 0.5)):
        sizes = "10,20,50" if name == "fast" else "20,50,100"
        words = [f"batch_size={sizes}", "seed=0,1,2", f"learning_rate={rate}", f"sweep.name={name}"]
        assert nnexp(*small, "-m", *words)[0] == 0
    status, shown, _ = nnexp("compare", "slow", "sweeps/fast")
    assert status == 0
    lines = rows(shown)
    assert ["learning_rate", "0.1", "0.5"] in lines
    assert ["batch_size", "20,50,100", "10,20,50"] in lines
    assert ["runs", "9", "of", "9", "runs", "ended", "9", "of", "9", "runs", "ended"] in lines
    means = [
        pd.read_csv(only(Path("sweeps", name)) / "summary.csv", index_col=0) for name in ("slow", "fast")
    ]
    slow, fast = (100 * frame["final_validation_accuracy_mean"] for frame in means)
    (row,) = (line for line in lines if line[:1] == ["20"])
    assert row[:3] == ["20", f"{slow[20]:.2f}", f"{fast[20]:.2f}"]
    assert row[3:5] == [f"{fast[20] - slow[20]:+.2f}", "±"]
    assert [line[0] for line in lines if "±" in line and line[0].isdecimal()] == ["20", "50"]


def test_sweeps_without_a_point_in_common_compare_too(nnexp: Command) -> None:
    shown = nnexp("compare", "mixed", "plain")[1]
    assert "They have no point in common." in shown


def test_a_sweep_of_one_run_means_that_run(nnexp: Command, sweeps: Path) -> None:
    small = ["data=synthetic", "epochs=2", "hidden_size=5", "tracking=none"]
    assert nnexp(*small)[0] == nnexp(*small, "learning_rate=0.25")[0] == 0
    names = [f"single/{folder.name}" for folder in (sweeps / "single").iterdir()]
    lines = rows(nnexp("compare", *names)[1])
    (rates,) = (line for line in lines if line[:1] == ["learning_rate"])
    assert set(rates[1:]) == {"0.5", "0.25"}
    for name in names:
        status, shown, _ = nnexp("show", name)
        assert status == 0
        assert f"sweep: {name}\n" in shown
