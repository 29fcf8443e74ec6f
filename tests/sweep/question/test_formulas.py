"""A run's digest covers the formulas that it uses, and nothing else; it is the same on every Python."""

import ast
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import nnexp
from nnexp.data import DATASETS, DataSpec
from nnexp.data.augment import DISTORTIONS
from nnexp.nn import Hyperparameters
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.nn.schedules import SCHEDULES
from nnexp.sweep.question.formulas import NO_FORMULAS, OPTIONAL, TABLES, Formulas
from nnexp.sweep.question.plan import Run

PACKAGE = Path(nnexp.__path__[0])
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
SCRIPT = """
import json, sys, types
from pathlib import Path
package = Path(sys.argv[1])
for name in ("nnexp", "nnexp.sweep", "nnexp.sweep.question"):  # their files would import NumPy
    sys.modules[name] = module = types.ModuleType(name)
    module.__path__ = [str(package.parent.joinpath(*name.split(".")))]
from nnexp.sweep.question.formulas import Formulas
formulas = Formulas(package)
answer = {name: formulas.digest(settings) for name, settings in json.load(sys.stdin).items()}
print(json.dumps(answer | {"all": formulas.all_digest, "version": sys.version_info[:2]}))
"""


def runs() -> dict[str, dict[str, Any]]:
    """A run at the defaults, and one for each choice that enters a table or uses what others do not."""
    base = Run("", Hyperparameters(), DataSpec(), 0).settings
    changes: list[dict[str, Any]] = [{}, {"dropout": 0.5}, {"expand": "shifts"}, {"classes": (0, 1)}]
    changes += [{"input_dropout": 0.2}, {"max_norm": 3.0}, {"lambda_l1": 0.1}]
    changes.append({"monitor": ("weight_norm",)})
    changes.append({"momentum": 0.9, "momentum_ramp_epochs": 5})
    tables: dict[str, Mapping[str, Any]] = {
        "activation": ACTIVATIONS,
        "initializer": INITIALIZERS,
        "bias_initializer": BIAS_INITIALIZERS,
        "optimizer": OPTIMIZERS,
        "schedule": SCHEDULES,
        "data": DATASETS,
        "augment": DISTORTIONS,
    }
    changes += [{setting: choice} for setting, table in tables.items() for choice in table]
    changes += [{"output": output, "cost": cost} for output, cost in OUTPUTS]
    return {_name(change): base | change for change in changes}


def _name(change: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in change.items()) or "base"


def compiled_runs() -> dict[str, dict[str, Any]]:
    """Those of the same that `engine=jax` has."""
    compiled = {name: settings | {"engine": "jax"} for name, settings in runs().items()}
    return {name: settings for name, settings in compiled.items() if name != "activation=step"}


RUNS = runs()
COMPILED = compiled_runs()


def digests(package: Path, runs: dict[str, dict[str, Any]] = RUNS) -> dict[str, str]:
    formulas = Formulas(package)
    return {name: formulas.digest(settings) for name, settings in runs.items()}


