"""Tuned sweeps and searches: settings are tried, what they choose is trained again with fresh seeds."""

import re
import shutil
from pathlib import Path

import pytest

from nnexp import UserError, cli, load_sweep
from nnexp.sweep.question.tuning import FIRST_SEED
from nnexp.sweep.store.folder import open_sweep
from tests.results.figures import figures_in

TUNED = """\
# @package _global_
epochs: 2
hidden_size: 5
sweep:
  question: Which batch size learns best, each at its own learning rate?
  axes: {batch_size: [10, 100]}
  nuisance:
    learning_rate: {low: 0.01, high: 10, scale: log}
    budget: 4
    seeds: 2
  seeds: 3
  claims:
    - id: small
      text: Small mini-batches learn more in two epochs.
      check:
        left: {final: validation_accuracy, at: {batch_size: 10}}
        rel: ">"
        right: {final: validation_accuracy, at: {batch_size: 100}}
"""
SEARCH = """\
# @package _global_
epochs: 2
sweep:
  question: Which network is best?
  search:
    learning_rate: {low: 0.01, high: 10, scale: log}
    hidden_size: {low: 2, high: 20}
    budget: 6
    finalists: 2
  seeds: 3
"""
QUIET = ["data=synthetic", "tracking=none", "pictures=false"]


@pytest.fixture(autouse=True)
def _with_sweep_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    files = Path("conf/sweep")
    files.mkdir(parents=True)
    (files / "mine.yaml").write_text(TUNED)
    (files / "hunt.yaml").write_text(SEARCH)


def nnexp(*words: str) -> int:
    return cli.main([*words, *QUIET, "n_jobs=1"])


def test_each_point_is_trained_again_at_its_best_setting_with_fresh_seeds() -> None:
    assert nnexp("+sweep=mine") == 0
    answer, trials = load_sweep("mine"), load_sweep("mine/trials")
    tried = trials.runs.groupby(["batch_size", "learning_rate"])["final_validation_accuracy"].mean()
    for batch_size, runs in answer.runs.groupby("batch_size"):
        of_size = tried.loc[batch_size]
        best = of_size[of_size == of_size.max()].index
        assert set(runs["learning_rate"]) <= set(best)
        assert runs["learning_rate"].nunique() == 1
    assert set(answer.runs["seed"]) == {0, 1, 2}
    assert set(trials.runs["seed"]) == {FIRST_SEED, FIRST_SEED + 1}
    assert answer.plan.axes == ("batch_size",)
    assert answer.plan.trials == f"mine/trials/{trials.plan.sweep_id}"
    assert len(answer.verdicts) == 1


def test_the_chosen_settings_stand_in_summary_csv_beside_the_axes() -> None:
    assert nnexp("+sweep=mine") == 0
    answer = load_sweep("mine")
    assert list(answer.summary)[:3] == ["batch_size", "learning_rate", "n"]
    chosen = answer.runs.groupby("batch_size")["learning_rate"].first()
    assert answer.summary.set_index("batch_size")["learning_rate"].to_dict() == chosen.to_dict()
    assert answer.summary["learning_rate"].dtype == "float64"
    path = answer.folder / "summary.csv"
    path.write_text(path.read_text().replace(f"{chosen[10]}", "0.5", 1))
    with pytest.raises(UserError, match=r"summary.csv, column 'learning_rate', row 2 must be"):
        load_sweep("mine")


def test_a_notebook_has_the_trials_beside_the_answer() -> None:
    assert nnexp("+sweep=mine") == 0
    answer = load_sweep("mine")
    assert len(answer.trials.runs) == 16
    assert answer.trials.plan == load_sweep("mine/trials").plan
    assert "4 settings x 2 seeds were tried at each point" in answer.table()
    with pytest.raises(UserError, match="sweep mine/trials has no trials: nothing was tuned for it"):
        answer.trials.trials  # noqa: B018
    shutil.rmtree("sweeps/mine/trials")
    alone = load_sweep("mine")
    assert f"{answer.plan.trials} is not here" in alone.table()
    with pytest.raises(UserError, match="the trials of sweep mine are not here: mine/trials/"):
        alone.trials  # noqa: B018


def test_the_same_command_again_trains_nothing_and_answers_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp("+sweep=mine") == 0
    first = capsys.readouterr().out
    assert nnexp("+sweep=mine") == 0
    again = capsys.readouterr().out
    assert "all done" in again
    table = "Which batch size learns best, each at its own learning rate?"
    assert first[first.index(table) :].splitlines()[:8] == again[again.index(table) :].splitlines()[:8]


def test_a_larger_budget_trains_only_what_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp("+sweep=mine") == 0
    capsys.readouterr()
    assert nnexp("+sweep=mine", "sweep.nuisance.budget=6") == 0
    assert re.search(r"mine/trials: 24 runs .*16 done, 8 to train", capsys.readouterr().out)


