"""The report of sweeps as they lie in their folders: one HTML file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.data import load
from nnexp.errors import UserError
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.pages.build import section_of
from nnexp.pages.content import Page, SweepSection
from nnexp.pages.render import check_libraries, html
from nnexp.results.by_point import best_run
from nnexp.results.tables import Results
from nnexp.sweep.store.record import read_model
from nnexp.version import __version__

if TYPE_CHECKING:
    from nnexp.plots.pictures import Subject

FILE = "report.html"  # in a sweep's folder


def report(folders: Sequence[Path], sweeps_dir: str | Path) -> bytes:
    """The page of the sweeps in these folders.

    Raises:
        UserError: a sweep cannot be read, or a library is missing.
    """
    check_libraries()  # before anything that takes long
    sections = [_section(folder, load_folder(folder, sweeps_dir).results) for folder in folders]
    return html(page_of(sections))


def page_of(sections: Sequence[SweepSection]) -> Page:
    """A page of these sweeps."""
    names = " and ".join(section.answer.name for section in sections)
    made = f"Report made {datetime.now().astimezone():%Y-%m-%d %H:%M} by nnexp {__version__} from {names}"
    return Page(
        " and ".join(section.answer.question or section.answer.name for section in sections),
        made,
        tuple(sections),
    )


def _section(folder: Path, results: Results, heading: str = "") -> SweepSection:
    return section_of(folder, results, subject_in(folder, results), heading)


def subject_in(folder: Path, results: Results) -> Callable[[], Subject] | None:
    """What loads the best network of a sweep with its data; None where no run finished."""
    plan = results.plan
    run = best_run(plan, results.tables.runs)
    if run is None:
        return None

    def subject() -> Subject:
        from nnexp.plots.pictures import Subject

        if not (folder / "records").is_dir():
            raise UserError("the sweep was published without its weights")
        return Subject(read_model(folder / "records", run.run_id), load(run.data), plan.label(run))

    return subject
