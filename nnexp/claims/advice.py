"""How many seeds would decide what is undecided."""

import math
from dataclasses import replace

from nnexp.claims.findings import UNDECIDED, Finding, join
from nnexp.statistics.intervals import LEAST_SEEDS, LEVEL, MOST_SEEDS
from nnexp.statistics.power import POWER, seeds_range


def with_seeds(finding: Finding, distance: float, sd: float, images: int | None = None) -> Finding:
    """The finding, undecided, with the range of seeds that would decide it with a power of 80 %.

    If the true effect is as far from the threshold as the observed one: `distance`, at an sd of `sd` per seed
    that is itself an estimate from these seeds. `images`: on which an accuracy was measured, the same for all
    seeds, so that no number of seeds makes their error less.
    """
    n = finding.n or 0
    low, high = _seeds(finding, distance, sd, n, images)
    if n < LEAST_SEEDS:
        why = f"n = {n}: an interval needs {LEAST_SEEDS} seeds"
    elif low is None:
        why = f"even {MOST_SEEDS} seeds would hardly decide it"
    elif high is None:
        why = f"it would take about {low} seeds or more to decide it"
    elif low == high:
        why = f"about {low} seeds would decide it"
    else:
        why = f"about {low} to {high} seeds would decide it"
    return replace(finding, verdict=UNDECIDED, seeds_low=low, seeds_high=high, note=join(finding.note, why))


def _seeds(
    finding: Finding, distance: float, sd: float, n: int, images: int | None
) -> tuple[int | None, int | None]:
    """The range, above the n that did not decide; None for more than 1000."""
    if n < LEAST_SEEDS:
        return LEAST_SEEDS, None
    if images is not None:
        from scipy.special import ndtri

        error = math.sqrt(max(finding.effect * (1 - finding.effect), 0.0) / images)
        sure = float(ndtri(0.5 + LEVEL / 2) + ndtri(POWER))  # standard errors, for a power of 80 %
        distance = math.sqrt(max(distance**2 - (sure * error) ** 2, 0.0))
    if not distance:
        return None, None
    low, high = seeds_range(distance, sd, n)
    return low and max(low, n + 1), high and max(high, n + 1)
