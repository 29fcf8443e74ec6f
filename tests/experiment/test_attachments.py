"""A report is made at the end of a sweep that is logged, and only that one is attached."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from nnexp.config import Execution
from nnexp.data import load
from nnexp.experiment import html_report
from nnexp.experiment.attachments import files_of, mark_pictures, mark_report
from nnexp.experiment.finishing import Ending
from nnexp.sweep.store.folder import Sweep
from tests.results.judged import sweep_of


class StandIn:
    """A logger that keeps the names of what it is to attach."""

    models, note, viewer = "none", "", "nothing"

    def __init__(self) -> None:
        self.files: list[str] = []

    def drain(self, *_: Any, **__: Any) -> None:
        """Nothing is to be logged."""

    def close(self, _status: str, _statuses: Any, files: list[Path], *_: Any) -> SimpleNamespace:
        self.files = [path.name for path in files]
        return SimpleNamespace(error=None, unlogged=[])


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    return sweep_of(tmp_path)


def end(sweep: Sweep) -> list[str]:
    """End it once more, logged; what was attached."""
    logger: Any = StandIn()
    execution = Execution(sweeps_dir=str(sweep.folder.parents[1]))
    Ending(sweep, execution, load, Console(quiet=True), logger, "").tell("FINISHED")
    files: list[str] = logger.files
    return files


def test_pictures_that_were_drawn_before_get_a_report_once(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    times: list[Path] = []

    def write(folder: Path, *_: Any) -> None:
        times.append(folder)
        (folder / "report.html").write_text(f"report {len(times)}")

    monkeypatch.setattr(html_report, "write", write)
    mark_pictures(sweep)  # by the same command with tracking=none
    for _ in range(2):
        assert "report.html" in end(sweep)
    assert times == [sweep.folder]


def test_a_report_that_was_made_meanwhile_is_not_attached(sweep: Sweep) -> None:
    path = sweep.folder / "report.html"
    path.write_text("of 3 runs")
    assert path not in files_of(sweep)
    mark_report(sweep)
    assert path in files_of(sweep)
    path.write_text("of 4 runs")
    assert path not in files_of(sweep)