@pytest.fixture(scope="module")
def before() -> dict[str, str]:
    return digests(PACKAGE)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the files that the walk reads, to be edited; the compiled core is none of them."""
    others = shutil.ignore_patterns("__pycache__", "compiled")
    for folder in ("nn", "data"):
        shutil.copytree(PACKAGE / folder, tmp_path / "nnexp" / folder, ignore=others)
    return tmp_path / "nnexp"


@pytest.fixture
def with_compiled(package: Path) -> Path:
    """The same with the compiled core."""
    shutil.copytree(PACKAGE / "nn" / "compiled", package / "nn" / "compiled")
    return package


def file_with(package: Path, text: str) -> Path:
    """The one file of the package that has this text, which is there once."""
    files = [file for file in package.rglob("*.py") if text in file.read_text()]
    assert [file.read_text().count(text) for file in files] == [1], (text, files)
    return files[0]


def replace_in(package: Path, old: str, new: str) -> None:
    file = file_with(package, old)
    file.write_text(file.read_text().replace(old, new))


def change_function(package: Path, module: str, name: str) -> None:
    """Let a function of a module do one thing more."""
    file = package / module
    lines = file.read_text().splitlines()
    (function,) = [n for n in ast.walk(ast.parse("\n".join(lines))) if getattr(n, "name", None) == name]
    first = function.body[-1].lineno - 1
    indent = " " * function.body[-1].col_offset
    lines.insert(first, f"{indent}one_thing_more = 1")
    file.write_text("\n".join(lines))


def interpreter(version: str) -> str | None:
    """Another Python of this version that can be started, from pyenv or the PATH."""
    homes = sorted(Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob("*/bin"))
    path = shutil.which(f"python{version}", path=os.pathsep.join([*map(str, homes), os.environ["PATH"]]))
    if path is None or subprocess.run([path, "-c", ""], capture_output=True).returncode:
        return None
    return path


@pytest.mark.parametrize("version", VERSIONS)
def test_the_digests_are_the_same_on_every_python(version: str, before: dict[str, str]) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    answer = subprocess.run(
        [python, "-S", "-c", SCRIPT, str(PACKAGE)],
        input=json.dumps(RUNS),
        capture_output=True,
        text=True,
        check=True,
    )
    there = json.loads(answer.stdout)
    assert there.pop("version") == [int(part) for part in version.split(".")]
    assert there == before | {"all": Formulas(PACKAGE).all_digest}


NEW_ENTRIES = {
    "activation": (
        "ACTIVATIONS: dict[str, Activation] = {",
        '"new": Activation(tanh, relu_slope, steepest=0.5),',
    ),
    "optimizer": ("OPTIMIZERS: dict[str, Optimizer] = {", '"new": Optimizer(square_state, sgd, True, True),'),
    "initializer": ("INITIALIZERS: dict[str, Initializer] = {", '"new": normal(lambda fan_out, fan_in: 3),'),
    "schedule": ("SCHEDULES: dict[str, Schedule] = {", '"new": lambda *_: 0.5,'),
    "augment": ("DISTORTIONS: dict[str, Distortion] = {", '"new": rotation,'),
}


@pytest.mark.parametrize("table", NEW_ENTRIES)
def test_a_new_entry_of_a_table_changes_no_other_run(
    table: str, package: Path, before: dict[str, str]
) -> None:
    opening, entry = NEW_ENTRIES[table]
    replace_in(package, f"\n{opening}", f"\n\ndef unheard_of(z):\n    return 2 * z\n\n{opening}\n    {entry}")
    assert digests(package) == before
    assert Formulas(package).digest(RUNS["base"] | {table: "new"}) not in before.values()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("augment must keep the shape", "augment has to keep the shape"),  # a message
        ("must keep inputs finite in float32", "must leave inputs finite in float32"),
        ("initial must be a list of pairs", "initial is a list of pairs"),
        ("        if images.shape != self.part.inputs.shape:", "        if images.ndim > 3:"),  # a check
        ("    check_augmentation(runs, augment is not None)\n", "    _check_more(runs)\n"),
        ("sigma' = a (1 - a).", "The slope of sigma."),  # a docstring
        ("# 0-d arrays: NumPy would convert", "# NumPy would convert"),
        ("def sigmoid_slope(a: Array,", "def sigmoid_slope(a: NDArray[np.float64],"),
        ("def sums(arrays: Iterable[Array]) -> PerRun:", "def sums(arrays: Sequence[Array]) -> PerRun:"),
    ],
)  # fmt: skip
def test_what_computes_nothing_does_not_count(
    old: str, new: str, package: Path, before: dict[str, str]
) -> None:
    replace_in(package, old, new)
    assert digests(package) == before


def choices_of(*settings: str) -> set[str]:
    return {name for name in RUNS if name.partition("=")[0] in settings}


ALL = set(RUNS)
ON_DIGITS = ALL - {"data=mnist", "data=fashion_mnist", "data=nand", "data=synthetic", "data=file"}
ON_SIGMOID = ALL - (choices_of("activation") - {"activation=sigmoid"})


@pytest.mark.parametrize(
    ("module", "function", "changed"),
    [
        ("nn/activations.py", "relu", {"activation=relu"}),
        ("nn/optimizers.py", "adamw", {"optimizer=adamw"}),
        ("nn/optimizers.py", "_adam_step", {"optimizer=adam", "optimizer=adamw"}),
        ("nn/optimizers.py", "momentum_step", {"momentum=0.9 momentum_ramp_epochs=5"}),
        ("nn/optimizers.py", "sgd_with_l1", {"lambda_l1=0.1"}),
        ("nn/turns.py", "split_into_stacks", set()),
        ("nn/newton_cg.py", "find_direction", {"optimizer=newton_cg"}),
        ("nn/hessian.py", "product", {"optimizer=newton_cg"}),
        ("nn/curvatures.py", "sigmoid_curvature", {"optimizer=newton_cg"}),
        ("nn/curvatures.py", "tanh_curvature", set()),
        ("nn/schedules.py", "cosine", {"schedule=cosine"}),
        ("nn/initializers.py", "orthogonal", {"initializer=orthogonal"}),
        ("nn/initializers.py", "uniform", {"initializer=glorot_uniform", "initializer=he_uniform"}),
        ("nn/costs.py", "log_likelihood", {"output=softmax cost=log_likelihood"}),
        ("nn/costs.py", "error_times_slope", {"output=sigmoid cost=quadratic"}),
        ("nn/dropout.py", "draw", {"dropout=0.5"}),
        ("nn/dropout.py", "thin", {"input_dropout=0.2"}),
        ("nn/max_norm.py", "norms_of", {"max_norm=3.0"}),
        ("nn/monitors.py", "watch", {"monitor=('weight_norm',)"}),
        ("nn/schedules.py", "momentum_ramp", {"momentum=0.9 momentum_ramp_epochs=5"}),
        ("nn/backprop.py", "errors", ALL),
        ("nn/batches.py", "Feed", ALL),
        ("nn/streams.py", "stream", ALL),
        ("nn/hyperparameters.py", "keeps_best", ALL),
        ("nn/hyperparameters.py", "layer_sizes", ALL),
        ("nn/evaluation.py", "evaluate", ALL),
        ("data/split.py", "scale_inputs", ALL),
        ("data/split.py", "first_examples", ALL),
        ("data/split.py", "digits_split", ON_DIGITS),
        ("data/split.py", "book_split", {"data=mnist", "data=fashion_mnist"}),
        ("data/split.py", "add_shifts", {"expand=shifts"}),
        ("data/split.py", "keep_classes", {"classes=(0, 1)"}),
        ("data/augment.py", "_gaussian", {f"augment={name}elastic" for name in ("", "rotate_", "affine_")}),
        ("data/augment.py", "affine_field", choices_of("augment") - {"augment=elastic"}),
        ("data/augment.py", "resample", choices_of("augment")),
        ("nn/activations.py", "sigmoid_slope", ON_SIGMOID | {"output=sigmoid cost=quadratic"}),
    ],
)
def test_a_changed_formula_changes_the_runs_that_use_it_and_no_other(
    module: str, function: str, changed: set[str], package: Path, before: dict[str, str]
) -> None:
    change_function(package, module, function)
    after = digests(package)
    assert {name for name in RUNS if after[name] != before[name]} == changed


ALL_COMPILED = set(COMPILED)
SIGMOIDS = {name for name in COMPILED if not name.startswith(("activation=", "output="))} | {
    "activation=sigmoid"
}


@pytest.mark.parametrize(
    ("module", "function", "changed"),
    [
        ("nn/compiled/units.py", "elu", {"activation=elu"}),
        ("nn/compiled/units.py", "silu_slope", {"activation=silu"}),
        ("nn/compiled/optimizers.py", "adamw", {"optimizer=adamw"}),
        ("nn/compiled/optimizers.py", "_adam", {"optimizer=adam", "optimizer=adamw"}),
        ("nn/compiled/network.py", "backprop", ALL_COMPILED),
        ("nn/compiled/epoch.py", "train_step", ALL_COMPILED),
        ("nn/compiled/turns.py", "epoch_rates", ALL_COMPILED),
        ("nn/compiled/on_chip.py", "padded", ALL_COMPILED),
        ("nn/schedules.py", "cosine", {"schedule=cosine"}),
        ("nn/streams.py", "stream", ALL_COMPILED),
        ("nn/hyperparameters.py", "keeps_best", ALL_COMPILED),
        ("data/split.py", "scale_inputs", ALL_COMPILED),
        ("nn/backprop.py", "errors", set()),
        ("nn/activations.py", "elu", set()),
        ("nn/compiled/device.py", "prepared", set()),
    ],
)
def test_a_changed_formula_of_the_compiled_core_changes_its_runs_alone(
    module: str, function: str, changed: set[str], with_compiled: Path, before: dict[str, str]
) -> None:
    compiled = digests(PACKAGE, COMPILED)
    change_function(with_compiled, module, function)
    after = digests(with_compiled, COMPILED)
    assert {name for name in COMPILED if after[name] != compiled[name]} == changed
    if "compiled" in module:
        assert digests(with_compiled) == before


def test_the_kernel_of_a_card_counts_like_a_function(with_compiled: Path, before: dict[str, str]) -> None:
    compiled, whole = digests(with_compiled, COMPILED), Formulas(with_compiled).all_digest
    kernel = with_compiled / "nn" / "compiled" / "on_chip.cu"
    kernel.write_text(kernel.read_text() + "// another one\n")
    assert not set(digests(with_compiled, COMPILED).values()) & set(compiled.values())
    assert digests(with_compiled) == before
    assert Formulas(with_compiled).all_digest != whole


def test_a_run_and_the_same_run_compiled_have_no_digest_in_common(before: dict[str, str]) -> None:
    assert not set(digests(PACKAGE, COMPILED).values()) & set(before.values())


def test_a_changed_constant_and_a_changed_entry_count_like_a_function(
    package: Path, before: dict[str, str]
) -> None:
    replace_in(package, "LEAK = 0.01", "LEAK = 0.02")
    replace_in(
        package,
        '"he_normal": normal(lambda fan_out, fan_in: 2 /',
        '"he_normal": normal(lambda fan_out, fan_in: 4 /',
    )
    after = digests(package)
    changed = {name for name in RUNS if after[name] != before[name]}
    assert changed == {"activation=leaky_relu", "initializer=he_normal"}


def test_another_library_under_the_same_name_counts(package: Path, before: dict[str, str]) -> None:
    file = package / "nn" / "arrays.py"
    file.write_text(file.read_text().replace("import numpy as np", "import numpy.ma as np"))
    assert not set(digests(package).values()) & set(before.values())


def test_a_definition_may_move_to_another_module(package: Path, before: dict[str, str]) -> None:
    network = package / "nn" / "network.py"
    text = network.read_text()
    start, end = text.index("class Network(NamedTuple):"), text.index("\n\n@dataclass(frozen=True, eq=False)")
    (package / "nn" / "moved.py").write_text(f"from typing import NamedTuple\n\n\n{text[start:end]}")
    network.write_text(text[:start] + "from nnexp.nn.moved import Network\n" + text[end:])
    assert digests(package) == before


def texts() -> dict[str, str]:
    formulas = Formulas(PACKAGE)
    settings = [*RUNS.values(), *COMPILED.values()]
    return {place: text for each in settings for place, text in formulas.texts(each).items()}


def test_every_module_of_the_core_is_a_formula_or_named_as_none() -> None:
    modules_of_runs = {place.partition(":")[0] for place in texts()} - {
        "nn.hyperparameters"
    }  # one member of it
    files = [file.relative_to(PACKAGE).with_suffix("") for file in (PACKAGE / "nn").rglob("*.py")]
    modules = {".".join(file.parts).removesuffix(".__init__") for file in files}
    assert modules_of_runs & modules | set(NO_FORMULAS) == modules
    assert not modules_of_runs & set(NO_FORMULAS)


def test_what_only_some_runs_use_is_there_and_used_by_some() -> None:
    places = set(texts())
    for part in OPTIONAL:
        assert any(f"{place}:".startswith(f"{part}:") for place in places), part
    for table in set(TABLES) - {"DATASETS"}:
        assert any(f":{table}[" in place for place in places), table


def test_no_formula_holds_an_f_string() -> None:
    """Their syntax trees differ between versions of Python."""
    assert [place for place, text in texts().items() if "JoinedStr" in text] == []


def test_the_walk_enters_what_a_run_is_known_to_use() -> None:
    places = set(Formulas(PACKAGE).texts(RUNS["augment=elastic"]))
    assert {"nn.backprop:Backprop", "nn.arrays:HALF", "nn.optimizers:sgd", "data.augment:BLOCK"} <= places
    assert "nn.costs:OUTPUTS[('sigmoid', 'cross_entropy')]" in places
    assert not {place for place in places if "adam" in place or "relu" in place or "JSON" in place}
