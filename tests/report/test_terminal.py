"""The printed answer: what it says, in 80 columns."""

import io
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from nnexp.claims.sweep_verdicts import results_of
from nnexp.data import Sizes, judged
from nnexp.errors import UserError
from nnexp.report.build import answer_of
from nnexp.report.terminal import summary
from nnexp.results.tables import make_tables
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.store.record import Record
from tests.results.sweeps import make_plan, make_record, make_records

ACCURACIES = [[0.94, 0.96, 0.95], [0.951, 0.953, 0.961], [0.80, 0.81, 0.814]]


def printed(plan: Plan, records: dict[str, Record], width: int = 80, metrics: Sequence[str] = ()) -> str:
    results = results_of(plan, make_tables(plan, records, {}), [], ".")
    file = io.StringIO()
    Console(file=file, width=width).print(summary(answer_of(results, metrics), "nnexp summary known/ID"))
    output = file.getvalue()
    assert max(map(len, output.splitlines())) <= width
    return output


def row(output: str, start: str) -> list[str]:
    """The cells of the row that begins with a value."""
    return next(line.split() for line in output.splitlines() if line.split()[:1] == [start])


@pytest.fixture
def plan() -> Plan:
    return make_plan({"batch_size": [1, 10, 1000]}, seeds=3)


def test_header_says_question_data_and_what_the_error_bars_are(plan: Plan) -> None:
    output = printed(plan, make_records(plan, ACCURACIES))
    assert output.splitlines()[:3] == [
        "What does the known sweep show?",
        "Data: digits. Validation accuracy after the last epoch, in %.",
        "Mean ± 95 % interval (Student's t over 3 seeds).",
    ]


def test_a_row_has_mean_interval_n_and_difference(plan: Plan) -> None:
    """Of .94 .96 .95 the mean is .95, the sd .01 and the half width 4.302653 * .01 / sqrt(3) = .024841.

    .951 .953 .961 are .011 -.007 .011 better: on average .005, sd .0103923, half width .025816.
    """
    output = printed(plan, make_records(plan, ACCURACIES))
    assert row(output, "1") == [
        "1",
        "95.00",
        "±",
        "2.48",
        "3",
        "baseline",
        "-3.08",
        "to",
        "+2.08",
        "0.1",
        "~",
    ]
    assert row(output, "10")[4:8] == ["3", "+0.50", "±", "2.58"]


def test_a_row_has_hsus_interval_to_the_best(plan: Plan) -> None:
    """Of .011 -.007 .011, mean .005, the one-sided half width is t(.05 / 2, 2) .0103923 / sqrt(3) = .0258,
    so 10 is -2.08 to 3.08 points above 1, and 1 so much below it. 10 is .151 .143 .147 above 1000: mean .147,
    sd .004, half width .009937. 1 is .142 above it, sd .0072111: .142 + .017913 is the farther limit."""
    output = printed(plan, make_records(plan, ACCURACIES))
    assert row(output, "10")[-5:] == ["-2.08", "to", "+3.08", "0.1", "*best"]
    assert row(output, "1000")[-4:] == ["-15.99", "to", "0", "0.1"]


def test_columns_without_room_are_named_with_what_shows_them(plan: Plan) -> None:
    """All of them take so many characters as the line says: there it is gone, one less and it is there."""
    records = make_records(plan, ACCURACIES)
    narrow = " ".join(printed(plan, records, width=66).split())
    (told,) = re.findall(
        r"Without room here: (.*)\. A terminal (\d+) characters wide shows all, and so does: (.*) Best",
        narrow,
    )
    assert told[0] == "to the best in points, training cost, s/epoch"
    assert told[2] == "nnexp summary known/ID | less -S"
    assert "Without room" not in printed(plan, records, width=int(told[1]))
    almost = printed(plan, records, width=int(told[1]) - 1)
    assert "Without room here: training cost. " in almost
    assert "s/epoch" in almost


def test_best_and_like_it_are_marked_and_the_test_accuracy_stands_once(plan: Plan) -> None:
    output = printed(plan, make_records(plan, ACCURACIES))
    assert row(output, "10")[-1] == "*best"
    assert row(output, "1")[-1] == "~"
    assert row(output, "1000")[-1] == "0.1"  # worse: no mark
    words = " ".join(output.split())
    assert (
        "With 95 % confidence the best point is among * and ~ (paired t-tests, Bonferroni over 2)." in words
    )
    assert "Best on validation: batch_size=10. Its test accuracy: 93.50 ± 1.31 % over seeds (n = 3)" in words
    assert output.count("est accuracy") == 1


