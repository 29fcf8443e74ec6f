"""The answer of a sweep in Markdown: what its page in MLflow says."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd
from rich.text import Text

from nnexp.data import DataSpec
from nnexp.nn import Hyperparameters
from nnexp.report import terminal
from nnexp.report.effects import told_effect
from nnexp.report.responsive_table import Fitting
from nnexp.results.write_csv import Tables
from nnexp.sweep.question.plan import Plan, Run
from nnexp.text import spelled

MOST_CHARACTERS = 7500  # MLflow keeps 8,000 of a tag
CUT = "\n\n{left} more points are in summary.csv."


def description(plan: Plan, tables: Tables, verdicts: pd.DataFrame, notes: Iterable[str]) -> str:
    """Question, best point and verdicts, which MLflow shows at once; below them table, notes, commands."""
    _, *parts = terminal.answer(plan, tables.summary, tables.runs).renderables  # without the question
    texts = [part for part in parts if isinstance(part, Text) and part.plain.strip()]
    told = [" ".join(text.plain.split()) for text in texts]
    bold = [line for line, text in zip(told, texts, strict=True) if text.style == "bold"]
    heading, *closing = [line for line in told if line not in bold] or [""]
    question = [" ".join(plan.question.split())] if plan.question else []
    top = "\n\n".join([*question, *(f"**{line}**" for line in bold), *_verdicts(verdicts)])
    bottom = "\n\n".join([*closing, *notes, *_how(plan)])
    room = MOST_CHARACTERS - len(top + heading + bottom) - 6  # the empty lines between
    rows = [_table(part.rows, part.marks, room) for part in parts if isinstance(part, Fitting)]
    return "\n\n".join(part for part in (top, heading, *rows, bottom) if part)[:MOST_CHARACTERS]


def _verdicts(verdicts: pd.DataFrame) -> list[str]:
    """A list of the claims as one block of Markdown; nothing without claims."""
    lines = []
    for row in verdicts.to_dict("records"):
        line = f"- **{row['verdict']}** {row['id']}: {' '.join(row['text'].split())}"
        told = "; ".join(part for part in (told_effect(row), row["note"]) if isinstance(part, str) and part)
        lines.append(f"{line} ({told})" if told else line)
    return ["\n".join(lines)] if lines else []


def _how(plan: Plan) -> list[str]:
    """What was not at its default, and the commands that print this page or go on."""
    usual = Run("", Hyperparameters(), DataSpec(), 0).settings
    changed = {k: v for k, v in plan.runs[0].settings.items() if k == "data" or v != usual[k]}
    held = " ".join(f"{k}={spelled(v)}" for k, v in changed.items() if k not in (*plan.axes, "seed"))
    name = f"{plan.name}/{plan.sweep_id}"
    commands = f"`nnexp summary {name}` prints this, `nnexp retry {name}` trains what is missing."
    return [f"Held fixed: `{held}`, the rest at its default.", commands] if held else [commands]


def _table(rows: Sequence[Mapping[str, str]], marks: Sequence[Sequence[Text]], room: int) -> str:
    """The rows as a Markdown table of at most `room` characters; how many are left out is told below it."""
    headers = [" ".join(header.split()) for header in rows[0]]
    lines = [_line([*headers, ""]), f"|{'---|' * (len(headers) + 1)}"]
    lines += [
        _line([*cells.values(), " ".join(mark.plain for mark in marked)])
        for cells, marked in zip(rows, marks, strict=True)
    ]
    if len(table := "\n".join(lines)) <= room:
        return table
    kept = table[: max(0, room - len(CUT) - 9)].splitlines()[:-1]
    return "\n".join(kept) + CUT.format(left=len(lines) - len(kept))


def _line(cells: Iterable[str]) -> str:
    """A row; MLflow shows tables without any space between the cells."""
    return f"| {' &ensp;| '.join(cell.replace('*', '').replace('|', ' ') for cell in cells)} |"
