"""What of a finished sweep is committed, into the lab book: what verdicts are judged from, and a picture."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nnexp.claims.parsing import claims_of
from nnexp.claims.sweep_verdicts import results_of
from nnexp.errors import UserError
from nnexp.files import write_all
from nnexp.labbook.published_results import check_current
from nnexp.labbook.sweep_files import CurrentQuestion, files_of_stages, read_sweep_file
from nnexp.results.read_csv import PUBLISHED_HISTORY
from nnexp.results.sweep_folder import folder_of_trials
from nnexp.results.tables import Tables, make_tables
from nnexp.results.write_csv import csv_text
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import is_of_trials
from nnexp.sweep.store.catalog import find_sweep_folder
from nnexp.sweep.store.folder import Sweep, open_sweep
from nnexp.sweep.store.lock import holder_of
from nnexp.sweep.store.looks import FILE as LOOKS
from nnexp.sweep.store.looks import looks_text
from nnexp.sweep.store.plan_file import FILE, body_text, read_body, read_head, read_plan
from nnexp.sweep.store.rounds_file import FILE as ROUNDS
from nnexp.sweep.store.rounds_file import awaited

FOLDERS = (".", "book", "tuned", "best")  # those of conf/sweep, which the notebooks have as well
PROVENANCE = (
    *("nnexp", "commit", "dirty", "python", "threads"),
    *("numpy", "blas", "kernel", "scipy", "scipy_blas", "scipy_kernel"),
)


def check_publishable(folder: Path, sweeps_dir: str) -> Sweep:
    """The sweep in `folder`, if its answer may be published.

    Its claims may take points of other sweeps: these must be finished and current, or published and current.

    Raises:
        UserError: it may not, and why.
    """
    sweep = _finished_sweep(folder)
    _check_data(sweep, sweeps_dir)
    for name in sorted({name for claim in claims_of(sweep.plan) for name in claim.point_sweeps}):
        other = find_sweep_folder(name, sweeps_dir, published=True).folder
        if (other / "records").is_dir():
            _finished_sweep(other)
        else:
            check_current(f"{PUBLISHED}/{name}", read_plan(other), read_sweep_file(name, other))
    return sweep


def _finished_sweep(folder: Path, file: CurrentQuestion | None = None) -> Sweep:
    """The sweep in `folder`; raises unless every run is done, by the code and the sweep file as they are.

    `file`: what the file of a study asks in this stage.
    """
    holder = holder_of(folder)  # first: whatever it records meanwhile is read
    sweep = open_sweep(folder)
    plan = sweep.plan
    name = f"{plan.name}/{folder.name}"
    if holder:
        raise UserError(f"{name} is being trained by {holder}: wait for its end")
    if left := len(sweep.pending("retry")):
        runs = f"{left} of {len(plan.runs)} runs are not done"
        raise UserError(f"{name} is not finished, {runs}: nnexp status {name}")
    if awaited(folder):
        raise UserError(f"{name} is not finished, something may be undecided: nnexp retry {name}")
    check_current(name, plan, file or read_sweep_file(plan.name, folder))
    return sweep


def _check_data(sweep: Sweep, sweeps_dir: str) -> None:
    """Results on one data set do not take the place of results on another."""
    home = Path(sweeps_dir, PUBLISHED, sweep.plan.name)
    if not (home / FILE).exists():
        return
    before, now = (", ".join(read_head(folder).data) for folder in (home, sweep.folder))
    if before != now:
        name = f"{sweep.plan.name}/{sweep.folder.name}"
        raise UserError(
            f"{home} has results on {before}, and {name} is on {now}: "
            "remove that folder first if these are to take its place"
        )


def stages_of(sweep: Sweep, sweeps_dir: str) -> list[Sweep]:
    """The stages of a study and their trials, which are published along with it; without those that are
    published already.

    Raises:
        UserError: one is not here, or may not be published.
    """
    if not sweep.plan.stages:
        return []
    files, stages = files_of_stages(sweep.plan, sweep.folder), list[Sweep]()
    for result in sweep.plan.stages:
        folder: Path | None = find_sweep_folder(result.sweep, sweeps_dir, published=True).folder
        while folder and (folder / "records").is_dir():
            stage = _finished_sweep(folder, files[read_head(folder).name])
            stages.append(stage)
            folder = folder_of_trials(stage.plan, sweeps_dir)
    return stages


def trials_of(sweep: Sweep, sweeps_dir: str) -> Sweep | None:
    """The trials that a sweep rests on, which are published along with it; None if it has none, or theirs
    are published already.

    Raises:
        UserError: they are not here, or may not be published.
    """
    plan = sweep.plan
    folder = folder_of_trials(plan, sweeps_dir)
    if plan.trials and folder is None:
        raise UserError(f"{plan.name} rests on the trials {plan.trials}, and they are not here")
    return check_publishable(folder, sweeps_dir) if folder and (folder / "records").is_dir() else None


def publish(sweep: Sweep, sweeps_dir: str, pictures: Sequence[str]) -> list[Path]:
    """Write what is committed of a sweep, and remove what an earlier one left; the files.

    Trials have no picture of their own: their sweep has it.

    Raises:
        UserError: there is no picture of this name, or a file cannot be written.
    """
    from nnexp.plots.pictures import png_files  # matplotlib

    home = Path(sweeps_dir, PUBLISHED, sweep.plan.name)
    tables = make_tables(sweep.plan, sweep.records, {})
    contents = text_files(sweep, tables)
    if not is_of_trials(sweep.plan):
        contents |= png_files(results_of(sweep.plan, tables, [], sweeps_dir), pictures)
    try:
        home.mkdir(parents=True, exist_ok=True)
        write_all(home, contents)
        for path in (*home.glob("*.png"), *home.glob("*.csv")):
            if path.name not in contents:
                path.unlink()
    except OSError as error:
        raise UserError(f"{home} must be a folder that can be written: {error.strerror}") from error
    return [home / name for name in contents]


def text_files(sweep: Sweep, tables: Tables) -> dict[str, bytes]:
    """By name, what every verdict can be judged from: the plan, its rounds, the tables; and the looks."""
    looks = looks_text(sweep.folder, sweep.plan)
    return {
        FILE: body_text(_without_machine(read_body(sweep.folder))),
        ROUNDS: (sweep.folder / ROUNDS).read_bytes(),
        "runs.csv": csv_text(tables.runs),
        "summary.csv": csv_text(tables.summary),
        PUBLISHED_HISTORY: gzip.compress(csv_text(tables.history), mtime=0),  # equal tables, equal files
        **({LOOKS: looks} if looks else {}),
    }


def _without_machine(body: dict[str, Any]) -> dict[str, Any]:
    """The frozen plan without what only says where it was trained."""
    environment = {name: body["environment"].get(name) for name in PROVENANCE}
    return body | {"environment": environment, "places": dict.fromkeys(body["places"])}


def book_files(sweeps_dir: Path) -> list[Path]:
    """What is committed of the folder of sweeps: its page, notebooks, published results."""
    notebooks = [path for folder in FOLDERS for path in sweeps_dir.glob(f"{folder}/*.ipynb")]
    pages = [*sweeps_dir.glob("*.md"), *sweeps_dir.glob("*.yaml")]
    return [*pages, *notebooks, *(path for path in (sweeps_dir / PUBLISHED).rglob("*") if path.is_file())]
