"""Which sampler is worth it: `python -m tests.benchmarks.search [digits|mnist] [REPEATS] [SAMPLER...]`.

Five hyperparameters, 64 settings, the best one trained again with 3 fresh seeds, by Halton, random, TPE and
GP, with other seeds of the sampler in each repeat, 10 by default. Prints the median of the best validation
accuracy after 8, 16, 32 and 64 settings, and the test accuracy of the finalist, with 95 % intervals (t over
the repeats); `to halton` is the mean difference, paired by repeat. digits trains 5 epochs, mnist 10 on
the first 5,000 images.

`python -m tests.benchmarks.search rounds` measures real searches on two workers: in what share of the time
they wait for the end of a round, and what pruners save.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnexp import load_sweep
from nnexp.data import DataSpec, load
from nnexp.nn import Hyperparameters, train
from nnexp.nn.kernels import one_blas_thread
from nnexp.statistics.intervals import mean_interval
from nnexp.sweep.question import asked, samplers
from nnexp.sweep.question.plan import Run
from nnexp.sweep.question.trials import next_settings, settings_at
from nnexp.sweep.question.tuning import FIRST_SEED, Tuning, read_tuning
from nnexp.sweep.store.folder import open_sweep
from tests.benchmarks.harness import environment

SPACE = {
    "learning_rate": {"low": 0.01, "high": 10, "scale": "log"},
    "batch_size": {"low": 5, "high": 200, "scale": "log"},
    "hidden_size": {"low": 10, "high": 100, "scale": "log"},
    "lambda_l2": {"low": 0.001, "high": 10, "scale": "log"},
    "momentum": {"low": 0, "high": 0.95},
}
BUDGET, LOOKS, FRESH = 64, (8, 16, 32, 64), 3
SAMPLERS = ("halton", "random", "tpe", "gp")
ROUNDS = (
    "",
    "sampler=tpe",
    "sampler=tpe together=16",
    "pruner=median",
    "pruner=asha",
    "sampler=tpe pruner=median",
)
QUIET = ("n_jobs=2", "tracking=none", "pictures=false")
FORMAT = (10, 10, 8, 8), (1, 0, 0, 2)  # widths and digits of the table of rounds
DATA = {
    "digits": (DataSpec(name="digits"), 5),
    "mnist": (DataSpec(name="mnist", train_size=5000), 10),
}


class Search:
    """One search, in this process: no records, no workers."""

    def __init__(self, data: str, sampler: str, repeat: int) -> None:
        self.spec, self.epochs = DATA[data]
        self.data, self.repeat = load(self.spec).data, repeat
        given = {**SPACE, "budget": BUDGET, "sampler": sampler, "finalists": 1}
        self.tuning: Tuning = read_tuning("search", given, [])
        self.base = Run("", Hyperparameters(), self.spec, 0).settings
        self.asking = 0.0

    def run(self) -> tuple[list[float], float]:
        """The validation accuracy of each setting; the mean test accuracy of the best one, trained afresh."""
        told: list[tuple[dict[str, Any], float]] = []
        while settings := self._next(told):
            told += [(each, self._train(each, FIRST_SEED)[0]) for each in settings]
        values = [value for _, value in told]
        best = told[int(np.argmax(values))][0]
        test = [self._train(best, 100 * self.repeat + seed)[1] for seed in range(FRESH)]
        return values, float(np.mean(test))

    def _next(self, told: list[tuple[dict[str, Any], float]]) -> list[dict[str, Any]]:
        began = time.process_time()
        samplers.SEED = asked.SEED = self.repeat * 1000
        if self.tuning.together:
            settings = next_settings(self.tuning, self.base, told)
        else:
            settings = [] if told else settings_at(self.tuning, {}, self.base)
        self.asking += time.process_time() - began
        return settings

    def _train(self, setting: Mapping[str, Any], seed: int) -> tuple[float, float]:
        run = Hyperparameters(**setting, epochs=self.epochs, evaluate_every=0, seed=seed)
        with one_blas_thread():
            (result,) = train([run], self.data)
        if result.status == "diverged":
            return 0.0, 0.0
        return result.history["validation_accuracy"][-1] or 0.0, result.test_accuracy or 0.0


def compare(data: str, repeats: int, names: tuple[str, ...]) -> None:
    best, test = np.zeros((len(names), repeats, len(LOOKS))), np.zeros((len(names), repeats))
    for k, sampler in enumerate(names):
        began, asking = time.perf_counter(), 0.0
        for repeat in range(repeats):
            search = Search(data, sampler, repeat)
            values, test[k, repeat] = search.run()
            best[k, repeat] = np.maximum.accumulate(values)[np.array(LOOKS) - 1]
            asking += search.asking
        seconds = time.perf_counter() - began
        print(f"{sampler}: {seconds:.0f} s, asking {asking / repeats:.1f} CPU s a search", flush=True)
    print(f"\n{data}, {repeats} repeats, in %: median best validation after so many settings, then the mean")
    print(
        f"{'':8}" + "".join(f"{look:8}" for look in LOOKS) + f"{'to halton':>20}{'test':>18}{'to halton':>20}"
    )
    for k, sampler in enumerate(names):
        medians = "".join(f"{100 * value:8.2f}" for value in np.median(best[k], axis=0))
        found, judged = (with_interval(v[k] - v[0]) if k else "" for v in (best[:, :, -1], test))
        print(f"{sampler:8}{medians}{found:>20}{with_interval(test[k]):>18}{judged:>20}")


def with_interval(values: NDArray[np.float64]) -> str:
    mean, low, high, _ = mean_interval(values[None])
    return f"{100 * mean[0]:.2f} ± {50 * (high[0] - low[0]):.2f}"


def in_rounds() -> None:
    """Of real searches on two workers, 30 epochs each: what rounds cost, and what pruners save."""
    print(f"{'':28}{'trained s':>10}{'epochs %':>10}{'idle %':>8}{'best %':>8}")
    words = ["-m", *(f"{name}={_interval(name)}" for name in SPACE), f"sweep.search.budget={BUDGET}"]
    for more in ROUNDS:
        with tempfile.TemporaryDirectory() as folder:
            keys = [f"sweep.search.{word}" for word in more.split()]
            command = [sys.executable, "-m", "nnexp", *words, *keys, *QUIET]
            subprocess.run(command, cwd=folder, env=environment(), check=True, stdout=subprocess.DEVNULL)
            figures = "".join(
                f"{x:{w}.{d}f}" for x, w, d in zip(figures_of(Path(folder)), *FORMAT, strict=True)
            )
            print(f"{more or 'halton, all at once':28}{figures}", flush=True)


def figures_of(home: Path) -> tuple[float, float, float, float]:
    """Seconds of training, shares of the epochs that pruners leave and of the time in which a worker waits,
    from the first run's start to the last one's end; and the best validation accuracy."""
    records = open_sweep(load_sweep("search/trials", home / "sweeps").folder).records.values()
    busy = sum(record.timings["seconds"] + record.timings["evaluation_seconds"] for record in records)
    started, ended = ([datetime.fromisoformat(r.timings[at]) for r in records] for at in ("started", "ended"))
    idle = 1 - busy / (2 * (max(ended) - min(started)).total_seconds())
    epochs = [int(record.metrics["epochs_done"] or 0) for record in records]
    finished = [r.metrics["final_validation_accuracy"] or 0.0 for r in records if r.status == "finished"]
    return busy, 100 * sum(epochs) / (30 * len(epochs)), 100 * idle, 100 * max(finished)


def _interval(name: str) -> str:
    low, high, scale = (SPACE[name].get(key) for key in ("low", "high", "scale"))
    return f"tag(log, interval({low},{high}))" if scale == "log" else f"interval({low},{high})"


def main() -> None:
    words = sys.argv[1:]
    if words[:1] == ["rounds"]:
        in_rounds()
        return
    data, repeats, *names = [*words, *("digits", "10")[len(words) :]]
    compare(data, int(repeats), tuple(names) or SAMPLERS)


if __name__ == "__main__":
    main()
