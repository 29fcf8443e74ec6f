"""A command line becomes one checked configuration, or one line that says what is wrong with it."""

from concurrent.futures import ThreadPoolExecutor
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.version import VersionBase, getbase

import nnexp
from nnexp import cli
from nnexp.config import Config, conf_dir, load_config
from nnexp.config.backend import NAMES, Backend
from nnexp.config.compose import hydra_defaults
from nnexp.config.knobs import KNOBS
from nnexp.config.overrides import quoted, words_for
from nnexp.config.page import config_page
from nnexp.config.schema import NESTED, ROOT
from nnexp.data import DataSpec
from nnexp.errors import SYNONYMS, UserError
from nnexp.nn import Hyperparameters

# Those of the book, in a folder of their own, need MNIST: see tests/claims/test_book.py.
FILES = conf_dir() / "sweep"
TUNED = sorted(
    path.relative_to(FILES) for path in FILES.glob("tuned/*.yaml") if "nuisance:" in path.read_text()
)
SWEEPS = sorted(path.relative_to(FILES) for path in FILES.glob("*.yaml"))


def config(*words: str, multirun: bool = False) -> Config:
    return load_config(words, multirun=multirun)


def test_without_words_everything_has_its_declared_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    made = config()
    assert made.hyperparameters == Hyperparameters()
    assert made.data == DataSpec()
    assert (made.question.name, dict(made.question.axes), list(made.question.seeds)) == ("single", {}, [0])
    assert made.tracking.uri == "sqlite:///mlflow.db"


def test_flat_names_groups_and_their_knobs_reach_their_places() -> None:
    made = config("learning_rate=0.1", "data=mnist", "data.scale=255", "train_size=100", "classes=[3,5]")
    assert made.hyperparameters.learning_rate == 0.1
    assert made.data == DataSpec(name="mnist", scale=255, train_size=100, classes=(3, 5))


def test_a_list_of_sizes_is_a_value_like_any_other() -> None:
    h = config("hidden_size=[100,30]").hyperparameters
    assert (h.hidden_size, h.hidden_layers) == ((100, 30), 2)
    (word,) = words_for("hidden_size", h.hidden_size)
    assert word == "hidden_size=[100,30]"
    assert words_for("hidden_size", np.array([100, 30])) == [word]
    assert config(word).changed  # what claims rest on: the number of layers
    assert not config("hidden_size=100").changed


def test_a_monitor_is_asked_for_by_its_name() -> None:
    assert config("monitor.test=true", "monitor.weight_norm=true").hyperparameters.monitor == (
        "test",
        "weight_norm",
    )


def test_monitors_may_be_asked_for_by_a_list() -> None:
    assert config("monitor=[update_norm,'test']").hyperparameters.monitor == ("test", "update_norm")
    assert config("monitor=[]").hyperparameters.monitor == ()
    assert config("monitor=test").hyperparameters.monitor == ("test",)


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


