"""`nnexp publish` copies what of a finished sweep is committed, and nothing else."""

import getpass
import gzip
import re
import shutil
import socket
from pathlib import Path

import pandas as pd
import pytest

import nnexp as package
from nnexp.errors import UserError
from nnexp.sweep.question.formulas import Formulas
from nnexp.sweep.store.plan_file import read_body
from tests.commands.conftest import Command, only
from tests.commands.lab import edit, train

HOME = Path("sweeps", "published")
TINY = HOME / "tiny"
TABLES = ["sweep.yaml", "rounds.jsonl", "runs.csv", "summary.csv", "history.csv.gz"]
FILE = "conf/sweep/tiny.yaml"


def test_plan_tables_and_the_main_picture_are_published(nnexp: Command, lab: Path) -> None:
    status, shown, error = nnexp("publish", "tiny", "other")
    assert (status, error) == (0, "")
    *lines, budget = shown.splitlines()
    files, sizes = zip(*(line.split("  ") for line in lines), strict=True)
    assert all(re.fullmatch(r"\d+(\.\d)? (bytes|kB)", size) for size in sizes)
    assert list(files) == [
        *(str(TINY / name) for name in (*TABLES, "looks.jsonl", "accuracy_by_batch_size.png")),
        *(str(HOME / "other" / name) for name in (*TABLES, "looks.jsonl", "accuracy_by_learning_rate.png")),
    ]
    assert sorted(map(str, HOME.rglob("*.*"))) == sorted(files)
    assert budget.startswith("The lab book takes ")
    assert budget.endswith(" kB of 14.0 MB.")


def test_published_tables_are_those_of_the_sweep(nnexp: Command, lab: Path) -> None:
    nnexp("publish", "tiny")
    own = only(lab / "sweeps" / "tiny")
    for name in TABLES[1:-1]:
        assert (TINY / name).read_bytes() == (own / name).read_bytes()  # tracking=none: no ids of MLflow's
    history = (TINY / TABLES[-1]).read_bytes()
    assert gzip.decompress(history) == (own / "history.csv").read_bytes()
    assert history[:8] == b"\x1f\x8b\x08" + bytes(5)  # RFC 1952: no name, no time


def test_of_published_results_the_answer_is_shown(nnexp: Command, lab: Path) -> None:
    nnexp("publish", "tiny")
    status, shown, _ = nnexp("show", "published/tiny")
    assert (status, shown) == nnexp("summary", "published/tiny")[:2]
    assert "batch_size" in shown


def test_nothing_tells_where_the_sweep_was_trained(nnexp: Command, lab: Path) -> None:
    nnexp("publish", "tiny")
    before, after = read_body(only(lab / "sweeps" / "tiny")), read_body(TINY)
    assert {"host", "platform"} == before["environment"].keys() - after["environment"].keys()
    assert after["numerics"] == before["numerics"]
    assert after["started"] == before["started"]
    told = "".join(path.read_text() for path in TINY.iterdir() if path.suffix not in (".png", ".gz"))
    told += gzip.decompress((TINY / TABLES[-1]).read_bytes()).decode()
    for word in (f"host: {socket.gethostname()}", str(lab), f"/{getpass.getuser()}/"):
        assert word not in told


def test_where_data_lie_is_not_published(nnexp: Command, lab: Path) -> None:
    train("tiny", f"data.root={lab}", "sweep.name=moved", "sweep.seeds=1")
    (lab / "conf/sweep/moved.yaml").write_text((lab / FILE).read_text().replace("seeds: 3", "seeds: 1"))
    assert read_body(only(lab / "sweeps" / "moved"))["places"]["root"] == str(lab)
    assert nnexp("publish", "moved")[0] == 0
    assert read_body(HOME / "moved")["places"] == {"root": None, "path": None}


def test_published_results_load_without_records(nnexp: Command, lab: Path) -> None:
    nnexp("publish", "tiny")
    here = package.load_sweep("tiny")
    there = package.load_sweep("published/tiny")
    for table in ("runs", "history", "summary", "verdicts"):
        pd.testing.assert_frame_equal(getattr(here, table), getattr(there, table), check_exact=True)
    assert there.plot().axes
    assert there.plot("learning_curves").axes
    with pytest.raises(UserError, match="sweep tiny was published without its weights"):
        there.best()


def test_publishing_again_changes_no_byte_and_removes_what_is_no_longer_published(
    nnexp: Command, lab: Path
) -> None:
    nnexp("publish", "tiny")
    before = {path.name: path.read_bytes() for path in TINY.iterdir()}
    for name in before:
        (TINY / name).unlink()
    TINY.joinpath("verdicts.csv").write_text("id,verdict\n")
    TINY.joinpath("history.csv").write_text("run_id\n")
    nnexp("publish", "tiny")
    assert {path.name: path.read_bytes() for path in TINY.iterdir()} == before


def test_pictures_can_be_added_and_go_when_they_are_not_asked_for_again(nnexp: Command, lab: Path) -> None:
    nnexp("publish", "tiny", "--pictures", "learning_curves,accuracy_over_time")
    pictures = {path.name for path in TINY.glob("*.png")}
    assert pictures == {"accuracy_by_batch_size.png", "learning_curves.png", "accuracy_over_time.png"}
    nnexp("publish", "tiny")
    assert {path.name for path in TINY.glob("*.png")} == {"accuracy_by_batch_size.png"}