def test_the_test_accuracy_says_what_its_interval_holds(plan: Plan) -> None:
    """.931 .933 .941: variance .000028 / 3 over seeds, .935 * .065 / 297 of the examples, sd .0146; by
    2 * (.000214 / .00000933)^2 = 1050 degrees of freedom t is 1.9622. Of 1,188: .00778, t(84) = 1.9886."""
    words = " ".join(printed(plan, make_records(plan, ACCURACIES)).split())
    assert "± 1.31 % over seeds (n = 3), 93.50 ± 2.87 % with the sampling of the 297 test examples." in words
    own = make_plan({"batch_size": [1, 10, 1000]}, seeds=3, data="file", images=1188)
    words = " ".join(printed(own, make_records(own, ACCURACIES)).split())
    assert "93.50 ± 1.55 % with the sampling of the 1,188 test examples." in words
    gate = make_plan({"batch_size": [1, 10, 1000]}, seeds=3, data="nand")
    assert "± 1.31 % (n = 3)." in printed(gate, make_records(gate, ACCURACIES))  # there are no others


def test_points_that_are_no_better_than_chance_are_named(plan: Plan) -> None:
    """Of the 300 validation examples of digits, 39 are of one class; one in 1,000 guesses has 15.4 %."""
    words = " ".join(printed(plan, make_records(plan, [[0.13] * 3, [0.9, 0.91, 0.92], [0.15] * 3])).split())
    assert "Best on validation: batch_size=10. Its" in words
    chance = "No better than chance (15.37 %: one class for all, or guesses)"
    assert f"{chance}: batch_size=1; batch_size=1000." in words
    nothing = " ".join(printed(plan, make_records(plan, [[0.13] * 3, [0.12] * 3, [0.15] * 3])).split())
    assert "on validation (no better than chance): batch_size=1000. Its" in nothing
    learnt = printed(plan, make_records(plan, [[0.16] * 3, [0.9, 0.91, 0.92], [0.15, 0.15, 0.16]]))
    assert "chance" not in learnt


def test_a_point_at_chance_is_the_highest_where_it_is() -> None:
    """87 % are of one class; one run of the other point has learnt more than that, in the mean none has."""
    own = make_plan({"learning_rate": [0.1, 1.0]}, seeds=3, data="own.npz", images=200)
    own = replace(own, sizes={judged(own.runs[0].data): Sizes(200, 200, 3, 174)})
    words = " ".join(printed(own, make_records(own, [[0.86, 0.87, 0.865], [0.9, 0.86, 0.8]])).split())
    assert (
        "Highest on validation (not told from any other point, no better than chance): learning_rate=0.1."
        in words
    )


def test_a_point_where_nobody_learns_is_not_preferred_to_one_where_some_are_stuck() -> None:
    """NAND's constant answer is right 3 times of 4."""
    gate = make_plan({"learning_rate": [0.1, 1.0]}, seeds=4, data="nand")
    words = " ".join(
        printed(gate, make_records(gate, [[0.0, 0.25, 0.25, 0.75], [0.75, 0.75, 0.75, 1.0]])).split()
    )
    assert "Highest on validation, of runs that learn: learning_rate=1.0, though 3 of 4 runs stuck" in words


def test_points_that_lack_seeds_are_no_candidates_for_the_best(plan: Plan) -> None:
    """Two points are tested, one against the other: t(.05, 2) = 2.92 for 3 seeds, t(.05, 5) = 2.0150 for 6;
    their difference has the sd .0103923 (and a grain of .001): 2.92 * .0104 / sqrt(3) = .0175."""
    known = [ACCURACIES[0], ACCURACIES[1], [None, 0.99, 0.99]]
    output = printed(plan, make_records(plan, known))
    assert row(output, "1000")[-4:] == ["not", "compared", "1", "failed"]
    words = " ".join(output.split())
    assert "Highest on validation (not told from any that it was compared with): batch_size=10." in words
    assert "With 3 seeds a typical point is told from it at 1.75 points, with 6 at 0.86." in words
    assert "No point is told from the best: any may be it (paired t-tests, Bonferroni over 1)." in words
    assert "Not compared: points that have fewer than 3 seeds in common with others." in words