@pytest.mark.parametrize("file", TUNED, ids=str)
def test_every_shipped_tuned_sweep_tries_settings_and_compares_what_they_choose(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = file.with_suffix("").as_posix()
    small = ["data=digits", "epochs=1", "train_size=300", "sweep.seeds=2", "n_jobs=1"]
    small += ["sweep.nuisance.budget=2", "sweep.nuisance.seeds=1", "tracking=none", "pictures=false"]
    assert len(config(f"+sweep={name}").question.seeds) >= 5
    assert cli.main([f"+sweep={name}", *small]) == 0
    answer, trials = nnexp.load_sweep(name), nnexp.load_sweep(f"{name}/trials")
    assert set(answer.summary["n"]) == {2}
    assert len(trials.runs) == 2 * len(answer.plan.points)


def test_limits_of_time_reach_the_execution() -> None:
    usual = config().execution
    assert (usual.confirm_above, usual.max_seconds) == (3600, None)
    made = config("confirm_above=0", "max_seconds=1.5").execution
    assert (made.confirm_above, made.max_seconds) == (0, 1.5)
    assert config("confirm_above=null").execution.confirm_above is None


def test_a_callers_backend_is_taken_unless_another_is_named() -> None:
    assert config().execution.backend == config("backend=default").execution.backend == Backend()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_backend_has_its_file_and_is_no_part_of_the_question(name: str) -> None:
    made = config(f"backend={name}")
    assert made.execution.backend == Backend(name=name)
    assert (made.question, made.hyperparameters, made.data) == (
        config().question,
        config().hyperparameters,
        config().data,
    )


def test_a_backend_of_ones_own_is_a_file_with_its_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (folder := tmp_path / "conf" / "backend").mkdir(parents=True)
    (folder / "lab.yaml").write_text("name: dask\nscheduler: tcp://lab:8786\n")
    made = config("backend=lab", "backend.mixed=true").execution.backend
    assert made == Backend(name="dask", scheduler="tcp://lab:8786", mixed=True)
    (folder / "jobs.yaml").write_text(
        "name: slurm\nwalltime: 10:00:00\n"
    )  # a number to YAML: minutes to Slurm
    with pytest.raises(UserError, match=r"backend\.walltime must be .* in quotes in a file, got 36000"):
        config("backend=jobs")
    assert config("backend=jobs", "backend.walltime=01:00:00").execution.backend.walltime == "01:00:00"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("learnin_rate=0.1", "unknown key 'learnin_rate'; did you mean 'learning_rate'?"),
        ("data.rot=x", "unknown key in data: 'rot'; did you mean 'root'?"),
        ("epochs.more=3", "epochs has no keys of its own, got 'epochs.more'"),
        ("epochs=many", "epochs must be a whole number >= 1, got 'many'"),
        ("epochs=0", "epochs must be a whole number >= 1, got 0"),
        ("initializer=xavier", "unknown initializer 'xavier'; did you mean 'glorot_normal'?"),
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
        ("+sweep=book/dropuot", "unknown sweep 'book/dropuot'; did you mean 'book/dropout'?"),
        ("+sweep=boook/dropout", "unknown sweep 'boook/dropout'; did you mean 'book/dropout'?"),
        ("sweep=batch_size", "a sweep is added with a plus: +sweep=batch_size"),
        ("sweep.points=[{batch_size:1}] batch_size=3", "write 'sweep.points=[...]' instead"),
        ("sweep.axes.momentum.lo=1", "unknown key in sweep.axes.momentum: 'lo'; did you mean 'low'?"),
        ("sweep.axes.momentun.low=1", "unknown key in sweep.axes: 'momentun'; did you mean 'momentum'?"),
        ("max_seconds=0", "max_seconds must be a finite number > 0 or null (no limit), got 0"),
        ("max_seconds=soon", "max_seconds must be a finite number > 0 or null (no limit), got 'soon'"),
        ("confirm_above=-1", "confirm_above must be a finite number >= 0 or null (never ask), got -1"),
        ("confirm_above=true", "confirm_above must be a finite number >= 0 or null (never ask), got True"),
        ("+sweep=batch_size seed=3", "write sweep.seeds=5 or sweep.seeds=[0,1] instead of seed="),
        (
            "+sweep=batch_size epochs=${batch_size}",
            "${batch_size} names batch_size, whose value differs from run to run",
        ),
        ("+sweep=batch_size epochs=${seed}", "${seed} names seed, whose value differs"),
        ("~learning_rate", "~learning_rate: a key can be set, not deleted"),
        ("data=null", "data must be the name of a file in conf/data, got None"),
        ("data=3", "data must be the name of a file in conf/data, got 3"),
        ("monitor=wieght_norm", "unknown key in monitor: 'wieght_norm'; did you mean 'weight_norm'?"),
        ("sweep.name=../up", "'.' and '/', with no '-' or '.' at the beginning of a part, got '../up'"),
        (f"sweep.name={'x' * 256}", "sweep.name must have at most 255 bytes between slashes, got 256"),
        ("sweep.question=null", "sweep.question must be text, got None"),
        ("monitor.test=maybe", "monitor.test must be true or false, got 'maybe'"),
        ("monitor=null", "monitor must have a value"),
        ("tracking=none tracking.uri=sqlite:///x.db", "tracking=none takes no tracking.uri"),
        ("learning_rate=0.1,0.5", "learning_rate=0.1,0.5 lists several values: add -m"),
        ("+learning_rate=1", "Could not append to config. An item is already at 'learning_rate'."),
        ("epochs", "cannot read 'epochs': expected key=value"),
        ("backend.scheduler=tcp://127.0.0.1:8786", "backend.scheduler is for backend=dask"),
        ("backend=loky backend.mixed=true", "backend.mixed is for backend=dask or slurm"),
        ("backend=dask backend.scheduler=''", "backend.scheduler must be a scheduler's address or null"),
        ("backend=dask backend.mixed=perhaps", "backend.mixed must be true or false, got 'perhaps'"),
        (
            "backend=dask backend.schedular=x",
            "unknown key in backend: 'schedular'; did you mean 'scheduler'?",
        ),
        ("mixed=true", "unknown key 'mixed'; did you mean 'backend.mixed'?"),
        ("backend=sgd", "unknown backend 'sgd' (choices: dask, default, loky, sequential, slurm, threading)"),
        ("backend.name=sgd", "unknown backend 'sgd' (choices: dask, loky, sequential, slurm, threading)"),
        ("backend.partition=gpu", "backend.partition is for backend=slurm"),
        ("backend=slurm backend.scheduler=tcp://a:1", "backend.scheduler is for backend=dask"),
        ("backend=slurm backend.memory=4", "backend.memory must be a size such as 4GB, got '4'"),
        ("backend=slurm backend.workers=0", "backend.workers must be a whole number >= 1, got 0"),
        ("backend=null", "backend must be the name of a file in conf/backend, got None"),
        ("backend=2", "backend must be the name of a file in conf/backend, got 2"),
        ("n_jobs=0", "n_jobs must be a whole number >= 1 or null (all cores), got 0"),
        ("mode=again", "unknown mode 'again' (choices: cached, force, retry)"),
        ("dry_run=maybe", "dry_run must be true or false, got 'maybe'"),
        ("pictures=maybe", "pictures must be true or false, got 'maybe'"),
        ("tracking.store=wandb", "unknown tracking.store 'wandb' (choices: mlflow, none)"),
        ("tracking.uri=null", "tracking.uri must be an address"),
        ("monitor.gradient=true", "unknown key in monitor: 'gradient'"),
        ("monitor=[small_weight]", "unknown key in monitor: 'small_weight'; did you mean 'small_weights'?"),
        ("eta=0.1", "unknown key 'eta'; did you mean 'learning_rate'?"),
        ("lr=0.1", "unknown key 'lr'; did you mean 'learning_rate'?"),
        ("hidden_layer_sizes=[100,30]", "did you mean 'hidden_size'?"),
        ("shuffle_seed=1", "did you mean 'seed_order'?"),
        ("optimizer=hessian", "did you mean 'newton_cg'?"),
        ("alpha=0.1", "unknown key 'alpha'; did you mean 'learning_rate' or 'lambda_l2'?"),
        ("lmbda=5", "unknown key 'lmbda'; did you mean 'lambda_l2'?"),
        ("batchSize=5", "unknown key 'batchSize'; did you mean 'batch_size'?"),
        ("seeds=5", "unknown key 'seeds'; did you mean 'sweep.seeds'?"),
        ("scale=255", "unknown key 'scale'; did you mean 'data.scale'?"),
        ("quite_other=1", "unknown key 'quite_other': nnexp --help lists what can be set"),
        ("activation=ReLU", "unknown activation 'ReLU'; did you mean 'relu'?"),
        ("cost=MSE", "unknown cost 'MSE'; did you mean 'quadratic'?"),
        ("hydra/launcher=joblib", "runs are trained on n_jobs processes"),
        ("hydra/sweeper=optuna", "+sweep=NAME or -m trains several runs"),
        ("hydra.run.dir=x", "results go to sweeps_dir=FOLDER"),
        ("hydra.job.name=x", "Hydra's own settings have no effect here"),
        ("activation=a#b", "quote what is a text, as in \"activation='a#b'\""),
        ("sweep.question=${oc.env:HOME}", "${oc.env:HOME} may hold a secret"),
        ("sweep.question=${tracking.uri}", "${tracking.uri} may hold a secret"),
        ("sweep.question=${data.root} data.root=${oc.env:HOME}", "${oc.env:HOME} may hold a secret"),
    ],
)
def test_a_mistake_on_the_command_line_is_told_in_one_line(words: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        config(*words.split())
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_runs_are_logged_where_mlflow_s_own_variable_says_unless_a_word_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:5000")
    assert load_config([]).tracking.uri == "http://host:5000"
    assert load_config(["tracking=sqlite"]).tracking.uri == "sqlite:///mlflow.db"
    assert load_config(["tracking.uri=sqlite:///other.db"]).tracking.uri == "sqlite:///other.db"


@pytest.mark.parametrize("word", ["data=glob(*)", "tracking=none,sqlite"])
def test_multirun_refuses_what_it_cannot_list(word: str) -> None:
    with pytest.raises(UserError, match="list the values"):
        config(word, multirun=True)


@pytest.mark.parametrize("name", ["данные.npz", "my own.npz", "a#b.npz", "it's.npz", "a,b.npz", "[1].npz"])
def test_a_path_may_hold_any_sign(name: str) -> None:
    for word in (f"data.path={name}", f"data.path={quoted(name)}"):
        assert Path(config(word, "data=file").data.path or "").name == name


def test_a_path_may_begin_with_the_home_folder() -> None:
    assert config("sweeps_dir=~/results").execution.sweeps_dir == str(Path.home() / "results")


def test_the_file_of_defaults_says_what_the_code_does() -> None:
    said = (conf_dir() / "config.yaml").read_text(encoding="utf-8")
    assert said == config_page(), "python -m nnexp.config.page > conf/config.yaml writes it anew"
    assert "\n  walltime: '01:00:00'\n" in said, "whoever writes 10:00:00 there needs the quotes"


def test_every_key_is_described() -> None:
    nested = {f"{parent}.{name}" for parent, names in NESTED.items() for name in names if "." not in parent}
    assert set(KNOBS) == {*ROOT, *nested} - {"data.name", "backend.name"}
    assert all(knob.meaning.endswith(".") and knob.rule and knob.source for knob in KNOBS.values())
    assert not {word for word in SYNONYMS if word in KNOBS}


def test_a_config_file_of_the_users_is_not_passed_over_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").write_text("epochs: 2")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["dry_run=true"]) == 0
    assert "conf/config.yaml is not read: settings belong on the command line" in capsys.readouterr().err


def test_a_callers_hydra_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "app.yaml").write_text("mine: 1")
    with initialize_config_dir(str(tmp_path), **hydra_defaults()):
        VersionBase.instance().version_base = base = copy(getbase())
        theirs = GlobalHydra.instance().hydra
        assert config("epochs=7").hyperparameters.epochs == 7
        with pytest.raises(UserError):
            config("epochs=x")
        assert GlobalHydra.instance().hydra is theirs
        assert getbase() is base
        assert compose("app").mine == 1


