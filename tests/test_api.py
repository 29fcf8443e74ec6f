"""nnexp in a notebook: runs and sweeps started from Python, and what they left as frames."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nnexp
from nnexp.data import DataSpec, load
from nnexp.results.tables import make_tables
from nnexp.results.write_csv import write_tables
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.plan_file import write_plan
from tests.results.sweeps import make_plan, make_records

SMALL = {"data": "synthetic", "epochs": 3, "hidden_size": 5, "tracking": "none", "n_jobs": 1}
RATES = """# @package _global_
sweep:
  question: Which rates learn?
  axes: {learning_rate: [0.1, 1.0]}
  seeds: 3
  target: 0.05
  claims:
    - id: R
      text: The higher rate learns faster.
      check:
        left: {at_epoch: training_accuracy, epoch: 1, at: {learning_rate: 1.0}}
        rel: ">"
        right: {at_epoch: training_accuracy, epoch: 1, at: {learning_rate: 0.1}}
"""


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf/sweep").mkdir(parents=True)
    Path("conf/sweep/rates.yaml").write_text(RATES)


def test_a_run_trains_and_gives_its_results(capsys: pytest.CaptureFixture[str]) -> None:
    done = nnexp.run(**SMALL, learning_rate=0.3, classes=None, monitor=["weight_norm"])
    assert "3/3" in capsys.readouterr().out
    assert (done.plan.name, len(done.runs), len(done.history)) == ("single", 1, 4)  # epoch 0 too
    assert done.runs["learning_rate"].tolist() == [0.3]
    assert "weight_norm_1" in done.history
    assert len(done.verdicts) == 0


def test_a_sweep_trains_is_judged_and_its_best_network_predicts(capsys: pytest.CaptureFixture[str]) -> None:
    done = nnexp.run_sweep("rates", "sweep.seeds=4", **SMALL | {"epochs": 8})
    shown = capsys.readouterr().out
    assert "[8/8]" in shown
    assert re.search(r"^reproduced +R +The higher rate", shown, re.M)
    assert "CSV files: sweeps/rates/" in shown
    assert {path.suffix for path in done.folder.glob("*.*")} >= {".csv", ".png", ".svg", ".yaml"}
    assert done.verdicts["verdict"].tolist() == ["reproduced"]
    assert [len(table) for table in (done.runs, done.history, done.summary)] == [8, 64, 2]
    assert done.summary["target_reached"].tolist() == [4, 4]
    best = done.best()
    row = done.runs.set_index("run_id").loc[best.run_id]
    assert row["final_validation_accuracy"] == done.runs["final_validation_accuracy"].max()
    test = load(done.plan.runs[0].data).data.test
    assert np.mean(best.predict(test.inputs) == test.labels) == pytest.approx(row["test_accuracy"])
    assert best.probabilities(test.inputs[:5]).shape == (5, 10)
    again = nnexp.load_sweep("rates")
    assert repr(again) == repr(done)
    assert "2 points x 4 seeds, 8 of 8 runs have ended: 8 finished" in repr(again)
    capsys.readouterr()
    assert nnexp.run_sweep("rates", "sweep.seeds=4", **SMALL | {"epochs": 8}).folder == done.folder
    assert "all done" in capsys.readouterr().out


def test_perceptrons_learn_nand_and_tell_the_class_that_they_were_trained_to() -> None:
    layer = {"output": "step", "cost": "perceptron", "hidden_layers": 0, "batch_size": 1}
    done = nnexp.run(data="nand", **layer, tracking="none")
    assert done.runs["test_accuracy"].tolist() == [1]
    best = done.best()
    bits = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert best.predict(bits).tolist() == [1, 1, 1, 0]
    assert (best.probabilities(bits) > 0).tolist() == [[False, True]] * 3 + [[True, False]]  # AND and NAND


def test_layers_of_any_size_are_swept_and_loaded() -> None:
    sizes = {"sweep.axes.hidden_size": [(6, 4), 5, [3, 4, 5]], "monitor": ["gradient_norm"]}
    settings: dict[str, Any] = {**SMALL, **sizes, "train_size": 200, "sweep.seeds": 2}
    del settings["hidden_size"]
    done = nnexp.run(**settings)
    assert done.summary["hidden_size"].tolist() == ["[6,4]", "5", "[3,4,5]"]
    assert done.runs["hidden_layers"].tolist() == [2, 2, 1, 1, 3, 3]
    last = done.history.groupby("hidden_size")["gradient_norm_bias_4"].count()
    assert last.to_dict() == {"[6,4]": 0, "5": 0, "[3,4,5]": 8}
    loaded = nnexp.load_sweep("multirun")
    pd.testing.assert_frame_equal(loaded.history, done.history)
    best = loaded.best().model
    assert tuple(len(b) for b in best.biases) == best.hyperparameters.layer_sizes(16, 10)[1:]
    assert loaded.plan == done.plan


def test_every_picture_of_a_sweep_can_be_had() -> None:
    done = nnexp.run_sweep("rates", **SMALL, pictures=False)
    assert not list(done.folder.glob("*.png"))
    assert done.plot().axes[-1].get_xlabel() == "learning_rate"
    assert done.plot("learning_curves").axes[0].get_xlabel() == "epoch"
    assert done.plot()._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(nnexp.UserError, match="unknown picture 'learning_curve'; did you mean 'learning_cur"):
        done.plot("learning_curve")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nnexp.run(learnin_rate=0.1), "unknown key 'learnin_rate'; did you mean 'learning_rate'?"),
        (lambda: nnexp.run(data="no such"), "unknown data 'no such'"),
        (lambda: nnexp.run(learning_rate=-1), "learning_rate must be a finite number > 0, got -1"),
        (lambda: nnexp.run(dry_run=True), "dry_run is for the command line"),
        (lambda: nnexp.run_sweep("rate"), "unknown sweep 'rate'; did you mean 'rates'?"),
        (lambda: nnexp.load_sweep("rates"), "no sweep in sweeps yet: python -m nnexp +sweep="),
    ],
)
def test_a_mistake_is_one_line_and_trains_nothing(call: Callable[[], object], message: str) -> None:
    with pytest.raises(nnexp.UserError) as error:
        call()
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not Path("sweeps").exists()


def test_a_claim_that_the_runs_cannot_answer_is_a_mistake_before_they_train() -> None:
    Path("conf/sweep/rates.yaml").write_text(RATES.replace("epoch: 1", "epoch: 99"))
    with pytest.raises(nnexp.UserError, match=r"^claim R: .*epoch.* 99"):
        nnexp.run_sweep("rates", **{k: v for k, v in SMALL.items() if k != "epochs"})
    assert not Path("sweeps").exists()


def test_a_sweep_with_fewer_epochs_or_values_is_judged_by_the_claims_that_it_can_answer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    late = RATES[RATES.index("    - id: R") :].replace("id: R", "id: LATE").replace("epoch: 1", "epoch: 9")
    same = "    - {id: SAME, text: As the other., same_as: [LATE]}\n"
    Path("conf/sweep/rates.yaml").write_text(RATES + late + same)
    fewer_epochs = nnexp.run_sweep("rates", pictures=False, **SMALL)
    assert fewer_epochs.verdicts["id"].tolist() == ["R"]
    told = capsys.readouterr().out
    assert "Left out, as the sweep is changed: claim LATE: epoch must be within 1 and 3, got 9\n" in told
    assert "Left out, as the sweep is changed: claim SAME: unknown claim with a check 'LATE'" in told
    changed = "sweep.axes.learning_rate=[0.1,0.5]"
    fewer_values = nnexp.run_sweep("rates", changed, pictures=False, **SMALL)
    assert len(fewer_values.verdicts) == 0
    assert (
        fewer_values.claims() == "No claims: the sweep file states none, or none that these runs can answer."
    )
    assert "claim R: the sweep has no learning_rate=1.0" in capsys.readouterr().out


def known(accuracies: list[list[float | None]]) -> None:
    """A sweep with known accuracies; None: a run that has not ended."""
    plan = make_plan({"batch_size": [10, 20]}, seeds=2)
    folder = Path("sweeps", "known", plan.sweep_id)
    (folder / "records").mkdir(parents=True)
    write_plan(plan, {}, folder)
    ended = [accuracy is not None for row in accuracies for accuracy in row]
    made = make_records(plan, accuracies)
    kept = {run.run_id: made[run.run_id] for run, here in zip(plan.runs, ended, strict=True) if here}
    for record in kept.values():
        records.write(folder / "records", record, None)
    write_tables(make_tables(plan, kept, {}), folder)


def test_a_sweep_that_has_not_ended_says_what_it_rests_on() -> None:
    known([[0.9, 0.8], [None, 0.7]])
    loaded = nnexp.load_sweep("known")
    assert "3 of 4 runs have ended: 3 finished" in repr(loaded)
    with pytest.raises(nnexp.UserError, match="run 000000000000 kept no weights"):
        loaded.best()


def test_a_sweep_without_a_finished_run_has_frames_but_no_best_network_and_no_picture() -> None:
    known([[None, None], [None, None]])
    loaded = nnexp.load_sweep("known")
    assert len(loaded.runs) == 0
    assert loaded.summary["n"].tolist() == [0, 0]
    for call in (loaded.best, loaded.plot):
        with pytest.raises(nnexp.UserError, match=r"no run finished \(0 of 4 runs have ended\)"):
            call()


def test_a_notebook_shows_the_answer_as_it_is_printed() -> None:
    known([[0.9, 0.8], [0.7, 0.7]])
    loaded = nnexp.load_sweep("known")
    table = loaded.table("best_epoch")
    assert repr(table) == str(table)
    assert re.search(r"^ +10 +85.00 +2 +baseline .* 2 ", table, re.M)
    assert "Highest on validation: batch_size=10. Its test accuracy: 83.00 % (n = 2)." in table
    assert not any(line.endswith(" ") for line in table.splitlines())
    with pytest.raises(nnexp.UserError, match="unknown metric 'best_epok'; did you mean 'best_epoch'"):
        loaded.table("best_epok")


def test_published_results_load_without_records() -> None:
    known([[0.9, 0.8], [0.7, 0.7]])
    folder = next(Path("sweeps/known").iterdir())
    whole = nnexp.load_sweep("known")
    Path("sweeps/published").mkdir()
    folder.rename("sweeps/published/known")
    shutil.rmtree("sweeps/published/known/records")
    loaded = nnexp.load_sweep("known")
    assert loaded.runs.equals(whole.runs)
    assert loaded.table() == whole.table()
    assert (loaded == whole, loaded == loaded) == (False, True)  # two objects, whatever their frames hold
    assert loaded.plot().axes[0].get_xlabel() == "batch_size"
    assert loaded.history.equals(whole.history)
    assert loaded.plot("learning_curves").axes
    problem = "sweep known was published without its weights"
    with pytest.raises(nnexp.UserError, match=f"^{problem}$"):  # no sweep file has that name
        loaded.best()
    Path("conf/sweep/known.yaml").write_text("# @package _global_\n")
    command = "python -m nnexp \\+sweep=known data=digits trains it here"
    with pytest.raises(nnexp.UserError, match=f"^{problem}: {command}$"):
        loaded.best()


@pytest.mark.parametrize(
    ("name", "file"), [("batch_size/trials", "batch_size"), ("strategy/width", "strategy")]
)
def test_trials_and_stages_without_weights_name_the_sweep_file_that_trains_them(name: str, file: str) -> None:
    published = nnexp.load_sweep(f"published/tuned/{name}", Path(__file__).parents[1] / "sweeps")
    with pytest.raises(
        nnexp.UserError, match=f"python -m nnexp \\+sweep=tuned/{file} data=mnist trains it here$"
    ):
        published.best()


def test_a_notebook_inside_the_folder_of_sweeps_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    known([[0.9, 0.8], [0.7, 0.7]])
    at_the_root = nnexp.load_sweep("known")
    Path("sweeps/book").mkdir()
    for place in ("sweeps", "book"):
        monkeypatch.chdir(place)
        assert nnexp.load_sweep("known").runs.equals(at_the_root.runs)


def test_runs_of_different_code_are_noted() -> None:
    known([[0.9, 0.8], [0.7, 0.7]])
    path = next(Path("sweeps").rglob("records/*.json"))
    body = json.loads(path.read_text())
    path.write_text(json.dumps(body | {"environment": {"kernel": "Zen"}}))
    os.utime(path, (1e9, 1e9))
    assert "Mixed versions: the runs differ in kernel: None (3 runs), Zen (1 run)." in repr(
        nnexp.load_sweep("known")
    )


def test_loading_a_sweep_loads_neither_mlflow_nor_hydra_nor_matplotlib() -> None:
    known([[0.9, 0.8], [0.7, 0.7]])
    script = (
        "import sys, nnexp; nnexp.load_sweep('known'); "
        "print([name for name in ('mlflow', 'hydra', 'matplotlib', 'joblib') if name in sys.modules])"
    )
    place = str(Path(nnexp.__file__).parents[1])
    told = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | {"PYTHONPATH": place}, capture_output=True, text=True
    )
    assert (told.returncode, told.stdout.strip()) == (0, "[]"), told.stderr


def test_inputs_of_another_shape_are_refused() -> None:
    best = nnexp.run(**SMALL).best()
    with pytest.raises(nnexp.UserError, match=r"inputs must have the shape \(n, \d+\), got \(3,\)"):
        best.predict([1, 2, 3])
    images = np.zeros((2, best.model.weights[0].shape[1], 1))  # one column wide
    assert best.predict(images).tolist() == best.predict(images[:, :, 0]).tolist()


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_pixels_that_are_not_divided_as_in_training_are_refused(dtype: str) -> None:
    best = nnexp.run(**SMALL).best()
    inputs = load(DataSpec(name="synthetic")).data.test.inputs
    pixels = (16 * inputs).astype(dtype)
    with pytest.raises(
        nnexp.UserError, match="must be divided by 16, as the training data were, got whole num"
    ):
        best.predict(pixels)
    assert best.predict(pixels / 16).tolist() == best.predict(inputs).tolist()


def test_whole_numbers_are_predicted_where_training_divided_by_nothing() -> None:
    best = nnexp.run(**SMALL, **{"data.scale": 1}).best()
    pixels = load(DataSpec(name="synthetic", scale=1)).data.test.inputs
    assert best.predict(pixels.astype("uint8")).tolist() == best.predict(pixels).tolist()
