"""How values and figures are spelled for people. Imports nothing of ours: every part may use it."""

import re
from datetime import datetime


def spelled(value: object) -> str:
    """A setting as one types it on the command line: `[0,1]` for a list, `null` for none."""
    if isinstance(value, list | tuple):
        return f"[{','.join(spelled(item) for item in value)}]"
    return "null" if value is None else str(value)


def encodable(text: str) -> str:
    """The text as every file and store takes it: a lone surrogate, as of an odd file name, is `\\udcff`."""
    return text.encode(errors="backslashreplace").decode()


def count(n: int, noun: str) -> str:
    """`1 run`, `2 runs`."""
    return f"{n} {noun}" + "s" * (n != 1)


def duration(seconds: float) -> str:
    """About how long, for people: `3 s`, `4 min`, `2.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def percent(fraction: float | int | None) -> str:
    """An accuracy for people: `95.33 %`."""
    return "-" if fraction is None else f"{100 * fraction:.2f} %"


def as_markdown(text: str) -> str:
    """Plain text, in one line, as Markdown: nothing in it is taken for markup or HTML."""
    line = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*\[\]|~]|(?<!\w)_|_(?!\w))", r"\\\1", line)


def from_markdown(text: str) -> str:
    """The text that `as_markdown` has written."""
    plain = re.sub(r"\\([\\`*\[\]|~_])", r"\1", text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def figure(value: float) -> str:
    """A cost in four decimals, `0.1234`; a very large one in three digits, `5.39e+29`."""
    return f"{value:.4f}" if abs(value) < 1e5 else f"{value:.3g}"


def moment(iso: object) -> str:
    """A moment of a plan or record, ISO 8601, in local time: `2026-01-02 13:00`."""
    try:
        return f"{datetime.fromisoformat(str(iso)).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return "?"
