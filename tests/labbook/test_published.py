"""Every verdict can be judged from published files alone, and comes out as it does from the records."""

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from nnexp.claims.parsing import claims_of
from nnexp.claims.sweep_runs import Frames
from nnexp.claims.verdicts import judge
from nnexp.config import choices, load_config
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.files import write_all
from nnexp.labbook.publish import text_files
from nnexp.labbook.published_results import judge_published, read_published
from nnexp.labbook.sweep_files import read_sweep_files
from nnexp.report.answer import Verdict
from nnexp.report.effects import verdicts_of
from nnexp.results.tables import make_tables
from nnexp.sweep.question.names import PUBLISHED
from nnexp.sweep.question.plan import Plan, StageResult
from nnexp.sweep.question.planner import make_plan as plan_of
from nnexp.sweep.store.folder import Sweep
from nnexp.sweep.store.plan_file import write_plan
from tests.claims.arbitrary import arbitrary_records
from tests.claims.claim_forms import FORMS, MONITORS
from tests.claims.test_book import blank
from tests.results.sweeps import make_plan

DECIDED = {"reproduced", "refuted", "undecided", "holds", "fails"}


def publish(plan: Plan, place: Path) -> Frames:
    """The sweep with arbitrary curves, published below `place`; its frames as they are from the records."""
    folder, home = place / plan.name / plan.sweep_id, place / PUBLISHED / plan.name
    for each in (folder, home):
        each.mkdir(parents=True)
    write_plan(plan, {}, folder)
    records = arbitrary_records(plan)
    tables = make_tables(plan, records, {})
    write_all(home, text_files(Sweep(plan, folder, records), tables))
    return plan, tables.runs, tables.history


def form_plan(form: str, name: str = "known") -> Plan:
    """A sweep with one claim, of this form."""
    points, check, known = FORMS[form]
    axes = {axis: list(dict.fromkeys(point[axis] for point in points)) for axis in points[0]}
    settings = {name: value for name, value in known.items() if name != "timing"}
    plan = make_plan(axes, epochs=30, monitor=MONITORS, **settings)
    claims = ({"id": "A-1", "text": "It is so.", "check": yaml.safe_load(check)},)
    return replace(plan, name=name, claims=claims, timing="timing" in known)


@pytest.mark.parametrize("form", FORMS)
def test_a_claim_of_any_form_has_the_verdict_from_published_files_that_it_has_from_the_records(
    form: str, tmp_path: Path
) -> None:
    elsewhere = replace(make_plan({"lambda_l2": [0.0, 5.0]}, epochs=30), name="book/overfitting")
    other = publish(elsewhere, tmp_path)
    own = publish(form_plan(form), tmp_path)
    expected = judge(claims_of(own[0]), *own, {elsewhere.name: other}.__getitem__)
    published = load_folder(tmp_path / PUBLISHED / "known", tmp_path).verdicts
    assert published.equals(expected)
    assert set(published["verdict"]) <= DECIDED, published["note"].tolist()


@pytest.mark.slow
def test_every_check_of_the_sweep_files_can_be_judged_from_published_files(tmp_path: Path) -> None:
    trained = {}
    for name in choices("sweep"):
        asked = load_config([f"+sweep={name}", "data=mnist"])
        plan = plan_of(asked.question, asked.hyperparameters, asked.data, blank)
        stages = tuple(
            StageResult(stage.name, "", {}, "", asked=stage.digest) for stage in asked.question.stages
        )
        trained[name] = publish(replace(plan, stages=stages), tmp_path)
    files = read_sweep_files(str(tmp_path), pytest.fail)
    book, damaged = read_published(tmp_path, list(files))
    assert (book.keys(), damaged) == (trained.keys(), {})
    told = {name: judge_published(name, book, files) for name in files}
    for name, (plan, runs, history) in trained.items():
        checked = [claim for claim in claims_of(plan) if claim.checks]
        expected = verdicts_of(judge(checked, plan, runs, history, trained.__getitem__))
        assert [spelt(each.verdict) for each in told[name].values()] == list(map(spelt, expected))
        assert {each.verdict.verdict for each in told[name].values()} <= DECIDED
        assert {each.stale for each in told[name].values()} <= {""}
    assert sum(map(len, told.values())) >= 75


def spelt(verdict: Verdict) -> str:
    """All that a verdict says; NaN is like NaN."""
    return repr(verdict)
