"""Before training: make the plan, print what will run and for how long, and ask first if that is long."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from rich.console import Console
from rich.prompt import Confirm

from nnexp.claims.answerable import check_claims_on_search, with_answerable_claims
from nnexp.claims.looks import first_possible
from nnexp.claims.parsing import claims_of
from nnexp.config import Config
from nnexp.console import can_answer
from nnexp.errors import UserError
from nnexp.experiment.advice import advice_lines
from nnexp.experiment.messages import announcement
from nnexp.results.needed_seeds import NO_SCATTER, seeds_line
from nnexp.results.sweep_folder import results_in
from nnexp.results.tables import runs_table
from nnexp.sweep.pool.cut import make_stacks
from nnexp.sweep.pool.engines import accelerated
from nnexp.sweep.pool.estimate import Load, estimate_seconds, work
from nnexp.sweep.pool.stacks import Mark
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.seeds import UntilDecided
from nnexp.sweep.store.catalog import find_sweep_folder
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.plan_file import read_plan
from nnexp.sweep.store.record import FAILED


def planned(config: Config, load: Load, console: Console) -> Plan:
    """The plan, with the claims that its runs can answer.

    A claim that they cannot answer is a mistake to be told before they train, unless the command line has
    changed what it rests on.
    """
    plan, tuning = (
        make_plan(config.question, config.hyperparameters, config.data, load),
        config.question.tuning,
    )
    if tuning and tuning.finalists and not config.question.trials:
        check_claims_on_search(plan, tuning.finalists)
    if config.changed:
        plan, reasons = with_answerable_claims(plan)
        for why in reasons:
            console.print(f"Left out, as the sweep is changed: {why}")
    claims = claims_of(plan)
    if plan.until:
        _check_decidable(plan.until, first_possible(plan, claims))
    return plan


def _check_decidable(until: UntilDecided, least: int | None) -> None:
    """Raise unless something may be decided after the first round; with `least` seeds anything may be."""
    if least is None:
        raise UserError("sweep.seeds.until takes several points or a claim on means to decide, got neither")
    if until.first < least:
        why = "with fewer seeds nothing of what this sweep asks can be decided"
        raise UserError(f"sweep.seeds.from must be at least {least}, got {until.first}: {why}")


def announce(
    sweep: Sweep,
    rows: Sequence[int],
    workers: int,
    load: Load,
    console: Console,
    marks: Mapping[str, Mark] | None = None,
) -> float | None:
    """Say what is about to be done, and how many seconds it will take; return them, None if nobody knows.

    `rows`: the runs that are to train; `marks`: run_id -> where a run goes on.
    """
    workers = max(1, workers)
    seconds, pending = seconds_to_train(sweep, rows, workers, load, marks), set(rows)
    settled = [run for row, run in enumerate(sweep.plan.runs) if row not in pending]
    failed = sum(sweep.records[run.run_id].status in FAILED for run in settled)
    console.print(announcement(sweep.plan, len(rows), failed, workers, seconds, marks))
    return seconds


def seconds_to_train(
    sweep: Sweep, rows: Sequence[int], workers: int, load: Load, marks: Mapping[str, Mark] | None = None
) -> float | None:
    """About how long the runs `rows` will take; arguments: as of `announce`. None: some are for an
    accelerator, which `work` knows nothing of, and none of such has been recorded."""
    runs = sweep.plan.runs
    slowness, cards = _slowness(sweep, rows, load), accelerated(runs[row] for row in rows)
    if cards - slowness.keys():
        return None
    timing = sweep.plan.timing
    stacks = make_stacks(runs, rows, workers, load, timing=timing, marks=marks, accelerated=cards)
    left = [stack.left for stack in stacks]
    return estimate_seconds([stack.runs for stack in stacks], workers, load, slowness, left)


def _slowness(sweep: Sweep, rows: Sequence[int], load: Load) -> dict[str, float]:
    """By engine, how many times as long as `work` says the recorded runs took: those on the data of the runs
    `rows`."""
    specs = {sweep.plan.runs[row].data for row in rows}
    seconds, expected = Counter[str](), Counter[str]()
    for run in sweep.plan.runs:
        record = sweep.records.get(run.run_id)
        if run.data in specs and record and (epochs := record.metrics.get("epochs_done")):
            K, engine = record.timings["shared_by"], run.hyperparameters.engine
            seconds[engine] += record.timings["seconds"]
            expected[engine] += work([run] * K, load(run.data).data) / K * epochs / run.hyperparameters.epochs
    return {engine: seconds[engine] / expected[engine] for engine in expected}


def advise(plan: Plan, rows: Sequence[int], load: Load, console: Console) -> None:
    """Say what is odd about the runs numbered `rows`."""
    for line in advice_lines([plan.runs[row] for row in rows], load):
        console.print(line)


def agreed(seconds: float | None, limit: float | None, console: Console) -> bool:
    """Ask before a training longer than `limit` (None: never), where there is somebody to ask; not if nobody
    knows how long it takes."""
    if limit is None or seconds is None or seconds <= limit or not (console.is_terminal and can_answer()):
        return True
    try:
        return Confirm.ask("Train them?", console=console, default=True)
    except EOFError:
        return False


def seeds_to_plan(sweep: Sweep, sweeps_dir: str) -> str:
    """How many seeds a difference takes, by the sweep's own records or by an earlier sweep of its name."""
    plan, line = sweep.plan, ""
    if sweep.records:
        line = seeds_line(plan, runs_table(plan, sweep.records, {}))
    if not line:
        with suppress(UserError):  # there is none, or it cannot be read
            name = plan.runs[0].data.name
            folder = find_sweep_folder(plan.name, sweeps_dir, data=name, published=True).folder
            like = read_plan(folder)
            line = seeds_line(like, results_in(folder, like).runs)
    return line or NO_SCATTER
