"""What Dask costs beside loky: `python -m tests.benchmarks.cluster [WORKERS]`.

Both train the same stacks on workers of this machine, without the variables that steer OpenBLAS, and hand
over their outcomes; nothing is recorded. The time runs from the first outcome on, so starting is not in it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

from nnexp.data import DataSpec
from nnexp.sweep.pool.cluster import launch_on_cluster
from nnexp.sweep.pool.dask import opened
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.pool.launch import launch
from nnexp.sweep.pool.premises import premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.worker import Outcome
from nnexp.sweep.question.plan import Plan
from tests.sweep.samples import plan

SHORT, LONG = 300, 12  # stacks without and with work to do
SIZE, TURNS = 16, 3  # runs in a stack with work, as a sweep has them; turns of the two backends


def seconds_per_stack(made: Plan, size: int, workers: int, on_dask: bool) -> float:
    """Of stacks of `size` runs each, one after the other in the plan."""
    rows = range(len(made.runs))
    stacks = [Stack(made.runs[k : k + size], tuple(rows[k : k + size])) for k in rows[::size]]
    with tempfile.TemporaryDirectory() as name, ExitStack() as at_the_end:
        board = Board(Path(name) / "board", len(made.runs))
        ended = at_the_end.enter_context(closing(_ended(made, stacks, board, workers, on_dask, at_the_end)))
        moments = [time.perf_counter() for outcomes in ended if outcomes]
    assert len(moments) == len(stacks)
    return (moments[-1] - moments[0]) / (len(moments) - 1)


def _ended(
    made: Plan, stacks: Sequence[Stack], board: Board, workers: int, on_dask: bool, at_the_end: ExitStack
) -> Generator[Sequence[Outcome], None, None]:
    datasets, specs = Datasets(), [stack.data for stack in stacks]
    if not on_dask:
        return launch(stacks, datasets.share(specs, board.path.parent), premises(made), board, workers)
    client = at_the_end.enter_context(opened(None, workers))
    return launch_on_cluster(client, stacks, datasets.load_wholes(specs), premises(made), board, 5.0, print)


def main() -> None:
    """Print each figure as soon as it is known."""
    workers = int(sys.argv[1]) if len(sys.argv) > 1 else 2
    small = DataSpec(name="synthetic", train_size=50, validation_size=20)
    short = plan({}, data=small, hidden_size=3, batch_size=50, epochs=1, seeds=range(SHORT))
    for name, on_dask in (("loky", False), ("Dask", True)):
        overhead = 1000 * workers * seconds_per_stack(short, 1, workers, on_dask)
        goal = "< 20" * on_dask
        print(f"{name}: overhead of a worker per stack, ms{overhead:12.1f}  {goal}", flush=True)
    data = DataSpec(name="mnist" if os.environ.get("NNEXP_DATA") else "synthetic")
    long = plan({}, data=data, epochs=2, seeds=range(SIZE * LONG))
    turns = [
        [seconds_per_stack(long, SIZE, workers, on_dask) for on_dask in (False, True)] for _ in range(TURNS)
    ]
    loky, dask = (median(seconds) for seconds in zip(*turns, strict=True))
    print(f"loky: seconds per stack on {data.name}{loky:12.2f}")
    print(f"Dask: seconds per stack on {data.name}{dask:12.2f}")
    print(f"throughput, Dask / loky{loky / dask:12.2f}  >= 0.9")


if __name__ == "__main__":
    if any(name.startswith("OPENBLAS_") for name in os.environ):
        clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
        os.execve(sys.executable, [sys.executable, "-m", "tests.benchmarks.cluster", *sys.argv[1:]], clean)
    main()
