"""Reports of sweeps as they lie in their folders, one HTML file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from nnexp.data import load
from nnexp.errors import UserError
from nnexp.experiment.loaded_sweep import LoadedSweep, load_folder
from nnexp.files import replacing
from nnexp.pages.build import section_of
from nnexp.pages.content import Image, Page, SweepSection
from nnexp.pages.images import drawn_before, drawn_now, image_of
from nnexp.pages.render import check_libraries, html
from nnexp.report.pair import pair_of
from nnexp.results.by_point import accuracy_metric, best_run
from nnexp.results.sweep_folder import folder_by_id
from nnexp.results.tables import Results
from nnexp.sweep.store.looks import note_look
from nnexp.sweep.store.record_file import read_model
from nnexp.version import __version__

if TYPE_CHECKING:
    from nnexp.plots.pictures import Subject

FILE = "report.html"  # in a sweep's folder


class Report(NamedTuple):
    """A file. Who makes it looks at marks and verdicts; `problem`: why that could not be noted, if so."""

    content: bytes
    problem: str = ""


def report(folder: Path, sweeps_dir: str | Path) -> Report:
    """The page of a sweep; of a study with its stages, in order, as far as they are here.

    Raises:
        UserError: a sweep cannot be read, or a library is missing.
    """
    check_libraries()  # before anything that takes long
    results = load_folder(folder, sweeps_dir).results
    problem = note_look_at(folder, results)  # first: the page lists it
    return Report(html(report_page(folder, results, sweeps_dir)), problem)


def report_page(folder: Path, results: Results, sweeps_dir: str | Path, *, drawn: bool = False) -> Page:
    """The same as plain data, from the results of the sweep in `folder`.

    `drawn`: whether the pictures that lie there are those of the results, so that none need be drawn.
    """
    stages, several = [], len(results.plan.stages)
    for number, stage in enumerate(results.plan.stages, start=1):
        if home := folder_by_id(stage.sweep, sweeps_dir):
            name = f"Stage {number} of {several}: {stage.stage}"
            stages.append(_section(home, load_folder(home, sweeps_dir).results, name, drawn))
    section = _section(folder, results, "The study's answer" if stages else "", drawn)
    title = section.answer.question or section.answer.name
    return Page(title, made_from(section.answer.name), (section, *stages))


def write(folder: Path, results: Results, sweeps_dir: str | Path) -> None:
    """Write the report of a sweep into its folder, with the pictures that were just drawn there.

    Raises:
        OSError: the folder cannot be written.
    """
    content = html(report_page(folder, results, sweeps_dir, drawn=True))
    with replacing(folder / FILE) as file:
        file.write(content)


def note_look_at(folder: Path, results: Results) -> str:
    """Note that the marks and verdicts of `results` are shown; returns why that could not be noted."""
    verdicts = dict(zip(results.verdicts["id"], results.verdicts["verdict"], strict=True))
    return note_look(folder, results.plan, len(results.tables.runs), verdicts)


def pair_report(first: Path, second: Path, sweeps_dir: str | Path) -> Report:
    """The page of two sweeps side by side. Raises as `report`."""
    check_libraries()
    sweeps = [load_folder(folder, sweeps_dir) for folder in (first, second)]
    problems = [note_look_at(sweep.folder, sweep.results) for sweep in sweeps]
    sections = [_section(sweep.folder, sweep.results) for sweep in sweeps]
    names = (sections[0].answer.name, sections[1].answer.name)
    pair = pair_of(names, sweeps[0].results, sweeps[1].results)
    picture = _side_by_side(dict(zip(names, sweeps, strict=True)))
    page = Page(" and ".join(names), made_from(*names), tuple(sections), pair, picture)
    return Report(html(page), " ".join(filter(None, problems)))


def made_from(*names: str) -> str:
    """When a page is made, by what, and from what."""
    now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
    return f"Report made {now} by nnexp {__version__} from {' and '.join(names)}"


def _side_by_side(sweeps: Mapping[str, LoadedSweep]) -> Image | None:
    """Both along their axis; None where they have no axis of numbers in common."""
    from nnexp.plots import sweeps_by_axis

    metric = accuracy_metric(next(iter(sweeps.values())).plan)
    with suppress(UserError):
        return image_of(sweeps_by_axis(sweeps, [metric]))
    return None


def _section(folder: Path, results: Results, heading: str = "", drawn: bool = False) -> SweepSection:
    pictures = drawn_before(folder) if drawn else drawn_now(results, _subject_in(folder, results))
    return section_of(folder, results, pictures, heading)


def _subject_in(folder: Path, results: Results) -> Callable[[], Subject] | None:
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
