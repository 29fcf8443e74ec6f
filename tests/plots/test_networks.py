"""The pictures of one network, from arrays."""

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix

from nnexp import plots
from tests.plots.test_look import check_layout
from tests.plots.test_plots import note


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_weights_are_tiles_on_a_symmetric_scale(rng: np.random.Generator) -> None:
    weights = rng.standard_normal((30, 28 * 28))
    figure = plots.first_layer(weights, (28, 28), "seed=0")
    (image,) = figure.axes[0].images
    assert image.norm.vmin == -image.norm.vmax
    tiles = image.get_array()
    np.testing.assert_array_equal(tiles[:28, :28], weights[0].reshape(28, 28))
    np.testing.assert_array_equal(tiles[30:58, 30:58], weights[9].reshape(28, 28))  # 8 in a row
    assert np.ma.getmaskarray(np.ma.masked_invalid(tiles))[28:30].all()
    check_layout(figure)


def test_of_many_neurons_the_first_hundred_are_shown(rng: np.random.Generator) -> None:
    figure = plots.first_layer(rng.standard_normal((120, 64)), (8, 8))
    assert "first 100 of 120 neurons" in note(figure)
    pixels = np.isfinite(np.ma.filled(figure.axes[0].images[0].get_array(), np.nan)).sum()
    assert pixels == 100 * 64


def test_weights_that_are_all_zero_are_drawn() -> None:
    check_layout(plots.first_layer(np.zeros((1, 64)), (8, 8)))


def test_what_lies_beyond_the_scale_of_weights_is_noted(rng: np.random.Generator) -> None:
    assert "0.2 % of the weights lie beyond the scale" in note(
        plots.first_layer(rng.random((30, 64)), (8, 8))
    )
    assert "beyond" not in note(plots.first_layer(np.ones((30, 64)), (8, 8)))


def test_confusions_are_counted(rng: np.random.Generator) -> None:
    labels = rng.integers(0, 10, 500)
    probabilities = rng.random((500, 10))
    probabilities[np.arange(400), labels[:400]] += 0.5
    figure = plots.confusion_matrix(labels, probabilities, "seed=0", "test")
    counts = confusion_matrix(labels, probabilities.argmax(1))
    cells = np.zeros((10, 10), dtype=int)
    for text in figure.axes[0].texts:
        column, row = text.get_position()
        cells[int(row), int(column)] = int(text.get_text())
    np.testing.assert_array_equal(cells, counts)
    wrong = 500 - np.trace(counts)
    assert f"{wrong} of 500 test examples read wrongly (accuracy {100 - wrong / 5:.2f} %)" in " ".join(
        figure.get_supxlabel().split()
    )
    mistakes = counts - np.diag(np.diag(counts))
    shares = 100 * mistakes / counts.sum(1, keepdims=True)
    np.testing.assert_allclose(figure.axes[0].images[0].get_array(), shares)
    check_layout(figure)


def test_a_single_mistake_is_light_and_more_are_darker_on_one_scale_for_all_pictures() -> None:
    labels = np.repeat(np.arange(10), 100)
    greys = []
    for wrong in (0, 1, 20, 100):
        answers = labels.copy()
        answers[:wrong] = 1
        (image,) = plots.confusion_matrix(labels, np.eye(10)[answers]).axes[0].images
        assert (image.norm.vmin, image.norm.vmax) == (0, 100)
        greys.append(float(np.dot(image.to_rgba(image.get_array())[0, 1, :3], [0.299, 0.587, 0.114])))
    assert greys[0] == pytest.approx(1)
    assert greys[1] > 0.65
    assert (np.diff(greys) < -0.1).all()


def test_the_surest_mistakes_come_first_and_show_the_outputs_that_order_them(
    rng: np.random.Generator,
) -> None:
    labels = np.array([0, 1, 2, 0])
    probabilities = np.array([[0.1, 0.8, 0.0], [0.0, 0.9, 0.1], [0.99, 0.0, 0.01], [0.3, 0.4, 0.2]])
    images = rng.random((4, 8, 8))
    figure = plots.worst_mistakes(labels, probabilities, images)
    axes = figure.axes[0]
    pictures = [np.asarray(image.get_array()) for image in axes.images]
    np.testing.assert_array_equal(pictures, images[[2, 0, 3]])
    assert [text.get_text() for text in axes.texts[::2]] == ["2 → 0", "0 → 1", "0 → 1"]
    assert [text.get_text() for text in axes.texts[1::2]] == ["0.99:0.01", "0.80:0.10", "0.40:0.30"]
    assert "the worst first" in note(figure)
    assert figure.get_suptitle() == "The 3 worst of 3 mistakes on validation data"
    assert axes.get_ylim()[0] < 1.65  # one line of images, and no room for more
    check_layout(figure)


def test_many_mistakes_fill_the_picture_without_overlap(rng: np.random.Generator) -> None:
    labels, probabilities = rng.integers(0, 10, 60), rng.random((60, 10))
    figure = plots.worst_mistakes(labels, probabilities, rng.random((60, 28, 28)), "batch_size=50 seed=4")
    assert len(figure.axes[0].images) == 24
    check_layout(figure)


def test_a_network_without_mistakes_is_named_so() -> None:
    labels, probabilities = np.array([0, 1]), np.eye(2)
    figure = plots.worst_mistakes(labels, probabilities, np.zeros((2, 8, 8)))
    assert figure.get_suptitle() == "No mistakes on validation data"
    check_layout(plots.confusion_matrix(labels, probabilities))
