"""What a page shows, as plain data: `render` is a function of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nnexp.report.answer import Answer
from nnexp.report.pair import Pair

Pairs = tuple[tuple[str, str], ...]  # name, value


@dataclass(frozen=True)
class Chart:
    """A picture that the reader changes. `kind`: what draws it; `data`: plain values, for JSON."""

    kind: str
    title: str
    data: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Image:
    """A picture that stands still. `text`: what it shows, for those who do not see it."""

    title: str
    png: bytes
    text: str


@dataclass(frozen=True)
class Failure:
    """A run without a result, and the line that says why."""

    run_id: str
    label: str
    reason: str


@dataclass(frozen=True)
class Look:
    """Marks and verdicts that were printed once."""

    time: str
    sweep: str
    seeds: int
    runs: int
    verdicts: str


@dataclass(frozen=True)
class Origin:
    """Where a sweep comes from. `commands`: what makes it again; `whole`: of trials and stages, the sweep
    file of what they are a part of, if it is here; `sweep_file`: the file that the commands take, empty where
    it cannot be written from the plan; `plan`: the frozen question; `test_looks`: at test data."""

    provenance: Pairs
    commands: tuple[str, ...]
    whole: str
    sweep_file: str
    plan: str
    looks: tuple[Look, ...]
    test_looks: tuple[str, ...]


@dataclass(frozen=True)
class SweepSection:
    """All that a page says of one sweep. `heading`: what it is here, such as a stage; `facts`: its size and
    data; `sources`: of its claims, by id; `no_images`: why the best network has none; `runs`: as `run_table`
    has it; `changed`, `usual`: settings that all runs share, not at their default and at it."""

    heading: str
    answer: Answer
    facts: Pairs
    sources: Mapping[str, str]
    charts: tuple[Chart, ...]
    images: tuple[Image, ...]
    no_images: str
    runs: Mapping[str, Any]
    failures: tuple[Failure, ...]
    changed: Pairs
    usual: Pairs
    origin: Origin


@dataclass(frozen=True)
class Page:
    """A page. `made`: when, and by what; `pair`: of two sweeps what differs, `picture` both along an axis;
    `live`: of a page that is served while its sweep trains, how far that is, its parts by name."""

    title: str
    made: str
    sections: tuple[SweepSection, ...]
    pair: Pair | None = None
    picture: Image | None = None
    live: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ClaimRow:
    """A claim of the lab book. `stale`: why its verdict is out of date; `rests_on`: sweeps, or what answers
    it instead."""

    id: str
    claim: str
    published: str
    ours: str
    verdict: str
    stale: str
    rests_on: str


@dataclass(frozen=True)
class LabbookPage:
    """Every claim. `totals`: how many of which verdict; `notes`: what a reader must know of all of them;
    `revisions`: what was changed after its result was seen, each a row of texts."""

    title: str
    made: str
    totals: str
    notes: tuple[str, ...]
    rows: tuple[ClaimRow, ...]
    revisions: tuple[tuple[str, ...], ...]
