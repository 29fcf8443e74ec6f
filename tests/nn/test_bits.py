"""A run's bits: the same alone, in any stack and at any place in it. Compared with ==, never nearly."""

import random
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnexp.nn import MONITORS, Data, Hyperparameters, Result, train
from nnexp.nn.streams import Purpose
from tests.nn.driving import layers_of, random_data, random_layers, read_only, stack_of
from tests.reference import ACTIVATIONS, PAIRS, PERCEPTRON

OWN_SEED = st.sampled_from([None, None, None, 0, 1])
STREAMS = (
    "initializer",
    "bias_initializer",
    "dropout",
    "input_dropout",
)  # without which some streams are silent
QUIET = Hyperparameters()
searched = settings(max_examples=60, derandomize=True, deadline=None)


def hidden_layers() -> st.SearchStrategy[dict]:
    """Layers of one size, or each of its own."""
    equal = {"hidden_size": st.integers(1, 20), "hidden_layers": st.integers(0, 3)}
    unequal = {"hidden_size": st.lists(st.integers(1, 20), min_size=1, max_size=3)}
    return st.fixed_dictionaries(equal) | st.fixed_dictionaries(unequal)


@st.composite
def commons(draw) -> dict:
    """What the runs of a stack have in common."""
    output, cost = draw(st.sampled_from([*PAIRS, PERCEPTRON]))
    optimizers = ["sgd", "sgd", "nesterov", "rmsprop", "adam", "adamw", *["newton_cg"] * (output != "step")]
    return {
        "output": output,
        "cost": cost,
        "activation": draw(st.sampled_from(sorted(ACTIVATIONS))),
        **({"hidden_layers": 0} if output == "step" else draw(hidden_layers())),
        "batch_size": draw(st.integers(1, 12)),
        "optimizer": draw(st.sampled_from(optimizers)),
        "schedule": draw(st.sampled_from(["constant", "step", "exponential", "cosine", "plateau"])),
        "schedule_epochs": draw(st.integers(1, 3)),
        "epochs": draw(st.integers(1, 5)),
        "dtype": draw(st.sampled_from(["float32", "float64"])),
        "keep": draw(st.sampled_from(["final", "best"])),
        "monitor": draw(st.sets(st.sampled_from(MONITORS))),
    }


def memories(optimizer: str) -> st.SearchStrategy[dict]:
    """What an optimizer keeps from one step to the next; of sgd's velocity often nothing."""
    if optimizer in ("sgd", "nesterov"):
        ramps = [{"momentum_start": start, "momentum_ramp_epochs": 2} for start in (0.0, 0.5)]
        return st.sampled_from([{}, {}, {"momentum": 0.9}, *({"momentum": 0.9} | ramp for ramp in ramps)])
    if optimizer == "newton_cg":
        return st.fixed_dictionaries({"damping": st.sampled_from([1e-6, 0.1, 1.0, 1e30])})
    names = ("rmsprop_rho",) if optimizer == "rmsprop" else ("adam_beta1", "adam_beta2")
    return st.fixed_dictionaries({name: st.sampled_from([0.9, 0.999, 0.0]) for name in names})


@st.composite
def stacks(draw) -> list[Hyperparameters]:
    """One to six runs; some diverge at once, some stop early, many share a seed."""
    common = draw(commons())
    newton = common["optimizer"] == "newton_cg"
    common |= {"cg_steps": draw(st.integers(1, 8))} if newton else {}
    each = {
        "learning_rate": st.sampled_from([0.01, 0.1, 0.5, 3.0, 1e30]),
        "lambda_l2": st.sampled_from([0.0, 0.0, 0.3]),
        "lambda_l1": st.sampled_from([0.0] if newton else [0.0, 0.0, 0.2]),
        "dropout": st.sampled_from([0.0, 0.0, 0.25, 0.5]),
        "input_dropout": st.sampled_from([0.0, 0.0, 0.2]),
        "max_norm": st.sampled_from([0.0] if common.get("hidden_layers") == 0 else [0.0, 0.0, 0.5, 2.0]),
        "initializer": st.sampled_from(["lecun_normal", "standard_normal", "orthogonal", "zeros"]),
        "bias_initializer": st.sampled_from(["standard_normal", "zeros"]),
        "patience": st.sampled_from([0, 0, 1, 2]),
        "seed": st.integers(0, 3),  # few, so that runs often share one
        **{f"seed_{purpose}": OWN_SEED for purpose in get_args(Purpose) if purpose != "augmentation"},
    }
    run = st.tuples(st.fixed_dictionaries(each), memories(common["optimizer"]))
    runs = [values | memory for values, memory in draw(st.lists(run, min_size=1, max_size=6))]
    for values in runs:
        silent = replace(QUIET, **{name: values[name] for name in STREAMS}).silent_streams
        values |= {f"seed_{purpose}": None for purpose in silent}
    return [Hyperparameters(**common, **values) for values in runs]


@st.composite
def datasets(draw) -> Data:
    """Small data, which a batch of 12 or fewer rarely divides."""
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    n, d, classes = draw(st.integers(12, 40)), draw(st.integers(1, 20)), draw(st.integers(2, 11))
    return random_data(rng, n, d, classes, held_out=draw(st.integers(1, 20)))


