"""A checkpoint: the file of a stack that has not ended.

An `.npz` file without pickle. `head` is JSON text that carries its own checksum; beside it stand the arrays
of each run, whose digest is in the head.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnexp.archive import read_arrays
from nnexp.files import replacing
from nnexp.nn import RunState
from nnexp.nn.kernels import blas_kernels
from nnexp.sweep.pool.engines import engine_facts, engine_of
from nnexp.sweep.question.plan import Run
from nnexp.sweep.store.seal import opened, sealed

FORMAT = 1


class Head(NamedTuple):
    """What a checkpoint says without its arrays. `code`: digest of all formulas; `machine`: what decides the
    last bits; `runs`: run_id -> settings, state, and names and digest of its arrays."""

    path: Path
    attempt: int
    code: str
    machine: dict[str, str]
    runs: dict[str, dict[str, Any]]

    @property
    def machine_here(self) -> dict[str, str]:
        """The same of this process, for the engine that it is of."""
        return machine("jax" if "jax" in self.machine else "numpy")

    def epoch(self, run_id: str) -> int:
        """The passes that a run had done."""
        return int(self.runs[run_id]["state"]["epoch"])

    def state(self, run: Run) -> RunState:
        """Where a run goes on.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is torn or damaged, or does not fit the run.
        """
        entry = self.runs.get(run.run_id)
        own = json.loads(json.dumps(vars(run.hyperparameters)))
        if entry is None or not own.items() <= entry["state"]["premises"].items():
            raise ValueError("it holds no state of the run")
        read = read_arrays(self.path, [f"{run.run_id}.{name}" for name in entry["arrays"]])
        arrays = {name: read[f"{run.run_id}.{name}"] for name in entry["arrays"]}
        if _digest(arrays) != entry["sha256"]:
            raise ValueError("the checksum of its arrays does not match")
        return RunState(**entry["state"], arrays=arrays)

    def damage(self, runs: Iterable[Run]) -> str:
        """What is wrong with the states of these runs; empty if they are whole. Reads all of them."""
        try:
            for run in runs:
                self.state(run)
        except (ValueError, OSError) as error:
            return str(error)
        return ""


def write_checkpoint(
    path: Path, attempt: int, code: str, runs: Sequence[Run], states: Sequence[RunState]
) -> None:
    """Make the states of a stack's runs durable.

    Raises:
        OSError: the file cannot be written; the one before stays.
    """
    arrays: dict[str, Any] = {}
    entries: dict[str, dict[str, Any]] = {}
    for run, state in zip(runs, states, strict=True):
        values = state._asdict()
        own = values.pop("arrays")
        arrays |= {f"{run.run_id}.{name}": array for name, array in own.items()}
        entries[run.run_id] = {
            "settings": run.settings,
            "state": values,
            "arrays": list(own),
            "sha256": _digest(own),
        }
    head = {"format": FORMAT, "attempt": attempt, "code": code, "runs": entries}
    head |= {"machine": machine(engine_of(runs))}
    with replacing(path) as file:
        np.savez(file, head=np.frombuffer(sealed(head), np.uint8), **arrays)


def read_head(path: Path) -> Head:
    """The head of a checkpoint.

    Raises:
        OSError: it cannot be read.
        ValueError: it is torn or damaged, or of another version.
    """
    body = opened(read_arrays(path, ["head"])["head"].tobytes())
    if body["format"] != FORMAT:
        raise ValueError("another version of nnexp wrote it")
    return Head(path, body["attempt"], body["code"], body["machine"], body["runs"])


@cache
def machine(engine: str) -> dict[str, str]:
    """What decides the last bits of a training by an engine, beside its formulas."""
    kernels = {f"the kernel of {package}'s BLAS": kernel for package, kernel in blas_kernels().items()}
    return {"NumPy": np.__version__} | kernels | engine_facts(engine)


def _digest(arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
