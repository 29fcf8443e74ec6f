"""Every key of the configuration by its dotted name: what it means, what it may be, who describes it.

Hyperparameters are declared in `nnexp/nn/knobs.py`, backends in `nnexp/config/backend.py`; data, execution,
tracking and sweep files here.
"""

from nnexp.config.backend import BACKEND
from nnexp.config.checks import Stated, Switch, Text
from nnexp.config.notify import NOTIFY
from nnexp.data.augment import DISTORTIONS
from nnexp.data.dataset import AMPLITUDES
from nnexp.data.loading import DATASETS
from nnexp.data.split import EXPANSIONS
from nnexp.nn.checks import Number, OneOf, OrNull, Whole
from nnexp.nn.knobs import KNOBS as HYPERPARAMETERS
from nnexp.nn.knobs import Knob
from nnexp.sweep.question.seeds import EXAMPLE as UNTIL_EXAMPLE
from nnexp.sweep.question.tuning import FINALISTS, SEEDS, TOGETHER

MODES = ("cached", "retry", "force")
STORES = ("mlflow", "none")
MODELS = ("all", "best", "none")
OURS = "nnexp's own"
AFFINE = "Simard et al. 2003; Ciresan et al. 2010"


DATA = {
    "data": Knob(
        "The data set: digits comes with scikit-learn, mnist and fashion_mnist are read or downloaded, file "
        "is yours (data.path), nand has 4 examples for a perceptron, synthetic is for tests.",
        Stated(f"{', '.join(sorted(DATASETS))}, or a file of your own in conf/data"),
        "Book, ch. 1, Implementing our network to classify digits (mnist)",
    ),
    "train_size": Knob(
        "How many training examples are used, the first ones.",
        OrNull(Whole(1), "all"),
        "Book, ch. 3, Overfitting and regularization",
    ),
    "validation_size": Knob(
        "How many validation examples are used, the first ones.", OrNull(Whole(1), "all"), OURS
    ),
    "classes": Knob(
        "The labels that are kept, numbered anew from 0 in this order.",
        Stated("a list of at least 2 labels or null (all)"),
        OURS,
    ),
    "data.root": Knob(
        "The folder of the official files of mnist and fashion_mnist; null looks in $NNEXP_DATA, then in "
        "your user's cache, and downloads what is missing.",
        Stated("a folder's path or null"),
        OURS,
    ),
    "data.path": Knob("The .npz file of data=file.", Stated("a file's path or null"), OURS),
    "data.scale": Knob(
        "What inputs are divided by: 255 or 256 for pixels of one byte.",
        Stated("a finite number > 0 or null (the data set's own)"),
        "Book, ch. 1 (mnist: 256)",
    ),
    "data.expand": Knob(
        "shifts adds every training image moved by one pixel up, down, left and right: 5 times the examples.",
        OneOf(EXPANSIONS),
        "Book, ch. 6, Introducing convolutional networks (expanding the training data)",
    ),
    "data.augment": Knob(
        "How training images are distorted, anew in each epoch. rotate turns them by up to 15 degrees, "
        "elastic moves their pixels by smooth noise, and affine takes data.rotation, data.zoom, data.shear "
        "and data.shift.",
        OneOf(("none", *DISTORTIONS)),
        "Book, ch. 3, Artificially expanding the training data; Simard et al. 2003",
    ),
    "data.rotation": Knob(
        "Affine distortions turn each image by an angle drawn from +- so many degrees.",
        AMPLITUDES["rotation"],
        AFFINE,
    ),
    "data.zoom": Knob(
        "Affine distortions make each image larger or smaller by a share of its size drawn from +- this.",
        AMPLITUDES["zoom"],
        AFFINE,
    ),
    "data.shear": Knob(
        "Affine distortions slant each image: a row moves sideways by its distance from the centre times a "
        "slope drawn from +- this.",
        AMPLITUDES["shear"],
        AFFINE,
    ),
    "data.shift": Knob(
        "Affine distortions move each image down and to the right by numbers of pixels, whole or not, drawn "
        "from +- this.",
        AMPLITUDES["shift"],
        AFFINE,
    ),
}
EXECUTION = {
    "n_jobs": Knob("Processes that train at the same time.", OrNull(Whole(1), "all cores"), "joblib"),
    "mode": Knob(
        "Which runs are trained: cached, those without a result; retry, also those that failed or timed out; "
        "force, all.",
        OneOf(MODES),
        OURS,
    ),
    "dry_run": Knob("Shows the points and what is left to train; trains nothing.", Switch(), OURS),
    "sweeps_dir": Knob("The folder of all sweeps.", Text("a folder's path"), OURS),
    "max_seconds": Knob(
        "Seconds after which a run is ended; a run's time is its share of its stack's.",
        OrNull(Number(positive=True), "no limit"),
        OURS,
    ),
    "stop_within": Knob(
        "Seconds after a stop in which runs may finish their epoch; what is still inside one is ended.",
        Number(),
        OURS,
    ),
    "checkpoint_every": Knob(
        "Seconds from one checkpoint of a run to the next: what a run can lose that is cut. It has another "
        "one at a stop; 0 takes none at all.",
        Number(),
        OURS,
    ),
    "confirm_above": Knob(
        "Asks at the terminal before a training of more seconds than these.",
        OrNull(Number(), "never ask"),
        OURS,
    ),
    "pictures": Knob(
        "Whether the end of a sweep draws its pictures, and makes its report for MLflow.", Switch(), OURS
    ),
}
TRACKING = {
    "tracking": Knob(
        "Where runs are logged: sqlite, a file here; server, a server at tracking.uri; none; "
        "default, the store that MLFLOW_TRACKING_URI names, else as sqlite.",
        Stated("the name of a file in conf/tracking"),
        "MLflow",
    ),
    "tracking.store": Knob("What logs runs.", OneOf(STORES), OURS),
    "tracking.uri": Knob(
        "MLflow's address.",
        Stated("an address such as http://localhost:5000 or sqlite:///mlflow.db"),
        "MLflow",
    ),
    "tracking.models": Knob(
        "Whose networks MLflow gets, of runs that are logged from now on: all, none, or best, that of the "
        "sweep's best run, which pictures show too, once the sweep is finished. The records keep all.",
        OneOf(MODELS),
        OURS,
    ),
}
SWEEP = {
    "sweep": Knob(
        "A question, with all that it takes: +sweep=NAME.", Stated("the name of a file in conf/sweep"), OURS
    ),
    "sweep.name": Knob(
        "The sweep's name: that of its folder and of its experiment in MLflow.",
        Stated("a name or null"),
        OURS,
    ),
    "sweep.question": Knob("What the sweep asks, in words.", Stated("a text"), OURS),
    "sweep.axes": Knob(
        "Hyperparameters that vary, each with its values: every value with every value.",
        Stated("names with lists or ranges {low, high, count, scale} or {low, high, step}"),
        OURS,
    ),
    "sweep.zip": Knob(
        "Axes of one length that advance together.", Stated("names with lists or ranges"), OURS
    ),
    "sweep.points": Knob("Whole points, all with the same axes.", Stated("a list of mappings or null"), OURS),
    "sweep.exclude": Knob("Partial points to leave out.", Stated("a list of mappings or null"), OURS),
    "sweep.seeds": Knob(
        "The seeds that each point is trained with.",
        Stated(f"a number of seeds >= 1, a list of them, {UNTIL_EXAMPLE}, or null (the one seed)"),
        OURS,
    ),
    "sweep.vary": Knob(
        "Two streams of random numbers whose seeds are crossed: what each contributes.",
        Stated("a list of two of weights, biases, order, dropout, input_dropout, augmentation; or null"),
        OURS,
    ),
    "sweep.nuisance": Knob(
        "Hyperparameters that are tuned at each point before points are compared: budget settings are tried, "
        "with seeds runs each, and the best one is trained again with sweep.seeds.",
        Stated(
            f"names with ranges {{low, high, scale}} or lists, beside budget, seeds ({SEEDS} unless given), "
            "sampler (halton unless given; sobol, random); or null"
        ),
        "Google's Deep Learning Tuning Playbook",
    ),
    "sweep.search": Knob(
        "Hyperparameters of which the best setting is looked for: budget settings are tried, with seeds runs "
        "each, and the best ones, finalists, are trained again with sweep.seeds.",
        Stated(
            f"names with ranges {{low, high, scale}} or lists, beside budget, seeds ({SEEDS} unless given), "
            f"finalists ({FINALISTS}), sampler (halton; sobol, random, tpe, gp, cmaes), pruner (none; "
            f"median, asha), together ({TOGETHER}, where there are rounds); or null"
        ),
        "Bergstra and Bengio 2012, Random search for hyper-parameter optimization",
    ),
    "sweep.stages": Knob(
        "Sweeps that come before, in a row, each from the settings that the one before took: each with its "
        "name, set, axes or search, seeds, take, by. The study's own sweep is trained with all of that.",
        Stated("a list of stages or null"),
        "Nielsen, ch. 3, How to choose a neural network's hyper-parameters?",
    ),
    "sweep.baseline": Knob(
        "The partial point that the others are compared with.",
        Stated("a mapping of axes to values, or null (the point of the base values, else the first)"),
        OURS,
    ),
    "sweep.timing": Knob("Trains one run at a time, alone, so that its seconds are its own.", Switch(), OURS),
    "sweep.target": Knob(
        "A validation accuracy; the answer tells the epochs and seconds to it.",
        Stated("a fraction > 0 and <= 1, or null"),
        OURS,
    ),
    "sweep.claims": Knob(
        "Statements that the sweep tests; each gets a verdict.", Stated("a list or null"), OURS
    ),
}
MONITOR = {
    f"monitor.{name}": Knob(meaning, Switch(), HYPERPARAMETERS["monitor"].source)
    for name, meaning in {
        "test": "Cost and accuracy on the test set after each epoch.",
        "gradient_norm": "The length of the gradient, by layer.",
        "saturated_share": "The share of hidden units that are saturated, by layer.",
        "weight_norm": "The length of the weights, by layer.",
        "small_weights": "The share of weights within 1 % of their layer's root mean square, by layer.",
        "update_norm": "The length of the change of the weights over the epoch, by layer.",
        "dead_classes": "How many classes have under a tenth of their validation examples answered right.",
    }.items()
}
KNOBS = {**HYPERPARAMETERS, **DATA, **BACKEND, **EXECUTION, **NOTIFY, **TRACKING, **SWEEP, **MONITOR}
