"""Faults at random moments, over and over: `python -m tests.faults.soak [--times 100] [--seed 0]`.

Each time a sweep of 12 runs that logs to SQLite is disturbed up to three times (a worker or the parent
killed, Ctrl-C, SIGTERM, a record or a checkpoint damaged, a run that fails), then started until it is whole.
It writes checkpoints all the time, so that most runs that were cut go on from one. Counted as lost: a run
that was recorded and is not any more, a table that differs from an undisturbed sweep's, a run that MLflow
holds not exactly once, a process that trains on, a checkpoint that stays when all is done.
"""

import argparse
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.faults.driving import QUIET, SWEEP, WHOLE, all_end, descendants, records, run, start, store, tables

FAULTS = (
    *("parent killed", "worker killed", "Ctrl-C", "SIGTERM", "record damaged", "run fails"),
    "checkpoint damaged",
)
SOAKED = ["checkpoint_every=0.1", *SWEEP]


def disturb(fault: str, folder: Path, rng: random.Random, seconds: float) -> tuple[bool, list[str]]:
    """Start the sweep, or go on with it, and cause one fault at a random moment of its first `seconds`.

    Whether it struck (the sweep may have ended before), and what was lost by it.
    """
    failing = {}
    if fault == "run fails":
        failing = {"NNEXP_FAULT": f"raises batch_size=6 seed={rng.randrange(3)}"}
    before = records(folder)
    with start(SOAKED, folder, **failing) as process:
        time.sleep(rng.uniform(0.1, 1) * seconds)
        struck, workers = process.poll() is None, descendants(process.pid)
        if fault in ("parent killed", "checkpoint damaged"):
            process.kill()
        elif fault in ("Ctrl-C", "SIGTERM"):
            process.send_signal(signal.SIGINT if fault == "Ctrl-C" else signal.SIGTERM)
        elif fault == "worker killed":
            struck = bool(workers)
            for victim in workers[:1]:
                os.kill(victim, signal.SIGKILL)
        process.communicate(timeout=180)
    lost = [] if all_end(workers, 3) else ["a worker trains on"]
    gone = before - records(folder)
    if any(not path.with_suffix(".damaged").exists() for path in gone):
        lost.append("a record is gone")
    if fault == "run fails":
        struck = process.returncode == 1
    if fault == "record damaged" and (recorded := records(folder)):
        victim = rng.choice(sorted(recorded))
        victim.write_bytes(victim.read_bytes()[: -rng.randrange(1, 100)])
    if fault == "checkpoint damaged" and (struck := bool(written := checkpoints(folder))):
        victim = rng.choice(sorted(written))
        victim.write_bytes(victim.read_bytes()[: -rng.randrange(1, 100)])
    return struck, [f"{fault}: {what}" for what in lost]


def checkpoints(folder: Path) -> set[Path]:
    """The files from which runs go on."""
    return set((folder / "sweeps" / "multirun").glob("*/checkpoints/*.npz"))


def losses(
    folder: Path, reference: dict[str, str], rng: random.Random, seen: Counter[str], seconds: float
) -> tuple[list[str], bool]:
    """What one disturbed sweep has lost, and whether its last start went on from checkpoints."""
    lost: list[str] = []
    for _ in range(rng.randint(1, 3)):
        fault = rng.choice(FAULTS)
        struck, found = disturb(fault, folder, rng, seconds)
        seen[fault] += struck
        lost += found
    ended = run([*SOAKED, "mode=retry"], folder)
    goes_on = " from epoch" in ended.shown
    if ended.status:
        return [*lost, f"the last start ended with {ended.status}: {ended.shown}"], goes_on
    if tables(folder) != reference:
        lost.append("the tables differ from an undisturbed sweep's")
    if checkpoints(folder):
        lost.append("a checkpoint stays")
    held = store(folder)
    if held != WHOLE:
        lost.append(f"MLflow holds {held}")
    return lost, goes_on


def main() -> None:
    """Disturb, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, seen, lost, resumed = random.Random(arguments.seed), Counter[str](), 0, 0
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    began = time.monotonic()
    run(QUIET, home / "reference")
    seconds = time.monotonic() - began  # what a sweep takes on this machine
    reference = tables(home / "reference")
    run(["data=synthetic", "epochs=1"], home / "store")  # an empty store takes longer to make than a sweep
    for number in range(1, arguments.times + 1):
        folder = home / str(number)
        folder.mkdir()
        shutil.copy(home / "store" / "mlflow.db", folder)
        lines, goes_on = losses(folder, reference, rng, seen, seconds)
        lost, resumed = lost + len(lines), resumed + goes_on
        print(f"{number}: {sum(seen.values())} faults, {lost} losses", *lines, sep="\n  ", flush=True)
        shutil.rmtree(folder)
    kinds = ", ".join(f"{count} x {fault}" for fault, count in seen.most_common())
    print(f"{arguments.times} sweeps, {sum(seen.values())} faults ({kinds}): {lost} losses")
    print(f"{resumed} of the last starts went on from checkpoints")
    shutil.rmtree(home)
    raise SystemExit(bool(lost))


if __name__ == "__main__":
    main()
