"""A sweep from its words to its answer: trained once, recorded, exported, and resumed by the same command."""

import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from nnexp import cli, load_sweep
from nnexp.errors import UserError
from nnexp.experiment import planning
from nnexp.nn import train
from nnexp.results.needed_seeds import NO_SCATTER
from nnexp.sweep.pool import premises, worker
from nnexp.sweep.store import record_file
from nnexp.sweep.store.looks import read_looks
from nnexp.sweep.store.plan_file import read_head
from nnexp.sweep.store.record_file import read
from nnexp.sweep.store.rounds_file import read_rounds
from nnexp.tracking import Logged, append_logged, read_logged
from tests.results.figures import figures_in

SMALL = ["data=synthetic", "epochs=2", "hidden_size=5", "tracking=none", "pictures=false"]
TABLES, PLANNED = ("runs", "history", "summary"), ("sweep.yaml", "rounds.jsonl", "looks.jsonl")
SWEEP = [*SMALL, "-m", "learning_rate=0.1,0.5", "seed=range(3)"]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def folder(name: str = "multirun") -> Path:
    (only,) = Path("sweeps", name).iterdir()
    return only


def test_a_sweep_leaves_its_plan_a_record_per_run_and_three_csv_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([*SWEEP, "n_jobs=2"]) == 0
    shown = capsys.readouterr().out
    assert "6 runs (2 points x 3 seeds), 0 done, 6 to train on 2 workers" in shown
    assert (
        len(re.findall(r"^\[\d/6\] learning_rate=0\.[15] seed=\d  validation \d+\.\d\d %", shown, re.M)) == 6
    )
    assert "*best" in shown
    files = {path.name for path in folder().iterdir() if not path.name.startswith(".")}
    assert files == {"records", *(f"{name}.csv" for name in TABLES), *PLANNED}
    plan = yaml.safe_load((folder() / "sweep.yaml").read_text())
    (grid,) = read_rounds(folder())
    statuses = [read(folder() / "records" / f"{key.run_id}.json").status for key in grid.runs]
    assert statuses == ["finished"] * 6
    assert plan["points"] == [{"learning_rate": 0.1}, {"learning_rate": 0.5}]
    assert len((folder() / "history.csv").read_text().splitlines()) == 1 + 6 * 2


