"""How often the statistics are wrong: `python -m tests.benchmarks.statistics [SWEEPS]`.

Simulated sweeps whose truth is known, 2,000 by default, with the figures of docs/statistics.md. Rates are in
per cent of sweeps; every error should be at most 5, every coverage at least 95, but where it says otherwise.
"""

import sys
from collections.abc import Sequence

import numpy as np

from nnexp.statistics.clusters import stuck
from nnexp.statistics.medians import median_interval
from nnexp.statistics.power import seeds_for_power
from nnexp.statistics.shares import share_interval
from tests.claims.simulated_sweeps import best_struck_of_learners, error_rate, sweeps_until_decided
from tests.statistics.simulated import (
    DRAWS,
    LEARNERS,
    NOISE,
    best_struck,
    eliminations,
    equal_rate,
    hsu_coverage,
    looks,
    optimum_rates,
    power,
)

GAPS = (0.1, 1, 2, 3, 5, 9)
SEEDS = (3, 5, 10)


def table(title: str, columns: Sequence[object]) -> None:
    print(f"\n{title}\n{'':24}" + "".join(f"{column!s:>12}" for column in columns))


def row(name: object, rates: Sequence[float]) -> None:
    print(f"{name!s:24}" + "".join(f"{100 * rate:12.1f}" for rate in rates))


def comparison_with_best(sweeps: int, rng: np.random.Generator) -> None:
    settings = [(points, seeds) for points in (5, 8, 20) for seeds in SEEDS]
    title = "The true best is struck, others as good but for 1e-6 (points, seeds; 4 times as many sweeps)"
    table(title, settings)
    for noise in NOISE:
        row(noise, [best_struck(noise, *setting, 4 * sweeps, rng) for setting in settings])
    table("Power: points 0.1, 1, 2, 3, 5, 9 sd below the best that are struck, by seeds", SEEDS)
    for draw in DRAWS:
        row(draw, [power(GAPS, seeds, sweeps, rng, draw) for seeds in SEEDS])
    table("All of Hsu's intervals hold: 0, -0.3, -0.3, -1, -3 sd, by seeds", SEEDS)
    for noise in NOISE:
        row(noise, [hsu_coverage((0, -0.3, -0.3, -1, -3), noise, n, sweeps, rng) for n in SEEDS])


def equivalence(sweeps: int, rng: np.random.Generator) -> None:
    table("Means 1 sd apart called equal within 1 sd, by seeds; then unpaired", [*SEEDS, *SEEDS])
    for draw in DRAWS:
        row(draw, [equal_rate(1, draw, n, sweeps, rng, welch) for welch in (False, True) for n in SEEDS])
    row(
        "power at equality",
        [equal_rate(0, "normal", n, sweeps, rng, w) for w in (False, True) for n in SEEDS],
    )


def shares_and_medians(sweeps: int, rng: np.random.Generator) -> None:
    numbers = (5, 12, 40)
    table("Clopper-Pearson covers the share, by seeds", numbers)
    for share in (0.02, 0.08, 0.3, 0.5):
        limits = [share_interval(rng.binomial(n, share, sweeps), n) for n in numbers]
        row(share, [((i.low <= share) & (share <= i.high)).mean() for i in limits])
    table("The interval of a median covers it, lognormal, by seeds", (6, 7, 10, 25))
    intervals = (map(median_interval, rng.lognormal(size=(sweeps, n))) for n in (6, 7, 10, 25))
    row("", [np.mean([low <= 1 <= high for _, low, high, _ in several]) for several in intervals])


def optima(sweeps: int, rng: np.random.Generator) -> None:
    shapes = {
        "flat": [0.0] * 8,
        "flat, one end low": [0.0] * 7 + [-9],
        "plateau of 3 sd": [0] + [3] * 6 + [0],
    }
    for name, means in shapes.items():
        rates = {noise: optimum_rates(means, noise, 5, sweeps, rng) for noise in NOISE}
        table(f"Optimum inside, 8 points, 5 seeds: {name}", ["inside", "two-sided", "refuted", "covered"])
        for noise, figures in rates.items():
            row(noise, list(figures.values()))


