"""Starting real sweeps in real processes, and looking at what they leave."""

import fcntl
import os
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Timer
from typing import NamedTuple

from tests.processes import hears_signals
from tests.results.figures import figures_in

ROOT = Path(__file__).parents[2]
INJECT = Path(__file__).parent / "inject"

# 12 runs in four stacks at least, the smallest batch first; about 3 s of work for two workers.
SWEEP = ["data=synthetic", "epochs=60", "n_jobs=2", "pictures=false"]
SWEEP += ["-m", "batch_size=5,6,7,8", "seed=range(3)"]
QUIET = [*SWEEP, "tracking=none"]
RUNS = 12
# Faults (see inject/) of a run in the third of them: it trains for ever; it waits for NNEXP_GATE.
ENDLESS, WAITS = "endless batch_size=7 seed=1", "waits batch_size=7 seed=1"


def takes_terminal() -> None:
    """In a child: its standard input is the terminal that it hears of."""
    hears_signals()
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Process(subprocess.Popen[str]):
    """Leaves nothing running behind a test that fails."""

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            self.kill()
        super().__exit__(*error)  # type: ignore[arg-type]


def start(
    words: Iterable[str],
    folder: Path,
    *,
    own_group: bool = False,
    terminal: int | None = None,
    **environment: str,
) -> Process:
    """`python -m nnexp WORDS` in `folder`, with a scratch folder of its own. A later word for a key counts.

    `terminal`: the handle of one, which becomes that of the process.
    """
    words = {word.partition("=")[0]: word for word in words}.values()
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    path = os.pathsep.join([environment.pop("PYTHONPATH", str(ROOT)), str(INJECT)])
    surroundings = {"PYTHONUNBUFFERED": "1", "TMPDIR": str(scratch), "PYTHONPATH": path}
    return Process(
        [sys.executable, "-m", "nnexp", *words],
        cwd=folder,
        env=os.environ | surroundings | environment,
        stdin=terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hears_signals if terminal is None else takes_terminal,
        process_group=0 if own_group else None,
    )


class Ended(NamedTuple):
    """Exit status and everything printed."""

    status: int
    shown: str


def run(words: Iterable[str], folder: Path, **environment: str) -> Ended:
    """The same, waited for."""
    with start(words, folder, **environment) as process:
        shown = process.communicate(timeout=180)[0]
    return Ended(process.returncode, shown)


def read_until(process: Process, mark: str) -> None:
    """Read what the process prints up to a line that starts with `mark`."""
    assert process.stdout is not None
    impatience = Timer(120, process.kill)
    impatience.start()
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith(mark):
            impatience.cancel()
            return
    impatience.cancel()
    raise AssertionError(f"the process ended before it printed {mark!r}: {''.join(lines)}")


def wait_for(condition: Callable[[], object], seconds: float) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def descendants(pid: int) -> list[int]:
    """Processes that train for `pid`: its children that run loky's worker."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid and fields[0] != "Z" and b"popen_loky" in command:
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_end(pids: Sequence[int], seconds: float) -> bool:
    """Whether none of these processes runs any more, in time."""
    return wait_for(lambda: not any(map(alive, pids)), seconds)


def sweep_folder(folder: Path, name: str = "multirun") -> Path:
    """The folder of the one sweep of that name."""
    (only,) = [path for path in (folder / "sweeps" / name).iterdir() if path.is_dir()]
    return only


def tables(folder: Path, name: str = "multirun") -> dict[str, str]:
    """What the CSV files of the one sweep of that name say."""
    return figures_in(sweep_folder(folder, name))


def records(folder: Path, name: str = "multirun") -> set[Path]:
    """The files of runs that ended."""
    if not (folder / "sweeps" / name).exists():
        return set()
    return set((sweep_folder(folder, name) / "records").glob("*.json"))


class Store(NamedTuple):
    """What a SQLite store holds of a sweep: the parent's status, and the statuses of each run's children."""

    parent: str
    children: list[list[str]]


WHOLE = Store("FINISHED", [["FINISHED"]] * RUNS)  # every run once, and nothing left to do


def store(folder: Path, name: str = "multirun") -> Store:
    """What `mlflow.db` holds of the runs that are recorded."""
    place = sweep_folder(folder, name)
    wanted = {path.stem for path in records(folder, name)}
    [parent] = [status for sweep_id, status in _tagged(folder, "nnexp.sweep_id") if sweep_id == place.name]
    children: dict[str, list[str]] = {}
    for run_id, status in _tagged(folder, "nnexp.run_id"):
        if run_id in wanted:
            children.setdefault(run_id, []).append(status)
    return Store(parent, list(children.values()))


def parent_is_open(folder: Path) -> bool:
    """Whether MLflow has the sweep's parent already."""
    return sweep_folder(folder).name in dict(_tagged(folder, "nnexp.sweep_id"))


def _tagged(folder: Path, tag: str) -> list[tuple[str, str]]:
    """The tag's value and the status of all runs that have it. With SQL: MLflow's client is no part of it."""
    wanted = """SELECT t.value, r.status FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid
                WHERE r.lifecycle_stage = 'active' AND t.key = ?"""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        return database.execute(wanted, [tag]).fetchall()


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the write lock of `mlflow.db`, as another process that writes and writes."""
    with closing(sqlite3.connect(folder / "mlflow.db", timeout=60, isolation_level=None)) as database:
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")
