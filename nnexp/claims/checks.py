"""One check of a claim: the condition that finished runs meet or do not; `reading` takes it from its file.

A check is one of
    left rel right + margin      `right` a quantity or a number; rel: > >= < <=
    left rel times * right
    low <= left <= high          one of the two may be left out
    equal: {left, right, within}    they differ by less than `within`: shown by two one-sided tests at 5 %, so
                                 that the absence of an effect is a finding
    along: AXIS                  `rel` between each value of the axis and the one before it, with margin or
                                 times; `between: [a, b]` takes a part of the axis
    along: AXIS, optimum: inside    the best value is not at an end (by more than margin)
over the seeds by `over`: paired (mean over the seeds of the difference; with times, geometric mean of the
ratio), mean (with times, the ratio of the means), median, best, or each (holds at every seed; two quantities
at the same seed). The default is paired for two quantities, else mean. These two have an interval from 3
seeds on, a median from 6, a share always; best, each and sd have none. A quantity: see `quantities`.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from nnexp.claims.curves import STATISTICS
from nnexp.claims.quantities import Quantity
from nnexp.statistics.intervals import LEVEL

OVER = ("paired", "mean", "median", "best", "each")
OF_ALL_SEEDS = "of all seeds"  # for sd and share, which are over the seeds already
EQUAL_LEVEL = 0.90  # of the interval that two one-sided tests at 5 % leave


@dataclass(frozen=True)
class Check:
    """One condition; the fields are the keys of the sweep file, `over` with its default filled in.

    `within`: of equal. `along`: the axis; `grid`: those of its values that count, in order.
    """

    left: Quantity
    over: str
    rel: str | None = None
    right: Quantity | float | None = None
    margin: float = 0.0
    times: float | None = None
    low: float | None = None
    high: float | None = None
    within: float | None = None
    along: str | None = None
    grid: tuple[Any, ...] = ()
    optimum: bool = False

    @property
    def leaves(self) -> list[Quantity]:
        """The quantities of both of its sides that have a metric."""
        sides = [side for side in (self.left, self.right) if isinstance(side, Quantity)]
        return [leaf for side in sides for leaf in side.leaves]

    @property
    def level(self) -> float:
        """That of the interval which must lie on the right side for the check to be reproduced."""
        return LEVEL if self.within is None else EQUAL_LEVEL

    @property
    def centre(self) -> float:
        """Of equal: what the effect must be near to."""
        return self.right if isinstance(self.right, float) else 0.0

    @property
    def is_on_means(self) -> bool:
        """Whether it is decided by the interval on a mean, or on means of pairs."""
        return self.over in ("mean", "paired")

    @property
    def tests(self) -> int:
        """How many it makes: one, but for each step along an axis; an optimum is refuted by one."""
        return 1 if self.optimum else max(1, len(self.grid) - 1)

    @property
    def takes_test(self) -> bool:
        """Whether it looks at test data."""
        return any(leaf.metric.startswith("test_") for leaf in self.leaves)

    @property
    def chooses_by_test(self) -> bool:
        """Whether it takes a run's epoch by its result on test data."""
        of_test = (leaf for leaf in self.leaves if leaf.metric.startswith("test_"))
        return any(STATISTICS[leaf.statistic].chooses for leaf in of_test)

    @property
    def effect_kind(self) -> str:
        """What its effect is: accuracy or share, the difference of two of them, ratio, or value."""
        differs = isinstance(self.right, Quantity) or self.along is not None
        divides = self.left.statistic == "ratio" or bool(self.left.relative_to)
        if self.times is not None or (divides and not differs):
            return "ratio"
        kind = "accuracy" if self.left.is_accuracy else "share" if self.left.statistic == "share" else ""
        if not kind:
            return "value"
        return f"{kind} difference" if differs or self.left.statistic == "difference" else kind


class LooksAtTest(NamedTuple):
    """Of `checks`, those that take test data, and those that choose an epoch by them."""

    checks: int = 0
    taking: int = 0
    choosing: int = 0

    @property
    def text(self) -> str:
        """`2 of 3 checks take test data, 1 of them chooses the epoch by it`; empty where none does."""
        if not self.taking:
            return ""
        if self.checks == 1:
            return "takes test data" + ", and chooses the epoch by it" * self.choosing
        choosing = f", {self.choosing} of them to choose the epoch" if self.choosing else ""
        return f"{self.taking} of {self.checks} checks take test data{choosing}"
