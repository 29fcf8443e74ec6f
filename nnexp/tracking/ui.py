"""MLflow's own user interface, for the store that runs are logged to."""

import os
import sys
from collections.abc import Mapping

from nnexp.errors import UserError
from nnexp.tracking.address import SERVERS, public_uri, scheme, sqlite_path, without_secrets
from nnexp.tracking.client import session, variables
from nnexp.tracking.store_check import check_store
from nnexp.tracking.views import newest_view, sweep_page

MOST_PAGES = 10  # addresses of sweeps that are printed
STARTS = "MLflow's user interface starts in some seconds; Ctrl-C ends it."
RUNS = "The store is a server, which has MLflow's user interface."
# MLflow opens its pages for language models until the user has chosen once.
ADVICE = "On a first visit, choose Model training at the top left."


def ui(uri: str, host: str = "127.0.0.1", port: int = 5000) -> None:
    """Become MLflow's UI for the store at `uri`, on http://HOST:PORT, until it is stopped.

    A server has its own: then print the addresses there, and return.

    Raises:
        UserError: there is nothing to show at `uri`, or it cannot be opened.
    """
    if scheme(uri) in SERVERS:
        _print_pages(RUNS, pages(uri, public_uri(uri).rstrip("/")))
        return
    command, environment = ui_command(uri, host, port)
    _print_pages(STARTS, pages(uri, f"http://{host}:{port}"))
    os.execve(command[0], command, environment)


def _print_pages(first: str, addresses: Mapping[str, str]) -> None:
    print(f"{first} {ADVICE}", flush=True)
    for name, address in addresses.items():
        print(f"  {name}: {address}", flush=True)


def pages(uri: str, home: str) -> dict[str, str]:
    """Addresses in the UI at `home`: of all experiments, then of the sweeps that were logged last."""
    try:
        with session(uri) as client:
            newest = client.search_experiments(order_by=["last_update_time DESC"], max_results=MOST_PAGES + 1)
    except Exception as error:  # MLflow and its database drivers raise what they like
        first = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise UserError(f"the store cannot be opened: {without_secrets(first, uri)}") from error
    return {"all sweeps": f"{home}/#/experiments"} | {
        experiment.name: sweep_page(home, experiment.experiment_id, newest_view(experiment.tags))
        for experiment in newest
        if experiment.name != "Default"
    }


def ui_command(uri: str, host: str, port: int) -> tuple[list[str], Mapping[str, str]]:
    """The command that serves the UI, and its environment, which hides an address that holds a password."""
    if scheme(uri) == "sqlite" and not sqlite_path(uri).exists():
        raise UserError(
            f"nothing was logged at {uri} yet: run a sweep first, or name the store by tracking.uri"
        )
    check_store(uri)
    command = [sys.executable, "-m", "mlflow", "ui", "--host", host, "--port", str(port), "--workers", "1"]
    # One reader of one store: no pool of servers, no processes for background jobs.
    environment = {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "PYTHONWARNINGS": "ignore",  # of MLflow's own making; users cannot mend them
        **os.environ,
        **variables(os.environ),
        "MLFLOW_BACKEND_STORE_URI": uri,
    }
    return command, environment
