"""Hyperparameters refuse what cannot be meant: the rule, the value received, the choices, in one line."""

import re
from dataclasses import FrozenInstanceError, fields, replace
from fractions import Fraction
from typing import get_args

import numpy as np
import pytest

from nnexp.errors import UserError
from nnexp.nn import KNOBS, MONITORS, PER_RUN, Hyperparameters
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.nn.streams import Purpose

ACTIVATIONS = "arcsinh, elu, gelu, identity, leaky_relu, relu, sigmoid, silu, softplus, step, tanh"
INITIALIZERS = (
    "glorot_normal, glorot_uniform, he_normal, he_uniform, lecun_normal, orthogonal, standard_normal, zeros"
)


def refusal(values: dict) -> str:
    with pytest.raises(UserError) as error:
        Hyperparameters(**values)
    assert "\n" not in str(error.value)
    return str(error.value)


WHOLE = (
    "hidden_layers", "batch_size", "momentum_ramp_epochs", "schedule_epochs", "patience", "epochs", "seed",
    "evaluate_every", "cg_steps",
)  # fmt: skip
NUMBERS = (
    "learning_rate", "lambda_l2", "lambda_l1", "momentum", "momentum_start", "rmsprop_rho", "adam_beta1",
    "adam_beta2", "damping", "dropout", "input_dropout", "max_norm", "schedule_factor",
)  # fmt: skip
# What stands beside a value that not every run takes.
BESIDE = {
    "momentum_start": {"momentum": 0.9, "momentum_ramp_epochs": 5},
    "momentum_ramp_epochs": {"momentum": 0.9},
    "rmsprop_rho": {"optimizer": "rmsprop"},
    "adam_beta1": {"optimizer": "adam"},
    "adam_beta2": {"optimizer": "adamw"},
    "damping": {"optimizer": "newton_cg"},
    "cg_steps": {"optimizer": "newton_cg"},
}
NAMES = (
    "activation", "output", "cost", "initializer", "bias_initializer", "optimizer", "schedule", "dtype",
    "engine", "keep",
)  # fmt: skip


OWN_SEEDS = tuple(f"seed_{purpose}" for purpose in get_args(Purpose))


def test_every_hyperparameter_is_tested_here():
    others = {*OWN_SEEDS, "hidden_size", "monitor"}
    assert {field.name for field in fields(Hyperparameters)} == {*WHOLE, *NUMBERS, *NAMES, *others}


def test_every_hyperparameter_has_its_entry_of_help():
    """In the order of declaration, with a sentence, a rule and a source."""
    assert list(KNOBS) == [field.name for field in fields(Hyperparameters)]
    for name, knob in KNOBS.items():
        assert knob.meaning[0].isupper(), name
        assert knob.meaning.endswith("."), name
        assert knob.rule.split()[0] in ("a", "one", "any"), name
        assert knob.source, name


def test_help_names_only_what_exists():
    """Values and hyperparameters that a meaning or a source speaks of: a renamed one shows here."""
    values = {choice for knob in KNOBS.values() for choice in getattr(knob.check, "names", ())}
    plain = {"fan_in", "sum"}  # words of formulas
    for name, knob in KNOBS.items():
        written = {word for word in re.findall(r"[a-z]+(?:_[a-z0-9]+)+", knob.meaning + knob.source)}
        assert written <= values | set(KNOBS) | plain, name


@pytest.mark.parametrize(
    "value", [1.5, 10.0, "10", True, None, [10], np.float64(10), np.array([1, 2]), np.True_], ids=repr
)
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_are_whole(name, value):
    assert refusal({name: value}) == f"{name} must be {KNOBS[name].rule}, got {value!r}"
    assert KNOBS[name].rule.startswith("a whole number >= ")


