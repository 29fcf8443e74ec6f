"""From the results of sweeps to a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nnexp.errors import UserError
from nnexp.pages.charts import charts_of
from nnexp.pages.content import Failure, Image, Pairs, SweepSection
from nnexp.pages.origin import origin_of, settings_of
from nnexp.pages.run_table import run_table
from nnexp.report.answer import Answer
from nnexp.report.build import answer_of
from nnexp.results.tables import Results
from nnexp.sweep.question.plan import Plan, is_of_trials
from nnexp.sweep.store import record as records
from nnexp.sweep.store.record import FAILED
from nnexp.text import count

if TYPE_CHECKING:
    import pandas as pd

    from nnexp.plots.pictures import Subject

IMAGE_DPI = 110
REASON = "Its record, which says why, is not here"
ERROR = r"[\w.]+(Error|Exception|Exit|Interrupt)\b"  # begins the first line of a message


def section_of(
    folder: Path, results: Results, subject: Callable[[], Subject] | None, heading: str = ""
) -> SweepSection:
    """All that a page says of the sweep in `folder`.

    `subject`: what loads its best network, None where no run finished; it may raise `UserError`.
    """
    plan, runs = results.plan, results.tables.runs
    images, why = _images(results, subject)
    changed, usual = settings_of(plan)
    answer = answer_of(results)
    return SweepSection(
        heading=heading,
        answer=answer,
        facts=_facts(plan, runs, answer),
        sources={str(claim["id"]): str(claim.get("source", "")) for claim in plan.claims},
        charts=() if is_of_trials(plan) else charts_of(plan, runs, results.tables.history),
        images=images,
        no_images=why,
        runs=run_table(plan, runs),
        failures=tuple(_failures(folder, plan, runs)),
        changed=changed,
        usual=usual,
        origin=origin_of(folder, results),
    )


def _facts(plan: Plan, runs: pd.DataFrame, answer: Answer) -> Pairs:
    """What a reader must know before anything else."""
    ended = runs["status"].str.replace("_", " ").value_counts()
    statuses = ", ".join(f"{number} {status}" for status, number in ended.items())
    missing = len(plan.runs) - len(runs)
    data = ", ".join(dict.fromkeys(run.data.name for run in plan.runs))
    varied = ", ".join(plan.axes) or "nothing but the seed"
    facts = [("varied", varied), ("data", data), ("size", f"{count(len(plan.runs), 'run')}: {plan.shape}")]
    facts += [("tuned at each point", ", ".join(plan.tuned))] if plan.tuned else []
    facts += [("runs", f"{statuses or 'none has ended'}{f', {missing} to come' if missing else ''}")]
    told = Counter(verdict.verdict for verdict in answer.verdicts)
    claims = ", ".join(f"{number} {verdict}" for verdict, number in told.items())
    return (*facts, ("claims", claims)) if told else tuple(facts)


def _failures(folder: Path, plan: Plan, runs: pd.DataFrame) -> Iterator[Failure]:
    """The runs that failed or timed out, and those that diverged, with the line that says why."""
    bad = runs[runs["status"].isin([*FAILED, "diverged"])]
    labels = {run.run_id: plan.label(run) for run in plan.runs}
    epochs = bad["epochs_done"].fillna(0)
    for run_id, status, done in zip(bad["run_id"], bad["status"], epochs, strict=True):
        how = f"{status.replace('_', ' ')} after {count(int(done), 'epoch')}"
        yield Failure(run_id, labels[run_id], _reason(folder, run_id) if status == "failed" else how)


def _reason(folder: Path, run_id: str) -> str:
    """The line of a failed run's traceback that names the error."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        lines = (records.read(folder / "records" / f"{run_id}.json").traceback or "").strip().splitlines()
        named = [line for line in lines if re.match(ERROR, line)]
        return f"failed: {(named or lines)[-1]}"
    return f"failed. {REASON}"


def _images(results: Results, subject: Callable[[], Subject] | None) -> tuple[tuple[Image, ...], str]:
    """The best network's pictures and those of what was tried; why the network has none."""
    from nnexp.plots import sweep_pictures
    from nnexp.plots.pictures import network_pictures

    pictures: dict[str, Callable[[], Any]] = {}
    why = "" if subject else "no run finished."
    if subject:
        try:
            pictures = network_pictures(subject())
        except UserError as error:
            why = f"{error}."
    tried = sweep_pictures(results.plan, *results.tables[:2], results.trials) if results.trials else {}
    tried = {n: draw for n, draw in tried.items() if n.startswith("isolation_") or n == "tuning_curve"}
    return tuple(image_of(draw()) for draw in (pictures | tried).values()), why


def image_of(picture: Any) -> Image:
    """A picture with its own title and notes as its text."""
    from nnexp.plots.style import png

    title = " ".join(picture.get_suptitle().split())
    notes = " ".join(picture.get_supxlabel().split())
    return Image(title, png(picture, IMAGE_DPI), notes)
