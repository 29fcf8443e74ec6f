"""What is said of sweeps and runs: figures, lines and tables for people."""

import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from nnexp.console import WholeTable
from nnexp.sweep.pool.stacks import Mark
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.points import Question
from nnexp.sweep.question.stages import Stage
from nnexp.sweep.store.catalog import nearest_sweeps
from nnexp.sweep.store.checkpoints import Found
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.record import FAILED, Record
from nnexp.sweep.store.rounds_file import read_rounds
from nnexp.text import count, duration, percent

MOST_FAILURES = 20  # rows of the table of failures


def ending(record: Record) -> str:
    """How a run ended, in a few words."""
    if record.status == "failed":
        return f"failed: {reason(record)}"
    if record.status == "diverged":
        return f"diverged after {count(int(record.metrics['epochs_done'] or 0), 'epoch')}"
    if record.status in ("timed_out", "pruned"):
        how = record.status.replace("_", " ")
        return f"{how} after {count(int(record.metrics['epochs_done'] or 0), 'epoch')}"
    accuracy = percent(record.metrics["final_validation_accuracy"])
    return f"validation {accuracy}  {record.timings['seconds']:.1f} s"


def reason(record: Record) -> str:
    """The last line of a failed run's traceback."""
    lines = (record.traceback or "").strip().splitlines()
    return lines[-1] if lines else "its record does not say why"


def announcement(
    plan: Plan,
    to_do: int,
    failed: int,
    workers: int,
    seconds: float | None,
    marks: Mapping[str, Mark] | None = None,
) -> str:
    """What a sweep is about to do, in one line, and in about how many seconds (None: nobody knows).

    `failed`: runs that are not done, and not to be trained; `marks`: of those that go on from a checkpoint.
    """
    runs = len(plan.runs)
    state = [f"{runs - to_do - failed} done"] if to_do or failed else ["all done, recorded before"]
    if failed:
        state.append(f"{failed} failed before")
    if to_do:
        known = seconds is not None and f"about {duration(seconds)}"
        how_long = known or "how long on this accelerator its first records will tell"
        state.append(f"{to_do} to train on {count(workers, 'worker')}, {how_long}")
    if marks:
        state.append(going_on(marks))
    shape = plan.shape
    if plan.until:
        shape += f", until decided: at most {len(plan.points) * plan.until.most} runs"
    if plan.is_search and plan.tuning:
        shape += f", in rounds of {plan.tuning.together}: {plan.tuning.budget} points in all"
    return f"{plan.name}: {count(runs, 'run')} ({shape}), {', '.join(state)}"


def what_follows(trials: Plan, plan: Plan) -> str:
    """What a tuned sweep trains once its trials have chosen."""
    assert trials.tuning
    number, seeds = trials.tuning.finalists or len(plan.points), len(plan.seeds)
    return f"Then the best of them: {count(number, 'point')} x {count(seeds, 'seed')}, {number * seeds} runs."


def stages_that_follow(study: Question, stage: Stage) -> str:
    """What a study does after one of its stages."""
    names = [each.name for each in study.stages]
    later = ", ".join([*names[names.index(stage.name) + 1 :], study.name])
    return f"Stage {stage.name} of {study.name}. Then, each from what the one before takes: {later}."


def round_line(sweep: Sweep, fresh: Sequence[int], to_train: Sequence[int]) -> str:
    """What a further round, not frozen yet, is about to do: `Round 2: 7 seeds at 2 of 3 points, 4 runs to
    train`, or of a search `Round 2: points 9 to 16 of 64, 8 runs to train`.

    `fresh`: rows of the runs that it adds; `to_train`: of those that have no record.
    """
    plan, number = sweep.plan, len(read_rounds(sweep.folder)) + 1
    left = f"{count(len(to_train), 'run')} to train"
    if plan.is_search and plan.tuning:
        first, last = plan.runs[fresh[0]].point + 1, len(plan.points)
        return f"Round {number}: points {first} to {last} of {plan.tuning.budget}, {left}"
    points = {plan.runs[row].point for row in fresh}
    seeds = max(plan.runs[row].seed for row in fresh) + 1
    where = f"{count(seeds, 'seed')} at {len(points)} of {count(len(plan.points), 'point')}"
    return f"Round {number}: {where}, {left}"


