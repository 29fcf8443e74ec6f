"""Checkpoints: what unfinished runs leave behind, so that they go on bit for bit. Workers write them.

`checkpoints/ATTEMPT-STACK.npz`: a file for each stack and attempt, replaced as the stack goes on.
"""

import hashlib
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Self
from uuid import uuid4

from nnexp.files import replacing
from nnexp.nn import RunState
from nnexp.sweep.pool.stacks import Mark, Stack
from nnexp.sweep.question.identity import NEUTRAL_VALUES, canonical_json
from nnexp.sweep.question.plan import Run
from nnexp.sweep.store.checkpoint_file import Head, read_head, write_checkpoint
from nnexp.sweep.store.folder import Sweep

FOLDER = "checkpoints"


class Found(NamedTuple):
    """What there is for runs to go on with. `marks`: run_id -> where it goes on. Of others, run_id -> why it
    begins: `elsewhere`, its checkpoint was made on another machine (how that differs); `outdated`, in this
    folder, by other formulas. `damaged`: files that are not used, and what is wrong with them."""

    marks: dict[str, Mark]
    elsewhere: dict[str, str]
    outdated: dict[str, Path]
    damaged: dict[Path, str]


@dataclass(frozen=True)
class CheckpointFolder:
    """The checkpoints of a sweep, as one attempt to train it writes and reads them; a later attempt wins.

    `token`: what tells workers of other machines that they see this folder."""

    folder: Path
    attempt: int
    code: str
    token: str = ""

    def write(self, stack: Stack, states: Sequence[RunState]) -> Stack:
        """Make the states of a stack's runs durable. Returns the stack as it goes on from there.

        Raises:
            OSError: the file cannot be written; the one before stays.
        """
        self.folder.mkdir(exist_ok=True)
        name = hashlib.sha256(" ".join(run.run_id for run in stack.runs).encode()).hexdigest()[:12]
        path = self.folder / f"{self.attempt:04d}-{name}.npz"
        write_checkpoint(path, self.attempt, self.code, stack.runs, states)
        return replace(stack, marks=tuple(Mark(state.epoch, path) for state in states))

    def read(self, stack: Stack) -> list[RunState]:
        """Where the runs of a stack go on.

        Raises:
            OSError: a file cannot be read.
            ValueError: one is torn or damaged, or does not fit.
        """
        heads = {mark.path: read_head(mark.path) for mark in stack.marks}
        return [heads[mark.path].state(run) for run, mark in zip(stack.runs, stack.marks, strict=True)]

    def marks(self, runs: Iterable[Run]) -> dict[str, Mark]:
        """Where those of the runs go on that have a checkpoint by now."""
        return _find([self.folder], runs, self.code).marks

    @property
    def _token_file(self) -> Path:
        return self.folder / f"{self.attempt:04d}.token"

    def announce(self) -> None:
        """Put the token where workers look for it. Where that fails, they send us what they write."""
        with suppress(OSError):
            self.folder.mkdir(exist_ok=True)
            self._token_file.write_text(self.token)

    def withdraw(self) -> None:
        """Take the token away."""
        with suppress(OSError):
            self._token_file.unlink(missing_ok=True)

    def is_here(self) -> bool:
        """Whether this machine sees the folder that was announced, and may write there."""
        try:
            return self._token_file.read_text() == self.token and os.access(self.folder, os.W_OK)
        except OSError:
            return False

    def at(self, folder: Path) -> Self:
        """The same in another folder."""
        return replace(self, folder=folder)

    def keep(self, files: Mapping[str, bytes]) -> Path:
        """Make files durable that another machine has written; returns their folder.

        Raises:
            OSError: one cannot be written.
        """
        self.folder.mkdir(exist_ok=True)
        for name, content in files.items():
            with replacing(self.folder / name) as file:
                file.write(content)
        return self.folder


def find_checkpoints(sweep: Sweep, mode: str, code: str) -> Found:
    """What unfinished runs of a sweep have left, in its folder or in those of other sweeps of its name.

    Nothing where all are to begin: the seconds of a run that was cut are of no use to a sweep about time.
    """
    rows = [] if mode == "force" or sweep.plan.timing else sweep.pending(mode)
    runs = [run for run in (sweep.plan.runs[row] for row in rows) if run.run_id not in sweep.records]
    own = sweep.folder / FOLDER
    others = sorted(path for path in sweep.folder.parent.glob(f"*/{FOLDER}") if path != own)
    return _find([*others, own], runs, code)


