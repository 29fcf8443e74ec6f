"""What a sweep asks, from its file and the command line, or one line that says what is wrong with it."""

from pathlib import Path

import pytest

from nnexp.config import Config, load_config, load_configs, words_for
from nnexp.data import DataSpec, load
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters
from nnexp.sweep.question.planner import make_plan
from nnexp.sweep.question.points import points_of
from nnexp.sweep.question.seeds import UntilDecided


def config(*words: str, multirun: bool = False) -> Config:
    return load_config(words, multirun=multirun)


def test_a_sweep_is_changed_on_the_command_line() -> None:
    asked = config(
        "+sweep=batch_size", "sweep.seeds=[7]", "sweep.axes.batch_size=[10]", "sweep.axes.momentum=[0,0.9]"
    ).question
    assert dict(asked.axes) == {"batch_size": [10], "momentum": [0, 0.9]}
    assert list(asked.seeds) == [7]


@pytest.mark.parametrize(
    ("key", "mapping", "words"),
    [
        ("axes", "{learning_rate: [0.1, 0.5]}", ["sweep.axes.learning_rate=[0.1,0.5]"]),
        ("zip", "{momentum: [0, 0.9]}", ["sweep.zip.momentum=[0,0.9]"]),
        ("axes", "{batch_size: {low: 1, high: 9, step: 4}}", ["sweep.axes.batch_size={low:1,high:9,step:4}"]),
        ("baseline", "{batch_size: 50}", ["sweep.baseline.batch_size=50"]),
        (
            "nuisance",
            "{learning_rate: {low: 0.1, high: 1}, budget: 4}",
            ["sweep.nuisance.learning_rate={low:0.1,high:1}", "sweep.nuisance.budget=4"],
        ),
    ],
)
def test_a_mapping_adds_to_what_the_sweep_asks_with_a_plus_or_without(
    key: str, mapping: str, words: list[str]
) -> None:
    expected = config("+sweep=batch_size", *words).question
    assert expected != config("+sweep=batch_size").question
    for word in (f"sweep.{key}={mapping}", f"+sweep.{key}={mapping}"):
        assert config("+sweep=batch_size", word).question == expected


def test_a_sweep_is_asked_in_one_word() -> None:
    assert config("sweep.axes={learning_rate: [0.1, 0.5]}").question.axes == {"learning_rate": [0.1, 0.5]}
    tuning = config("sweep.search={momentum: {low: 0, high: 0.9}, budget: 4}").question.tuning
    assert tuning is not None
    assert (tuning.names, tuning.budget) == (("momentum",), 4)


LONG = """# @package _global_
data: {rotation: 10}
sweep:
  axes: {data.augment: [affine, affine_elastic], data.scale: {low: 1, high: 3, count: 3}}
  zip: {data.zoom: [0.1, 0.2], batch_size: [10, 20]}
  points: [{data.shear: 0.1}, {data.shear: 0.2}]
  exclude: [{data.zoom: 0.1, data.scale: 3.0}]
  baseline: {data.augment: affine}
  nuisance: {data.shift: {by: data.augment, affine: {low: 0, high: 1}, affine_elastic: [1, 2]}, budget: 4}
  claims:
    - id: a
      text: data.zoom is a key of the command line.
      check: {left: {best: validation_accuracy, at: {data.zoom: 0.1}}, rel: ">", along: data.scale}
    - id: b
      text: And of others.
      check: {left: {best: validation_accuracy, best_of: data.scale, at: {data.zoom: 0.1}}, low: 0}
"""
STAGES = """# @package _global_
sweep:
  name: mine
  axes: {batch_size: [10, 20]}
  stages:
    - {name: data.scale, axes: {data.augment: [none, rotate], data.scale: &a [1, 2]}, take: [data.scale]}
"""
LONG_AXIS = """# @package _global_
data: {augment: affine}
sweep: {question: "data.rotation: which?", axes: {"data.rotation": [0, 10]}, seeds: 2}
"""


