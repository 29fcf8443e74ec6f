"""`nnexp committee`: what the networks of a point answer together."""

from collections.abc import Iterator, Sequence

from nnexp.commands.arguments import WHICH, only_name, parse_arguments
from nnexp.commands.lookup import folder_of
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.experiment.committees import Score, right_on_test, scores
from nnexp.experiment.loaded_sweep import LoadedSweep, load_folder
from nnexp.statistics.shares import share_interval
from nnexp.sweep.question.stages import is_part
from nnexp.sweep.store.looks import note_look, note_on_looks
from nnexp.text import count

HELP = """
nnexp committee NAME[/ID] [data=mnist] [sweeps_dir=sweeps]

What the networks of a point answer together: a committee of one network for each seed takes the mean of their
outputs. A row per point: how many learnt, the mean of their validation accuracies, and the committee's. Once
all runs have ended, the committee that does best on validation data is tried on the test set; that is a look,
and looks are counted. It takes the weights in the sweep's records; a notebook has it by
load_sweep(NAME).committee().
"""


def main(words: Sequence[str]) -> int:
    """Print a table, and what the best committee does on test data."""
    arguments = parse_arguments("committee", words, keys=WHICH)
    folder = folder_of(only_name("committee", arguments.names), arguments, published=True)
    sweep = load_folder(folder, arguments.sweeps_dir)
    seats = list(scores(sweep))
    if not seats:
        raise UserError(f"a committee needs a run that finished: {sweep.standing}")
    numbers = ("networks", "alone", "together")
    table = make_table("point", *numbers, right=numbers)
    for each in seats:
        figures = f"{100 * each.alone:.2f}", f"{100 * each.together:.2f}"
        table.add_row(each.label, str(each.members), *figures)
    console = make_console()
    console.print("Validation accuracy in %: of one network, in the mean, and of a committee of all")
    console.print(table)
    for line in _of_the_best(sweep, max(seats, key=lambda each: each.together)):
        console.print(line)
    return 0


def _of_the_best(sweep: LoadedSweep, best: Score) -> Iterator[str]:
    """What the committee that does best on validation data does on test data, unless more is to be chosen."""
    if is_part(sweep.plan):
        yield f"Best on validation: {best.label}. The test set is left alone: settings are chosen here."
    elif len(sweep.runs) < len(sweep.plan.runs):
        yield "The test set is left alone until all runs have ended."
    else:
        yield _on_test(sweep, best)
        look = sweep.folder, sweep.plan, len(sweep.runs), dict[str, str]()
        yield from filter(None, (note_on_looks(*look), note_look(*look, committee=best.label)))


def _on_test(sweep: LoadedSweep, best: Score) -> str:
    right = right_on_test(sweep, best.point)
    test = share_interval(int(right.sum()), len(right))
    mean, low, high = (100 * float(value) for value in (test.mean, test.low, test.high))
    return (
        f"Best on validation: {best.label}. The test accuracy of {count(best.members, 'network')} together: "
        f"{mean:.2f} % ({low:.2f} to {high:.2f} % with the sampling of the {int(test.n):,} test examples)."
    )
