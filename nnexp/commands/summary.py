"""`nnexp summary`: the answer of a sweep, as it was printed at its end."""

from collections.abc import Sequence

from nnexp.commands.arguments import WHICH, only_name, parse_arguments
from nnexp.commands.lookup import results_of_sweep
from nnexp.console import make_console, print_page
from nnexp.experiment.messages import summary_command
from nnexp.report.build import answer_of
from nnexp.report.terminal import page
from nnexp.sweep.store.looks import note_look

HELP = """
nnexp summary NAME[/ID] [metric=final_validation_cost,...] [data=mnist] [sweeps_dir=sweeps]

The answer of a sweep: a row per point with its mean and interval, the best point and those like it, the
verdicts on its claims. Of a sweep that has not ended, what is known so far. metric=... adds columns: any
figure of runs.csv. NAME alone means its newest finished sweep, else its newest, else the
published one.
"""
METRIC = "metric"


def main(words: Sequence[str]) -> int:
    """Print the answer."""
    arguments = parse_arguments("summary", words, keys=(METRIC, *WHICH))
    name = only_name("summary", arguments.names)

    folder, results = results_of_sweep(name, arguments)
    metrics = arguments.settings[METRIC].split(",") if METRIC in arguments.settings else []
    console, answer = make_console(), answer_of(results, metrics)
    again = summary_command(folder, results.plan, arguments.sweeps_dir, metrics)
    print_page(console, page(answer, again))
    verdicts = {verdict.id: verdict.verdict for verdict in answer.verdicts}
    if problem := note_look(folder, results.plan, len(results.tables.runs), verdicts):
        console.print(problem)
    return 0
