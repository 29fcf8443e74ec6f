"""`nnexp report`: the whole answer of a sweep as one HTML file."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path

from nnexp.commands.arguments import only_name, parse_arguments
from nnexp.commands.lookup import say_choice
from nnexp.console import make_console
from nnexp.errors import UserError
from nnexp.experiment.html_report import FILE, report
from nnexp.files import replacing
from nnexp.sweep.store.catalog import find_sweep_folder

HELP = """
nnexp report NAME[/ID] [--to FILE.html] [--open] [sweeps_dir=sweeps]

The whole answer of a sweep as one HTML file to look at, send or print: question, table, verdicts with their
intervals, charts to hover and zoom, every run to search and sort, failures, the best network's weights and
mistakes, settings, looks, and what makes it again. It works offline and loads nothing. It is written into the
sweep's folder as report.html, and of published results here, as NAME.html; --to names another file. --open
shows it in the browser. It takes pip install 'nnexp[report]'.
"""
TO, OPEN = "--to", "--open"


def main(words: Sequence[str]) -> int:
    """Write the file, and name it."""
    arguments = parse_arguments("report", words, options=(OPEN,), valued=(TO,))
    name, place = only_name("report", arguments.names), arguments.sweeps_dir
    to = Path(arguments.settings[TO]) if TO in arguments.settings else None
    if to and to.suffix not in (".html", ".htm"):
        raise UserError(f"{TO} must be a file named *.html, got {to}")
    if to and not to.parent.is_dir():
        raise UserError(f"{TO} must lie in a folder that exists, got {to}")
    folder = say_choice(find_sweep_folder(name, place, published=True))
    content = report([folder], place)
    path = to or _usual_place(folder, name)
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"the report cannot be written: {error.strerror}: {path}") from error
    make_console().print(f"Report: {path} ({len(content) / 1e6:.1f} MB)")
    if arguments.options:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _usual_place(folder: Path, name: str) -> Path:
    """Beside the sweep's own files; published results are committed, and a report is not."""
    return (
        folder / FILE if (folder / "records").is_dir() else Path(f"{name.strip('/').replace('/', '_')}.html")
    )
