"""A sweep of three batch sizes with known accuracies and claims, in its folder with all of its records."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nnexp.claims.sweep_verdicts import results_of
from nnexp.results.tables import Results, make_tables
from nnexp.sweep.store import record_file as records_of
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.plan_file import write_plan
from tests.results.sweeps import make_plan, make_records

ACCURACIES = [[0.94, 0.96, 0.95], [0.951, 0.953, 0.961], [0.80, 0.81, 0.814]]


def at(size: int, **more: Any) -> dict[str, Any]:
    """The final accuracy at a batch size."""
    return {"final": "validation_accuracy", "at": {"batch_size": size}, **more}


CLAIMS: tuple[Mapping[str, Any], ...] = (
    {
        "id": "A",
        "text": "Batches of 1 beat batches of 1000.",
        "check": {"left": at(1), "rel": ">", "right": at(1000)},
    },
    {"id": "B", "text": "10 beats 1.", "check": {"left": at(10), "rel": ">", "right": at(1)}},
    {"id": "C-d", "text": "1000 does well.", "check": {"left": at(1000), "low": 0.9}},
)


def sweep_of(
    place: Path,
    claims: tuple[Mapping[str, Any], ...] = CLAIMS,
    name: str = "known",
    accuracies: list[list[float]] = ACCURACIES,
) -> Sweep:
    """The sweep, below `place`."""
    plan = replace(make_plan({"batch_size": [1, 10, 1000]}, seeds=3), claims=claims, name=name)
    folder = place / name / plan.sweep_id
    (folder / "records").mkdir(parents=True)
    write_plan(plan, {}, folder)
    records = make_records(plan, accuracies)
    for record in records.values():
        records_of.write(folder / "records", record, None)
    return Sweep(plan, folder, records)


def judged(sweep: Sweep, place: Path) -> Results:
    """Its results; its claims may take other sweeps below `place`."""
    environments = [record.environment for record in sweep.records.values()]
    return results_of(sweep.plan, make_tables(sweep.plan, sweep.records, {}), environments, place)
