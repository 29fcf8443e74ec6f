"""What logging a run to MLflow costs: `python -m tests.benchmarks.store [RUNS]`.

CPU of this process and SQL statements per run, by MLflow's client and in bulk: in one SQLite store, and in a
PostgreSQL database where one can be started; then runs a second of four processes that log to PostgreSQL,
beside one that logs to SQLite. A run has curves of 30 epochs and a network 64-30-10.
"""

import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen
from typing import NamedTuple

import numpy as np

from nnexp.nn import Hyperparameters, Model
from nnexp.sweep.store.model_file import save_model
from nnexp.tracking import tracker
from nnexp.tracking.tracker import Submission, Tracker
from tests.field.clusters import cluster, why_not
from tests.tracking.samples import a_record, many

BY_CLIENT = 40
START = datetime(2026, 1, 2, tzinfo=UTC)


class Cost(NamedTuple):
    """CPU ms and statements per run."""

    ms: float
    statements: float


def submissions(name: str, runs: int, weights: Path) -> tuple[object, list[Submission]]:
    """A sweep whose runs end one after the other, as two workers would end them."""
    plan, made = many(name, runs), []
    for number, run in enumerate(plan.runs):
        record = a_record(run, epochs=30)
        moments = {
            name: (START + timedelta(seconds=number + later)).isoformat()
            for name, later in (("started", 0), ("ended", 1.6))
        }
        made.append(Submission(run, replace(record, timings=record.timings | moments), weights))
    return plan, made


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that any engine executes meanwhile."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    seen: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def cost(opened: Tracker, portion: Sequence[Submission]) -> Cost:
    """Of a portion, each run of it."""
    with statements() as seen:
        began = time.process_time()
        for start in range(0, len(portion), opened.most):
            opened.log(portion[start : start + opened.most])
        spent = time.process_time() - began
    return Cost(1000 * spent / len(portion), len(seen) / len(portion))


def measure(uri: str, runs: int, weights: Path) -> tuple[Cost, list[Cost]]:
    """By the client; then in bulk, by portions of 200, of a sweep of so many runs."""
    plan, made = submissions("client", BY_CLIENT + 1, weights)
    kinds, tracker.KINDS = tracker.KINDS, ()
    try:
        with Tracker(uri, plan, folder=Path("client"), environment={}) as opened:
            opened.log(made[:1])
            by_client = cost(opened, made[1:])
    finally:
        tracker.KINDS = kinds
    plan, made = submissions("bulk", runs + 1, weights)
    with Tracker(uri, plan, folder=Path("bulk"), environment={}) as opened:
        opened.log(made[:1])  # proves how rows are written
        portions = [made[start : start + opened.most] for start in range(1, len(made), opened.most)]
        return by_client, [cost(opened, portion) for portion in portions]


def pace_of(uri: str, folder: Path, runs: int, clients: int) -> float:
    """Runs a second of so many processes that log at the same time, each a sweep of its own."""
    words = [sys.executable, "-m", "tests.benchmarks.store", "client", uri, str(folder), str(runs)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with ExitStack() as running:
        started = [
            running.enter_context(
                Popen([*words, str(k)], stdin=PIPE, stdout=PIPE, text=True, cwd=folder, env=environment)
            )
            for k in range(clients)
        ]
        for client in started:  # has logged the first run, and waits
            assert client.stdout
            assert client.stdout.readline()
        began = time.perf_counter()
        for client in started:
            assert client.stdin
            client.stdin.close()
        assert not any([client.wait() for client in started])
        return clients * runs / (time.perf_counter() - began)


def be_client(uri: str, weights: Path, runs: int, name: str) -> None:
    """Log the first run of a sweep, say so, wait until the input ends, and log the others."""
    plan, made = submissions(f"client-{name}", runs + 1, weights)
    with Tracker(uri, plan, folder=Path(f"client-{name}"), environment={}) as opened:
        opened.log(made[:1])
        print("ready", flush=True)
        sys.stdin.read()
        for start in range(1, len(made), opened.most):
            opened.log(made[start : start + opened.most])


def show(store: str, by_client: Cost, portions: Sequence[Cost], goal: str) -> None:
    ms = float(np.mean([portion.ms for portion in portions]))
    lines = [
        ("by the client, CPU ms per run", by_client.ms, ""),
        ("in bulk, CPU ms per run", ms, goal),
        ("client / bulk", by_client.ms / ms, ""),
        ("last portion / first, CPU", portions[-1].ms / portions[0].ms, "<= 1.1"),
        ("by the client, statements per run", by_client.statements, ""),
        ("in bulk, statements per run", portions[0].statements, ""),
    ]
    for what, figure, wanted in lines:
        print(f"{store + ', ' + what:52}{figure:10.2f}  {wanted}", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["client"]:
        uri, folder, number, name = sys.argv[2:]
        be_client(uri, Path(folder) / "weights.npz", int(number), name)
        return
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rng, sizes = np.random.default_rng(0), ((30, 64), (10, 30))
    weights = [rng.standard_normal(shape).astype(np.float32) for shape in sizes]
    biases = [np.zeros(shape[0], np.float32) for shape in sizes]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        os.chdir(folder)
        save_model(folder / "weights.npz", Model(weights, biases, Hyperparameters()))
        show("SQLite", *measure("sqlite:///mlflow.db", runs, folder / "weights.npz"), "< 4")
        if reason := why_not():
            print(f"PostgreSQL: {reason}")
            return
        uri = stack.enter_context(cluster()).create("bench", "mlflow")
        show("PostgreSQL", *measure(uri, runs, folder / "weights.npz"), "< 6")
        alone = pace_of("sqlite:///mlflow.db", folder, runs, 1)
        four = pace_of(uri, folder, runs, 4)
        print(f"{'SQLite, one client, runs a second':52}{alone:10.2f}")
        print(f"{'PostgreSQL, four clients, runs a second':52}{four:10.2f}")
        print(f"{'PostgreSQL, four / SQLite, one':52}{four / alone:10.2f}  >= 1")


if __name__ == "__main__":
    main()
