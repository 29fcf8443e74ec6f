"""Training uses the BLAS of NumPy and that of SciPy: both with one thread, and each with a kernel of its own.

Some in processes of their own: what is loaded stays loaded.
"""

import json
import os
import platform
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
import scipy

from nnexp.nn import kernels

THREADS = """
import json, sys
from threadpoolctl import threadpool_info, threadpool_limits
from nnexp.nn.kernels import one_blas_thread

def threads():
    return {library["filepath"]: library["num_threads"] for library in threadpool_info()}

early = "scipy" in sys.modules
threadpool_limits(2)
with one_blas_thread():
    inside = threads()
print(json.dumps([early, inside, threads()]))
"""
KERNELS = """
import json, os
import numpy
os.environ["OPENBLAS_CORETYPE"] = "Nehalem"  # for the library that is still to be loaded
from nnexp.nn.kernels import blas_kernels
print(json.dumps(blas_kernels()))
"""


def answer(script: str, **variables: str) -> Any:
    """What a process of its own prints."""
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=os.environ | variables, timeout=60
    )
    return json.loads(done.stdout)


def test_the_limit_holds_for_scipys_library_too_though_it_is_loaded_late() -> None:
    early, inside, after = answer(THREADS)
    assert not early
    for package in ("numpy", "scipy"):
        assert any(f"/{package}." in path or f"/{package}/" in path for path in inside), inside
    assert set(inside.values()) == {1}
    assert inside.keys() == after.keys()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the kernels are those of x86")
def test_each_library_has_its_own_kernel() -> None:
    answers = answer(KERNELS, OPENBLAS_CORETYPE="Haswell")
    assert answers == {"numpy": "Haswell", "scipy": "Nehalem"}


def library(path: str, kernel: str) -> dict[str, str]:
    return {"user_api": "blas", "internal_api": "openblas", "filepath": path, "architecture": kernel}


@pytest.mark.parametrize(
    ("paths", "kernel"),
    [
        ({"/site/scipy.libs/x.so": "Haswell", "/site/torch/lib/y.so": "Zen"}, "Haswell"),
        ({"/site/scipy/.dylibs/x.dylib": "NEOVERSEN1", "/site/torch/lib/y.so": "Zen"}, "NEOVERSEN1"),
        ({"/lib/libopenblas.so": "Zen"}, "Zen"),
        ({}, "unknown"),
    ],
)
def test_a_kernel_is_that_of_the_library_that_came_with_the_package_else_of_all(
    paths: dict[str, str], kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scipy, "__file__", "/site/scipy/__init__.py")
    found = SimpleNamespace(info=lambda: [library(*each) for each in paths.items()])
    monkeypatch.setattr(kernels, "_libraries", lambda: found)
    assert kernels.blas_kernels()["scipy"] == kernel


def test_libraries_are_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = kernels.blas_kernels()

    def look_again() -> None:
        raise AssertionError

    monkeypatch.setattr(kernels, "ThreadpoolController", look_again)
    with kernels.one_blas_thread():
        assert kernels.blas_kernels() == before


def test_the_limit_may_be_set_while_another_thread_imports() -> None:
    """As a sweep does; where threadpoolctl (3.5) looks for libraries meanwhile, both wait for ever."""
    script = """
import importlib, json, threading
from nnexp.nn.kernels import blas_kernels, one_blas_thread

blas_kernels()
importing = threading.Thread(target=importlib.import_module, args=("pandas",))
importing.start()
times = 0
while importing.is_alive():
    with one_blas_thread():
        times += 1
print(json.dumps(times))
"""
    assert answer(script) > 0
