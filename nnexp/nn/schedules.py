"""How rates change: a schedule gives the factor on `learning_rate` for one epoch; momentum may grow."""

import math
from collections.abc import Callable

# The book's rule ends a run when its learning rate has fallen to this share (ch. 3, "How to choose").
LAST_SHARE = 1 / 128

# (passes done, passes in all, schedule_epochs, schedule_factor, drops so far) -> factor
Schedule = Callable[[int, int, int, float, int], float]


def constant(done: int, epochs: int, every: int, factor: float, drops: int) -> float:
    """1."""
    return 1.0


def step(done: int, epochs: int, every: int, factor: float, drops: int) -> float:
    """Times `factor` after each `every` epochs."""
    return factor ** (done // every)


def exponential(done: int, epochs: int, every: int, factor: float, drops: int) -> float:
    """The smooth form of `step`: it falls by `factor` over `every` epochs."""
    return math.pow(factor, done / every)


def cosine(done: int, epochs: int, every: int, factor: float, drops: int) -> float:
    """From 1 towards 0 along half a cosine (Loshchilov & Hutter 2017, without restarts)."""
    return 0.5 * (1 + math.cos(math.pi * done / epochs))


def plateau(done: int, epochs: int, every: int, factor: float, drops: int) -> float:
    """The book's rule: times `factor` when validation accuracy has not improved for `every` epochs."""
    return factor**drops


def momentum_ramp(done: int, epochs: int, start: float, end: float) -> float:
    """Along a line from `start` in the first epoch to `end` after `epochs` passes."""
    return end if done >= epochs else start + (end - start) * done / epochs


SCHEDULES: dict[str, Schedule] = {
    "constant": constant,
    "step": step,
    "exponential": exponential,
    "cosine": cosine,
    "plateau": plateau,
}
