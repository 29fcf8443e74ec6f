"""What a run remembers: history, the epoch it keeps, where it stops, what it reports as it trains."""

from dataclasses import replace

import numpy as np
import pytest

from nnexp.nn import MONITORS, Hyperparameters, predict, train
from tests import reference
from tests.nn.driving import layers_of, random_data, random_layers, read_only, stack_of

DATA = random_data(np.random.default_rng(3), n=40, d=4, classes=3, held_out=25)
BASE = Hyperparameters(
    hidden_size=6, epochs=12, learning_rate=1.0, batch_size=5, dtype="float64", seed=9, lambda_l2=0.1
)
COLUMNS = [
    "epoch", "training_cost", "training_accuracy", "validation_cost", "validation_accuracy", "test_cost",
    "test_accuracy", "penalty", "seconds",
]  # fmt: skip


def rows(history: dict, *skip: str) -> list[dict]:
    """History as a list of rows, without the clock."""
    names = [name for name in history if name not in ("seconds", *skip)]
    return [dict(zip(names, values, strict=True)) for values in zip(*map(history.get, names), strict=True)]


def one(**knobs):
    return train([replace(BASE, **knobs)], DATA)[0]


def test_a_row_is_left_after_each_pass():
    result = one()
    assert list(result.history) == COLUMNS
    assert result.history["epoch"] == list(range(1, 13))
    assert {len(column) for column in result.history.values()} == {12}
    assert result.status == "finished"
    assert result.kept_epoch == 12
    assert all(isinstance(value, float) for value in result.history["training_cost"])
    assert result.history["seconds"] == sorted(result.history["seconds"])
    assert 0 < result.history["seconds"][0] <= result.seconds
    assert result.evaluation_seconds > 0
    assert result.stack_size == 1


def test_test_columns_are_empty_unless_asked_for():
    assert one().history["test_cost"] == [None] * 12
    assert one().history["test_accuracy"] == [None] * 12
    with_test = one(monitor=("test",))
    assert with_test.history["test_cost"][-1] == with_test.test_cost == one().test_cost
    assert with_test.history["test_accuracy"][-1] == with_test.test_accuracy
    assert with_test.history["epoch"][0] == 1, "the test monitor needs no row before training"


@pytest.mark.parametrize("monitor", [monitor for monitor in MONITORS if monitor != "test"])
def test_row_0_stands_only_where_a_monitor_asks(monitor):
    result = one(monitor=(monitor,))
    assert result.history["epoch"] == list(range(13))
    names = [name for name in result.history if name not in COLUMNS]
    assert names == sorted(names)
    assert names
    assert rows(result.history, *names)[1:] == rows(one().history), "looking changes nothing"


@pytest.mark.parametrize(
    ("every", "epochs"), [(2, [2, 4, 6, 8, 10, 12]), (5, [5, 10, 12]), (0, [12]), (50, [12])]
)
def test_evaluate_every_thins_the_rows_and_changes_none(every, epochs):
    """The last epoch always has a row; 0 means only that."""
    sparse, whole = one(evaluate_every=every), one()
    assert rows(sparse.history) == [row for row in rows(whole.history) if row["epoch"] in epochs]
    assert [W.tobytes() for W in sparse.weights] == [W.tobytes() for W in whole.weights]


def first_best(history: dict) -> int:
    accuracies = history["validation_accuracy"]
    return history["epoch"][accuracies.index(max(accuracies))]


def test_keep_best_keeps_the_first_epoch_of_the_greatest_validation_accuracy():
    result = one(keep="best")
    best = first_best(result.history)
    assert result.history["validation_accuracy"].count(max(result.history["validation_accuracy"])) > 1
    assert best < 12, "the case must tell the first best from others and from the final epoch"
    assert result.kept_epoch == best
    until_then = one(epochs=best)
    assert [W.tobytes() for W in result.weights] == [W.tobytes() for W in until_then.weights]
    assert [b.tobytes() for b in result.biases] == [b.tobytes() for b in until_then.biases]
    assert (result.test_cost, result.test_accuracy) == (until_then.test_cost, until_then.test_accuracy)
    assert rows(result.history) == rows(one().history), "it trains on to the end"


