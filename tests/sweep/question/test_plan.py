"""A plan holds every point with every seed, in order, and refuses what cannot be trained."""

from typing import Any

import pytest

from nnexp.data import DataSpec, load
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.plan import Plan
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import SETTINGS, Question
from tests.sweep.samples import plan


def test_points_come_in_axis_order_and_seeds_within_a_point() -> None:
    made = plan({"batch_size": [10, 20], "learning_rate": [0.5, 1]}, seeds=[3, 1])

    varied = [(r.settings["batch_size"], r.settings["learning_rate"], r.settings["seed"]) for r in made.runs]
    assert varied == [(b, lr, s) for b in (10, 20) for lr in (0.5, 1.0) for s in (3, 1)]
    assert [r.point for r in made.runs] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert made.points[3] == {"batch_size": 20, "learning_rate": 1.0}


def test_settings_name_every_knob_once_in_the_csv_order() -> None:
    assert tuple(plan({}).runs[0].settings) == SETTINGS


def test_a_data_knob_can_be_an_axis() -> None:
    made = plan({"data": ["synthetic", "digits"], "train_size": [50, 100]}, seeds=[0])
    assert [(r.data.name, r.data.train_size) for r in made.runs] == [
        ("synthetic", 50),
        ("synthetic", 100),
        ("digits", 50),
        ("digits", 100),
    ]


def test_an_amplitude_may_be_an_axis_of_a_distortion_that_has_none_else() -> None:
    made = plan({"rotation": [5, 10]}, seeds=[0], data=DataSpec(name="synthetic", augment="affine"))
    assert [run.data.rotation for run in made.runs] == [5.0, 10.0]


def test_an_amplitude_of_0_is_the_point_without_distortion() -> None:
    affine = DataSpec(name="synthetic", augment="affine")
    without, with_it = plan({"rotation": [0, 10]}, seeds=[0], data=affine).runs
    assert (without.data.augment, with_it.data.augment) == ("none", "affine")
    assert without.run_id == plan({}, seeds=[0]).runs[0].run_id
    with pytest.raises(UserError, match="must have an amplitude > 0"):
        plan({"learning_rate": [1, 2]}, data=affine)


def planned(question: Question) -> Plan:
    return make_plan(question, Hyperparameters(), DataSpec(name="synthetic"), load)


def test_axes_zip_and_points_are_all_axes_of_the_plan() -> None:
    listed = [{"momentum": 0, "classes": [0, 1]}, {"classes": None, "momentum": 0.9}]
    question = Question("sample", "", {"epochs": [1, 2]}, [0, 1], zip={"batch_size": [5]}, points=listed)
    made = planned(question)
    assert made.axes == ("epochs", "batch_size", "momentum", "classes")
    assert made.points[0] == {"epochs": 1, "batch_size": 5, "momentum": 0.0, "classes": (0, 1)}
    assert made.points[3] == {"epochs": 2, "batch_size": 5, "momentum": 0.9, "classes": None}
    assert len(made.runs) == 8


def test_a_point_that_cannot_be_trained_may_be_excluded() -> None:
    axes = {"optimizer": ["sgd", "adam"], "momentum": [0.0, 0.9]}
    made = planned(Question("sample", "", axes, [0], exclude=[{"optimizer": "adam", "momentum": 0.9}]))
    assert len(made.points) == 3


def test_a_baseline_may_name_a_part_that_does_not_fit_the_base() -> None:
    listed = [{"optimizer": "adam", "momentum": 0.0}, {"optimizer": "sgd", "momentum": 0.9}]
    question = Question("sample", "", {}, [0], {"momentum": 0.9}, points=listed)
    made = make_plan(question, Hyperparameters(optimizer="adam"), DataSpec(name="synthetic"), load)
    assert made.baseline == 1


