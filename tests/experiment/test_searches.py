"""Searches in rounds: what comes next follows from what was tried, whoever trains it, stopped or not."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from nnexp import cli, load_sweep
from nnexp.experiment import training
from nnexp.nn import train
from nnexp.sweep.pool import worker
from nnexp.sweep.pool.stop import Stopped
from nnexp.sweep.question import asked
from nnexp.sweep.store.catalog import is_finished
from nnexp.sweep.store.folder import open_sweep
from nnexp.sweep.store.rounds_file import read_rounds
from tests.results.figures import figures_in

SEARCH = """\
# @package _global_
epochs: 5
sweep:
  question: Which network is best?
  search:
    learning_rate: {low: 0.01, high: 10, scale: log}
    optimizer: [sgd, nesterov]
    momentum: {low: 0.1, high: 0.9, when: {optimizer: nesterov}}
    budget: 14
    together: 5
    pruner: median
    finalists: 2
  seeds: 3
"""
QUIET = ["data=synthetic", "hidden_size=5", "tracking=none", "pictures=false"]
SAMPLERS = ["halton", "tpe"]


@pytest.fixture(autouse=True)
def _with_a_sweep_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf/sweep").mkdir(parents=True)
    Path("conf/sweep/hunt.yaml").write_text(SEARCH)


def words(sampler: str, *more: str) -> list[str]:
    if sampler == "tpe":
        pytest.importorskip("optuna")
    return ["+sweep=hunt", f"sweep.search.sampler={sampler}", *QUIET, *(more or ["n_jobs=1"])]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folders of `sweeps` in which nobody disturbed the search, by sampler."""
    homes = {}
    with pytest.MonkeyPatch.context() as patch:
        for sampler in SAMPLERS if asked.find_spec("optuna") else SAMPLERS[:1]:
            homes[sampler] = tmp_path_factory.mktemp(sampler)
            patch.chdir(homes[sampler])
            Path("conf/sweep").mkdir(parents=True)
            Path("conf/sweep/hunt.yaml").write_text(SEARCH)
            assert cli.main(words(sampler)) == 0
    return {sampler: home / "sweeps" for sampler, home in homes.items()}


def left_by(sweeps: Path = Path("sweeps")) -> list[Any]:
    """What a search and its trials say, and in which rounds."""
    folders = [load_sweep(name, sweeps).folder for name in ("hunt/trials", "hunt")]
    return [(folder.name, figures_in(folder), read_rounds(folder)) for folder in folders]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_what_comes_next_does_not_depend_on_who_trains(sampler: str, undisturbed: dict[str, Path]) -> None:
    assert cli.main(words(sampler, "n_jobs=2")) == 0
    assert left_by() == left_by(undisturbed[sampler])


def test_rounds_are_of_one_size_with_floors_and_pruned_runs_are_no_finalists(
    undisturbed: dict[str, Path],
) -> None:
    trials, answer = (load_sweep(name, undisturbed["halton"]) for name in ("hunt/trials", "hunt"))
    rounds = read_rounds(trials.folder)
    assert [len(each.runs) for each in rounds] == [5, 5, 4, 0]
    assert [bool(each.floors) for each in rounds] == [False, True, True, False]
    assert is_finished(trials.folder)
    by_id = trials.runs.set_index("run_id")
    curves = trials.history.set_index("run_id")["validation_accuracy"]
    for each in rounds[:-1]:
        for key in each.runs:
            below = [e for e, f in each.floors.items() if curves.loc[[key.run_id]].head(e).max() < f]
            row = by_id.loc[key.run_id]
            assert (row["status"], row["epochs_done"]) == (("pruned", below[0]) if below else ("finished", 5))
    assert (trials.runs["status"] == "pruned").sum() > 2
    finished = trials.runs[trials.runs["status"] == "finished"]
    best = finished.nlargest(2, "final_validation_accuracy")["learning_rate"]
    assert sorted(best) == sorted(point["learning_rate"] for point in answer.plan.points)


def test_a_frozen_search_is_read_back_as_it_was_planned(undisturbed: dict[str, Path]) -> None:
    trials = load_sweep("hunt/trials", undisturbed["halton"])
    assert open_sweep(trials.folder).plan == trials.plan
    assert trials.plan.home["momentum"] == 0
    assert all((p["momentum"] > 0) is (p["optimizer"] == "nesterov") for p in trials.plan.points)