@pytest.mark.parametrize("value", [-1, 1.0, "1", True, 2**63, [0]], ids=repr)
@pytest.mark.parametrize("name", OWN_SEEDS)
def test_a_stream_s_own_seed_is_a_whole_number_or_null(name, value):
    rule = "a whole number >= 0 or null (as seed)"
    assert KNOBS[name].rule == rule
    assert refusal({name: value}) == f"{name} must be {rule}, got {value!r}"
    assert getattr(Hyperparameters(**{name: 2**63 - 1}, dropout=0.5, input_dropout=0.5), name) == 2**63 - 1
    assert getattr(Hyperparameters(**{name: None}), name) is None


@pytest.mark.parametrize(
    ("name", "silent", "reason"),
    [
        ("seed_weights", {"initializer": "zeros"}, "initializer=zeros"),
        ("seed_biases", {"bias_initializer": "zeros"}, "bias_initializer=zeros"),
        ("seed_dropout", {"dropout": 0}, "dropout=0"),
        ("seed_input_dropout", {"input_dropout": 0}, "input_dropout=0"),
    ],
)
def test_a_seed_of_its_own_needs_something_that_is_drawn(name, silent, reason):
    assert refusal({name: 0} | silent) == f"{name}=0 has no effect: {reason} draws nothing"


@pytest.mark.parametrize("value", [2**63, 10**19, 10**30])
@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers_fit_in_64_bits(name, value):
    assert refusal({name: value}) == f"{name} must be < 2^63, got {value}"


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), "0.5", False, None, [0.5], 1j, np.array([0.5]), 10**400],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_finite_numbers(name, value):
    assert refusal({name: value}) == f"{name} must be {KNOBS[name].rule}, got {value!r}"


@pytest.mark.parametrize(
    ("name", "rule", "bad", "least"),
    [
        ("hidden_layers", "a whole number >= 0 and <= 1000", [-1, 1001], 0),
        ("learning_rate", "a finite number > 0", [0.0, -0.5], 5e-324),
        ("batch_size", "a whole number >= 1", [0, -10], 1),
        ("lambda_l2", "a finite number >= 0", [-1e-9], 0),
        ("lambda_l1", "a finite number >= 0", [-1e-9], 0),
        ("momentum", "a number >= 0 and < 1", [-0.1, 1.0, 1.5], 0),
        ("momentum_start", "a number >= 0 and < 1", [-0.1, 1.0], 0),
        ("momentum_ramp_epochs", "a whole number >= 0", [-1], 0),
        ("rmsprop_rho", "a number >= 0 and < 1", [-0.1, 1.0], 0),
        ("adam_beta1", "a number >= 0 and < 1", [-0.1, 1.0], 0),
        ("adam_beta2", "a number >= 0 and < 1", [-0.1, 1.0], 0),
        ("dropout", "a number >= 0 and < 1", [-0.1, 1.0, 2.0], 0),
        ("damping", "a finite number > 0", [0.0, -1.0], 5e-324),
        ("cg_steps", "a whole number >= 1", [0, -1], 1),
        ("input_dropout", "a number >= 0 and < 1", [-0.1, 1.0], 0),
        ("max_norm", "a finite number >= 0", [-3], 0),
        ("schedule_epochs", "a whole number >= 1", [0], 1),
        ("schedule_factor", "a number > 0 and < 1", [0.0, 1.0, -0.5], 1e-9),
        ("patience", "a whole number >= 0", [-1], 0),
        ("epochs", "a whole number >= 1", [0, -5], 1),
        ("seed", "a whole number >= 0", [-1], 0),
        ("evaluate_every", "a whole number >= 0", [-1], 0),
    ],
)
def test_numbers_are_in_range(name, rule, bad, least):
    assert KNOBS[name].rule == rule
    for value in bad:
        assert refusal({name: value}) == f"{name} must be {rule}, got {value!r}"
    assert getattr(Hyperparameters(**{name: least}, **BESIDE.get(name, {})), name) == least