def test_the_key_of_the_command_line_names_a_setting_of_the_data_in_all_of_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    base, sweep = LONG.split("sweep:\n")
    text = "text: data.zoom"
    short = sweep.replace(text, "TEXT").replace("data.", "").replace("TEXT", text)
    (tmp_path / "conf" / "sweep" / "stages.yaml").write_text(STAGES)
    (stage,) = config("+sweep=stages").question.stages
    assert (stage.name, stage.take) == ("data.scale", {"scale": ""})
    assert stage.given["axes"] == {"augment": ["none", "rotate"], "scale": [1, 2]}
    for name, part in (("long", sweep), ("short", short)):
        (tmp_path / "conf" / "sweep" / f"{name}.yaml").write_text(f"{base}sweep:\n  name: mine\n{part}")
    assert "data.scale" in sweep
    assert "data.scale" not in short
    assert config("+sweep=long").question == config("+sweep=short").question
    for long, plain in (
        ("sweep.axes.data.rotation=[0,15]", "sweep.axes.rotation=[0,15]"),
        ("sweep.axes={data.rotation: [0, 15]}", "sweep.axes.rotation=[0,15]"),
        (
            "sweep.points=[{data.rotation: 0}, {data.rotation: 15}]",
            "sweep.points=[{rotation: 0}, {rotation: 15}]",
        ),
        (
            "sweep.search={data.rotation: {low: 0, high: 15}, budget: 4}",
            "sweep.search={rotation: {low: 0, high: 15}, budget: 4}",
        ),
    ):
        assert config(long, "data.augment=affine") == config(plain, "data.augment=affine")
    (tmp_path / "conf" / "sweep" / "both.yaml").write_text(
        "# @package _global_\nsweep: {axes: {data.zoom: [0.1, 0.2], zoom: [0.1]}}\n"
    )
    with pytest.raises(UserError, match=r"data\.zoom and zoom are one setting: write one"):
        config("+sweep=both")


