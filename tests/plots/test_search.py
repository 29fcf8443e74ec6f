"""The pictures of a search: each setting at its place, with the sign of how it ended; rounds are seen."""

from typing import Any

import numpy as np
import pytest

from nnexp import plots
from nnexp.data import load
from nnexp.plots import sweep_pictures
from nnexp.results.tables import history_table, runs_table
from nnexp.results.trials import AT_CHANCE, LEARNT, LOST, PENDING, PRUNED, Trials, trials_in
from nnexp.statistics import importance
from nnexp.sweep.question.planner import with_points
from nnexp.sweep.question.trials import next_settings
from tests.plots.test_look import check_layout
from tests.plots.test_plots import labels, lines, note
from tests.results.sweeps import make_record, make_records
from tests.results.tuned import compared, plan_of, tuned

SPACE: dict[str, Any] = {
    "optimizer": ["sgd", "nesterov"],
    "learning_rate": {"low": 0.01, "high": 10, "scale": "log"},
    "momentum": {"low": 0.1, "high": 0.9, "when": {"optimizer": "nesterov"}},
}
ACCURACIES = [0.5, 0.9, 0.8, 0.95, 0.1, 0.7, 0.93, 0.96]


def searched(**parts: Any) -> Trials:
    """8 settings in rounds of 4: the third was pruned, the fifth stayed at chance, the sixth diverged."""
    question = tuned(search=SPACE | {"budget": 8, "finalists": 2, "pruner": "median", "together": 4} | parts)
    plan = plan_of(question)
    assert question.tuning
    if question.tuning.together:
        more = next_settings(question.tuning, plan.home, [(point, 0.5) for point in plan.points])
        plan = with_points(plan, [*plan.points, *more], load)
    records = make_records(plan, [[value] for value in ACCURACIES])
    for number, status in ((2, "pruned"), (5, "diverged")):
        run = plan.runs[number]
        records[run.run_id] = make_record(run, ACCURACIES[number] if status == "pruned" else None, status)
    return trials_in(plan, runs_table(plan, records, {}))


def test_how_each_setting_ended_is_known() -> None:
    made = searched()
    expected = [LEARNT, LEARNT, PRUNED, LEARNT, AT_CHANCE, LOST, LEARNT, LEARNT]
    assert made.outcome[0].tolist() == expected
    assert made.reached[0, 2] == 0.8
    assert np.isnan(made.accuracy[0, 2])
    plan = made.plan
    records = make_records(plan, [[value] for value in ACCURACIES])
    del records[plan.runs[0].run_id]
    assert trials_in(plan, runs_table(plan, records, {})).outcome[0].tolist()[0] == PENDING


def test_settings_of_later_rounds_have_the_sizes_of_their_own_data() -> None:
    axes = {"validation_size": {"low": 50, "high": 200}}
    question = tuned(search=axes | {"budget": 8, "finalists": 2, "pruner": "median", "together": 4})
    plan = plan_of(question)
    more = [{"validation_size": size} for size in (77, 123)]
    plan = with_points(plan, [*plan.points, *more], load)
    assert [plan.sizes_at(len(plan.points) - k).validation for k in (2, 1)] == [77, 123]


def test_a_history_has_every_setting_in_order_with_the_best_until_then() -> None:
    figure = plots.search_history(searched())
    axes = figure.axes[0]
    assert lines(axes, "a setting").tolist() == [[1, 2, 4, 7, 8], pytest.approx([50, 90, 95, 93, 96])]
    assert lines(axes, "best until then")[1].tolist() == pytest.approx([50, 90, 90, 95, 95, 95, 95, 96])
    assert lines(axes, "ended by the pruner").tolist() == [[3], [80]]
    assert lines(axes, "stayed at chance").tolist() == [[5], [10]]
    assert lines(axes, "did not finish")[0].tolist() == [6]
    assert lines(axes, "chosen").tolist() == [[8, 4], pytest.approx([96, 95])]
    assert [line.get_xdata()[0] for line in axes.lines if line.get_label() == "a round begins"] == [4.5]
    assert "8 settings by halton in rounds of 4, pruner median" in note(figure)
    check_layout(figure)


def test_what_is_tried_all_at_once_has_no_rounds() -> None:
    made = searched(pruner="none", together=None)
    assert "a round begins" not in labels(plots.search_history(made).axes[0])
    assert "rounds" not in note(plots.search_history(made))


def test_a_line_leads_each_setting_through_its_values() -> None:
    made = searched()
    figure = plots.search_coordinates(made)
    axes = figure.axes[0]
    assert [tick.get_text() for tick in axes.get_xticklabels()][:-1] == list(SPACE)
    heights = np.array([path.vertices[:, 1] for path in axes.collections[0].get_paths()])
    order = sorted(range(8), key=lambda k: (k in made.chosen, np.nan_to_num(made.reached[0, k], nan=-1)))
    rates = [made.plan.points[k]["learning_rate"] for k in order]
    np.testing.assert_allclose(heights[:, 1], np.log10(np.array(rates) / 0.01) / 3)
    drawn = np.array([made.plan.points[k]["optimizer"] == "nesterov" for k in order])
    assert ((heights[:, 2] >= 0) == drawn).all()
    assert "not drawn" in [text.get_text() for text in axes.texts]
    assert (heights[:, -1] < 0).tolist() == [True] + [False] * 7
    widths = axes.collections[0].get_linewidths()
    assert [width > 2 for width in widths] == [False] * 6 + [True] * 2
    check_layout(figure)


def test_importance_needs_settings_enough_and_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importance, "SAMPLES", 5)
    monkeypatch.setattr(importance, "TREES", 20)
    question = tuned(search=SPACE | {"budget": 16, "finalists": 1})
    plan = plan_of(question)
    accuracies = [[0.2 + 0.05 * np.log10(point["learning_rate"] / 0.01)] for point in plan.points]
    records = make_records(plan, accuracies)
    made = trials_in(plan, runs_table(plan, records, {}))
    figure = plots.search_importance(made)
    names = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert sorted(names) == sorted(SPACE)
    assert names[-1] == "learning_rate"
    assert "ranks of 16 settings" in note(figure)
    check_layout(figure)
    del records[plan.runs[0].run_id]
    frames = runs_table(plan, records, {}), history_table(plan, records)
    assert "search_importance" not in sweep_pictures(plan, *frames)


def test_a_search_has_its_pictures_beside_the_answer() -> None:
    made = searched()
    question = tuned(search=SPACE | {"budget": 8, "finalists": 2, "pruner": "median", "together": 4})
    plan = compared(question, made)
    records = make_records(plan, [[0.9, 0.91, 0.92], [0.93, 0.94, 0.95]])
    names = list(sweep_pictures(plan, runs_table(plan, records, {}), history_table(plan, records), made))
    isolations = [f"isolation_{name}" for name in SPACE]
    assert names[-6:] == ["search_history", "search_coordinates", *isolations, "tuning_curve"]
