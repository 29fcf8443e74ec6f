"""`nnexp ui`: MLflow's own user interface."""

from collections.abc import Sequence

from nnexp.commands.arguments import TRACKING, parse_arguments
from nnexp.config import load_config
from nnexp.errors import UserError
from nnexp.tracking import move_note, ui

HELP = """
nnexp ui [port=5000] [tracking.uri=sqlite:///mlflow.db]

MLflow's user interface for the store that runs are logged to, on http://127.0.0.1:PORT, until Ctrl-C; where
that is a server, its own. It prints the addresses to open: of all sweeps, and of the curves of each that was
logged lately. There, Views lists two views of each sweep: by point (means over seeds) and by run (the best
first).
"""


def main(words: Sequence[str]) -> int:
    """Become the server of the interface, or say where it is."""
    arguments = parse_arguments("ui", words, keys=("port", *TRACKING))
    if arguments.names:
        raise UserError(f"ui takes no names, got {arguments.names[0]!r}")
    port = arguments.settings.get("port", "5000")
    if not port.isdecimal():
        raise UserError(f"port must be a number, got {port!r}")
    uri = load_config(arguments.only(TRACKING)).tracking.uri
    if uri is None:
        raise UserError("tracking=none keeps no store to show")
    if note := move_note(uri):
        print(note)
    ui(uri, port=int(port))
    return 0
