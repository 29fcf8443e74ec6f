"""`nnexp labbook`: every claim with its verdict, from committed files alone; the page is up to date."""

import csv
import re
import shutil
from pathlib import Path

import pytest

from nnexp import cli, load_sweep
from nnexp.commands.publish import BUDGET
from nnexp.labbook.page import BEGIN, END, totals, with_table
from nnexp.labbook.publish import book_files
from nnexp.labbook.rows import BookRow, make_rows
from nnexp.labbook.sweep_files import read_sweep_files
from nnexp.sweep.question.formulas import Formulas
from tests.commands.conftest import Command, rows
from tests.commands.lab import FILES, ROWS, edit, train

REPOSITORY = Path(__file__).parents[2]
KNOWN = Path(__file__).with_name("book_rows.csv")  # every row of the book and the notes, with its kind
PUBLISHED = Path("sweeps", "published")
FILE = "conf/sweep/tiny.yaml"
RUNS = PUBLISHED / "tiny" / "runs.csv"
PAGE = Path("sweeps", "README.md")
ROWS_FILE = Path("sweeps", "rows.yaml")


@pytest.fixture(scope="module")
def published(trained_lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of both sweeps, published."""
    place = tmp_path_factory.mktemp("published")
    shutil.copytree(trained_lab, place, dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert cli.main(["publish", "tiny", "other"]) == 0
    return place / PUBLISHED


@pytest.fixture
def book(lab: Path, published: Path) -> Path:
    """The lab with both sweeps published, and a page without its table."""
    shutil.copytree(published, PUBLISHED)
    PAGE.write_text(f"# The lab book\n\nA story.\n\n{BEGIN}\n{END}\n\nMore.\n")
    return lab


def row_of(nnexp: Command, name: str) -> str:
    """The line that `nnexp labbook` prints for a row."""
    (line,) = [line for line in nnexp("labbook")[1].splitlines() if line.split()[:1] == [name]]
    return line.rstrip()


def stale(nnexp: Command) -> tuple[list[str], list[str]]:
    """The ids of the rows that are stale, and the reasons."""
    lines = nnexp("labbook")[1].splitlines()
    reasons = [line.removeprefix("stale: ") for line in lines if line.startswith("stale: ")]
    return [line.split()[0] for line in lines if re.search(r"\w, stale ", line)], reasons


def test_before_anything_is_published_every_claim_is_not_run(nnexp: Command, lab: Path) -> None:
    status, shown, _ = nnexp("labbook")
    assert status == 0
    assert [line[0] for line in rows(shown)[1:6]] == ["B3-9", "B3-10", "B3-11", "S0-1", "X0-1"]
    assert all(line[1:3] == ["not", "run"] for line in rows(shown)[1:6])
    assert shown.splitlines()[-1] == "5 rows: 5 not run; 0 stale"


def test_published_verdicts_are_shown_with_their_figures(nnexp: Command, book: Path) -> None:
    shown = nnexp("labbook")[1]
    own = load_sweep("tiny").verdicts.set_index("id").loc["B3-10"]
    effect, low, high = (100 * own[name] for name in ("effect", "effect_low", "effect_high"))
    figures = f"{effect:+.2f} points ({low:+.2f} to {high:+.2f}), wanted > +0.00, n = 3"
    line = row_of(nnexp, "B3-10")
    assert line.split()[1] == own["verdict"]
    assert figures in line
    assert "96.49 %" in line
    assert "as X0-1, B3-9" in row_of(nnexp, "S0-1")
    assert shown.splitlines()[-1].endswith("; 0 stale")


def test_the_table_is_written_between_its_marks(nnexp: Command, book: Path) -> None:
    status, shown, _ = nnexp("labbook", "--write")
    assert (status, shown.startswith(f"{PAGE}: 5 rows: ")) == (0, True)
    text = PAGE.read_text()
    assert text.startswith(f"# The lab book\n\nA story.\n\n{BEGIN}\n")
    assert text.endswith(f"\n{END}\n\nMore.\n")
    (line,) = [line for line in text.splitlines() if line.startswith("| B3-10 |")]
    assert r"| Batches of 10 learn more \| faster. | 96.49 % | " in line
    assert line.endswith("| [tiny](../conf/sweep/tiny.yaml) |")
    assert nnexp("labbook", "--check") == (0, f"{PAGE} is up to date\n", "")
    edit(PAGE, "96.49 %", "96.94 %")
    assert nnexp("labbook", "--check") == (1, f"{PAGE} is out of date: nnexp labbook --write\n", "")


def test_notebooks_are_linked_where_they_are(nnexp: Command, book: Path) -> None:
    Path("sweeps", "tiny.ipynb").write_text("{}")
    nnexp("labbook", "--write")
    assert "[tiny](../conf/sweep/tiny.yaml), [notebook](tiny.ipynb) |" in PAGE.read_text()
    assert "notebook](other" not in PAGE.read_text()


def test_results_of_other_code_are_stale(nnexp: Command, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Formulas, "digest", lambda self, settings: "0" * 64)
    ids, reasons = stale(nnexp)
    assert ids == ["B3-9", "B3-10", "B3-11", "S0-1", "X0-1"]
    assert reasons == [
        f"{name} was trained with other code of the numerical core" for name in ("tiny", "other")
    ]
    nnexp("labbook", "--write")
    assert "; 5 stale.\n" in PAGE.read_text()
    assert "\n**Stale**: tiny was trained with other code of the numerical core.\n" in PAGE.read_text()
    assert PAGE.read_text().count(", **stale** |") == 5


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("epochs: 2", "epochs: 3", "epochs"),
        ("seeds: 3", "seeds: 5", "the seeds"),
        ("50]", "60]", "batch_size"),
    ],
)
def test_results_of_another_sweep_file_are_stale(
    old: str, new: str, what: str, nnexp: Command, book: Path
) -> None:
    edit(FILE, old, new)
    ids, reasons = stale(nnexp)
    assert reasons == [f"tiny: the sweep file has changed {what} since"]
    assert ids == ["B3-9", "B3-10", "B3-11", "S0-1", "X0-1"]  # other's claims take a point, a claim of tiny


def test_another_check_is_judged_by_the_runs_that_are_published(nnexp: Command, book: Path) -> None:
    shutil.rmtree(book / "sweeps" / "tiny")  # their records are nowhere
    assert row_of(nnexp, "B3-11").split()[1] == "reproduced"
    edit(FILE, 'rel: ">", right: 0}', 'rel: "<", right: 0}')
    assert stale(nnexp) == ([], [])
    assert row_of(nnexp, "B3-11").split()[1] == "refuted"


def test_a_claim_that_the_published_runs_cannot_answer_is_not_run(nnexp: Command, book: Path) -> None:
    edit(FILE, "batch_size: [10, 50]", "batch_size: [10, 50, 100]")
    edit(
        FILE,
        "{at_epoch: training_cost, epoch: 1, at: {batch_size: 10}}",
        "{final: penalty, at: {batch_size: 100}}",
    )
    assert row_of(nnexp, "B3-11").split()[1:4] == ["not", "run,", "stale"]
    assert stale(nnexp)[1] == ["tiny: the sweep file has changed the number of points since"]


def test_other_words_for_a_claim_are_shown_and_not_stale(nnexp: Command, book: Path) -> None:
    edit(FILE, "The best accuracy is one.", "It is an accuracy.")
    assert stale(nnexp) == ([], [])
    assert row_of(nnexp, "B3-9").endswith("It is an accuracy.")


def test_a_claim_that_is_new_is_judged_by_the_runs_that_are_published(nnexp: Command, book: Path) -> None:
    edit(FILE, "    - id: B3-9", "    - id: B3-8")
    edit("conf/sweep/other.yaml", "id: B3-9", "id: B3-8")
    assert row_of(nnexp, "B3-8").split()[1] == row_of(nnexp, "S0-1").split()[1] == "reproduced"
    assert stale(nnexp) == ([], [])


def test_a_verdict_is_what_the_published_runs_give_today(nnexp: Command, book: Path) -> None:
    with RUNS.open() as file:
        table = list(csv.DictReader(file))
    for row in table:
        row["best_validation_accuracy"] = "0.25"
    with RUNS.open("w", newline="") as file:
        writer = csv.DictWriter(file, table[0])
        writer.writeheader()
        writer.writerows(table)
    assert row_of(nnexp, "B3-9").split()[1] == "reproduced"
    edit(FILE, "low: 0, high: 1", "low: 0.9, high: 1")
    now = row_of(nnexp, "B3-9")
    assert (now.split()[1], ": 25.00 % (" in now) == ("refuted", True)


def test_results_on_another_data_set_count_only_where_the_file_names_none(nnexp: Command, book: Path) -> None:
    assert stale(nnexp) == ([], [])  # other was trained with data=synthetic, its file leaves it open
    edit(FILE, "  - override /data: synthetic", "  - override /data: mnist")
    assert stale(nnexp)[1] == ["tiny: the sweep file has changed data since"]


@pytest.mark.parametrize("name", ["runs.csv", "sweep.yaml", "history.csv.gz"])
def test_results_that_cannot_be_read_hide_no_others_and_say_what_mends_them(
    name: str, nnexp: Command, book: Path
) -> None:
    file = book / "sweeps" / "published" / "tiny" / name
    whole = file.read_bytes()
    half = whole[: len(whole) // 2]
    file.write_bytes(half if name.endswith(".gz") else half.rpartition(b",")[0])
    status, shown, _ = nnexp("labbook")
    assert status == 0
    assert "X0-1" in shown
    assert f"published/tiny/{name}" in shown
    assert "nnexp publish tiny makes it whole" in shown


def test_a_sweep_whose_results_another_needs_must_be_published(nnexp: Command, book: Path) -> None:
    shutil.rmtree(PUBLISHED / "tiny")
    assert stale(nnexp) == (["X0-1"], ["tiny is not published"])
    assert row_of(nnexp, "S0-1").split()[1:3] == ["not", "run"]


def test_a_claim_of_two_sweeps_holds_if_it_holds_in_both(nnexp: Command, book: Path) -> None:
    edit("conf/sweep/other.yaml", "    - id: X0-1", "    - id: B3-9")
    edit("conf/sweep/other.yaml", "[X0-1, {sweep: tiny, id: B3-9}]", "[B3-9]")
    train("other")
    nnexp("publish", "other")
    line = row_of(nnexp, "B3-9")
    assert line.split()[1] == "reproduced"
    assert "tiny: " in line
    assert "; other: " in line
    edit("conf/sweep/other.yaml", "margin: 0.9", "margin: -0.9")
    train("other")
    nnexp("publish", "other")
    assert row_of(nnexp, "B3-9").split()[1] == row_of(nnexp, "S0-1").split()[1] == "refuted"


def test_an_id_that_is_not_the_books_is_the_sweeps_own(nnexp: Command, lab: Path) -> None:
    edit(FILE, "    - id: B3-11", "    - id: same")
    edit("conf/sweep/other.yaml", "    - id: X0-1", "    - id: same")
    edit("conf/sweep/other.yaml", "[X0-1, {sweep: tiny, id: B3-9}]", "[same, {sweep: tiny, id: same}]")
    shown = nnexp("labbook")[1]
    assert [line for line in shown.splitlines() if line.startswith("tiny: same ")]
    assert [line for line in shown.splitlines() if line.startswith("other: same ")]
    assert "as other: same (not run), tiny: same (not run)" in row_of(nnexp, "S0-1")


def test_ids_are_the_books_only_if_the_rows_file_says_so(nnexp: Command, lab: Path) -> None:
    """A claim that a user calls S0-1 or B3-9 is no row of anybody else's notes."""
    ROWS_FILE.unlink()
    lines = nnexp("labbook")[1].splitlines()
    assert [line.split("  ")[0] for line in lines[1:6]] == [
        *("other: X0-1", "other: S0-1"),
        *("tiny: B3-10", "tiny: B3-9", "tiny: B3-11"),
    ]


def test_rows_that_no_sweep_answers_are_linked_to_what_does(nnexp: Command, book: Path) -> None:
    Path("tests").mkdir()
    Path("tests", "test_it.py").touch()
    ROWS_FILE.write_text(
        ROWS
        + """
  - {id: D1, kind: exact, claim: The split., published: null, where: "tests/test_it.py::test_split"}
  - {id: B1-06, kind: context, claim: An exercise., published: null, where: no figure is printed}
  - {id: S1-4, kind: direction, claim: Both., published: 4, where: "", same_as: [D1, B3-9]}
"""
    )
    nnexp("labbook", "--write")
    text = PAGE.read_text()
    assert "| The split. |  |  | tested | [test](../tests/test_it.py) |" in text
    assert "| An exercise. |  |  | not judged | no figure is printed |" in text
    assert "| Both. | 4 | as D1, B3-9 | reproduced |  |" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("tiny", "labbook takes no names, got 'tiny'"),
        ("--write --check", "labbook takes --write or --check, got both"),
        ("--chek", "unknown option of labbook '--chek'; did you mean '--check'?"),
        ("--write", "sweeps/README.md does not exist"),
    ],
)
def test_a_mistake_is_one_line(words: str, message: str, nnexp: Command, lab: Path) -> None:
    status, shown, error = nnexp("labbook", *words.split())
    assert (status, shown, error.count("\n")) == (2, "", 1)
    assert message in error