def test_the_greatest_values_are_taken():
    for name in set(WHOLE) - {"hidden_layers"}:
        assert getattr(Hyperparameters(**{name: 2**63 - 1}, **BESIDE.get(name, {})), name) == 2**63 - 1
    assert Hyperparameters(momentum=1 - 2**-53, dropout=0.999, schedule_factor=0.999).momentum < 1


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("activation", "sigmiod", f"; did you mean 'sigmoid'? (choices: {ACTIVATIONS})"),
        ("activation", "swish", f"; did you mean 'silu'? (choices: {ACTIVATIONS})"),
        ("output", "softmaxx", "; did you mean 'softmax'? (choices: identity, sigmoid, softmax, step)"),
        (
            "cost",
            "cross-entropy",
            "; did you mean 'cross_entropy'? (choices: cross_entropy, log_likelihood, perceptron, quadratic)",
        ),
        ("initializer", "xavier", f"; did you mean 'glorot_normal'? (choices: {INITIALIZERS})"),
        ("bias_initializer", "zero", "; did you mean 'zeros'? (choices: standard_normal, zeros)"),
        (
            "optimizer",
            "Adam",
            "; did you mean 'adam'? (choices: adam, adamw, nesterov, newton_cg, rmsprop, sgd)",
        ),
        (
            "schedule",
            "cosin",
            "; did you mean 'cosine'? (choices: constant, cosine, exponential, plateau, step)",
        ),
        ("dtype", "float16", "; did you mean 'float64'? (choices: float32, float64)"),
        ("keep", "last", " (choices: best, final)"),
    ],
)
def test_an_unknown_name_is_answered_with_the_choices(name, value, hint):
    message = refusal({name: value})
    if name == "dtype":  # both are as close
        message = message.replace("float32'?", "float64'?")
    assert message == f"unknown {name} {value!r}{hint}"


