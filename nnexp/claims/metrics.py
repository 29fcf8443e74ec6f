"""The metrics that claims name: which way they are better, and what a run must have been asked for them."""

import re
from collections.abc import Mapping
from typing import Any

from nnexp.errors import UserError, unknown

OBJECTIVE = (
    "objective"  # training_cost + penalty: what training makes small, and the book calls training cost
)
RUN_METRICS = ("epochs_done", "seconds_per_epoch", "evaluation_seconds")  # one value per run
OF_CURVES = (
    *(f"{part}_{what}" for part in ("training", "validation", "test") for what in ("cost", "accuracy")),
    *("penalty", OBJECTIVE, "seconds", "dead_classes"),
)
OF_LAYERS = re.compile(r"(?:(gradient_norm)_(?:bias|weight)|(saturated_share|weight_norm))_([1-9]\d*)")
LAYERED = ("gradient_norm_bias_1", "gradient_norm_weight_1", "saturated_share_1", "weight_norm_1")


def better(metric: str) -> int:
    """1: the higher the better, -1: the lower, 0: neither."""
    if metric.endswith("accuracy"):
        return 1
    smaller = metric.endswith("cost") or "seconds" in metric or metric in ("epochs_done", OBJECTIVE)
    return -1 if smaller else 0


def check_metric(metric: Any, statistic: str, *, curve: bool) -> None:
    """The metric has a name; `curve`: one that has a value at every epoch."""
    known = OF_CURVES if curve else (*OF_CURVES, *RUN_METRICS)
    if not isinstance(metric, str) or not (metric in known or OF_LAYERS.fullmatch(metric)):
        raise unknown("metric", metric, (*known, *LAYERED))
    if metric in RUN_METRICS and statistic != "final":
        raise UserError(f"{metric} is one number per run: its statistic must be final, got {statistic}")


def check_recorded(metric: str, settings: Mapping[str, Any], *, at_end: bool) -> None:
    """Runs with these settings record the metric; `at_end`: once, at the end of the run."""
    monitors, layer = settings["monitor"], OF_LAYERS.fullmatch(metric)
    needed = layer[1] or layer[2] if layer else metric if metric == "dead_classes" else ""
    if metric.startswith("test_") and not at_end:
        needed = "test"
    if needed and needed not in monitors:
        raise UserError(f"{metric} by epoch takes monitor.{needed}=true, got {list(monitors)}")
    layers = settings["hidden_layers"] + (not metric.startswith("saturated_share"))
    if layer and int(layer[3]) > layers:
        raise UserError(f"layer must be within 1 and {layers}, got {metric}")
