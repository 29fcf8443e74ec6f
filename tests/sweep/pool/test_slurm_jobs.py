"""What Slurm is asked for; no Slurm takes part."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nnexp.sweep.pool.slurm_jobs import Jobs, check_installed, check_jobs


def jobs(folder: Path) -> Jobs:
    return Jobs(
        name="nnexp-a1",
        folder=folder,
        partition=None,
        account=None,
        cores=3,
        memory="4GB",
        walltime="01:00:00",
        workers=10,
    )


def test_there_are_jobs_enough_for_all_workers(tmp_path: Path) -> None:
    assert jobs(tmp_path).number == 4


def test_no_slurm_is_told_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match=r"needs Slurm's sbatch on the PATH"):
        check_jobs(jobs(tmp_path))


def test_a_folder_that_a_script_cannot_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"sweeps_dir must be a path of letters, digits and _\./-"):
        check_jobs(jobs(tmp_path / "my sweeps"))


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnexp.sweep.pool.slurm_jobs.find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'nnexp\[slurm\]'"):
        check_installed()


def test_a_dry_run_shows_the_script_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dask_jobqueue")
    monkeypatch.setenv("DASK_CONFIG", str(tmp_path / "dask"))
    words = ["data=synthetic", "backend=slurm", "backend.cores=2", "backend.account=physics", "dry_run=true"]
    words += ["backend.partition=long", "backend.walltime=2-12:00:00", "-m", "seed=range(3)"]
    (work := tmp_path / "work").mkdir()
    ended = subprocess.run(
        [sys.executable, "-m", "nnexp", *words], cwd=work, capture_output=True, text=True, check=True
    )
    shown = ended.stdout
    for line in ("-p long", "-A physics", "--cpus-per-task=2", "--mem=4G", "-t 2-12:00:00", "-J nnexp-"):
        assert f"#SBATCH {line}" in shown
    assert "--nthreads 1" in shown
    assert re.findall(r"--memory-limit (\S+)", shown) == ["0.0B"]  # Dask's word for none
    assert "--nworkers 2" in shown
    assert shown.index("to train") < shown.index("#SBATCH")
    assert not list(work.iterdir())
