"""Starting real sweeps in real processes, and looking at what they leave."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
INJECT = Path(__file__).parent / "inject"

# 12 runs in stacks of 1 to 3, about 3 s of work for two workers.
SWEEP = ["data=synthetic", "epochs=60", "batch_size=5", "n_jobs=2"]
SWEEP += ["pictures=false", "-m", "learning_rate=0.1,0.5,1,2", "seed=range(3)"]


def hears_ctrl_c() -> None:
    """In a child: a shell that starts the tests in the background has them, and so it, ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def start(
    words: Sequence[str], folder: Path, *, own_group: bool = False, **environment: str
) -> "subprocess.Popen[str]":
    """`python -m nnexp WORDS` in `folder`, with a scratch folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    path = os.pathsep.join([environment.pop("PYTHONPATH", str(ROOT)), str(INJECT)])
    surroundings = {"PYTHONUNBUFFERED": "1", "TMPDIR": str(scratch), "PYTHONPATH": path}
    return subprocess.Popen(
        [sys.executable, "-m", "nnexp", *words],
        cwd=folder,
        env=os.environ | surroundings | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=hears_ctrl_c,
        process_group=0 if own_group else None,
    )


class Ended(NamedTuple):
    """Exit status and everything printed."""

    status: int
    shown: str


def run(words: Sequence[str], folder: Path, **environment: str) -> Ended:
    """The same, waited for."""
    with start(words, folder, **environment) as process:
        shown = process.communicate(timeout=180)[0]
    return Ended(process.returncode, shown)


def read_until(process: "subprocess.Popen[str]", mark: str) -> str:
    """What the process prints up to a line that starts with `mark`."""
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.startswith(mark):
            break
    return "".join(lines)


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
    """The CSV files without what may differ between two trainings: times, and MLflow's ids."""
    texts = {}
    for file in sorted(sweep_folder(folder, name).glob("*.csv")):
        header, *rows = [line.split(",") for line in file.read_text().splitlines()]
        kept = [k for k, column in enumerate(header) if "seconds" not in column and "mlflow_" not in column]
        texts[file.name] = "\n".join(",".join(row[k] for k in kept) for row in [header, *rows])
    return texts


class Store(NamedTuple):
    """What a SQLite store holds: the parent's status, and the statuses of the children of each run_id."""

    parent: str
    children: dict[str, list[str]]


def store(folder: Path, name: str = "multirun") -> Store:
    """Read with SQL, so that MLflow's client is no part of the test."""
    place = sweep_folder(folder, name)
    wanted = {path.stem for path in (place / "records").glob("*.json")}
    tagged = """SELECT t.value, r.status FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid
                WHERE r.lifecycle_stage = 'active' AND t.key = ?"""
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        parents = database.execute(tagged, ["nnexp.sweep_id"]).fetchall()
        runs = database.execute(tagged, ["nnexp.run_id"]).fetchall()
    [parent] = [status for sweep_id, status in parents if sweep_id == place.name]
    children: dict[str, list[str]] = {}
    for run_id, status in runs:
        if run_id in wanted:
            children.setdefault(run_id, []).append(status)
    return Store(parent, children)