def test_a_page_without_its_marks_is_left_alone(nnexp: Command, lab: Path) -> None:
    PAGE.write_text(f"{END}\n{BEGIN}\n")
    status, _, error = nnexp("labbook", "--write")
    assert (status, PAGE.read_text()) == (2, f"{END}\n{BEGIN}\n")
    assert "sweeps/README.md must have one line" in error


@pytest.fixture(scope="module")
def committed() -> list[BookRow]:
    """The rows of the committed lab book."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(REPOSITORY)
        return make_rows(read_sweep_files("sweeps", pytest.fail), "sweeps")


@pytest.mark.slow
def test_the_committed_page_is_up_to_date(committed: list[BookRow], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(REPOSITORY)
    text = PAGE.read_text(encoding="utf-8")
    assert text == with_table(text, committed, PAGE), "nnexp labbook --write brings it up to date"
    assert f"{totals(committed)}." in text
    assert text.count(", **stale** |") == sum(bool(row.stale) for row in committed)
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert "://" in target or PAGE.parent.joinpath(target).exists(), f"a link leads nowhere: {target}"


@pytest.mark.slow
def test_a_test_that_a_row_names_is_there(committed: list[BookRow]) -> None:
    named = [row.where.split("::") for row in committed if "::" in row.where]
    for path, name in named:
        assert f"def {name}(" in (REPOSITORY / path).read_text(encoding="utf-8")


@pytest.mark.slow
def test_no_row_of_the_book_is_missing(committed: list[BookRow]) -> None:
    with KNOWN.open() as file:
        known = [row["id"] for row in csv.DictReader(file)]
    assert len(known) == 109
    assert not set(known) - {row.id for row in committed}


def test_the_committed_book_is_small_and_tells_nothing_of_a_machine() -> None:
    files = book_files(REPOSITORY / "sweeps")
    assert sum(path.stat().st_size for path in files) <= BUDGET
    for path in files:
        if path.suffix in (".yaml", ".csv", ".md"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w./])/(home|root|work|tmp|Users|mnt|opt|var)/", text), path
            assert not re.search(r"\b(host|platform): ", text), path


def test_a_file_of_the_user_s_that_cannot_be_used_is_left_out_by_name(
    nnexp: Command, lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lab / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\nsweep:\n  axis: {epochs: [1, 2]}\n"
    )
    monkeypatch.setattr("nnexp.labbook.sweep_files.choices", lambda _: [*FILES, "mine"])
    status, shown, error = nnexp("labbook")
    assert status == 0
    assert "Batches of 10" in " ".join(shown.split())
    assert error.startswith("nnexp: left out: +sweep=mine: unknown key in sweep: 'axis'")
