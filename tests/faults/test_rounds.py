"""Seeds until decided: killed or stopped at any moment, a sweep goes on by the same rounds to its end."""

import random
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from nnexp.sweep.store.catalog import is_finished
from nnexp.sweep.store.rounds_file import read_rounds
from tests.faults.driving import run, start, sweep_folder, tables

pytestmark = pytest.mark.slow

WORDS = ["data=synthetic", "epochs=25", "hidden_size=5", "checkpoint_every=0.2", "pictures=false"]
WORDS += ["tracking=none", "-m", "learning_rate=0.01,0.55,0.6,0.7"]
WORDS += ["sweep.seeds={from: 6, to: 14, until: decided}"]


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("way", ["the same command", "retry"])
def test_whatever_stops_a_sweep_its_rounds_and_figures_are_those_of_an_undisturbed_one(
    tmp_path: Path, signum: int, way: str
) -> None:
    whole = run([*WORDS, "n_jobs=1"], tmp_path / "whole")
    assert whole.status == 0, whole.shown
    assert len(read_rounds(sweep_folder(tmp_path / "whole"))) > 2
    rng, home = random.Random(signum), tmp_path / "cut"
    for _ in range(8):
        begun = (home / "sweeps").exists() and way == "retry"
        words = ["retry", "multirun", "tracking=none", "pictures=false"] if begun else WORDS
        with start([*words, "n_jobs=2"], home) as process:
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=rng.uniform(2, 5))
            process.send_signal(signum)
            process.communicate(timeout=60)
    ended = run([*WORDS, "n_jobs=2"], home)
    assert ended.status == 0, ended.shown
    folders = sweep_folder(home), sweep_folder(tmp_path / "whole")
    assert all(map(is_finished, folders))
    assert read_rounds(folders[0]) == read_rounds(folders[1])
    assert tables(home) == tables(tmp_path / "whole")
