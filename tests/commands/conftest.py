"""Sweeps made once: `mixed` with runs that finished, diverged and failed, then `plain`, all finished."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nnexp import cli
from nnexp.sweep.pool import worker
from tests.commands import lab as labs

SMALL = ["data=synthetic", "epochs=2", "hidden_size=5", "tracking=none", "n_jobs=1", "pictures=false"]
UNSTABLE = [*(word for word in SMALL if word != "epochs=2"), "epochs=20"]
UNSTABLE += ["activation=relu", "output=identity", "cost=quadratic"]
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both sweeps; tests work on copies."""
    place = tmp_path_factory.mktemp("trained") / "sweeps"
    train = worker.train

    def fails(runs, *args, **kwargs):  # type: ignore[no-untyped-def]
        if any((run.learning_rate, run.seed) == (0.1, 1) for run in runs):
            raise RuntimeError("it broke")
        return train(runs, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "train", fails)
        axes = ["-m", "learning_rate=0.1,1000", "seed=range(2)", "sweep.question=Which rate?"]
        assert cli.main([*UNSTABLE, *axes, "sweep.name=mixed", f"sweeps_dir={place}"]) == 1
    plain = [*SMALL, "-m", "batch_size=10,50", "sweep.name=plain", f"sweeps_dir={place}"]
    assert cli.main(plain) == 0
    return place


@pytest.fixture(autouse=True)
def sweeps(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of both sweeps in `./sweeps` of an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)
    shutil.copytree(trained, tmp_path / "sweeps")
    return Path("sweeps")


@pytest.fixture(scope="session")
def trained_lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sweep files of `lab`, both trained; tests work on copies."""
    place = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        labs.write_files()
        for name in labs.FILES:
            labs.train(name)
    return place


@pytest.fixture
def lab(trained_lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a lab book of two sweep files; the shipped ones are left out."""
    place = tmp_path / "lab"
    shutil.copytree(trained_lab, place)
    monkeypatch.chdir(place)
    monkeypatch.setattr("nnexp.labbook.sweep_files.choices", lambda _: list(labs.FILES))
    return place


@pytest.fixture
def nnexp(capsys: pytest.CaptureFixture[str]) -> Command:
    """Carry out a command: its exit status, what it printed, and its error."""

    def carry_out(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.main(words)
        said = capsys.readouterr()
        return status, said.out, said.err

    return carry_out


def only(folder: Path) -> Path:
    """The one folder in it."""
    (found,) = folder.iterdir()
    return found


def rows(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines()]