def test_the_same_points_in_other_words_are_the_same_sweep() -> None:
    ways = [
        Question("sample", "", {"momentum": [0.0, 0.5]}, [0]),
        Question("sample", "", {"momentum": {"low": 0, "high": 0.5, "count": 2}}, [0]),
        Question("sample", "", {}, [0], zip={"momentum": [0, 0.5]}),
        Question("sample", "", {}, [0], points=[{"momentum": 0}, {"momentum": 0.5}]),
        Question("sample", "", {"momentum": [0, 0.2, 0.5]}, [0], exclude=[{"momentum": 0.2}]),
    ]
    assert len({planned(way).sweep_id for way in ways}) == 1


def test_a_plan_says_whether_its_runs_train_one_at_a_time() -> None:
    assert planned(Question("sample", "", {}, [0], timing=True)).timing
    assert not planned(Question("sample", "", {}, [0])).timing


def test_a_label_says_what_varies_exactly() -> None:
    made = plan({"learning_rate": [0.1 + 0.2]}, seeds=[7])
    assert made.label(made.runs[0]) == "learning_rate=0.30000000000000004 seed=7"


@pytest.mark.parametrize(
    ("axes", "baseline", "number"),
    [
        ({"hidden_size": [3, 5, 7]}, None, 1),  # the base configuration's point
        ({"hidden_size": [3, 4]}, None, 0),  # no such point: the first
        ({"hidden_size": [3, 5], "batch_size": [10, 20]}, {"hidden_size": 3, "batch_size": 20}, 1),
        ({"hidden_size": [3, 5], "batch_size": [20, 30]}, {"hidden_size": 5}, 2),
    ],
)
def test_the_baseline_is_the_named_point_else_the_base_point_else_the_first(
    axes: Any, baseline: Any, number: int
) -> None:
    assert plan(axes, baseline=baseline).baseline == number


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"axes": {"batch_size": "10"}}, "sweep.axes.batch_size must be a list of values or a range"),
        ({"axes": {"batch_size": ["10"]}}, "batch_size must be a whole number >= 1, got '10'"),
        ({"axes": {"learning_rate": [0.5, -0.5]}}, "learning_rate must be a finite number > 0, got -0.5"),
        ({"axes": {"batch_size": [10, 2000]}}, "batch_size must be <= 1000, the number of training examples"),
        ({"axes": {"learning_rate": [1, 0.5, 1.0]}}, "points 1 and 3 are both {'learning_rate': 1.0}"),
        ({"axes": {"seed": [1, 2]}}, "seed is not an axis"),
        ({"axes": {}, "seeds": []}, "sweep.seeds must name at least one seed, got none"),
        ({"axes": {}, "seeds": [1, 1]}, "sweep.seeds must differ, got [1, 1]"),
        ({"axes": {}, "seeds": [-1]}, "sweep.seeds must be integers >= 0, got -1"),
        ({"axes": {}, "seeds": [0, 2**63]}, "seed must be < 2^63"),
        ({"axes": {"seed_dropout": [0, 1]}}, "seed_dropout=0 has no effect: dropout=0 draws nothing"),
        ({"axes": {}, "seed_augmentation": 2}, "seed_augmentation=2 has no effect: no image is distorted"),
        (
            {"axes": {"seed_order": [None, 4]}, "seed_weights": 0, "bias_initializer": "zeros"},
            "sweep.seeds must name one seed, got 2: all that is drawn at point 2 has a seed of its own, "
            "so that its runs would be one",
        ),
        ({"axes": {"hidden_size": [3]}, "baseline": {"hidden_size": 4}}, "sweep.baseline must be a point"),
        ({"axes": {"hidden_size": [3]}, "baseline": {}}, "sweep.baseline must give values of axes"),
        ({"axes": {"hidden_size": [3]}, "baseline": {"hiden_size": 3}}, "did you mean 'hidden_size'?"),
    ],
)
def test_what_cannot_be_trained_is_refused_when_the_plan_is_made(changes: Any, message: str) -> None:
    with pytest.raises(UserError) as error:
        plan(**changes)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


MIXED = [[20, 10], 30, [10, 20, 30], [40]]


