"""MLflow on PostgreSQL."""

from pathlib import Path

import pytest

from nnexp.tracking import tracker
from nnexp.tracking.tracker import Submission, Tracker
from tests.field.clusters import Cluster
from tests.tracking.odd_runs import odd_submissions
from tests.tracking.samples import a_record, many
from tests.tracking.stores import assert_equal, contents, files


def test_rows_and_files_are_those_of_the_client_to_the_last_character(
    postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, submissions = odd_submissions("odd", tmp_path)
    both = []
    for way in ("client", "bulk"):
        folder = tmp_path / way
        folder.mkdir()
        uri = postgresql.create(way, "mlflow")
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            if way == "client":
                patch.setattr(tracker, "KINDS", ())
            with Tracker(uri, plan, folder=tmp_path, environment={}) as logged:
                logged.log(submissions)
                assert logged.note == ""
                assert (logged.most > 1) == (way == "bulk")
        place = folder / "mlartifacts" / "odd"
        both.append((contents(uri, place.as_uri()), files(place)))
    assert_equal(*both)


def test_a_database_knows_at_the_end_how_its_rows_are_spread(postgresql: Cluster, tmp_path: Path) -> None:
    from sqlalchemy import create_engine, text

    uri, plan = postgresql.create("spread", "mlflow"), many("spread", 4)
    with Tracker(uri, plan, folder=tmp_path, environment={}) as logged:
        logged.log([Submission(run, a_record(run), None) for run in plan.runs])
        logged.finish("FINISHED", {}, [], {})
    engine = create_engine(uri)
    with engine.connect() as connection:
        counted = dict(connection.execute(text("SELECT relname, reltuples FROM pg_class")).all())
    engine.dispose()
    assert counted["runs"] == 5
    assert counted["tags"] > 5
