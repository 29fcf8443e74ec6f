"""`nnexp committee`: what the networks of a point answer together."""

from collections.abc import Sequence

from nnexp.commands.arguments import only_name, parse_arguments
from nnexp.commands.lookup import say_choice
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.experiment.committees import right_on_test, scores
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.statistics.shares import share_interval
from nnexp.sweep.store.catalog import find_sweep_folder
from nnexp.text import count

HELP = """
nnexp committee NAME[/ID] [sweeps_dir=sweeps]

What the networks of a point answer together: a committee of one network for each seed takes the mean of their
outputs. A row per point: how many learnt, the mean of their validation accuracies, and the committee's. The
committee that does best on validation data is then tried on the test set, once. It takes the weights in the
sweep's records; a notebook has it by load_sweep(NAME).committee().
"""


def main(words: Sequence[str]) -> int:
    """Print a table, and what the best committee does on test data."""
    arguments = parse_arguments("committee", words)
    place = arguments.sweeps_dir
    folder = say_choice(find_sweep_folder(only_name("committee", arguments.names), place, published=True))
    sweep = load_folder(folder, place)
    seats = list(scores(sweep))
    if not seats:
        raise UserError(f"a committee needs a run that finished: {sweep.standing}")
    numbers = ("networks", "alone", "together")
    table = make_table("point", *numbers, right=numbers)
    for each in seats:
        members = str(len(each.committee.members))
        table.add_row(each.committee.label, members, f"{100 * each.alone:.2f}", f"{100 * each.together:.2f}")
    console = make_console()
    console.print("Validation accuracy in %: of one network, in the mean, and of a committee of all")
    console.print(table)
    best = max(seats, key=lambda each: each.together)
    right = right_on_test(sweep, best)
    test = share_interval(int(right.sum()), len(right))
    mean, low, high = (100 * float(value) for value in (test.mean, test.low, test.high))
    console.print(
        f"Best on validation: {best.committee.label}. The test accuracy of these "
        f"{count(len(best.committee.members), 'network')} together: {mean:.2f} % ({low:.2f} to {high:.2f} % "
        f"with the sampling of the {int(test.n):,} test examples)."
    )
    return 0
