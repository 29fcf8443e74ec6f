"""MLflow on PostgreSQL."""

from pathlib import Path

import pytest

from nnexp import cli
from nnexp.tracking import tracker
from nnexp.tracking.tracker import Submission, Tracker
from tests.commands.conftest import SMALL
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


def stages(uri: str, name: str) -> list[str]:
    """The lifecycle stage of each run of an experiment."""
    from sqlalchemy import create_engine, text

    engine, of_it = create_engine(uri), "JOIN experiments e USING (experiment_id) WHERE e.name = :name"
    with engine.connect() as connection:
        found = connection.execute(text(f"SELECT r.lifecycle_stage FROM runs r {of_it}"), {"name": name})
        stages = [stage for (stage,) in found]
    engine.dispose()
    return stages


def test_a_sweep_goes_out_of_it_into_the_bin_or_for_good_with_the_files_that_are_here(
    postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = postgresql.create("removed", "mlflow")
    small = [word for word in SMALL if word != "tracking=none"] + [f"tracking.uri={uri}"]
    monkeypatch.chdir(tmp_path)
    for name in ("bin", "purged", "elsewhere", "stays"):
        assert cli.main([*small, "-m", "batch_size=10,50", f"sweep.name={name}"]) == 0
    places = tmp_path / "mlartifacts"
    (places / "elsewhere").rename(tmp_path / "another machine")

    assert cli.main(["rm", "bin", "--mlflow", "--yes", f"tracking.uri={uri}"]) == 0
    assert "2 runs of MLflow went into its bin." in capsys.readouterr().out
    assert stages(uri, "bin") == ["deleted"] * 3
    assert list((places / "bin").glob("models/*"))

    assert cli.main(["rm", "purged", "--mlflow", "--purge", "--yes", f"tracking.uri={uri}"]) == 0
    assert "2 runs of MLflow are gone for good.\n" in capsys.readouterr().out
    assert (stages(uri, "purged"), list((places / "purged").glob("models/*"))) == ([], [])

    assert cli.main(["rm", "elsewhere", "--mlflow", "--purge", "--yes", f"tracking.uri={uri}"]) == 0
    said, place = capsys.readouterr().out, (places / "elsewhere").as_uri()
    assert f"Not on this machine, so its files of these runs stay: {place}\n" in said
    assert "2 runs of MLflow are gone for good, but not their files.\n" in said
    assert stages(uri, "elsewhere") == []
    assert len(list((tmp_path / "another machine").glob("models/*"))) == 2
    assert stages(uri, "stays") == ["active"] * 3