@pytest.mark.parametrize("patience", [1, 2, 4])
def test_patience_ends_a_run_that_no_longer_improves(patience):
    whole, result = one(epochs=60), one(epochs=60, patience=patience)
    accuracies, best, best_epoch = whole.history["validation_accuracy"], -1.0, 0
    for epoch, accuracy in enumerate(accuracies, start=1):
        if accuracy > best:
            best, best_epoch = accuracy, epoch
        if epoch == best_epoch + patience:
            break
    assert epoch < 60, "the case must stop early"
    assert result.status == "finished"
    assert rows(result.history) == rows(whole.history)[:epoch]
    assert result.kept_epoch == best_epoch
    assert [W.tobytes() for W in result.weights] == [W.tobytes() for W in one(epochs=best_epoch).weights]


def test_patience_counts_only_epochs_whose_accuracy_was_measured():
    """With a row every 5 epochs a patience of 3 cannot run out before two rows were seen."""
    result = one(evaluate_every=5, patience=3)
    assert result.history["epoch"][:2] == [5, 10]
    assert result.kept_epoch == first_best(result.history)


def test_test_figures_are_those_of_the_kept_network():
    """By the loop over single examples, and by the network's own predictions."""
    result = one(keep="best", epochs=5)
    layers = layers_of(result)
    h = replace(BASE, epochs=5)
    assert result.test_cost == pytest.approx(reference.cost(layers, *DATA.test, h), rel=1e-12)
    winners = predict(result.weights, result.biases, DATA.test.inputs).argmax(axis=1)
    assert result.test_accuracy == (winners == DATA.test.labels).mean()
    assert result.test_accuracy == reference.accuracy(layers, *DATA.test, h)


@pytest.mark.parametrize("monitor", [(), ("weight_norm",)])
def test_lambda_is_divided_by_the_examples_shown_in_one_epoch(monitor):
    """An epoch that shows every example five times has n = 5 x 40: in updates, and in every row's penalty."""
    h = replace(BASE, epochs=1, lambda_l2=30.0, lambda_l1=10.0, learning_rate=0.1, monitor=monitor)
    order = read_only(np.tile(np.arange(40), 5)[np.newaxis])
    network = random_layers(np.random.default_rng(0), [4, 6, 3])
    [result] = train([h], DATA, initial=stack_of([network]), order=order)
    [after] = reference.train(network, *DATA.training, order, h)
    for W, (expected, _) in zip(result.weights, after, strict=True):
        np.testing.assert_allclose(W, expected, rtol=0, atol=1e-12)
    networks = [network, after] if monitor else [after]
    penalties = [reference.penalty(layers, h, 200) for layers in networks]
    assert result.history["penalty"] == pytest.approx(penalties, rel=1e-12)


def test_progress_hears_of_every_epoch_and_every_run():
    """One call per epoch: metrics (K,), NaN where the run has ended or the epoch was not evaluated."""
    calls = []
    runs = [replace(BASE, epochs=20), replace(BASE, epochs=20, patience=1)]
    results = train(runs, DATA, progress=lambda epoch, metrics: calls.append((epoch, metrics)))
    assert [epoch for epoch, _ in calls] == list(range(1, 21))
    for k, result in enumerate(results):
        reported = [float(metrics["validation_accuracy"][k]) for _, metrics in calls]
        recorded = result.history["validation_accuracy"]
        assert reported[: len(recorded)] == recorded
        assert np.isnan(reported[len(recorded) :]).all()
    assert len(results[1].history["epoch"]) < 20

    calls.clear()
    train([replace(BASE, evaluate_every=3, epochs=4)], DATA, progress=lambda *call: calls.append(call))
    assert [bool(np.isnan(metrics["training_cost"][0])) for _, metrics in calls] == [True, True, False, False]


def test_the_penalty_is_left_out_of_the_costs():
    """objective = cost + penalty: the cost column is the data term alone."""
    result = one(lambda_l2=5.0, lambda_l1=2.0)
    layers = layers_of(result)
    h = replace(BASE, lambda_l2=5.0, lambda_l1=2.0)
    assert result.history["training_cost"][-1] == pytest.approx(reference.cost(layers, *DATA.training, h))
    assert result.history["penalty"][-1] == pytest.approx(reference.penalty(layers, h, 40))
