"""Sweeps whose seeds go on until decided, of known truth and without training: how often they are wrong."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnexp.claims.parsing import claims_of
from nnexp.claims.undecided import undecided_points
from nnexp.claims.verdicts import judge
from nnexp.results.by_point import standing, stuck_runs
from nnexp.results.tables import Tables, make_tables
from nnexp.statistics.intervals import Floats
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.rounds import grown, so_far
from nnexp.sweep.question.seeds import UntilDecided
from tests.results.sweeps import make_plan, make_records
from tests.statistics.simulated import DRAWS, LEARNERS

RULE = UntilDecided(6, 40)
SD = 0.005  # of an accuracy: half a point
MEANS = (1e-6, 0.0, -0.5, -2.0)  # of the points, in sd
PAIRS = {"equal": (0, 1), "higher": (2, 3), "lower": (3, 2)}  # claims: one point is above another
RIGHT = {"equal": "", "higher": "reproduced", "lower": "refuted"}  # the right verdicts, where there are any


class Ended(NamedTuple):
    """How a sweep ended. `wrong`: claims with a wrong verdict; `right`: with the right one.

    `suspended`: claims on points with stuck runs; `unsuspended`: those of them that have a verdict.
    """

    best_left: bool
    wrong: int
    right: int
    runs: int
    suspended: int
    unsuspended: int


def _whole() -> tuple[Plan, Tables]:
    """The plan with all runs that may come, and its tables, but for the accuracies."""
    sizes = (1, 10, 100, 1000)

    def above(name: str, left: int, right: int) -> dict[str, object]:
        at = ({"final": "validation_accuracy", "at": {"batch_size": sizes[point]}} for point in (left, right))
        sides = dict(zip(("left", "right"), at, strict=True))
        return {"id": name, "text": name, "check": sides | {"rel": ">"}}

    plan = make_plan({"batch_size": sizes}, seeds=RULE.most, data="own.npz")
    plan = replace(plan, until=RULE, claims=tuple(above(name, *pair) for name, pair in PAIRS.items()))
    return plan, make_tables(plan, make_records(plan, np.full((len(sizes), RULE.most), 0.9)), {})


def _part(whole: Tables, plan: Plan, accuracies: Floats) -> Tables:
    """The tables as they are once the runs of `plan` have ended."""
    names = dict.fromkeys(("final_validation_accuracy", "best_validation_accuracy"), accuracies.ravel())
    ids = {run.run_id for run in plan.runs}
    runs = whole.runs.assign(**names)
    return whole._replace(runs=runs[runs["run_id"].isin(ids)].reset_index(drop=True))


def sweeps_until_decided(noise: str, sweeps: int, rng: np.random.Generator) -> list[Ended]:
    """So many sweeps, each carried out round by round as the real ones are."""
    whole, tables = _whole()
    ended = []
    for _ in range(sweeps):
        draws = np.array(MEANS)[:, None] + DRAWS[noise](rng, (len(MEANS), RULE.most))
        accuracies = np.clip(0.9 + SD * draws, 0, 1)
        plan: Plan | None = so_far(whole, [])
        while plan:
            now, known = plan, _part(tables, plan, accuracies)
            plan = grown(whole, now, undecided_points(now, known, "nowhere"))
        verdicts = judge(claims_of(now), now, known.runs, known.history).set_index("id")["verdict"]
        decided = {name: verdict for name, verdict in verdicts.items() if verdict != "undecided"}
        right = sum(verdict == RIGHT[str(name)] for name, verdict in decided.items())
        stand = standing(now, known.runs)
        stuck = stuck_runs(now, stand.runs)
        suspended = {name for name, pair in PAIRS.items() if stuck[list(pair)].any()}
        figures = (len(now.runs), len(suspended), len(suspended & decided.keys()))
        ended.append(Ended(bool(stand.comparison.worse[0]), len(decided) - right, right, *figures))
    return ended


def best_struck_of_learners(
    noise: str, sd: float, seeds: int, sweeps: int, rng: np.random.Generator
) -> float:
    """How often the table strikes the best of 8 points, the others 1e-6 sd below it: stuck runs are told
    apart first, and a best point without any is preferred. `sd`: of an accuracy around 0.75."""
    plan = make_plan({"batch_size": range(1, 9)}, seeds=seeds, data="own.npz")
    whole = make_tables(plan, make_records(plan, np.full((8, seeds), 0.9)), {})
    struck = 0
    for _ in range(sweeps):
        draws = LEARNERS[noise](rng, (8, seeds))
        draws[0] += 1e-6
        runs = _part(whole, plan, np.clip(0.75 + sd * draws, 0, 1)).runs
        struck += bool(standing(plan, runs).comparison.worse[0])
    return struck / sweeps


def error_rate(ended: list[Ended]) -> float:
    """The share of sweeps with a wrong verdict, or whose best point was struck."""
    return float(np.mean([each.best_left or each.wrong > 0 for each in ended]))
