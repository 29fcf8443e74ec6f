"""What an answer costs: `python -m tests.benchmarks.answers`.

Sweeps of known results, 10 seeds to a point, 30 epochs to a run: loading one of 1,000 runs from its CSV
files, making all tables of one of 10,000 from its records, and its report. Prints seconds beside the goals,
and the most memory that the process took.
"""

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnexp.experiment.html_report import report
from nnexp.experiment.loaded_sweep import load_by_name
from nnexp.results.tables import make_tables
from nnexp.results.write_csv import write_tables
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.plan_file import write_plan
from nnexp.sweep.store.record import Record
from tests.results.sweeps import make_plan, make_record

SEEDS, EPOCHS, MEMORY = 10, 30, 2e9


def known(runs: int) -> tuple[Plan, dict[str, Record]]:
    """Plan and records of a sweep with so many runs."""
    rates = np.linspace(0.01, 1, runs // SEEDS).tolist()
    plan = make_plan({"learning_rate": rates}, SEEDS, epochs=EPOCHS)
    accuracies = np.random.default_rng(0).normal(0.9, 0.01, runs).tolist()
    return plan, {
        run.run_id: make_record(run, accuracy, epochs=EPOCHS)
        for run, accuracy in zip(plan.runs, accuracies, strict=True)
    }


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        plan, records = known(1000)
        folder = Path(place, plan.name, plan.sweep_id)
        folder.mkdir(parents=True)
        write_plan(plan, {}, folder)
        write_tables(make_tables(plan, records, {}), folder)
        loading = seconds(lambda: load_by_name(plan.name, place))
        plan, records = known(10_000)
        tables = seconds(lambda: make_tables(plan, records, {}))
        write_plan(plan, {}, folder)
        write_tables(make_tables(plan, records, {}), folder)
        reporting = seconds(lambda: report(folder, place))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"load_sweep of 1,000 runs: {loading:.2f} s (goal 1)")
    print(f"tables of 10,000 runs x {EPOCHS} epochs: {tables:.2f} s (goal 5)")
    print(f"the report of 10,000 runs x {EPOCHS} epochs: {reporting:.2f} s (goal 20)")
    print(f"memory at most: {memory / 1e6:.0f} MB (goal {MEMORY / 1e6:.0f})")


if __name__ == "__main__":
    main()
