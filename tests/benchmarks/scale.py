"""What many runs and many workers cost the parent: `python -m tests.benchmarks.scale [RUNS]`.

No run is trained: the code that plans, cuts stacks and records gets one result again and again, as fast as it
takes it, which is as 1,000 workers would bring them. Every file is written as always, and synced.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

from nnexp.config import load_config
from nnexp.console import make_console
from nnexp.experiment.planning import planned
from nnexp.nn import Model, train
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.environment import environment
from nnexp.sweep.pool.estimate import makespan, work
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.folder import Sweep, find_sweep, settle, sweep_folder
from nnexp.sweep.store.record import record_of
from tests.benchmarks.sweeps import TINY, Figure, command

RUNS, SEEDS = 100_000, 10
SHIPPED = ("batch_size", "learning_rate", "lambda", "hidden_size", "initializer")
Made = TypeVar("Made")


class Cost(NamedTuple):
    """Seconds: by the clock, and of the processor."""

    wall: float
    cpu: float


def words(runs: int) -> list[str]:
    """A sweep of so many tiny runs."""
    axis = f"sweep.axes.learning_rate={{low:0.01,high:1,count:{runs // SEEDS}}}"
    return [*TINY, "epochs=1", "tracking=none", "sweep.name=many", axis, f"sweep.seeds={SEEDS}"]


def cost_of(step: Callable[[], Made]) -> tuple[Made, Cost]:
    """What a step gives, and takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = step()
    return made, Cost(time.perf_counter() - wall, time.process_time() - cpu)


def plan_of(runs: int) -> Plan:
    """The sweep of `words`, planned in this process."""
    return planned(load_config(words(runs)), Datasets().load, make_console())


def record_rows(sweep: Sweep, rows: Sequence[int], stack: int) -> None:
    """Record the runs with these numbers as ended, so many together, all with the result of the first."""
    runs, now, here = sweep.plan.runs, datetime.now(UTC), environment()
    data = Datasets().load(runs[0].data)
    used = here | {"numerics": sweep.plan.numerics, "dataset_digest": data.digest}
    [result] = train([runs[0].hyperparameters], data.data)
    for start in range(0, len(rows), stack):
        outcomes = [Outcome(runs[row], now, now, result, None) for row in rows[start : start + stack]]
        sweep.add(
            [
                (record_of(each, used), Model(result.weights, result.biases, each.run.hyperparameters))
                for each in outcomes
            ]
        )


def many_runs(runs: int) -> Iterator[Figure]:
    """A sweep of so many runs: planned, recorded by stacks of 1 and of 16, resumed, listed."""
    with tempfile.TemporaryDirectory() as home:
        plan, planning = cost_of(lambda: plan_of(runs))
        yield f"planning {runs} runs, s", planning.wall, "< 10"
        yield "the same, CPU s", planning.cpu, ""
        _, cutting = cost_of(lambda: make_stacks(plan.runs, range(runs), 1000, Datasets().load))
        yield "cutting them into stacks for 1,000 workers, s", cutting.wall, "< 10"
        yield "the same, CPU s", cutting.cpu, ""
        sweep = find_sweep(sweep_folder(Path(home) / "sweeps", plan), plan)
        settle(sweep, environment())
        for stack, rows in ((1, range(runs // 50)), (16, range(runs // 50, runs))):
            _, cost = cost_of(lambda rows=rows, stack=stack: record_rows(sweep, rows, stack))
            yield f"stacks of {stack}: records a second, durable", len(rows) / cost.wall, ""
            yield f"stacks of {stack}: CPU ms per record", 1000 * cost.cpu / len(rows), "< 2"
            least = 1000 * cost.wall / len(rows)
            yield f"stacks of {stack}: 1,000 workers are busy if a run takes, s", least, ""
        for name, line, goal in (("resuming", words(runs), "< 30"), ("listing", ["list"], "< 3")):
            wall, cpu = command(["nnexp", *line], Path(home))
            yield f"{name}, s", wall, goal
            yield "the same, CPU s", cpu, ""
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    yield "most memory of these commands, GB", memory, ""


def many_workers() -> Iterator[Figure]:
    """Shipped sweeps on 16 workers, by the costs that `work` was fitted to: how near to the ideal.

    Ideal: every worker busy all the time with stacks of the largest size, or the longest run by itself.
    """
    datasets = Datasets()
    for name in SHIPPED:
        for seeds in (5, 20):
            config = load_config([f"+sweep={name}", "data=mnist", f"sweep.seeds={seeds}"])
            runs = planned(config, datasets.load, make_console()).runs
            costs = {
                workers: [
                    work(stack.runs, datasets.load(stack.data).data)
                    for stack in make_stacks(runs, range(len(runs)), workers, datasets.load)
                ]
                for workers in (1, 16)
            }
            longest = max(work([run], datasets.load(run.data).data) for run in runs)
            ideal = max(longest, sum(costs[1]) / 16)
            share = ideal / makespan(costs[16], 16)
            yield f"{name}, {len(runs)} runs on 16 workers / ideal", share, ">= 0.75"


def main() -> None:
    """Print each figure as soon as it is known."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    for figures in (many_workers(), many_runs(runs)):
        for what, figure, goal in figures:
            print(f"{what:64}{figure:10.3f}  {goal}", flush=True)


if __name__ == "__main__":
    main()
