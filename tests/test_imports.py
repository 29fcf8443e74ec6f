"""The house keeps its order: what may import what, and what a process loads at its start."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import nnexp

PACKAGE = Path(nnexp.__path__[0])
# What takes long to load is imported where it is used, and by nobody at the head of a module: libraries, and
# the parts of ours that are made of one. Everything else stands at the head, for every reader to see.
HEAVY = ("mlflow", "pandas", "hydra", "matplotlib", "sklearn", "scipy", "joblib", "jax", "cupy")
LATE = (
    *(
        *HEAVY,
        "dask",
        "dask_jobqueue",
        "distributed",
        "omegaconf",
        "sqlalchemy",
        "psycopg",
        "pooch",
        "IPython",
    ),
    *("optuna", "torch", "jinja2", "markupsafe", "PIL", "nnexp.plots", "nnexp.nn.compiled"),
)
MADE_OF_A_LIBRARY = ("plots", "tracking/network_model.py", "nn/compiled")
# Loads step by step: Ctrl-C and foreign platforms come first; and the package's names, at first use.
STARTS = ("__main__.py", "__init__.py")
# Each folder and root module, and what it may import: data flows one way, from the top of this table down.
MAY_IMPORT = {
    "version": set(),
    "archive": set(),
    "errors": set(),
    "platforms": set(),
    "output": set(),
    "text": set(),
    "console": {"output"},
    "files": {"errors"},
    "yaml_text": set(),
    "statistics": set(),
    "nn": {"errors", "text"},
    "data": {"archive", "errors", "nn"},
    "sweep.question": {"errors", "text", "nn", "data"},
    "sweep.pool": {"errors", "text", "version", "nn", "data", "sweep.question"},
    "sweep.store": {
        *("archive", "errors", "text", "files", "yaml_text", "nn", "data", "sweep.question", "sweep.pool"),
    },
    "results": {"errors", "text", "files", "statistics", "nn", "data", "sweep.question", "sweep.store"},
    "claims": {"errors", "text", "data", "statistics", "sweep.question", "sweep.store", "results"},
    "report": {"console", "errors", "text", "statistics", "nn", "data", "sweep.question", "results"},
    "plots": {"errors", "text", "files", "statistics", "nn", "data", "sweep.question", "results"},
    "tracking": {"errors", "text", "files", "data", "sweep.question", "sweep.store"},
    "config": {"errors", "yaml_text", "nn", "data", "sweep.question"},
    "labbook": {
        *("errors", "text", "yaml_text", "files", "data", "sweep.question", "sweep.store", "results"),
        *("claims", "report", "plots", "config"),
    },
    "pages": {
        *("errors", "text", "nn", "data", "sweep.question", "sweep.store", "results", "claims", "report"),
        *("plots", "labbook", "config"),
    },
    "experiment": {
        *(
            "console",
            "errors",
            "text",
            "files",
            "nn",
            "data",
            "sweep.question",
            "sweep.pool",
            "sweep.store",
            "results",
        ),
        *("claims", "report", "plots", "pages", "tracking", "config", "version"),
    },
    "api": {"console", "sweep.pool", "errors", "text", "config", "experiment"},
    "commands": {
        *(
            "version",
            "console",
            "errors",
            "text",
            "files",
            "statistics",
            "nn",
            "data",
            "sweep.question",
            "sweep.pool",
            "sweep.store",
            "results",
        ),
        *("claims", "report", "plots", "tracking", "config", "labbook", "pages", "experiment"),
    },
    "cli": {"version", "console", "errors", "sweep.pool", "config", "experiment", "commands"},
    "__main__": {"platforms", "output", "cli"},
    "__init__": {"version", "nn", "errors", "api"},
}
ONLY_IN = {
    "mlflow": "tracking",
    "joblib": "sweep",
    "distributed": "sweep",
    "omegaconf": "config",
    "pooch": "data",
    "optuna": "sweep/question/asked.py",
    "torch": "sweep/question/asked.py",
    "matplotlib": "plots",
    "jinja2": "pages",
    "markupsafe": "pages",
    "jax": "nn/compiled",
    "cupy": "nn/compiled/on_chip.py",
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


def imported_at(path: Path) -> Iterator[tuple[str, bool]]:
    """Each module that a file imports, and whether at its head; what only types need is left out."""
    tree = ast.parse(path.read_text())
    head = [node for node in tree.body if not _is_for_types(node)]
    for node in (inner for outer in head for inner in ast.walk(outer)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in head) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "nnexp":
            yield from ((f"nnexp.{alias.name}", node in head) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node in head


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_only_what_is_heavy_is_imported_late(path: Path) -> None:
    place = str(path.relative_to(PACKAGE))
    if place in STARTS:
        pytest.skip("loads step by step")
    for name, at_head in imported_at(path):
        heavy = any(name == late or name.startswith(f"{late}.") for late in LATE)
        if not place.startswith(MADE_OF_A_LIBRARY):
            assert at_head is not heavy, name


def part_of(name: str) -> str | None:
    """The folder or root module that `nnexp.a.b.c` belongs to; None for the package itself and its names."""
    _, first, *rest = *name.split("."), ""
    if first == "sweep":
        return f"sweep.{rest[0]}" if rest[0] else None
    return first if (PACKAGE / first).is_dir() or (PACKAGE / f"{first}.py").is_file() else None


def modules() -> dict[str, list[Path]]:
    """The files of each folder and root module."""
    found: dict[str, list[Path]] = {}
    for path in PACKAGE.rglob("*.py"):
        name = ".".join(("nnexp", *path.relative_to(PACKAGE).with_suffix("").parts))
        if part := part_of(name.removesuffix(".__init__") if name != "nnexp.__init__" else name):
            found.setdefault(part, []).append(path)
    return found


def test_no_arrow_of_the_table_runs_up() -> None:
    parts = list(MAY_IMPORT)
    for place, part in enumerate(parts):
        assert MAY_IMPORT[part] <= set(parts[:place]), part


ORDERED = [path for path in PACKAGE.rglob("__init__.py") if "in reading order" in path.read_text().lower()]


@pytest.mark.parametrize("path", ORDERED, ids=lambda path: str(path.parent.relative_to(PACKAGE)))
def test_a_reading_order_has_every_module_of_its_package(path: Path) -> None:
    named = set(re.findall(r"`(\w+)`", ast.get_docstring(ast.parse(path.read_text())) or ""))
    assert {module.stem for module in path.parent.glob("*.py")} - {"__init__"} <= named


def test_the_table_has_every_folder_and_root_module() -> None:
    assert set(MAY_IMPORT) == set(modules())


@pytest.mark.parametrize("part", MAY_IMPORT)
def test_a_part_imports_only_what_lies_below_it(part: str) -> None:
    ours = {part_of(name) for path in modules()[part] for name in imports(path) if name.startswith("nnexp.")}
    assert ours - {part, None} <= MAY_IMPORT[part]


@pytest.mark.parametrize(("library", "part"), ONLY_IN.items())
def test_a_library_is_imported_in_one_part_only(library: str, part: str) -> None:
    users = [
        path for path in PACKAGE.rglob("*.py") if any(name.split(".")[0] == library for name in imports(path))
    ]
    assert users
    assert all((PACKAGE / part) in (path, *path.parents) for path in users)


def test_the_core_is_numpy_and_one_routine_of_blas() -> None:
    files = [path for path in (PACKAGE / "nn").glob("*.py") if path.stem not in ("blas", "kernels")]
    names = {name.split(".")[0] for path in files for name in imports(path)}
    assert names - set(sys.stdlib_module_names) == {"numpy", "nnexp"}
    assert "from scipy.linalg import blas\n" in (PACKAGE / "nn" / "blas.py").read_text()


@pytest.mark.parametrize("module", ["nnexp", "nnexp.sweep.pool.worker"])
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
    names = ["Data", "Examples", "Hyperparameters", "Result", "UserError", "__version__"]
    functions = ["load_sweep", "run", "run_sweep", "train"]
    assert sorted(nnexp.__all__) == [*names, *functions]
    assert set(nnexp.__all__) <= set(dir(nnexp))
    assert all(hasattr(nnexp, name) for name in nnexp.__all__)


def test_a_name_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="module 'nnexp' has no attribute 'lode_sweep'"):
        nnexp.lode_sweep  # noqa: B018