def stopped(*_: object, **__: object) -> Any:
    raise Stopped


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(
    ("moment", "way"),
    [("with_next_round", "retry"), ("round_line", "the same command"), ("freeze_end", "retry")],
)
def test_a_search_that_was_stopped_goes_on_as_if_it_was_not(
    undisturbed: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    sampler: str,
    moment: str,
    way: str,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(training, moment, stopped)
        assert cli.main(words(sampler)) == 130
    assert "The same command again goes on" in capsys.readouterr().out or moment == "round_line"
    assert cli.main(["list"]) == 0
    assert "more to be tried" in capsys.readouterr().out
    if way == "retry":
        assert cli.main(["retry", "hunt/trials", "n_jobs=1", *QUIET[2:]]) == 0
    assert cli.main(words(sampler)) == 0
    assert left_by() == left_by(undisturbed[sampler])


def test_a_search_killed_between_its_two_files_goes_on(undisturbed: dict[str, Path]) -> None:
    """The round is frozen, and the plan that has its settings is not."""
    whole = load_sweep("hunt/trials", undisturbed["halton"]).folder
    assert cli.main(words("halton", "n_jobs=1", "sweep.search.budget=14", "dry_run=true")) == 0
    folder = Path("sweeps/hunt/trials", whole.name)
    shutil.copytree(whole, folder)
    shutil.rmtree(folder / "records")
    (folder / "sweep.yaml").write_text(_cut_to(5, (whole / "sweep.yaml").read_text()))
    assert len(open_sweep(folder).plan.points) == 5
    assert cli.main(words("halton")) == 0
    assert left_by()[0][1:] == left_by(undisturbed["halton"])[0][1:]


def _cut_to(points: int, plan: str) -> str:
    head, rest = plan.split("\npoints:\n")
    lines = rest.splitlines()
    first_behind = next(k for k, line in enumerate(lines) if not line.startswith("-"))
    return "\n".join([head, "points:", *lines[:points], *lines[first_behind:], ""])


def fails_in_the_first_round(runs: Any, *args: Any, **kwargs: Any) -> Any:
    if any(run.seed == 1_000_000 and run.learning_rate == FAILING for run in runs):
        raise RuntimeError("broken")
    return train(runs, *args, **kwargs)


FAILING = 0.0


def test_a_setting_that_fails_is_one_that_does_badly(
    undisturbed: dict[str, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = load_sweep("hunt/trials", undisturbed["halton"]).plan.points[1]
    monkeypatch.setitem(globals(), "FAILING", first["learning_rate"])
    monkeypatch.setattr(worker, "train", fails_in_the_first_round)
    assert cli.main(words("halton")) == 1
    trials = load_sweep("hunt/trials")
    assert (trials.runs["status"] == "failed").sum() == 1
    assert [len(each.runs) for each in read_rounds(trials.folder)] == [5, 5, 4, 0]
    assert first not in load_sweep("hunt").plan.points


def test_rounds_are_announced(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words("halton")) == 0
    shown = capsys.readouterr().out
    assert "5 runs (5 points x 1 seed, in rounds of 5: 14 points in all), 0 done, 5 to train" in shown
    assert re.findall(r"^Round .*", shown, re.M) == [
        "Round 2: points 6 to 10 of 14, 5 runs to train",
        "Round 3: points 11 to 14 of 14, 4 runs to train",
    ]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sampler=bayes", "unknown sweep.search.sampler 'bayes'"),
        ("pruner=hyperband", "unknown sweep.search.pruner 'hyperband'"),
        ("together=0", "sweep.search.together must be a whole number >= 1, got 0"),
        ("pruner=none", "sweep.search.together is for searches in rounds"),
        ("sampler=tpe", "sampler=tpe needs optuna, which is not installed: pip install 'nnexp[search]'"),
    ],
)
def test_what_cannot_be_asked_is_one_line_before_anything_is_written(
    given: str, message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asked, "find_spec", lambda name: None)
    assert cli.main(["+sweep=hunt", f"sweep.search.{given}", *QUIET]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("sweeps").exists()