@pytest.mark.parametrize(
    "word",
    [
        "sweep.axes.data.rotation=[0,5]",
        "sweep.axes.rotation=[0,5]",
        "sweep.axes={data.rotation: [0,5]}",
        "sweep.axes={rotation: [0,5]}",
        "data.rotation=[0,5]",
    ],
)
def test_a_word_changes_what_a_file_says_by_the_whole_key(
    word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(LONG_AXIS)
    monkeypatch.chdir(tmp_path)
    asked = config("+sweep=mine", word).question
    assert (asked.axes, asked.question) == ({"rotation": [0, 5]}, "data.rotation: which?")


def test_of_two_files_of_one_name_the_folder_on_the_command_line_has_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, text in (("conf", LONG_AXIS), ("more", "# @package _global_\nsweep: {seeds: 7}\n")):
        (tmp_path / folder / "sweep").mkdir(parents=True)
        (tmp_path / folder / "sweep" / "mine.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    assert load_config(["+sweep=mine"], config_dir="more").question.seeds == range(7)


@pytest.mark.parametrize(
    "words",
    [
        ["axes.N.low=0", "axes.N.high=10", "axes.N.count=3"],
        ["axes.N={low: 0, high: 10, count: 3}"],
        ["nuisance.N.low=1", "nuisance.N.high=2", "nuisance.budget=2"],
        [
            "axes.N=[0,10]",
            "claims=[{id: a, text: b, check: {left: {best: validation_accuracy}, along: N, optimum: inside}},"
            "{id: b, text: c, check: {left: {best: validation_accuracy, best_of: 'N'}, low: 0}}]",
        ],
    ],
)
def test_words_that_name_a_setting_by_its_whole_key_say_the_same(words: list[str]) -> None:
    base = ["data.augment=affine", "data.shift=1", "sweep.axes.batch_size=[10,20]"]
    long, plain = (
        config(*base, *(f"sweep.{word.replace('N', name)}" for word in words))
        for name in ("data.rotation", "rotation")
    )
    assert long == plain


def test_a_text_in_a_word_keeps_the_names_that_it_has() -> None:
    text = "of data.rotation"
    claim = f"{{id: a, text: {text}, check: {{left: {{best: validation_accuracy}}, low: 0}}}}"
    for written in (claim, claim.replace(text, f"'{text}'"), claim.replace(text, "'x, data.rotation, y'")):
        (made,) = config(f"sweep.claims=[{written}]").question.claims
        assert "data.rotation" in made["text"]
    assert config("sweep.question=data.rotation").question.question == "data.rotation"


def test_a_colon_in_a_text_is_to_be_put_in_quotes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\nsweep:\n  question: What: this?\n  axes: {batch_size: [1, 2]}\n"
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        config("+sweep=mine")
    assert "mine.yaml" in str(error.value)
    assert "line 3, column 17: put a text with a colon in quotes" in str(error.value)


def test_seeds_until_decided_are_changed_whole_or_by_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    text = "# @package _global_\nsweep: {seeds: {from: 5, to: 40, until: decided}}\n"
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    rule = "{from: 6, to: 9, until: decided}"
    for words, expected in (
        (["+sweep=mine"], UntilDecided(5, 40)),
        (["+sweep=mine", "sweep.seeds.to=60"], UntilDecided(5, 60)),
        (["+sweep=batch_size", f"sweep.seeds={rule}"], UntilDecided(6, 9)),
        (words_for("sweep.seeds", {"from": 7, "to": 8, "until": "decided"}), UntilDecided(7, 8)),
        (["+sweep=mine", "sweep.seeds=3"], range(3)),
    ):
        assert config(*words).question.seeds == expected
    for words, message in (
        (["sweep.seeds.too=60"], "unknown key in sweep.seeds: 'too'; did you mean 'to'"),
        (["+sweep=batch_size", "sweep.seeds.to=60"], "sweep.seeds must"),
        (["seed=3", f"sweep.seeds={rule}"], "seed= and sweep.seeds= both name the seeds"),
    ):
        with pytest.raises(UserError) as error:
            config(*words)
        assert message in str(error.value)
        assert "\n" not in str(error.value)


def test_multirun_values_become_axes_and_its_seeds_replicates() -> None:
    asked = config("learning_rate=0.1,0.5", "seed=range(3)", "data=digits,mnist", multirun=True).question
    assert dict(asked.axes) == {"learning_rate": [0.1, 0.5], "data": ["digits", "mnist"]}
    assert list(asked.seeds) == [0, 1, 2]
    assert asked.name == "multirun"


def test_the_seeds_of_streams_are_axes_and_knobs_like_any_other() -> None:
    asked = config("seed_weights=0,1", "seed_order=null,3", "seed_biases=7", "seed=4,5", multirun=True)
    assert dict(asked.question.axes) == {"seed_weights": [0, 1], "seed_order": [None, 3]}
    assert list(asked.question.seeds) == [4, 5]
    assert (asked.hyperparameters.seed_biases, asked.hyperparameters.seed_weights) == (7, None)


def test_streams_to_vary_are_crossed_axes_with_the_sweeps_seeds() -> None:
    words = ["sweep.axes.batch_size=[10,100]", "sweep.seeds=[3,5]", "sweep.vary=[weights,order]"]
    asked = config(*words).question
    assert dict(asked.axes) == {"batch_size": [10, 100], "seed_weights": [3, 5], "seed_order": [3, 5]}
    assert list(asked.seeds) == [0]
    assert len(points_of(asked)) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("sweep.vary=[weight,order] sweep.seeds=2", "unknown stream in sweep.vary 'weight'; did you mean"),
        (
            "sweep.vary=[order] sweep.seeds=2",
            "sweep.vary must be a list of two streams (weights, biases, order,",
        ),
        ("sweep.vary=order sweep.seeds=2", "got 'order'"),
        ("sweep.vary=[order,order] sweep.seeds=2", "seed_order must be an axis once"),
        ("sweep.vary=[order,weights] sweep.seeds=1", "sweep.seeds must be 2 or more, or a list, got [0]"),
        ("sweep.vary=[order,dropout] sweep.seeds=2", "seed_dropout=0 has no effect: dropout=0 draws nothing"),
    ],
)
def test_streams_that_cannot_be_crossed_are_told_in_one_line(words: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        planned(config(*words.split()))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_range_gives_the_numbers_that_were_meant() -> None:
    asked = config("momentum=range(0.1,0.5,step=0.1)", multirun=True).question
    assert list(asked.axes["momentum"]) == [0.1, 0.2, 0.3, 0.4]


def test_a_range_and_zipped_axes_are_given_and_changed_on_the_command_line() -> None:
    asked = config(
        "sweep.axes.learning_rate={low:0.1,high:1,count:4}",
        "sweep.axes.learning_rate.high=0.4",
        "sweep.zip.batch_size=[10,20]",
        "sweep.zip.momentum=[0,0.9]",
        "sweep.points=[{cost:quadratic},{cost:cross_entropy}]",
        "sweep.exclude=[{cost:quadratic,momentum:0.9}]",
    ).question
    made = points_of(asked)
    assert [point["learning_rate"] for point in made[::3]] == [0.1, 0.2, 0.3, 0.4]
    assert [(p["batch_size"], p["momentum"], p["cost"]) for p in made[:3]] == [
        (10, 0, "quadratic"),
        (10, 0, "cross_entropy"),
        (20, 0.9, "cross_entropy"),
    ]
    assert asked.name == "multirun"


def test_a_list_replaces_a_range_and_a_range_a_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\nsweep:\n  axes: {batch_size: {low: 1, high: 3, step: 1}}\n"
    )
    monkeypatch.chdir(tmp_path)
    whole = config("+sweep=mine", "sweep.axes.batch_size=[7]")
    assert points_of(whole.question) == [{"batch_size": 7}]
    ranged = config("+sweep=batch_size", "sweep.axes.batch_size={low:1,high:3,step:1}")
    assert [point["batch_size"] for point in points_of(ranged.question)] == [1, 2, 3]


