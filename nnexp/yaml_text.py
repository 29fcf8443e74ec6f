"""YAML that a stranger may have written: plain values alone, and none that fill the memory or the stack."""

import re
from itertools import accumulate
from typing import Any

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, where PyYAML was built with it
MOST_REPEATED = 100_000  # values that stand in a text once and are repeated by aliases
DEEPEST = 200  # brackets within brackets, or dashes behind dashes: some ten thousand would crash the C parser


class HostileError(yaml.YAMLError):
    """A text whose aliases or depth are beyond what anybody means."""


def load_yaml(text: str) -> Any:
    """The values of a YAML text.

    Raises:
        yaml.YAMLError: it is no YAML, names Python objects, nests too deep, or its aliases repeat too much.
    """
    check_yaml(text)
    return yaml.load(text, Loader=LOADER)


def check_yaml(text: str) -> None:
    """Raise as `load_yaml` for a text of a few lines that would fill the memory or the stack."""
    steps = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[][{}]", text))
    if max(accumulate(steps), default=0) > DEEPEST or re.search(rf"([-?]\s+){{{DEEPEST}}}", text):
        raise HostileError(f"its values must nest at most {DEEPEST} deep")
    if "&" not in text or "*" not in text:
        return
    sizes: dict[int, float] = {}
    if _size(yaml.compose(text, Loader=LOADER), sizes) - len(sizes) > MOST_REPEATED:
        raise HostileError(f"its aliases must repeat at most {MOST_REPEATED} values")


def _size(node: yaml.Node | None, sizes: dict[int, float]) -> float:
    """How many values a node is once its aliases are replaced. An alias is the same node again."""
    if node is None:
        return 0
    if id(node) not in sizes:
        sizes[id(node)] = float("inf")  # for a node that holds itself
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [part for pair in node.value for part in pair]
        if isinstance(node, yaml.SequenceNode):
            children = node.value
        sizes[id(node)] = 1 + sum(_size(child, sizes) for child in children)
    return sizes[id(node)]
