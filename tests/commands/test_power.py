"""`nnexp power` tells the seeds for a difference from the scatter of a sweep."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nnexp.statistics.power import seeds_for_power, seeds_range
from tests.commands.conftest import Command, only


def test_seeds_follow_from_the_scatter_of_the_sweep(nnexp: Command, lab: Path) -> None:
    runs = pd.read_csv(only(lab / "sweeps" / "tiny") / "runs.csv")
    accuracies = 100 * runs.pivot_table("final_validation_accuracy", "seed", "batch_size")
    grain = np.diff(np.unique(accuracies)).min()
    sd = float(np.sqrt((accuracies[10] - accuracies[50]).var() + grain**2 / 6))
    status, shown, _ = nnexp("power", "tiny", "--difference", "20")
    assert status == 0
    low, high = seeds_range(20, sd, 3)
    words = f"typical {sd:.3g} {seeds_for_power(20, sd)} {low} to {high}"
    assert words in " ".join(shown.split())
    assert max(map(len, shown.splitlines())) <= 80


@pytest.mark.parametrize("value", ["0", "-1", "half", "nan", "101"])
def test_a_difference_is_a_number_above_0(nnexp: Command, value: str) -> None:
    status, _, error = nnexp("power", "plain", f"--difference={value}")
    assert status == 2
    assert error == f"nnexp: --difference must be points of accuracy above 0, to 100, got {value}\n"


def test_without_spread_there_is_nothing_to_go_by(nnexp: Command, sweeps: Path) -> None:
    for path in (only(sweeps / "plain") / "records").glob("*.json"):
        status, _, error = nnexp("power", "plain", "--difference=0.3")
        assert status == 2
        assert error.count("\n") == 1
        assert "power needs the scatter of 3 seeds or more at one point, got plain with" in error
        assert "of 1 seed to a point: name a like sweep, or train a pilot" in error
        path.unlink()
    assert "plain with 0 runs that ended" in nnexp("power", "plain", "--difference=0.3")[2]


def test_a_sweep_must_exist_and_be_one(nnexp: Command) -> None:
    assert "unknown sweep 'plian'; did you mean 'plain'?" in nnexp("power", "plian", "--difference=1")[2]
    assert "power takes one NAME or NAME/ID, got none" in nnexp("power", "--difference=1")[2]
    assert "--difference must be points of accuracy above 0, to 100, got none" in nnexp("power", "plain")[2]
