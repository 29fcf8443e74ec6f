"""A run that was cut goes on from its last checkpoint, bit for bit as if it had never stopped."""

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nnexp.data import DataSpec
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.nn.schedules import SCHEDULES
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.store import checkpoint_file
from nnexp.sweep.store.checkpoint_file import Head, read_head, write_checkpoint
from nnexp.sweep.store.checkpoints import FOLDER, CheckpointFolder, open_checkpoints, remove_checkpoints
from nnexp.sweep.store.folder import find_sweep
from tests.sweep.attempts import attempt, found_now, results
from tests.sweep.samples import plan

RATES = {"sgd": 0.5, "nesterov": 0.2, "newton_cg": 1.0}  # of the others 0.01
GROWING = {"momentum": 0.9, "momentum_start": 0.1, "momentum_ramp_epochs": 4}
CASES: dict[str, dict[str, Any]] = {
    "sgd": {"schedule": "step", "max_norm": 1.0, "augment": "rotate", **GROWING},
    "nesterov": {"schedule": "cosine", "input_dropout": 0.2, "axes": {"dropout": [0.0, 0.4]}},
    "rmsprop": {"schedule": "plateau", "axes": {"patience": [0, 2]}},
    "adam": {"schedule": "exponential", "augment": "elastic", "keep": "best", "evaluate_every": 2},
    "adamw": {"dtype": "float64", "monitor": ("weight_norm", "update_norm")},
    "newton_cg": {"augment": "affine", "rotation": 15.0, "batch_size": 20},
    "sgd that diverges": {"axes": {"learning_rate": [0.5, 1e38]}, "lambda_l2": 5.0},
}


def made(optimizer: str = "sgd", **values: Any) -> Plan:
    axes = values.pop("axes", {"lambda_l2": [0.0, 1.0]})
    distortion = {name: values.pop(name) for name in ("augment", "rotation") if name in values}
    data = DataSpec(name="synthetic", train_size=40, validation_size=20, **distortion)
    rate = {"learning_rate": RATES.get(optimizer, 0.01)}
    usual = {"optimizer": optimizer, "epochs": 8, "schedule_epochs": 2} | rate
    return plan(axes, data=data, **usual | values)


def check(sweep: Plan, folder: Path, rng: random.Random) -> None:
    """Cut ten times, in good order or killed, in other stacks each time, it ends as if undisturbed."""
    whole, cut = folder / "whole" / "id", folder / "cut" / "id"
    attempt(sweep, whole)
    for _ in range(10):
        attempt(sweep, cut, rng.randrange(1, 4), kill=rng.random() < 0.5, workers=rng.randrange(1, 4))
    attempt(sweep, cut)
    assert results(sweep, cut) == results(sweep, whole)
    assert not (cut / FOLDER).exists()


@pytest.mark.parametrize("name", CASES)
def test_a_sweep_that_was_cut_ten_times_ends_as_if_undisturbed(name: str, tmp_path: Path) -> None:
    check(made(name.split()[0], **CASES[name]), tmp_path, random.Random(name))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(60))
