"""From the results of sweeps to a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from nnexp.pages.charts import charts_of
from nnexp.pages.content import Failure, Pairs, SweepSection
from nnexp.pages.images import Pictures
from nnexp.pages.origin import origin_of, settings_of
from nnexp.pages.run_table import run_table
from nnexp.report.answer import Answer
from nnexp.report.build import answer_of
from nnexp.results.tables import Results
from nnexp.sweep.question.plan import Plan, is_of_trials
from nnexp.sweep.store import record_file as records
from nnexp.sweep.store.record import FAILED
from nnexp.text import count

if TYPE_CHECKING:
    import pandas as pd

REASON = "Its record, which says why, is not here"
ERROR = r"[\w.]+(Error|Exception|Exit|Interrupt)\b"  # begins the first line of a message


def section_of(folder: Path, results: Results, pictures: Pictures, heading: str = "") -> SweepSection:
    """All that a page says of the sweep in `folder`."""
    plan, runs = results.plan, results.tables.runs
    changed, usual = settings_of(plan)
    answer = answer_of(results)
    return SweepSection(
        heading=heading,
        answer=answer,
        facts=_facts(plan, runs, answer),
        sources={str(claim["id"]): str(claim.get("source", "")) for claim in plan.claims},
        charts=() if is_of_trials(plan) else charts_of(plan, runs, results.tables.history),
        images=pictures.images,
        no_images=pictures.why,
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
        errors = [line for line in lines if re.match(ERROR, line)]
        return f"failed: {(errors or lines)[-1]}" if lines else "failed. Its record does not say why"
    return f"failed. {REASON}"
