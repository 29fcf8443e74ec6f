"""What a worker of a Dask cluster does: train a stack far from its parent, maybe without a common disk."""

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from nnexp.data import Dataset
from nnexp.nn.kernels import one_blas_thread
from nnexp.sweep.pool.distant_board import DistantBoard
from nnexp.sweep.pool.distant_data import data_key, dataset_here
from nnexp.sweep.pool.environment import machine
from nnexp.sweep.pool.premises import PremiseError, Premises, check_premises
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.pool.worker import Outcome, train_stack
from nnexp.sweep.question.identity import PACKAGE, formulas
from nnexp.text import count


@dataclass(frozen=True)
class Order:
    """A stack to train. `sweep`: a name that no other sweep on the cluster has; `digest`: of the data set
    that the stack's is part of."""

    sweep: str
    stack: Stack
    digest: str
    expected: Premises

    @property
    def sealed(self) -> bytes:
        """What `pickle.loads` carries out: so a scheduler need not have nnexp, and a worker without it says
        so."""
        return pickle.dumps(_Call(self))


@dataclass(frozen=True)
class Answer:
    """What becomes of an order. `refusal`: why this worker may not train; `lacks`: keys of what it must be
    sent first. `files`: name -> content of the checkpoints that it has written where the parent cannot see
    them, and `marks`: run_id -> where a run goes on in them. `trouble`: that it had with checkpoints."""

    outcomes: Sequence[Outcome] = ()
    refusal: str = ""
    lacks: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    trouble: int = 0


class _Call:
    """Unpickles as the answer to an order."""

    def __init__(self, order: Order) -> None:
        self.order = order

    def __reduce__(self) -> tuple[Any, tuple[Order]]:
        return carry_out, (self.order,)


def carry_out(order: Order) -> Answer:
    """Train the stack of an order. Without a common disk it comes back with each checkpoint."""
    from distributed import get_worker

    _one_thread_for_good()
    worker = get_worker()
    if why := _other_code(order.expected):
        return Answer(refusal=why)
    try:
        check_premises(order.expected)
        whole = dataset_here(order.stack.data, order.digest, worker.data)
        if whole is None:
            return Answer(lacks=(data_key(order.stack.data, order.digest),))
        with TemporaryDirectory(dir=worker.local_directory) as folder:
            return _train(order, whole, Path(folder), worker.data)
    except PremiseError as error:
        return Answer(refusal=_other_code(order.expected) or str(error))


def file_key(sweep: str, mark: Mark) -> str:
    """The name under which a worker is sent the checkpoint of a mark."""
    return f"{sweep}-{mark.path.name}-{mark.epoch}"


def _train(order: Order, whole: Dataset, folder: Path, sent: Mapping[str, Any]) -> Answer:
    """The same on the whole data set, with an empty folder; `sent`: what the parent has sent, by its key."""
    expected, stack = order.expected, replace(order.stack, rows=tuple(range(len(order.stack.rows))))
    apart = expected.checkpoints is not None and not expected.checkpoints.is_here()
    board = DistantBoard(folder / "board", order.stack.rows, order.sweep)
    if not apart:
        outcomes = train_stack(stack, whole, expected, board)
        return Answer(_with_machine(outcomes), trouble=board.trouble)
    keys = {mark.path.name: file_key(order.sweep, mark) for mark in stack.marks}
    if lacks := tuple(key for key in keys.values() if key not in sent):
        return Answer(lacks=lacks)
    for name, key in keys.items():
        (folder / name).write_bytes(sent[key])
    stack = replace(stack, marks=tuple(Mark(mark.epoch, folder / mark.path.name) for mark in stack.marks))
    assert expected.checkpoints is not None
    here = expected.checkpoints.at(folder / "new")
    board.end_after(expected.checkpoint_every)
    outcomes = train_stack(stack, whole, replace(expected, checkpoints=here), board)
    files = {path.name: path.read_bytes() for path in (folder / "new").glob("*.npz")}
    marks = {run: Mark(mark.epoch, Path(mark.path.name)) for run, mark in here.marks(stack.runs).items()}
    return Answer(_with_machine(outcomes), files=files, marks=marks, trouble=board.trouble)


def _with_machine(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [replace(outcome, machine=machine() | dict(outcome.machine)) for outcome in outcomes]


def _other_code(expected: Premises) -> str:
    """How this worker's nnexp differs from the parent's, and what to do; empty if it does not."""
    try:
        loaded, now = _loaded(), formulas().digests
    except (OSError, SyntaxError, ValueError) as error:
        return f"its nnexp in {PACKAGE} cannot be read ({error}): install the parent's and start it again"
    files = sorted({file for file, _ in expected.code.items() ^ now.items()})
    if files:
        more = f" and {count(len(files) - 1, 'other file')}" if len(files) > 1 else ""
        where = f"its nnexp in {PACKAGE} differs from the parent's in {files[0]}{more}"
        return f"{where}: install the same files there and start it again"
    return "" if loaded == now else f"it began before the files in {PACKAGE} were exchanged: start it again"


@cache
def _loaded() -> dict[str, str]:
    """The formulas as they were when this process trained for the first time."""
    return formulas().digests


@cache
def _one_thread_for_good() -> object:
    """Stacks in threads of one process would give each other's limit back."""
    limit = one_blas_thread()
    limit.__enter__()
    return limit
