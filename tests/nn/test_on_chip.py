"""The kernel that trains a network on one multiprocessor, run here by threads of the processor."""

import ctypes
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")

import jax
import jax.numpy as jnp

from nnexp.nn import Hyperparameters, compiled
from nnexp.nn.compiled import on_chip, start, turns
from nnexp.nn.compiled.epoch import Recipe, train_epoch
from nnexp.nn.compiled.feed import Feed
from nnexp.nn.compiled.units import units_of
from nnexp.nn.runlog import RunLog
from nnexp.nn.start import draw_parameters
from tests.nn.compiled_cases import difference
from tests.nn.driving import random_data

needs_a_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++ is not installed")

# What CUDA has and C++ has not: a block is a thread for each of its own, with barriers for it and its warps.
CUDA = r"""
#include <cmath>
#include <cstring>
#include <pthread.h>
#include <thread>
#include <vector>
#define __device__
#define __global__
#define __launch_bounds__(threads, blocks)
struct Index { int x; };
struct float2 { float x, y; };
struct float4 { float x, y, z, w; };
static float2 make_float2(float x, float y) { return {x, y}; }
static thread_local Index threadIdx, blockIdx;
alignas(16) static float memory[65536];
static pthread_barrier_t block_barrier, warp_barriers[32];
static float shown[32][32];
static void __syncthreads() { pthread_barrier_wait(&block_barrier); }
static float __shfl_xor_sync(unsigned, float value, int bits) {
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  shown[warp][lane] = value;
  pthread_barrier_wait(&warp_barriers[warp]);
  float other = shown[warp][lane ^ bits];
  pthread_barrier_wait(&warp_barriers[warp]);
  return other;
}
"""
LAUNCH = r"""
extern "C" void launch(int K, int bytes, float* W1, float* b1, float* W2, float* b2, const float* inputs,
    const int* labels, const int* orders, long long stride, int n, const float* eta, const float* decay) {
  if (bytes != sizeof(Shared) + 4 * (H * D + 2 * B * D)) throw "the kernel needs other shared memory";
  pthread_barrier_init(&block_barrier, nullptr, T);
  for (int warp = 0; warp < T / 32; warp++) pthread_barrier_init(&warp_barriers[warp], nullptr, 32);
  for (int run = 0; run < K; run++) {
    for (float& number : memory) number = NAN;  // nothing may be read that was not written
    std::vector<std::thread> threads;
    for (int t = 0; t < T; t++)
      threads.emplace_back([=] {
        threadIdx.x = t;
        blockIdx.x = run;
        epoch(W1, b1, W2, b2, inputs, labels, orders, stride, n, eta, decay);
      });
    for (auto& thread : threads) thread.join();
  }
}
"""


class RawKernel:
    """CuPy's, for a processor."""

    folder: Path
    calls: int

    def __init__(self, text: str, name: str, options: tuple[str, ...]) -> None:
        self.text, self.max_dynamic_shared_size_bytes, self.made = text, 0, None

    def __call__(self, grid: tuple[int], block: tuple[int], arguments: Any, shared_mem: int) -> None:
        assert f"constexpr int T = {block[0]};" in self.text
        assert shared_mem == self.max_dynamic_shared_size_bytes
        pointers = [a.ctypes.data_as(ctypes.c_void_p) if a.ndim else a for a in arguments]
        pointers[7:9] = ctypes.c_longlong(int(arguments[7])), ctypes.c_int(int(arguments[8]))
        self.made = self.made or self.library()
        self.made.launch(grid[0], shared_mem, *pointers)
        RawKernel.calls += 1

    def library(self) -> ctypes.CDLL:
        text = self.text.replace("extern __shared__ float memory[];", "")
        text = re.sub(r'asm volatile\("cp.async.cg.*?\);', "memcpy(to, from, 16);", text, flags=re.DOTALL)
        text = re.sub(r'asm volatile\("cp.async.*?\);', "", text)
        source = self.folder / f"kernel{len(list(self.folder.iterdir()))}.cpp"
        source.write_text(CUDA + text + LAUNCH)
        library = source.with_suffix(".so")
        options = ("-std=c++17", "-O1", "-w", "-shared", "-fPIC", "-pthread")
        subprocess.run(["g++", *options, str(source), "-o", str(library)], check=True)
        return ctypes.CDLL(str(library))


@pytest.fixture
def _cupy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that does with NumPy's arrays what the kernel needs of CuPy."""
    module = ModuleType("cupy")
    stream = type("Stream", (), {"synchronize": lambda self: None})
    cuda = type("cuda", (), {"get_current_stream": stream})
    for name, value in {"RawKernel": RawKernel, "cuda": cuda}.items():
        setattr(module, name, value)
    for name in ("from_dlpack", "zeros", "ascontiguousarray", "int32", "int64"):
        setattr(module, name, getattr(np, name))
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(RawKernel, "folder", tmp_path, raising=False)
    monkeypatch.setattr(RawKernel, "calls", 0, raising=False)
    on_chip.compiled.cache_clear()


