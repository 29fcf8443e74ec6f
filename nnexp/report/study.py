"""What a study took from its stages, in words."""

from collections.abc import Iterator

from nnexp.report.answer import Line
from nnexp.sweep.question.plan import Plan, StageResult
from nnexp.text import spelled


def stage_text(result: StageResult) -> str:
    """`Stage rate: learning_rate=0.1 (highest final_validation_accuracy of 5 points, 91.20 %)`."""
    values = " ".join(f"{name}={spelled(value)}" for name, value in result.took.items())
    return f"Stage {result.stage}: {values} ({result.why})."


def stage_lines(plan: Plan) -> Iterator[Line]:
    """A line for each stage, in order; then what that is worth."""
    for result in plan.stages:
        yield Line(f"{stage_text(result)} See {result.sweep}.")
    if plan.stages:
        yield Line(
            "Stages chose by seeds of their own, and by validation data: no run above took part in it."
        )