def test_who_asks_for_test_figures_at_every_point_is_warned(plan: Plan) -> None:
    records = make_records(plan, ACCURACIES)
    warning = "a point that is chosen by them is not tested"
    assert warning in " ".join(printed(plan, records, metrics=["test_accuracy"]).split())
    assert warning not in " ".join(printed(plan, records, metrics=["final_training_accuracy"]).split())


def test_the_table_says_how_far_apart_points_must_be_to_be_told_apart(plan: Plan) -> None:
    """t(.05 / 2, 2) = 4.3027 for 3 seeds, t(.05 / 2, 5) = 2.5706 for 6, at an sd of .0103923 and of .004 to
    10: the median of 2.58 and .99 points is 1.79, that of the sd makes .76. A grain of .001 is in them."""
    output = " ".join(printed(plan, make_records(plan, ACCURACIES)).split())
    assert "With 3 seeds a typical point is told from it at 1.79 points, with 6 at 0.76." in output


def test_below_three_seeds_there_is_no_interval_and_the_header_says_why() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=2)
    output = printed(plan, make_records(plan, [[0.9, 0.91], [0.8, 0.81]]))
    assert "Mean over 2 seeds, without an interval: that needs 3 seeds." in output
    assert "±" not in output
    assert "~" not in output
    assert row(output, "1")[:3] == ["1", "90.50", "2"]
    assert row(output, "10")[3] == "-10.00"


def test_points_with_failed_or_diverged_runs_are_marked(plan: Plan) -> None:
    records = make_records(plan, [[None, 0.94, 0.95], [0.951, 0.953, 0.961], [None] * 3])
    records[plan.runs[4].run_id] = make_record(plan.runs[4], 0.2, "diverged")
    output = printed(plan, records)
    assert row(output, "1")[-2:] == ["1", "failed"]
    assert row(output, "10")[-2:] == ["1", "diverged"]
    assert row(output, "1000")[1:3] == ["-", "0"]
    assert row(output, "1000")[-2:] == ["3", "failed"]
    assert "1 diverged, 4 failed: means are over finished runs only" in output


def test_nothing_is_said_of_failures_where_there_are_none(plan: Plan) -> None:
    output = printed(plan, make_records(plan, ACCURACIES))
    assert not any(word in output for word in ("failed", "diverged", "groups", "have ended"))


def test_a_point_short_of_seeds_stands_without_interval(plan: Plan) -> None:
    output = printed(plan, make_records(plan, [[None, None, 0.99], *ACCURACIES[1:]]))
    assert "(Student's t over 1 to 3 seeds; none where fewer than 3)" in output
    assert row(output, "1")[:3] == ["1", "99.00", "1"]
    assert row(output, "10")[-1] == "*best"


@pytest.mark.parametrize(
    ("status", "why"), [("failed", "9 failed"), ("diverged", "9 diverged"), ("killed", "9 failed")]
)
def test_without_a_finished_run_there_is_no_answer(plan: Plan, status: str, why: str) -> None:
    accuracy = 0.1 if status == "diverged" else None
    records = {run.run_id: make_record(run, accuracy, status) for run in plan.runs}
    assert f"No run finished ({why}), so there is no answer." in printed(plan, records)


def test_before_any_run_has_ended_there_is_no_answer(plan: Plan) -> None:
    assert "No run has ended yet, so there is no answer." in printed(plan, {})


def test_a_half_finished_sweep_says_what_it_rests_on(plan: Plan) -> None:
    records = make_records(plan, ACCURACIES)
    del records[plan.runs[-1].run_id]
    output = printed(plan, records)
    line = "8 of 9 runs have ended, and 2 of 3 points have all of their seeds: no point is chosen yet."
    assert line in " ".join(output.split())
    assert "*best" not in output
    assert "test" not in output.lower()


def test_stuck_runs_are_told_apart_and_means_are_over_the_others(plan: Plan) -> None:
    """Of 3 runs the share of 1 is 0.84 to 90.57 % (Clopper and Pearson)."""
    output = printed(plan, make_records(plan, [[0.97, 0.1, 0.98], *ACCURACIES[1:]]))
    assert row(output, "1")[:3] == ["1", "97.50", "2"]
    assert " ".join(row(output, "1")[-10:]) == "not compared 1 of 3 stuck (0.84 to 91 %)"
    assert row(output, "10")[-1] == "*best"  # two runs that learnt are too few for a star
    assert "Stuck runs did not learn" in output