@needs_a_compiler
@pytest.mark.parametrize(
    ("inputs", "hidden", "classes", "B", "T", "shared_order"),
    [
        (5, 3, 2, 1, 32, False),
        pytest.param(20, 7, 3, 4, 64, False, marks=pytest.mark.slow),
        pytest.param(18, 6, 4, 10, 96, True, marks=pytest.mark.slow),
        pytest.param(8, 5, 2, 40, 64, False, marks=pytest.mark.slow),
        pytest.param(4, 70, 2, 4, 64, True, marks=pytest.mark.slow),  # more hidden units than threads
    ],
)
@pytest.mark.usefixtures("_cupy")
def test_an_epoch_on_chip_is_the_compiled_epoch(inputs, hidden, classes, B, T, shared_order):
    """More mini-batches than rows are fetched at once, the last one short; sizes that need padding."""
    data = random_data(np.random.default_rng(0), 33 * B + 1, inputs, classes)
    common = {"hidden_size": hidden, "batch_size": B, "epochs": 1}
    runs = [
        Hyperparameters(**common, seed=0 if shared_order else seed, learning_rate=rate, lambda_l2=lambda_l2)
        for seed, rate, lambda_l2 in [(0, 0.1, 0.0), (1, 0.5, 2.0)]
    ]
    part = start.part_of(data.training, classes, "float32")
    order = Feed(runs, data.training.inputs).draw().order
    assert len(order) == (1 if shared_order else 2)
    rates = turns.epoch_rates([RunLog(0, run, np.zeros(1)) for run in runs], 0, len(part.labels))
    recipe = Recipe(units_of(runs[0]), "sgd", B)
    first = [start.first_state(runs, draw_parameters(runs, data)) for _ in range(2)]
    assert on_chip.fits(runs, first[0].layers)
    expected = train_epoch(first[0], part, order, rates, recipe)
    kernel = on_chip.Kernel.of(inputs, hidden, classes, B, T)
    chip = on_chip.train_epoch(first[1], part, jnp.asarray(order), rates, recipe, kernel)
    assert int(chip.steps) == int(expected.steps) == 34
    for layer, same in zip(chip.layers, expected.layers, strict=True):
        for array, one in zip(layer, same, strict=True):
            np.testing.assert_allclose(array, one, rtol=0, atol=3e-6)


CHIP = Hyperparameters(hidden_size=4, batch_size=4, epochs=2, lambda_l2=0.1)


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.usefixtures("_cupy")
def test_training_on_chip_ends_where_compiled_training_does(monkeypatch):
    data, runs = random_data(np.random.default_rng(0), 13, 6, 3), [CHIP, replace(CHIP, seed=1)]
    expected = compiled.train(runs, data, at_once=2)
    few = on_chip.Kernel.of(6, 4, 3, 4, T=32)  # the emulation has a thread for each of the card's
    monkeypatch.setattr(on_chip.Kernel, "of", lambda *sizes: few)
    monkeypatch.setattr(on_chip, "is_at_hand", lambda: True)
    assert max(difference(expected, compiled.train(runs, data, at_once=2))) < 1e-6
    assert RawKernel.calls == 2


class ChosenError(Exception):
    """Instead of an epoch: the way that it would have gone."""


@pytest.mark.parametrize(
    ("at_hand", "changes", "way"),
    [(False, {}, "compiled"), (True, {}, "on chip"), (True, {"momentum": 0.5}, "compiled")],
)
def test_training_goes_on_chip_where_device_and_stack_allow_it(monkeypatch, at_hand, changes, way):
    def chosen(name):
        def pass_over(*_):
            raise ChosenError(name)

        return pass_over

    monkeypatch.setattr(on_chip, "is_at_hand", lambda: at_hand)
    monkeypatch.setattr(on_chip, "train_epoch", chosen("on chip"))
    monkeypatch.setattr(turns, "train_epoch", chosen("compiled"))
    with pytest.raises(ChosenError, match=way):
        compiled.train([replace(CHIP, **changes)], random_data(np.random.default_rng(0), 13, 6, 3))


def layers_of(*sizes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(np.zeros((1, m, n)), np.zeros((1, 1, m))) for n, m in pairwise(sizes)]


def test_a_kernel_has_room_for_these_networks_only():
    runs = [Hyperparameters(learning_rate=rate, lambda_l2=1.0) for rate in (0.1, 0.5)]
    assert on_chip.fits(runs, layers_of(784, 30, 10))
    assert not on_chip.fits(runs, layers_of(784, 100, 10))
    assert not on_chip.fits(runs, layers_of(784, 10))
    assert not on_chip.fits(runs, layers_of(100, 30, 30, 10))
    assert not on_chip.fits([Hyperparameters(batch_size=65)], layers_of(100, 30, 10))


@pytest.mark.parametrize(
    "changes",
    [
        {"activation": "tanh"},
        {"output": "softmax", "cost": "log_likelihood"},
        {"cost": "quadratic"},
        {"optimizer": "adam"},
        {"momentum": 0.5},
        {"lambda_l1": 0.1},
        {"dropout": 0.5},
        {"input_dropout": 0.5},
        {"max_norm": 1.0},
        {"dtype": "float64"},
    ],
    ids=str,
)
def test_a_stack_with_one_run_that_the_kernel_has_no_formulas_for_stays_off_chip(changes):
    runs = [Hyperparameters(), Hyperparameters(**changes)]
    assert not on_chip.fits(runs, layers_of(784, 30, 10))


def test_no_card_is_at_hand_where_jax_has_a_processor():
    if jax.default_backend() != "cpu":
        pytest.skip("there is a card")
    assert not on_chip.is_at_hand()
