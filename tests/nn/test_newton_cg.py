"""newton_cg: conjugate gradients go and stop as they should, and training with them finds the minimum."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize

from nnexp.nn import Data, Hyperparameters, Result, train
from nnexp.nn.newton_cg import Direction, adapt_damping, dots, find_direction
from tests import reference
from tests.nn.driving import data_of, layers_of, norm, one_step, random_data, random_layers, stack_of

NEWTON = Hyperparameters(
    optimizer="newton_cg", learning_rate=1.0, batch_size=20, epochs=30, dtype="float64", cg_steps=50
)


def symmetric(rng: np.random.Generator, eigenvalues: np.ndarray) -> np.ndarray:
    """K matrices with these eigenvalues (K, P), in random directions."""
    turns, _ = np.linalg.qr(rng.standard_normal((*eigenvalues.shape, eigenvalues.shape[-1])))
    return turns @ (eigenvalues[:, :, np.newaxis] * turns.swapaxes(1, 2))


def direction(H: np.ndarray, g: np.ndarray, damping: float = 0.0, most: int = 100) -> Direction:
    """For K matrices H (K, P, P)."""
    damped = np.full((len(g), 1), damping)
    with np.errstate(all="ignore"):
        return find_direction(lambda d: np.einsum("kij,kj->ki", H, d), g, damped, most)


def obvious(H: np.ndarray, g: np.ndarray, most: int) -> np.ndarray:
    """Algorithm 7.1 of Nocedal & Wright (2006), for one run, as it is written."""
    tolerance = min(0.5, np.sqrt(np.linalg.norm(g))) * np.linalg.norm(g)
    z, r, d = 0 * g, g, -g
    for j in range(most):
        if d @ H @ d <= 0:
            return z if j else g @ g / abs(g @ H @ g) * -g
        alpha = r @ r / (d @ H @ d)
        z, r_next = z + alpha * d, r + alpha * (H @ d)
        if np.linalg.norm(r_next) <= tolerance:
            return z
        d, r = -r_next + r_next @ r_next / (r @ r) * d, r_next
    return z


@pytest.mark.parametrize("most", [1, 3, 40])
@pytest.mark.parametrize("least", [0.1, -0.3, -3.0])  # the least eigenvalue: convex, or not
@pytest.mark.parametrize("size", [1e-3, 1.0])  # a small gradient asks for more steps
def test_each_run_of_a_stack_takes_the_steps_of_the_textbook(size, least, most):
    rng = np.random.default_rng(0)
    H = symmetric(rng, rng.uniform(least, 5.0, (6, 12)))
    g = size * rng.standard_normal((6, 12))
    expected = [obvious(H[k] + 0.01 * np.eye(12), g[k], most) for k in range(6)]
    found = direction(H, g, damping=0.01, most=most)
    np.testing.assert_allclose(found.p, expected, rtol=1e-6, atol=1e-9)
    bend = [p @ (H[k] + 0.01 * np.eye(12)) @ p for k, p in enumerate(found.p)]
    np.testing.assert_allclose(found.p_curvature[:, 0], bend, rtol=1e-9)


def test_near_the_minimum_the_direction_is_newtons():
    rng = np.random.default_rng(1)
    H, g = symmetric(rng, rng.uniform(1.0, 5.0, (3, 8))), 1e-12 * rng.standard_normal((3, 8))
    exact = -np.linalg.solve(H, g[:, :, np.newaxis])[:, :, 0]
    assert (np.linalg.norm(direction(H, g).p - exact, axis=1) < 1e-5 * np.linalg.norm(exact, axis=1)).all()


def test_damping_turns_the_direction_to_the_gradient_and_shortens_it():
    rng = np.random.default_rng(2)
    H, g = symmetric(rng, rng.uniform(0.1, 5.0, (1, 8))), rng.standard_normal((1, 8))
    soft, hard = (direction(H, 0.1 * g, damping).p for damping in (0.01, 1e6))
    assert np.linalg.norm(hard) < np.linalg.norm(soft)
    np.testing.assert_allclose(hard, -0.1 * g / 1e6, rtol=1e-4)


@pytest.mark.parametrize("bad", [0.0, np.nan, np.inf, 1e200])
def test_a_gradient_without_a_direction_disturbs_no_other_run(bad):
    """At a minimum there is none to go; a gradient that is not finite leads to a p that is none."""
    rng = np.random.default_rng(3)
    H = symmetric(rng, rng.uniform(-1.0, 5.0, (3, 8)))
    g = rng.standard_normal((3, 8))
    alone = [direction(H[[k]], g[[k]], 0.1) for k in (0, 2)]
    g[1] = bad
    together = direction(H, g, 0.1)
    for k, one in zip((0, 2), alone, strict=True):
        assert together.p[k].tobytes() == one.p[0].tobytes()
        assert together.p_curvature[k] == one.p_curvature[0]
    assert bad or not together.p[1].any()


def test_damping_falls_where_the_model_foretells_and_rises_where_it_does_not():
    share = np.array([[1.0], [0.5], [0.1], [0.9], [np.nan]])
    falls = np.array([[True], [True], [True], [False], [False]])
    assert adapt_damping(np.full((5, 1), 6.0), share, falls)[:, 0].tolist() == [4.0, 6.0, 9.0, 9.0, 9.0]
    ends = adapt_damping(np.array([[1e-10], [1e10]]), np.array([[1.0], [0.0]]), np.array([[True], [False]]))
    assert ends[:, 0].tolist() == [1e-10, 1e10]


def test_inner_products_are_each_run_s_own():
    first, second = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]])
    assert dots(first, second).tolist() == [[17.0], [53.0]]


def trained(data: Data, h: Hyperparameters) -> Result:
    [result] = train([h], data)
    return result


def objective(result: Result) -> np.ndarray:
    return np.add(result.history["training_cost"], result.history["penalty"])


def test_it_finds_the_least_squares():
    """Ridge regression, whose solution is known: the penalty is in the gradient and in the curvature."""
    data = random_data(np.random.default_rng(0), n=20, d=4, classes=3)
    h = replace(NEWTON, hidden_layers=0, output="identity", cost="quadratic", lambda_l2=3.0)
    X, Y = np.column_stack([data.training.inputs, np.ones(20)]), np.eye(3)[data.training.labels]
    ridge = np.diag([3.0, 3.0, 3.0, 3.0, 0.0])  # biases are not penalised
    best = np.linalg.solve(X.T @ X + ridge, X.T @ Y).T
    [(W, b)] = layers_of(trained(data, h))
    np.testing.assert_allclose(W, best[:, :4], atol=1e-8)
    np.testing.assert_allclose(b, best[:, 4], atol=1e-8)


@pytest.mark.parametrize(("output", "cost"), reference.PAIRS[:3])
def test_it_finds_the_minimum_that_another_method_finds(output, cost):
    """SciPy's BFGS, with differences, on the slow oracle's own objective, from where we end."""
    data = random_data(np.random.default_rng(1), n=20, d=2, classes=2)
    h = replace(NEWTON, hidden_layers=0, output=output, cost=cost, lambda_l2=2.0)
    result = trained(data, h)

    def there(flat: np.ndarray) -> float:
        network = [(flat[:4].reshape(2, 2), flat[4:])]
        return reference.cost(network, *data.training, h) + reference.penalty(network, h, 20)

    [(W, b)] = layers_of(result)
    best = minimize(there, np.concatenate([W.ravel(), b]) + 0.3, method="BFGS", tol=1e-9)
    assert abs(objective(result)[-1] - best.fun) < 1e-9


@pytest.mark.parametrize(
    "knobs", [{}, {"hidden_layers": 3}, {"activation": "relu"}, {"cg_steps": 1}], ids=str
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_over_the_whole_set_the_objective_never_rises(dtype, knobs):
    data = random_data(np.random.default_rng(2), n=20, d=5, classes=3)
    values = objective(trained(data, replace(NEWTON, dtype=dtype, hidden_size=6, lambda_l2=0.1, **knobs)))
    assert (np.diff(values) <= 1e-6 * values[0]).all()
    assert values[-1] < 0.98 * values[0]


def test_the_learning_rate_scales_the_step():
    rng = np.random.default_rng(3)
    data, network = random_data(rng, n=20, d=4, classes=3), random_layers(rng, [4, 5, 3])
    steps = []
    for rate in (1.0, 0.5):
        [result] = one_step([network], data, optimizer="newton_cg", learning_rate=rate, damping=10.0)
        pairs = zip(layers_of(result), network, strict=True)
        steps.append([(W1 - W, b1 - b) for (W1, b1), (W, b) in pairs])
    for (V, v), (W, w) in zip(*steps, strict=True):
        np.testing.assert_allclose(V, 2 * W, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(v, 2 * w, rtol=1e-9, atol=1e-12)


def test_a_step_that_raises_the_objective_is_taken_back():
    """Every step is far too long, also when halved: the network stays, and the run is no failure."""
    rng = np.random.default_rng(4)
    data, network = random_data(rng, n=20, d=4, classes=3), random_layers(rng, [4, 5, 3])
    [result] = one_step([network], data, optimizer="newton_cg", learning_rate=1e30, epochs=1)
    assert result.status == "finished"
    assert norm([(W - V, b - c) for (W, b), (V, c) in zip(network, layers_of(result), strict=True)]) == 0


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_infinite_objective_ends_diverged(dtype):
    rng = np.random.default_rng(5)
    data, network = random_data(rng, n=20, d=4, classes=3), random_layers(rng, [4, 3])
    huge = [(1e38 * W, b) for W, b in network] if dtype == "float32" else [(1e300 * W, b) for W, b in network]
    h = replace(NEWTON, hidden_layers=0, output="identity", cost="quadratic", dtype=dtype)
    broken, whole = train([h, h], data, initial=stack_of([huge, network]))
    assert (broken.status, whole.status) == ("diverged", "finished")


def test_mini_batches_and_dropout_learn_too():
    rng = np.random.default_rng(6)
    inputs = rng.standard_normal((60, 8))
    data = data_of(inputs, inputs[:, 0] > 0, 2)
    base = replace(NEWTON, hidden_size=10, epochs=20, cg_steps=10)
    for run in (base, replace(base, dropout=0.2), replace(base, batch_size=60, dropout=0.2)):
        result = trained(data, run)
        assert result.status == "finished"
        assert result.history["training_accuracy"][-1] > 0.8
