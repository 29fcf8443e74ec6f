"""A command line becomes one checked configuration, or one line that says what is wrong with it."""

from pathlib import Path

import pytest

from nnexp import cli
from nnexp.config import Config, conf_dir, load_config
from nnexp.data import DataSpec
from nnexp.errors import UserError
from nnexp.nn import Hyperparameters

# Those of the book, in a folder of their own, need MNIST: see tests/claims/test_book.py.
SWEEPS = sorted(path.relative_to(conf_dir() / "sweep") for path in (conf_dir() / "sweep").glob("*.yaml"))


def config(*words: str, multirun: bool = False) -> Config:
    return load_config(words, multirun=multirun)


def test_without_words_everything_has_its_declared_default() -> None:
    made = config()
    assert made.hyperparameters == Hyperparameters()
    assert made.data == DataSpec()
    assert (made.question.name, dict(made.question.axes), list(made.question.seeds)) == ("single", {}, [0])
    assert made.tracking.uri == "sqlite:///mlflow.db"


def test_flat_names_groups_and_their_knobs_reach_their_places() -> None:
    made = config("learning_rate=0.1", "data=mnist", "data.scale=255", "train_size=100", "classes=[3,5]")
    assert made.hyperparameters.learning_rate == 0.1
    assert made.data == DataSpec(name="mnist", scale=255, train_size=100, classes=(3, 5))


def test_a_monitor_is_asked_for_by_its_name() -> None:
    assert config("monitor.test=true", "monitor.weight_norm=true").hyperparameters.monitor == (
        "test",
        "weight_norm",
    )


@pytest.mark.parametrize("file", SWEEPS, ids=str)
def test_every_shipped_sweep_says_its_question_and_has_five_seeds_or_more(file: Path) -> None:
    name = file.with_suffix("").as_posix()
    asked = config(f"+sweep={name}").question
    assert asked.name == name
    assert asked.question
    assert asked.question in " ".join((conf_dir() / "sweep" / file).read_text().split())
    assert len(asked.seeds) >= 5
    assert all(len(values) > 1 for values in asked.axes.values())


@pytest.mark.parametrize("file", SWEEPS, ids=str)
def test_every_shipped_sweep_trains_one_epoch(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["epochs=1", "train_size=300", "sweep.seeds=1", "n_jobs=1", "tracking=none", "pictures=false"]
    assert cli.main([f"+sweep={file.with_suffix('').as_posix()}", *words]) == 0
    (summary,) = tmp_path.rglob("summary.csv")
    rows = summary.read_text().splitlines()
    assert len(rows) > 2
    assert all(row.split(",")[1] == "1" for row in rows[1:])  # n


def test_limits_of_time_reach_the_execution() -> None:
    usual = config().execution
    assert (usual.confirm_above, usual.max_seconds) == (3600, None)
    made = config("confirm_above=0", "max_seconds=1.5").execution
    assert (made.confirm_above, made.max_seconds) == (0, 1.5)
    assert config("confirm_above=null").execution.confirm_above is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("learnin_rate=0.1", "unknown key 'learnin_rate'; did you mean 'learning_rate'?"),
        ("data.rot=x", "unknown key in data: 'rot'; did you mean 'root'?"),
        ("epochs.more=3", "epochs has no keys of its own, got 'epochs.more'"),
        ("epochs=many", "epochs must be a whole number >= 1, got 'many'"),
        ("epochs=0", "epochs must be a whole number >= 1, got 0"),
        ("initializer=xavier", "unknown initializer 'xavier' (choices: glorot_normal,"),
        ("activation=sigmod", "unknown activation 'sigmod'; did you mean 'sigmoid'?"),
        ("cost=crossentropy", "unknown cost 'crossentropy'; did you mean 'cross_entropy'?"),
        ("output=softmax", "cost=cross_entropy does not fit output=softmax; it takes log_likelihood"),
        ("data=mnst", "unknown data 'mnst'; did you mean 'mnist'? (choices: digits, "),
        (
            "data=own.npz",
            "data must name a data set, got the file own.npz: write data=file data.path=own.npz",
        ),
        ("data=/a/own.npz", "got the file /a/own.npz: write data=file data.path=/a/own.npz"),
        ("+sweep=batchsize", "unknown sweep 'batchsize'; did you mean 'batch_size'? (choices: batch_size, "),
        ("+sweep=nothing", "unknown sweep 'nothing' (choices: batch_size, hidden_size, initializer, "),
        ("sweep=batch_size", "a sweep is added with a plus: +sweep=batch_size"),
        ("+sweep=batch_size batch_size=3", "write 'sweep.axes.batch_size=[...]' instead"),
        ("sweep.zip.batch_size=[1] batch_size=3", "write 'sweep.zip.batch_size=[...]' instead"),
        ("sweep.points=[{batch_size:1}] batch_size=3", "write 'sweep.points=[...]' instead"),
        ("sweep.axes.momentum.lo=1", "unknown key in sweep.axes.momentum: 'lo'; did you mean 'low'?"),
        ("sweep.axes.momentun.low=1", "unknown key in sweep.axes: 'momentun'; did you mean 'momentum'?"),
        ("max_seconds=0", "max_seconds must be seconds > 0 or null (no limit), got 0"),
        ("max_seconds=soon", "max_seconds must be seconds > 0 or null (no limit), got 'soon'"),
        ("confirm_above=-1", "confirm_above must be seconds >= 0 or null (never ask), got -1"),
        ("confirm_above=true", "confirm_above must be seconds >= 0 or null (never ask), got True"),
        ("+sweep=batch_size seed=3", "write sweep.seeds=5 or sweep.seeds=[0,1] instead of seed="),
        (
            "+sweep=batch_size epochs=${batch_size}",
            "${batch_size} names batch_size, whose value differs from run to run",
        ),
        ("+sweep=batch_size epochs=${seed}", "${seed} names seed, whose value differs"),
        ("~learning_rate", "~learning_rate: a key may be changed, not taken away"),
        ("data=null", "must be a string or a list"),
        ("sweep.name=2024", "sweep.name must be text, got 2024"),
        ("sweep.question=null", "sweep.question must be text, got None"),
        ("monitor.test=maybe", "monitor.test must be true or false, got 'maybe'"),
        ("monitor=null", "monitor must have a value"),
        ("tracking=none tracking.uri=sqlite:///x.db", "tracking=none takes no tracking.uri"),
        ("learning_rate=0.1,0.5", "learning_rate=0.1,0.5 lists several values: add -m"),
        ("+learning_rate=1", "Could not append to config. An item is already at 'learning_rate'."),
        ("epochs", "cannot read 'epochs': expected key=value"),
        ("n_jobs=0", "n_jobs must be an integer >= 1 or null (all cores), got 0"),
        ("mode=again", "unknown mode 'again' (choices: cached, force, retry)"),
        ("dry_run=maybe", "dry_run must be true or false, got 'maybe'"),
        ("pictures=maybe", "pictures must be true or false, got 'maybe'"),
        ("tracking.store=wandb", "unknown tracking.store 'wandb' (choices: mlflow, none)"),
        ("tracking.uri=null", "tracking.uri must be an address"),
        ("monitor.gradient=true", "unknown key in monitor: 'gradient'"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_one_line(words: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        config(*words.split())
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("word", ["learning_rate=interval(0,1)", "data=glob(*)", "tracking=none,sqlite"])
def test_multirun_refuses_what_it_cannot_list(word: str) -> None:
    with pytest.raises(UserError, match="list the values"):
        config(word, multirun=True)
