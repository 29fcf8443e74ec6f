"""Makes chosen runs misbehave, in whatever process trains them; loaded by Python itself from PYTHONPATH.

NNEXP_FAULT = "KIND learning_rate=VALUE seed=VALUE"; with NNEXP_FAULT_ONCE=FILE only until that file exists.
NNEXP_TRAINED=FILE gets a line for each run whenever it is trained.
"""

import os
import signal
import sys
import threading
from multiprocessing.connection import Connection
from pathlib import Path


def misbehave(kind: str) -> None:
    if kind == "raises":
        raise RuntimeError("it broke")
    if kind == "exits":
        sys.exit(3)
    if kind == "unpicklable":

        class LocalError(Exception):
            lock = threading.Lock()

        error = LocalError("holds a lock")
        error.args = (threading.Lock(),)
        raise error
    if kind == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "leaves":
        os._exit(7)
    if kind == "tears":
        Connection._send = half_of_it


def half_of_it(connection, message, write=None):
    """Dies in the midst of its answer."""
    os.write(connection.fileno(), bytes(message)[: len(message) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


def inject(kind: str, values: dict[str, float], once: str | None) -> None:
    from nnexp.sweep import worker

    train = worker.train

    def faulty(runs, *args, **kwargs):
        if "NNEXP_TRAINED" in os.environ:
            with Path(os.environ["NNEXP_TRAINED"]).open("a") as file:
                file.writelines(f"{run.learning_rate} {run.seed}\n" for run in runs)
        if any(all(getattr(run, name) == value for name, value in values.items()) for run in runs) and not (
            once and Path(once).exists()
        ):
            if once:
                Path(once).touch()
            misbehave(kind)
        return train(runs, *args, **kwargs)

    worker.train = faulty


if "NNEXP_FAULT" in os.environ:
    kind, *words = os.environ["NNEXP_FAULT"].split()
    pairs = [word.split("=") for word in words]
    inject(kind, {name: float(value) for name, value in pairs}, os.environ.get("NNEXP_FAULT_ONCE"))
