"""`nnexp report` writes one file, and says where."""

import shutil
from pathlib import Path

import pytest

from tests.commands.conftest import Command, only


def test_it_is_written_beside_the_sweep_s_other_files(nnexp: Command, sweeps: Path) -> None:
    status, told, _ = nnexp("report", "plain")
    path = only(sweeps / "plain") / "report.html"
    assert status == 0
    assert told.startswith(f"Report: {path} (")
    content = path.read_text()
    assert content.lower().startswith("<!doctype html>")
    assert "data:image/png;base64," in content  # the best network's weights


def test_published_results_get_none_and_the_file_lies_here(nnexp: Command, sweeps: Path) -> None:
    folder = only(sweeps / "plain")
    shutil.rmtree(folder / "records")
    (sweeps / "published").mkdir()
    shutil.move(folder, sweeps / "published" / "plain")
    assert nnexp("report", "published/plain")[0] == 0
    assert not list(sweeps.rglob("*.html"))
    assert "the sweep was published without its weights" in Path("published_plain.html").read_text()


def test_another_file_may_be_named(nnexp: Command) -> None:
    assert nnexp("report", "mixed", "--to", "mine.html")[0] == 0
    assert "RuntimeError: it broke" in Path("mine.html").read_text()


def test_two_sweeps_and_the_lab_book_are_written_here(nnexp: Command, lab: Path) -> None:
    assert nnexp("report", "tiny", "other")[0] == 0
    assert Path("tiny_and_other.html").exists()
    assert nnexp("report", "--labbook")[0] == 0
    assert "Batches of 10 learn more | faster." in Path("labbook.html").read_text()


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["plain", "--to", "mine.pdf"], "--to must be a file named *.html, got mine.pdf"),
        (["plain", "--to", "none/mine.html"], "--to must lie in a folder that exists, got none/mine.html"),
        (["plane"], "did you mean 'plain'?"),
        (["plain", "plain"], "report takes two sweeps, got plain twice"),
        (["plain", "--labbook"], "report takes --labbook or a sweep, got both"),
        ([], "report takes one NAME or NAME/ID, or two, got none"),
    ],
)
def test_a_mistake_is_one_line(nnexp: Command, words: list[str], why: str) -> None:
    status, _, error = nnexp("report", *words)
    assert status == 2
    assert why in error
    assert error.count("\n") == 1
