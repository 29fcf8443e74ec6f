"""The one error for people: what they asked for cannot be done, and why, in one line."""

import re
from collections.abc import Iterable
from difflib import get_close_matches

FEW = 12  # names that are listed even beside a close match
# What other programs, papers and the book call our names; small letters and digits only.
SYNONYMS: dict[str, tuple[str, ...]] = {
    word: tuple(names.split())
    for names, words in {
        "learning_rate": "eta lr rate learnrate stepsize learningrateinit",
        "learning_rate lambda_l2": "alpha",
        "lambda_l2": "lmbda lambda lambd lam l2 reg regularization decay weightdecay wd lambda2",
        "lambda_l1": "l1 lambda1",
        "batch_size": "bs batch batches minibatch minibatchsize mbs",
        "hidden_size": "hidden units neurons width nhidden hiddenunits hiddenlayersizes sizes hiddendim",
        "hidden_layers": "layers depth nlayers numlayers",
        "activation": "act nonlinearity activationfunction transfer",
        "cost": "loss criterion objective costfunction lossfunction",
        "output": "outputactivation head",
        "initializer": "init weightinit weightinitializer initialization kernelinitializer",
        "bias_initializer": "biasinit",
        "optimizer": "optim opt solver optimiser",
        "momentum": "mu beta momentumcoefficient",
        "momentum_ramp_epochs": "momentumwarmup momentumramp momentumschedule",
        "rmsprop_rho": "rho",
        "adam_beta1": "beta1 b1",
        "adam_beta2": "beta2 b2",
        "dropout": "drop dropoutrate dropoutprob pdropout",
        "input_dropout": "inputdrop visibledropout dropoutinput",
        "max_norm": "maxnorm weightconstraint",
        "schedule": "scheduler lrschedule lrscheduler decayschedule",
        "patience": "earlystopping earlystop earlystoppingn niternochange",
        "epochs": "epoch nepochs numepochs maxepochs maxiter iterations iters niter",
        "seed": "randomstate randomseed rng",
        "seed_weights": "initseed",
        "seed_order": "orderseed shuffleseed",
        "seed_augmentation": "augmentseed",
        "dtype": "precision",
        "train_size": "trainingsize ntrain trainingsetsize samples",
        "validation_size": "valsize nval validationfraction",
        "rotation": "angle degrees rotate",
        "zoom": "scaling",
        "shift": "translate translation",
        "data": "dataset datasets ds",
        "n_jobs": "jobs workers numworkers nworkers processes cpus cores threads njob parallel",
        "sweeps_dir": "outputdir outdir out dir folder resultsdir logdir",
        "max_seconds": "timeout timelimit maxtime",
        "checkpoint_every": "checkpoint checkpoints saveevery savefreq checkpointinterval checkpointseconds",
        "dry_run": "dry plan",
        "tracking": "mlflow logger log store",
        "quadratic": "mse l2loss squarederror meansquarederror",
        "cross_entropy": "bce ce xent binarycrossentropy",
        "log_likelihood": "nll negativeloglikelihood categoricalcrossentropy",
        "glorot_normal": "xavier glorot xaviernormal",
        "glorot_uniform": "xavieruniform",
        "he_normal": "he kaiming kaimingnormal",
        "he_uniform": "kaiminguniform",
        "lecun_normal": "lecun",
        "newton_cg": "hessian hessianfree lbfgs",
        "standard_normal": "normal gaussian randn large",
        "zeros": "zero",
        "sigmoid": "logistic",
        "step": "perceptron heaviside threshold",
        "silu": "swish",
        "identity": "linear none",
        "fashion_mnist": "fashion",
        "float32": "single float f32",
        "float64": "double f64",
    }.items()
    for word in words.split()
}


class UserError(ValueError):
    """A mistake in what was asked for: the rule, the value received, the choices."""


def unknown(what: str, value: object, choices: Iterable[str]) -> UserError:
    """Error for a name that is not among `choices`: the close match, the choices, or both if they are few."""
    names = sorted(choices)
    meant = close_names(str(value), names)
    hint = f"; did you mean {' or '.join(map(repr, meant))}?" if meant else ""
    more = f", and {len(names) - FEW} more" if len(names) > FEW else ""
    choices = f" (choices: {', '.join(names[:FEW])}{more})" if not meant or not more else ""
    return UserError(f"unknown {what} {value!r}{hint}{choices}")


def close_names(word: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that `word` may mean: another spelling of one, a synonym, or a slip of the finger."""
    by_letters = {_letters(name): name for name in names}
    letters = _letters(word)
    if letters in by_letters:
        return [by_letters[letters]]
    synonyms = [name for name in SYNONYMS.get(letters, ()) if name in by_letters.values()]
    slips = get_close_matches(letters, by_letters, n=1, cutoff=0.6 if not synonyms else 0.87)
    return [by_letters[slip] for slip in slips] or synonyms


def _letters(word: str) -> str:
    """`Cross-Entropy` and `cross_entropy` have the same letters."""
    return re.sub(r"[\W_]", "", word).lower()
