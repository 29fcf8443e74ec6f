"""The text of `conf/config.yaml`: every key with its meaning, what it may be, and its default.

`python -m nnexp.config.page > conf/config.yaml` writes it anew after a key was added or changed.
"""

import sys
from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import Any

import yaml

from nnexp.config.files import CHOSEN
from nnexp.config.knobs import KNOBS
from nnexp.config.schema import defaults

HEAD = """\
# Every setting with its default. On the command line: KEY=VALUE, with a dot for what is indented, as in
# sweep.seeds=5; `nnexp help KEY` tells more. Written by `python -m nnexp.config.page` from the declarations
# in nnexp/nn/knobs.py and nnexp/config/knobs.py, and a test compares: change them there.
defaults:
  - _self_
"""
WIDTH = 108


def config_page() -> str:
    """The whole file."""
    files = "".join(f"  - {group}: {file}\n" for group, file in CHOSEN.items())
    return HEAD + files + "".join(_lines(defaults(), "", ""))


def _lines(values: Mapping[str, Any], parent: str, indent: str) -> Iterator[str]:
    """Each key, its description above it."""
    for key, value in values.items():
        knob = KNOBS[f"{parent}{key}"]
        for line in wrap(f"{knob.meaning} May be: {knob.rule}.", WIDTH - len(indent)):
            yield f"{indent}# {line}\n"
        if isinstance(value, Mapping) and value:
            yield f"{indent}{key}:\n"
            yield from _lines(value, f"{parent}{key}.", indent + "  ")
        elif isinstance(value, str) and ":" in value:  # 10:00:00 without quotes is a number
            yield f"{indent}{key}: " + yaml.safe_dump(value, default_style="'")
        else:
            yield indent + yaml.safe_dump({key: value}, default_flow_style=False)


if __name__ == "__main__":
    sys.stdout.write(config_page())
