"""Runs that can hardly be meant are spoken of before they train, with what is usual."""

from pathlib import Path
from typing import Any

import pytest

from nnexp.data import DataSpec, load
from nnexp.experiment.advice import advice_lines
from nnexp.nn import Hyperparameters
from nnexp.nn.knobs import USUAL_LEARNING_RATES
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.sweep.question.plan import Run


def lines(*runs: dict[str, Any]) -> list[str]:
    return advice_lines([Run("", Hyperparameters(**values), DataSpec(), 0) for values in runs], load)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adamw"])
def test_an_adaptive_optimizer_at_the_default_rate_is_told_of_usual_ones(optimizer: str) -> None:
    assert lines({"optimizer": optimizer}) == [
        f"optimizer={optimizer}: learning_rate=0.5 is far too large, as its steps have a scale of their "
        "own; 0.001 to 0.01 is usual"
    ]


@pytest.mark.parametrize(
    "runs",
    [
        [{}],
        [{"learning_rate": 100.0}],  # gradient descent: the scale of its steps is that of the cost
        [{"optimizer": "nesterov", "momentum": 0.9}],
        [{"optimizer": "adam", "learning_rate": 0.05}],
        [{"optimizer": "adam", "learning_rate": rate} for rate in (0.5, 0.001, 1.0)],  # a sweep of rates
        [],
    ],
    ids=str,
)
def test_what_may_well_be_meant_is_passed_over(runs: list[dict[str, Any]]) -> None:
    assert lines(*runs) == []


NEWTON = {"optimizer": "newton_cg", "learning_rate": 1.0}
OVER = "optimizer=newton_cg: gradient and curvature are taken over each mini-batch, batch_size="


def test_newton_cg_says_over_which_examples_the_curvature_is_taken() -> None:
    assert lines({**NEWTON, "batch_size": 1000}) == [f"{OVER}1000"]
    assert lines(*({**NEWTON, "batch_size": size} for size in (1000, 300, 1000)), {}) == [f"{OVER}300, 1000"]
    assert lines({**NEWTON, "batch_size": 10}) == [
        f"{OVER}10; fewer than 100 examples tell little of it, 1000 or the whole set is usual"
    ]


def test_of_several_optimizers_each_is_judged_by_its_own_runs() -> None:
    runs = [{"optimizer": optimizer} for optimizer in ("adam", "sgd", "adamw", "adam")]
    assert [line.partition(":")[0] for line in lines(*runs)] == ["optimizer=adam", "optimizer=adamw"]


def test_usual_rates_are_known_of_every_optimizer_whose_steps_have_a_scale_of_their_own() -> None:
    """The others have steps that are linear in the gradient."""
    linear = {"sgd", "nesterov"}
    assert set(USUAL_LEARNING_RATES) == set(OPTIMIZERS) - linear


def test_the_advice_stands_before_the_first_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from nnexp.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["optimizer=adam", "epochs=1", "tracking=none", "pictures=false"]) == 0
    shown = capsys.readouterr().out
    assert -1 < shown.index("optimizer=adam: learning_rate=0.5 is far too large") < shown.index("1/1")


def test_a_sweep_over_optimizers_and_a_notebook_are_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import nnexp
    from nnexp.cli import main

    monkeypatch.chdir(tmp_path)
    assert main(["-m", "optimizer=sgd,adam,rmsprop", "dry_run=true"]) == 0
    shown = capsys.readouterr().out
    assert [f"optimizer={name}: learning_rate=0.5 is far too large" in shown for name in OPTIMIZERS] == [
        name in ("adam", "rmsprop") for name in OPTIMIZERS
    ]
    nnexp.run(optimizer="adam", epochs=1, tracking="none", pictures=False)
    shown = capsys.readouterr().out
    assert -1 < shown.index("0.001 to 0.01 is usual") < shown.index("1/1")
