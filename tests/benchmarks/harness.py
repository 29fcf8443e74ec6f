"""What the harness costs, from the shell's side: `python -m tests.benchmarks.harness [REPEATS]`.

Every command runs in an empty folder, with the variables that steer OpenBLAS removed. Prints the median and
the range of the wall times in seconds, beside the goals of the project.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SWEEP = ["+sweep=batch_size"]


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    return clean | {"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONUNBUFFERED": "1"}


def wall(words: Sequence[str], folder: Path) -> float:
    """Seconds from the start of a command to its end."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "nnexp", *words]
    subprocess.run(command, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def until_first_epoch(folder: Path) -> float:
    """Seconds from the start of a single run to the line of its first epoch."""
    command = [sys.executable, "-m", "nnexp"]
    began = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, env=environment(), stdout=-1, text=True) as process:
        assert process.stdout is not None
        first = next(line for line in process.stdout if "/30" in line)
        seconds = time.perf_counter() - began
        assert first
        process.stdout.read()
    return seconds


def logging_per_run(folder: Path) -> float:
    """Seconds per run that logging (metrics, parameters, model) adds to a finished sweep of 35 runs."""
    wall([*SWEEP, "tracking=none"], folder)
    nothing = wall([*SWEEP, "tracking=none"], folder)
    wall(["data=synthetic", "epochs=1"], folder)  # makes the store
    return (wall(SWEEP, folder) - nothing) / 35


MEASURES: dict[str, tuple[Callable[[Path], float], float]] = {
    "python -m nnexp --help": (lambda folder: wall(["--help"], folder), 1.0),
    "first epoch of python -m nnexp": (until_first_epoch, 2.0),
    "+sweep=batch_size, new store": (lambda folder: wall(SWEEP, folder), 20.0),
    "logging, per run (with import of MLflow)": (logging_per_run, 0.150),
}


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{os.cpu_count()} cores, {repeats} repeats")
    print(f"{'':42}{'median':>8}{'least':>8}{'most':>8}{'goal':>8}")
    for name, (measure, goal) in MEASURES.items():
        seconds = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                seconds.append(measure(Path(folder)))
        figures = (statistics.median(seconds), min(seconds), max(seconds), goal)
        print(f"{name:42}" + "".join(f"{figure:8.3f}" for figure in figures))


if __name__ == "__main__":
    main()
