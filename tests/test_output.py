"""Printing never ends a command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.processes import hears_signals

NNEXP = [sys.executable, "-m", "nnexp"]
SWEEP = "data=synthetic epochs=2 n_jobs=1 pictures=false tracking=none -m learning_rate=0.1,0.5 seed=0,1,2"


@pytest.mark.parametrize("words", ["--help", "help epochs"])
def test_a_reader_that_leaves_is_no_fault(words: str) -> None:
    with subprocess.Popen([*NNEXP, *words.split()], stdout=-1, stderr=-1) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)


def test_a_sweep_whose_reader_leaves_is_trained_to_its_end(tmp_path: Path) -> None:
    command = f"set -o pipefail; {' '.join(NNEXP)} {SWEEP} | head -1"
    said = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("multirun: 6 runs")
    assert len(list(tmp_path.rglob("summary.csv"))) == 1


def test_an_answer_is_printed_in_the_signs_that_there_are(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONIOENCODING": "ascii"}
    said = subprocess.run(
        [*NNEXP, *SWEEP.split()], capture_output=True, cwd=tmp_path, env=environment, check=True
    )
    text = said.stdout.decode("ascii")
    assert "Mean +- 95 % interval" in text
    assert said.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full device")
def test_a_full_disk_is_told() -> None:
    with Path("/dev/full").open("wb") as full:
        said = subprocess.run([*NNEXP, "--help"], stdout=full, stderr=-1, text=True, check=False)
    assert (said.returncode, said.stderr) == (
        1,
        "nnexp: the output could not be written: No space left on device\n",
    )


@pytest.mark.parametrize("delay", [0.2, 0.4, 1.0, 2.0])  # the first while it imports, but after Python began
def test_a_stop_at_any_moment_leaves_no_traceback(delay: float, tmp_path: Path) -> None:
    """In an own process group, as a terminal's Ctrl-C reaches workers too."""
    words = [*SWEEP.replace("epochs=2 n_jobs=1", "epochs=100000 n_jobs=2").split()]
    command = subprocess.Popen(
        [*NNEXP, *words], stdout=-1, stderr=-1, cwd=tmp_path, start_new_session=True, preexec_fn=hears_signals
    )
    with command as process:
        try:
            time.sleep(delay)
            os.killpg(process.pid, signal.SIGINT)
            assert process.communicate(timeout=60)[1] == b""
            assert process.returncode in (130, -signal.SIGINT)
        finally:
            process.kill()
