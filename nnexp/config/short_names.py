"""`data.rotation`, the key of the command line, and `rotation` name one setting, wherever a sweep names some.

The short name is the one that plans, records and tables have. Files and words get it before Hydra merges
them, so that a word changes what a file says under either name.
"""

import re
from collections.abc import Iterator

import yaml

from nnexp.errors import UserError
from nnexp.sweep.question.points import AXES, key_of

SHORT = {key_of(name): name for name in AXES if key_of(name) != name}
LONG = "|".join(re.escape(name) for name in SHORT)
TEXTS = ("name", "question", "id", "text", "source")  # keys whose value names no setting
# A text in quotes, or the whole of a key or a value in Hydra's grammar.
IN_VALUE = re.compile(
    r"'(?:\\.|[^'\\])*'"
    r'|"(?:\\.|[^"\\])*"'
    rf"|(?P<before>^|[\[{{,:]\s*)(?P<name>{LONG})(?=\s*(?:[\]}},:]|$))"
)


def in_word(word: str) -> str:
    """A word of the command line, with the short names in what it says of a sweep."""
    key, mark, value = word.partition("=")
    if not re.match(r"\+*sweep\.", key) or key.rpartition(".")[2] in TEXTS:
        return word
    key = re.sub(rf"(?<=\.)(?:{LONG})(?=\.|$)", lambda match: SHORT[match[0]], key)
    return key + mark + IN_VALUE.sub(_shortened, value)


def _shortened(match: re.Match[str]) -> str:
    if match["name"]:
        return match["before"] + SHORT[match["name"]]
    return SHORT.get(match[0][1:-1], match[0])


def in_file(text: str) -> str:
    """The text of a sweep file, with the short names below `sweep`: as keys, and as values that are the name
    of a setting.

    Raises:
        yaml.YAMLError: it is no YAML.
        UserError: both names of a setting stand side by side.
    """
    if not re.search(LONG, text):
        return text
    sweep = _below("sweep", yaml.compose(text, Loader=yaml.SafeLoader))
    names = {node.start_mark.index: node for node in _names(sweep)}
    for start, node in sorted(names.items(), reverse=True):  # what stands before keeps its place
        end = node.end_mark.index
        text = text[:start] + text[start:end].replace(node.value, SHORT[node.value]) + text[end:]
    return text


def _below(name: str, root: yaml.Node | None) -> yaml.Node | None:
    """What a mapping has for a key."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    return next((value for key, value in pairs if key.value == name), None)


def _names(root: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    """The long names below a node. An alias is the same node again."""
    nodes, seen = [root], set()
    for node in nodes:  # grows
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = {key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)}
            for long in keys & SHORT.keys():
                if SHORT[long] in keys:
                    raise UserError(f"{long} and {SHORT[long]} are one setting: write one")
            nodes += [
                part for key, value in node.value for part in (key, *[value] * (key.value not in TEXTS))
            ]
        elif isinstance(node, yaml.SequenceNode):
            nodes += node.value
        elif isinstance(node, yaml.ScalarNode) and node.value in SHORT:
            yield node
