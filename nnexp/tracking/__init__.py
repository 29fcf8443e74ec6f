"""MLflow: the only code that imports it, inside functions, so that importing this package does not.

In reading order: `upload` (a store brought up to date), `logger` (what the sweep talks to), `tracker` (a
sweep's experiment and parent), `run_logger` and `run_search` (a run for each record), `bulk` (many at once),
`record_fields` and `run_rows` (what a record becomes), `mean_curves` (of points), `database` (MLflow's
tables), `new_store`, `model_logger` and `network_model` (the logged network), `logged` (what is in which
store), `address`, `credentials`, `schema`, `store_check` and `relocation` (where stores are), `removal`,
`removal_sql` and `purge_sql`, `client` (MLflow's settings), `views`, `ui`.
"""

from nnexp.tracking.address import public_uri
from nnexp.tracking.credentials import STORE_VARIABLE, address_of
from nnexp.tracking.logged import (
    Logged,
    append_logged,
    mlflow_run_ids,
    read_logged,
    reopen,
    runs_to_log,
    usual_models,
    usual_store,
)
from nnexp.tracking.logger import Logger, Report
from nnexp.tracking.mean_curves import mean_curves
from nnexp.tracking.relocation import move_note
from nnexp.tracking.removal import InMlflow, count_in_mlflow, remove_from_mlflow
from nnexp.tracking.store_check import check_store
from nnexp.tracking.tracker import Submission
from nnexp.tracking.ui import ui
from nnexp.tracking.upload import final_status, is_up_to_date, open_logger

__all__ = [
    "STORE_VARIABLE",
    "InMlflow",
    "Logged",
    "Logger",
    "Report",
    "Submission",
    "address_of",
    "append_logged",
    "check_store",
    "count_in_mlflow",
    "final_status",
    "is_up_to_date",
    "mean_curves",
    "mlflow_run_ids",
    "move_note",
    "open_logger",
    "public_uri",
    "read_logged",
    "remove_from_mlflow",
    "reopen",
    "runs_to_log",
    "ui",
    "usual_models",
    "usual_store",
]
