"""What each hyperparameter may be, for the help page."""

from nnexp.nn import hyperparameters


def rules() -> dict[str, str]:
    """By name, its choices or its range: `sigmoid, tanh, ...` or `> 0`."""
    choices = {name: ", ".join(sorted(values)) for name, values in hyperparameters._CHOICES.items()}
    return choices | {name: rule for name, (rule, _) in hyperparameters._RANGES.items()}
