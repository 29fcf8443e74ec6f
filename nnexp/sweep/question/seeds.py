"""The rule for seeds: which ones every point gets, or until when.

    seeds: 5                                     # 0, 1, 2, 3, 4
    seeds: [3, 7]
    seeds: {from: 5, to: 40, until: decided}     # 5 at every point, then more where something is undecided

Seeds until decided come in rounds, each of a third more: 5, 7, 10, 14, 19, 26, 35, 40. So few rounds are
needed, and each has runs enough to train together; how many workers there are plays no part.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from nnexp.errors import UserError, unknown
from nnexp.nn import Hyperparameters

KEYS = ("from", "to", "until")
DECIDED = "decided"
EXAMPLE = "{from: 5, to: 40, until: decided}"


@dataclass(frozen=True)
class UntilDecided:
    """Seeds 0, 1, ...: `first` of them at every point, then more where something is undecided, to `most`."""

    first: int
    most: int

    def after(self, seeds: int) -> int:
        """How many seeds the next round brings a point to that has so many."""
        return min(self.most, max(self.first, seeds + -(-seeds // 3)))


SeedRule: TypeAlias = Sequence[int] | UntilDecided


def as_written(rule: SeedRule) -> list[int] | dict[str, Any]:
    """The rule as a sweep file may have it."""
    if isinstance(rule, UntilDecided):
        return dict(zip(KEYS, (rule.first, rule.most, DECIDED), strict=True))
    return list(rule)


def seed_rule(raw: Any, base: int) -> SeedRule:
    """What `sweep.seeds` says: a count means 0, 1, ...; nothing means the one base seed.

    Raises:
        UserError: it is no number, list or rule.
    """
    if isinstance(raw, Mapping):
        return _until_decided(raw)
    if raw is None:
        return [base]
    if isinstance(raw, list):
        return raw
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 1:
        rule = f"a number of seeds >= 1, a list of them, or {EXAMPLE}"
        raise UserError(f"sweep.seeds must be {rule}, got {raw!r}")
    return range(raw)


def seeds_in(rule: SeedRule, known: Iterable[int]) -> tuple[Sequence[int], Sequence[int]]:
    """Seeds that every point must have, and all that some may have, where rounds brought the `known` ones."""
    if isinstance(rule, UntilDecided):
        return range(rule.first), sorted(seed for seed in known if seed < rule.most)
    return rule, rule


def _until_decided(raw: Mapping[Any, Any]) -> UntilDecided:
    for key in raw:
        if key not in KEYS:
            raise unknown("key in sweep.seeds:", key, KEYS)
    if missing := [key for key in KEYS if raw.get(key) is None]:
        raise UserError(f"sweep.seeds must have {' and '.join(missing)}, as in {EXAMPLE}, got {dict(raw)}")
    if raw["until"] != DECIDED:
        raise UserError(f"sweep.seeds.until must be {DECIDED}, got {raw['until']!r}")
    for key in ("from", "to"):
        if isinstance(raw[key], bool) or not isinstance(raw[key], int) or raw[key] < 1:
            raise UserError(f"sweep.seeds.{key} must be a number of seeds >= 1, got {raw[key]!r}")
    if raw["to"] < raw["from"]:
        raise UserError(f"sweep.seeds.to must be >= sweep.seeds.from={raw['from']}, got {raw['to']}")
    return UntilDecided(raw["from"], raw["to"])


def checked_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """The seeds of a list.

    Raises:
        UserError: there are none, one is no seed, or two are the same.
    """
    if not seeds:
        raise UserError("sweep.seeds must name at least one seed, got none")
    for seed in seeds:
        if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
            raise UserError(f"sweep.seeds must be integers >= 0, got {seed!r}")
        Hyperparameters(seed=seed)  # what else it takes
    if len(set(seeds)) < len(seeds):
        raise UserError(f"sweep.seeds must differ, got {list(seeds)}")
    return tuple(seeds)
