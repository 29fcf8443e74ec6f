"""What progress asks for comes: states, from which any runs go on in any stack, bit for bit; and ends."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnexp.errors import UserError
from nnexp.nn import Answer, Data, Hyperparameters, Result, RunState, batches, train
from tests.nn.driving import random_data, random_layers, read_only, stack_of
from tests.nn.test_bits import OWN_SEED, assert_same, datasets, searched, stacks, wobble


def data_of(n: int = 40, d: int = 4, classes: int = 3, held_out: int = 7) -> Data:
    return random_data(np.random.default_rng(0), n, d, classes, held_out)


DATA = data_of()
OTHER = "with other hyperparameters or data it would be another run"
H = Hyperparameters(hidden_size=6, epochs=4)


def stored(state: RunState) -> RunState:
    """A state that has been on a disk: no pickle, and JSON that any program reads."""
    values = {name: value for name, value in state._asdict().items() if name != "arrays"}
    text, file = json.dumps(values, allow_nan=False), io.BytesIO()
    np.savez(file, **state.arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        return RunState(**json.loads(text), arrays=dict(arrays))


def trained(
    runs: Sequence[Hyperparameters], data: Data, until: int | None = None, **options: Any
) -> tuple[list[Result], dict[int, list[RunState]]]:
    """Results, and the states after each epoch; stopped after the epoch `until`."""
    taken = {}

    def progress(epoch, metrics, states=None):
        if states is None:
            return Answer(states=True)
        taken[epoch] = [stored(state) for state in states]
        return Answer(stop=epoch == until)

    return train(runs, data, progress=progress, **options), taken


def assert_same_state(first: RunState, second: RunState) -> None:
    """Equal in everything but time and the size of the stack."""
    assert first.arrays.keys() == second.arrays.keys()
    for name, array in first.arrays.items():
        assert array.dtype == second.arrays[name].dtype
        assert array.tobytes() == second.arrays[name].tobytes(), name
    values = []
    for state in (first, second):
        log = {n: v for n, v in state.log.items() if "seconds" not in n and n != "stack_size"}
        log["history"] = {**log["history"], "seconds": None}
        streams = {purpose: stream for purpose, stream in state.streams.items() if purpose in ALWAYS}
        values.append((state.premises, state.sizes, state.epoch, log, streams))
    assert values[0] == values[1]


ALWAYS = ("order", "augmentation")  # a run without dropout has its stream only beside runs with dropout


@st.composite
def options(draw, runs: list[Hyperparameters], data: Data) -> dict[str, Any]:
    """The caller's own: images distorted or not, orders drawn, of all runs, or of each."""
    K, n, kind = len(runs), len(data.training.labels), draw(st.sampled_from(["drawn", "one", "each"]))
    given: dict[str, Any] = {"augment": wobble} if draw(st.booleans()) else {}
    if kind != "drawn":
        shape = (1 if kind == "one" else K, runs[0].epochs, n + 1)
        given["order"] = read_only(np.random.default_rng(K).integers(0, n, shape))
    return given


def of_rows(rows: Sequence[int], given: dict[str, Any]) -> dict[str, Any]:
    """The options for some of the runs."""
    order = given.get("order")
    if order is None:
        return given
    return given | {"order": order[0] if len(order) == 1 else order[list(rows)]}


@searched
@given(st.data(), stacks(), datasets())
def test_any_runs_go_on_from_any_epoch_as_if_they_had_never_stopped(chosen, runs, data):
    """To the same results, through the same states; in any order, and stored meanwhile."""
    runs = [replace(run, epochs=run.epochs + 1) for run in runs]
    given = chosen.draw(options(runs, data))
    if "augment" in given:
        runs = [replace(run, seed_augmentation=chosen.draw(OWN_SEED)) for run in runs]
    everyone = range(len(runs))
    whole, taken = trained(runs, data, **of_rows(everyone, given))
    epoch = chosen.draw(st.sampled_from(sorted(taken)))
    rows = chosen.draw(st.lists(st.sampled_from(everyone), min_size=1, unique=True))
    some, own = [runs[row] for row in rows], of_rows(rows, given)
    results, later = trained(some, data, resume=[taken[epoch][row] for row in rows], **own)
    for k, row in enumerate(rows):
        assert_same(results[k], whole[row])
        for e, states in later.items():
            assert_same_state(states[k], taken[e][row])


@settings(searched, max_examples=30)
@given(stacks(), datasets(), st.integers(1, 4))
def test_runs_of_different_stacks_go_on_together(runs, data, epoch):
    """Each was trained alone up to there."""
    whole = train(runs, data)
    alone = [trained([run], data, until=epoch)[1] for run in runs]
    rows = [row for row, taken in enumerate(alone) if epoch in taken]
    if rows:
        states = [alone[row][epoch][0] for row in rows]
        results = train([runs[row] for row in rows], data, resume=states)
        for row, result in zip(rows, results, strict=True):
            assert_same(result, whole[row])


