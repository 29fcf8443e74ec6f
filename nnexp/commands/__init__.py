"""The commands beside training: `nnexp NAME WORDS`, a file each, which loads no more than it needs.

Each module has `HELP`, its page, and `main(words) -> exit status`.
"""

from collections.abc import Sequence
from importlib import import_module

SUMMARIES = {
    "list": "every sweep: runs by status, disk use",
    "status": "one sweep: its points, what failed and why, the command that goes on",
    "summary": "one sweep's answer: its table and the verdicts on its claims",
    "show": "one run: settings, figures, learning curve, environment, traceback",
    "compare": "two runs or two sweeps: what differs in settings, code and figures",
    "report": "the whole answer of a sweep, a study, two sweeps or the lab book as one HTML file",
    "watch": "the same page of a sweep while it trains, in a browser of this machine",
    "committee": "what the networks of a point answer together",
    "power": "how many seeds a difference takes, before they are trained",
    "export": "the tables of a sweep as CSV or Parquet files",
    "publish": "put the answers of finished sweeps into the lab book",
    "labbook": "every claim with its published verdict",
    "retry": "train again what failed or timed out, and what is missing",
    "sync": "upload to MLflow what it lacks",
    "rm": "remove sweeps",
    "ui": "MLflow's user interface",
    "version": "the version of nnexp",
    "help": "this page; nnexp help COMMAND: a command's own",
}


def run(name: str, words: Sequence[str]) -> int:
    """Carry out the command `name`, or print its page; its exit status."""
    command = import_module(f"{__name__}.{name}")
    if "--help" in words or "-h" in words:
        print(command.HELP.strip())
        return 0
    return int(command.main(words))
