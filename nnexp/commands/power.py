"""`nnexp power`: how many seeds a difference takes, by the scatter of seeds that are trained already."""

import math
from collections.abc import Mapping, Sequence

from rich.table import Table

from nnexp.commands.arguments import WHICH, Arguments, only_name, parse_arguments
from nnexp.commands.lookup import results_of_sweep
from nnexp.console import make_console, make_table
from nnexp.errors import UserError
from nnexp.results.needed_seeds import needed_seeds, seeds_text
from nnexp.statistics.intervals import LEAST_SEEDS
from nnexp.statistics.power import Needed
from nnexp.text import count

HELP = """
nnexp power NAME[/ID] --difference POINTS [data=mnist] [sweeps_dir=sweeps]

How many seeds find a difference of so many points of validation accuracy (0.3: from 97.0 to 97.3 %) in 80 %
of sweeps, by a paired 95 % interval on two points: one pair, fixed before; several comparisons take more. It
depends on how seeds scatter, over runs that learn: NAME is a sweep like the one that is planned, with 3
seeds or more; a pilot of two points will do.
"""
DIFFERENCE = "--difference"


def main(words: Sequence[str]) -> int:
    """Print the seeds, by the sd of a difference."""
    arguments = parse_arguments("power", words, keys=WHICH, valued=(DIFFERENCE,))
    name, difference = only_name("power", arguments.names), _difference(arguments)
    results = results_of_sweep(name, arguments)[1]
    plan, runs = results.plan, results.tables.runs
    needed = needed_seeds(plan, runs, difference)
    if not needed:
        seeds = count(len(plan.seeds), "seed")
        raise UserError(
            f"power needs the scatter of {LEAST_SEEDS} seeds or more at one point, got {plan.name} with "
            f"{len(runs)} runs that ended, of {seeds} to a point: name a like sweep, or train a pilot"
        )
    console = make_console()
    console.print(f"Seeds that find {difference:g} points of validation accuracy in 80 % of sweeps")
    console.print(f"(paired 95 % interval; sd of the difference over the seeds of {plan.name}):")
    console.print(_table(needed))
    console.print("For one pair of points, over runs that learn; several comparisons take more.")
    console.print("Range: at the ends of the 80 % interval of the sd, itself from few seeds.")
    return 0


def _difference(arguments: Arguments) -> float:
    """In points.

    Raises:
        UserError: it is missing, or no number above 0.
    """
    text = arguments.settings.get(DIFFERENCE)
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not 0 < value <= 100:
        raise UserError(f"{DIFFERENCE} must be points of accuracy above 0, to 100, got {text or 'none'}")
    return value


def _table(needed: Mapping[str, Needed]) -> Table:
    table = make_table(
        "pair of points", "sd in points", "seeds", "range", right=("sd in points", "seeds", "range")
    )
    for name, (sd, seeds, low, high) in needed.items():
        table.add_row(name, f"{sd:.3g}", seeds_text(seeds), f"{seeds_text(low)} to {seeds_text(high)}")
    return table
