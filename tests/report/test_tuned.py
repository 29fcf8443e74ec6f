"""What the answer of a tuned sweep says of its trials, and what the page of trials says."""

import io
from typing import Any

import pytest
from rich.console import Console

from nnexp.claims.sweep_verdicts import results_of
from nnexp.report import markdown, terminal
from nnexp.report.build import answer_of
from nnexp.results.tables import Results, make_tables
from tests.results.sweeps import make_record, make_records
from tests.results.tuned import RATES, plan_of, results, trials, tuned

# Rates of 4 settings, in this order: 1.323, 0.04185, 7.442, 0.2353.
RATE = RATES | {"seeds": 2}
# Of 4 settings at 2 points, one setting after the other, each with 2 seeds; the last two are at chance.
TRIED = [[0.5, 0.7], [0.3, 0.3], [0.8, 0.9], [0.6, 0.6], [0.4, 0.4], [0.9, 0.9], [0.7, 0.7], [0.1, 0.1]]
FRESH = [[0.84, 0.85, 0.86], [0.91, 0.92, 0.92]]


def known(here: bool = True, **parts: Any) -> Results:
    question = tuned(nuisance=RATE | parts)
    return results(question, trials(question, TRIED), FRESH, here)


def of_trials(accuracies: list[list[float]] = TRIED, **parts: Any) -> Results:
    plan = plan_of(tuned(**(parts or {"nuisance": RATE})))
    return results_of(plan, make_tables(plan, make_records(plan, accuracies), {}), [], ".")


def at_borders(fresh: list[list[float]] = FRESH, **search: Any) -> Results:
    """10 settings at each of 2 points: the best of one is 0.01765, near the low end, of the other 7.442."""
    tried = [[0.5]] * 20
    tried[2 * 5], tried[2 * 2 + 1] = [0.9], [0.9]
    if search:
        tried = [[0.5]] * 10
        tried[5], tried[2] = [0.9], [0.95]
    question = (
        tuned(search=RATES | {"budget": 10} | search) if search else tuned(nuisance=RATES | {"budget": 10})
    )
    return results(question, trials(question, tried), fresh)


def printed(made: Results) -> str:
    file = io.StringIO()
    Console(file=file, width=200).print(terminal.page(answer_of(made), "nnexp summary known"))
    return file.getvalue()


def test_the_table_has_what_was_chosen_for_each_point_beside_its_axes() -> None:
    table = answer_of(known()).table
    assert table
    assert [column.heading for column in table.columns[:2]] == [("batch_size",), ("chosen", "learning_rate")]
    assert [row.cells[:2] for row in table.rows] == [("1", "0.04185"), ("10", "7.442")]


def test_the_best_point_is_named_with_what_was_chosen_for_it() -> None:
    result = answer_of(known()).result
    assert result
    assert result.text.startswith("Best on validation: batch_size=10 (learning_rate=7.442). Its test")


def test_what_was_tried_and_lost_is_said_in_every_form() -> None:
    answer = answer_of(known())
    said = (
        "4 settings x 2 seeds were tried at each point; 12 % of those runs diverged or stayed at chance. "
        "Each point had this same budget, and its setting was chosen by seeds that judge nothing: the "
        "figures above are of fresh seeds."
    )
    assert said in " ".join(printed(known()).split())
    assert said in markdown.page(answer)


def test_the_tuning_curve_of_each_point_is_a_line() -> None:
    """Of pairs among 30, 40, 60, 80 the best is 40 once in 6, 60 twice, 80 three times."""
    made = known()
    assert made.trials
    assert sorted(made.trials.accuracy[0].round(3)) == [0.4, 0.6, 0.7, 0.85]
    lines = [line.text for line in answer_of(made).explanations]
    (at,) = [k for k, text in enumerate(lines) if text.startswith("Tuning curve")]
    assert lines[at + 1 : at + 3] == [
        "batch_size=1: k=1 60.00 (40.00 to 85.00), k=2 70.00 (60.00 to 85.00), k=4 85.00",
        "batch_size=10: k=1 30.00 (10.00 to 90.00), k=2 60.00 (30.00 to 90.00), k=4 90.00",
    ]


def test_a_value_at_the_border_of_its_range_is_named_with_what_widens_it() -> None:
    warnings = [line for line in answer_of(at_borders()).explanations if line.text.startswith("At the")]
    assert [line.tone for line in warnings] == ["warning"] * 2
    assert [line.text for line in warnings] == [
        "At the high end of the range from 0.01 to 10: learning_rate=7.442 at batch_size=10. A better value "
        "may lie beyond: raise sweep.nuisance.learning_rate.high and run the sweep again.",
        "At the low end of the range from 0.01 to 10: learning_rate=0.01765 at batch_size=1. A better value "
        "may lie beyond: lower sweep.nuisance.learning_rate.low and run the sweep again.",
    ]


