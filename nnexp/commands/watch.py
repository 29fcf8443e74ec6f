"""`nnexp watch`: the report of a sweep while it trains, in a browser of this machine."""

import json
import webbrowser
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from nnexp.commands.arguments import SWEEPS_DIR, only_name, parse_arguments
from nnexp.commands.lookup import name_of, say_choice
from nnexp.errors import UserError
from nnexp.experiment.watching import Watched
from nnexp.pages.render import check_libraries
from nnexp.sweep.store.catalog import find_sweep_folder, name_from_path, sweep_folders
from nnexp.sweep.store.lock import holder_of

HELP = """
nnexp watch NAME[/ID] [port=0] [--open] [sweeps_dir=sweeps]

The report of a sweep while it trains, on http://127.0.0.1:PORT, until Ctrl-C: how far it is, the time left,
the best run so far, failures, and the page itself, anew as runs end. port=0 takes a free one. NAME alone
means the sweep of this name that trains now, if one does. Only browsers of this machine are answered.
Verdicts come when all runs have ended: each time that they are shown is a look. --open shows it in the
browser. It takes pip install 'nnexp[report]'.
"""
HOST = "127.0.0.1"
OPEN, PORT = "--open", "port"


def main(words: Sequence[str]) -> int:
    """Serve the page until a signal ends it."""
    arguments = parse_arguments("watch", words, keys=(PORT, SWEEPS_DIR), options=(OPEN,))
    name, place = only_name("watch", arguments.names), arguments.sweeps_dir
    port = arguments.settings.get(PORT, "0")
    if not port.isdecimal() or int(port) > 65535:
        raise UserError(f"port must be a number from 0 to 65535, got {port!r}")
    check_libraries()
    watched = Watched(_folder(name, place), place)
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


def _folder(name: str, sweeps_dir: str) -> Path:
    """The sweep of this name that is trained now, else the one that every command means."""
    known = name_from_path(name, sweeps_dir)
    for folder in sweep_folders(sweeps_dir)[::-1]:
        if name_of(folder.parent, sweeps_dir) == known and holder_of(folder):
            return folder
    return say_choice(find_sweep_folder(name, sweeps_dir))


def server_for(watched: Watched, port: int) -> ThreadingHTTPServer:
    """A server of the page and its state, on this machine alone.

    It answers under its own two names only: another one is that of a page elsewhere, whose name was made to
    lead here. Raises `OSError` where the port is taken.
    """

    class Answers(BaseHTTPRequestHandler):
        """`/` is the page, `/state` how far the sweep is."""

        def do_GET(self) -> None:
            if self.headers.get("Host") not in {
                f"{name}:{server.server_port}" for name in (HOST, "localhost")
            }:
                self._answer(403, "text/plain", b"only this machine is answered")
            elif self.path == "/":
                self._answer(200, "text/html; charset=utf-8", watched.page())
            elif self.path == "/state":
                self._answer(200, "application/json", json.dumps(watched.state()).encode())
            else:
                self._answer(404, "text/plain", b"no such page")

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

    server = ThreadingHTTPServer((HOST, port), Answers)
    server.daemon_threads = True
    return server
