"""Searches and tuned sweeps that are stopped at random moments, ten times, end as undisturbed ones do."""

import random
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from nnexp.sweep.store.catalog import is_finished
from nnexp.sweep.store.lock import HOLDER
from nnexp.sweep.store.rounds_file import read_rounds
from tests.faults.driving import run, start
from tests.results.figures import figures_in

pytestmark = pytest.mark.field

STOPS = 10
COMMON = ["data=synthetic", "epochs=25", "hidden_size=5", "checkpoint_every=0.2", "pictures=false"]
COMMON += ["tracking=none", "batch_size=2"]
SEARCH = ["-m", "learning_rate=tag(log, interval(0.01,10))", "momentum=interval(0,0.9)", "seed=range(3)"]
SEARCH += ["sweep.search.budget=12", "sweep.search.finalists=2"]
IN_ROUNDS = ["sweep.search.together=4", "sweep.search.pruner=median"]
TUNED = ["sweep.axes.batch_size=[2,4]", "sweep.nuisance.budget=4", "sweep.seeds=3", "sweep.name=search"]
TUNED += ["sweep.nuisance.learning_rate={low: 0.01, high: 10, scale: log}"]
ASKS = {
    "halton": [*SEARCH, "sweep.search.sampler=halton"],
    "sobol": [*SEARCH, "sweep.search.sampler=sobol"],
    "random": [*SEARCH, "sweep.search.sampler=random"],
    "halton, pruned": [*SEARCH, *IN_ROUNDS],
    "tpe, pruned": [*SEARCH, *IN_ROUNDS, "sweep.search.sampler=tpe"],
    "tuned": TUNED,
}


def folder(home: Path, name: str) -> Path:
    """That of the one sweep of the name; the trials of `search` stand beside it."""
    (plan,) = (home / "sweeps" / name).glob("*/sweep.yaml")
    return plan.parent


def is_held(home: Path) -> bool:
    """Whether a command has taken its sweep: before, there is nothing to stop."""
    return any((home / "sweeps").rglob(HOLDER))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("ask", ASKS)
def test_a_search_that_was_stopped_ten_times_ends_as_an_undisturbed_one(
    tmp_path: Path, ask: str, workers: int
) -> None:
    if "tpe" in ask:
        pytest.importorskip("optuna")
    words = [word for word in COMMON if ask != "tuned" or not word.startswith("batch_size")]
    words = [*words, f"n_jobs={workers}", *ASKS[ask]]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    began = time.monotonic()
    ended = run([*words, "n_jobs=1"], whole)
    seconds = time.monotonic() - began  # on this machine, as busy as it is now
    assert ended.status == 0, ended.shown
    rng, statuses = random.Random(f"{ask} {workers}"), []
    for _ in range(STOPS):
        with start(words, cut) as process:
            while process.poll() is None and not is_held(cut):
                time.sleep(0.02)
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=rng.uniform(0, seconds / STOPS))
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=120)
        statuses.append(process.returncode)
    assert statuses.count(128 + signal.SIGTERM) > 1, statuses
    ended = run(words, cut)
    assert ended.status == 0, ended.shown
    for name in ("search/trials", "search"):
        folders = folder(cut, name), folder(whole, name)
        assert folders[0].name == folders[1].name
        assert all(map(is_finished, folders))
        assert read_rounds(folders[0]) == read_rounds(folders[1])
        assert figures_in(folders[0]) == figures_in(folders[1])
