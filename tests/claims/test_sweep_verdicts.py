"""The verdicts on a sweep's own claims: in its verdicts.csv, and judged anew where that is out of date."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nnexp.claims.sweep_verdicts import read_verdicts
from nnexp.experiment.loaded_sweep import load_folder
from nnexp.results.stamp import stamp
from nnexp.results.write_csv import write_results
from nnexp.sweep.store.record_file import write as write_record
from tests.results.edited import edit
from tests.results.judged import CLAIMS, at, judged, sweep_of


def test_verdicts_csv_is_written_for_claims_only_and_read_back(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    results = judged(sweep, tmp_path)
    assert sweep.folder / "verdicts.csv" in write_results(results, sweep.folder)
    verdicts = read_verdicts(sweep.folder / "verdicts.csv")
    pd.testing.assert_frame_equal(verdicts, results.verdicts, check_exact=True)
    assert verdicts["verdict"].tolist() == ["reproduced", "undecided", "refuted"]
    unclaimed = judged(replace(sweep, plan=replace(sweep.plan, claims=())), tmp_path)
    write_results(unclaimed, sweep.folder)
    assert not (sweep.folder / "verdicts.csv").exists()


def test_a_claim_takes_the_newest_sweep_of_a_name_else_published_results(tmp_path: Path) -> None:
    check = {"left": at(10), "rel": ">", "right": at(1000, sweep="another")}
    claims = ({"id": "X", "text": "It beats another sweep.", "check": check},)
    sweep = sweep_of(tmp_path, claims)
    verdict = judged(sweep, tmp_path).verdicts.loc[0]
    assert (verdict["verdict"], verdict["note"]) == (
        "not judged",
        "unknown sweep 'another' (choices: known)",
    )
    other = sweep_of(tmp_path, (), "another")
    assert judged(sweep, tmp_path).verdicts.loc[0, "verdict"] == "reproduced"  # from records: no CSV yet
    write_results(judged(other, tmp_path), other.folder)
    published = tmp_path / "published" / "another"
    published.parent.mkdir()
    other.folder.rename(published)
    shutil.rmtree(published / "records")
    assert judged(sweep, tmp_path).verdicts.loc[0, "verdict"] == "reproduced"


def test_verdicts_are_judged_anew_where_the_records_are_others(tmp_path: Path) -> None:
    sweep = sweep_of(tmp_path)
    results = judged(sweep, tmp_path)
    write_results(results, sweep.folder)
    stamp(sweep.folder)
    edit(sweep.folder / "verdicts.csv", 2, "verdict", "undecided")
    assert load_folder(sweep.folder, tmp_path).verdicts["verdict"][0] == "undecided"
    record = replace(next(iter(sweep.records.values())), timings={"started": "later"})
    write_record(sweep.records_folder, record, None)
    assert load_folder(sweep.folder, tmp_path).verdicts.equals(results.verdicts)


@pytest.mark.parametrize(
    "claim",
    [
        {"check": {"left": at(10), "rel": ">", "right": at(1000, sweep="another")}},
        {"same_as": [{"sweep": "another", "id": "A"}]},
    ],
)
def test_a_verdict_that_rests_on_another_sweep_follows_that_one(
    tmp_path: Path, claim: Mapping[str, Any]
) -> None:
    sweep = sweep_of(tmp_path, ({"id": "X", "text": "It beats another sweep.", **claim},))
    write_results(judged(sweep, tmp_path), sweep.folder)
    stamp(sweep.folder)
    assert load_folder(sweep.folder, tmp_path).verdicts["verdict"].tolist() == ["not judged"]
    sweep_of(tmp_path, CLAIMS, "another")
    assert load_folder(sweep.folder, tmp_path).verdicts["verdict"].tolist() == ["reproduced"]
