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
    distance = _left_by_images(finding, distance, images)
    low, high = _seeds(distance, sd, n)
    if n < LEAST_SEEDS:
        why = f"n = {n}: an interval needs {LEAST_SEEDS} seeds"
    elif images is not None and not distance:
        why = f"more seeds would not decide it: it takes more than {images:,} examples"
    elif low is None:
        why = f"even {MOST_SEEDS} seeds would hardly decide it"
    elif high is None:
        why = f"it would take about {low} seeds or more to decide it"
    elif low == high:
        why = f"about {low} seeds would decide it"
    else:
        why = f"about {low} to {high} seeds would decide it"
    return replace(finding, verdict=UNDECIDED, seeds_low=low, seeds_high=high, note=join(finding.note, why))


def _left_by_images(finding: Finding, distance: float, images: int | None) -> float:
    """The distance that seeds must bridge beside the error of the images; 0 if that alone is too large."""
    if images is None:
        return distance
    from scipy.special import ndtri

    sure = float(ndtri(0.5 + LEVEL / 2) + ndtri(POWER))  # standard errors, for a power of 80 %
    variance = max(finding.effect * (1 - finding.effect), 0.0) / images
    return math.sqrt(max(distance**2 - sure**2 * variance, 0.0))


def _seeds(distance: float, sd: float, n: int) -> tuple[int | None, int | None]:
    """The range, above the n that did not decide; None for more than 1000."""
    if n < LEAST_SEEDS:
        return LEAST_SEEDS, None
    if not distance:
        return None, None
    low, high = seeds_range(distance, sd, n)
    return low and max(low, n + 1), high and max(high, n + 1)
