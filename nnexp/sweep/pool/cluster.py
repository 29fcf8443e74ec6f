"""Stacks on the workers of a Dask cluster, by Dask's own client.

joblib's backend for Dask sends data with every stack, and waits for ever for one that kills worker after
worker. Here each stack goes to one worker that we choose, so that it is known who trains what; data travel to
a worker that has none once, and not through the scheduler.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import TYPE_CHECKING

from nnexp.data import Dataset, DataSpec
from nnexp.sweep.pool.dispatch import Dispatch
from nnexp.sweep.pool.premises import Premises
from nnexp.sweep.pool.progress_board import Board
from nnexp.sweep.pool.stacks import Stack
from nnexp.sweep.pool.worker import Outcome

if TYPE_CHECKING:
    from distributed import Client


def launch_on_cluster(
    client: Client,
    stacks: Sequence[Stack],
    wholes: Mapping[DataSpec, Dataset],
    expected: Premises,
    board: Board,
    stop_within: float,
    tell: Callable[[str], None],
) -> Generator[Sequence[Outcome], None, None]:
    """As `launch`, on the workers of a Dask cluster. `wholes`: data sets that those of the runs are part of.

    Workers may come and go. One that does not meet the premises is told of, by its address, and the sweep
    goes on without it.

    Raises:
        PremiseError: no worker meets them.
        OSError: the scheduler is gone.
    """
    dispatch = Dispatch(client, stacks, wholes, expected, board, tell)
    try:
        yield from dispatch.outcomes(stop_within)
    except (OSError, RuntimeError) as error:
        if client.status == "running":
            raise
        raise OSError("the Dask scheduler is gone") from error
    finally:
        dispatch.close()