def going_on(marks: Mapping[str, Mark]) -> str:
    """`5 runs go on from epoch 12 to 17`."""
    epochs = [mark.epoch for mark in marks.values()]
    first, last = min(epochs), max(epochs)
    where = f"epoch {first}" if first == last else f"epochs {first} to {last}"
    return f"{count(len(marks), 'run')} {'goes' if len(marks) == 1 else 'go'} on from {where}"


def queued(jobs: int, name: str) -> str:
    """What is waited for, and how to look at it."""
    return f"Slurm has {count(jobs, 'job')} of this sweep, squeue --name={name}; the first to begin trains"


def useless_checkpoints(found: Found) -> list[str]:
    """A line for each reason why checkpoints are not used."""
    lines = [f"The checkpoint {path} cannot be used: {why}" for path, why in found.damaged.items()]
    for how, runs in Counter(found.elsewhere.values()).items():
        lines.append(f"Checkpoints of {count(runs, 'run')} are of another machine and not used: {how}")
    for folder, runs in Counter(found.outdated.values()).items():
        lines.append(f"Checkpoints of {count(runs, 'run')} in {folder} are of other formulas and not used")
    return lines


def unwritten_checkpoints(times: int, why: str) -> str:
    """How often a checkpoint could not be written or read; empty if never."""
    if not times:
        return ""
    return f"Checkpoints could not be written or read, {count(times, 'time')}: {why}"


def plan_table(plan: Plan, pending: Sequence[int]) -> WholeTable:
    """The numbered points, and how many runs of each are done."""
    to_train = Counter(plan.runs[row].point for row in pending)
    table = WholeTable()
    for heading in ("point", *plan.axes, "done", "to train"):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, runs in enumerate(plan.runs_by_point):
        values = [plan.texts_at(number)[axis] for axis in plan.axes]
        left = to_train[number]
        table.add_row(str(number + 1), *values, str(len(runs) - left), str(left))
    return table


def command_for(verb: str, name: str, sweeps_dir: str) -> str:
    """What to type to `verb` (retry, sync) the sweep NAME/ID."""
    elsewhere = "" if sweeps_dir == "sweeps" else f" sweeps_dir={shlex.quote(sweeps_dir)}"
    return f"nnexp {verb} {name}{elsewhere}"


def summary_command(folder: Path, plan: Plan, sweeps_dir: str | Path, metrics: Sequence[str] = ()) -> str:
    """What prints the answer of the sweep in `folder`, published or not, with columns for `metrics`."""
    own = folder.name == plan.sweep_id
    name = f"{plan.name}/{plan.sweep_id}" if own else f"{PUBLISHED}/{plan.name}"
    nearest = Path(sweeps_dir).resolve() == nearest_sweeps().resolve()  # a notebook may lie inside
    asked = f" metric={','.join(metrics)}" if metrics else ""
    return command_for("summary", name, "sweeps" if nearest else str(sweeps_dir)) + asked


def failures(plan: Plan, records: Mapping[str, Record], again: str | None = None) -> RenderableType:
    """The runs that failed or timed out, and why; empty if there is none. `again`: what trains them again."""
    bad = [run for run in plan.runs if (record := records.get(run.run_id)) and record.status in FAILED]
    if not bad:
        return Text(end="")
    parts: list[RenderableType] = [Text(f"{count(len(bad), 'run')} failed", style="red")]
    table = WholeTable()
    for heading in ("run", "what varies", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "run")
    for run in bad[:MOST_FAILURES]:
        table.add_row(run.run_id, Text(plan.label(run)), Text(ending(records[run.run_id])))
    parts.append(table)
    if len(bad) > MOST_FAILURES:
        parts.append(Text(f"and {len(bad) - MOST_FAILURES} more, in runs.csv"))
    if again:
        parts.append(Text(f"To train again what failed: {again}"))
    return Group(*parts)


def run_line(run: Run, record: Record | None) -> str:
    """The final line of a single run."""
    if record is None or record.status != "finished":
        return "no result" if record is None else ending(record)
    weights = "best" if run.hyperparameters.keeps_best else "final"
    epoch = record.metrics["best_epoch" if weights == "best" else "epochs_done"]
    validation = percent(record.metrics[f"{weights}_validation_accuracy"])
    return (
        f"After epoch {epoch}: validation accuracy {validation}, "
        f"test accuracy {percent(record.metrics['test_accuracy'])}"
    )
