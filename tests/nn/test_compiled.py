"""The compiled core trains as NumPy's does: the same names, semantics and numbers, to rounding."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from threading import Event
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")

import jax
import jax.numpy as jnp

from nnexp.errors import UserError
from nnexp.nn import Answer, Hyperparameters, compiled, train
from nnexp.nn import optimizers as core_optimizers
from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.arrays import aligned
from nnexp.nn.compiled import start, units
from nnexp.nn.compiled.epoch import drawn_mask
from nnexp.nn.compiled.network import backprop
from nnexp.nn.compiled.optimizers import OPTIMIZERS
from nnexp.nn.compiled.units import units_of
from nnexp.nn.costs import OUTPUTS
from nnexp.nn.knobs import MONITORS
from nnexp.nn.start import draw_parameters
from tests.nn.compiled_cases import (
    Case,
    all_cases,
    difference,
    difference_of,
    few_cases,
    small_data,
)
from tests.nn.test_divergence import DATA, GROWING, TAME

ROUNDING = 1e-10  # of float64, after 200 steps
SMALL = Hyperparameters(hidden_size=5, batch_size=7, epochs=6, learning_rate=0.3, dtype="float64")


def check_case(case: Case) -> None:
    found = difference_of(case, "float64")
    assert found.parameters < ROUNDING
    assert found.metrics < ROUNDING


@pytest.mark.parametrize("case", few_cases()[2:3], ids=str)
def test_parameters_and_metrics_are_those_of_the_core(case: Case) -> None:
    check_case(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", list(all_cases()), ids=str)
def test_every_activation_output_and_optimizer_is_that_of_the_core(case: Case) -> None:
    check_case(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", few_cases(), ids=str)
def test_float32_is_near_the_core_in_float32(case: Case) -> None:
    found = difference_of(case, "float32")
    assert found.parameters < 3e-4
    assert found.metrics < 3e-4


def both(runs: list[Hyperparameters], **more: Any) -> list[Any]:
    """Results of the compiled core, which are those of NumPy's, all runs at once or one after the other."""
    expected = train(runs, small_data(), **more)
    found = [compiled.train(runs, small_data(), at_once=at_once, **more) for at_once in (len(runs), 1)]
    assert max(difference(expected, found[0])) < ROUNDING
    assert max(difference(expected, found[1])) < ROUNDING
    return found[0]


def test_schedules_patience_and_best_weights_follow_the_same_accuracies() -> None:
    common = replace(SMALL, patience=3, epochs=30, monitor=("test",))
    plateau = {"schedule": "plateau", "schedule_epochs": 2, "schedule_factor": 0.25}
    runs = [common, replace(common, seed=1, learning_rate=3.0), replace(common, seed=2, lambda_l2=0.5)]
    found = both([replace(run, **plateau) for run in runs])
    assert len({result.epochs_done for result in found}) > 1, "the runs must end apart"
    assert any(result.kept_epoch < result.epochs_done for result in found)


@pytest.mark.slow
def test_momentum_grows_and_epochs_are_left_out_alike() -> None:
    ramp = replace(SMALL, momentum=0.8, momentum_start=0.1, momentum_ramp_epochs=4, evaluate_every=4)
    found = both([ramp, replace(ramp, seed=1, momentum=0.5)])
    assert found[0].history["epoch"] == [4, 6]


def test_a_run_that_diverges_disturbs_nobody() -> None:
    runs = [replace(run, monitor=("test",), dtype="float64", epochs=200) for run in (GROWING, TAME)]
    core, found = train(runs, DATA), compiled.train(runs, DATA, at_once=2)
    assert [result.status for result in found] == ["diverged", "finished"]
    assert found[0].test_cost is None
    assert found[0].kept_epoch == found[0].epochs_done == core[0].epochs_done
    assert difference(core[1:], found[1:]).parameters < ROUNDING


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="an accelerator has memory of its own")
def test_images_lie_in_numpys_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    copies = []

    def remembered(*shape_and_dtype: Any) -> Any:
        copies.append(aligned(*shape_and_dtype))
        return copies[-1]

    monkeypatch.setattr(start, "aligned", remembered)
    images = np.random.default_rng(0).random((30, 4), np.float32)
    on_device = start.inputs_of(images)
    assert on_device.unsafe_buffer_pointer() == copies[0].ctypes.data
    assert np.array_equal(on_device, images)


