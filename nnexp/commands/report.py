"""`nnexp report`: the whole answer of a sweep as one HTML file."""

import webbrowser
from collections.abc import Sequence
from pathlib import Path

from nnexp.commands.arguments import WHICH, Arguments, parse_arguments
from nnexp.commands.lookup import folder_of, say_left_out
from nnexp.console import make_console
from nnexp.errors import UserError
from nnexp.experiment.html_report import FILE, Report, made_from, pair_report, report
from nnexp.files import replacing
from nnexp.labbook.rows import make_rows
from nnexp.labbook.sweep_files import read_sweep_files
from nnexp.pages.labbook import labbook_page
from nnexp.pages.render import labbook_html

HELP = """
nnexp report NAME[/ID] [NAME[/ID]] [--to FILE.html] [--open] [data=mnist] [sweeps_dir=sweeps]
nnexp report --labbook [--to FILE.html] [--open] [sweeps_dir=sweeps]

The whole answer of a sweep as one HTML file to look at, send or print: question, table, verdicts with their
intervals, charts to hover and zoom, every run to search and sort, failures, the best network's weights and
mistakes, settings, looks, and what makes it again. Of a study with all of its stages; of two sweeps side by
side; --labbook: every claim with its verdict. It works offline and loads nothing. The report of one sweep is
written into its folder as report.html, all others here; --to names another file. --open shows it in the
browser. It takes pip install 'nnexp[report]'.
"""
TO, OPEN, LABBOOK = "--to", "--open", "--labbook"


def main(words: Sequence[str]) -> int:
    """Write the file, and name it."""
    arguments = parse_arguments("report", words, keys=WHICH, options=(OPEN, LABBOOK), valued=(TO,))
    to = Path(arguments.settings[TO]) if TO in arguments.settings else None
    if to and to.suffix not in (".html", ".htm"):
        raise UserError(f"{TO} must be a file named *.html, got {to}")
    if to and not to.parent.is_dir():
        raise UserError(f"{TO} must lie in a folder that exists, got {to}")
    (content, problem), usual = _content(arguments)
    path = to or usual
    try:
        with replacing(path) as file:
            file.write(content)
    except OSError as error:
        raise UserError(f"the report cannot be written: {error.strerror}: {path}") from error
    console = make_console()
    console.print(f"Report: {path} ({len(content) / 1e6:.1f} MB)")
    if problem:
        console.print(problem)
    if OPEN in arguments.options:
        webbrowser.open(path.resolve().as_uri())
    return 0


def _content(arguments: Arguments) -> tuple[Report, Path]:
    """What is asked for, and where it is written unless --to says so."""
    names, place = arguments.names, arguments.sweeps_dir
    if LABBOOK in arguments.options:
        if names or arguments.data:
            raise UserError(f"report takes {LABBOOK} or a sweep, got both")
        rows = make_rows(read_sweep_files(place, say_left_out), place)
        return Report(labbook_html(labbook_page(rows, made_from("the lab book")))), Path("labbook.html")
    if len(names) not in (1, 2):
        raise UserError(f"report takes one NAME or NAME/ID, or two, got {' '.join(names) or 'none'}")
    folders = [folder_of(name, arguments, published=True) for name in names]
    if len(folders) == 1:
        (folder,) = folders
        here = Path(f"{_file_name(names[0])}.html")  # published results are committed, and a report is not
        return report(folder, place), folder / FILE if (folder / "records").is_dir() else here
    if folders[0] == folders[1]:
        raise UserError(f"report takes two sweeps, got {names[0]} twice")
    return pair_report(folders[0], folders[1], place), Path("_and_".join(map(_file_name, names)) + ".html")


def _file_name(name: str) -> str:
    return name.strip("/").replace("/", "_")