def test_multirun_takes_range_and_choice_beside_a_sweep() -> None:
    words = ["+sweep=batch_size", "momentum=range(0,0.4,step=0.2)", "cost=choice(quadratic,cross_entropy)"]
    asked = config(*words, multirun=True).question
    assert list(asked.axes) == ["batch_size", "momentum", "cost"]
    assert list(asked.axes["momentum"]) == [0.0, 0.2]
    assert list(asked.axes["cost"]) == ["quadratic", "cross_entropy"]


@pytest.mark.parametrize("multirun", [False, True])
@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("batch_size=10,100", [10, 100]),
        ("batch_size=10", [10]),
        ("batch_size=[10,100]", [10, 100]),
        ("batch_size=range(10,40,10)", [10, 20, 30]),
        ("batch_size={low:1,high:3,step:1}", {"low": 1, "high": 3, "step": 1}),
        ("sweep.axes.batch_size=10,100", [10, 100]),
    ],
)
def test_the_values_of_an_axis_are_replaced_the_way_people_type_it(
    word: str, values: object, multirun: bool
) -> None:
    made = config("+sweep=batch_size", word, multirun=multirun)
    assert dict(made.question.axes) == {"batch_size": values}
    assert made.question.name == "batch_size"
    assert made.hyperparameters.batch_size == Hyperparameters().batch_size  # the base is as it was
    assert made.changed


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("hidden_size=30", [30]),
        ("hidden_size=30,100", [30, 100]),
        ("hidden_size=[100,30]", [[100, 30]]),
        ("hidden_size=[[100,30]]", [[100, 30]]),
        ("hidden_size=30,[100,30]", [30, [100, 30]]),
        ("hidden_size=[30,[100,30]]", [30, [100, 30]]),
        ("hidden_size=choice([100,30],30)", [[100, 30], 30]),
        ("sweep.axes.hidden_size=[30,[100,30]]", [30, [100, 30]]),
        ("sweep.axes.hidden_size=[100,30]", [100, 30]),
        ("sweep.axes.hidden_size=30,[100,30]", [30, [100, 30]]),
    ],
)
def test_a_list_of_sizes_is_one_value_of_its_axis(word: str, values: list[object]) -> None:
    assert config("+sweep=hidden_size", word).question.axes["hidden_size"] == values
    if word.startswith("hidden_size") and len(values) > 1 and "=[" not in word:
        asked = config(word, multirun=True)
        assert asked.question.axes == {"hidden_size": values}
        assert asked.hyperparameters.hidden_size == 30  # the base is as it was


def test_zipped_axes_and_axes_of_data_are_replaced_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\nsweep:\n  zip: {batch_size: [1, 2], momentum: [0, 0.9]}\n"
        "  axes: {scale: [1, 2], data: [digits, mnist], classes: [[0, 1]]}\n"
    )
    monkeypatch.chdir(tmp_path)
    made = config("+sweep=mine", "batch_size=3,4", "data.scale=16", "data=mnist", "classes=[3,5]")
    assert dict(made.question.zip) == {"batch_size": [3, 4], "momentum": [0, 0.9]}
    assert dict(made.question.axes) == {"scale": [16], "data": ["mnist"], "classes": [[3, 5]]}
    assert made.data == DataSpec()


