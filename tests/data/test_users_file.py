"""A user's own arrays, from the command line."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from nnexp import cli

WORDS = ["data=file", "data.path=own.npz", "epochs=1", "hidden_size=3", "tracking=none", "pictures=false"]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder where the commands run: it holds `own.npz`, pixels in 0..255 of 3 classes."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    pixels = np.random.default_rng(0).integers(0, 256, (30, 4, 4)).astype(np.uint8)
    arrays = {}
    for part in ("training", "validation", "test"):
        arrays |= {f"{part}_inputs": pixels, f"{part}_labels": np.arange(30) % 3}
    np.savez("own.npz", **arrays)
    return folder


@pytest.mark.parametrize("words", [[], ["dry_run=true"], ["n_jobs=1", "-m", "learning_rate=0.1,0.5"]])
def test_pixels_that_are_not_scaled_are_said_once_before_training(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*WORDS, *words]) == 0
    said = capsys.readouterr().out
    assert said.startswith("data=file: inputs go up to 255, ")
    assert said.count("data.scale=255 divides all of them") == 1
    assert cli.main([*WORDS, *words, "data.scale=255"]) == 0
    assert "data.scale" not in capsys.readouterr().out


def test_the_answer_names_the_file_and_not_its_place(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*WORDS, "data.scale=255", "-m", "learning_rate=0.1,0.5", "n_jobs=1"]) == 0
    answer = capsys.readouterr().out
    assert "Data: file (own.npz). Validation accuracy" in answer
    assert str(home / "own.npz") not in answer


def test_a_sweep_on_a_relative_path_is_retried_from_another_folder(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*WORDS, "data.scale=255", "-m", "seed=0,1", "n_jobs=1"]) == 0
    (sweep,) = (home / "sweeps" / "multirun").iterdir()
    shutil.rmtree(sweep / "records")
    elsewhere = home / "below"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert cli.main(["retry", "multirun", "sweeps_dir=../sweeps", "tracking=none", "n_jobs=1"]) == 0
    assert len(list((sweep / "records").glob("*.json"))) == 2
