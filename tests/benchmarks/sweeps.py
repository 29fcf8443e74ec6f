"""What a sweep costs beside its training: `python -m tests.benchmarks.sweeps [NAME ...]`.

Each measure prints its figure beside its goal, ratios from one run of this program. The comparison needs the
`bench` extra. Every command runs in an empty folder, without the variables that steer OpenBLAS.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from tests.benchmarks.harness import environment

HUNDRED = ["learning_rate=0.1,0.2,0.3,0.5,1", "lambda_l2=0,0.1,0.3,1,3", "seed=range(4)"]
TINY = [
    "pictures=false",
    "data=synthetic",
    "train_size=50",
    "validation_size=20",
    "hidden_size=3",
    "batch_size=50",
]
Figure = tuple[str, float, str]  # what, how much, the goal


@contextmanager
def empty() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def command(words: Sequence[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command and the processes it started."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, cpu


def usual() -> Iterator[Figure]:
    """100 runs on the digits, 30 epochs each, every curve and model in SQLite: ours beside the usual way."""
    with empty() as folder:
        ours = command(["nnexp", "-m", *HUNDRED, "n_jobs=2", "pictures=false"], folder)
    with empty() as folder:
        command(["tests.benchmarks.usual", "make-store"], folder)
        words = ["-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", *HUNDRED]
        theirs = command(["tests.benchmarks.usual", *words], folder)
    yield "100 digits runs, s", ours[0], ""
    yield "100 digits runs, CPU s", ours[1], ""
    yield "the usual way, s", theirs[0], ""
    yield "the usual way, CPU s", theirs[1], ""
    yield "ratio of wall times", theirs[0] / ours[0], ">= 25"


def harness() -> Iterator[Figure]:
    """CPU per run beyond training: the slope over runs of a sweep without MLflow, less the core's own."""
    from nnexp.data import DataSpec, load
    from nnexp.nn import Hyperparameters, train

    words = ["nnexp", "-m", *TINY, "epochs=30", "tracking=none", "n_jobs=2"]
    with empty() as folder:
        few = command([*words, "seed=range(100)"], folder)[1]
    with empty() as folder:
        many = command([*words, "seed=range(600)"], folder)[1]
    data = load(DataSpec(name="synthetic", train_size=50, validation_size=20)).data
    runs = [Hyperparameters(hidden_size=3, batch_size=50, seed=seed) for seed in range(96)]
    began = time.process_time()
    for start in range(0, 96, 16):
        train(runs[start : start + 16], data)
    core = (time.process_time() - began) / 96
    yield "core, CPU ms per tiny run", 1000 * core, ""
    yield "harness, CPU ms per run", 1000 * ((many - few) / 500 - core), "< 5"


def plan() -> Iterator[Figure]:
    """Planning 10,000 runs; resuming a sweep of 10,000 that is finished."""
    rates = ",".join(f"{rate:.4f}" for rate in np.linspace(0.01, 1, 1000))
    words = ["nnexp", "-m", *TINY, f"learning_rate={rates}", "seed=range(10)", "epochs=1", "tracking=none"]
    with empty() as folder:
        start = command(["nnexp", *TINY, "dry_run=true"], folder)[0]
        planning = command([*words, "dry_run=true"], folder)[0]
        command(words, folder)
        resuming = command(words, folder)[0]
    yield "a dry run of one run, s", start, ""
    yield "a dry run of 10,000 runs, s", planning, ""
    yield "planning 10,000 runs, s", planning - start, "< 3"
    yield "resuming a finished sweep of 10,000, s", resuming, "< 5"


def flat() -> Iterator[Figure]:
    """A sweep of 2,000 tiny runs: the pace of the last 200 beside the first 200, the growth of the parent."""
    words = [sys.executable, "-m", "nnexp", "-m", *TINY, "epochs=5", "n_jobs=2", "seed=range(2000)"]
    with empty() as folder:
        memory: list[tuple[float, int]] = []
        with subprocess.Popen(words, cwd=folder, env=environment(), stdout=subprocess.DEVNULL) as process:
            watch = threading.Thread(target=_watch, args=(process.pid, memory), daemon=True)
            watch.start()
        ended = sorted(_ends(folder))
        sizes = np.array([size for moment, size in memory if ended[199] <= moment <= ended[-1]])
    pace = (ended[-1] - ended[-201]) / (ended[200] - ended[0])
    yield "2,000 runs: pace of the last 200 / the first 200", pace, "<= 1.1"
    yield "2,000 runs: growth of the parent's memory, %", 100 * (sizes[-1] / sizes[0] - 1), "< 20"


def _watch(pid: int, memory: list[tuple[float, int]]) -> None:
    """Resident kB of a process, ten times a second."""
    while True:
        try:
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return
        if "VmRSS:" in status:
            memory.append((time.time(), int(status.split("VmRSS:")[1].split()[0])))
        time.sleep(0.1)


def _ends(folder: Path) -> Iterator[float]:
    """When each run's record became durable."""
    for path in folder.glob("sweeps/*/*/records/*.json"):
        assert json.loads(path.read_bytes())["status"] == "finished"
        yield path.stat().st_mtime


def workers() -> Iterator[Figure]:
    """Throughput of two workers beside one, on MNIST (or a data set of its size)."""
    data = "mnist" if os.environ.get("NNEXP_DATA") else "synthetic"
    words = ["nnexp", "-m", f"data={data}", "seed=range(32)", "epochs=4", "tracking=none", "pictures=false"]
    with empty() as folder:
        one = command([*words, "n_jobs=1"], folder)[0]
    with empty() as folder:
        two = command([*words, "n_jobs=2"], folder)[0]
    yield "32 MNIST runs on one worker, s", one, ""
    yield "32 MNIST runs on two workers, s", two, ""
    yield "two workers / one, throughput", one / two, ">= 1.7"


MEASURES: dict[str, Callable[[], Iterator[Figure]]] = {
    "usual": usual,
    "harness": harness,
    "plan": plan,
    "flat": flat,
    "workers": workers,
}


def main() -> None:
    """Print each figure as soon as it is known."""
    for name in sys.argv[1:] or MEASURES:
        for what, figure, goal in MEASURES[name]():
            print(f"{what:52}{figure:10.2f}  {goal}", flush=True)


if __name__ == "__main__":
    main()
