"""A compiled run goes on from a state as if it had never stopped."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("jax", reason="JAX is not installed (the extra `jax`)")

from nnexp.errors import UserError
from nnexp.nn import Answer, Hyperparameters, Result, RunState, compiled
from nnexp.nn.knobs import MONITORS
from tests.nn.compiled_cases import difference, small_data
from tests.nn.test_bits import assert_same
from tests.nn.test_compiled import noise
from tests.nn.test_state import assert_same_state, stored

H = Hyperparameters(hidden_size=5, batch_size=7, epochs=5, learning_rate=0.3)
STACKS = {
    "sgd": [H, replace(H, seed=1, lambda_l2=0.5), replace(H, seed=2, momentum=0.5)],
    "adam": [replace(H, optimizer="adam", learning_rate=0.01, seed=seed) for seed in range(2)],
    "dropout": [replace(H, dropout=0.4, seed=seed, input_dropout=0.1 * seed) for seed in range(3)],
    "patience": [
        replace(H, patience=3, schedule="plateau", schedule_epochs=2, epochs=20, seed=seed)
        for seed in (0, 2, 4)
    ],
    "newton_cg": [replace(H, optimizer="newton_cg", learning_rate=1.0, seed=seed) for seed in range(2)],
    "monitors": [replace(H, monitor=MONITORS, seed=seed) for seed in range(2)],
}
DATA = small_data()


def trained(
    runs: Sequence[Hyperparameters], until: int | None = None, **options: Any
) -> tuple[list[Result], dict[int, list[RunState]]]:
    """Results, and the states after each epoch, which were on a disk; stopped after the epoch `until`."""
    taken = {}

    def progress(epoch: int, metrics: Any, states: list[RunState] | None = None) -> Answer:
        if states is None:
            return Answer(states=True)
        taken[epoch] = [stored(state) for state in states]
        return Answer(stop=epoch == until)

    return compiled.train(runs, DATA, progress=progress, **options), taken


@pytest.mark.parametrize("kind", STACKS)
def test_runs_go_on_from_any_epoch_in_any_stack_as_if_they_had_never_stopped(kind: str) -> None:
    """On a processor, to the bit, through the same states; in another order than before."""
    runs = STACKS[kind]
    whole, taken = trained(runs)
    for epoch in (1, 3):
        rows = [len(runs) - 1, 0]
        results, later = trained([runs[row] for row in rows], resume=[taken[epoch][row] for row in rows])
        for k, row in enumerate(rows):
            assert_same(results[k], whole[row])
            for e, states in later.items():
                assert_same_state(states[k], taken[e][row])


@pytest.mark.parametrize("kind", ["sgd", "dropout"])
def test_runs_that_train_at_once_go_on_to_the_bit_in_the_same_stack(kind: str) -> None:
    """In another one to rounding."""
    runs = STACKS[kind]
    whole, taken = trained(runs, at_once=len(runs))
    results, _ = trained(runs, resume=taken[2], at_once=len(runs))
    for result, same in zip(results, whole, strict=True):
        assert_same(result, same)
    alone, _ = trained(runs[1:2], resume=taken[2][1:2])
    assert max(difference(alone, whole[1:2])) < 1e-5


def test_runs_of_different_stacks_go_on_together() -> None:
    """A run without momentum has no velocity of its own."""
    runs = STACKS["sgd"]
    whole = compiled.train(runs, DATA)
    alone = [trained([run], until=2)[1][2][0] for run in runs]
    assert "velocity" not in alone[0].arrays
    for result, same in zip(compiled.train(runs, DATA, resume=alone), whole, strict=True):
        assert_same(result, same)
    at_once = compiled.train(runs, DATA, resume=alone, at_once=3)
    assert max(difference(whole, at_once)) < 1e-5


def test_distortions_go_on_where_they_were() -> None:
    runs = [H, replace(H, seed=1)]
    whole, taken = trained(runs, augment=noise)
    results, _ = trained(runs[::-1], augment=noise, resume=taken[2][::-1])
    for result, same in zip(results, whole[::-1], strict=True):
        assert_same(result, same)
    with pytest.raises(UserError, match="began with augment=given, and cannot go on with none"):
        trained(runs, resume=taken[2])


def test_a_run_that_was_cut_before_its_first_epoch_goes_on_with_it() -> None:
    runs = STACKS["monitors"]
    whole, taken = trained(runs)
    results, _ = trained(runs, resume=taken[0])
    for result, same in zip(results, whole, strict=True):
        assert_same(result, same)


def test_given_orders_are_given_whole_again() -> None:
    order = np.array([np.random.default_rng(epoch).permutation(50)[:31] for epoch in range(H.epochs)])
    whole, taken = trained([H], order=order)
    for again in (order, list(order), iter(order)):
        assert_same(compiled.train([H], DATA, order=again, resume=taken[3])[0], whole[0])


def test_runs_that_have_ended_train_no_more() -> None:
    whole, taken = trained(STACKS["patience"])
    last, calls = max(taken), []
    assert len({result.epochs_done for result in whole}) > 1
    results = compiled.train(
        STACKS["patience"], DATA, resume=taken[last], progress=lambda *call: calls.append(call)
    )
    assert calls == []
    for result, same in zip(results, whole, strict=True):
        assert_same(result, same)


def test_time_and_the_size_of_the_stack_go_on_too() -> None:
    whole, taken = trained(STACKS["adam"])
    [result] = compiled.train(STACKS["adam"][:1], DATA, resume=taken[2][:1])
    assert result.history["seconds"][:2] == whole[0].history["seconds"][:2]
    assert result.seconds == result.history["seconds"][-1] > taken[2][0].log["seconds"]
    assert result.stack_size == 2


def test_a_state_that_lacks_a_part_is_refused() -> None:
    run = STACKS["sgd"][2]
    state = trained([run], until=2)[1][2][0]
    for name in ("parameters", "snapshot", "velocity"):
        arrays = {key: array for key, array in state.arrays.items() if key != name}
        with pytest.raises(UserError, match=rf"resume.* must hold .*{name}, .*got none"):
            compiled.train([run], DATA, resume=[state._replace(arrays=arrays)])


def test_states_after_epochs_of_other_lengths_do_not_go_on_together() -> None:
    """Steps are counted, for masks and for adam."""
    orders = [np.tile(np.arange(n), (H.epochs, 1)) for n in (50, 20)]
    states = [trained([H], until=2, order=order)[1][2][0] for order in orders]
    with pytest.raises(UserError, match=r"states of one stack must agree in steps, got \[6,16\]"):
        compiled.train([H, H], DATA, resume=states, order=orders[0], at_once=2)
