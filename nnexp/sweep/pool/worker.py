"""What a worker does: train one stack and return values. It writes nothing but checkpoints."""

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from nnexp.data import Dataset, DataSpec, augmenter, open_shared, part_of
from nnexp.nn import Result, train
from nnexp.nn.kernels import one_blas_thread
from nnexp.sweep.pool.engines import engine_facts
from nnexp.sweep.pool.memory import keep_freed_memory
from nnexp.sweep.pool.premises import Premises, check_premises, temporary_folder_is_gone
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.watch import Progress, Watch
from nnexp.sweep.question.plan import Run
from nnexp.text import encodable


@dataclass(frozen=True)
class Outcome:
    """How one run ended: a result, or the traceback of its failure (or what is known of it).

    `begun_at`: the epochs that it had done before, in another stack; `machine`: what is known of what trained
    it: its engine, and its machine if that was another than the parent's."""

    run: Run
    started: datetime
    ended: datetime
    result: Result | None
    traceback: str | None
    begun_at: int = 0
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def status(self) -> Literal["finished", "diverged", "failed", "timed_out", "pruned"]:
        if self.result is None:
            return "failed"
        return "timed_out" if self.result.status == "stopped" else self.result.status


def train_stack(
    stack: Stack, source: Dataset | Path, expected: Premises, progress: Progress
) -> list[Outcome]:
    """Train the runs of a stack on a data set, or the one shared in a folder; an outcome for each, in order.

    Once somebody has asked to stop, none begins, those that train stop at the end of their epoch, and only
    those have an outcome that had ended by then. An error in a stack of several runs trains each alone (same
    bits), so it costs only its own run.

    Raises:
        PremiseError: this process does not meet what the parent expects; nothing was trained.
    """
    check_premises(expected, stack.engine)
    if progress.stop_asked:
        return []
    dataset, started = _dataset(source, stack.data), datetime.now(UTC)
    progress.start(stack.rows, stack.epoch)
    watch, engine = Watch(stack, expected, progress), engine_facts(stack.engine)
    try:
        results = _train(watch, dataset)
    except KeyboardInterrupt:
        raise
    except BaseException:  # sys.exit in a run, too, is that run's failure
        if len(stack.runs) > 1:
            return [
                outcome
                for alone in watch.stack.apart()
                for outcome in train_stack(alone, dataset, expected, progress)
            ]
        trace = encodable(traceback.format_exc())
        return [Outcome(stack.runs[0], started, datetime.now(UTC), None, trace, machine=engine)]
    finally:
        progress.finish(stack.rows)
    ended = datetime.now(UTC)
    return [
        Outcome(run, started, ended, result, None, watch.begun_at, engine)
        for run, result in zip(stack.runs, results, strict=True)
        if result is not None
    ]


def _train(watch: Watch, dataset: Dataset) -> list[Result | None]:
    """The results of a stack's runs; None for one that was stopped on its way."""
    stack = watch.stack
    keep_freed_memory()
    with one_blas_thread(), watch.clock:
        results = train(
            [run.hyperparameters for run in stack.runs],
            dataset.data,
            augment=augmenter(stack.data, dataset),
            progress=watch,
            resume=watch.states(),
        )
    return [None if watch.cut and result.status == "stopped" else result for result in results]


def _dataset(source: Dataset | Path, spec: DataSpec) -> Dataset:
    try:
        return part_of(open_shared(source) if isinstance(source, Path) else source, spec)
    except OSError as error:
        raise temporary_folder_is_gone(error) from error