def test_values_for_an_axis_are_given_once() -> None:
    words = ["+sweep=batch_size", "batch_size=3", "sweep.axes.batch_size=[5]"]
    with pytest.raises(
        UserError, match=r"^batch_size=3 and sweep.axes.batch_size=\[5\] give values to one axis"
    ):
        config(*words)


def test_an_axis_in_a_list_of_points_is_not_replaced() -> None:
    with pytest.raises(UserError, match=r"is an axis of sweep.points: write 'sweep.points=\[...\]' instead"):
        config("sweep.points=[{batch_size:1}]", "batch_size=3")


def test_several_sweeps_run_one_after_the_other() -> None:
    made = load_configs(["+sweep=batch_size,lambda", "epochs=3"], multirun=True)
    assert [one.question.name for one in made] == ["batch_size", "lambda"]
    assert [one.hyperparameters.epochs for one in made] == [3, 3]
    with pytest.raises(UserError, match="lists several values: add -m"):
        load_configs(["+sweep=batch_size,lambda"])
    with pytest.raises(UserError, match="unknown sweep 'lamda'"):
        load_configs(["+sweep=batch_size,lamda"], multirun=True)


def test_the_ending_of_a_files_name_does_not_name_another_sweep() -> None:
    assert config("+sweep=batch_size.yaml").question == config("+sweep=batch_size").question


def test_a_byte_order_mark_hides_no_first_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "sweep" / "my").mkdir(parents=True)
    text = "# @package _global_\nepochs: 3\nsweep: {axes: {momentum: [0]}}\n"
    (tmp_path / "conf" / "sweep" / "my" / "marked.yaml").write_text(text, encoding="utf-8-sig")
    monkeypatch.chdir(tmp_path)
    made = config("+sweep=my/marked")
    assert (made.hyperparameters.epochs, dict(made.question.axes)) == (3, {"momentum": [0]})


def test_a_file_that_is_not_utf_8_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "old.yaml").write_text("# Größe\n", encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    assert config("+sweep=batch_size").question.name == "batch_size"
    with pytest.raises(UserError, match=r"conf/sweep/old.yaml must be text in UTF-8"):
        config("+sweep=old")


def test_an_interpolation_of_the_environment_is_no_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("epochs", "sqlite:///x.db")
    assert (
        config("tracking.uri=${oc.env:epochs}", "epochs=1,2", multirun=True).tracking.uri == "sqlite:///x.db"
    )
    with pytest.raises(UserError, match="names epochs"):
        config("patience=${oc.select:epochs,3}", "epochs=1,2", multirun=True)


def test_timing_and_claims_are_passed_on_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\nsweep: {axes: {momentum: [0]}, timing: true, claims: [{at: [1, {b: c}]}]}\n"
    )
    monkeypatch.chdir(tmp_path)
    asked = config("+sweep=mine").question
    assert asked.timing is True
    assert asked.claims == [{"at": [1, {"b": "c"}]}]
    assert config().question.timing is False
    assert list(config().question.claims) == []


def test_a_sweep_of_the_working_directory_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(
        "# @package _global_\nepochs: 3\nsweep: {question: 'Why?', axes: {hidden_size: [3, 4]}, seeds: 3}\n"
    )
    monkeypatch.chdir(tmp_path)
    made = config("+sweep=mine")
    assert made.hyperparameters.epochs == 3
    assert dict(made.question.axes) == {"hidden_size": [3, 4]}


