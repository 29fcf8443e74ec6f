"""What a worker must share with its parent to train for it, and what it is given to keep to."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol, Self

import numpy as np

from nnexp.errors import UserError
from nnexp.nn import RunState, check_engine
from nnexp.nn.kernels import blas_kernels
from nnexp.sweep.pool.engines import engine_facts, engine_of
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.question.identity import FileVersions, file_versions, formulas, numerics_of
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.pruners import Floors


class Checkpoints(Protocol):
    """Where a worker leaves the states of runs that have not ended, and finds them again."""

    def write(self, stack: Stack, states: Sequence[RunState]) -> Stack: ...
    def read(self, stack: Stack) -> list[RunState]: ...
    def marks(self, runs: Iterable[Run]) -> Mapping[str, Mark]: ...

    # For workers of other machines: whether they see the folder that the parent has announced; else they
    # write to one of theirs, and the parent keeps the files.
    def announce(self) -> None: ...
    def withdraw(self) -> None: ...
    def is_here(self) -> bool: ...
    def at(self, folder: Path) -> Self: ...
    def keep(self, files: Mapping[str, bytes]) -> Path: ...


@dataclass(frozen=True)
class Premises:
    """What holds for every stack of a sweep: its parent process, the code (a digest of the formulas in each
    file), BLAS kernels and NumPy that must be the same in every worker, and the seconds that a run may take
    (None: no limit). `files`: where the code stands, for workers that see the same files. `engine`: what
    decides the bits of compiled runs, if there are any. `mixed`: all of that may differ, but for the code.

    `checkpoints`: None for a sweep that has none; `checkpoint_every`: seconds from one to the next of a
    stack, which has another one at a stop; 0 for no new ones. `floors`: run_id -> where a pruner ends it."""

    parent: int
    code: Mapping[str, str]
    kernels: Mapping[str, str]
    numpy: str = np.__version__
    files: FileVersions = ()
    engine: Mapping[str, str] = field(default_factory=dict)
    mixed: bool = False
    max_seconds: float | None = None
    checkpoints: Checkpoints | None = None
    checkpoint_every: float = 0.0
    floors: Mapping[str, Floors] = field(default_factory=dict)


class PremiseError(Exception):
    """A worker has other code, BLAS kernel or data than the parent: the sweep cannot go on. Says which."""


def premises(
    plan: Plan,
    max_seconds: float | None = None,
    checkpoints: Checkpoints | None = None,
    checkpoint_every: float = 0.0,
    mixed: bool = False,
    floors: Mapping[str, Floors] | None = None,
) -> Premises:
    """The premises of a sweep whose parent is this process.

    Raises:
        PremiseError: the formulas are not those that the sweep was planned with.
    """
    if numerics_of(run.settings for run in plan.first_runs) != plan.numerics:
        raise PremiseError("the code changed since the sweep was planned: start again")
    return Premises(
        os.getpid(),
        formulas().digests,
        blas_kernels(),
        files=file_versions(),
        engine=engine_facts(engine_of(plan.first_runs)),
        mixed=mixed,
        max_seconds=max_seconds,
        checkpoints=checkpoints,
        checkpoint_every=checkpoint_every,
        floors=floors or {},
    )


def check_premises(expected: Premises, engine: str = "numpy") -> None:
    """Raise `PremiseError` unless this process's code, NumPy and BLAS kernels are the expected ones, and what
    an engine needs to train."""
    try:
        same = file_versions() == expected.files or formulas().digests == expected.code
    except (OSError, SyntaxError, ValueError):  # an editor that saves half a file
        same = False
    if not same:
        raise PremiseError("the code changed while the sweep ran: start again")
    try:
        check_engine(engine)
    except UserError as error:
        raise PremiseError(f"this worker lacks a library: {error}") from error
    if expected.mixed:
        return
    if np.__version__ != expected.numpy:
        raise PremiseError(f"this worker's NumPy is {np.__version__}, the parent's {expected.numpy}")
    for package, kernel in _kernels().items():
        if kernel != expected.kernels[package]:
            theirs = f"the parent's {expected.kernels[package]}"
            raise PremiseError(f"this worker's kernel of {package}'s BLAS is {kernel}, {theirs}")
    for name, value in engine_facts(engine).items():
        if value != expected.engine[name]:
            raise PremiseError(f"this worker's {name} is {value}, the parent's {expected.engine[name]}")


@cache
def _kernels() -> Mapping[str, str]:
    """Those of this process, which has loaded them for good."""
    return blas_kernels()


def temporary_folder_is_gone(error: OSError) -> PremiseError:
    """What ends a sweep whose temporary folder somebody, or a cleaner, has removed: no fault of any run."""
    return PremiseError(f"the temporary folder of the sweep was removed while it ran ({error}): start again")
