"""Two sweeps side by side: what `nnexp compare NAME NAME` prints."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from nnexp.commands.lookup import name_of
from nnexp.commands.side_by_side import differing, sides
from nnexp.console import make_console, make_table, print_page
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.report.build import answer_of
from nnexp.results.by_point import accuracy_metric, samples
from nnexp.results.means import interval_of_mean
from nnexp.results.tables import Results
from nnexp.statistics.intervals import mean_interval
from nnexp.sweep.question.plan import Plan
from nnexp.text import count, spelled

PointsAndSeeds = NDArray[np.float64]  # (points, seeds)


def tell(first: Path, second: Path, sweeps_dir: str) -> None:
    """Print what differs between the sweeps in two folders."""
    both = [load_folder(folder, sweeps_dir).results for folder in (first, second)]
    answers = [answer_of(results) for results in both]
    plans = [results.plan for results in both]
    console = make_console()
    heads = {
        "sweep": [name_of(folder, sweeps_dir) for folder in (first, second)],
        "question": [answer.question or "-" for answer in answers],
        "runs": [f"{len(each.tables.runs)} of {count(len(each.plan.runs), 'run')} ended" for each in both],
        "best": [answer.result.text if answer.result else "not known yet" for answer in answers],
    }
    print_page(console, sides(heads))
    differences = differing(*map(_settings, plans))
    console.print("\nSettings that differ" if differences else "\nSettings are the same", style="bold")
    if differences:
        print_page(console, sides(differences))
    _tell_points(both[0], both[1], console)


def _settings(plan: Plan) -> dict[str, str]:
    """Each setting with the values that the runs have, in order."""
    settings = [run.settings for run in plan.runs]
    values = {name: list(dict.fromkeys(spelled(each[name]) for each in settings)) for name in settings[0]}
    return {name: ",".join(several) for name, several in values.items()}


def _tell_points(first: Results, second: Results, console: Console) -> None:
    """The validation accuracy at the points that both sweeps have."""
    numbers = [_numbers_of_points(results.plan) for results in (first, second)]
    common = [point for point in numbers[0] if point in numbers[1]]
    if not common:
        console.print("\nThey have no point in common.")
        return
    console.print("\nValidation accuracy in %, at the points that both have", style="bold")
    headings = (*sorted(first.plan.axes), "first", "second", "difference in points")
    table = make_table(*headings, right=headings)
    before = _accuracies(first, [numbers[0][point] for point in common])
    after = _accuracies(second, [numbers[1][point] for point in common])
    paired = first.plan.seeds == second.plan.seeds
    plan = first.plan if first.plan.until else second.plan
    columns = zip(common, mean_interval(before).mean, mean_interval(after).mean, strict=True)
    for (point, *means), gap in zip(
        columns, _differences(before, after, plan if paired else None), strict=True
    ):
        table.add_row(*(value for _, value in point), *map(_percent, means), gap)
    print_page(console, table)


def _accuracies(results: Results, points: list[int]) -> PointsAndSeeds:
    """The validation accuracies at the points of these numbers."""
    return samples(results.plan, results.tables.runs, [accuracy_metric(results.plan)])[0, points]


def _numbers_of_points(plan: Plan) -> dict[tuple[tuple[str, str], ...], int]:
    """Each point, its axes in a fixed order, and its number."""
    points = ([(axis, spelled(value)) for axis, value in point.items()] for point in plan.points)
    return {tuple(sorted(point, key=lambda pair: pair[0])): number for number, point in enumerate(points)}


def _differences(first: PointsAndSeeds, second: PointsAndSeeds, plan: Plan | None) -> list[str]:
    """second - first at each point; of pairs, where both have the same seeds, with the interval of `plan`."""
    if plan is None:
        return [_percent(gap, "+") for gap in mean_interval(second).mean - mean_interval(first).mean]
    mean, low, high, _ = interval_of_mean(plan, second - first)
    halves = [f" ± {_percent(half)}" if half == half else "" for half in (high - low) / 2]  # not NaN
    return [_percent(gap, "+") + half for gap, half in zip(mean, halves, strict=True)]


def _percent(fraction: float, sign: str = "") -> str:
    return "-" if np.isnan(fraction) else f"{100 * fraction:{sign}.2f}"