def test_what_a_caller_does_to_its_images_after_the_start_changes_nothing() -> None:
    data = small_data()
    inputs = aligned(data.training.inputs.shape, data.training.inputs.dtype)  # as JAX would take it
    inputs[...] = data.training.inputs
    mine = data._replace(training=data.training._replace(inputs=inputs))

    def overwrite(*_: Any) -> None:
        inputs[...] = 0

    expected = compiled.train([SMALL], data)
    assert max(difference(expected, compiled.train([SMALL], mine, progress=overwrite))) == 0
    assert not inputs.any()


def test_distorted_images_may_come_in_one_array_each_epoch() -> None:
    data, runs = small_data(), [replace(SMALL, epochs=5)]
    shared = np.empty_like(data.training.inputs)

    def afresh(rng: np.random.Generator, images: Any) -> Any:
        return images + rng.normal(0, 0.1, images.shape).astype(images.dtype)

    def in_one_array(rng: np.random.Generator, images: Any) -> Any:
        shared[...] = afresh(rng, images)
        return shared

    found = [compiled.train(runs, data, augment=augment) for augment in (afresh, in_one_array)]
    assert max(difference(*found)) == 0


NEWTON = replace(SMALL, optimizer="newton_cg", learning_rate=1.0, batch_size=25, hidden_size=(5, 4))


SEVERAL = [{}, {"lambda_l2": 0.5, "damping": 0.01}, {"seed": 1, "max_norm": 1.5}]
CURVED: list[dict[str, Any]] = [
    {"activation": "gelu", "cost": "quadratic"},
    {"activation": "silu", "output": "softmax", "cost": "log_likelihood"},
    {"activation": "arcsinh", "output": "identity", "cost": "quadratic"},
    {"activation": "softplus", "cg_steps": 3},
    *({"activation": name} for name in ("elu", "relu", "leaky_relu", "tanh", "identity")),
]


@pytest.mark.parametrize(
    "kinds", [SEVERAL, *(pytest.param([kind], marks=pytest.mark.slow) for kind in CURVED)], ids=str
)
def test_newtons_method_goes_the_cores_way(kinds: list[dict[str, Any]]) -> None:
    """With mini-batches of two sizes, and where the objective would rise."""
    both([replace(NEWTON, **kind) for kind in kinds])


MONITORED = replace(SMALL, monitor=MONITORS, hidden_size=(5, 4), evaluate_every=2)


@pytest.mark.parametrize("activation", ["sigmoid", pytest.param("gelu", marks=pytest.mark.slow)])
def test_monitors_see_what_they_see_in_the_core(activation: str) -> None:
    """Before the first epoch, too; with units that are saturated, and a class that is dead."""
    runs = [replace(MONITORED, activation=activation, learning_rate=rate) for rate in (0.3, 1.0)]
    found = both([*runs, replace(runs[0], seed=1, initializer="standard_normal")])
    history = found[2].history
    assert history["epoch"] == [0, 2, 4, 6]
    assert {"gradient_norm_bias_3", "saturated_share_2", "small_weights_1", "weight_norm_3"} <= set(history)
    assert history["update_norm_1"][0] == 0 < min(history["update_norm_1"][1:])
    assert max(history["dead_classes"]) > 0
    assert max(history["saturated_share_1"]) > 0


def test_a_run_that_diverges_under_monitors_disturbs_nobody() -> None:
    runs = [replace(run, monitor=MONITORS, dtype="float64", epochs=200) for run in (GROWING, TAME)]
    core, found = train(runs, DATA), compiled.train(runs, DATA, at_once=2)
    assert [result.status for result in found] == ["diverged", "finished"]
    assert found[0].epochs_done == core[0].epochs_done
    assert list(found[0].history) == list(core[0].history)
    assert difference(core[1:], found[1:]).metrics < ROUNDING


