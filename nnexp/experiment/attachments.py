"""What of a sweep's folder is attached to its page in MLflow; of which trainings pictures and report are."""

import hashlib
from pathlib import Path

from nnexp.experiment import html_report
from nnexp.files import replacing
from nnexp.results.stamp import RULES
from nnexp.sweep.question.identity import canonical_json
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.plan_file import FILE
from nnexp.sweep.store.rounds_file import FILE as ROUNDS

# Each says, once they are complete, of which trainings the pictures are, or the report.
PICTURES_MARK, REPORT_MARK = ".pictures", ".report"


def files_of(sweep: Sweep) -> list[Path]:
    """Plan, rounds, tables, pictures, and the report that was made at the sweep's end, not one that was made
    while it trained."""
    folder = sweep.folder
    report = [folder / html_report.FILE] if has_report(sweep) else []
    kinds = ("csv", "png", "svg")
    tables = [path for kind in kinds for path in sorted(folder.glob(f"*.{kind}"))]
    return [folder / FILE, folder / ROUNDS, *tables, *report]


def has_pictures(sweep: Sweep) -> bool:
    """Whether the pictures of these very trainings are there."""
    return _is(sweep.folder / PICTURES_MARK, _basis(sweep))


def mark_pictures(sweep: Sweep) -> None:
    """Say that they are there."""
    _write(sweep.folder / PICTURES_MARK, _basis(sweep))


def has_report(sweep: Sweep) -> bool:
    """Whether the report that lies there is the one that was made of these trainings at the sweep's end."""
    return _is(sweep.folder / REPORT_MARK, _basis_of_report(sweep))


def mark_report(sweep: Sweep) -> None:
    """Say that it is."""
    _write(sweep.folder / REPORT_MARK, _basis_of_report(sweep))


def _basis(sweep: Sweep) -> bytes:
    """A digest of what a sweep's pictures show: trainings, what they are compared by, and our rules."""
    started = sorted(f"{run_id} {record.timings['started']}" for run_id, record in sweep.records.items())
    question = canonical_json([sweep.plan.claims, sweep.plan.baseline])
    return hashlib.sha256(RULES + "\n".join([question, *started]).encode()).hexdigest().encode()


def _basis_of_report(sweep: Sweep) -> bytes:
    """The same for the file itself: `nnexp report` writes another one in its place."""
    path = sweep.folder / html_report.FILE
    content = path.read_bytes() if path.exists() else b""
    return hashlib.sha256(_basis(sweep) + content).hexdigest().encode()


def _is(mark: Path, content: bytes) -> bool:
    return mark.exists() and mark.read_bytes() == content


def _write(mark: Path, content: bytes) -> None:
    with replacing(mark) as file:
        file.write(content)