def test_given_networks_go_on_without_being_given_again():
    networks = [random_layers(np.random.default_rng(0), [4, 9, 5, 3]) for _ in range(2)]
    whole, taken = trained([H, H], DATA, initial=stack_of(networks))
    for result, same in zip(train([H, H], DATA, resume=taken[2]), whole, strict=True):
        assert_same(result, same)


def test_orders_may_come_one_epoch_at_a_time_when_runs_go_on():
    """The whole is given again; the epochs that are done are passed over."""
    order = np.array([np.random.default_rng(epoch).permutation(40) for epoch in range(4)])
    whole, taken = trained([H], DATA, order=order)
    for again in (order, list(order), iter(order)):
        assert_same(train([H], DATA, order=again, resume=taken[3])[0], whole[0])


def test_states_are_of_the_epoch_that_they_were_asked_in_and_stay_as_they_are():
    """`progress` is called once more for that epoch; what trains on, or goes on from them, changes none."""
    calls, taken = [], []

    def progress(epoch, metrics, *states):
        calls.append((epoch, len(states)))
        taken.extend(states)
        return Answer(states=epoch == 2)

    whole = train([H, H], DATA, progress=progress)
    assert calls == [(1, 0), (2, 0), (2, 1), (3, 0), (4, 0)]
    [states] = taken
    assert [state.epoch for state in states] == [2, 2]
    assert [state.log["history"]["epoch"] for state in states] == [[1, 2], [1, 2]]
    for _ in range(2):
        assert_same(train([H, H], DATA, resume=states)[0], whole[0])


def test_a_run_that_has_ended_gives_the_result_that_it_had():
    runs = [replace(H, patience=1, epochs=30, seed=seed) for seed in range(4)]
    whole, taken = trained(runs, DATA)
    last = max(taken)
    assert len({result.epochs_done for result in whole}) > 1
    calls = []
    results = train(runs, DATA, resume=taken[last], progress=lambda *call: calls.append(call))
    assert calls == []
    for result, same in zip(results, whole, strict=True):
        assert_same(result, same)


def test_time_goes_on_too():
    whole, taken = trained([H, replace(H, seed=1)], DATA)
    before = taken[2][0].log
    [result] = train([H], DATA, resume=taken[2][:1])
    assert result.history["seconds"][:2] == whole[0].history["seconds"][:2]
    assert all(earlier < later for earlier, later in pairwise(result.history["seconds"]))
    assert result.seconds == result.history["seconds"][-1] > before["seconds"]
    assert result.evaluation_seconds > before["evaluation_seconds"] > 0
    assert result.stack_size == 2, "half of its seconds were shared"


def test_a_pruned_run_ends_there_and_the_others_are_undisturbed():
    runs = [replace(H, seed=seed, momentum=momentum) for seed, momentum in ((0, 0.5), (1, 0.0), (2, 0.5))]
    answers = {1: Answer(prune=[2]), 2: Answer(prune={0, 2}), 4: Answer(prune=[1])}
    results = train(runs, DATA, progress=lambda epoch, metrics: answers.get(epoch))
    assert [result.status for result in results] == ["pruned", "finished", "pruned"]
    assert [result.epochs_done for result in results] == [2, 4, 1]
    assert_same(results[1], train([runs[1]], DATA)[0])
    for run, result in zip(runs, results, strict=True):
        [stopped] = train([run], DATA, progress=lambda e, m, r=result: Answer(stop=e == r.epochs_done))
        assert_same(replace(stopped, status=result.status), result)
    assert all(np.isfinite(result.test_cost) for result in results)


def test_a_run_goes_on_from_the_state_that_came_before_it_was_pruned():
    taken = {}

    def progress(epoch, metrics, states=None):
        if states is None:
            return Answer(states=True, prune=[0] if epoch == 2 else [])
        taken[epoch] = states
        return None

    [pruned, _] = train([H, replace(H, seed=1)], DATA, progress=progress)
    assert (pruned.status, pruned.epochs_done) == ("pruned", 2)
    assert_same(train([H], DATA, resume=taken[2][:1])[0], train([H], DATA)[0])
    [again] = train([H], DATA, resume=taken[3][:1])
    assert_same(again, pruned)


