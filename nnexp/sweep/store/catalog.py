"""Which sweeps lie in a folder, how far they are, and which of them a name means."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nnexp.errors import UserError, unknown
from nnexp.sweep.question.names import FOLDERS_OF_A_SWEEP, PUBLISHED
from nnexp.sweep.question.seeds import seeds_in
from nnexp.sweep.store.disk_use import disk_use_of_sweep
from nnexp.sweep.store.kept import kept
from nnexp.sweep.store.plan_file import FILE, Head, read_head
from nnexp.sweep.store.record import DONE
from nnexp.sweep.store.record_file import status_in
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.sweep.store.rounds_file import awaited, read_rounds

PENDING = "pending"


class Choice(NamedTuple):
    """The folder that a name means, and why this one, if there were several."""

    folder: Path
    why: str = ""


def sweep_folders(sweeps_dir: str | Path, *, data: str | None = None) -> list[Path]:
    """The folders NAME/ID of all sweeps under `sweeps_dir`, published ones aside, oldest start first; with
    `data`, of those on this data set."""
    folders = (folder for folder in _folders(Path(sweeps_dir)) if data is None or data in data_of(folder))
    return sorted(folders, key=lambda folder: (started(folder), folder))


def folders_at(name: str, sweeps_dir: str | Path) -> Iterator[Path]:
    """The folders of all sweeps NAME, or of the one NAME/ID, and of those below it: NAME/PART/ID."""
    root = Path(sweeps_dir)
    return _folders(root, root / name)


def find_sweep_folder(
    words: str, sweeps_dir: str | Path, *, data: str | None = None, published: bool = False
) -> Choice:
    """The sweep that NAME means, or NAME/ID, of whose ID a beginning will do; its path will do as well.

    Of several sweeps NAME the newest finished one is meant, else the newest; with `data`, those on this data
    set alone count. `published`: where there is none, the published results of that name.

    Raises:
        UserError: there is none, or several; names the close ones.
    """
    root = Path(sweeps_dir)
    name = name_from_path(words, root)
    home = root / PUBLISHED / name.removeprefix(f"{PUBLISHED}/")
    homes = [home] if published and (home / FILE).is_file() else []
    candidates = _named(name, root) or homes
    if not candidates:
        raise _unknown(name, root, published)
    if data is None:
        return _latest(name, candidates)
    on_data = [folder for folder in candidates if data in data_of(folder)]
    on_data = on_data or [folder for folder in homes if data in data_of(folder)]
    if not on_data:
        known = ", ".join(sorted({other for folder in candidates for other in data_of(folder)}))
        rule = f"sweep {name} must be on {data}, and what is here is on {known}"
        raise UserError(f"{rule}: the command that trained it trains it anew with data={data}")
    return _latest(name, on_data)


def nearest_sweeps() -> Path:
    """The folder `sweeps` here, or in the nearest folder above that has one: a notebook inside finds it. Else
    the one here."""
    above = [Path(*[".."] * up, "sweeps") for up in range(len(Path.cwd().parts))]
    return next((folder for folder in above if folder.is_dir()), above[0])


def name_from_path(words: str, sweeps_dir: str | Path) -> str:
    """NAME or NAME/ID, of which shells complete the path: `sweeps/NAME/`."""
    return words.removeprefix(f"{Path(sweeps_dir).as_posix()}/").rstrip("/")


def _named(name: str, root: Path) -> list[Path]:
    """The folders of all sweeps NAME, or the one NAME/ID.

    Raises:
        UserError: several IDs begin so.
    """
    sweeps = {folder.relative_to(root).as_posix(): folder for folder in _folders(root)}
    parent, _, beginning = name.rpartition("/")
    if of_name := [folder for known, folder in sweeps.items() if known.rpartition("/")[0] == name]:
        return of_name
    begins = [known for known in sweeps if known.startswith(name) and known.rpartition("/")[0] == parent]
    if name not in begins and len(begins) > 1:
        raise unknown("sweep", name, begins)
    matches = [name] if name in begins else begins
    return [sweeps[known] for known in matches if beginning]


def _latest(name: str, folders: Sequence[Path]) -> Choice:
    """The newest finished one of the sweeps of a name, by their start; else the newest."""
    if len(folders) == 1:
        return Choice(folders[0])
    newest_first = sorted(folders, key=lambda folder: (started(folder), folder), reverse=True)
    finished = next((folder for folder in newest_first if is_finished(folder)), None)
    chosen = finished or newest_first[0]
    others = sorted({data for folder in folders for data in data_of(folder)} - set(data_of(chosen)))
    which = f"the newest finished one of {len(folders)}"
    if finished is None:
        which = f"the newest of {len(folders)}, none of which is finished"
    if others:
        choices = " or ".join(f"data={other}" for other in others)
        which += f"; it is on {', '.join(data_of(chosen))}, and {choices} means another"
    return Choice(chosen, f"{name} means {name}/{chosen.name}, {which}")


def _unknown(name: str, root: Path, published: bool) -> UserError:
    choices = {folder.parent.relative_to(root).as_posix() for folder in _folders(root)}
    home = root / PUBLISHED
    if name.startswith(f"{PUBLISHED}/") and not home.is_dir():
        train = f"python -m nnexp +sweep={name.removeprefix(f'{PUBLISHED}/')} trains that sweep"
        return UserError(f"no {home} here: nnexp's published results are in its repository alone; {train}")
    if published:
        choices |= {path.parent.relative_to(home).as_posix() for path in home.rglob(FILE)}
    return unknown("sweep", name, choices) if choices else no_sweeps(root)


def no_sweeps(sweeps_dir: str | Path) -> UserError:
    """What to say where nothing was trained."""
    return UserError(f"no sweep in {sweeps_dir} yet: python -m nnexp +sweep=batch_size trains one")


def statuses_in(folder: Path, head: Head) -> Counter[str]:
    """How many of the runs that were asked for last ended in which way, or are pending.

    From the first bytes of each record: a damaged one is not noticed. Of a large sweep, as they were counted
    last, if no file was added, taken away or replaced since.

    Raises:
        UserError: the rounds are damaged, and lack a seed.
    """
    sources = [folder / FILE, folder / ROUNDS, folder / "records"]
    return Counter(kept(folder, "statuses", sources, lambda: _statuses(folder, head)))


def _statuses(folder: Path, head: Head) -> Counter[str]:
    records = folder / "records"
    there = set(os.listdir(records)) if records.is_dir() else set()
    keys = [key for each in read_rounds(folder) for key in each.runs]
    of_all, seeds = seeds_in(head.seeds, {key.seed for key in keys})
    if lost := set(of_all) - {key.seed for key in keys}:
        raise UserError(f"{folder / ROUNDS} lacks seed {min(lost)}: the sweep's own command brings it back")
    ids = [key.run_id for key in keys if key.seed in seeds]
    files = (f"{run_id}.json" for run_id in ids)
    return Counter((status_in(f"{records}/{file}") if file in there else "") or PENDING for file in files)


def take_stock(folder: Path) -> None:
    """Count the runs of a large sweep, and what it takes on disk, while nobody waits: both are kept."""
    with suppress(UserError, OSError):
        statuses_in(folder, read_head(folder))
        disk_use_of_sweep(folder)


def is_finished(folder: Path) -> bool:
    """Whether every run that was asked for is done, or was pruned, and no round is to come."""
    with suppress(UserError, OSError):  # damaged, or removed meanwhile
        head = read_head(folder)
        statuses = statuses_in(folder, head)
        return bool(statuses) and set(statuses) <= {*DONE, "pruned"} and not awaited(folder)
    return False


def _folders(root: Path, top: Path | None = None) -> Iterator[Path]:
    return (folder for folder in _folders_below(root, top or root) if (folder / FILE).is_file())


def _folders_below(root: Path, top: Path) -> Iterator[Path]:
    """Every folder two levels or more below `root`, as NAME/ID is, at `top` or below that. What a link leads
    to is walked once."""
    targets: set[Path] = set()
    for home, names, _ in os.walk(top, followlinks=True):
        place = Path(home)
        if place != root and place.parent != root:
            yield place
        names[:] = sorted(set(names) - ({PUBLISHED} if place == root else set(FOLDERS_OF_A_SWEEP)))
        for link in [name for name in names if (place / name).is_symlink()]:
            target = (place / link).resolve()
            if target in targets:
                names.remove(link)
            targets.add(target)


def started(folder: Path) -> str:
    """When the sweep in `folder` was started; a damaged plan cannot tell, and counts as the oldest."""
    with suppress(UserError):
        return read_head(folder).started
    return ""


def data_of(folder: Path) -> tuple[str, ...]:
    """The data sets of a sweep; of a damaged or missing one none."""
    with suppress(UserError):
        return read_head(folder).data
    return ()
