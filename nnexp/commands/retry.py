"""`nnexp retry`: a sweep goes on from its frozen plan alone; no configuration is needed."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

from nnexp.commands.arguments import DATA, MODELS, SWEEPS_DIR, TRACKING, only_name, parse_arguments
from nnexp.commands.lookup import folder_of, name_of
from nnexp.config import Execution, file_behind, load_config
from nnexp.config.backend import BACKEND
from nnexp.config.notify import NOTIFY
from nnexp.console import make_console
from nnexp.data import Dataset, DataSpec
from nnexp.errors import UserError
from nnexp.experiment.notifier import Notifier
from nnexp.experiment.start import carry_out
from nnexp.sweep.pool.datasets import Datasets
from nnexp.sweep.question.identity import numerics_of
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import every_run
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store.plan_file import read_plan
from nnexp.tracking import usual_models, usual_store

HELP = """
nnexp retry NAME[/ID] [n_jobs=4] [backend=loky] [max_seconds=60] [tracking=sqlite] [tracking.uri=...]
            [notify.url=...] [data=mnist] [sweeps_dir=sweeps]

Train again what failed or timed out, and what is missing, by the plan that the sweep was started with; the
configuration files of today do not count. Refused where the code or the data have changed since.
Without tracking words, runs are logged where and as the sweep was logged before.
"""
NOT_HERE = ("mode", "dry_run")  # it is a mode of its own


def main(words: Sequence[str]) -> int:
    """Train, and print the answer; 1 if a run failed again."""
    keys = [field.name for field in fields(Execution) if field.name not in NOT_HERE]
    keys += [*BACKEND, *NOTIFY]
    arguments = parse_arguments("retry", words, keys=(*keys, DATA, *TRACKING, MODELS))
    folder = folder_of(only_name("retry", arguments.names), arguments)
    of_config = [key for key in (*keys, *TRACKING, MODELS) if key != SWEEPS_DIR]
    config = load_config([*arguments.only(of_config), "mode=retry"])
    plan, datasets = read_plan(folder), Datasets()
    _check_place(plan, name_of(folder, arguments.sweeps_dir))
    plan = _as_it_was(plan, datasets.load)
    uri = config.tracking.uri if arguments.only(TRACKING) else usual_store(folder)
    models = config.tracking.models if arguments.only([MODELS]) else usual_models(folder)
    execution = replace(config.execution, sweeps_dir=arguments.sweeps_dir)
    console = make_console()
    with Notifier(execution.notify, console) as notifier:
        failed = carry_out(plan, execution, uri, datasets, console, models, notifier).failed
    if is_part(plan):
        console.print(_what_rests_on_it(plan.name))
    return int(failed)


def _what_rests_on_it(name: str) -> str:
    """The command that goes on with what a stage or trials have chosen, as far as their name tells it."""
    file = file_behind(name)
    word = f"python -m nnexp +sweep={file}, with the words that it" if file else "the command that it"
    return f"To go on with what this chooses: {word} was begun with"


def _check_place(plan: Plan, name: str) -> None:
    before = f"{plan.name}/{plan.sweep_id}"
    if name != before:
        raise UserError(f"the folder of this sweep was {before}, now it is {name}: move it back")


def _as_it_was(plan: Plan, load: Callable[[DataSpec], Dataset]) -> Plan:
    """The plan with every run that may come; each must be what it was when the sweep was started."""
    whole = every_run(plan, load)
    if not {run.run_id for run in plan.first_runs} <= {run.run_id for run in whole.runs}:
        same_code = numerics_of(run.settings for run in plan.first_runs) == plan.numerics
        what = "data have" if same_code else "code has"
        raise UserError(
            f"the {what} changed since {plan.name}/{plan.sweep_id} was started: "
            "start it anew with its own command"
        )
    return whole
