"""Published plans have the claims that their sweep files have now."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from nnexp.labbook.claims_of_files import bring_claims
from nnexp.labbook.published_results import read_published
from nnexp.labbook.sweep_files import CurrentQuestion
from nnexp.sweep.question.identity import numerics_of
from nnexp.sweep.question.points import Question
from nnexp.sweep.store.plan_file import read_body, read_plan
from tests.labbook.test_published import publish
from tests.results.sweeps import make_plan

AT = {"final": "validation_accuracy", "at": {"batch_size": 10}}
CLAIM: dict[str, Any] = {"id": "A-1", "text": "It is so.", "check": {"left": AT, "low": 0.5}}
CHANGED = CLAIM | {"check": {"left": AT, "low": 0.6}}


def test_a_published_plan_takes_the_claims_of_its_file_and_keeps_all_else(tmp_path: Path) -> None:
    plan = replace(make_plan({"batch_size": [10, 100]}), name="known", claims=(CLAIM,))
    plan = replace(plan, numerics=numerics_of(run.settings for run in plan.first_runs))
    publish(plan, tmp_path)
    home = tmp_path / "published" / "known"
    before = read_body(home)
    book, _ = read_published(tmp_path, ["known"])
    settings = [run.settings for run in plan.first_runs]
    unanswerable = CHANGED | {"id": "B", "check": {"left": AT | {"at": {"batch_size": 7}}, "low": 0.5}}
    question = Question(name="known", question="", axes={}, seeds=plan.seeds, claims=[CHANGED, unanswerable])
    files = {"known": CurrentQuestion(question, settings)}
    assert bring_claims(files, book, tmp_path) == ["known"]
    assert read_plan(home).claims == (CHANGED,)
    assert {**read_body(home), "claims": 0} == {**before, "claims": 0}
    assert bring_claims(files, read_published(tmp_path, ["known"])[0], tmp_path) == []
    stale = {"known": CurrentQuestion(replace(question, claims=[CLAIM], seeds=[7]), settings)}
    assert bring_claims(stale, book, tmp_path) == []
