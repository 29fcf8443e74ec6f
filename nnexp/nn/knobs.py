"""The knobs of a run, one entry for each hyperparameter: what it means, what it may be, where it comes from.

"Book" is Nielsen's *Neural Networks and Deep Learning*; what it does not speak of names its own source.
"""

from typing import NamedTuple

from nnexp.nn.activations import ACTIVATIONS
from nnexp.nn.checks import Number, OneOf, OrNull, Sizes, SomeOf, ValueCheck, Whole
from nnexp.nn.costs import COSTS_OF_OUTPUT, OUTPUTS
from nnexp.nn.initializers import BIAS_INITIALIZERS, INITIALIZERS
from nnexp.nn.optimizers import OPTIMIZERS
from nnexp.nn.schedules import SCHEDULES

DESCENT = "Book, ch. 1, Learning with gradient descent"
CHOICE = "Book, ch. 3, How to choose a neural network's hyper-parameters?"

# Lowest and highest, of optimizers whose steps have a scale of their own (Kingma & Ba 2015; Martens 2010).
USUAL_LEARNING_RATES = {
    "rmsprop": (0.001, 0.01),
    "adam": (0.001, 0.01),
    "adamw": (0.001, 0.01),
    "newton_cg": (0.5, 1.0),
}
WITH_VELOCITY = ("sgd", "nesterov")
MOST_LAYERS = 1000
MONITORS = (
    *("test", "gradient_norm", "saturated_share", "weight_norm", "small_weights", "update_norm"),
    "dead_classes",
)


class Knob(NamedTuple):
    """A hyperparameter: its meaning, the check that its values pass, and who describes it.

    `optimizers`: those that take it; with any other it must be at its default. Empty: it has to do with none.
    """

    meaning: str
    check: ValueCheck
    source: str
    optimizers: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """What it may be, in words."""
        return self.check.rule


def own_seed(drawn: str) -> Knob:
    """The seed of one stream, apart from the others."""
    meaning = f"Fixes {drawn} apart from seed, so that sources of variation can be crossed."
    return Knob(meaning, OrNull(Whole(0), "as seed"), "Bouthillier et al. 2021, Accounting for variance")


