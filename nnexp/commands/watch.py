"""`nnexp watch`: the report of a sweep while it trains, in a browser of this machine."""

import json
import sys
import time
import webbrowser
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from nnexp.commands.arguments import WHICH, Arguments, only_name, parse_arguments
from nnexp.commands.lookup import folder_of, name_of, parts_of
from nnexp.config.files import choices
from nnexp.errors import UserError
from nnexp.experiment.followed import trained_now
from nnexp.experiment.watching import Watched
from nnexp.pages.render import check_libraries
from nnexp.sweep.store.catalog import name_from_path

HELP = """
nnexp watch NAME[/ID] [port=0] [--open] [data=mnist] [sweeps_dir=sweeps]

The report of a sweep while it trains, on http://127.0.0.1:PORT, until Ctrl-C: how far it is, what is running,
the time left, the best run so far, failures, and the page itself, anew as runs end. port=0 takes a free one.
NAME alone means what trains now of it, its stages and its trials, from one to the next, and in the end the
answer that rests on them; where nothing trains, the sweep that every command means; and where a sweep file
has that name and nothing of it is there yet, what begins within a minute. Only browsers of this machine are
answered. Verdicts come when all runs have ended: each time that they are shown is a look. --open shows it in
the browser. It takes pip install 'nnexp[report]'.
"""
HOST = "127.0.0.1"
TEXT = "text/plain; charset=utf-8"
OPEN, PORT = "--open", "port"
PATIENCE, BEAT = 60.0, 0.2  # seconds that a sweep may take to begin, and between two looks


def main(words: Sequence[str]) -> int:
    """Serve the page until a signal ends it."""
    arguments = parse_arguments("watch", words, keys=(PORT, *WHICH), options=(OPEN,))
    name, place = only_name("watch", arguments.names), arguments.sweeps_dir
    port = arguments.settings.get(PORT, "0")
    if not port.isdecimal() or int(port) > 65535:
        raise UserError(f"port must be a number from 0 to 65535, got {port!r}")
    check_libraries()
    watched = begun(name, arguments)
    watched.state()  # a plan that cannot be read is said here
    try:
        server = server_for(watched, int(port))
    except OSError as error:
        raise UserError(f"port={port} cannot be served: {error.strerror}") from error
    with server:
        address = f"http://{HOST}:{server.server_port}"
        print(f"{name_of(watched.folder, place)}: {address} until Ctrl-C", flush=True)
        if OPEN in arguments.options:
            webbrowser.open(address)
        server.serve_forever()
    return 0


def begun(words: str, arguments: Arguments) -> Watched:
    """What `watched_by` gives; of a sweep file of which nothing is here yet, as soon as it begins."""
    try:
        return watched_by(words, arguments)
    except UserError:
        if words not in choices("sweep"):
            raise
    print(f"nothing of {words} is here yet: waiting for its beginning, {PATIENCE:.0f} s at most", flush=True)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        time.sleep(BEAT)
        with suppress(UserError):
            return watched_by(words, arguments)
    return watched_by(words, arguments)


def watched_by(words: str, arguments: Arguments) -> Watched:
    """What trains now of NAME; else the sweep that every command means, or the part that began last of one
    that has not begun itself."""
    place, data = arguments.sweeps_dir, arguments.data
    name = name_from_path(words, place)
    if folder := trained_now(name, place, data):
        return Watched(folder, place, name, data)
    try:
        folder = folder_of(name, arguments)
    except UserError:
        if not (parts := parts_of(name, arguments)):
            raise
        folder = parts[-1].sweep.folder
    is_name = folder.is_relative_to(Path(place, name))  # else the beginning of an ID
    return Watched(folder, place, name if is_name else name_of(folder, place), data)


def hosts(port: int) -> set[str]:
    """What a browser of this machine calls the server; it leaves out the usual port."""
    names = {HOST, "localhost"}
    return {f"{name}:{port}" for name in names} | (names if port == 80 else set())


class Server(ThreadingHTTPServer):
    """A server that keeps silent of browsers that go away before they have their answer."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server_for(watched: Watched, port: int) -> Server:
    """A server of the page and its state, on this machine alone.

    It answers under its own two names only: another one is that of a page elsewhere, whose name was made to
    lead here. Raises `OSError` where the port is taken.
    """

    class Answers(BaseHTTPRequestHandler):
        """`/` is the page, `/state` how far the sweep is."""

        def do_GET(self) -> None:
            self._answer(*self._answer_to(self.path))

        def _answer_to(self, path: str) -> tuple[int, str, bytes]:
            if self.headers.get("Host") not in hosts(server.server_port):
                return 403, TEXT, b"only this machine is answered"
            try:
                if path == "/":
                    return 200, "text/html; charset=utf-8", watched.page()
                if path == "/state":
                    return 200, "application/json", json.dumps(watched.state()).encode()
            except (UserError, OSError) as error:  # moved or removed meanwhile
                return 503, TEXT, f"The sweep cannot be read: {error}".encode()
            return 404, TEXT, b"no such page"

        def _answer(self, status: int, kind: str, content: bytes) -> None:
            self.send_response_only(status)
            headers = {"Content-Type": kind, "Content-Length": str(len(content)), "Cache-Control": "no-store"}
            headers |= {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
            headers |= {"X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin"}
            for header in headers.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: requests are nobody's business."""

    server = Server((HOST, port), Answers)
    return server