def test_where_the_trials_are_not_here_the_settings_stand_alone() -> None:
    made = known(here=False)
    text = printed(made)
    assert f"{made.plan.trials} is not here: how the settings did cannot be said." in text
    assert "4 settings x 2 seeds were tried at each point. Each point" in text
    assert "chosen" in text
    assert "Tuning curve" not in text


def test_a_search_says_that_its_finalists_had_fresh_seeds() -> None:
    question = tuned(search=RATE | {"finalists": 2})
    made = results(question, trials(question, [[0.5, 0.7], [0.8, 0.9], [0.9, 0.9], [0.6, 0.6]]), FRESH)
    text = printed(made)
    assert "4 settings x 2 seeds were tried; none of those runs diverged or stayed at chance." in text
    assert "The 2 finalists were chosen among them by seeds that judge nothing" in text
    assert "chosen" not in text.split("The 2 finalists")[0]
    assert "\nk=1 60.00 (60.00 to 90.00), k=2" in text


def test_only_the_best_finalist_is_looked_at_for_borders() -> None:
    text = printed(at_borders(FRESH[::-1], finalists=2))
    assert "learning_rate=7.442. A better value may lie beyond: raise sweep.search.learning_rate.high" in text
    assert "At the low end" not in text


def test_trials_show_what_they_chose_and_name_no_best() -> None:
    answer = answer_of(of_trials())
    assert answer.table
    assert answer.result
    assert answer.result.text.startswith("4 settings x 2 seeds were tried at each point; 12 % of those runs")
    assert [row.cells[:2] for row in answer.table.rows] == [("1", "0.04185"), ("10", "7.442")]
    assert [100 * row.cells[2].mean for row in answer.table.rows] == pytest.approx([85, 90])  # type: ignore[union-attr]
    assert not any(row.best or row.marks for row in answer.table.rows)
    for page in (printed(of_trials()), markdown.page(answer)):
        assert "Best" not in page
        assert "±" not in page
        assert "ighest on" not in page


def test_the_page_of_a_search_has_its_finalists_best_first() -> None:
    made = of_trials([[0.5, 0.7], [0.8, 0.9], [0.9, 0.9], [0.6, 0.6]], search=RATE | {"finalists": 2})
    table = answer_of(made).table
    assert table
    assert [row.cells[0] for row in table.rows] == ["7.442", "0.04185"]


def test_trials_have_further_columns_as_other_sweeps_have() -> None:
    table = answer_of(of_trials(), ["final_training_cost"]).table
    assert table
    assert table.columns[-1].heading == ("final", "training_cost")
    assert [row.cells[-1].mean for row in table.rows] == pytest.approx([1 / 3] * 2)  # type: ignore[union-attr]


def test_before_all_trials_have_ended_no_setting_is_chosen() -> None:
    plan = plan_of(tuned(nuisance=RATE))
    some = dict(list(make_records(plan, TRIED).items())[:5])
    answer = answer_of(results_of(plan, make_tables(plan, some, {}), [], "."))
    assert answer.table is None
    assert answer.result
    assert answer.result.text == "5 of 16 runs have ended: no setting is chosen yet."


def test_a_point_at_which_no_setting_finished_is_named() -> None:
    plan = plan_of(tuned(nuisance=RATE))
    records = make_records(plan, TRIED)
    for run in plan.runs:
        if run.hyperparameters.batch_size == 10:
            records[run.run_id] = make_record(run, None, "diverged")
    text = printed(results_of(plan, make_tables(plan, records, {}), [], "."))
    assert "None of 4 settings finished at batch_size=10." in text
    assert "50 % of those runs diverged" in text


MOMENTA = {
    "optimizer": ["sgd", "nesterov"],
    "momentum": {"low": 0.1, "high": 0.9, "when": {"optimizer": "nesterov"}},
    "budget": 4,
    "finalists": 2,
}


def test_what_a_setting_has_not_drawn_is_a_dash_with_a_line_that_says_its_value() -> None:
    """Optimizers of the 4 settings: nesterov, sgd, sgd, nesterov."""
    question = tuned(search=MOMENTA)
    made = trials(question, [[0.8], [0.9], [0.1], [0.1]])
    answer = answer_of(results(question, made, FRESH[::-1]))
    for shown in (answer, answer_of(of_trials([[0.8], [0.9], [0.1], [0.1]], search=MOMENTA))):
        assert shown.table
        cells = dict(row.cells[:2] for row in shown.table.rows)
        assert cells["sgd"] == "-"
        assert float(str(cells["nesterov"])) > 0
        lines = [line.text for line in shown.explanations]
        assert "- is what a point has not drawn, and leaves as it was: momentum=0.0." in lines
    assert answer.result
    assert "optimizer=sgd. Its test" in answer.result.text


def test_where_all_is_drawn_no_line_speaks_of_dashes() -> None:
    assert not any(line.text.startswith("- is") for line in answer_of(known()).explanations)
