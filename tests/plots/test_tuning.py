"""The pictures of what was tried: the numbers of the trials, at the places promised, and nothing overlaps."""

from typing import Any

import numpy as np
import pytest

from nnexp import plots
from nnexp.plots import sweep_pictures
from nnexp.results.tables import history_table, runs_table
from nnexp.results.trials import Trials, trials_in
from tests.plots.test_look import check_layout
from tests.plots.test_plots import labels, lines, note
from tests.results.sweeps import make_record, make_records
from tests.results.tuned import RATES, compared, plan_of, trials, tuned

# At 2 points one after the other, of rates 1.323, 0.04185, 7.442, 0.2353.
ACCURACIES = [
    [0.5, 0.7],
    [0.3, 0.3],
    [0.8, 0.9],
    [0.6, 0.6],
    [0.4, 0.4],
    [0.9, 0.9],
    [0.7, 0.7],
    [0.12, 0.12],
]
LISTED = {"activation": ["sigmoid", "tanh"], "learning_rate": RATES["learning_rate"], "budget": 4, "seeds": 2}


def known(**parts: Any) -> Trials:
    return trials(tuned(nuisance=RATES | {"seeds": 2} | parts), ACCURACIES)


def test_a_tuning_curve_has_the_median_and_the_band_of_each_point() -> None:
    axes = plots.tuning_curve(known()).axes[0]
    assert lines(axes, "1").tolist() == [[1, 2, 3, 4], pytest.approx([60, 70, 85, 85])]
    assert labels(axes) == ["1", "10"]
    band = axes.collections[0].get_paths()[0].vertices
    at_one = sorted(set(band[band[:, 0] == 1, 1].round(6)))
    assert at_one == pytest.approx([40, 85])


def test_every_setting_is_a_dot_and_the_best_of_each_part_of_the_range_is_large() -> None:
    """Of 2 parts, below and above 0.316, 85 and 60 % are the best at batch size 1."""
    axes = plots.isolation(known(), "learning_rate").axes[0]
    small = [line for line in axes.lines if line.get_label() == "_setting"]
    assert sorted(np.array(small[0].get_ydata())) == pytest.approx([40, 60, 70, 85])
    assert lines(axes, "1").tolist() == [pytest.approx([0.04185, 1.323]), pytest.approx([85, 60])]
    stars = [line for line in axes.lines if line.get_label() == "_chosen"]
    assert [list(line.get_xdata()) for line in stars] == [[0.04185], [7.442]]
    assert axes.get_xscale() == "log"
    ends = [line.get_xdata()[0] for line in axes.lines if line.get_label() in ("end of the range", "_end")]
    assert ends == [0.01, 10]


def test_the_values_of_a_list_are_side_by_side_without_a_line() -> None:
    made = trials(tuned(nuisance=LISTED), ACCURACIES)
    axes = plots.isolation(made, "activation").axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["sigmoid", "tanh"]
    (large,) = [line for line in axes.lines if line.get_label() == "1"]
    assert large.get_linestyle() == "None"
    assert "Other hyperparameters were drawn along with it" in note(plots.isolation(made, "activation"))


def test_a_setting_that_did_not_finish_is_a_cross() -> None:
    plan = plan_of(tuned(nuisance=RATES | {"seeds": 2}))
    records = make_records(plan, ACCURACIES)
    records[plan.runs[0].run_id] = make_record(plan.runs[0], None, "diverged")
    made = trials_in(plan, runs_table(plan, records, {}))
    axes = plots.isolation(made, "learning_rate").axes[0]
    assert lines(axes, "did not finish")[0].tolist() == [1.323]
    check_layout(plots.isolation(made, "learning_rate"))


def test_of_many_points_eight_are_drawn() -> None:
    question = tuned(nuisance=RATES | {"budget": 2}, sizes=list(range(1, 13)))
    made = trials(question, np.linspace(0.5, 0.9, 24)[:, None])
    for picture in (plots.tuning_curve(made), plots.isolation(made, "learning_rate")):
        names = [name for name in labels(picture.axes[0]) if name.isdigit()]
        assert len(names) == 8
        assert names == sorted(names, key=int)
        assert "8 of 12 points are drawn" in note(picture)
        check_layout(picture)


@pytest.mark.parametrize("search", [False, True])
def test_no_text_overlaps_another_or_the_edge(search: bool) -> None:
    part = LISTED | ({"finalists": 2} if search else {})
    made = trials(tuned(search=part) if search else tuned(nuisance=part), ACCURACIES[: 4 if search else 8])
    for picture in (
        plots.tuning_curve(made),
        *(plots.isolation(made, name) for name in ("activation", "learning_rate")),
    ):
        check_layout(picture)


def test_pictures_of_trials_follow_those_of_the_answer_and_are_all_of_trials_themselves() -> None:
    question = tuned(nuisance=RATES | {"seeds": 2})
    made = known()
    plan = compared(question, made)
    records = make_records(plan, [[0.8, 0.81, 0.82], [0.9, 0.91, 0.92]])
    runs, history = runs_table(plan, records, {}), history_table(plan, records)
    names = list(sweep_pictures(plan, runs, history, made))
    assert names[0] == "accuracy_by_batch_size"
    assert names[-2:] == ["isolation_learning_rate", "tuning_curve"]
    assert set(names) - set(sweep_pictures(plan, runs, history)) == set(names[-2:])
    tried = make_records(made.plan, ACCURACIES)
    frames = runs_table(made.plan, tried, {}), history_table(made.plan, tried)
    assert list(sweep_pictures(made.plan, *frames)) == names[-2:]


def test_ranges_that_differ_by_another_setting_have_lines_of_their_own() -> None:
    """5 settings of sgd and 3 of adam, whose learning rates lie elsewhere."""
    adam = {"low": 0.0001, "high": 0.1, "scale": "log"}
    rates = {"by": "optimizer", "sgd": RATES["learning_rate"], "adam": adam}
    part = {"optimizer": ["sgd", "adam"], "learning_rate": rates, "budget": 8, "finalists": 2}
    made = trials(tuned(search=part), [[value[0]] for value in ACCURACIES])
    axes = plots.isolation(made, "learning_rate").axes[0]
    assert labels(axes)[:2] == ["sgd", "adam"]
    for name in ("sgd", "adam"):
        own = {point["learning_rate"] for point in made.plan.points if point["optimizer"] == name}
        assert set(lines(axes, name)[0]) <= own
    assert axes.get_legend().get_title().get_text() == "optimizer"
    small = [len(line.get_xdata()) for line in axes.lines if line.get_label() == "_setting"]
    assert sum(small) == 8
    check_layout(plots.isolation(made, "learning_rate"))
