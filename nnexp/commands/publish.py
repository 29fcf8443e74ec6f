"""`nnexp publish`: what of a finished sweep is committed, into the lab book."""

from collections.abc import Sequence
from pathlib import Path

from rich.filesize import decimal

from nnexp.commands.arguments import WHICH, parse_arguments
from nnexp.commands.lookup import folder_of
from nnexp.console import make_console
from nnexp.errors import UserError
from nnexp.labbook.publish import book_files, check_publishable, publish, stages_of, trials_of

HELP = """
nnexp publish NAME[/ID] ... [--pictures heat_map,learning_curves] [data=mnist] [sweeps_dir=sweeps]

Put the answers of finished sweeps into the lab book, to be committed: plan, runs, summary, the whole history
and the sweep's picture, as SWEEPS_DIR/published/NAME/sweep.yaml, rounds.jsonl, runs.csv, summary.csv,
history.csv.gz, *.png. nnexp labbook judges every claim from these files alone. Records and weights stay where
they are, and so does what only says where the sweep was trained: paths, names of machines, MLflow's ids.
The trials of a tuned sweep go along, as published/NAME/trials, and the stages of a study. --pictures adds
pictures. Refused unless every run is done, with the code as it is, by the plan and with the claims that the
sweep file has today. nnexp labbook --write brings the book's page up to date.
"""
PICTURES = "--pictures"
BUDGET = 14_000_000  # bytes of the lab book, all that is committed of SWEEPS_DIR


def main(words: Sequence[str]) -> int:
    """Check all of the sweeps, then publish them."""
    arguments = parse_arguments("publish", words, keys=WHICH, valued=(PICTURES,))
    sweeps_dir = arguments.sweeps_dir
    if not arguments.names:
        raise UserError("publish takes one NAME or NAME/ID or more, got none")
    folders = list(dict.fromkeys(folder_of(name, arguments) for name in arguments.names))
    asked = [check_publishable(folder, sweeps_dir) for folder in folders]
    tried = [trials_of(sweep, sweeps_dir) for sweep in asked]
    stages = [stage for sweep in asked for stage in stages_of(sweep, sweeps_dir)]
    sweeps = {sweep.folder: sweep for sweep in (*asked, *filter(None, tried), *stages)}.values()
    console = make_console()
    pictures = arguments.settings[PICTURES].split(",") if PICTURES in arguments.settings else []
    for sweep in sweeps:
        for path in publish(sweep, sweeps_dir, pictures):
            console.print(f"{path}  {decimal(path.stat().st_size)}")
    size = sum(path.stat().st_size for path in book_files(Path(sweeps_dir)))
    console.print(f"The lab book takes {decimal(size)} of {decimal(BUDGET)}.")
    if size > BUDGET:
        console.print("That is too much: leave out pictures, or shorten the outputs of notebooks.")
    return int(size > BUDGET)
