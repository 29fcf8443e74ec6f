"""`nnexp watch` serves the page of a sweep to this machine alone."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from nnexp.commands import watch
from nnexp.commands.arguments import Arguments
from nnexp.commands.watch import hosts, server_for
from nnexp.errors import UserError
from nnexp.experiment import watching
from nnexp.experiment.watching import Watched
from nnexp.sweep.store.lock import HOLDER, held
from nnexp.sweep.store.looks import read_looks
from nnexp.sweep.store.sign import Sign, write_sign
from tests.commands.conftest import Command
from tests.pages.reading import Reader
from tests.results.judged import sweep_of

VERDICTS = ("reproduced", "refuted", "undecided", "holds", "fails")
Answer = tuple[int, dict[str, str], str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sweep with claims, of which one of nine runs has no record yet."""
    sweep = sweep_of(tmp_path / "watched")
    last = sweep.folder / "records" / f"{sweep.plan.runs[-1].run_id}.json"
    last.rename(tmp_path / "last.json")
    return sweep.folder


@pytest.fixture
def port(folder: Path) -> Iterator[int]:
    """Where it is served."""
    with server_for(Watched(folder, str(folder.parents[1])), 0) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server.server_port
        server.shutdown()


def get(port: int, path: str, host: str | None = None) -> Answer:
    """Status, headers and text of an answer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers={"Host": host} if host else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def test_it_says_how_far_the_sweep_is(port: int) -> None:
    state = json.loads(get(port, "/state")[2])
    assert state["text"] == "8 of 9 runs have ended: 8 finished; nobody trains it now"
    assert state["share"] == pytest.approx(8 / 9)
    assert state["best"] == "Best run so far: 96.10 % on validation, batch_size=10 seed=2."


def test_verdicts_come_and_are_a_look_when_all_runs_have_ended(
    port: int, folder: Path, tmp_path: Path
) -> None:
    _, _, page = get(port, "/")
    assert "8 of 9 runs have ended, and 2 of 3 points have all of their seeds" in page
    text = Reader(page.encode()).text().rpartition("How to read this")[0]
    assert "Where this comes from" in text
    assert not [verdict for verdict in ("Claims and", *VERDICTS) if verdict in text]
    assert read_looks(folder) == []
    last = tmp_path / "last.json"
    last.rename(folder / "records" / f"{json.loads(last.read_text())['run_id']}.json")
    _, _, page = get(port, "/")
    assert "Claims and verdicts" in page
    assert [look["runs"] for look in read_looks(folder)] == [9]


def test_a_record_that_vanishes_is_counted_no_more(port: int, folder: Path) -> None:
    get(port, "/state")
    next((folder / "records").glob("*.json")).unlink()
    assert json.loads(get(port, "/state")[2])["text"].startswith("7 of 9 runs have ended")


def test_between_two_rounds_there_are_no_verdicts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sweep_of(tmp_path).folder
    watched = Watched(folder, str(tmp_path))
    monkeypatch.setattr(watching, "awaited", lambda _: "until decided")
    assert watched.state()["text"] == (
        "9 of 9 runs have ended: 9 finished, more until decided; nobody trains it now"
    )
    assert b"Claims and verdicts" not in watched.page()
    monkeypatch.setattr(watching, "awaited", lambda _: "")
    assert b"Claims and verdicts" in watched.page()


def test_what_is_running_and_the_time_left_are_those_of_who_trains_it(port: int, folder: Path) -> None:
    with held(folder):
        write_sign(folder, Sign({"finished": 7, "timed_out": 1}, 1, 0.9, "about 3 s left", ("epoch 1/2",)))
        state = json.loads(get(port, "/state")[2])
        assert state["text"] == "8 of 9 runs have ended: 7 finished, 1 timed out; 1 running, 0 to do"
        assert (state["share"], state["left"], state["running"]) == (0.9, "about 3 s left", ["epoch 1/2"])
        page = Reader(get(port, "/")[2].encode()).text()
        assert page.index("How far") < page.index("about 3 s left") < page.index("epoch 1/2")


def test_a_process_that_was_killed_trains_nothing(port: int, folder: Path) -> None:
    (folder / HOLDER).write_text("process 1 on here")
    write_sign(folder, Sign({}, 9, 0.5, "about 3 s left", ("epoch 1/2",)))
    state = json.loads(get(port, "/state")[2])
    assert state["text"] == "8 of 9 runs have ended: 8 finished; nobody trains it now"
    assert (state["share"], state["left"], state["running"]) == (pytest.approx(8 / 9), "", [])


def test_the_time_left_of_a_search_is_that_of_its_round(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "awaited", lambda _: "to be tried")
    with held(folder):
        write_sign(folder, Sign({}, 1, 0.5, "about 3 s left", ()))
        state = Watched(folder, str(folder.parents[1])).state()
    assert state["left"] == "about 3 s left of this round"


def test_between_the_last_run_and_the_answer_nothing_is_said_to_train(tmp_path: Path) -> None:
    folder = sweep_of(tmp_path).folder
    watched = Watched(folder, str(tmp_path))
    with held(folder):
        assert watched.state()["text"] == "9 of 9 runs have ended: 9 finished; its answer is being made"
    assert watched.state()["text"] == "9 of 9 runs have ended: 9 finished"


def test_a_sweep_that_is_removed_meanwhile_is_said_in_one_line(port: int, folder: Path) -> None:
    shutil.rmtree(folder)
    for path in ("/", "/state"):
        status, _, text = get(port, path)
        assert status == 503
        assert text.startswith("The sweep cannot be read: ")
        assert "\n" not in text


def test_a_sweep_whose_file_is_there_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watch, "choices", lambda group: ["known"])
    monkeypatch.setattr(watch, "BEAT", 0.01)
    sweep = sweep_of(tmp_path / "elsewhere")
    arguments = Arguments((), {"sweeps_dir": str(tmp_path / "here")}, frozenset())

    def begin() -> None:
        (tmp_path / "elsewhere").rename(tmp_path / "here")

    later = threading.Timer(0.2, begin)
    later.start()
    folder = watch.begun("known", arguments).folder
    later.join()
    assert folder.name == sweep.folder.name
    assert capsys.readouterr().out.startswith("nothing of known is here yet: waiting for its beginning")
    monkeypatch.setattr(watch, "PATIENCE", 0.0)
    with pytest.raises(UserError, match="unknown sweep 'other'"):
        watch.begun("other", arguments)


def test_a_browser_that_goes_away_is_nothing_to_tell(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with server_for(Watched(folder, str(folder.parents[1])), 0) as server:
        for error in (ConnectionResetError(), BrokenPipeError(), ValueError("ours")):
            try:
                raise error
            except (OSError, ValueError):
                server.handle_error(None, ("127.0.0.1", 1))
    assert capfd.readouterr().err.count("Traceback") == 1


def test_browsers_leave_out_the_usual_port() -> None:
    assert hosts(80) == {"127.0.0.1", "localhost", "127.0.0.1:80", "localhost:80"}
    assert hosts(8080) == {"127.0.0.1:8080", "localhost:8080"}


def test_a_name_that_was_made_to_lead_here_is_not_answered(port: int) -> None:
    for path in ("/", "/state"):
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1", f"127.0.0.1.evil.example:{port}"):
            assert get(port, path, host)[0] == 403
        assert get(port, path, f"localhost:{port}")[0] == 200


def test_its_page_may_ask_its_own_server_and_nothing_else(port: int) -> None:
    _, headers, page = get(port, "/")
    assert "connect-src &#39;self&#39;" in page
    assert headers["X-Frame-Options"] == "DENY"
    assert get(port, "/etc/passwd")[0] == 404


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["plain", "port=x"], "port must be a number from 0 to 65535, got 'x'"),
        (["plain", "port=99999"], "port must be a number from 0 to 65535, got '99999'"),
        (["plane"], "did you mean 'plain'?"),
    ],
)
def test_a_mistake_is_one_line(nnexp: Command, words: list[str], why: str) -> None:
    status, _, error = nnexp("watch", *words)
    assert status == 2
    assert why in error
