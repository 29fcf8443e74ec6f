"""A real MLflow server gets everything, also behind a door that asks for user and password."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import mlflow
import numpy as np
import pytest

from nnexp.nn import predict
from nnexp.sweep.store.model_file import load_model
from nnexp.tracking import Logger, check_store, mlflow_run_ids
from tests.tracking.samples import a_plan, a_record, children, save_weights

pytestmark = pytest.mark.slow
ADA = "Basic YWRhOnMzY3JldA=="  # ada:s3cret


@contextmanager
def door(server: str) -> Iterator[str]:
    """HOST:PORT of a proxy before `server` that only ada passes."""

    class Door(BaseHTTPRequestHandler):
        def forward(self) -> None:
            if self.headers["Authorization"] != ADA:
                self.send_error(401)
                return
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            headers = {name: value for name, value in self.headers.items() if name != "Authorization"}
            try:
                answer = urlopen(Request(server + self.path, body or None, headers, method=self.command))
            except HTTPError as error:
                answer = error
            with answer:
                content = answer.read()
                self.send_response(answer.status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Keep the terminal clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as proxy:
        thread = Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        yield f"127.0.0.1:{proxy.server_port}"
        proxy.shutdown()
        thread.join()


def log_all(uri: str, name: str, folder: Path) -> Path:
    """Log a sweep with its models to the server at `uri`; the file of their weights."""
    check_store(uri)
    plan, weights = a_plan(name), save_weights(folder / "weights.npz")
    thread = Logger(uri, plan, folder=folder, environment={"host": "laptop"})
    for run in plan.runs:
        thread.submit(run, a_record(run), weights)
    assert thread.close("FINISHED", {"finished": 4}, [weights]) == ((), None)
    return weights


def test_a_server_gets_runs_and_models_that_load_back(server: str, tmp_path: Path) -> None:
    weights, plan = log_all(server, "served", tmp_path), a_plan("served")
    found = children(server, "served")
    assert [run.info.run_name for run in found] == [plan.label(run) for run in plan.runs]
    assert mlflow_run_ids(tmp_path)[plan.runs[0].run_id] == found[0].info.run_id
    assert found[0].data.metrics["training/accuracy"] == 2 / 3

    inputs = np.random.default_rng(1).standard_normal((5, 4)).astype("float32")
    mlflow.set_tracking_uri(server)
    try:
        given = mlflow.pyfunc.load_model(f"runs:/{found[0].info.run_id}/model").predict(inputs)
    finally:
        mlflow.set_tracking_uri(None)
    model = load_model(weights)
    np.testing.assert_allclose(given, predict(model.weights, model.biases, inputs), rtol=0, atol=1e-6)


def test_a_guarded_server_gets_all_of_it_and_the_password_is_written_nowhere(
    server: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with door(server) as place:
        log_all(f"http://ada:s3cret@{place}", "guarded", tmp_path)
    assert len(children(server, "guarded")) == 4
    written = [*tmp_path.rglob("*"), *tmp_path_factory.getbasetemp().glob("server*/**/*")]
    files = [path for path in written if path.is_file()]
    assert {"logged.jsonl", "mlflow.db", "MLmodel", "server.log"} <= {path.name for path in files}
    assert not [path for path in files if b"s3cret" in path.read_bytes()]
    assert "s3cret" not in "".join(capfd.readouterr())
