"""MLflow's own user interface, for the store that runs are logged to."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from nnexp.nn.errors import UserError
from nnexp.tracking.address import SERVERS, check, public_uri, scheme, sqlite_path
from nnexp.tracking.client import prepare


def ui(uri: str, host: str = "127.0.0.1", port: int = 5000) -> NoReturn:
    """Become MLflow's UI for the store at `uri`, on http://HOST:PORT, until it is stopped.

    Raises:
        UserError: there is nothing to show at `uri`, or it is a server, which shows itself.
    """
    command, environment = ui_command(uri, host, port)
    print(f"MLflow's user interface: http://{host}:{port} (in some seconds; Ctrl-C ends it)", flush=True)
    os.execve(command[0], command, environment)


def ui_command(uri: str, host: str, port: int) -> tuple[list[str], Mapping[str, str]]:
    """The command that serves the UI, and its environment, which hides an address that holds a password."""
    if scheme(uri) in SERVERS:
        raise UserError(f"the store is a server that has its own UI: open {public_uri(uri)} in a browser")
    if scheme(uri) == "sqlite" and not sqlite_path(uri).exists():
        raise UserError(
            f"nothing was logged at {uri} yet: run a sweep first, or name the store by tracking.uri"
        )
    check(uri)
    prepare()
    command = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port), "--workers", "1"]
    # One reader of one store: no pool of servers, no processes for background jobs.
    environment = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONWARNINGS": "ignore",  # of MLflow's own making; users cannot mend them
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": uri,
    }
    return command, environment
