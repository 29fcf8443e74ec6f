"""Makes chosen runs misbehave, in whatever process trains them; loaded by Python itself from PYTHONPATH.

NNEXP_FAULT = "KIND batch_size=VALUE seed=VALUE", several of them with semicolons between; with
NNEXP_FAULT_ONCE=FILE only until that file exists.
The kind `waits` waits until the file NNEXP_GATE exists; `edits`, `half_edits` change the file NNEXP_EDITED.
NNEXP_TRAINED=FILE gets a line for each run whenever it is trained.
"""

import os
import pickle
import signal
import sys
import threading
import time
from dataclasses import replace
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
        pickle.dump = half_of_it
    if kind == "waits":
        while not Path(os.environ["NNEXP_GATE"]).exists():
            time.sleep(0.02)
    if kind == "edits":
        append("\nEXTRA = 1\n")
    if kind == "half_edits":
        append("\ndef half(")
        os.kill(os.getpid(), signal.SIGKILL)


def append(text: str) -> None:
    with Path(os.environ["NNEXP_EDITED"]).open("a") as file:
        file.write(text)


def half_of_it(answer, file, **settings):
    """Dies in the midst of its answer."""
    whole = pickle.dumps(answer, **settings)
    file.write(whole[: len(whole) // 2])
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def inject(faults: list[tuple[str, dict[str, float]]], once: str | None) -> None:
    from nnexp.sweep.pool import worker

    train = worker.train

    def faulty(runs, *args, **kwargs):
        if "NNEXP_TRAINED" in os.environ:
            with Path(os.environ["NNEXP_TRAINED"]).open("a") as file:
                file.writelines(f"{run.batch_size} {run.seed}\n" for run in runs)
        for kind, values in faults:
            meant = any(all(getattr(run, name) == value for name, value in values.items()) for run in runs)
            if not meant or (once and Path(once).exists()):
                continue
            if once:
                Path(once).touch()
            misbehave(kind)
            if kind == "endless":
                runs = [replace(run, epochs=10**9) for run in runs]
        return train(runs, *args, **kwargs)

    worker.train = faulty


def understood(fault: str) -> tuple[str, dict[str, float]]:
    kind, *words = fault.split()
    return kind, {name: float(value) for name, value in (word.split("=") for word in words)}


if "NNEXP_FAULT" in os.environ:
    inject(
        [understood(fault) for fault in os.environ["NNEXP_FAULT"].split(";")],
        os.environ.get("NNEXP_FAULT_ONCE"),
    )
