"""Strips: the effects of claims, drawn on scales that can be compared.

Effects of one unit have one scale: a row's bar is longer than another's where its interval is wider. Plain
figures, such as epochs beside costs, have a scale each.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    """From `low` to `high`, in the unit that is printed, by a tick every `step`."""

    unit: EffectUnit
    low: float
    high: float
    step: float

    def place(self, figure: float) -> float:
        """Where a figure of the unit lies; what is infinite, at an end of the strip."""
        if math.isinf(figure):
            return 0.0 if figure < 0 else WIDTH
        share = (self.unit.factor * figure - self.low) / (self.high - self.low)
        return round(EDGE + (WIDTH - 2 * EDGE) * share, 2)

    def ticks(self) -> Iterator[tuple[float, str]]:
        """Places with their labels; the last has the unit, too."""
        last = round((self.high - self.low) / self.step)
        for k in range(last + 1):
            value = self.low + k * self.step
            label = f"{value:{'+' * (self.unit == POINTS)}.6g}" if abs(value) > self.step / 1e6 else "0"
            yield self.place(value / self.unit.factor), label + self.unit.name * (k == last)


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
    """Over all that the strips show, in round steps; with the place of no effect, where there is one."""
    figures = [
        figure for effect in effects for figure in (effect.value, effect.low, effect.high, *_limits(effect))
    ]
    shown = [unit.factor * figure for figure in figures if math.isfinite(figure)]
    shown += [unit.factor * NEUTRAL[unit]] if unit in NEUTRAL else []
    low, high = min(shown), max(shown)
    span = high - low or abs(high) or 1.0
    step = next(size for size in _round_steps(span) if span / size <= MOST_STEPS + 1e-9)
    low = step * math.floor(low / step + 1e-9)
    high = max(step * math.ceil(high / step - 1e-9), low + step)
    return Scale(unit, low, high, step)


def _round_steps(span: float) -> Iterator[float]:
    power = math.floor(math.log10(span)) - 1
    return (digit * 10.0**k for k in (power, power + 1, power + 2) for digit in (1, 2, 5))


def _limits(effect: Effect) -> tuple[float, float]:
    """Between which figures the effect is wanted; infinite where there is none."""
    if not math.isnan(effect.within):
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
