"""What a sweep's page in MLflow says."""

import re
from dataclasses import replace

import pytest

from nnexp.report import markdown
from nnexp.report.answer import Answer, Column, Effect, Figure, Line, Table, TableRow, Verdict

RATE = Effect(0.14, 0.12, 0.16, "accuracy difference", ">", 0.01, 3)
HEADING = ("Data: digits.", "Mean ± 95 % interval.")
ANSWER = Answer(
    name="sizes/ab12cd34",
    question="What does it do?",
    heading=HEADING,
    table=Table(
        (Column(("batch_size",)), Column(("validation", "accuracy"))),
        (
            TableRow(("1", Figure(0.95, 0.9252, 0.9748, "per cent")), (Line("~"),)),
            TableRow(
                ("10", Figure(0.955, 0.9419, 0.9681, "per cent")),
                (Line("*best"), Line("1 of 5 stuck")),
                best=True,
            ),
        ),
    ),
    result=Line("Best on validation: batch_size=10.", "result"),
    explanations=(Line("The best is among * and ~."),),
    verdicts=(Verdict("A", "10 beats 1000.", "reproduced", effect=RATE, note="check 1 of 2"),),
    notes=("Mixed versions.",),
    settings={"data": "digits", "momentum": 0.9},
)


def test_the_answer_stands_first_and_the_table_below() -> None:
    assert markdown.page(ANSWER).split("\n\n") == [
        "What does it do?",
        "**Best on validation: batch_size=10.**",
        "- **reproduced** A: 10 beats 1000. (+14.00 points (+12.00 to +16.00), wanted &gt; +1.00, n = 3; "
        "check 1 of 2)",
        "Data: digits. Mean ± 95 % interval.",
        "| batch_size &ensp;| validation accuracy &ensp;|  |\n|---|---|---|\n"
        r"| 1 &ensp;| 95.00 ± 2.48 &ensp;| \~ |" + "\n"
        r"| 10 &ensp;| 95.50 ± 1.31 &ensp;| \*best 1 of 5 stuck |",
        r"The best is among \* and \~.",
        "Mixed versions.",
        "Held fixed: `data=digits momentum=0.9`, the rest at its default.",
        "`nnexp summary sizes/ab12cd34` prints this, `nnexp retry sizes/ab12cd34` trains what is missing.",
    ]


def test_a_sweep_that_asks_nothing_begins_with_its_answer() -> None:
    assert markdown.page(replace(ANSWER, question="")).startswith(
        "**Best on validation: batch_size=10.**\n\n-"
    )


def test_a_sweep_without_a_finished_run_says_so() -> None:
    none = Answer(name="n/a", question="Why?", result=Line("No run finished (3 failed).", "problem"))
    assert markdown.page(none).split("\n\n")[:2] == ["Why?", "**No run finished (3 failed).**"]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("<script>alert(1)</script> & more", "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more"),
        ("[a](http://b) `c` *d* _e_ ~~f~~ g|h", r"\[a\](http://b) \`c\` \*d\* \_e\_ \~\~f\~\~ g\|h"),
        ("batch_size=10 is 5 - 3\n\n# no heading", "batch_size=10 is 5 - 3 # no heading"),
    ],
)
def test_texts_of_a_sweep_file_are_never_markup(text: str, escaped: str) -> None:
    answer = replace(ANSWER, question=text, verdicts=(Verdict("A", text, "undecided", note=text),))
    blocks = markdown.page(answer).split("\n\n")
    assert blocks[0] == escaped
    assert blocks[2] == f"- **undecided** A: {escaped} ({escaped})"


@pytest.mark.parametrize("start", ["# a", "- a", "+ a", "1. a", "12) a"])
def test_a_question_is_no_heading_and_no_list(start: str) -> None:
    first = markdown.page(replace(ANSWER, question=start)).split("\n\n")[0]
    assert re.fullmatch(r"\\[-+#] a|\d+\\[.)] a", first)


def test_a_backtick_in_a_setting_does_not_end_the_code() -> None:
    assert "Held fixed: `` data=a`b ``," in markdown.page(replace(ANSWER, settings={"data": "a`b"}))


def test_a_long_table_is_cut_at_a_row_to_what_mlflow_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nnexp.report.markdown.MOST_CHARACTERS", 1500)
    rows = tuple(TableRow((str(k), Figure(0.9, 0.89, 0.91, "per cent"))) for k in range(90))
    page = markdown.page(replace(ANSWER, table=Table((Column(("n",)), Column(("accuracy",))), rows)))
    assert 1400 < len(page) <= 1500
    left = re.search(r"\n\n(\d+) more points are in summary.csv", page)
    assert left is not None
    assert len(re.findall(r"^\| \d", page, re.MULTILINE)) == 90 - int(left[1])
    assert page.endswith("trains what is missing.")
