"""`nnexp status` shows how a sweep stands, and the command that goes on."""

import os
import re
import shutil
from pathlib import Path

import pytest

from nnexp.commands import lookup
from nnexp.sweep.store.lock import held
from nnexp.sweep.store.plan_file import read_plan
from nnexp.sweep.store.sign import Sign, write_sign
from tests.commands.conftest import Command, only, rows
from tests.sweep.attempts import attempt


def test_points_are_counted_by_status_and_failures_have_their_reason(nnexp: Command, sweeps: Path) -> None:
    status, shown, _ = nnexp("status", "mixed")
    assert status == 0
    assert "4 runs (2 points x 2 seeds): 1 finished, 2 diverged, 1 failed" in shown
    assert ["point", "learning_rate", "finished", "diverged", "failed", "pending"] in rows(shown)
    assert ["1", "0.1", "1", "0", "1", "0"] in rows(shown)
    assert ["2", "1000.0", "0", "2", "0", "0"] in rows(shown)
    assert "learning_rate=0.1 seed=1  failed: RuntimeError: it broke" in shown
    assert f"To train the 1 run left: nnexp retry mixed/{only(sweeps / 'mixed').name}\n" in shown


def test_a_complete_sweep_needs_no_command(nnexp: Command) -> None:
    shown = nnexp("status", "plain")[1]
    assert "2 finished" in shown
    assert "nnexp retry" not in shown


def test_an_id_may_be_cut_and_a_path_will_do(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "mixed")
    whole = nnexp("status", "mixed")[1]
    for name in (f"mixed/{folder.name}", f"mixed/{folder.name[:4]}", str(folder), f"{folder}/"):
        assert nnexp("status", name)[1] == whole


def test_who_trains_it_is_named(nnexp: Command, sweeps: Path) -> None:
    with held(only(sweeps / "mixed")):
        shown = nnexp("status", "mixed")[1]
    assert f"Trained by process {os.getpid()} on " in shown
    assert "nnexp retry" not in shown


def test_how_far_that_is_and_the_time_left_are_told(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "mixed")
    lines = ("epoch 1/20  starting", "a stop now loses little")
    with held(folder):
        write_sign(folder, Sign({"finished": 1}, 2, 0.5, "about 3 s left", lines))
        shown = nnexp("status", "mixed")[1]
    last = shown.splitlines()[-3:]
    assert last[0].endswith(": 2 running, 1 to do, about 3 s left")
    assert last[1:] == [f"  {line}" for line in lines]
    assert "running" not in nnexp("status", "mixed")[1]


def test_the_time_left_is_that_of_the_round_where_others_may_follow(
    nnexp: Command, sweeps: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "awaited", lambda _: "until decided")
    folder = only(sweeps / "mixed")
    with held(folder):
        for left, told in (("about 3 s left", "to do, about 3 s left of this round"), ("", "to do")):
            write_sign(folder, Sign({}, 2, 0.5, left, ()))
            assert nnexp("status", "mixed")[1].splitlines()[-1].endswith(told)


def test_a_damaged_record_is_told_and_counts_as_pending(nnexp: Command, sweeps: Path) -> None:
    victim = next((only(sweeps / "plain") / "records").glob("*.json"))
    victim.write_bytes(victim.read_bytes()[:-9])
    shown = nnexp("status", "plain")[1]
    assert "1 finished, 1 pending" in shown
    assert f"The record of run {victim.stem} is damaged" in shown
    assert "To train the 1 run left: nnexp retry plain/" in shown
    assert victim.exists()


def test_another_place_stays_in_the_command(nnexp: Command, sweeps: Path) -> None:
    sweeps.rename("lab")
    shown = nnexp("status", "mixed", "sweeps_dir=lab")[1]
    assert f"nnexp retry mixed/{only(Path('lab/mixed')).name} sweeps_dir=lab\n" in shown


def test_an_unknown_name_names_the_close_one(nnexp: Command) -> None:
    status, _, error = nnexp("status", "mixd")
    assert status == 2
    assert "unknown sweep 'mixd'; did you mean 'mixed'?" in error


def test_runs_that_go_on_from_a_checkpoint_are_told(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    plan = read_plan(folder)
    shutil.rmtree(folder / "records")
    attempt(plan, folder, 1)
    shown = nnexp("status", "plain")[1]
    assert re.search(r"With checkpoints of [\d.]+ kB, 1 run goes on from epoch 1\.", shown)
    victim = next((folder / "checkpoints").iterdir())
    victim.write_bytes(b"")
    assert f"The checkpoint {victim} cannot be used: " in nnexp("status", "plain")[1]
