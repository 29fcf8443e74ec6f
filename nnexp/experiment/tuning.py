"""Tuned sweeps: settings are tried first, in a sweep of their own; what they choose is then compared."""

from dataclasses import replace

from nnexp.config import Config
from nnexp.results.tables import runs_table
from nnexp.results.trials import Trials, trials_in, with_choice
from nnexp.sweep.pool.estimate import Load
from nnexp.sweep.pool.stop import SweepError
from nnexp.sweep.question.plan import Plan, Run
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.trials import trials_of
from nnexp.sweep.store.folder import Sweep


def planned_trials(config: Config, load: Load) -> Plan:
    """The plan of the trials of a question that has some.

    Raises:
        UserError: a setting cannot be trained, or what asks for settings is not installed.
    """
    question, base = config.question, Run("", config.hyperparameters, config.data, 0).settings
    assert question.tuning
    return make_plan(trials_of(question, question.tuning, base), config.hyperparameters, config.data, load)


def chosen(config: Config, sweep: Sweep) -> Config:
    """The configuration with what its trials chose.

    Raises:
        SweepError: at a point no setting finished.
    """
    try:
        question = with_choice(config.question, trials_now(sweep))
    except LookupError as error:
        raise SweepError(f"{error}: nothing can be compared") from None
    return replace(config, question=question)


def trials_now(sweep: Sweep) -> Trials:
    """How the settings of a sweep of trials did, by its records."""
    return trials_in(sweep.plan, runs_table(sweep.plan, sweep.records, {}))