KNOBS: dict[str, Knob] = {
    "hidden_size": Knob(
        "Units in each hidden layer. A number holds for all layers; a list such as [100,30] has one for "
        "each, from the inputs on, and fixes hidden_layers. As values of an axis, [100,30] is one network, "
        "[[100],[30]] or 100,30 are two.",
        Sizes(1_000_000, MOST_LAYERS),
        "Book, ch. 1, A simple network to classify handwritten digits",
    ),
    "hidden_layers": Knob(
        "Hidden layers between inputs and outputs; 0 connects the inputs to the outputs.",
        Whole(0, MOST_LAYERS),
        "Book, ch. 5, The vanishing gradient problem",
    ),
    "activation": Knob(
        "The function that each hidden unit applies to its weighted input z. step, the perceptron's, cannot "
        "be trained here: its slope is zero. A single layer of perceptrons learns by output=step.",
        OneOf(ACTIVATIONS),
        "Book, ch. 1, Sigmoid neurons; ch. 3, Other models of artificial neuron; elu: Clevert et al. 2015; "
        "gelu (tanh form) and silu: Hendrycks & Gimpel 2016",
    ),
    "output": Knob(
        "What the output layer applies to its weighted inputs (the logits). The largest output is the "
        "network's answer. step makes perceptrons, with cost=perceptron and hidden_layers=0; their largest "
        "weighted input is the answer, for outputs of 0 and 1 tie.",
        OneOf(COSTS_OF_OUTPUT),
        "Book, ch. 3, Softmax; ch. 1, Perceptrons",
    ),
    "cost": Knob(
        "What training makes small. Sigmoid outputs take cross_entropy or quadratic, softmax takes "
        "log_likelihood, identity takes quadratic, step takes perceptron: the weighted inputs on the wrong "
        "side of 0, so that a step is Rosenblatt's rule.",
        OneOf({cost for _, cost in OUTPUTS}),
        "Book, ch. 3, The cross-entropy cost function; perceptron: Rosenblatt 1958",
    ),
    "initializer": Knob(
        "How the weights are drawn before training. lecun_normal has variance 1/fan_in (the book's default), "
        "standard_normal has variance 1 (its large weights), zeros is for a single layer.",
        OneOf(INITIALIZERS),
        "Book, ch. 3, Weight initialization; glorot: Glorot & Bengio 2010; he: He et al. 2015; "
        "orthogonal: Saxe et al. 2014",
    ),
    "bias_initializer": Knob(
        "How the biases are drawn before training.",
        OneOf(BIAS_INITIALIZERS),
        "Book, ch. 3, Weight initialization",
    ),
    "learning_rate": Knob(
        "The length of a step along the gradient (the book's eta).",
        Number(positive=True),
        f"{DESCENT}; {CHOICE}",
    ),
    "batch_size": Knob(
        "Examples in a mini-batch: how many gradients are averaged for one step.",
        Whole(1),
        f"{DESCENT}; {CHOICE}",
    ),
    "lambda_l2": Knob(
        "Strength of L2 regularization (weight decay): adds lambda_l2/(2n) times the sum of squared weights "
        "to the cost, n being the number of training examples. Biases are left out.",
        Number(),
        "Book, ch. 3, Regularization",
    ),
    "lambda_l1": Knob(
        "Strength of L1 regularization: adds lambda_l1/n times the sum of the weights' sizes to the cost.",
        Number(),
        "Book, ch. 3, Other techniques for regularization",
    ),
    "optimizer": Knob(
        "How a step follows from the gradient. rmsprop, adam and adamw usually take a learning_rate of 0.001 "
        "to 0.01. newton_cg takes 1, for it knows the curvature (the book's Hessian technique): gradient and "
        "curvature are those of the mini-batch, which should be large, 1000 examples or the whole set.",
        OneOf(OPTIMIZERS),
        "Book, ch. 3, Variations on stochastic gradient descent; nesterov: Sutskever et al. 2013; "
        "rmsprop: Hinton's lecture 6; adam: Kingma & Ba 2015; adamw: Loshchilov & Hutter 2019; "
        "newton_cg: Martens 2010, with the products of Pearlmutter 1994",
    ),
    "momentum": Knob(
        "The share of the last step that is kept in the next one (the book's mu); for sgd and nesterov.",
        Number(below=1),
        "Book, ch. 3, Variations on stochastic gradient descent",
        WITH_VELOCITY,
    ),
    "momentum_start": Knob(
        "Where momentum begins if it grows: its value in the first epoch.",
        Number(below=1),
        "Sutskever et al. 2013",
        WITH_VELOCITY,
    ),
    "momentum_ramp_epochs": Knob(
        "Epochs over which momentum grows, in equal steps, from momentum_start to its value. 0: it has its "
        "value from the first epoch on.",
        Whole(0),
        "Sutskever et al. 2013",
        WITH_VELOCITY,
    ),
    "rmsprop_rho": Knob(
        "The share of the mean of squared gradients that rmsprop keeps at each step.",
        Number(below=1),
        "Hinton's lecture 6",
        ("rmsprop",),
    ),
    "adam_beta1": Knob(
        "The share of the mean gradient that adam and adamw keep at each step, their momentum.",
        Number(below=1),
        "Kingma & Ba 2015",
        ("adam", "adamw"),
    ),
    "adam_beta2": Knob(
        "The share of the mean of squared gradients that adam and adamw keep at each step.",
        Number(below=1),
        "Kingma & Ba 2015",
        ("adam", "adamw"),
    ),
    "damping": Knob(
        "Where the damping of newton_cg begins: what is added to the curvature in every direction, so that "
        "steps stay where the quadratic model holds. It adapts after each step.",
        Number(positive=True),
        "Levenberg 1944 and Marquardt 1963; Martens 2010",
        ("newton_cg",),
    ),
    "cg_steps": Knob(
        "The most steps of conjugate gradients that newton_cg takes for one step of the weights. Each "
        "takes about as long as two gradients.",
        Whole(1),
        "Martens 2010; Nocedal & Wright 2006, algorithm 7.1",
        ("newton_cg",),
    ),
    "dropout": Knob(
        "The probability with which a hidden unit is left out, drawn anew for each example and step.",
        Number(below=1),
        "Book, ch. 3, Other techniques for regularization; Srivastava et al. 2014",
    ),
    "input_dropout": Knob(
        "The probability with which an input is left out, drawn anew for each example and step.",
        Number(below=1),
        "Srivastava et al. 2014 (0.2)",
    ),
    "max_norm": Knob(
        "The largest length of a hidden unit's incoming weights: after each step, longer ones are scaled "
        "back to it. 0: no limit.",
        Number(),
        "Srivastava et al. 2014 (3 to 4)",
    ),
    "schedule": Knob(
        "How the learning rate changes. step and exponential multiply it by schedule_factor every "
        "schedule_epochs epochs; cosine lets it fall to 0 at the last epoch; plateau multiplies it by "
        "schedule_factor when validation accuracy has not improved for schedule_epochs epochs, and ends the "
        "run at 1/128.",
        OneOf(SCHEDULES),
        f"{CHOICE}; cosine: Loshchilov & Hutter 2017",
    ),
    "schedule_epochs": Knob(
        "Epochs after which a schedule changes the learning rate.",
        Whole(1),
        CHOICE,
    ),
    "schedule_factor": Knob(
        "What a schedule multiplies the learning rate by.",
        Number(positive=True, below=1),
        CHOICE,
    ),
    "patience": Knob(
        "Early stopping: a run ends after so many epochs without a better validation accuracy, and keeps its "
        "best weights. 0: it never stops early.",
        Whole(0),
        CHOICE,
    ),
    "epochs": Knob(
        "How many times training passes over the training examples.",
        Whole(1),
        "Book, ch. 1, Implementing our network to classify digits",
    ),
    "seed": Knob(
        "Fixes everything that is drawn: first weights and biases, order of examples, dropout, distortions.",
        Whole(0),
        "NumPy's SeedSequence; the book's programs use one seed each",
    ),
    "seed_weights": own_seed("the first weights"),
    "seed_biases": own_seed("the first biases"),
    "seed_order": own_seed("the order of examples"),
    "seed_dropout": own_seed("the units that dropout leaves out"),
    "seed_input_dropout": own_seed("the inputs that input_dropout leaves out"),
    "seed_augmentation": own_seed("the distortions of data.augment"),
    "dtype": Knob(
        "The precision of all numbers in the network: float32 is faster.",
        OneOf(("float32", "float64")),
        "IEEE 754; the book computes in float64",
    ),
    "engine": Knob(
        "What trains: numpy; or jax, the same formulas compiled (pip install 'nnexp[jax]'), for an "
        "accelerator. There it pays from three runs on, and a thousand of the book's network train 40 to 200 "
        "times as fast as on one core. On a processor numpy is as fast, and starts at once. From one seed "
        "both begin with the same weights and see the same examples, and agree to rounding; with dropout "
        "they leave out other units.",
        OneOf(("numpy", "jax")),
        "JAX; docs/accelerator.md",
    ),
    "evaluate_every": Knob(
        "Epochs from one evaluation, a row of history, to the next; the last epoch has a row always. 0: only "
        "the last.",
        Whole(0),
        "The book's programs evaluate after each epoch",
    ),
    "keep": Knob(
        "Which weights a run keeps: those of the last epoch, or those of the best validation accuracy.",
        OneOf(("final", "best")),
        CHOICE,
    ),
    "monitor": Knob(
        "What is watched beside cost and accuracy, as further columns of history: cost and accuracy on the "
        "test set; by layer the norms of gradients, of weights and of their change, and the shares of "
        "saturated units and of small weights; and how many classes are dead.",
        SomeOf(MONITORS),
        "Book, ch. 1 (runs that are quite a bit worse); ch. 3, The cross-entropy cost function (saturation), "
        "Other techniques for regularization (small weights); ch. 5, What's causing the vanishing gradient "
        "problem?",
    ),
}