def test_a_best_point_with_stuck_runs_says_so() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=5)
    accuracies = [[0.97, 0.1, 0.98, 0.97, 0.971], [0.8, 0.81, 0.8, 0.803, 0.807]]
    output = " ".join(printed(plan, make_records(plan, accuracies)).split())
    assert "Best on validation, of runs that learn: batch_size=1, though 1 of 5 runs stuck" in output
    assert "*best, but 1 of 5 stuck" in output
    assert "With 95 % confidence * is the best point of runs that learn (" in output


def test_of_points_that_may_be_the_best_the_star_is_one_without_stuck_runs() -> None:
    plan = make_plan({"batch_size": [1, 10, 20]}, seeds=5)
    close = [0.966, 0.969, 0.975, 0.967, 0.973]
    accuracies = [[0.97, 0.1, 0.972, 0.97, 0.971], close, [0.8, 0.81, 0.8, 0.803, 0.807]]
    output = printed(plan, make_records(plan, accuracies))
    assert row(output, "10")[-1] == "*best"
    assert "~" in row(output, "1")
    assert "Best without stuck runs on validation: batch_size=10." in " ".join(output.split())


def test_where_no_other_point_may_be_the_best_the_star_alone_is_it() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=3)
    output = " ".join(printed(plan, make_records(plan, ACCURACIES[1:])).split())
    assert "With 95 % confidence * is the best point (paired t-tests, Bonferroni over 1)." in output


def test_where_all_runs_of_a_point_fail_to_learn_their_mean_stands(plan: Plan) -> None:
    output = printed(plan, make_records(plan, [[0.1, 0.11, 0.09], *ACCURACIES[1:]]))
    assert row(output, "1")[1:5] == ["10.00", "±", "2.48", "3"]
    assert "stuck" not in output


def test_no_interval_of_an_accuracy_leaves_what_can_be(plan: Plan) -> None:
    """.99 .9 .72: mean .87, sd .1375, half width .3415: 52.85 to 121.15 %."""
    output = printed(plan, make_records(plan, [[0.99, 0.9, 0.72], *ACCURACIES[1:]]))
    assert "87.00 (52.85 to 100.00)" in output
    assert "(Student's t over 3 seeds, cut at 0 and 100 %)." in output
    assert "cut" not in printed(plan, make_records(plan, ACCURACIES))


def test_values_are_exact_and_only_axes_that_vary_are_columns() -> None:
    plan = make_plan({"learning_rate": [2.5e-05, 0.1234567], "classes": [None, (0, 1)]}, seeds=3)
    output = printed(plan, make_records(plan, np.full((4, 3), 0.9)))
    assert row(output, "2.5e-05")[1] == "null"
    assert row(output, "0.1234567")[1] == "null"
    assert "[0,1]" in output
    assert "batch_size" not in output


def test_kept_best_networks_are_compared_at_their_best_epoch() -> None:
    plan = make_plan({"batch_size": [1, 10]}, seeds=3, keep="best")
    records = {
        run_id: replace(record, metrics=record.metrics | {"best_validation_accuracy": 0.5})
        for run_id, record in make_records(plan, [[0.9] * 3] * 2).items()
    }
    output = printed(plan, records)
    assert "Validation accuracy at the best epoch" in output
    assert row(output, "1")[1:4] == ["50.00", "±", "0.00"]


def test_shared_seconds_are_marked(plan: Plan) -> None:
    records = make_records(plan, ACCURACIES)
    assert "(shared)" not in printed(plan, records)
    shared = {k: replace(r, timings=r.timings | {"shared_by": 3}) for k, r in records.items()}
    assert "(shared)" in printed(plan, shared)


def test_many_axes_still_fit_and_a_wide_terminal_shows_more() -> None:
    axes = {"learning_rate": [0.5, 0.1], "batch_size": [10, 20], "hidden_size": [30], "lambda_l2": [0, 5]}
    plan = make_plan(axes, seeds=3)
    records = make_records(plan, np.random.default_rng(0).normal(0.9, 0.01, (8, 3)))
    narrow, wide = printed(plan, records), printed(plan, records, width=120)
    assert "s/epoch" not in narrow.partition("Without room here: ")[0]
    assert "s/epoch" in wide
    figures = narrow.partition("Highest on")[0].splitlines()
    assert len([line for line in figures if "±" in line and "accuracy" not in line]) == 9


