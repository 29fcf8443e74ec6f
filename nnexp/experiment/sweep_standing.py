"""How far a sweep is while it trains: read from its records and from the board that workers write on."""

import time
from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from nnexp.sweep.pool.progress_board import PID, Board
from nnexp.sweep.pool.stacks import Mark
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store.record import Record
from nnexp.sweep.store.sign import Sign
from nnexp.text import count, duration, figure, percent

MOST_STACKS = 8  # lines


class Standing:
    """Runs by status, work done, the best run so far, and what trains now."""

    def __init__(
        self,
        plan: Plan,
        board: Board,
        work: Mapping[int, float],
        records: Mapping[str, Record],
        marks: Mapping[str, Mark] | None = None,
    ) -> None:
        """`work`: row of each run that is trained -> its share of the work; `records`: of all runs;
        `marks`: where those go on that do not begin."""
        self.plan, self.board = plan, board
        self.began = time.monotonic()
        self.total = sum(work.values())
        self._work = {plan.runs[row].run_id: share for row, share in work.items()}
        self._per_epoch, self._first = np.zeros(len(plan.runs)), np.zeros(len(plan.runs))
        for row, share in work.items():
            run = plan.runs[row]
            self._first[row] = marks[run.run_id].epoch if marks and run.run_id in marks else 0
            self._per_epoch[row] = share / (run.hyperparameters.epochs - self._first[row])
        self._statuses: Counter[str] = Counter()
        self._work_ended = 0.0
        self._best = (-1.0, "")
        for run in plan.runs:
            if run.run_id in records and run.run_id not in self._work:
                self._count(run, records[run.run_id])

    def add(self, run: Run, record: Record) -> None:
        """A run has ended."""
        self._count(run, record)
        self._work_ended += self._work[run.run_id]

    def _count(self, run: Run, record: Record) -> None:
        self._statuses = self._statuses + Counter([record.status])  # a new one: other threads read
        weights = "best" if run.hyperparameters.keeps_best else "final"
        accuracy = record.metrics.get(f"{weights}_validation_accuracy")
        if record.status == "finished" and accuracy is not None and accuracy > self._best[0]:
            self._best = (accuracy, self.plan.label(run))

    @property
    def ended(self) -> int:
        """Runs that have ended, now or before."""
        return self._statuses.total()

    @property
    def work_done(self) -> float:
        """Work of the runs that ended, and of the epochs of those that are training."""
        running = self.board.running
        epochs = np.maximum(self.board.rows[running, 0] - self._first[running], 0)
        return self._work_ended + float(self._per_epoch[running] @ epochs)

    @property
    def share(self) -> float:
        """Of all epochs of the plan, how many are done: from 0 to 1; a run that has ended has none left."""
        running = np.flatnonzero(self.board.running)
        epochs = [self.plan.runs[row].hyperparameters.epochs for row in running]
        return float(self.ended + (self.board.rows[running, 0] / epochs).sum()) / len(self.plan.runs)

    def sign(self) -> Sign:
        """How far it is, for other processes."""
        running = int(self.board.running.sum())
        return Sign(dict(self._statuses), running, self.share, self.time_left(), tuple(self.lines()))

    def state(self) -> str:
        """`12/35 runs · 4 running · best 95.00 % (batch_size=10 seed=1)`."""
        parts = [f"{self.ended}/{len(self.plan.runs)} runs", f"{int(self.board.running.sum())} running"]
        for status in ("diverged", "pruned", "failed", "timed_out"):
            if self._statuses[status]:
                parts.append(f"{self._statuses[status]} {status.replace('_', ' ')}")
        if self._best[1]:
            parts.append(f"best {percent(self._best[0])} ({self._best[1]})")
        return " · ".join(parts)

    def time_left(self) -> str:
        """About how long the rest takes at the pace so far; empty while nothing is known."""
        done = self.work_done
        seconds = (time.monotonic() - self.began) * (self.total / done - 1) if done else 0.0
        return f"about {duration(seconds)} left" if done else ""

    def at_stake(self) -> str:
        """What a stop may lose: `at most 42 s of 4 runs in training`; empty if nothing."""
        if not (running := int(self.board.running.sum())):
            return ""
        return f"at most {duration(self.board.at_stake)} of {count(running, 'run')} in training"

    def lines(self) -> list[str]:
        """For people: each stack that trains, and what a stop would lose."""
        stake = self.at_stake()
        return [*self.stacks(), *([f"a stop now loses {stake}"] if stake else [])]

    def stacks(self) -> Iterator[str]:
        """A line per stack that trains now: how far it is, and its figures (means over its runs)."""
        board = self.board.rows.copy()  # workers write on
        pids = board[:, PID]
        for pid in np.unique(pids[pids > 0])[:MOST_STACKS]:
            rows = np.flatnonzero(pids == pid)
            first, state = self.plan.runs[rows[0]], board[rows, :PID]
            epoch, evaluations = state[:, 0].max(), state[~np.isnan(state[:, 1])]
            figures = "not evaluated yet" if epoch else "starting"
            if len(evaluations):
                cost, accuracy = evaluations[:, 1:].mean(axis=0)
                figures = f"cost {figure(cost)}  validation {percent(accuracy)}"
            others = f" and {count(len(rows) - 1, 'more run')}" if len(rows) > 1 else ""
            epochs = first.hyperparameters.epochs
            yield f"epoch {epoch:.0f}/{epochs}  {figures}  {self.plan.label(first)}{others}"
