"""The pages that are made from the code: `python -m tests.docs.reference` writes them, and a test compares.

`knobs.md` has every key of the configuration, `api.md` what a notebook calls.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from textwrap import fill
from types import FunctionType
from typing import Any

import nnexp
from nnexp.config import GROUPS, choices, values_of
from nnexp.config.backend import BACKEND
from nnexp.config.knobs import DATA, EXECUTION, HYPERPARAMETERS, MONITOR, SWEEP, TRACKING
from nnexp.config.notify import NOTIFY
from nnexp.experiment.loaded_sweep import LoadedSweep
from nnexp.experiment.trained_network import TrainedNetwork
from nnexp.nn import training
from nnexp.nn.knobs import Knob
from nnexp.text import spelled
from tests.docs.markdown import DOCS

WRITTEN = "<!-- Written by `python -m tests.docs.reference` from the code: change it there. -->\n"
WIDTH = 116
SHORT_GROUPS = [name for name in GROUPS if name != "sweep"]  # those whose files have room in a line
SECTIONS: dict[str, tuple[str, Mapping[str, Knob]]] = {
    "Hyperparameters": ("What a run is. Each may be an axis of a sweep.", HYPERPARAMETERS),
    "Data": ("What a run learns from.", DATA),
    "Sweeps": ("What a sweep file says, below `sweep:`.", SWEEP),
    "Execution": ("How runs are trained. None of these changes a result.", EXECUTION | NOTIFY),
    "Backends": ("Where runs are trained; none of these changes a result, either.", BACKEND),
    "Tracking": ("Where runs are logged.", TRACKING),
    "Monitors": ("Switches for the monitors one by one; `monitor` takes a list of their names.", MONITOR),
}
KNOBS_HEAD = """\
# Every knob

On the command line: `KEY=VALUE`. In a sweep file: the same key, with what stands behind a dot indented below.
`nnexp help KEY` prints the same. *Book* is Michael Nielsen's
[Neural Networks and Deep Learning](http://neuralnetworksanddeeplearning.com).
"""
API_HEAD = """\
# In a notebook

`import nnexp` is quick: the heavy libraries load when they are needed first.
"""
FUNCTIONS = ("load_sweep", "run", "run_sweep")
CORE = {"train": training.train} | {
    name: getattr(nnexp, name) for name in ("Hyperparameters", "Examples", "Data", "Result", "UserError")
}
LISTS = re.compile(r"(?m)^(Args|Raises|Returns):$\n((?:^ {4}.*\n?|^\n)+)")
FIELD = re.compile(r"^(?=`[^`]+`(?:, `[^`]+`)*:)", re.MULTILINE)  # a line that begins with `name`:
ENTRY = re.compile(r"^ {4}(\w+): ((?:.*)(?:\n {8}.*)*)", re.MULTILINE)


def knobs_page() -> str:
    """Every key: meaning, what it may be, default, source."""
    values = values_of([])
    parts = [KNOBS_HEAD]
    for title, (about, knobs) in SECTIONS.items():
        parts.append(f"## {title}\n\n{about}\n")
        parts += [knob_text(key, knob, values.get(key)) for key, knob in knobs.items()]
    return WRITTEN + "\n".join(parts)


def knob_text(key: str, knob: Knob, default: Any) -> str:
    """A heading, which links can name, the meaning, and the facts."""
    rule = f"one of {', '.join(choices(key))}" if key in SHORT_GROUPS else knob.rule
    shown = str(default).lower() if isinstance(default, bool) else spelled(default)
    facts = {"May be": rule, "Default": f"`{shown}`" if shown else "nothing", "Described in": knob.source}
    lines = "\n".join(f"- {name}: {escaped(fact)}" for name, fact in facts.items())
    return f"### {key}\n\n{wrapped(escaped(knob.meaning))}\n\n{lines}\n"


def wrapped(text: str) -> str:
    return fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


def escaped(text: str) -> str:
    """Markdown that shows this text: no emphasis, no links."""
    return re.sub(r"([*\[])", r"\\\1", text)


def api_page() -> str:
    """What a notebook calls, from the docstrings."""
    parts = [API_HEAD, "## Functions\n"]
    parts += [entry(f"nnexp.{name}", getattr(nnexp, name)) for name in FUNCTIONS]
    parts.append("## A loaded sweep\n")
    parts += members("sweep", LoadedSweep)
    parts.append("## Its best network\n")
    parts += members("network", TrainedNetwork)
    parts.append("## The core\n\nFor your own loops: NumPy arrays in, NumPy arrays out, no files.\n")
    parts += [entry(f"nnexp.{name}", thing) for name, thing in CORE.items()]
    return WRITTEN + "\n".join(parts)


def members(prefix: str, kind: type) -> Iterator[str]:
    """The class's own text, and that of each public method and property, in the order of the file."""
    yield f"{text_of(kind)}\n"
    for name, member in vars(kind).items():
        if not name.startswith("_") and isinstance(member, (FunctionType, property, cached_property)):
            yield entry(f"{prefix}.{name}", member)


def entry(name: str, thing: Any) -> str:
    """A heading, how a function is called, and its docstring."""
    call = ""
    if isinstance(thing, FunctionType):
        signature = inspect.signature(thing)
        parameters = [p for p in signature.parameters.values() if p.name != "self"]
        bare = [p.replace(annotation=p.empty) for p in parameters]
        arguments = str(signature.replace(parameters=bare, return_annotation=signature.empty))
        call = f"```text\n{fill(name + arguments, 90, subsequent_indent='    ')}\n```\n\n"
    return f"### {name}\n\n{call}{text_of(thing)}\n"


def text_of(thing: Any) -> str:
    """A docstring as Markdown: its lists of arguments and errors as lists."""
    text = inspect.getdoc(thing) or ""
    text = LISTS.sub(lambda match: f"{match[1]}:\n\n{listed(match[2])}\n", text + "\n")
    return re.sub(r"\n{3,}", "\n\n", FIELD.sub("- ", text)).strip()


def listed(text: str) -> str:
    """An entry of Args or Raises in a line."""
    return ENTRY.sub(lambda m: f"- `{m[1]}`: {' '.join(m[2].split())}", text)


PAGES = {"knobs.md": knobs_page, "api.md": api_page}

if __name__ == "__main__":
    for file, page in PAGES.items():
        (DOCS / file).write_text(page(), encoding="utf-8")