def test_the_next_order_is_drawn_while_the_device_trains() -> None:
    """Else an epoch's end would wait for it, and this test for ever."""
    drawn = [Event() for _ in range(SMALL.epochs)]

    def orders() -> Iterator[Any]:
        for event in drawn:
            event.set()
            yield np.arange(31)

    def progress(epoch: int, metrics: Any) -> None:
        if epoch < SMALL.epochs:
            assert drawn[epoch].wait(20)

    compiled.train([SMALL], small_data(), order=orders(), progress=progress)


def noise(rng: np.random.Generator, images: Any) -> Any:
    """Other inputs in each epoch."""
    return images + rng.normal(size=images.shape)


@pytest.mark.parametrize("order", [None, np.tile(np.arange(31), (SMALL.epochs, 1))], ids=["drawn", "given"])
def test_images_are_distorted_by_the_cores_own_draws(order: Any) -> None:
    """Runs of one seed see the same ones; evaluation sees the images as they are."""
    runs = [SMALL, replace(SMALL, seed=1), replace(SMALL, seed=2, seed_augmentation=0)]
    found = both(runs, augment=noise, order=order)
    plain = [replace(run, seed_augmentation=None) for run in runs]
    assert difference(compiled.train(plain, small_data(), order=order), found).parameters > 0.01
    with pytest.raises(UserError, match="augment must keep the shape"):
        compiled.train(runs, small_data(), augment=lambda rng, images: images[1:])


@pytest.mark.slow
def test_callers_weights_and_orders_are_taken() -> None:
    rng = np.random.default_rng(3)
    initial = [(rng.normal(size=(2, m, n)), rng.normal(size=(2, 1, m))) for n, m in ((6, 4), (4, 3))]
    order = rng.integers(0, 50, (2, SMALL.epochs, 31))
    both([SMALL, replace(SMALL, learning_rate=0.1)], initial=initial, order=order)


def stopper(seen: list[Any]) -> Callable[..., Answer]:
    """Prunes the first run after two epochs, and stops all after four."""

    def progress(epoch: int, metrics: dict[str, Any]) -> Answer:
        seen.append((epoch, {name: np.round(column, 9).tolist() for name, column in metrics.items()}))
        return Answer(stop=epoch == 4, prune=[0] if epoch == 2 else [])

    return progress


def test_a_caller_sees_the_same_metrics_prunes_and_stops() -> None:
    runs, seen = [SMALL, replace(SMALL, seed=1)], ([], [])
    core = train(runs, small_data(), progress=stopper(seen[0]))
    found = compiled.train(runs, small_data(), progress=stopper(seen[1]), at_once=2)
    assert [result.status for result in found] == ["pruned", "stopped"]
    assert max(difference(core, found)) < ROUNDING
    np.testing.assert_equal(*seen)


def test_the_same_call_gives_the_same_bits() -> None:
    runs = [SMALL, replace(SMALL, seed=1)]
    for at_once in (1, 2):
        first, again = (compiled.train(runs, small_data(), at_once=at_once) for _ in range(2))
        assert max(difference(first, again)) == 0


def test_on_a_processor_a_run_has_the_same_bits_alone_and_in_a_stack() -> None:
    """For each run is trained by a call of its own; at once they agree to rounding."""
    runs = [replace(SMALL, seed=seed, momentum=momentum) for seed, momentum in ((0, 0.0), (1, 0.5), (0, 0.5))]
    turns, at_once = (compiled.train(runs, small_data(), at_once=size) for size in (1, 3))
    alone = [compiled.train([run], small_data())[0] for run in runs]
    assert max(difference(alone, turns)) == 0
    assert max(difference(alone, at_once)) < 1e-12