def open_checkpoints(sweep: Sweep, code: str) -> CheckpointFolder:
    """The folder for another attempt to train a sweep that this process holds."""
    folder = sweep.folder.absolute() / FOLDER  # workers may be in another one
    tokens = list(folder.glob("*.token"))
    attempts = [path.name[:4] for path in (*folder.glob("*.npz"), *tokens)]
    latest = max((int(attempt) for attempt in attempts if attempt.isdecimal()), default=0)
    for leftover in (*folder.glob(".*.tmp"), *tokens):  # of a process that was killed
        leftover.unlink(missing_ok=True)  # a worker of such a process may still be there
    return CheckpointFolder(folder, latest + 1, code, uuid4().hex)


def remove_checkpoints(
    folder: Path, settled: Collection[str], marks: Mapping[str, Mark], attempt: int | None = None
) -> None:
    """Remove files whose head is damaged, and those that no run needs; the folder if it is empty.

    A run needs none if it is `settled`: its record is durable, or it is to begin anew. Else it needs what
    this `attempt` wrote last, before that what it goes on from (`marks`), and without either all that it has.
    Of another machine's, and of what cannot be read just now, nothing is known to be useless.
    """
    heads, damaged, _ = _heads(folder)
    latest = {run_id: mark.path for run_id, mark in marks.items()}
    own = [head for head in heads if head.attempt == attempt]
    latest |= {run_id: head.path for head in own for run_id in head.runs}
    useless = [head.path for head in heads if not _is_needed(head, settled, latest)]
    for path in [*useless, *damaged]:
        path.unlink(missing_ok=True)
    with suppress(OSError):  # not empty, or never there
        folder.rmdir()


def _is_needed(head: Head, settled: Collection[str], latest: Mapping[str, Path]) -> bool:
    begun = set(head.runs) - set(settled)
    ours = head.machine == head.machine_here
    return any(not ours or latest.get(run_id, head.path) == head.path for run_id in begun)


def _heads(folder: Path) -> tuple[list[Head], dict[Path, str], dict[Path, str]]:
    """Of every checkpoint in a folder, the latest last; of the others what is wrong: they are damaged, or
    cannot be read just now."""
    heads, damaged, unread = list[Head](), dict[Path, str](), dict[Path, str]()
    for path in folder.glob("*.npz"):
        try:
            heads.append(read_head(path))
        except FileNotFoundError:  # removed meanwhile
            continue
        except ValueError as error:
            (unread if _is_passing(error) else damaged)[path] = str(error)
        except OSError as error:
            unread[path] = str(error)
    in_order = sorted(heads, key=lambda head: (head.attempt, max(map(head.epoch, head.runs)), head.path))
    return in_order, damaged, unread


def _is_passing(error: ValueError) -> bool:
    """Whether the cause may pass: the disk, or the memory of this machine, and not what the file holds."""
    return isinstance(error.__cause__, (OSError, MemoryError))


def _find(folders: Sequence[Path], runs: Iterable[Run], code: str) -> Found:
    """What there is for these runs in the folders; of a run that several hold, the last one."""
    found, wanted = Found({}, {}, {}, {}), {run.run_id: run for run in runs}
    heads: list[Head] = []
    for folder in folders if wanted else ():
        whole, damaged, unread = _heads(folder)
        heads += whole
        found.damaged.update(damaged | unread)
    by_settings = {_settings(run.settings): run_id for run_id, run in wanted.items()} if heads else {}
    for head in heads:
        used = [run_id for run_id in head.runs if run_id in wanted]
        here = head.machine_here
        if different := [name for name in here if head.machine.get(name) != here[name]]:
            name = different[0]
            how = f"{name} was {head.machine.get(name)}, here it is {here[name]}"
            found.elsewhere.update(dict.fromkeys(used, how))
        elif why := head.damage(wanted[run_id] for run_id in used):
            found.damaged[head.path] = why
        else:
            found.marks.update({run_id: Mark(head.epoch(run_id), head.path) for run_id in used})
        for run_id in set(head.runs) - set(used) if head.code != code else ():
            if same := by_settings.get(_settings(head.runs[run_id]["settings"])):
                found.outdated[same] = head.path.parent
    for run_id in found.marks:
        found.elsewhere.pop(run_id, None)
        found.outdated.pop(run_id, None)
    return found


def _settings(settings: dict[str, object]) -> str:
    """Those that came later are at the value that says what was done before."""
    return canonical_json(NEUTRAL_VALUES | settings)