def test_so_does_any_sweep(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    values: dict[str, Any] = {"schedule": rng.choice(list(SCHEDULES)), "seed_order": rng.choice([None, 3])}
    values |= {"dropout": rng.choice([0.0, 0.5]), "max_norm": rng.choice([0.0, 1.0])}
    values |= {"patience": rng.choice([0, 3]), "keep": rng.choice(["final", "best"])}
    values |= {"hidden_layers": rng.choice([0, 1, 2]), "batch_size": rng.choice([1, 7, 40])}
    values |= {"augment": rng.choice(["none", "rotate", "elastic", "rotate_elastic"])}
    if values["hidden_layers"] == 0:
        values |= {"dropout": 0.0, "max_norm": 0.0}
    if rng.random() < 0.3:
        values |= {"evaluate_every": rng.choice([0, 3]), "keep": "final", "patience": 0, "schedule": "step"}
    check(made(rng.choice(list(OPTIMIZERS)), **values), tmp_path, rng)


@pytest.fixture
def sweep() -> Plan:
    return made()


def epochs(sweep: Plan, folder: Path) -> list[int]:
    return sorted(mark.epoch for mark in found_now(sweep, folder).marks.values())


def test_any_runs_of_one_epoch_make_a_stack(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 3, workers=8, at_once=True)
    assert epochs(sweep, folder) == [3, 3, 3, 3]
    assert len(set(found_now(sweep, folder).marks.values())) == 4, "each in a file of its own"
    attempt(sweep, folder, 2, workers=1, at_once=True)
    assert epochs(sweep, folder) == [5, 5, 5, 5]
    assert len(list((folder / FOLDER).iterdir())) < 4
    attempt(sweep, folder)
    attempt(sweep, tmp_path / "whole" / "id")
    assert results(sweep, folder) == results(sweep, tmp_path / "whole" / "id")


def test_a_kill_costs_no_more_than_what_came_after_the_checkpoint(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5, kill=True)
    assert epochs(sweep, folder) == [4, 4]
    attempt(sweep, folder, 2)
    assert epochs(sweep, folder) == [6, 6]


def test_without_checkpoints_runs_begin_anew(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5, every=0)
    assert found_now(sweep, folder).marks == {}


@pytest.mark.parametrize("how", ["cut", "flip", "empty", "array"])
def test_a_damaged_checkpoint_costs_only_itself_and_is_named(how: str, sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5, workers=2, at_once=True)
    before = found_now(sweep, folder).marks
    assert len(set(before.values())) > 1
    victim = min(mark.path for mark in before.values())
    lost = {run_id for run_id, mark in before.items() if mark.path == victim}
    content = bytearray(victim.read_bytes())
    if how == "flip":
        content[content.index(b'"attempt"') + 3] ^= 4
    if how == "array":
        head = read_head(victim)
        content[content.index(head.state(_run_in(sweep, head)).arrays["parameters"].tobytes())] ^= 1
    victim.write_bytes(content[: {"cut": len(content) // 2, "empty": 0}.get(how, len(content))])
    found = found_now(sweep, folder)
    assert list(found.damaged) == [victim]
    assert found.marks == {run_id: mark for run_id, mark in before.items() if run_id not in lost}
    board = attempt(sweep, folder)
    assert board.troubles == (0, "")
    attempt(sweep, tmp_path / "whole" / "id")
    assert results(sweep, folder) == results(sweep, tmp_path / "whole" / "id")
    assert not (folder / FOLDER).exists()


def test_a_checkpoint_of_other_settings_is_not_used(sweep: Plan, tmp_path: Path) -> None:
    """Whatever its run is called."""
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    (path,) = (folder / FOLDER).iterdir()
    head = read_head(path)
    run = _run_in(sweep, head)
    longer = head.state(run)
    longer.premises["epochs"] = 10**9
    write_checkpoint(path, 1, "", [run], [longer])
    assert found_now(sweep, folder).damaged == {path: "it holds no state of the run"}


def _run_in(sweep: Plan, head: Head) -> Run:
    return next(run for run in sweep.runs if run.run_id in head.runs)


def test_a_checkpoint_that_is_damaged_later_costs_only_time(
    sweep: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    read = CheckpointFolder.read

    def late(self: CheckpointFolder, stack: Any) -> Any:
        stack.marks[0].path.write_bytes(b"")
        return read(self, stack)

    monkeypatch.setattr(CheckpointFolder, "read", late)
    assert attempt(sweep, folder).troubles == (1, "Input/output error")
    attempt(sweep, tmp_path / "whole" / "id")
    assert results(sweep, folder) == results(sweep, tmp_path / "whole" / "id")


def test_a_checkpoint_of_another_kernel_is_not_used(
    sweep: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cut" / "id"
    here = checkpoint_file.machine("numpy")
    monkeypatch.setattr(
        checkpoint_file, "machine", lambda engine: here | {"the kernel of numpy's BLAS": "Other"}
    )
    attempt(sweep, folder, 5)
    monkeypatch.undo()
    found = found_now(sweep, folder)
    assert found.marks == {}
    kernel = here["the kernel of numpy's BLAS"]
    assert set(found.elsewhere.values()) == {f"the kernel of numpy's BLAS was Other, here it is {kernel}"}
    attempt(sweep, folder, 3)
    assert epochs(sweep, folder) == [3, 3]
    assert found_now(sweep, folder).elsewhere == {}


def test_a_checkpoint_of_other_formulas_is_not_used(sweep: Plan, tmp_path: Path) -> None:
    """Runs by other formulas have other ids, and their sweep another folder."""
    other, folder = tmp_path / "name" / "other", tmp_path / "name" / "id"
    attempt(sweep, other, 5)
    (path,) = (other / FOLDER).iterdir()
    head = read_head(path)
    runs = [run for run in sweep.runs if run.run_id in head.runs]
    states = [head.state(run) for run in runs]
    renamed = [type(run)(f"{run.run_id[:-1]}x", run.hyperparameters, run.data, run.point) for run in runs]
    write_checkpoint(path, 1, "other code", renamed, states)
    found = found_now(sweep, folder)
    assert found.marks == {}
    assert found.outdated == {run.run_id: other / FOLDER for run in runs}


def test_a_wider_sweep_goes_on_from_the_checkpoints_of_the_narrow_one(sweep: Plan, tmp_path: Path) -> None:
    narrow, wide = tmp_path / "name" / "narrow", tmp_path / "name" / "wide"
    attempt(sweep, narrow, 5)
    wider = made(axes={"lambda_l2": [0.0, 1.0, 2.0]})
    assert epochs(wider, wide) == [5, 5]
    attempt(wider, wide)
    attempt(wider, tmp_path / "whole" / "id")
    assert results(wider, wide) == results(wider, tmp_path / "whole" / "id")
    assert epochs(sweep, narrow) == []  # those of `wide` are records by now


def test_the_later_attempt_wins(sweep: Plan, tmp_path: Path) -> None:
    """A writer of an earlier attempt that is still there changes nothing."""
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    (early,) = (folder / FOLDER).iterdir()
    stray = shutil.copy(early, tmp_path / early.name)
    attempt(sweep, folder, 2)
    shutil.copy(stray, early)
    marks = found_now(sweep, folder).marks.values()
    assert {(mark.epoch, mark.path.name[:5]) for mark in marks} == {(7, "0002-")}


def test_a_later_checkpoint_that_is_damaged_costs_no_earlier_one(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    (early,) = (folder / FOLDER).iterdir()
    kept = shutil.copy(early, tmp_path / early.name)
    attempt(sweep, folder, 2)
    (late,) = (folder / FOLDER).iterdir()
    head = read_head(late)
    content = bytearray(late.read_bytes())
    content[content.index(head.state(_run_in(sweep, head)).arrays["parameters"].tobytes())] ^= 1
    late.write_bytes(content)
    shutil.copy(kept, early)
    marks = found_now(sweep, folder).marks
    remove_checkpoints(folder / FOLDER, set(), marks)
    assert {mark.path for mark in marks.values()} == {early}
    assert list((folder / FOLDER).iterdir()) == [early]


@pytest.mark.parametrize("error", [OSError("stale file handle"), MemoryError()])
def test_what_cannot_be_read_just_now_is_named_and_stays(
    error: Exception, sweep: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    (path,) = (folder / FOLDER).iterdir()

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("nnexp.archive.npy.read_array", fail)
        found = found_now(sweep, folder)
        remove_checkpoints(folder / FOLDER, set(), {})
    assert list(found.damaged) == [path]
    assert found_now(sweep, folder).marks


def test_one_of_another_machine_stays_while_its_runs_train_here(
    sweep: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    (theirs,) = (folder / FOLDER).iterdir()
    there = checkpoint_file.machine("numpy")
    monkeypatch.setattr(checkpoint_file, "machine", lambda engine: there | {"NumPy": "1.0"})
    attempt(sweep, folder, 2)
    assert theirs.exists()
    attempt(sweep, folder)
    assert not (folder / FOLDER).exists()


def test_where_none_can_be_written_training_goes_on_and_says_how_often(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    folder.mkdir(parents=True)
    (folder / FOLDER).write_text("in the way")
    board = attempt(sweep, folder)
    times, why = board.troubles
    assert times > 1
    assert why == "File exists"
    assert len(find_sweep(folder, sweep).records) == 4


def test_a_sweep_about_time_and_one_by_force_begin_anew(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    assert found_now(sweep, folder, "force").marks == {}
    assert found_now(sweep, folder, "retry").marks
    timed = replace(sweep, timing=True)
    assert found_now(timed, folder).marks == {}


def test_seconds_of_a_run_that_was_cut_add_up_and_are_not_its_own(sweep: Plan, tmp_path: Path) -> None:
    folder = tmp_path / "cut" / "id"
    attempt(sweep, folder, 5)
    head = read_head(next((folder / FOLDER).iterdir()))
    before = {run_id: entry["state"]["log"]["seconds"] for run_id, entry in head.runs.items()}
    attempt(sweep, folder)
    for run_id, record in find_sweep(folder, sweep).records.items():
        seconds = record.history["seconds"]
        assert seconds == sorted(seconds)
        assert not record.timings["alone"]
        assert record.timings["seconds"] > before.get(run_id, 0.0)


def test_workers_know_the_parents_folder_from_one_that_only_has_its_name(sweep: Plan, tmp_path: Path) -> None:
    ours = open_checkpoints(find_sweep(tmp_path, sweep), "code")
    assert not ours.is_here()
    ours.announce()
    assert ours.is_here()
    assert not ours.at(tmp_path / "elsewhere").is_here()
    later = open_checkpoints(find_sweep(tmp_path, sweep), "code")  # after a kill
    assert later.attempt == ours.attempt + 1
    assert not ours.is_here()
    later.announce()
    later.withdraw()
    assert not later.is_here()
    folder = later.keep({"0002-0.npz": b"what a worker wrote"})
    assert [path.read_bytes() for path in folder.iterdir()] == [b"what a worker wrote"]