def test_a_plan_without_axes_gives_one_row_and_no_choice() -> None:
    plan = make_plan({}, seeds=3)
    output = printed(plan, make_records(plan, [[0.9, 0.91, 0.92]]))
    assert "Test accuracy: 89.00 ± 2.48 % over seeds (n = 3)" in output
    assert not any(word in output for word in ("best", "baseline", "difference"))


def test_brackets_in_a_question_are_printed(plan: Plan) -> None:
    output = printed(replace(plan, question="What does [bold]\n size do?"), make_records(plan, ACCURACIES))
    assert output.startswith("What does [bold] size do?")


def test_a_large_sweep_shows_its_best_points_in_plan_order() -> None:
    plan = make_plan({"batch_size": range(1, 131)}, seeds=1)
    output = printed(plan, make_records(plan, [[1 - 0.001 * abs(k - 99)] for k in range(130)]))
    rows = [line.split()[0] for line in output.splitlines() if "0.333" in line]
    assert rows == [str(size) for size in range(31, 131)]
    assert row(output, "100")[-1] == "highest"
    assert "30 more points, lower in accuracy, are in summary.csv." in output


def test_a_part_of_the_training_set_is_named(plan: Plan) -> None:
    small = make_plan({"batch_size": [1, 10, 1000]}, seeds=3, train_size=1000)
    assert "Data: digits, train_size=1000." in printed(small, make_records(small, ACCURACIES))
    assert "train_size" not in printed(plan, make_records(plan, ACCURACIES))


def test_the_best_point_has_a_row_where_many_unfinished_points_are_higher() -> None:
    plan = make_plan({"batch_size": range(1, 121)}, seeds=2)
    output = printed(plan, make_records(plan, [[0.9, 0.9], *[[0.95, None]] * 119]))
    assert row(output, "1")[-1] == "highest"


def reaching(epochs: Sequence[Sequence[int | None]]) -> tuple[Plan, dict[str, Record]]:
    """A sweep with the target 0.9, which `[point][seed]` reaches at an epoch, 0.1 s each, or never."""
    plan = replace(make_plan({"batch_size": range(1, len(epochs) + 1)}, seeds=len(epochs[0])), target=0.9)
    records = {}
    for run, reached in zip(plan.runs, [epoch for row in epochs for epoch in row], strict=True):
        record = make_record(run, 0.9, epochs=5)
        curve = [0.9 if reached and epoch >= reached else 0.5 for epoch in range(1, 6)]
        records[run.run_id] = replace(record, history=record.history | {"validation_accuracy": curve})
    return plan, records


def test_epochs_and_seconds_to_the_target_stand_in_the_table_where_it_is_stated(plan: Plan) -> None:
    """Of 1, 2 and 3 epochs the mean is 2, the sd 1 and the half width 4.302653 / sqrt(3) = 2.484."""
    output = printed(*reaching([[1, 2, 3], [4, None, 4]]), width=120)
    assert row(output, "1")[-9:-3] == ["2", "±", "2.5", "0.2", "±", "0.25"]
    assert row(output, "2")[-9:-3] == ["2", "of", "3"] * 2
    assert "to 90 %" in output
    assert "Where not all runs reached 90 %, the table says how many did." in output
    assert "to 90 %" not in printed(plan, make_records(plan, ACCURACIES))


def test_a_narrow_terminal_gives_up_seconds_before_epochs_to_the_target() -> None:
    output = printed(*reaching([[1, 2, 3], [3, 4, 5]]), width=66)
    shown = output.partition("Without room here: ")[0]
    assert ("epochs" in shown, "seconds" in shown) == (True, False)


def test_a_figure_that_is_asked_for_has_a_column(plan: Plan) -> None:
    output = printed(plan, make_records(plan, ACCURACIES), metrics=["best_epoch", "test_accuracy"])
    assert row(output, "1")[-7:] == ["2", "±", "0", "93.00", "±", "2.48", "~"]
    with pytest.raises(UserError, match="unknown metric 'test_acuracy'; did you mean 'test_accuracy'"):
        printed(plan, make_records(plan, ACCURACIES), metrics=["test_acuracy"])
