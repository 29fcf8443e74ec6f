"""Faults at random moments, over and over: `python -m tests.faults.soak [--times 100] [--seed 0]`.

Each time a sweep of 12 runs that logs to SQLite is disturbed up to three times (a worker or the parent
killed, Ctrl-C, SIGTERM, a record damaged, a run that fails), then started until it is whole. Counted as
lost: a run that was recorded and is not any more, a table that differs from an undisturbed sweep's, a run
that MLflow holds not exactly once, a process that trains on.
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

FAULTS = ("parent killed", "worker killed", "Ctrl-C", "SIGTERM", "record damaged", "run fails")


def disturb(fault: str, folder: Path, rng: random.Random) -> tuple[bool, list[str]]:
    """Start the sweep, or go on with it, and cause one fault at a random moment.

    Whether it struck (the sweep may have ended before), and what was lost by it.
    """
    failing = {}
    if fault == "run fails":
        failing = {"NNEXP_FAULT": f"raises learning_rate=0.5 seed={rng.randrange(3)}"}
    before = records(folder)
    with start(SWEEP, folder, **failing) as process:
        time.sleep(rng.uniform(0.5, 6))
        struck, workers = process.poll() is None, descendants(process.pid)
        if fault == "parent killed":
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
    return struck, [f"{fault}: {what}" for what in lost]


def losses(folder: Path, reference: dict[str, str], rng: random.Random, seen: Counter[str]) -> list[str]:
    """What one disturbed sweep has lost."""
    lost: list[str] = []
    for _ in range(rng.randint(1, 3)):
        fault = rng.choice(FAULTS)
        struck, found = disturb(fault, folder, rng)
        seen[fault] += struck
        lost += found
    ended = run([*SWEEP, "mode=retry"], folder)
    if ended.status:
        return [*lost, f"the last start ended with {ended.status}: {ended.shown}"]
    if tables(folder) != reference:
        lost.append("the tables differ from an undisturbed sweep's")
    held = store(folder)
    if held != WHOLE:
        lost.append(f"MLflow holds {held}")
    return lost


def main() -> None:
    """Disturb, count, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rng, seen, lost = random.Random(arguments.seed), Counter[str](), 0
    home = Path(tempfile.mkdtemp(prefix="soak-"))
    run(QUIET, home / "reference")
    reference = tables(home / "reference")
    run(
        ["data=synthetic", "epochs=1"], home / "store"
    )  # makes an empty store, which takes longer than a sweep
    for number in range(1, arguments.times + 1):
        folder = home / str(number)
        folder.mkdir()
        shutil.copy(home / "store" / "mlflow.db", folder)
        found = losses(folder, reference, rng, seen)
        lost += len(found)
        print(f"{number}: {sum(seen.values())} faults, {lost} losses", *found, sep="\n  ", flush=True)
        shutil.rmtree(folder)
    told = ", ".join(f"{count} x {fault}" for fault, count in seen.most_common())
    print(f"{arguments.times} sweeps, {sum(seen.values())} faults ({told}): {lost} losses")
    shutil.rmtree(home)
    raise SystemExit(bool(lost))


if __name__ == "__main__":
    main()
