"""Where seeds go on until decided, the answer says how that ended, and what its error rate is for."""

from collections.abc import Sequence
from dataclasses import replace

from nnexp.claims.sweep_verdicts import results_of
from nnexp.plots import sweep_pictures
from nnexp.report.adaptive import intervals_of
from nnexp.report.build import answer_of
from nnexp.results.tables import make_tables
from tests.results.judged import at
from tests.results.sweeps import make_plan, make_records, with_seeds

HIGH, LOW = [0.95 + 0.001 * (k % 3) for k in range(12)], [0.5 + 0.001 * (k % 5) for k in range(12)]
ABOVE = {"id": "A", "text": "1 beats 10.", "check": {"left": at(1), "rel": ">", "right": at(10)}}


def told(*accuracies: Sequence[float], until: bool = True) -> str:
    """The explanations of a sweep of 12 seeds, with the claim that its first point is the higher one."""
    plan = make_plan({"batch_size": [1, 10, 100][: len(accuracies)]}, seeds=12)
    plan = replace(with_seeds(plan, [12] * len(accuracies)) if until else plan, claims=(ABOVE,))
    results = results_of(plan, make_tables(plan, make_records(plan, accuracies), {}), [], ".")
    return " ".join(line.text for line in answer_of(results).explanations)


def test_an_adaptive_answer_says_that_all_is_decided_and_for_which_runs() -> None:
    words = told(HIGH, LOW)
    assert "Decided with 12 seeds of at most 40." in words
    assert "55 % where one run in ten is stuck" in words


def test_an_adaptive_answer_names_what_is_open() -> None:
    words = told(HIGH, HIGH[::-1], LOW)
    best = "which is the best of batch_size=1, batch_size=10"
    assert f"Not decided with 12 seeds of at most 40: A; {best}." in words


def test_points_with_stuck_runs_are_not_compared_and_the_answer_says_so() -> None:
    words = told([*HIGH[:11], 0.5], LOW, HIGH[::-1])
    assert "With 95 % confidence * is the best point without stuck runs" in words
    assert "Not compared: points that have stuck runs, or fewer" in words
    assert "batch_size=100. More seeds do not decide what stuck runs leave open." in words


def test_a_fixed_number_of_seeds_has_no_such_lines() -> None:
    assert "ecided" not in told(HIGH, LOW, until=False)


def test_means_of_an_adaptive_sweep_have_intervals_that_hold_at_all_looks() -> None:
    plan = with_seeds(make_plan({"batch_size": [1, 10]}, seeds=12), [12, 12])
    for each, rule in (
        (plan, "a t that holds at all looks, over"),
        (replace(plan, until=None), "Student's t over"),
    ):
        results = results_of(each, make_tables(each, make_records(each, [HIGH, LOW]), {}), [], ".")
        assert answer_of(results).heading[1] == f"Mean ± 95 % interval ({rule} 12 seeds)."
        notes = sweep_pictures(each, *results.tables[:2])["accuracy_by_batch_size"]().get_supxlabel()
        assert ("interval for all looks" in notes.replace("\n", " ")) == (each is plan)


def test_intervals_of_adaptive_verdicts_are_not_called_those_of_one_look() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=12)
    assert intervals_of(plan) == "95 % intervals"
    assert "for all looks" in intervals_of(with_seeds(plan, [12, 12]))
