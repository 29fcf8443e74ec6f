"""Seeds until decided: one command carries out all rounds, and whoever goes on with them does the same."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nnexp import cli, load_sweep
from nnexp.errors import UserError
from nnexp.experiment import planning, training
from nnexp.nn import train
from nnexp.sweep.pool import worker
from nnexp.sweep.pool.stop import Stopped
from nnexp.sweep.store.catalog import is_finished
from nnexp.sweep.store.folder import Sweep, settle
from nnexp.sweep.store.rounds_file import Round, read_rounds
from tests.results.figures import figures_in

RULE = "sweep.seeds={from: 5, to: 7, until: decided}"
QUIET = ["tracking=none", "pictures=false"]
SMALL = ["data=synthetic", "epochs=2", "hidden_size=5", "n_jobs=1", *QUIET]
SWEEP = [*SMALL, "-m", "learning_rate=0.01,0.6,0.7", RULE]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep that nobody disturbed."""
    home = tmp_path_factory.mktemp("undisturbed")
    assert cli.main([*SWEEP, f"sweeps_dir={home}"]) == 0
    return folder(home)


def folder(sweeps: Path = Path("sweeps")) -> Path:
    (only,) = (sweeps / "multirun").iterdir()
    return only


def left_by(place: Path) -> tuple[dict[str, Any], list[Round]]:
    return figures_in(place), read_rounds(place)


def sizes(place: Path) -> list[tuple[int, list[int]]]:
    """Of each round: how many runs, and at which points."""
    return [(len(each.runs), sorted({key.point for key in each.runs})) for each in read_rounds(place)]


