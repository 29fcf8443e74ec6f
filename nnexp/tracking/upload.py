"""A store brought up to date with a sweep: what it lacks of the records is handed to a logger."""

from collections.abc import Mapping
from typing import Any, Literal

from nnexp.errors import UserError
from nnexp.sweep.store.folder import Sweep
from nnexp.tracking.address import public_uri
from nnexp.tracking.logged import Logged, append_logged, logged_status, runs_to_log
from nnexp.tracking.logger import Logger


def final_status(sweep: Sweep) -> Literal["FINISHED", "KILLED"]:
    """How the sweep's parent ends in MLflow: KILLED while runs are left to train."""
    return "KILLED" if sweep.pending("cached") else "FINISHED"


def is_up_to_date(sweep: Sweep, uri: str) -> bool:
    """Whether the store at `uri` holds every record, and the sweep's parent ended as the sweep stands."""
    store = public_uri(uri)
    remaining = runs_to_log(sweep.folder, store, sweep.records)
    return not remaining and logged_status(sweep.folder, store) == final_status(sweep)


def open_logger(uri: str, sweep: Sweep, environment: Mapping[str, Any], models: str = "all") -> Logger:
    """A logger to the store at `uri` that has begun with the records which the store lacks.

    `models`: whose networks the store gets: all, none, or best.

    From now on the sweep's parent counts as open, until a logger has ended it.

    Raises:
        UserError: that cannot be noted in the sweep's folder.
    """
    store = public_uri(uri)
    remaining = set(runs_to_log(sweep.folder, store, sweep.records))
    try:
        append_logged(sweep.folder, Logged("", store, "", "", models=models))
    except OSError as error:
        raise UserError(f"sweeps_dir must be a folder that can be written: {error}") from error
    logger = Logger(uri, sweep.plan, folder=sweep.folder, environment=environment, models=models)
    for run in sweep.plan.runs:
        if run.run_id in remaining:
            logger.submit(run, sweep.records[run.run_id], sweep.weights(run.run_id))
    return logger
