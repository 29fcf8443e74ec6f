"""constraints.txt pins all that any extra installs, constraints-lowest.txt the lowest that is allowed."""

import tomllib
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name as canonical
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN_PIN = {"torch", "nnexp"}  # in pyproject.toml, and this package
NOT_LOWEST = ("dev", "bench", "oracle", "server")  # no part of what users install


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if not line.startswith("#")]
    pinned = {canonical(package): version for package, version in pairs}
    assert len(pinned) == len(pairs)
    return pinned


def requirements(*without: str) -> list[Requirement]:
    extras = PROJECT["optional-dependencies"]
    groups = [PROJECT["dependencies"], *(extras[name] for name in extras if name not in without)]
    return [Requirement(text) for group in groups for text in group]


@pytest.mark.parametrize(
    ("file", "without"), [("constraints.txt", ()), ("constraints-lowest.txt", NOT_LOWEST)]
)
def test_all_that_any_extra_installs_is_pinned(file: str, without: tuple[str, ...]) -> None:
    pinned, known = pins(file), set[tuple[str, str]]()
    waiting = requirements(*without)
    while waiting:
        requirement = waiting.pop()
        name = canonical(requirement.name)
        for extra in ("", *requirement.extras):
            if name in OWN_PIN or (name, extra) in known:
                continue
            known.add((name, extra))
            assert name in pinned
            waiting += brought_by(name, pinned[name], extra)


def brought_by(name: str, pin: str, extra: str) -> list[Requirement]:
    """What a package asks for here; nothing, if it is not installed in the version that is pinned."""
    try:
        asked = map(Requirement, (requires(name) or []) if version(name) == pin else [])
    except PackageNotFoundError:
        return []
    return [each for each in asked if each.marker is None or each.marker.evaluate({"extra": extra})]


def test_what_was_tested_is_allowed() -> None:
    pinned = pins("constraints.txt")
    for requirement in requirements():
        if canonical(requirement.name) not in OWN_PIN:
            assert requirement.specifier.contains(pinned[canonical(requirement.name)])


def test_the_lowest_versions_are_the_bounds() -> None:
    pinned = pins("constraints-lowest.txt")
    bounds = {
        canonical(each.name): Version(bound.version)
        for each in requirements(*NOT_LOWEST)
        for bound in each.specifier
        if bound.operator == ">="
    }
    assert {name: Version(pinned[name]) for name in bounds} == bounds
