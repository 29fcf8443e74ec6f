"""A PostgreSQL cluster of its own on loopback, and databases in it that hold MLflow's tables."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.tracking.conftest import free_port

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
USER = "postgres"  # who runs it where we are root, whom PostgreSQL refuses
MAKE = (
    "from mlflow import MlflowClient; import sys; MlflowClient(sys.argv[1]).search_experiments(max_results=1)"
)


class Cluster(NamedTuple):
    """`folder`: of its files; `port`: on 127.0.0.1."""

    folder: Path
    port: int

    def run(self, program: str, *words: str) -> None:
        """One of PostgreSQL's programs, as the user who owns the files."""
        command = [str(PROGRAMS[0] / program), *words]
        if os.geteuid() == 0:
            command = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *command]
        log = self.folder / "programs.log"
        with log.open("a") as output:
            subprocess.run(command, check=True, stdout=output, stderr=output, cwd=self.folder)

    def uri(self, database: str) -> str:
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template1") -> str:
        """The address of a new database."""
        self.run("createdb", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-T", template, database)
        return self.uri(database)

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories="
        self.run("pg_ctl", "-D", "data", "-l", "server.log", "-w", "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        self.run("pg_ctl", "-D", "data", "-m", mode, "-w", "stop")


def why_not() -> str:
    """Why no cluster can be made here; empty if it can."""
    if not PROGRAMS:
        return "PostgreSQL is not installed"
    if os.geteuid() == 0 and (not shutil.which("setpriv") or USER not in {u.pw_name for u in pwd.getpwall()}):
        return "PostgreSQL does not run as root, and there is no user postgres"
    return ""


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster, removed at the end; its database `mlflow` holds MLflow's tables, to be copied."""
    folder = Path(tempfile.mkdtemp(prefix="nnexp-postgresql-"))
    made = Cluster(folder, free_port())
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, USER, USER)
        made.run("initdb", "-D", "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C")
        made.start()
        try:
            # In a process of its own: a database that somebody is connected to cannot be copied.
            environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}
            subprocess.run([sys.executable, "-c", MAKE, made.create("mlflow")], check=True, env=environment)
            yield made
        finally:
            made.stop()
    finally:
        shutil.rmtree(folder)