def test_a_config_dir_is_searched_too(tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "other.yaml").write_text(
        "# @package _global_\nsweep: {axes: {dropout: [0, 0.5]}}\n"
    )
    made = load_config(["+sweep=other"], config_dir=str(tmp_path))
    assert dict(made.question.axes) == {"dropout": [0, 0.5]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rat: 0.1", "unknown key 'learning_rat'; did you mean 'learning_rate'?"),
        ("sweep: {axis: {momentum: [0]}}", "unknown key in sweep: 'axis'; did you mean 'axes'?"),
        ("sweep: {axes: {momentun: [0]}}", "unknown key in sweep.axes: 'momentun'; did you mean 'momentum'?"),
        ("sweep: {axes: {seed: [0]}}", "seed is not an axis"),
        ("sweep: {axes: {momentum: []}}", "sweep.axes.momentum must have at least one value, got []"),
        ("sweep: {axes: {momentum: 0.9}}", "sweep.axes.momentum must be a list of values or a range"),
        ("sweep: {zip: {momentun: [0]}}", "unknown key in sweep.zip: 'momentun'; did you mean 'momentum'?"),
        ("sweep: {zip: {seed: [0]}}", "seed is not an axis"),
        ("sweep: {zip: {momentum: [0], dropout: [0, 0.5]}}", "got 1 of momentum, 2 of dropout"),
        ("sweep: {points: [{momentun: 0}]}", "unknown axis 'momentun'; did you mean 'momentum'?"),
        ("sweep: {points: {momentum: 0}}", "sweep.points must be a list of points"),
        ("sweep: {exclud: []}", "unknown key in sweep: 'exclud'; did you mean 'exclude'?"),
        ("sweep: {axes: {momentum: [0]}, exclude: [{momentum: 1}]}", "sweep.exclude must be a point"),
        ("sweep: {axes: {momentum: {low: 0, high: 1}}}", "must be a list or a range {low, high, count}"),
        ("sweep: {timing: yess}", "sweep.timing must be true or false, got 'yess'"),
        ("sweep: {target: 95}", "sweep.target must be an accuracy > 0 and <= 1, such as 0.95, got 95"),
        ("sweep: {target: true}", "sweep.target must be an accuracy > 0 and <= 1, such as 0.95, got True"),
        ("sweep: {claims: {a: 1}}", "sweep.claims must be a list of claims"),
        ("sweep: {claims: [a]}", "sweep.claims must be a list of claims"),
        ("momentum: 0.5\nsweep: {zip: {momentum: [0]}}\nepochs: ${momentum}", "names momentum, whose value"),
        (
            "sweep:\n  sweep: {}\n  learning_rate: 1",
            "sweep stands inside sweep: the first line of a sweep file must be '# @package _global_'",
        ),
        (
            "sweep: {learning_rate: 1}",
            "learning_rate is no key of sweep: to vary it, put it under sweep.axes",
        ),
        ("sweep: [momentum]", "In 'sweep/mine'"),
        ("sweep: {seeds: 0}", "sweep.seeds must be a number of seeds >= 1, a list of them, or {from: 5, to"),
        ("sweep: {seeds: {from: 5, until: decided}}", "sweep.seeds must have to, as in {from: 5, to: 40"),
        (
            "sweep: {seeds: {from: 5, to: 9, until: decided}, timing: true}",
            "sweep.timing takes a fixed number of seeds",
        ),
        ("sweep: {name: ../up}", "sweep.name must be letters"),
        ("sweep: {name: 2024}", "sweep.name must be text, got 2024"),
        (
            "epochs: ${learning_rate}\nsweep: {axes: {learning_rate: [1, 2]}}",
            "names learning_rate, whose value differs",
        ),
        ("sweep: {axes: {momentum: [0}", "line"),
    ],
)
def test_a_mistake_in_a_sweep_file_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    (tmp_path / "conf" / "sweep").mkdir(parents=True)
    (tmp_path / "conf" / "sweep" / "mine.yaml").write_text(f"# @package _global_\n{text}\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError) as error:
        planned(config("+sweep=mine"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def planned(made: Config) -> None:
    """Axis values are checked when the plan is made."""
    make_plan(made.question, made.hyperparameters, made.data, load)


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["learning_rate=1", "learning_rate=2"], "learning_rate"),
        (["learning_rate=1", "++learning_rate=1"], "learning_rate"),
        (["seed=range(3)", "seed=range(4)"], "seed"),
        (["+sweep=batch_size", "+sweep=lambda"], "sweep"),
        (["+sweep=batch_size,lambda", "+sweep=lambda"], "sweep"),
        (["data=mnist", "data=digits"], "data"),
        (["sweep.axes.momentum=[0,1]", "+sweep.axes.momentum=[0]"], "sweep.axes.momentum"),
        (["monitor=[test]", "monitor.test=false"], "monitor.test"),
    ],
)
def test_two_words_for_one_key_are_refused_by_name(words: list[str], key: str) -> None:
    with pytest.raises(UserError) as told:
        load_configs(["epochs=1", *words], multirun=True)
    assert str(told.value) == f"{words[0]} and {words[1]} both set {key}: write one"