def test_one_command_trains_all_rounds_and_says_so(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(SWEEP) == 0
    shown = capsys.readouterr().out
    assert "15 runs (3 points x 5 seeds, until decided: at most 21 runs), 0 done, 15 to train" in shown
    assert "Look 2" not in shown
    assert "Round 2: 7 seeds at 2 of 3 points, 4 runs to train" in shown
    assert len(re.findall(r"^\[ ?\d+/1[59]\] ", shown, re.M)) == 19
    assert sizes(folder()) == [(15, [0, 1, 2]), (4, [1, 2]), (0, [])]
    assert is_finished(folder())
    assert left_by(folder()) == left_by(undisturbed)
    assert load_sweep("multirun").plan.shape == "3 points, 5 to 7 seeds each"


def test_the_number_of_workers_changes_no_round(undisturbed: Path) -> None:
    assert cli.main(["n_jobs=2" if word == "n_jobs=1" else word for word in SWEEP]) == 0
    assert left_by(folder()) == left_by(undisturbed)


def test_the_same_command_again_answers_from_the_records(
    undisturbed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(undisturbed.parents[1], "sweeps")
    monkeypatch.setattr(worker, "train", None)
    assert cli.main(SWEEP) == 0
    assert "19 runs (3 points, 5 to 7 seeds each, until decided: at most 21 runs), all done" in (
        capsys.readouterr().out
    )
    assert left_by(folder()) == left_by(undisturbed)


def stopped(*_: object, **__: object) -> Any:
    raise Stopped


@pytest.mark.parametrize(
    ("moment", "way"),
    [
        ("before a round is frozen", "retry"),
        ("before its runs train", "the same command"),
        ("at the end", "retry"),
    ],
)
def test_a_sweep_that_was_stopped_goes_on_with_the_same_rounds(
    undisturbed: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    moment: str,
    way: str,
) -> None:
    name = {"before a round is frozen": "with_next_round", "before its runs train": "round_line"}
    with monkeypatch.context() as patch:
        patch.setattr(training, name.get(moment, "freeze_end"), stopped)
        assert cli.main(SWEEP) == 130
    assert "The same command again" in capsys.readouterr().out
    assert not is_finished(folder())
    assert cli.main(["list"]) == 0
    assert "more until decided" in capsys.readouterr().out
    assert cli.main(SWEEP if way == "the same command" else ["retry", "multirun", "n_jobs=1", *QUIET]) == 0
    assert left_by(folder()) == left_by(undisturbed)


def test_status_says_that_a_round_is_to_come(
    undisturbed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(training, "with_next_round", stopped)
        cli.main(SWEEP)
    capsys.readouterr()
    assert cli.main(["status", "multirun"]) == 0
    shown = capsys.readouterr().out
    assert "15 runs (3 points x 5 seeds): 15 finished, more until decided" in shown
    assert "To go on with the next round: nnexp retry multirun/" in shown
    assert cli.main([*SWEEP, "dry_run=true"]) == 0
    assert "19 runs (3 points, 5 to 7 seeds each, until decided: at most 21 runs), 15 done, 4 to train" in (
        capsys.readouterr().out
    )
    assert len(read_rounds(folder())) == 1


def fails_at(rate: float, seed: int) -> Callable[..., Any]:
    def failing(runs, *args, **kwargs):  # type: ignore[no-untyped-def]
        if any((run.learning_rate, run.seed) == (rate, seed) for run in runs):
            raise RuntimeError("broken")
        return train(runs, *args, **kwargs)

    return failing


def test_no_round_comes_before_what_failed_is_trained(
    undisturbed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(worker, "train", fails_at(0.6, 3))
        assert cli.main(SWEEP) == 1
    assert "The next round waits for the runs that failed." in capsys.readouterr().out
    assert sizes(folder()) == [(15, [0, 1, 2])]
    assert cli.main([*SWEEP, "mode=retry"]) == 0
    assert left_by(folder()) == left_by(undisturbed)


def test_a_wider_rule_goes_on_and_a_narrower_one_shows_less(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(undisturbed.parents[1], "sweeps")
    narrow = [*SWEEP, "sweep.seeds.to=6"]
    assert cli.main(narrow) == 0
    assert "17 runs (3 points, 5 to 6 seeds each, until decided: at most 18 runs), all done" in (
        shown := capsys.readouterr().out
    )
    assert "2 runs of earlier rounds left out, beyond sweep.seeds.to=6" in shown
    assert cli.main([*SWEEP, "sweep.seeds.to=9"]) == 0
    assert "left out" not in capsys.readouterr().out
    assert [runs for runs, _ in sizes(folder())] == [15, 4, 0, 4, 0]


def test_a_sweep_of_a_fixed_number_of_seeds_is_another_one_whose_runs_are_taken(
    undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.main([*(word for word in SWEEP if word != RULE), "sweep.seeds=7"])
    fixed = folder()
    monkeypatch.setattr(worker, "train", None)
    assert cli.main(SWEEP) == 0
    (own,) = (place for place in fixed.parent.iterdir() if place != fixed)
    assert own.name == undisturbed.name
    assert left_by(own) == left_by(undisturbed)


def test_by_force_the_same_seeds_are_trained_again(
    undisturbed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(undisturbed.parents[1], "sweeps")
    assert cli.main([*SWEEP, "mode=force"]) == 0
    assert "0 done, 19 to train" in capsys.readouterr().out
    assert left_by(folder()) == left_by(undisturbed)


def test_a_further_round_is_asked_for_too_and_left_if_nobody_wants_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [True, False]
    monkeypatch.setattr(planning.Confirm, "ask", lambda *args, **kwargs: answers.pop(0))
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert cli.main([*SWEEP, "confirm_above=0"]) == 0
    shown = capsys.readouterr().out
    assert answers == []
    assert "It is not trained; the same command again asks again" in shown
    assert "accuracy" in shown  # the answer so far
    assert sizes(folder()) == [(15, [0, 1, 2])]


def test_a_disk_that_is_full_between_two_rounds_leaves_the_answer_so_far(
    undisturbed: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(sweep: Sweep, environment: Any) -> bool:
        if len(sweep.plan.runs) > 15:
            raise UserError("sweeps_dir must be a folder that can be written: No space left on device")
        return settle(sweep, environment)

    monkeypatch.setattr(training, "settle", full)
    assert cli.main(SWEEP) == 1
    told = capsys.readouterr()
    assert "Mean" in told.out
    assert "No space left on device; what is recorded stays, the same command again goes on" in told.err
    assert sizes(folder()) == [(15, [0, 1, 2])]
    monkeypatch.setattr(training, "settle", settle)
    assert cli.main(SWEEP) == 0
    assert left_by(folder()) == left_by(undisturbed)
