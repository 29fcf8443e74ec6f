"""Which sweep somebody sees who watches a name: what trains now, then the answer that rests on it."""

from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from nnexp.errors import UserError
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store.catalog import data_of, folders_at, started
from nnexp.sweep.store.lock import held_since, holder_of
from nnexp.sweep.store.plan_file import FILE, read_plan


def trained_now(name: str, sweeps_dir: str | Path, data: str | None = None) -> Path | None:
    """The sweep NAME that trains now, or its stage or trials that do: the last of them to begin; with `data`,
    of those on this data set.

    None: nobody trains any.
    """
    held = [
        folder
        for folder in folders_at(name, sweeps_dir)
        if holder_of(folder)
        and (folder.parent == Path(sweeps_dir, name) or _is_part(folder))
        and (data is None or data in data_of(folder))
    ]
    return max(held, key=lambda folder: held_since(folder) or 0.0, default=None)


def answer_on(part: Path, name: str, sweeps_dir: str | Path) -> Path | None:
    """The sweep NAME that rests on `part`, directly or on what rests on it; of several the one begun last.

    None: there is none yet.
    """
    home, known = Path(sweeps_dir, name), {part}
    rests_on = {folder: _rests_on(folder, sweeps_dir) for folder in folders_at(name, sweeps_dir)}
    while more := {folder for folder, parts in rests_on.items() if parts & known} - known:
        known |= more
    return max((folder for folder in known if folder.parent == home), key=started, default=None)


def _rests_on(folder: Path, sweeps_dir: str | Path) -> frozenset[Path]:
    """The stages and trials that a sweep rests on."""
    with suppress(OSError):  # removed meanwhile
        status = (folder / FILE).stat()
        names = _parts_named(folder, status.st_mtime_ns, status.st_size)
        return frozenset(Path(sweeps_dir, name) for name in names)
    return frozenset()


@lru_cache(maxsize=1000)
def _parts_named(folder: Path, *state: int) -> frozenset[str]:
    """NAME/ID of each, by the plan; `state`: of its file, which large plans are not read from in vain."""
    with suppress(UserError):
        plan = read_plan(folder)
        return frozenset({plan.trials, *(stage.sweep for stage in plan.stages)} - {""})
    return frozenset()


def _is_part(folder: Path) -> bool:
    with suppress(UserError):  # its plan is not there yet, or damaged
        return is_part(read_plan(folder))
    return False
