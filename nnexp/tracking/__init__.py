"""MLflow: the only code that imports it, inside functions, so that importing this package does not.

In reading order: `upload` (a store brought up to date), `logger` (what the sweep talks to), `tracker` (a
sweep's experiment, parent and children), `entries` (what a record becomes), `model` and `network_model` (the
logged network), `logged` (what is in which store), `client` and `address` (MLflow's settings, the stores'
addresses), `ui`.
"""

from nnexp.tracking.address import public_uri
from nnexp.tracking.logged import Logged, append_logged, lacking, mlflow_run_ids, read_logged, reopen
from nnexp.tracking.logger import Logger, Report
from nnexp.tracking.store_check import check
from nnexp.tracking.ui import ui
from nnexp.tracking.upload import open_logger, standing, up_to_date

__all__ = [
    "Logged",
    "Logger",
    "Report",
    "append_logged",
    "check",
    "lacking",
    "mlflow_run_ids",
    "open_logger",
    "public_uri",
    "read_logged",
    "reopen",
    "standing",
    "ui",
    "up_to_date",
]
