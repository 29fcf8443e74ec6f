"""Learning rates over the epochs, read from what weight decay leaves of weights without other gradient."""

from math import cos, pi

import numpy as np
import pytest

from nnexp.nn import Hyperparameters, train
from nnexp.nn.runlog import Plateau
from tests.nn.driving import data_of, stack_of

N = 4
BLANK = data_of(np.zeros((N, 2)), [0] * N, classes=2)  # without inputs, only biases have a gradient


def factors_of(bias: float = 5.0, **knobs) -> tuple[list[float], dict]:
    """The factor on the learning rate in each epoch, and history. `bias` favours class 0, which is right."""
    h = Hyperparameters(
        dtype="float64", batch_size=N, lambda_l2=N / 2, learning_rate=0.5, monitor=("weight_norm",), **knobs
    )
    network = [(np.ones((2, 2)), np.array([bias, 0.0]))]
    [result] = train([h], BLANK, initial=stack_of([network]))
    norms = np.array(result.history["weight_norm_1"])
    decay = norms[1:] / norms[:-1]  # 1 - learning_rate x factor x lambda/n
    return list((1 - decay) / (0.5 * 0.5)), result.history


CLOSED_FORMS = {
    "constant": lambda done: 1,
    "step": lambda done: [1, 1, 1, 0.8, 0.8, 0.8, 0.64, 0.64][done],
    "exponential": lambda done: 0.8 ** (done / 3),
    "cosine": lambda done: (1 + cos(pi * done / 8)) / 2,
}


@pytest.mark.parametrize("schedule", CLOSED_FORMS)
def test_the_learning_rate_follows_its_closed_form(schedule):
    factors, _ = factors_of(schedule=schedule, schedule_epochs=3, schedule_factor=0.8, epochs=8)
    assert factors == pytest.approx([CLOSED_FORMS[schedule](done) for done in range(8)], rel=1e-9)


def test_the_book_s_rule_halves_and_stops_at_a_hundred_and_twenty_eighth():
    """Validation accuracy is best after epoch 1: a half after each 10 epochs more, 7 times."""
    factors, history = factors_of(schedule="plateau", epochs=200)
    expected = [1.0] * 11 + [0.5**drops for drops in range(1, 7) for _ in range(10)]
    assert history["validation_accuracy"] == [1.0] * (len(expected) + 1)
    assert factors == pytest.approx(expected, rel=1e-9)


def test_the_rule_stops_at_the_last_share_with_any_factor():
    factors, _ = factors_of(schedule="plateau", schedule_epochs=2, schedule_factor=0.1, epochs=50)
    assert factors == pytest.approx([1, 1, 1, 0.1, 0.1, 0.01, 0.01], rel=1e-9)


def test_an_improvement_starts_the_waiting_anew():
    """The bias is wrong at first, so accuracy rises from 0 to 1 at epoch 4, after one halving."""
    factors, history = factors_of(bias=-1.9, schedule="plateau", schedule_epochs=2, epochs=8)
    assert history["validation_accuracy"] == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert factors == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25], rel=1e-9)


def test_a_run_of_a_stack_follows_its_own_validation_accuracy():
    """Two runs of one stack: one never improves, the other does at epoch 4."""
    h = Hyperparameters(
        dtype="float64", batch_size=N, lambda_l2=N / 2, learning_rate=0.5, monitor=("weight_norm",),
        schedule="plateau", schedule_epochs=2, epochs=8,
    )  # fmt: skip
    networks = [[(np.ones((2, 2)), np.array([bias, 0.0]))] for bias in (5.0, -1.9)]
    results = train([h, h], BLANK, initial=stack_of(networks))
    for bias, result in zip((5.0, -1.9), results, strict=True):
        _, alone = factors_of(bias=bias, schedule="plateau", schedule_epochs=2, epochs=8)
        assert result.history["weight_norm_1"] == alone["weight_norm_1"]


def test_a_plateau_drops_after_its_epochs_without_improvement():
    """And waits anew after a drop and after an improvement; epochs that were not measured only pass time."""
    plateau = Plateau(3)
    drops = []
    for epoch, improved in [(1, True), (2, False), (4, False), (5, False), (6, True), (8, False), (9, False)]:
        plateau.add(epoch, improved)
        drops.append(plateau.drops)
    assert drops == [0, 0, 1, 1, 1, 1, 2]


def test_the_rule_counts_only_epochs_whose_accuracy_was_measured():
    """With a row every 20 epochs, nothing falls before two rows were seen."""
    _, history = factors_of(schedule="plateau", schedule_epochs=2, epochs=60, evaluate_every=20)
    assert history["epoch"][:3] == [0, 20, 40]
    norms = history["weight_norm_1"]
    assert norms[1] / norms[0] == pytest.approx(0.75**20, rel=1e-9)
    assert norms[2] / norms[1] == pytest.approx(0.75**20, rel=1e-9)
