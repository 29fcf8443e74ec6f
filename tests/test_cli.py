"""The command line keeps Hydra's habits, and says a mistake in one line with exit status 2."""

import gc
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nnexp import __main__, cli


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HYDRA_FULL_ERROR", raising=False)


def shown(*words: str, **variables: str) -> str:
    """What the command prints, in a process of its own: Hydra's options leave its logging set up."""
    command = [sys.executable, "-m", "nnexp", *words]
    return subprocess.run(command, stdout=-1, text=True, check=True, env=os.environ | variables).stdout


def test_help_lists_groups_sweeps_and_every_hyperparameter() -> None:
    text = shown("--help")
    (line,) = re.findall("^sweep: +(.*)", text, re.M)
    sweeps = line.split(", ")  # with those that a user has put into conf/sweep
    own = [sweep for sweep in sweeps if "/" not in sweep]
    assert {"batch_size", "hidden_size", "initializer", "lambda", "learning_rate"} <= set(own)
    assert sweeps[: len(own)] == sorted(own)
    assert re.search("^learning_rate=0.5 +The length of a step along the gradient", text, re.M)
    assert "--config-dir" in text


def test_cfg_shows_the_composed_configuration() -> None:
    text = shown("--cfg", "job", "+sweep=batch_size", "data=mnist", "epochs=7")
    assert "epochs: 7" in text
    assert "name: mnist" in text
    assert "batch_size:\n    - 1\n" in text


def test_cfg_shows_one_axis_where_a_file_and_a_word_have_two_names_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\ndata: {augment: affine}\nsweep: {axes: {data.rotation: [0, 10]}}\n"
    )
    monkeypatch.chdir(tmp_path)
    text = shown("--cfg", "job", "+sweep=mine", "sweep.axes.rotation=[0,5]")
    assert "  axes:\n    rotation:\n    - 0\n    - 5\n  " in text


def test_cfg_shows_the_values_that_axes_were_given() -> None:
    words = ("--cfg", "job", "-p", "sweep")
    assert "batch_size:\n  - 10\n  - 100\n" in shown(*words, "+sweep=batch_size", "batch_size=10,100")
    assert "learning_rate:\n  - 0.1\n  - 0.5\n" in shown(*words, "-m", "learning_rate=0.1,0.5", "seed=0,1")


def test_info_answers() -> None:
    assert "tracking/default" in shown("--info", "defaults")


def test_completion_is_installed_and_answers() -> None:
    assert "complete" in shown("-sc", "install=bash")
    answer = shown("-sc", "query=bash", COMP_LINE="nnexp +sweep=batch_s", COMP_POINT="20")
    assert answer.split() == ["+sweep=batch_size"]


def test_the_version_is_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("nnexp ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("learnin_rate=0.1", "unknown key 'learnin_rate'; did you mean 'learning_rate'?"),
        ("batch_size=0.5", "batch_size must be a whole number >= 1, got 0.5"),
        ("learning_rate=-1", "learning_rate must be a finite number > 0, got -1"),
        ("initializer=xavier", "unknown initializer 'xavier'; did you mean 'glorot_normal'?"),
        ("output=softmax", "cost=cross_entropy does not fit output=softmax; it takes log_likelihood"),
        ("batch_size=1201", "batch_size must be <= 1200, the number of training examples, got 1201"),
        ("+sweep=batch_size sweep.axes.batch_size=[]", "must have at least one value, got []"),
        ("+sweep=batch_size sweep.axes.batch_size=[5,5]", "points 1 and 2 are both {'batch_size': 5}"),
        ("+sweep=batch_size sweep.axis=3", "unknown key in sweep: 'axis'; did you mean 'axes'?"),
        ("+sweep=batchsize", "unknown sweep 'batchsize'; did you mean 'batch_size'?"),
        ("data=mnist data.root=nowhere", "/nowhere'"),
        ("data=file", "data=file needs data.path="),
        ("tracking=server tracking.uri=http://127.0.0.1:9", "tracking.uri must be a running MLflow server"),
        ("tracking.uri=mlruns", "try sqlite:///mlflow.db"),
        ("--config-name other", "unknown option --config-name"),
        ("--everything", "unknown option --everything: nnexp --help lists the options"),
        ("--config-dir nowhere", "--config-dir must be a folder, got 'nowhere'"),
        ("--help data=mnst", "unknown data 'mnst'; did you mean 'mnist'?"),
        ("--cfg job epochs=x", "epochs must be a whole number >= 1, got 'x'"),
        ("--cfg job -m +sweep=batch_size,lambda", "one sweep at a time can be shown"),
        (f"--config-dir {'x' * 300}", "File name too long: xxx"),
        (f"sweeps_dir={'x' * 300} tracking=none", "File name too long: xxx"),
        ("ui port=high", "port must be a number, got 'high'"),
        ("ui", "nothing was logged at sqlite:///mlflow.db yet"),
    ],
)
def test_a_mistake_is_one_line_status_2_and_nothing_is_written(
    words: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words.split()) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.startswith("nnexp: ")
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_sweeps_dir_that_cannot_be_written_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("a file")
    assert cli.main(["sweeps_dir=taken", "tracking=none"]) == 2
    assert "sweeps_dir must be a folder that can be written" in capsys.readouterr().err


def test_the_traceback_of_a_mistake_is_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HYDRA_FULL_ERROR", "1")
    assert cli.main(["epochs=0"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_a_process_that_ends_collects_no_garbage(monkeypatch: pytest.MonkeyPatch) -> None:
    """With MLflow loaded, that takes a second between the last line and the prompt."""
    monkeypatch.setattr(cli, "main", lambda: 0)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # the tests keep theirs
    try:
        assert __main__.main() == 0
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