def test_more_than_the_budget_is_told(nnexp: Command, lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnexp.commands.publish.BUDGET", 1000)
    status, shown, _ = nnexp("publish", "tiny")
    assert status == 1
    assert "That is too much" in shown


def test_what_cannot_be_written_whole_leaves_what_was_published(
    nnexp: Command, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert nnexp("publish", "tiny")[0] == 0
    before = {path.name: path.read_bytes() for path in TINY.iterdir()}
    edit(FILE, "low: 0, high: 1}", "low: 0, high: 0}")
    train("tiny")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("nnexp.files.os.fsync", full)
        status, _, error = nnexp("publish", "tiny")
    assert (status, "No space left on device" in error) == (2, True)
    assert {path.name: path.read_bytes() for path in TINY.iterdir()} == before


def test_files_of_an_earlier_publishing_go_last(nnexp: Command, lab: Path) -> None:
    assert nnexp("publish", "tiny", "--pictures", "learning_curves")[0] == 0
    assert (TINY / "learning_curves.png").exists()
    assert nnexp("publish", "tiny")[0] == 0
    assert not (TINY / "learning_curves.png").exists()
    assert len(list(TINY.glob("*.png"))) == 1


def test_a_sweep_that_lacks_a_run_is_refused(nnexp: Command, lab: Path) -> None:
    next((only(lab / "sweeps" / "tiny") / "records").glob("*.json")).unlink()
    refused(nnexp, "is not finished, 1 of 6 runs are not done: nnexp status tiny")


def test_a_sweep_whose_claims_take_one_that_lacks_a_run_is_refused(nnexp: Command, lab: Path) -> None:
    next((only(lab / "sweeps" / "tiny") / "records").glob("*.json")).unlink()
    status, shown, error = nnexp("publish", "other")
    assert (status, shown) == (2, "")
    assert error.startswith("nnexp: tiny/")
    assert "is not finished" in error


def test_points_of_another_sweep_may_come_from_its_published_results(nnexp: Command, lab: Path) -> None:
    nnexp("publish", "tiny", "other")
    before = {path.name: path.read_bytes() for path in (HOME / "other").iterdir()}
    shutil.rmtree(lab / "sweeps" / "tiny")
    shutil.rmtree(HOME / "other")
    assert nnexp("publish", "other")[0] == 0
    assert {path.name: path.read_bytes() for path in (HOME / "other").iterdir()} == before
    edit(FILE, "epochs: 2", "epochs: 3")
    status, _, error = nnexp("publish", "other")
    assert (status, error.count("\n")) == (2, 1)
    assert "published/tiny differs from its sweep file in epochs: train it as the file says" in error


def test_a_sweep_of_other_code_is_refused(nnexp: Command, lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Formulas, "digest", lambda self, settings: "0" * 64)
    refused(nnexp, "was trained with other code of the numerical core: train it again")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 2", "epochs: 3", "differs from its sweep file in epochs: train it as the file says"),
        (
            "[10, 50]",
            "[10, 50, 100]",
            "differs from its sweep file in the number of points: train it as the file says",
        ),
        ("seeds: 3", "seeds: 4", "differs from its sweep file in the seeds: train it as the file says"),
        ("synthetic", "mnist", "differs from its sweep file in data: train it as the file says"),
        ("high: 1}", "high: 0.9}", "was judged by other claims: its own command, again, takes those"),
        ("    - id: B3-9", "    - id: B3-8", "was judged by other claims"),
    ],
)
def test_a_sweep_that_its_file_does_not_ask_for_is_refused(
    old: str, new: str, message: str, nnexp: Command, lab: Path
) -> None:
    edit(FILE, old, new)
    refused(nnexp, message)


def test_claims_that_changed_are_judged_by_the_sweeps_own_command(nnexp: Command, lab: Path) -> None:
    edit(FILE, "low: 0, high: 1}", "low: 0, high: 0}")
    train("tiny")
    assert nnexp("publish", "tiny")[0] == 0
    verdicts = package.load_sweep("published/tiny").verdicts.set_index("id")["verdict"]
    assert verdicts["B3-9"] == "refuted"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("", "publish takes one NAME or NAME/ID or more, got none"),
        ("tin", "unknown sweep 'tin'; did you mean 'tiny'?"),
        ("tiny --pictures heat_mop", "unknown picture 'heat_mop'"),
        ("tiny --picture x", "unknown option of publish '--picture'; did you mean '--pictures'?"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command, lab: Path) -> None:
    status, shown, error = nnexp("publish", *words.split())
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error
    assert not HOME.exists()


def test_a_sweep_without_a_file_is_refused(nnexp: Command) -> None:
    status, _, error = nnexp("publish", "plain")
    assert (status, error.count("\n")) == (2, 1)
    assert "+sweep=plain: unknown sweep 'plain'" in error


def refused(nnexp: Command, message: str) -> None:
    """Nothing is published, not even of the other sweep, and one line says why."""
    status, shown, error = nnexp("publish", "other", "tiny")
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error
    assert not HOME.exists()


def test_results_on_other_data_do_not_take_the_place_of_those_that_are_there(
    nnexp: Command, lab: Path
) -> None:
    assert nnexp("publish", "other")[0] == 0
    before = {path.name: path.read_bytes() for path in (HOME / "other").iterdir()}
    body = (HOME / "other" / "sweep.yaml").read_text()
    assert body.count("data: [synthetic]") == 1
    (HOME / "other" / "sweep.yaml").write_text(body.replace("data: [synthetic]", "data: [mnist]"))
    status, _, error = nnexp("publish", "tiny", "other")
    assert (status, "sweeps/published/other has results on mnist" in error) == (2, True)
    assert not TINY.exists()
    (HOME / "other" / "sweep.yaml").write_text(body)
    assert {path.name: path.read_bytes() for path in (HOME / "other").iterdir()} == before
