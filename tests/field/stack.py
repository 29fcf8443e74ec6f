"""compose.yaml's server without containers: Debian's PostgreSQL and the installed MLflow, on loopback."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.field.clusters import USER, Cluster
from tests.processes import wait_until_up
from tests.tracking.conftest import free_port

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
# What people export before `docker compose up`; none of these texts may ever be found in a file of ours.
SECRETS = {
    "POSTGRES_PASSWORD": "pg-S3cret/@x",
    "MLFLOW_AUTH_ADMIN_PASSWORD": "adm-S3cret/@x-long",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "flask-S3cret",
}
ADMIN = {
    "MLFLOW_TRACKING_USERNAME": "admin",
    "MLFLOW_TRACKING_PASSWORD": SECRETS["MLFLOW_AUTH_ADMIN_PASSWORD"],
}


class Stack(NamedTuple):
    """`folder`: of artifacts and the server's log; `port`: of the server; `database`: PostgreSQL's."""

    folder: Path
    port: int
    database: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def substituted(text: str, environment: Mapping[str, str]) -> str:
    """`text` with ${NAME}, ${NAME:-default} and ${NAME:?reason} as Compose puts values in."""
    return re.sub(
        r"\$\{(\w+)(?::([-?])([^}]*))?\}",
        lambda found: environment.get(found[1]) or (found[3] if found[2] == "-" else ""),
        text,
    )


@contextmanager
def postgres() -> Iterator[int]:
    """PostgreSQL on loopback with the database, user and password of compose.yaml; its port."""
    import psycopg

    folder, password = Path(tempfile.mkdtemp(prefix="nnexp-stack-")), SECRETS["POSTGRES_PASSWORD"]
    made = Cluster(folder, free_port())
    try:
        (folder / "secret").write_text(password)
        if os.geteuid() == 0:
            for path in (folder, folder / "secret"):
                shutil.chown(path, USER, USER)
        made.run("initdb", "-D", "data", "-U", "mlflow", "-A", "scram-sha-256", "--pwfile=secret")
        made.start()
        try:
            door = {"host": "127.0.0.1", "port": made.port, "user": "mlflow", "password": password}
            with psycopg.connect(dbname="postgres", autocommit=True, **door) as connection:
                connection.execute("CREATE DATABASE mlflow")
            yield made.port
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder)


@contextmanager
def server(stack: Stack) -> Iterator[str]:
    """The server of compose.yaml, up; its address. Killed at the end, with nothing said to anybody."""
    compose: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    wanted, config = compose["services"]["server"], compose["configs"]["auth"]["content"]
    here = {"@database/": f"@127.0.0.1:{stack.database}/", "/etc/mlflow": str(stack.folder)}
    here |= {"/artifacts": str(stack.folder / "artifacts"), "--host 0.0.0.0": "--host 127.0.0.1"}
    here |= {"--port 5000": f"--port {stack.port}", "mlflow server": f"{sys.executable} -m mlflow server"}

    def placed(text: str) -> str:
        for there, place in here.items():
            text = text.replace(there, place)
        return text

    (stack.folder / "auth.ini").write_text(placed(config))
    values = {name: substituted(placed(value), SECRETS) for name, value in wanted["environment"].items()}
    with (stack.folder / "server.log").open("a") as log:
        process = subprocess.Popen(
            shlex.split(placed(wanted["command"])),
            cwd=stack.folder,
            env=os.environ | values,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until_up(f"{stack.address}/health", process, stack.folder / "server.log")
        yield stack.address
    finally:
        with suppress(ProcessLookupError):  # it ended by itself, and its log says why
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
