"""A study carries out its stages, each from what the one before took, and ends with a sweep of its own."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnexp import UserError, cli, load_sweep
from nnexp.experiment.followed import answer_on, trained_now
from nnexp.experiment.study import taken
from nnexp.experiment.training import Experiment
from nnexp.sweep.question.stages import FIRST_SEED, stages_of
from nnexp.sweep.store.folder import Sweep
from tests.results.figures import figures_in
from tests.results.sweeps import make_plan, make_records

STUDY = """\
# @package _global_
learning_rate: 30.0
lambda_l2: 100.0
epochs: 2
hidden_size: 5
sweep:
  question: How far does a bad beginning lead?
  stages:
    - name: signal
      set: {hidden_layers: 0, train_size: 100}
      axes: {learning_rate: [0.01, 1, 100], lambda_l2: [0.1, 1000]}
      seeds: 2
    - name: finer
      axes: {learning_rate: {times: [0.3, 1, 3]}}
    - name: epochs
      set: {epochs: 6, patience: 2}
      take: {epochs: best_epoch}
      seeds: 3
    - name: size
      search:
        hidden_size: {low: 2, high: 9}
        budget: 4
        finalists: 2
  seeds: 3
"""
QUIET = ["data=synthetic", "tracking=none", "pictures=false"]
NAMES = ["study/signal", "study/finer", "study/epochs", "study/size/trials", "study/size", "study"]


@pytest.fixture(autouse=True)
def _with_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(STUDY)


def write(text: str) -> None:
    Path("conf/sweep").mkdir(parents=True, exist_ok=True)
    Path("conf/sweep/study.yaml").write_text(text)


def nnexp(*words: str) -> int:
    return cli.main(["+sweep=study", *QUIET, "n_jobs=1", *words])


def test_each_stage_begins_where_the_one_before_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp() == 0
    sweeps = {name: load_sweep(name) for name in NAMES}
    study = sweeps["study"].plan
    took = {result.stage: dict(result.took) for result in study.stages}
    assert list(took) == ["signal", "finer", "epochs", "size"]
    rate = took["signal"]["learning_rate"]
    finer = [point["learning_rate"] for point in sweeps["study/finer"].plan.points]
    assert finer == pytest.approx([0.3 * rate, rate, 3 * rate])
    assert set(sweeps["study/finer"].runs["lambda_l2"]) == {took["signal"]["lambda_l2"]}
    assert set(sweeps["study/finer"].runs["hidden_layers"]) == {1}  # what a stage sets holds in it alone
    best = sweeps["study/epochs"].runs["best_epoch"].median()
    assert took["epochs"] == {"epochs": best}
    run = study.runs[0].hyperparameters
    end = {"learning_rate": run.learning_rate, "lambda_l2": run.lambda_l2, "epochs": run.epochs}
    assert end == {**took["signal"], **took["finer"], **took["epochs"]}
    assert run.hidden_size == took["size"]["hidden_size"]
    assert study.seeds == (0, 1, 2)
    assert set(sweeps["study/finer"].runs["seed"]) == {FIRST_SEED}
    told = capsys.readouterr().out
    answer = told[told.rindex("How far does a bad beginning lead?") :]
    assert "Stage signal: learning_rate=" in answer
    assert "est accuracy" in answer
    assert "est accuracy" not in told[: told.index(answer)]  # a stage is chosen from


def test_a_study_that_goes_on_ends_as_one_that_nobody_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    assert nnexp() == 0
    whole = {name: figures_in(load_sweep(name).folder) for name in NAMES}
    for name in ("study/size", "study"):  # as if the stop had come before
        for record in (load_sweep(name).folder / "records").iterdir():
            record.unlink()
    assert nnexp() == 0
    assert {name: figures_in(load_sweep(name).folder) for name in NAMES} == whole


def test_who_watches_a_study_sees_each_sweep_train_and_then_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, train_round = list[Path](), Experiment._train_round

    def watched(self: Experiment, *args: Any) -> None:
        if folder := trained_now("study", "sweeps"):
            seen.append(folder)
        train_round(self, *args)

    monkeypatch.setattr(Experiment, "_train_round", watched)
    assert nnexp() == 0
    assert [folder.relative_to("sweeps").parent.as_posix() for folder in seen] == NAMES
    assert trained_now("study", "sweeps") is None
    assert {answer_on(folder, "study", "sweeps") for folder in seen} == {seen[-1]}
    assert answer_on(seen[3], "study/size", "sweeps") == seen[4]
    assert answer_on(seen[4], "study/finer", "sweeps") is None


def test_a_finished_study_prints_a_line_per_stage_and_its_own_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert nnexp() == 0
    first = capsys.readouterr().out
    assert nnexp() == 0
    again = capsys.readouterr().out
    beginning, answer = again[: again.index("study: 3 runs")], again[again.index("study: 3 runs") :]
    lines = " ".join(beginning.split()).split("Stage ")[1:]
    assert [line.partition(":")[0] for line in lines] == ["signal", "finer", "epochs", "size"]
    assert "validation" not in beginning.replace("_validation_", "")
    question = "How far does a bad beginning lead?"
    assert answer[answer.index(question) :] == first[first.rindex(question) :]


def test_the_stages_are_a_frame() -> None:
    assert nnexp() == 0
    study = load_sweep("study")
    stages = study.stages
    assert stages["stage"].tolist() == ["signal", "finer", "epochs", "size"]
    assert stages["chose"][1] == f"learning_rate={study.plan.stages[1].took['learning_rate']}"
    best = load_sweep("study/finer").summary["final_validation_accuracy_mean"].max()
    assert stages["validation_accuracy"][1] == best
    assert stages["sweep"][3] == f"study/size/{load_sweep('study/size').plan.sweep_id}"
    with pytest.raises(UserError, match="study/finer has no stages: it is no study"):
        _ = load_sweep("study/finer").stages


def test_a_study_that_has_not_begun_itself_shows_the_stages_that_are_there(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert nnexp() == 0
    capsys.readouterr()
    assert cli.main(["status", "study"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "It rests on:" in shown
    for name in ("study/finer", "study", "study/size"):
        shutil.rmtree(load_sweep(name).folder)
    assert cli.main(["status", "study"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith("study has not begun; what it rests on has:")
    assert re.search(r"study/signal/\w+ 12 10 finished, 2 diverged", shown)
    assert "study/finer/" not in shown
    assert cli.main(["status", "stud"]) == 2


def test_retry_of_a_stage_says_what_goes_on_with_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp() == 0
    capsys.readouterr()
    for name in ("study/finer", "study/size/trials"):
        assert cli.main(["retry", name, "n_jobs=1", "tracking=none", "pictures=false"]) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert shown.endswith(
            "To go on with what this chooses: python -m nnexp +sweep=study, with the words that it was "
            "begun with"
        )


def test_a_dry_run_shows_the_first_stage_and_what_follows(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp("dry_run=true") == 0
    shown = capsys.readouterr().out
    assert "study/signal: 12 runs" in shown
    assert (
        "Stage signal of study. Then, each from what the one before takes: finer, epochs, size, study."
        in shown
    )
    assert not Path("sweeps").exists()


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("take: {epochs: best_epoch}", "take: {epochs: bst_epoch}", "did you mean 'best_epoch'"),
        (
            "axes: {learning_rate: {times: [0.3, 1, 3]}}",
            "axes: {learning_rat: [1]}",
            "did you mean 'learning_rate'",
        ),
        ("finalists: 2", "finalists: 9", "sweep.search.finalists must be <= sweep.search.budget=4"),
        (
            "finalists: 2",
            "finalists: 0",
            "the stage size: sweep.search.finalists must be a whole number >= 1",
        ),
        (
            "        budget: 4\n",
            "",
            "the stage size: sweep.search.budget is missing: it must be a whole number >= 2",
        ),
        ("set: {epochs: 6, patience: 2}", "set: {epochs: -6}", "epochs must be"),
        ("low: 2, high: 9", "low: -2, high: 9", "hidden_size must be"),
        ("take: {epochs: best_epoch}", "take: {epochs: test_accuracy}", "which takes no test data"),
        ("take: {epochs: best_epoch}", "take: {activation: best_epoch}", "activation is no number"),
        ("take: {epochs: best_epoch}", "take: [epochs]", "unknown setting in take of the stage epochs"),
        ("seeds: 2\n", "seeds: 2\n      target: 95\n", "target must be an accuracy"),
        (
            "axes: {learning_rate: {times: [0.3, 1, 3]}}",
            "axes: {data: [digits, synthetic]}",
            "cannot choose data",
        ),
        ("set: {epochs: 6, patience: 2}", "axes: {seed_weights: [0, 1]}", "cannot choose seed_weights"),
        ("lambda_l2: 100.0", "lambda_l2: ${learning_rate}", "names learning_rate, whose value differs"),
        ("  seeds: 3\n", "  seeds: [1000000]\n", "sweep.seeds must be < 1000000"),
        (
            "set: {hidden_layers: 0",
            "set: {learning_rate: 1, hidden_layers: 0",
            "sets learning_rate, and varies it",
        ),
    ],
)
def test_a_later_stage_that_cannot_be_asked_is_told_before_the_first_trains(
    before: str, after: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert before in STUDY
    at = STUDY.rindex(before)
    write(STUDY[:at] + after + STUDY[at + len(before) :])
    assert nnexp() == 2
    assert message in capsys.readouterr().err
    assert not Path("sweeps").exists()


def test_nothing_is_chosen_while_a_run_of_a_stage_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert nnexp("max_seconds=1e-9") == 1
    assert "12 runs of study/signal/" in (error := capsys.readouterr().err)
    assert "nothing is chosen without them: nnexp retry study/signal/" in error
    assert not Path("sweeps/study/finer").exists()
    assert nnexp("mode=retry") == 0


def test_a_stage_in_which_nothing_finishes_ends_the_study(capsys: pytest.CaptureFixture[str]) -> None:
    write(STUDY.replace("[0.01, 1, 100], lambda_l2: [0.1, 1000]", "[1.0e+30], lambda_l2: [1000]"))
    assert nnexp() == 1
    assert "the stage signal has no best point" in capsys.readouterr().err


def test_by_another_metric_no_point_wins_through_the_runs_that_it_lost() -> None:
    raw = {"name": "rate", "axes": {"batch_size": [1, 10]}, "by": {"lowest": "final_training_cost"}}
    (stage,) = stages_of([raw])
    plan = make_plan({"batch_size": [1, 10]})
    records = make_records(plan, [[0.9, 0.9, None], [0.9, 0.9, 0.9]])
    for run in plan.runs_by_point[0][:2]:  # of those that finished, the first point's cost is the lowest
        metrics = dict(records[run.run_id].metrics) | {"final_training_cost": 0.01}
        records[run.run_id] = replace(records[run.run_id], metrics=metrics)
    assert taken(stage, Sweep(plan, Path("nowhere"), records)).took == {"batch_size": 10}