def test_threads_take_turns() -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda epochs: config(f"epochs={epochs}"), range(1, 9)))
    assert [one.hyperparameters.epochs for one in made] == list(range(1, 9))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("data.rotation: 15", "data.rotation must not have a dot in a file: write 'data:' and, indented"),
        ("monitor.test: true", "monitor.test must not have a dot in a file: write 'monitor:' and, indented"),
        ("sweep: {seeds.from: 3}", "sweep.seeds.from must not have a dot in a file: write 'seeds:' and,"),
        ("data.rotaton: 15", "unknown key in data: 'rotaton'; did you mean 'rotation'?"),
        ("data: file", r"got 'file': in a file, 'defaults: \[override /data: file\]' chooses conf/data/file"),
    ],
)
def test_a_key_that_nobody_would_read_is_refused(
    line: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "conf" / "sweep" / "flat.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(f"# @package _global_\n{line}\n")
    with pytest.raises(UserError, match=message):
        config("+sweep=flat")


def test_a_sweep_file_whose_aliases_explode_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "conf" / "sweep" / "bomb.yaml"
    path.parent.mkdir(parents=True)
    lines = ["# @package _global_", "x0: &x0 [1]"]
    lines += [f"x{k}: &x{k} [{', '.join([f'*x{k - 1}'] * 10)}]" for k in range(1, 20)]
    path.write_text("\n".join(lines))
    with pytest.raises(UserError) as error:
        config("+sweep=bomb")
    assert str(error.value) == f"{path}: its aliases must repeat at most 100000 values"

    (path.parent / "other.yaml").write_text("# @package _global_\nsweep: {axes: {epochs: [1, 2]}}\n")
    assert config("+sweep=other").question.axes == {"epochs": [1, 2]}  # which does not read it
    (path.parent / "user.yaml").write_text("# @package _global_\ndefaults: [bomb]\n")
    with pytest.raises(UserError, match=r"bomb\.yaml: its aliases must repeat"):
        config("+sweep=user")


@pytest.mark.parametrize("word", ["seed=range(20000000)", "learning_rate=range(0,1,0.0000001)"])
def test_more_values_than_anybody_means_are_refused_before_they_are_listed(word: str) -> None:
    with pytest.raises(UserError) as error:
        config(word, multirun=True)
    assert str(error.value) == f"{word} must list at most 100000 values"
