"""What a study took from its stages, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from nnexp.report.answer import Line
from nnexp.sweep.question.plan import Plan, StageResult
from nnexp.text import percent, spelled

STEP_BACK = 0.005  # of accuracy: a stage that ends so much lower than the one before is told


def stage_text(result: StageResult) -> str:
    """`Stage rate: learning_rate=0.1 (highest final_validation_accuracy of 5 points, 91.20 %)`."""
    return f"Stage {result.stage}: {values_text(result.took)} ({result.why})."


def values_text(took: Mapping[str, Any]) -> str:
    """`learning_rate=0.1 batch_size=10`."""
    return " ".join(f"{name}={spelled(value)}" for name, value in took.items())


def stage_lines(plan: Plan) -> Iterator[Line]:
    """A line for each stage, in order; then what that is worth."""
    before: StageResult | None = None
    for result in plan.stages:
        yield Line(f"{stage_text(result)} See {result.sweep}.")
        if before and before.accuracy and result.accuracy and result.accuracy < before.accuracy - STEP_BACK:
            yield Line(
                f"Stage {result.stage} ends lower than stage {before.stage}, {percent(result.accuracy)} "
                f"after {percent(before.accuracy)}: what it sets may be why, or that it tried too little.",
                "warning",
            )
        before = result
    if plan.stages:
        yield Line(
            "Stages chose by seeds of their own, and by validation data: no run above took part in it."
        )
