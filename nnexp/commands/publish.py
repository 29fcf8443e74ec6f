"""`nnexp publish`: what of a finished sweep is committed, into the lab book."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.filesize import decimal

from nnexp.commands.arguments import parse_arguments
from nnexp.commands.lookup import Found, folder_of, opened
from nnexp.console import make_console
from nnexp.errors import UserError
from nnexp.files import write_all
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.store.plan_file import FILE, body_text, read_body

HELP = """
nnexp publish NAME[/ID] ... [--pictures heat_map,learning_curves] [sweeps_dir=sweeps]

Put the answers of finished sweeps into the lab book: plan, runs, summary, verdicts and the sweep's picture,
as SWEEPS_DIR/published/NAME/sweep.yaml, *.csv, *.png, to be committed. Records, weights and histories stay
where they are, and so does what only says where the sweep was trained: paths, names of machines, MLflow's
ids. --pictures adds pictures. Refused unless every run is done, with the code as it is, by the plan and with
the claims that the sweep file has today. nnexp labbook --write brings the book's page up to date.
"""
PICTURES = "--pictures"
BUDGET = 10_000_000  # bytes of the lab book, all that is committed of SWEEPS_DIR
PROVENANCE = ("nnexp", "commit", "dirty", "python", "numpy", "blas", "kernel", "threads")


def main(words: Sequence[str]) -> int:
    """Check all of the sweeps, then publish them."""
    asked = parse_arguments("publish", words, valued=(PICTURES,))
    if not asked.names:
        raise UserError("publish takes one NAME or NAME/ID or more, got none")
    folders = list(dict.fromkeys(folder_of(name, asked.sweeps_dir) for name in asked.names))
    sweeps = [checked(folder, asked.sweeps_dir) for folder in folders]
    console = make_console()
    more = asked.settings.get(PICTURES, "").split(",") if PICTURES in asked.settings else []
    for found in sweeps:
        for path in publish(found, asked.sweeps_dir, more):
            console.print(str(path))
    size = sum(path.stat().st_size for path in book_files(Path(asked.sweeps_dir)))
    console.print(f"The lab book takes {decimal(size)} of {decimal(BUDGET)}.")
    if size > BUDGET:
        console.print("That is too much: leave out pictures, or shorten the outputs of notebooks.")
    return int(size > BUDGET)


def checked(folder: Path, sweeps_dir: str) -> Found:
    """The sweep in `folder`, if its answer may be published; so may those of the sweeps that its claims take.

    Raises:
        UserError: it may not, and why.
    """
    from nnexp.claims.parsing import claims_of

    found = _checked_alone(folder, sweeps_dir)
    _check_data(found, sweeps_dir)
    for other in sorted({name for claim in claims_of(found.sweep.plan) for name in claim.point_sweeps}):
        _checked_alone(folder_of(other, sweeps_dir), sweeps_dir)
    return found


def _checked_alone(folder: Path, sweeps_dir: str) -> Found:
    from nnexp.labbook.published_results import check_current
    from nnexp.labbook.sweep_files import asked_by

    found = opened(folder, sweeps_dir)
    plan, name = found.sweep.plan, found.name
    if found.holder:
        raise UserError(f"{name} is being trained by {found.holder}: wait for its end")
    if left := len(found.sweep.pending("retry")):
        runs = f"{left} of {len(plan.runs)} runs are not done"
        raise UserError(f"{name} is not finished, {runs}: nnexp status {name}")
    check_current(name, plan, asked_by(plan.name, folder))
    return found


def _check_data(found: Found, sweeps_dir: str) -> None:
    """Results on one data set do not take the place of results on another."""
    home = Path(sweeps_dir, PUBLISHED, found.sweep.plan.name)
    if (home / FILE).exists():
        old, new = (body["settings"].get("data") for body in (read_body(home), read_body(found.sweep.folder)))
        if old != new:
            told = f"{home} has results on {old}, and {found.name} is on {new}"
            raise UserError(f"{told}: remove that folder first if these are to take its place")


def publish(found: Found, sweeps_dir: str, pictures: Sequence[str]) -> list[Path]:
    """Write what is committed of a sweep, and remove what an earlier one left; the files.

    Raises:
        UserError: there is no picture of this name, or a file cannot be written.
    """
    from nnexp.claims.sweep_verdicts import results_of
    from nnexp.plots.pictures import png_files
    from nnexp.results.tables import make_tables
    from nnexp.results.write_csv import VERDICTS, csv_text

    sweep, home = found.sweep, Path(sweeps_dir, PUBLISHED, found.sweep.plan.name)
    tables = make_tables(sweep.plan, sweep.records, {})
    results = results_of(sweep.plan, tables, [], sweeps_dir)
    kept = {"runs": tables.runs, "summary": tables.summary}
    kept |= {VERDICTS: results.verdicts} if len(results.verdicts) else {}
    contents = {FILE: body_text(without_machine(read_body(sweep.folder)))}
    contents |= {f"{name}.csv": csv_text(table) for name, table in kept.items()}
    contents |= png_files(results, pictures)
    try:
        home.mkdir(parents=True, exist_ok=True)
        write_all(home, contents)
        for path in (*home.glob("*.png"), *home.glob("*.csv")):
            if path.name not in contents:
                path.unlink()
    except OSError as error:
        raise UserError(f"{home} must be a folder that can be written: {error.strerror}") from error
    return [home / name for name in contents]


def without_machine(body: dict[str, Any]) -> dict[str, Any]:
    """The frozen plan without what only says where it was trained."""
    environment = {name: body["environment"].get(name) for name in PROVENANCE}
    return body | {"environment": environment, "places": dict.fromkeys(body["places"])}


def book_files(sweeps_dir: Path) -> list[Path]:
    """What is committed of the folder of sweeps: its page, notebooks, published results."""
    notebooks = [*sweeps_dir.glob("*.ipynb"), *sweeps_dir.glob("book/*.ipynb")]
    pages = [*sweeps_dir.glob("*.md"), *sweeps_dir.glob("*.yaml")]
    return [*pages, *notebooks, *(path for path in (sweeps_dir / "published").rglob("*") if path.is_file())]
