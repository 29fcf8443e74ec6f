"""The house keeps its order: what may import what, and what a process loads at its start."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nnexp

PACKAGE = Path(nnexp.__path__[0])
HEAVY = ("mlflow", "pandas", "hydra", "matplotlib", "sklearn", "scipy", "joblib")
# Each part and the parts that it may import: data flows one way.
MAY_IMPORT = {
    "nn": set(),
    "data": {"nn"},
    "sweep": {"nn", "data"},
    "config": {"nn", "data", "sweep"},
    "tracking": {"nn", "data", "sweep"},
    "analysis": {"nn", "data", "sweep"},
}
ONLY_IN = {
    "mlflow": "tracking",
    "pandas": "analysis",
    "joblib": "sweep",
    "omegaconf": "config",
    "pooch": "data",
    "matplotlib": "analysis",
}


def imports(path: Path) -> set[str]:
    """Full names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    ours = {
        name.split(".")[1]
        for path in (PACKAGE / part).rglob("*.py")
        for name in imports(path)
        if name.startswith("nnexp.")
    }
    assert ours - {part, "__version__"} <= MAY_IMPORT[part]


@pytest.mark.parametrize(("library", "part"), ONLY_IN.items())
def test_a_library_is_imported_in_one_part_only(library: str, part: str) -> None:
    users = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users == {part}


def test_the_core_is_numpy_and_the_standard_library() -> None:
    names = {name.split(".")[0] for path in (PACKAGE / "nn").glob("*.py") for name in imports(path)}
    assert names - set(sys.stdlib_module_names) == {"numpy", "nnexp"}


@pytest.mark.parametrize("module", ["nnexp", "nnexp.sweep.worker"])
def test_a_start_loads_nothing_heavy(module: str) -> None:
    script = f"import sys, {module}; print([name for name in {HEAVY} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_help_loads_only_what_it_needs() -> None:
    heavy = ("mlflow", "pandas", "scipy", "sklearn", "joblib")
    script = (
        "import sys; from nnexp.cli import main; main(['--help']); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines()[-1] == "[]"


def test_the_public_names_are_these() -> None:
    names = ["Data", "Examples", "Hyperparameters", "Result", "UserError", "load_sweep", "run", "run_sweep"]
    assert sorted(nnexp.__all__) == [*names, "train"]
    assert set(nnexp.__all__) <= set(dir(nnexp))
    assert all(hasattr(nnexp, name) for name in nnexp.__all__)


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'nnexp' has no attribute 'lode_sweep'"):
        nnexp.lode_sweep  # noqa: B018
