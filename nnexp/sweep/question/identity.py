"""Identity: two runs with one id are the same training, to the bit, on machines of one kind."""

import ast
import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from nnexp import data, nn
from nnexp.data import Dataset, DataSpec
from nnexp.nn import Hyperparameters

# The modules of nnexp/data whose formulas a result depends on.
NUMERIC_DATA_MODULES = ("split.py", "augment.py")


def canonical_json(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, floats by repr, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def run_id(hyperparameters: Hyperparameters, spec: DataSpec, dataset: Dataset, numerics: str) -> str:
    """12 hex digits of SHA-256 over hyperparameters, data set (knobs, values) and numerics digest."""
    values = {"digest": dataset.digest, "scale": dataset.scale, "n_classes": dataset.data.n_classes}
    identity = {
        "hyperparameters": vars(hyperparameters),
        "data": spec.identity() | values,
        "numerics": numerics,
    }
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()[:12]


def sweep_id(run_ids: Sequence[str]) -> str:
    """8 hex digits of SHA-256 over the run ids in plan order."""
    return hashlib.sha256(" ".join(run_ids).encode()).hexdigest()[:8]


def numerics_digest() -> str:
    """64 hex digits over the code that decides a result, as the files are now."""
    core = sorted(Path(nn.__path__[0]).glob("*.py"))
    files = [*core, *(Path(data.__path__[0]) / name for name in NUMERIC_DATA_MODULES)]
    return _digest_of_versions(tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files))


@lru_cache(maxsize=4)
def _digest_of_versions(versions: tuple[tuple[Path, int, int], ...]) -> str:
    """Files are read again only when their time or size has changed."""
    return digest_of_code(file for file, _, _ in versions)


def digest_of_code(files: Iterable[Path]) -> str:
    """SHA-256 over the syntax trees of Python files: comments, formatting and docstrings do not count."""
    digest = hashlib.sha256()
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        digest.update(f"{file.name}:{ast.dump(_without_docstrings(tree))}\n".encode())
    return digest.hexdigest()


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:]
    return tree