@pytest.mark.parametrize("how", ["pruned", "diverged"])
def test_a_run_that_has_ended_costs_nothing_from_then_on(how, monkeypatch):
    """Nothing is shuffled, distorted, dropped or gathered for it alone."""
    drawn, gathered, take = [], [], np.take

    class Counted(np.random.Generator):
        def __init__(self, rng, name):
            super().__init__(rng.bit_generator)
            self.name = name

        def permutation(self, *args, **options):
            drawn.append(self.name)
            return super().permutation(*args, **options)

        def random(self, *args, **options):
            drawn.append(self.name)
            return super().random(*args, **options)

    def counted_stream(seed, purpose, stream=batches.stream):
        return Counted(stream(seed, purpose), (purpose, seed))

    def counted_take(array, indices, *args, **options):
        gathered.append(len(indices))
        return take(array, indices, *args, **options)

    def augment(rng, images):
        return images + np.float32(rng.random())

    def progress(epoch, metrics):
        if epoch == 1:
            drawn.clear()
            gathered.clear()
            return Answer(prune=[0] if how == "pruned" else [])
        return None

    monkeypatch.setattr("nnexp.nn.batches.stream", counted_stream)
    monkeypatch.setattr("nnexp.nn.dropout.stream", counted_stream)
    monkeypatch.setattr("numpy.take", counted_take)
    stays = replace(H, seed=1)
    ends = replace(H, seed=0, dropout=0.5, input_dropout=0.1)
    if how == "diverged":
        ends = replace(ends, learning_rate=1e38, lambda_l2=1e3)
    results = train([ends, stays], DATA, augment=augment, progress=progress)
    assert [result.status for result in results] == [how, "finished"]
    assert {seed for _, seed in drawn} == {1}
    assert {purpose for purpose, _ in drawn} == {"order", "augmentation"}
    assert set(gathered) == {1}


def assert_refused(
    message: str, runs: list[Hyperparameters], resume: Any, data: Data = DATA, **options: Any
) -> None:
    with pytest.raises(UserError) as error:
        train(runs, data, resume=resume, **options)
    assert str(error.value) == message


def state() -> RunState:
    return trained([H], DATA, until=2)[1][2][0]


@pytest.mark.parametrize(
    ("run", "change", "reason"),
    [
        (replace(H, learning_rate=0.1), "learning_rate=0.5, and cannot go on with 0.1", OTHER),
        (replace(H, hidden_size=[6, 6]), "hidden_size=6, and cannot go on with [6,6]", OTHER),
        (
            replace(H, epochs=9),
            "epochs=4, and cannot go on with 9",
            "schedules and the last evaluation follow the number of epochs, so a longer run is another run",
        ),
    ],
    ids=["learning_rate", "hidden_size", "epochs"],
)
def test_a_state_goes_on_with_the_hyperparameters_that_it_began_with(run, change, reason):
    assert_refused(f"resume[0] began with {change}: {reason}", [run], [state()])


@pytest.mark.parametrize(
    ("data", "options", "change"),
    [
        (data_of(n=39), {}, "training_examples=40, and cannot go on with 39"),
        (data_of(held_out=8), {}, "validation_examples=7, and cannot go on with 8"),
        (data_of(d=5), {}, "inputs=4, and cannot go on with 5"),
        (data_of(classes=2), {}, "classes=3, and cannot go on with 2"),
        (DATA, {"augment": wobble}, "augment=none, and cannot go on with given"),
        (DATA, {"order": np.tile(np.arange(40), (4, 1))}, "order=drawn, and cannot go on with given"),
    ],
)
def test_a_state_goes_on_with_data_of_the_same_kind(data, options, change):
    assert_refused(f"resume[0] began with {change}: {OTHER}", [H], [state()], data, **options)


def test_states_fit_each_other_and_the_runs():
    one = state()
    assert_refused("resume must be a list of RunState, got RunState", [H], one)
    assert_refused("resume must hold a state for each of 2 runs, got 1", [H, H], [one])
    assert_refused(
        "initial parameters and resume exclude each other: a state holds its parameters",
        [H],
        [one],
        initial=stack_of([random_layers(np.random.default_rng(0), [4, 6, 3])]),
    )
    assert_refused("states of one stack must agree in epoch, got 2, 3", [H, H], [one, one._replace(epoch=3)])
    other = trained([H], DATA, initial=stack_of([random_layers(np.random.default_rng(0), [4, 5, 3])]))[1][2][
        0
    ]
    assert_refused("states of one stack must agree in sizes, got [4,6,3], [4,5,3]", [H, H], [one, other])


def test_a_state_that_lacks_a_part_is_refused_before_anything_trains():
    run = replace(H, momentum=0.5)
    whole = trained([run], DATA, until=2)[1][2][0]
    for name in ("parameters", "snapshot", "velocity"):
        lacking = {key: array for key, array in whole.arrays.items() if key != name}
        short = {key: array[:-1] if key == name else array for key, array in whole.arrays.items()}
        for arrays in (lacking, short):
            with pytest.raises(UserError, match=rf"resume.* must hold .*{name}, .*got (none|.*\(63,\))"):
                train([run], DATA, resume=[whole._replace(arrays=arrays)])


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (True, "progress must return None or an Answer, got True"),
        (Answer(prune=[0, 1, 2]), "prune must name rows 0..1, got [2]"),
        (Answer(prune=[-1]), "prune must name rows 0..1, got [-1]"),
    ],
)
def test_answers_are_checked(answer, message):
    with pytest.raises(UserError) as error:
        train([H, H], DATA, progress=lambda epoch, metrics: answer)
    assert str(error.value) == message
