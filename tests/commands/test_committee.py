"""The networks of a point answer together, by the mean of their outputs."""

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nnexp import cli, load_sweep
from nnexp.data import load
from nnexp.errors import UserError
from nnexp.sweep.store.looks import read_looks
from tests.commands.conftest import SMALL, Command, only


def test_a_committee_answers_by_the_mean_of_its_members_outputs() -> None:
    sweep = load_sweep("mixed")
    committee = sweep.committee()
    [member] = committee.members  # the other seed of this point failed, and the other point diverged
    assert member.run_id == sweep.best().run_id
    plain = load_sweep("plain")
    [ten], [fifty] = plain.committee(batch_size=10).members, plain.committee(batch_size=50).members
    both = type(committee)("both", (ten, fifty))
    inputs = load(plain.plan.runs[0].data).data.test.inputs
    mean = (ten.probabilities(inputs) + fifty.probabilities(inputs)) / 2
    np.testing.assert_allclose(both.probabilities(inputs), mean, rtol=1e-6)
    assert both.predict(inputs).tolist() == mean.argmax(axis=1).tolist()
    assert both.predict(inputs).tolist() != ten.predict(inputs).tolist()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 20}, "settings must name one point, got batch_size=20, which 0 have"),
        ({"batchsize": 10}, "unknown setting of a point 'batchsize'; did you mean 'batch_size'?"),
    ],
)
def test_settings_that_name_no_point_are_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)):
        load_sweep("plain").committee(**settings)


def test_each_point_has_a_row_and_the_best_alone_is_tested(nnexp: Command) -> None:
    status, shown, _ = nnexp("committee", "plain")
    sweep = load_sweep("plain")
    best = sweep.runs.loc[sweep.runs["final_validation_accuracy"].idxmax()]
    rows = re.findall(r"^batch_size=(\d+) +1 +([\d.]+) +([\d.]+) *$", shown, re.MULTILINE)
    assert status == 0
    figures = sweep.runs[["batch_size", "final_validation_accuracy"]].itertuples(index=False)
    assert {(size, alone) for size, alone, _ in rows} == {(str(b), f"{100 * a:.2f}") for b, a in figures}
    assert all(alone == together for _, alone, together in rows), "a committee of one is that one"
    told = " ".join(shown.split())
    assert f"Best on validation: batch_size={best.batch_size}." in told
    assert f"of 1 network together: {100 * best.test_accuracy:.2f} % (" in told
    assert shown.count("test accuracy") == 1


def test_each_committee_that_is_tried_on_the_test_set_is_a_look(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    before = read_looks(folder)
    for _ in range(2):
        shown = nnexp("committee", "plain")[1]
    (best,) = re.findall(r"Best on validation: (batch_size=\d+)\.", shown)
    noted = read_looks(folder)[len(before) :]
    assert [(look["committee"], look["seeds"], look["runs"]) for look in noted] == [(best, 1, 2)]
    nnexp("report", "plain", "--to", "page.html")
    page = Path("page.html").read_text()
    assert f"And for the committee of {best}, with 1 seed, on " in page
    assert "Marks and verdicts were printed once" in page
    assert cli.main([*SMALL, "-m", "batch_size=10,50", "seed=0,1", "sweep.name=plain"]) == 0
    told = " ".join(nnexp("committee", "plain")[1].split())
    assert "Look 2, after 1 seed: 95 % hold for the first look alone" in told


def test_the_test_set_is_left_alone_while_runs_are_missing_and_where_settings_are_chosen(
    nnexp: Command, sweeps: Path
) -> None:
    record = next((only(sweeps / "plain") / "records").glob("*.json"))
    record.unlink()
    shown = nnexp("committee", "plain")[1]
    assert "The test set is left alone until all runs have ended." in shown
    assert not any("committee" in look for look in read_looks(only(sweeps / "plain")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nnexp.commands.committee.is_part", lambda plan: True)
        shown = nnexp("committee", "plain")[1]
    assert "The test set is left alone: settings are chosen here." in shown
    assert "test accuracy" not in shown


def test_sizes_may_be_a_list(sweeps: Path) -> None:
    small = [word for word in SMALL if not word.startswith("hidden_size")]
    words = [*small, "-m", "hidden_size=[5,4],6", "sweep.name=sizes", f"sweeps_dir={sweeps}"]
    assert cli.main(words) == 0
    assert load_sweep("sizes").committee(hidden_size=[5, 4]).label == "hidden_size=[5,4]"


def test_published_results_have_no_weights(nnexp: Command, sweeps: Path) -> None:
    shutil.rmtree(only(sweeps / "plain") / "records")
    (sweeps / "published").mkdir()
    shutil.move(only(sweeps / "plain"), sweeps / "published" / "plain")
    status, _, error = nnexp("committee", "published/plain")
    assert status == 2
    assert error.count("\n") == 1
    assert "was published without its weights" in error