@pytest.mark.slow
def test_dropout_is_a_runs_own_the_same_alone_and_in_a_stack() -> None:
    """To rounding: they differ by less than 1e-12."""
    common = replace(SMALL, dropout=0.4, input_dropout=0.1)
    runs = [common, replace(common, seed=1), replace(common, seed=2, dropout=0.0)]
    first, again = (compiled.train(runs, small_data(), at_once=3) for _ in range(2))
    assert max(difference(first, again)) == 0
    alone = compiled.train(runs[1:2], small_data())
    assert max(difference(first[1:2], alone)) < 1e-12


def test_masks_scale_what_they_keep_and_are_drawn_anew_for_each_run_layer_and_step() -> None:
    runs = [replace(SMALL, dropout=0.25, seed=seed) for seed in (0, 1)]
    state = start.first_state(runs, draw_parameters(runs, small_data()))
    p, shape = jnp.array([[[0.25]], [[0.25]]]), (400, 25)

    def mask(steps: int, layer: int) -> np.ndarray:
        later = state._replace(steps=jnp.asarray(steps))
        return np.asarray(drawn_mask(later, "dropout", layer, shape, p, jnp.float32))

    first = mask(0, 0)
    assert set(np.unique(first)) == {0, np.float32(1 / 0.75)}
    assert (first > 0).mean() == pytest.approx(0.75, abs=4 * np.sqrt(0.25 * 0.75 / first.size))
    np.testing.assert_array_equal(first, mask(0, 0))
    others = [first[::-1], mask(1, 0), mask(0, 1)]
    for other in others:
        share = (first == other).mean()  # both keep, or both drop
        assert share == pytest.approx(0.75**2 + 0.25**2, abs=0.02)


def test_backpropagation_by_hand_is_that_of_jax_through_masks() -> None:
    rng = np.random.default_rng(0)
    units = units_of(SMALL)
    with jax.enable_x64(True):
        sizes = ((6, 5), (5, 3))
        layers = [(jnp.array(rng.normal(size=(2, m, n))), jnp.zeros((2, 1, m))) for n, m in sizes]
        x, y = jnp.array(rng.normal(size=(4, 6))), jnp.eye(3)[jnp.array([0, 2, 1, 1])]
        masks = [jnp.array(rng.integers(0, 2, (2, 4, 5)) / 0.5)]

        def cost(layers: Any) -> Any:
            (W1, b1), (W2, b2) = layers
            a = units.hidden.function(jnp.einsum("koi,bi->kbo", W1, x) + b1) * masks[0]
            z = jnp.einsum("koi,kbi->kbo", W2, a) + b2
            return units.output.cost(z, y).mean(axis=-1).sum()

        expected = jax.jit(jax.grad(cost))(layers)
        found = jax.jit(partial(backprop, units=units))(layers, x, y, masks=masks)
        for one, other in zip(jax.tree.leaves(expected), jax.tree.leaves(found), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-13)


def test_all_that_is_compiled_is_named() -> None:
    assert set(OPTIMIZERS) == set(core_optimizers.OPTIMIZERS)
    assert set(units.ACTIVATIONS) == {name for name, each in ACTIVATIONS.items() if each.steepest}
    assert set(units.OUTPUTS) == set(OUTPUTS)


def test_train_takes_the_engine_that_its_runs_name() -> None:
    run = replace(SMALL, engine="jax")
    assert max(difference(compiled.train([SMALL], small_data()), train([run], small_data()))) == 0
    assert max(difference(train([SMALL], small_data()), train([run], small_data()))) > 0
    with pytest.raises(UserError, match=r"runs of one stack must agree in engine, got \[jax, numpy\]"):
        train([run, SMALL], small_data())


def test_a_state_goes_on_with_its_engine() -> None:
    taken: list[Any] = []

    def progress(epoch: int, metrics: Any, states: Any = None) -> Answer:
        taken.append(states)
        return Answer(states=states is None, stop=True)

    train([SMALL], small_data(), progress=progress)
    with pytest.raises(UserError, match=r"resume\[0\] began with engine=numpy, and cannot go on with jax"):
        train([replace(SMALL, engine="jax")], small_data(), resume=taken[1])
