"""What is cut goes on from its checkpoint, in real processes: killed, stopped, on a disk without room."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nnexp.sweep.pool.progress_board import COLUMNS
from tests.faults.driving import descendants, records, run, start, sweep_folder, tables, wait_for

pytestmark = pytest.mark.slow

LONG = ["data=synthetic", "epochs=200", "batch_size=2", "n_jobs=2", "tracking=none", "pictures=false"]
LONG += ["checkpoint_every=0.2", "-m", "learning_rate=0.1,0.5", "dropout=0,0.2"]
ANEW = " 0 done, 4 to train"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same sweep without a fault."""
    folder = tmp_path_factory.mktemp("whole")
    ended = run(LONG, folder)
    assert ended.status == 0, ended.shown
    return folder


def checkpoints(folder: Path) -> list[Path]:
    return sorted((folder / "sweeps").glob("multirun/*/checkpoints/*.npz"))


def epochs(folder: Path) -> float:
    """Done by the run that is farthest, as the board of the sweep in progress says."""
    for board in (folder / "scratch").glob("*/board"):
        rows = np.fromfile(board)
        return float(rows.reshape(-1, len(COLUMNS))[:-1, 0].max()) if len(rows) else 0
    return 0


def test_a_parent_that_is_killed_loses_what_came_after_the_checkpoint(tmp_path: Path, whole: Path) -> None:
    for _ in range(2):
        with start(LONG, tmp_path) as process:
            assert wait_for(lambda: len(checkpoints(tmp_path)) > 1, 60)
            process.kill()
    again = run(LONG, tmp_path)
    assert again.status == 0, again.shown
    assert f"{ANEW} on 2 workers" in again.shown
    assert "go on from epoch" in again.shown
    assert tables(tmp_path) == tables(whole)
    assert not (sweep_folder(tmp_path) / "checkpoints").exists()


def test_a_worker_that_is_killed_is_not_where_its_runs_begin(tmp_path: Path, whole: Path) -> None:
    with start(LONG, tmp_path) as process:
        assert wait_for(lambda: len(checkpoints(tmp_path)) > 1, 60)
        os.kill(descendants(process.pid)[0], signal.SIGKILL)
        shown = process.communicate(timeout=120)[0]
    assert process.returncode == 0, shown
    assert tables(tmp_path) == tables(whole)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_every_epoch_that_has_ended(tmp_path: Path, whole: Path, signum: int) -> None:
    """Though no checkpoint was due, and whoever goes on with how many workers."""
    words = [word for word in LONG if not word.startswith("checkpoint_every")]
    with start(words, tmp_path) as process:
        assert wait_for(lambda: epochs(tmp_path) > 3, 60)
        assert not checkpoints(tmp_path)
        process.send_signal(signum)
        shown = process.communicate(timeout=60)[0]
    assert process.returncode == 128 + signum, shown
    assert "In checkpoints: " in shown
    again = run([*words, "n_jobs=1"], tmp_path)
    assert "on from epoch" in again.shown
    assert tables(tmp_path) == tables(whole)


def test_a_disk_without_room_for_checkpoints_is_told_and_costs_nothing(tmp_path: Path, whole: Path) -> None:
    shutil.copytree(whole / "sweeps", tmp_path / "sweeps")
    shutil.rmtree(sweep_folder(tmp_path) / "records")
    place = sweep_folder(tmp_path) / "checkpoints"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", place]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("cannot mount a disk here")
    try:
        ended = run(LONG, tmp_path)
    finally:
        subprocess.run(["umount", place], check=True)
    assert ended.status == 0, ended.shown
    [line] = [line for line in ended.shown.splitlines() if line.startswith("Checkpoints could not be")]
    assert line.endswith("No space left on device")
    assert len(records(tmp_path)) == 4
    assert tables(tmp_path) == tables(whole)
