"""constraints.txt has a version of whatever pyproject.toml asks for."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OWN_PIN = {"torch"}  # its version is in pyproject.toml


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_requirement_of_every_extra_is_pinned_once() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[1:]
    pinned = {canonical(line.partition("==")[0]) for line in lines}
    assert len(pinned) == len(lines)
    groups = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]
    named = {canonical(re.split(r"[\[<>=,; ]", text)[0]) for group in groups for text in group}
    assert named - {"nnexp"} - OWN_PIN - pinned == set()
