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


def per_run(folder: Path, *words: str) -> float:
    """Wall seconds per run of a sweep of small runs: the slope between 20 and 120 runs, 30 epochs each."""
    sweep = ["-m", "data=synthetic", "train_size=100", "hidden_size=5", *words]
    wall(["data=synthetic", "epochs=1", *words], folder)  # makes the store, if there is one
    few = wall([*sweep, "seed=range(20)", "sweep.name=few"], folder)
    many = wall([*sweep, "seed=range(120)", "sweep.name=many"], folder)
    return (many - few) / 100


def logging_per_run(folder: Path) -> float:
    """What MLflow adds to each run: parameters, metrics of 30 epochs, model."""
    return per_run(folder) - per_run(folder, "tracking=none")


MEASURES: dict[str, tuple[Callable[[Path], float], float]] = {
    "python -m nnexp --help": (lambda folder: wall(["--help"], folder), 1.0),
    "python -m nnexp, until its first epoch": (until_first_epoch, 2.0),
    "+sweep=batch_size, new store, to the answer": (lambda folder: wall(SWEEP, folder), 20.0),
    "per small run: training, record, tables": (lambda folder: per_run(folder, "tracking=none"), 0.05),
    "per run: MLflow's part": (logging_per_run, 0.05),
}


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print(f"{os.cpu_count()} cores, {repeats} repeats")
    print(f"{'':46}{'median':>8}{'least':>8}{'most':>8}{'goal':>8}")
    for name, (measure, goal) in MEASURES.items():
        seconds = []
        for _ in range(repeats):
            with tempfile.TemporaryDirectory() as folder:
                seconds.append(measure(Path(folder)))
        figures = (statistics.median(seconds), min(seconds), max(seconds), goal)
        print(f"{name:46}" + "".join(f"{figure:8.3f}" for figure in figures))


if __name__ == "__main__":
    main()