def test_a_frozen_tuned_sweep_is_read_back_as_it_was_planned() -> None:
    assert nnexp("+sweep=mine") == 0
    for name in ("mine", "mine/trials"):
        loaded = load_sweep(name)
        again = open_sweep(loaded.folder)
        assert again.plan == loaded.plan
        assert len(again.records) == len(again.plan.runs)


def test_a_dry_run_shows_the_trials_and_once_they_are_done_what_they_chose(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert nnexp("+sweep=mine", "dry_run=true") == 0
    shown = capsys.readouterr().out
    assert "mine/trials: 16 runs (8 points x 2 seeds)" in shown
    assert "Then the best of them: 2 points x 3 seeds, 6 runs." in shown
    assert not Path("sweeps").exists()
    assert nnexp("+sweep=mine") == 0
    capsys.readouterr()
    assert nnexp("+sweep=mine", "dry_run=true") == 0
    assert "mine: 6 runs (2 points x 3 seeds), all done" in capsys.readouterr().out


def test_a_search_trains_its_finalists_again() -> None:
    assert nnexp("+sweep=hunt") == 0
    answer, trials = load_sweep("hunt"), load_sweep("hunt/trials")
    assert answer.plan.axes == trials.plan.axes == ("learning_rate", "hidden_size")
    best = trials.runs.nlargest(2, "final_validation_accuracy")[["learning_rate", "hidden_size"]]
    assert sorted(map(tuple, best.to_numpy())) == sorted(tuple(p.values()) for p in answer.plan.points)
    assert len(answer.runs) == 6


def test_workers_change_nothing() -> None:
    assert cli.main(["+sweep=mine", *QUIET, "n_jobs=1", "sweeps_dir=one"]) == 0
    assert cli.main(["+sweep=mine", *QUIET, "n_jobs=2", "sweeps_dir=two"]) == 0
    for part in ("mine", "mine/trials"):
        one, two = load_sweep(part, "one").folder, load_sweep(part, "two").folder
        assert one.name == two.name
        assert figures_in(one) == figures_in(two)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["+sweep=mine", "learning_rate=0.1"], "learning_rate is tuned, so it has a range"),
        (["+sweep=mine", "sweep.nuisance.batch_size=[1,2]"], "sweep.nuisance.batch_size must not be an axis"),
        (["+sweep=mine", "sweep.nuisance.learning_rate.hgh=3"], "'high'"),
        (["+sweep=mine", "sweep.nuisance.budgt=3"], "did you mean 'budget'"),
        (["+sweep=mine", "sweep.nuisance.learning_rate.low=20"], "must have low < high"),
        (["+sweep=mine", "sweep.nuisance.learning_rate.low=-1"], "must be > 0 on a log scale"),
        (["+sweep=hunt", "sweep.search.finalists=0"], "sweep.search.finalists must be a whole number >= 1"),
        (["+sweep=hunt", "sweep.axes.batch_size=[1,2]"], "sweep.search takes no axes beside it"),
    ],
)
def test_what_cannot_be_asked_is_one_line_before_anything_is_written(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert nnexp(*words) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not Path("sweeps").exists()


def test_a_claim_on_a_point_of_a_search_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    claim = TUNED[TUNED.index("  claims:") :]
    Path("conf/sweep/hunt.yaml").write_text(SEARCH + claim)
    assert nnexp("+sweep=hunt") == 2
    error = capsys.readouterr().err
    assert "batch_size" in error
    assert "a search has no axes, and it may never visit a point that a claim names" in error


def test_a_claim_on_a_search_is_one_on_the_setting_that_it_finds(capsys: pytest.CaptureFixture[str]) -> None:
    claim = (
        "  claims:\n    - {id: good, text: It learns., check: {left: {final: validation_accuracy}, rel: '>', "
    )
    Path("conf/sweep/hunt.yaml").write_text(SEARCH + claim + "right: 0.05}}\n")
    assert nnexp("+sweep=hunt") == 2
    assert "sweep.search.finalists must be 1, got 2" in capsys.readouterr().err
    assert nnexp("+sweep=hunt", "sweep.search.finalists=1") == 0
    assert len(load_sweep("hunt").verdicts) == 1


def test_a_value_that_no_run_can_have_is_told_before_trials_train(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp("+sweep=mine", "sweep.nuisance.momentum={low: 0.5, high: 2}") == 2
    assert "momentum must be" in capsys.readouterr().err
    assert not Path("sweeps").exists()


def test_nothing_is_chosen_while_a_run_of_the_trials_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp("+sweep=mine", "max_seconds=1e-9") == 1
    assert "16 runs of mine/trials/" in capsys.readouterr().err
    assert nnexp("+sweep=mine", "dry_run=true") == 0
    assert "Then the best of them" in capsys.readouterr().out
    assert not list(Path("sweeps/mine").glob("*/sweep.yaml"))
    assert nnexp("+sweep=mine", "mode=retry") == 0
