"""What a run costs the parent does not grow with their number."""

from pathlib import Path

import pandas as pd

from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.environment import environment
from nnexp.sweep.store.folder import find_sweep, settle, sweep_folder
from tests.benchmarks.scale import cost_of, plan_of, record_rows, words
from tests.benchmarks.sweeps import command

FEW, MANY = 2_000, 20_000
WORKERS = 1_000


def costs(runs: int, home: Path) -> dict[str, float]:
    """CPU seconds of each step of a sweep of so many runs."""
    home.mkdir()
    plan, planning = cost_of(lambda: plan_of(runs))
    stacks, cutting = cost_of(lambda: make_stacks(plan.runs, range(runs), WORKERS, Datasets().load))
    assert sorted(row for stack in stacks for row in stack.rows) == list(range(runs))
    sweep = find_sweep(sweep_folder(home / "sweeps", plan), plan)
    settle(sweep, environment())
    _, recording = cost_of(lambda: record_rows(sweep, range(runs), 16))
    resuming, listing = command(["nnexp", *words(runs)], home), command(["nnexp", "list"], home)
    table = pd.read_csv(sweep.folder / "runs.csv")
    assert list(table.run_id) == [run.run_id for run in plan.runs]
    assert set(table.status) == {"finished"}
    seconds = {"plan": planning.cpu, "cut": cutting.cpu, "record": recording.cpu}
    return seconds | {"resume": resuming[1], "list": listing[1]}


def test_ten_times_the_runs_take_at_most_fifteen_times_as_long(tmp_path: Path) -> None:
    few, many = costs(FEW, tmp_path / "few"), costs(MANY, tmp_path / "many")
    ratios = {step: many[step] / few[step] for step in few}
    assert {step: round(ratio, 1) for step, ratio in ratios.items() if ratio > 1.5 * MANY / FEW} == {}
