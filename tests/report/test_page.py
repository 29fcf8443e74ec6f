"""A page of the answer: the table, then the verdicts, then what is odd about the runs."""

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from nnexp.experiment.finishing import page_tags
from nnexp.report.build import answer_of
from nnexp.report.terminal import page
from nnexp.results.tables import Results
from tests.results.judged import at, judged, sweep_of


def printed(results: Results) -> str:
    file = io.StringIO()
    Console(file=file, width=80).print(page(answer_of(results), "nnexp summary known"))
    assert max(map(len, file.getvalue().splitlines())) <= 80
    return file.getvalue()


def test_a_verdict_is_printed_with_the_figures_it_rests_on(tmp_path: Path) -> None:
    """.94 .96 .95 less .80 .81 .814 is .14 .15 .136: mean .142, sd .0072111; with the rounding to images,
    (1/300)^2 / 6, .0073384, half width .018230."""
    lines = printed(judged(sweep_of(tmp_path), tmp_path)).split("Claims: ")[1].splitlines()
    assert lines[0] == "1 reproduced, 1 refuted, 1 undecided; in brackets 95 % intervals"
    assert lines[1].split() == ["reproduced", "A", *["Batches", "of", "1", "beat", "batches", "of", "1000."]]
    told = "+14.20 points (+12.38 to +16.02), wanted > +0.00, n = 3"
    assert told in " ".join(" ".join(lines).split())
    assert (
        "undecided   B    10 beats 1." in lines[[line.startswith("undecided") for line in lines].index(True)]
    )
    assert "seeds would decide it" in " ".join(lines)


def test_a_sweep_without_claims_has_no_list_of_them(tmp_path: Path) -> None:
    assert "Claims" not in printed(judged(sweep_of(tmp_path, ()), tmp_path))


def test_brackets_of_a_sweep_file_are_no_markup(tmp_path: Path) -> None:
    text = "[bold]Batches[/bold] of [link=http://x]1[/link] [/]"
    check = {"left": at(1), "rel": ">", "right": at(1000)}
    claims = ({"id": "A", "text": text, "published": "[b]96[/b]", "check": check},)
    output = " ".join(printed(judged(sweep_of(tmp_path, claims), tmp_path)).split())
    assert f"A {text}" in output
    assert "published: [b]96[/b]" in output


def test_verdicts_are_tags(tmp_path: Path) -> None:
    named = page_tags(judged(sweep_of(tmp_path), tmp_path))
    assert named["nnexp.verdict.A"] == "reproduced"
    assert named["nnexp.verdict.C-d"] == "refuted"
    assert named["mlflow.note.content"].startswith("What does the known sweep show?\n")
    assert "- **undecided** B: 10 beats 1." in named["mlflow.note.content"]
    assert list(page_tags(judged(sweep_of(tmp_path, (), "other"), tmp_path))) == ["mlflow.note.content"]


def test_a_note_on_mixed_versions_stands_below_the_answer(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    odd = sweep.plan.runs[4].run_id
    sweep.records[odd] = replace(sweep.records[odd], environment={"kernel": "Zen"})
    assert "Mixed versions: the runs differ in kernel: None (8 runs), Zen (1 run)." in printed(
        judged(sweep, tmp_path)
    )
