"""Stand-ins for the official files and the mirrors; no test here reaches the internet or the user's cache."""

import gzip
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from nnexp.data import download, idx


def idx_bytes(values: np.ndarray) -> bytes:
    """An IDX file as its format says: 0, 0, type 8, number of axes, lengths as big-endian 32 bits, bytes."""
    lengths = b"".join(length.to_bytes(4, "big") for length in values.shape)
    return bytes([0, 0, 8, values.ndim]) + lengths + values.astype(np.uint8).tobytes()


@pytest.fixture(scope="session")
def raw_files() -> dict[str, bytes]:
    """Files of MNIST's names and shapes: the image of example i is i % 251 everywhere, its label i % 10."""
    files = {}
    for name, shape in idx.FILES.items():
        values = np.arange(shape[0]) % (251 if len(shape) == 3 else 10)
        if name == "train-labels-idx1-ubyte":
            values[:10] = (5, 0, 4, 1, 9, 2, 1, 3, 1, 4)  # as MNIST's begin
        pixels = np.broadcast_to(values.reshape(-1, 1, 1), shape) if len(shape) == 3 else values
        files[name] = idx_bytes(pixels)
    return files


@pytest.fixture(scope="session")
def packed_files(raw_files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{name}.gz": gzip.compress(raw, compresslevel=1) for name, raw in raw_files.items()}


@dataclass
class Mirror:
    """What a loopback server gives: bytes by path; for some paths it dies half-way or never answers."""

    address: str
    files: dict[str, bytes] = field(default_factory=dict)
    dies_in: set[str] = field(default_factory=set)
    hangs_in: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """A real HTTP server on loopback; a URL is `mirror.address + path`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.removeprefix("/")
            served.asked.append(path)
            if path in served.hangs_in:
                over.wait()
                return
            if path not in served.files:
                self.send_error(404)
                return
            body = served.files[path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if path in served.dies_in else body)

        def log_message(self, format: str, *args: object) -> None:
            """Silent: the test looks at `asked`."""

    over = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served = Mirror(f"http://127.0.0.1:{server.server_port}/")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    over.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The mirrors are closed ports and the user's cache is an empty folder, which is returned."""
    closed = "http://127.0.0.1:9/"
    monkeypatch.setattr(download, "MIRRORS", {"mnist": (closed,), "fashion_mnist": (closed,)})
    cache = tmp_path / "cache"
    monkeypatch.setattr(idx, "cache_folder", lambda: cache)
    monkeypatch.delenv("NNEXP_DATA", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return cache