@pytest.mark.parametrize("base", [30, [5, 5]], ids=str)
def test_each_list_of_sizes_has_its_own_depth(base: Any) -> None:
    """Also where the base is a list, whose depth is no setting of the other points."""
    made = plan({"hidden_size": MIXED, "epochs": [1]}, hidden_size=base, baseline={"hidden_size": [20, 10]})
    assert [point["hidden_size"] for point in made.points] == [(20, 10), 30, (10, 20, 30), 40]
    assert [run.hyperparameters.hidden_layers for run in made.first_runs] == [2, 1, 3, 1]
    assert made.baseline == 0
    assert made.label(made.runs[0]) == "hidden_size=[20,10] epochs=1 seed=0"
    assert "hidden_layers" not in made.shared


def test_a_single_run_is_named_by_its_sizes_alone() -> None:
    made = plan({}, hidden_size=[20, 10])
    assert made.label(made.runs[0]) == "data=synthetic hidden_size=[20,10] epochs=2 seed=0"
    counted = plan({"hidden_size": [30, [20, 10]]}, hidden_layers=2)
    assert counted.changed == {"data": "synthetic", "hidden_layers": 2, "epochs": 2}


def test_a_depth_beside_lists_of_sizes_must_be_theirs() -> None:
    zipped = {"hidden_size": [30, [20, 10]], "hidden_layers": [3, 2]}
    made = planned(Question("sample", "", {}, [0], zip=zipped))
    assert made.points[1] == {"hidden_size": (20, 10), "hidden_layers": 2}
    crossed = {"hidden_size": [30, [20, 10]], "hidden_layers": [1, 2]}
    unfit = {"hidden_size": [20, 10], "hidden_layers": 1}
    with pytest.raises(
        UserError, match=r"hidden_layers=1 does not fit hidden_size=\[20,10\], which are 2 lay"
    ):
        planned(Question("sample", "", crossed, [0]))
    assert len(planned(Question("sample", "", crossed, [0], exclude=[unfit])).points) == 3


def test_sizes_count_by_their_order() -> None:
    ids = {run.run_id for run in plan({"hidden_size": [[20, 10], [10, 20], 10, 20]}).first_runs}
    assert len(ids) == 4
    alone = plan({}, hidden_size=(20, 10)).runs[0].run_id
    assert alone in ids


def test_streams_cross_as_axes_with_the_same_seeds_at_each_point() -> None:
    made = plan({"seed_weights": [0, 1], "seed_order": [0, 1]}, seeds=[5, 6])
    seeds = [(r.settings["seed_weights"], r.settings["seed_order"], r.seed) for r in made.runs]
    assert seeds == [(w, o, s) for w in (0, 1) for o in (0, 1) for s in (5, 6)]
    assert made.label(made.runs[3]) == "seed_weights=0 seed_order=1 seed=6"
    assert len({run.run_id for run in made.runs}) == 8
    distorted = plan({"seed_augmentation": [0, 1]}, data=DataSpec(name="synthetic", augment="rotate"))
    assert len(distorted.points) == 2
    alone = plan({"seed_weights": [0, 1], "seed_order": [0, 1]}, seeds=[5], seed_biases=3)
    assert len(alone.runs) == 4, "one seed at each point is no copy"


def test_where_the_files_lie_does_not_change_what_a_run_is() -> None:
    here = plan({}, data=DataSpec(name="synthetic"))
    there = plan({}, data=DataSpec(name="synthetic", root="/elsewhere"))
    assert here.sweep_id == there.sweep_id


@pytest.mark.parametrize(("points", "seeds"), [(1, 20_000_000), (2, 50_001)])
def test_more_runs_than_anybody_means_are_refused(points: int, seeds: int) -> None:
    noun = "point" if points == 1 else "points"
    message = rf"at most 100000 runs, got {points * seeds} \({points} {noun} x {seeds} seeds\)"
    with pytest.raises(UserError, match=message):
        plan({"batch_size": list(range(1, points + 1))}, seeds=range(seeds))