@pytest.mark.parametrize(
    "backend",
    [["backend=dask", "backend.scheduler=tcp://127.0.0.1:9"], ["backend=slurm"]],
    ids=["dask", "slurm"],
)
def test_a_finished_sweep_answers_although_its_workers_are_away(
    backend: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    monkeypatch.setenv("PATH", str(tmp_path))  # no Slurm
    capsys.readouterr()
    assert cli.main([*SWEEP, *backend]) == 0
    assert cli.main([*SWEEP, *backend, "dry_run=true"]) == 0
    shown = capsys.readouterr().out
    assert shown.count("all done") == 2
    assert "*best" in shown


def test_execution_knobs_change_no_figure() -> None:
    cli.main([*SWEEP, "n_jobs=1", "sweeps_dir=one"])
    cli.main([*SWEEP, "n_jobs=2", "sweeps_dir=two"])
    (one,), (two,) = Path("one/multirun").iterdir(), Path("two/multirun").iterdir()
    assert figures_in(one) == figures_in(two)
    assert one.name == two.name


def test_the_same_command_again_trains_nothing_and_answers_from_the_records(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    before = figures_in(folder())
    answer = capsys.readouterr().out.split("Data: ")[1]
    monkeypatch.setattr(worker, "train", None)  # training now would fail
    assert cli.main([*SWEEP, "n_jobs=1"]) == 0
    shown = capsys.readouterr().out
    assert "all done" in shown
    assert shown.split("Data: ")[1] == answer
    assert figures_in(folder()) == before


def test_what_mlflow_was_told_is_out_of_date_once_the_claims_have_changed() -> None:
    check = "{left: {final: training_cost, at: {learning_rate: 0.5}}, low: 0, high: 1}"
    claim = f"sweep.claims=[{{id: a, text: b, source: c, check: {check}}}]"
    for words, told in ((SWEEP, "FINISHED"), (SWEEP, "FINISHED"), ([*SWEEP, claim], "")):
        cli.main([*words, "n_jobs=1"])
        place = folder()
        if not read_logged(place):
            append_logged(place, Logged(place.name, "http://host", "parent", "", "FINISHED"))
        assert read_logged(place)[-1].status == told


def test_more_seeds_are_a_further_round_of_the_same_sweep(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    tables, started = figures_in(folder()), read_head(folder()).started
    wider = [word.replace("range(3)", "range(4)") for word in SWEEP]
    assert cli.main([*wider, "n_jobs=1"]) == 0
    shown = capsys.readouterr().out
    assert "8 runs (2 points x 4 seeds), 6 done, 2 to train" in shown
    assert "Look 2, after 3 seeds: 95 % hold for the first look alone" in " ".join(shown.split())
    assert [len(each.runs) for each in read_rounds(folder())] == [6, 2]
    assert figures_in(folder())["runs.csv"].count("\n") == 8
    assert read_head(folder()).started == started
    assert cli.main([*SWEEP, "n_jobs=1"]) == 0  # an answer shows the seeds that are asked for
    assert "6 runs (2 points x 3 seeds), all done" in capsys.readouterr().out
    assert figures_in(folder()) == tables
    assert load_sweep("multirun").plan.seeds == (0, 1, 2)


def test_rounds_are_written_before_their_runs_train(monkeypatch: pytest.MonkeyPatch) -> None:
    train, rounds = worker.train, []

    def watched(runs, *args, **kwargs):  # type: ignore[no-untyped-def]
        rounds.append(len(read_rounds(folder())[0].runs))
        return train(runs, *args, **kwargs)

    monkeypatch.setattr(worker, "train", watched)
    cli.main([*SWEEP, "n_jobs=1"])
    assert set(rounds) == {6}


def test_verdicts_that_are_printed_are_looks_and_a_changed_claim_is_another(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def claim(high: float) -> str:
        check = f"{{left: {{final: validation_accuracy, at: {{learning_rate: 0.5}}}}, low: 0, high: {high}}}"
        return f"sweep.claims=[{{id: a, text: b, source: c, check: {check}}}]"

    for high in (1, 1, 0.01):
        cli.main([*SWEEP, "n_jobs=1", claim(high)])
    first, second = read_looks(folder())
    assert (first["seeds"], first["runs"], first["verdicts"]) == (3, 6, {"a": "reproduced"})
    assert second["verdicts"] == {"a": "refuted"}
    assert first["claims"] != second["claims"]
    assert cli.main(["summary", "multirun"]) == 0
    load_sweep("multirun").claims()
    assert len(read_looks(folder())) == 2


def test_a_wider_sweep_takes_over_records_and_weights(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    older = folder()
    wider = [word.replace("=0.1,0.5", "=0.1,0.5,1.0") for word in SWEEP]
    assert wider != SWEEP
    cli.main([*wider, "n_jobs=1"])
    (newer,) = (place for place in older.parent.iterdir() if place != older)
    taken = sorted(path.name for path in (older / "records").iterdir())
    assert len(taken) == 12  # a record and weights for each of 6 runs
    for name in taken:
        assert (newer / "records" / name).read_bytes() == (older / "records" / name).read_bytes()
    shutil.rmtree(older)
    capsys.readouterr()
    assert cli.main([*wider, "n_jobs=1"]) == 0
    assert "all done" in capsys.readouterr().out


def test_damaged_weights_are_neither_used_nor_taken_over_and_trained_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [*SMALL, "-m", "learning_rate=0.5", "seed=range(3)", "n_jobs=1"]
    cli.main(words)
    tables = figures_in(folder())
    best = load_sweep("multirun").best().run_id
    weights = folder() / "records" / f"{best}.npz"
    content = bytearray(weights.read_bytes())
    content[-3000] ^= 1
    weights.write_bytes(content)
    capsys.readouterr()
    wider = [word.replace("learning_rate=0.5", "learning_rate=0.5,1.0") for word in words]
    assert cli.main(wider) == 0
    assert "2 done, 4 to train" in capsys.readouterr().out
    with pytest.raises(UserError, match=rf"run {best} is damaged"):
        load_sweep(f"multirun/{weights.parents[1].name}").best()
    assert cli.main(words) == 0
    assert "3 runs (1 point x 3 seeds)" in capsys.readouterr().out
    assert load_sweep(f"multirun/{weights.parents[1].name}").best().run_id == best
    assert {name: text for name, text in figures_in(weights.parents[1]).items()} == tables


def test_force_trains_again_and_finds_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    before = figures_in(folder())
    cli.main([*SWEEP, "n_jobs=1", "mode=force"])
    assert "0 done, 6 to train" in capsys.readouterr().out
    assert figures_in(folder()) == before


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_force_ends_with_no_less_than_before(n_jobs: int, capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    kept = {path.name: path.read_bytes() for path in (folder() / "records").iterdir()}
    tables = figures_in(folder())
    assert cli.main([*SWEEP, f"n_jobs={n_jobs}", "mode=force", "max_seconds=1e-9"]) == 1
    shown = capsys.readouterr().out
    assert "6 runs failed" in shown
    assert "timed out after 1 epoch" in shown
    assert "those records stay" in shown
    assert {name: (folder() / "records" / name).read_bytes() for name in kept} == kept
    assert figures_in(folder()) == tables
    assert cli.main([*SWEEP, "n_jobs=1"]) == 0
    assert "all done" in capsys.readouterr().out


def test_what_force_cannot_train_again_leaves_its_traceback_until_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cli.main([*SWEEP, "n_jobs=1"])

    def fails(*args, **kwargs):  # type: ignore[no-untyped-def]
        raise RuntimeError("it broke")

    with monkeypatch.context() as patch:
        patch.setattr(worker, "train", fails)
        assert cli.main([*SWEEP, "n_jobs=1", "mode=force"]) == 1
    left = sorted((folder() / "records").glob("*.failed"))
    assert len(left) == 6
    assert "RuntimeError: it broke" in left[0].read_text()
    assert cli.main([*SWEEP, "n_jobs=1", "mode=force"]) == 0
    assert not left[0].exists()


def test_a_failed_run_costs_no_other_and_retry_makes_the_sweep_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train = worker.train

    def fails(runs, *args, **kwargs):  # type: ignore[no-untyped-def]
        if any((run.learning_rate, run.seed) == (0.5, 1) for run in runs):
            raise RuntimeError("it broke")
        return train(runs, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(worker, "train", fails)
        assert cli.main([*SWEEP, "n_jobs=1"]) == 1
    shown = capsys.readouterr().out
    assert "learning_rate=0.5 seed=1  failed: RuntimeError: it broke" in shown
    assert re.search(r"To train again what failed: nnexp retry multirun/\w{8}", shown)
    assert cli.main([*SWEEP, "n_jobs=1"]) == 1  # cached: a failure is not tried again by itself
    assert "5 done, 1 failed before" in capsys.readouterr().out
    assert cli.main([*SWEEP, "n_jobs=1", "mode=retry"]) == 0
    assert "5 done, 1 to train" in capsys.readouterr().out
    cli.main([*SWEEP, "n_jobs=1", "sweeps_dir=undisturbed"])
    assert figures_in(folder()) == figures_in(next(Path("undisturbed/multirun").iterdir()))


def test_a_run_that_takes_too_long_is_timed_out_and_retry_makes_the_sweep_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([*SWEEP, "n_jobs=1", "max_seconds=1e-9"]) == 1
    assert "timed out after 1 epoch" in capsys.readouterr().out
    assert cli.main([*SWEEP, "n_jobs=1"]) == 1  # cached: not tried again by itself
    assert cli.main([*SWEEP, "n_jobs=1", "mode=retry"]) == 0
    cli.main([*SWEEP, "n_jobs=1", "sweeps_dir=undisturbed"])
    assert figures_in(folder()) == figures_in(next(Path("undisturbed/multirun").iterdir()))


def test_a_long_sweep_asks_before_it_trains_where_there_is_somebody_to_ask(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(planning.Confirm, "ask", lambda *args, **kwargs: asked.append(args) and False)
    assert cli.main([*SWEEP, "n_jobs=1", "confirm_above=0", "sweeps_dir=unasked"]) == 0
    assert asked == []  # a pipe cannot answer
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert cli.main([*SWEEP, "n_jobs=1", "confirm_above=null"]) == 0
    assert asked == []
    assert cli.main([*SWEEP, "n_jobs=1", "confirm_above=0", "mode=force"]) == 2
    assert len(asked) == 1
    assert "nothing was trained" in capsys.readouterr().err


def test_code_that_changed_since_the_plan_was_made_is_not_trained(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(premises, "numerics_of", lambda settings: "0" * 64)
    assert cli.main([*SWEEP, "n_jobs=1"]) == 1
    assert "the code changed since the sweep was planned: start again" in capsys.readouterr().err
    assert list((folder() / "records").iterdir()) == []


def test_a_damaged_plan_is_set_aside_and_written_again(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    plan = folder() / "sweep.yaml"
    whole = yaml.safe_load(plan.read_text())
    plan.write_text(plan.read_text()[:-300])
    assert cli.main([*SWEEP, "n_jobs=1"]) == 0
    assert yaml.safe_load(plan.read_text())["points"] == whole["points"]
    assert plan.with_suffix(".damaged").exists()


def test_a_sweep_that_measures_time_trains_again_what_trained_beside_others(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cli.main([*SWEEP, "n_jobs=2"])
    capsys.readouterr()
    assert cli.main([*SWEEP, "n_jobs=2", "sweep.timing=true"]) == 0
    assert "0 done, 6 to train on 1 worker" in capsys.readouterr().out
    times = [read(path).timings for path in (folder() / "records").glob("*.json")]
    assert [(time["alone"], time["shared_by"]) for time in times] == [(True, 1)] * 6
    assert cli.main([*SWEEP, "n_jobs=2", "sweep.timing=true"]) == 0
    assert "all done" in capsys.readouterr().out


def test_a_sweep_that_measures_time_and_fails_leaves_what_trained_beside_others() -> None:
    cli.main([*SWEEP, "n_jobs=2"])
    kept = {path.name: path.read_bytes() for path in (folder() / "records").iterdir()}
    assert cli.main([*SWEEP, "sweep.timing=true", "max_seconds=1e-9"]) == 1
    assert {name: (folder() / "records" / name).read_bytes() for name in kept} == kept


def test_a_diverged_run_is_a_result(capsys: pytest.CaptureFixture[str]) -> None:
    words = "data=synthetic epochs=3 activation=relu output=identity cost=quadratic tracking=none n_jobs=1"
    assert cli.main([*words.split(), "-m", "learning_rate=0.01,1000", "seed=range(3)"]) == 0
    shown = capsys.readouterr().out
    assert "learning_rate=1000.0 seed=0  diverged after" in shown
    assert "3 diverged" in shown


def test_a_damaged_record_is_set_aside_and_trained_again(capsys: pytest.CaptureFixture[str]) -> None:
    cli.main([*SWEEP, "n_jobs=1"])
    before = figures_in(folder())
    victim = next((folder() / "records").glob("*.json"))
    victim.write_bytes(victim.read_bytes()[:-9])
    capsys.readouterr()
    assert cli.main([*SWEEP, "n_jobs=1"]) == 0
    shown = capsys.readouterr().out
    assert f"The record of run {victim.stem} is damaged" in shown
    assert "5 done, 1 to train" in shown
    assert victim.with_suffix(".damaged").exists()
    assert figures_in(folder()) == before


def test_a_dry_run_lists_the_points_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*SWEEP, "dry_run=true"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[-2:] == [["1", "0.1", "0", "3"], ["2", "0.5", "0", "3"]]
    assert NO_SCATTER.split() in lines
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_tells_the_seeds_of_a_difference_by_what_is_trained(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main([*SWEEP, "n_jobs=1"]) == 0
    capsys.readouterr()
    assert cli.main([*SWEEP, "dry_run=true"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(
        r"pair of points takes, by the scatter of \S+: .+ for 0.3 points, .+ for 1 points", shown
    )


def test_a_single_run_shows_every_epoch_and_both_accuracies(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["data=synthetic", "epochs=3", "tracking=none"]) == 0
    shown = capsys.readouterr().out
    assert [f"{epoch}/3" in shown for epoch in (1, 2, 3)] == [True] * 3
    assert re.search(
        r"After epoch 3: validation accuracy \d+\.\d\d %, test accuracy \d+\.\d\d %\n"
        r"nnexp show [a-p][0-9a-f]{11} tells more",
        shown,
    )


def test_a_record_that_cannot_be_written_ends_the_sweep_in_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(record_file, "write_all", full)
    assert cli.main([*SWEEP, "n_jobs=2"]) == 1
    assert "no space left on device; what is recorded stays" in capsys.readouterr().err
    assert list((folder() / "records").iterdir()) == []


@pytest.mark.parametrize("words", [[*SMALL], [*SWEEP, "n_jobs=1"]])
def test_training_in_this_process_writes_no_copy_of_the_data(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Whatever is written to the temporary folder is small: the progress of the runs."""
    sizes: list[int] = []

    def watched(*args: Any, **kwargs: Any) -> Any:
        sizes.extend(path.stat().st_size for path in temporary.rglob("*") if path.is_file())
        return train(*args, **kwargs)

    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(worker, "train", watched)
    assert cli.main(words) == 0
    assert sizes
    assert max(sizes) < 1000
