"""Strips: the effects of claims, drawn on scales that can be compared.

Effects of one unit have one scale: a row's bar is longer than another's where its interval is wider. That of
ratios goes by factors, or 0.1 would be lost beside 10. Plain figures, such as epochs beside costs, have a
scale each.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count

from nnexp.report.answer import Effect, Verdict
from nnexp.report.effects import PLAIN, POINTS, RATIO, EffectUnit, figures_text, unit_of

WIDTH, EDGE = 260.0, 26.0  # of a strip, and what its scale leaves on both sides for labels
MOST_STEPS = 4  # that figures span; rounding outwards may add one
NEUTRAL = {POINTS: 0.0, RATIO: 1.0}  # no effect


@dataclass(frozen=True)
class Strip:
    """Where the parts of a strip lie, from 0 to `WIDTH`. `wanted`: from where to where the effect should be;
    `interval`: None where there is none; `neutral`: where no effect is, of differences and ratios; `ticks`:
    places with their labels; `text`: all of it in words."""

    wanted: tuple[float, float]
    interval: tuple[float, float] | None
    value: float
    neutral: float | None
    ticks: tuple[tuple[float, str], ...]
    text: str


@dataclass(frozen=True)
class Scale:
    """From the first to the last of `marks`, the figures of the ticks in the unit that is printed; of ratios
    by factors."""

    unit: EffectUnit
    marks: tuple[float, ...]

    def place(self, figure: float) -> float:
        """Where a figure of the unit lies; what is infinite, and a ratio of 0, at an end of the strip."""
        low, high, at = map(self._along, (self.marks[0], self.marks[-1], self.unit.factor * figure))
        if math.isinf(at):
            return 0.0 if at < 0 else WIDTH
        return round(EDGE + (WIDTH - 2 * EDGE) * (at - low) / (high - low), 2)

    def _along(self, figure: float) -> float:
        if self.unit != RATIO:
            return figure
        return math.log(figure) if figure > 0 else -math.inf

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places with their labels; the last has the unit, too."""
        for mark in self.marks:
            label = f"{mark:{'+' * (self.unit == POINTS)}.6g}" if mark else "0"
            yield self.place(mark / self.unit.factor), label + self.unit.name * (mark == self.marks[-1])


def strips(verdicts: Sequence[Verdict]) -> dict[str, Strip]:
    """By the id of their claims, those of the effects that are finite."""
    effects = {each.id: each.effect for each in verdicts if each.effect and math.isfinite(each.effect.value)}
    made = {}
    for name, effect in effects.items():
        unit = unit_of(effect)
        alike = [effect] if unit == PLAIN else [each for each in effects.values() if unit_of(each) == unit]
        made[name] = _strip(effect, _scale(unit, alike))
    return made


def _scale(unit: EffectUnit, effects: Sequence[Effect]) -> Scale:
    """Over all that the strips show; with the place of no effect, where there is one."""
    figures = [
        figure for effect in effects for figure in (effect.value, effect.low, effect.high, *_limits(effect))
    ]
    shown = [unit.factor * figure for figure in figures if math.isfinite(figure)]
    shown += [unit.factor * NEUTRAL[unit]] if unit in NEUTRAL else []
    shown = [figure for figure in shown if figure > 0] if unit == RATIO else shown
    low, high = min(shown), max(shown)
    return Scale(unit, _factors(low, high) if unit == RATIO and high > 2 * low else _steps(low, high))


def _steps(low: float, high: float) -> tuple[float, ...]:
    """Marks by one round step, the first not above `low` and the last not below `high`."""
    span = high - low or abs(high) or 1.0
    step = next(size for size in _round_steps(span) if span / size <= MOST_STEPS + 1e-9)
    first = math.floor(low / step + 1e-9)
    last = max(math.ceil(high / step - 1e-9), first + 1)
    return tuple(k * step for k in range(first, last + 1))


def _round_steps(span: float) -> Iterator[float]:
    power = math.floor(math.log10(span)) - 1
    return (digit * 10.0**k for k in (power, power + 1, power + 2) for digit in (1, 2, 5))


def _factors(low: float, high: float) -> tuple[float, ...]:
    """The same by factors: 1, 2, 5, 10, or powers of 10, of 100 and so on."""
    powers = (_between(low, high, (1,), power) for power in count(1))
    marks = chain([_between(low, high, (1, 2, 5), 1)], powers)
    return next(each for each in marks if len(each) <= MOST_STEPS + 1)


def _between(low: float, high: float, digits: Sequence[int], power: int) -> tuple[float, ...]:
    """Digits times powers of 10 ** `power`, from the last not above `low` to the first not below `high`."""
    first, last = math.floor(math.log10(low) / power), math.ceil(math.log10(high) / power)
    marks = [digit * 10.0 ** (k * power) for k in range(first, last + 1) for digit in digits]
    begin = max(mark for mark in marks if mark <= low * (1 + 1e-9))
    end = min(mark for mark in marks if mark >= high * (1 - 1e-9))
    return tuple(mark for mark in marks if begin <= mark <= end)


def _limits(effect: Effect) -> tuple[float, float]:
    """Between which figures the effect is wanted; infinite where there is none."""
    if effect.rel == "between":
        return effect.threshold, effect.threshold_high
    if effect.rel == "within":
        return effect.threshold - effect.within, effect.threshold + effect.within
    return (
        effect.threshold if effect.rel != "<" and effect.rel != "<=" else -math.inf,
        effect.threshold if effect.rel != ">" and effect.rel != ">=" else math.inf,
    )


def _strip(effect: Effect, scale: Scale) -> Strip:
    ticks = tuple(scale.ticks())
    low, high = map(scale.place, _limits(effect))
    low, high = (low, high) if high - low > 2 else (low - 1, high + 1)  # one figure is wanted
    interval = None if math.isnan(effect.low) else (scale.place(effect.low), scale.place(effect.high))
    return Strip(
        wanted=(low, high),
        interval=interval,
        value=scale.place(effect.value),
        neutral=scale.place(NEUTRAL[scale.unit]) if scale.unit in NEUTRAL else None,
        ticks=ticks,
        text=f"On a scale from {ticks[0][1]} to {ticks[-1][1]}: {figures_text(effect)}",
    )