@pytest.mark.parametrize("value", [None, 1, ["sigmoid"], b"sigmoid"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_a_string(name, value):
    assert refusal({name: value}).startswith(f"unknown {name} {value!r}")


def test_an_unknown_hyperparameter_is_answered_with_the_close_match():
    with pytest.raises(UserError) as error:
        Hyperparameters.of({"learning_rat": 0.5})
    assert str(error.value) == "unknown hyperparameter 'learning_rat'; did you mean 'learning_rate'?"
    others = len(fields(Hyperparameters)) - 12
    with pytest.raises(
        UserError, match=rf"unknown hyperparameter 'zzz' \(choices: activation, .*, and {others} more\)"
    ):
        Hyperparameters.of({"zzz": 1})
    assert Hyperparameters.of({"learning_rate": 0.1, "seed": 3}) == Hyperparameters(learning_rate=0.1, seed=3)


COSTS = {
    "sigmoid": "cross_entropy or quadratic",
    "softmax": "log_likelihood",
    "identity": "quadratic",
    "step": "perceptron",
}


@pytest.mark.parametrize("output", COSTS)
@pytest.mark.parametrize("cost", ["cross_entropy", "quadratic", "log_likelihood", "perceptron"])
def test_a_cost_fits_its_output(output, cost):
    if cost in COSTS[output]:
        assert Hyperparameters(output=output, cost=cost, hidden_layers=0).cost == cost
    else:
        expected = f"cost={cost} does not fit output={output}; it takes {COSTS[output]}"
        assert refusal({"output": output, "cost": cost}) == expected


def test_what_cannot_be_trained_is_refused_with_the_reason():
    reason = (
        "activation=step cannot be trained: its slope is zero, so no gradient passes; "
        "a single layer of perceptrons is output=step cost=perceptron hidden_layers=0"
    )
    assert refusal({"activation": "step"}) == reason
    assert refusal({"activation": "step", "hidden_layers": 0}) == reason
    assert refusal({"output": "step", "cost": "perceptron"}) == (
        "output=step learns by the perceptron rule, which is for a single layer, as no gradient passes a "
        "step to the layers below: hidden_layers must be 0, got 1"
    )


MEMORIES = {
    "momentum": ("sgd", "nesterov"),
    "momentum_start": ("sgd", "nesterov"),
    "momentum_ramp_epochs": ("sgd", "nesterov"),
    "rmsprop_rho": ("rmsprop",),
    "adam_beta1": ("adam", "adamw"),
    "adam_beta2": ("adam", "adamw"),
    "damping": ("newton_cg",),
    "cg_steps": ("newton_cg",),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("name", MEMORIES)
def test_what_an_optimizer_keeps_fits_it(name, optimizer):
    value, takers = 1 if name in WHOLE else 0.5, MEMORIES[name]
    beside = BESIDE.get(name, {}) | {"optimizer": optimizer}
    if optimizer in takers:
        assert getattr(Hyperparameters(**{name: value}, **beside), name) == value
    else:
        message = f"{name}={value} does not fit optimizer={optimizer}; {', '.join(takers)} take"
        assert refusal({name: value, "optimizer": optimizer}) == message + "s" * (len(takers) == 1) + " it"
        usual = {name: getattr(Hyperparameters(), name)}
        assert Hyperparameters(optimizer=optimizer, **usual) == Hyperparameters(optimizer=optimizer)


def test_both_engines_take_the_same():
    for values in [{"optimizer": name} for name in OPTIMIZERS] + [{"monitor": [name]} for name in MONITORS]:
        assert Hyperparameters(engine="jax", **values).engine == "jax"


def test_momentum_grows_or_the_ramp_is_refused():
    for start, end in ((0.5, 0.5), (0.9, 0.5), (0.0, 0.0)):
        values = {"momentum_start": start, "momentum": end, "momentum_ramp_epochs": 3}
        expected = f"momentum_ramp_epochs=3 lets momentum grow from momentum_start={start}: momentum must be "
        assert refusal(values) == expected + f"greater, got {end}"
    reason = "has no effect without momentum_ramp_epochs, the epochs over which momentum grows"
    assert refusal({"momentum_start": 0.5, "momentum": 0.9}) == f"momentum_start=0.5 {reason}"


def test_newton_cg_takes_nothing_without_a_second_derivative():
    expected = "lambda_l1=0.5 does not fit optimizer=newton_cg: at a weight of zero it has a kink, and no "
    assert (
        refusal({"optimizer": "newton_cg", "lambda_l1": 0.5})
        == f"{expected}second derivative; take lambda_l2"
    )
    assert Hyperparameters(optimizer="newton_cg", lambda_l2=0.5, dropout=0.5).lambda_l2 == 0.5
    layer = {"output": "step", "cost": "perceptron", "hidden_layers": 0}
    expected = (
        "output=step does not fit optimizer=newton_cg: the perceptron's cost is made of straight pieces, "
    )
    assert refusal(layer | {"optimizer": "newton_cg"}) == f"{expected}without curvature"


@pytest.mark.parametrize("knob", [{"patience": 2}, {"keep": "best"}, {"schedule": "plateau"}])
def test_what_follows_validation_accuracy_needs_it_evaluated(knob):
    [(name, value)] = knob.items()
    expected = f"{name if name == 'patience' else f'{name}={value}'} follows validation accuracy: "
    assert refusal(knob | {"evaluate_every": 0}) == expected + "evaluate_every must be >= 1, got 0"
    assert Hyperparameters(**knob, evaluate_every=1)


def test_monitors_are_a_set_of_names():
    choices = "dead_classes, gradient_norm, saturated_share, small_weights, test, update_norm, weight_norm"
    hint = f"; did you mean 'weight_norm'? (choices: {choices})"
    assert refusal({"monitor": ["weight_norms"]}) == f"unknown monitor 'weight_norms'{hint}"
    for value in ("test", None, 3):
        assert refusal({"monitor": value}).startswith(
            f"monitor must be a list of names, got {value!r} (choices: "
        )
    assert Hyperparameters(monitor=["test", "gradient_norm", "test"]).monitor == ("gradient_norm", "test")
    assert Hyperparameters(monitor={"test": True, "weight_norm": False}).monitor == ("test",)
    assert set(Hyperparameters(monitor=MONITORS).monitor) == set(MONITORS)


@pytest.mark.parametrize("value", [[100, 30], (100, 30), np.array([100, 30]), [np.int64(100), 30]], ids=repr)
def test_a_list_of_sizes_fixes_the_depth(value):
    h = Hyperparameters(hidden_size=value)
    assert (h.hidden_size, h.hidden_layers) == ((100, 30), 2)
    assert all(type(size) is int for size in h.hidden_size)
    assert h == Hyperparameters(hidden_size=(100, 30), hidden_layers=2)
    assert hash(h) == hash(replace(h))
    assert h.layer_sizes(784, 10) == (784, 100, 30, 10)


@pytest.mark.parametrize("value", [20, [20], (20,), np.array([20]), np.int64(20)], ids=repr)
def test_a_list_of_one_size_is_that_number(value):
    h = Hyperparameters(hidden_size=value, hidden_layers=3)
    assert type(h.hidden_size) is int
    assert h.layer_sizes(4, 3) == (4, 20, 20, 20, 3)
    assert replace(h, hidden_layers=0).layer_sizes(4, 3) == (4, 3)


@pytest.mark.parametrize(
    "value",
    [
        *(0, -3, 1_000_001, 2**63, 1.5, 10.0, "10", "[100,30]", True, None, np.float64(10), np.True_),
        *([], [100, 0], [100, 30.0], [100, True], [[100, 30]], ["100", "30"], [1] * 1001, {100: 30}),
        *({100, 30}, np.array([100.0, 30.0]), np.array([[100, 30]])),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_sizes_are_whole_numbers(value):
    rule = "a whole number >= 1 and <= 1000000, or a list of up to 1000 of them"
    assert refusal({"hidden_size": value}) == f"hidden_size must be {rule}, got {value!r}"
    assert KNOBS["hidden_size"].rule == rule


@pytest.mark.parametrize("layers", [0, 3])
def test_a_list_of_sizes_stands_beside_no_other_depth(layers):
    reason = "does not fit hidden_size=[100,30], which are 2 layers: leave hidden_layers out"
    assert refusal({"hidden_size": [100, 30], "hidden_layers": layers}) == f"hidden_layers={layers} {reason}"


def test_equal_values_are_one_value():
    """So that they are one run, whatever the spelling: 1 and 1.0, 0 and -0.0, NumPy's and Python's."""
    plain = Hyperparameters(learning_rate=1, lambda_l2=0.0, batch_size=10, seed=2)
    other = Hyperparameters(
        learning_rate=np.float32(1),
        lambda_l2=-0.0,
        batch_size=np.int64(10),
        seed=np.uint8(2),
        momentum=Fraction(0),
    )
    assert plain == other
    assert hash(plain) == hash(other)
    assert repr(plain) == repr(other)
    assert type(plain.learning_rate) is type(other.learning_rate) is float
    assert type(other.batch_size) is type(other.seed) is int
    assert str(other.lambda_l2) == "0.0"


def test_strings_become_plain_strings():
    name = Hyperparameters(activation=np.str_("tanh")).activation
    assert type(name) is str


def test_a_value_is_frozen_and_checked_again_when_replaced():
    h = Hyperparameters()
    with pytest.raises(FrozenInstanceError):
        h.seed = 1
    assert len({h, Hyperparameters(), replace(h, seed=1)}) == 2
    with pytest.raises(UserError, match="seed must be a whole number >= 0"):
        replace(h, seed=-1)
    with pytest.raises(TypeError):
        Hyperparameters(30)


def test_what_may_differ_within_a_stack_are_hyperparameters():
    names = {field.name for field in fields(Hyperparameters)}
    assert names > PER_RUN
    assert {"learning_rate", "seed", "patience", "dropout"} < PER_RUN
    assert not {"batch_size", "epochs", "hidden_size", "dtype", "monitor"} & PER_RUN
