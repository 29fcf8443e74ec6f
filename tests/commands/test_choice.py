"""Every command that takes the name of a sweep chooses among the sweeps of that name by data set."""

from pathlib import Path

import pytest

from nnexp import cli
from nnexp.commands.completion import OF_SWEEPS, candidates
from tests.commands.conftest import SMALL, Command, only

WORDS = {
    "compare": ["plain", "plain"],
    "power": ["plain", "--difference", "0.3"],
    "rm": ["plain", "--yes"],
}


@pytest.fixture
def on_two(sweeps: Path) -> tuple[Path, Path]:
    """The sweep `plain` on synthetic data, and a newer one of that name on digits."""
    synthetic = only(sweeps / "plain")
    words = ["data=digits" if word == "data=synthetic" else word for word in SMALL]
    assert cli.main([*words, "-m", "batch_size=10,50", "sweep.name=plain"]) == 0
    (digits,) = set((sweeps / "plain").iterdir()) - {synthetic}
    return synthetic, digits


@pytest.mark.parametrize("command", OF_SWEEPS)
def test_a_data_set_that_no_sweep_of_the_name_is_on_is_refused(nnexp: Command, command: str) -> None:
    status, _, error = nnexp(command, *WORDS.get(command, ["plain"]), "data=mnist")
    assert status == 2
    assert "sweep plain must be on mnist, and what is here is on synthetic: the command" in error
    assert "data=" in candidates(f"nnexp {command} d")


def test_a_name_means_the_sweep_on_the_data_set_that_is_asked_for(
    nnexp: Command, on_two: tuple[Path, Path]
) -> None:
    synthetic, digits = on_two
    said = (
        f"plain means plain/{digits.name}, the newest finished one of 2; it is on digits, and data=synthetic"
    )
    assert said in nnexp("summary", "plain")[2]
    for data, folder in zip(("synthetic", "digits"), on_two, strict=True):
        assert f"Data: {data}." in nnexp("summary", "plain", f"data={data}")[1]
        for command in ("status", "show"):
            assert f"plain/{folder.name}, started" in nnexp(command, "plain", f"data={data}")[1]
        assert f"{folder}/runs.csv" in nnexp("export", "plain", f"data={data}")[1]
    assert nnexp("rm", "plain", "--yes")[0] == 2
    assert nnexp("rm", "plain", "--yes", "data=synthetic")[0] == 0
    assert digits.exists()
    assert not synthetic.exists()


def test_a_pattern_takes_the_sweeps_on_the_data_set_alone(nnexp: Command, on_two: tuple[Path, Path]) -> None:
    assert nnexp("rm", "plain/*", "--yes", "data=digits")[0] == 0
    assert [path.exists() for path in on_two] == [True, False]


def test_a_run_needs_no_data_set(nnexp: Command, sweeps: Path) -> None:
    run_id = next((only(sweeps / "plain") / "records").glob("*.json")).stem
    for words in (["show", run_id], ["compare", run_id, run_id]):
        status, _, error = nnexp(*words, "data=synthetic")
        assert status == 2
        assert f"data=synthetic chooses among the sweeps of a name, and {run_id} is a run" in error


def test_a_sweep_by_its_id_must_be_on_the_data_set(nnexp: Command, sweeps: Path) -> None:
    error = nnexp("status", f"plain/{only(sweeps / 'plain').name}", "data=mnist")[2]
    assert error.endswith("the command that trained it trains it anew with data=mnist\n")


def test_nothing_is_uploaded_of_other_data_sets(nnexp: Command) -> None:
    assert "no sweep here is on mnist" in nnexp("sync", "data=mnist")[1]