def repeated_looks(sweeps: int, rng: np.random.Generator) -> None:
    table("A claim at its margin is decided, looks from 5 to 60 seeds, by claims", (1, 3, 10))
    for draw in DRAWS:
        row(draw, [looks(0, draw, 60, claims, sweeps, rng)[0].any(1).mean() for claims in (1, 3, 10)])
    table("By 60 seeds, normal (seeds: mean)", ["right", "wrong", "seeds"])
    for gap in (0.2, 0.5, 1, 2):
        side, when = looks(gap, "normal", 60, 1, sweeps, rng)
        row(f"{gap} sd", [(side == 1).mean(), (side == -1).mean(), np.nanmean(when) / 100])
    table(
        "Elimination: 8 points, 5 to 40 seeds (runs: of those of all seeds)", ["best left", "points", "runs"]
    )
    shapes = {"near-ties": [1e-6] + [0.0] * 7, "gaps": [0, -0.3, -1, -2, -2, -3, -3, -4]}
    for name, means in shapes.items():
        for noise in NOISE:
            left, points, runs = np.transpose(list(eliminations(means, noise, 40, sweeps // 5, rng)))
            row(f"{name}, {noise}", [left.mean(), points.mean() / 100, runs.mean() / 320])


def until_decided(sweeps: int, rng: np.random.Generator) -> None:
    """4 points (0, -1e-6, -0.5, -2 sd), 3 claims (one at its margin), 6 to 40 seeds, by the whole rule."""
    columns = ["any error", "best left", "verdict", "right", "runs", "suspended"]
    table("Seeds until decided (right: of the 2 verdicts that can be; runs: of those of all seeds)", columns)
    for draw in DRAWS:
        ended = sweeps_until_decided(draw, sweeps, rng)
        left, wrong, right, runs, suspended, _ = np.transpose(ended).astype(float)
        rates = [left.mean(), (wrong > 0).mean(), right.mean() / 2, runs.mean() / 160, suspended.mean() / 3]
        row(draw, [error_rate(ended), *rates])


def stuck_runs(sweeps: int, rng: np.random.Generator) -> None:
    numbers, sds = (3, 4, 5, 8, 12), (0.0025, 0.01, 0.05)
    table("A point of runs that all learned has one that looks stuck, by seeds", numbers)
    for draw in ("normal", "t3", "lognormal"):
        for sd in sds:
            points = (0.8 + sd * DRAWS[draw](rng, (sweeps, n)) for n in numbers)
            row(f"{draw}, sd {100 * sd:g} points", [stuck(p, 0.114).any(1).mean() for p in points])


def best_of_learners(sweeps: int, rng: np.random.Generator) -> None:
    settings = [(points, seeds) for points in (0.5, 5) for seeds in SEEDS]
    table("The best of runs that learn is struck, 8 points (sd in points, seeds)", settings)
    for noise in LEARNERS:
        rates = [best_struck_of_learners(noise, sd / 100, seeds, sweeps, rng) for sd, seeds in settings]
        row(noise, rates)


def main() -> None:
    sweeps = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    rng = np.random.default_rng(0)
    parts = (comparison_with_best, equivalence, shares_and_medians, optima, repeated_looks, stuck_runs)
    for part in (*parts, best_of_learners, until_decided):
        part(sweeps, rng)
    sd = 0.23 * np.sqrt(2 * (1 - 0.09))
    print(f"\nSeeds for 80 % power, sd 0.23 points over seeds, correlation 0.09: {sd:.3f} of a difference")
    print({points: seeds_for_power(points, float(sd)) for points in (0.5, 0.3, 0.2, 0.1)})


if __name__ == "__main__":
    main()