def assert_same(first: Result, second: Result) -> None:
    """Equal in everything but time and the size of the stack."""
    for name in ("status", "kept_epoch", "test_cost", "test_accuracy"):
        assert getattr(first, name) == getattr(second, name), name
    histories = [{**result.history, "seconds": None} for result in (first, second)]
    assert repr(histories[0]) == repr(histories[1])  # in which NaN is NaN
    for (W, b), (V, c) in zip(layers_of(first), layers_of(second), strict=True):
        assert W.dtype == V.dtype
        assert W.tobytes() == V.tobytes()
        assert b.tobytes() == c.tobytes()


def wobble(rng: np.random.Generator, images: np.ndarray) -> np.ndarray:
    """A stand-in for distortions: fresh noise on every image."""
    return images + rng.standard_normal(images.shape).astype(images.dtype)


@searched
@given(stacks(), datasets(), st.lists(OWN_SEED, min_size=6, max_size=6) | st.none())
def test_a_run_is_the_same_alone_and_in_any_stack(runs, data, distortions):
    """`distortions`: the seed of each run's, or none at all."""
    augment = None if distortions is None else wobble
    if distortions is not None:
        runs = [replace(run, seed_augmentation=seed) for run, seed in zip(runs, distortions, strict=False)]
    together = train(runs, data, augment=augment)
    for run, result in zip(runs, together, strict=True):
        [alone] = train([run], data, augment=augment)
        assert_same(result, alone)


@searched
@given(stacks(), datasets(), st.randoms(use_true_random=False))
def test_a_run_is_the_same_at_any_place_of_the_stack(runs, data, chance):
    places = list(range(len(runs)))
    chance.shuffle(places)
    in_order, shuffled = train(runs, data), train([runs[place] for place in places], data)
    for place, result in zip(places, shuffled, strict=True):
        assert_same(result, in_order[place])


@settings(searched, max_examples=20)
@given(stacks(), datasets(), st.booleans())
def test_given_parameters_and_orders_keep_the_bits_too(runs, data, shared):
    rng = np.random.default_rng(len(runs))
    K, n = len(runs), len(data.training.labels)
    sizes = runs[0].layer_sizes(data.training.inputs.shape[1], data.n_classes)
    networks = [random_layers(rng, sizes) for _ in runs]
    order = read_only(rng.integers(0, n, (1 if shared else K, runs[0].epochs, n + 3)))
    together = train(runs, data, initial=stack_of(networks), order=order[0] if shared else order)
    for k, (run, network) in enumerate(zip(runs, networks, strict=True)):
        [alone] = train([run], data, initial=stack_of([network]), order=order[0 if shared else k])
        assert_same(together[k], alone)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("hidden_size", "batch_size"), [(30, 10), (30, 128), (100, 128)])
def test_bits_hold_at_the_sizes_that_people_train(hidden_size, batch_size, dtype):
    """Blocked kernels of BLAS, small products, and more examples than are gathered or evaluated at once."""
    data = random_data(np.random.default_rng(0), n=2500, d=196, classes=10, held_out=1100)
    common = {"hidden_size": hidden_size, "batch_size": batch_size, "epochs": 1, "dtype": dtype}
    runs = [
        Hyperparameters(**common, seed=seed, learning_rate=rate, lambda_l2=5.0)
        for seed, rate in [(0, 0.5), (1, 0.5), (0, 1e30), (0, 0.1)]
    ]
    shared = [replace(run, seed=0) for run in runs]
    for stack in (runs, shared):
        for run, result in zip(stack, train(stack, data), strict=True):
            assert_same(result, train([run], data)[0])


@settings(searched, max_examples=20)
@given(stacks(), datasets(), st.integers(0, 2**32 - 1))
def test_nothing_but_the_seed_is_random(runs, data, global_seed):
    """Not the global generators, which are left where they were, and not what ran before."""
    first = train(runs, data)
    np.random.seed(global_seed)  # noqa: NPY002
    random.seed(global_seed)
    states = random.getstate(), repr(np.random.get_state())  # noqa: NPY002
    for result, again in zip(train(runs, data), first, strict=True):
        assert_same(result, again)
    assert (random.getstate(), repr(np.random.get_state())) == states  # noqa: NPY002


def test_a_mate_s_penalty_stays_its_own():
    """Weights of 1e200, whose squares overflow: without a lambda of its own, a run has no penalty at all."""
    rng = np.random.default_rng(0)
    data = random_data(rng, n=6, d=3, classes=2)
    huge = [(np.full((2, 3), 1e200), np.zeros(2))]
    plain = Hyperparameters(hidden_layers=0, batch_size=6, epochs=1, dtype="float64")
    mate = replace(plain, lambda_l2=1.0, lambda_l1=1.0)
    [alone] = train([plain], data, initial=stack_of([huge]))
    together = train([plain, mate], data, initial=stack_of([huge, random_layers(rng, [3, 2])]))
    assert alone.history["penalty"] == [0.0]
    assert_same(together[0], alone)
