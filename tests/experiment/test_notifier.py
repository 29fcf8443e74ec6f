"""A web hook is told how a sweep goes, and nothing of it comes back into the sweep."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import nnexp
from nnexp import cli
from nnexp.config import Notify, load_config, without_addresses
from nnexp.errors import UserError
from nnexp.experiment import planning
from nnexp.experiment.notifier import Notifier, Subject
from tests.experiment.test_rounds import SWEEP
from tests.experiment.test_tuning import QUIET, TUNED
from tests.results.sweeps import make_plan, make_record

RECORD = make_record(make_plan({}, seeds=1).runs[0])
SUBJECT = Subject("a/b", lambda: 9, lambda: Counter({"finished": 3, "timed_out": 1}), lambda: "It is 1.")
SMALL = ["data=synthetic", "epochs=2", "hidden_size=5", "n_jobs=1", "pictures=false"]


class Hook(ThreadingHTTPServer):
    """A web hook on this machine, and what it was told; it answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.told: list[dict[str, Any]] = []
        self.status = 200

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?key=1&token=xyzzy"


class Answers(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        assert text.count("\n") == 1
        self.server.told.append(json.loads(text))
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.told.append({"event": "redirected"})

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield server
        server.shutdown()


def notifier(hook: Hook, after: float | None = None, out: StringIO | None = None, runs: int = 9) -> Notifier:
    """One that has `runs` runs to train."""
    console = Console(file=out or StringIO(), width=200)
    result = Notifier(Notify(url=hook.url, after=after), console)
    result.begin(SUBJECT, runs)
    return result


def events(hook: Hook) -> list[str]:
    return [line["event"] for line in hook.told]


def test_the_end_is_one_line_with_counts_and_the_answer(hook: Hook) -> None:
    with notifier(hook):
        pass
    (line,) = hook.told
    assert line["text"] == "a/b has finished: 3 finished, 1 timed out of 9 runs. It is 1."
    assert set(line) == {"text", "event", "sweep", "runs", "statuses", "time"}


@pytest.mark.parametrize(("error", "event"), [(KeyboardInterrupt, "stopped"), (RuntimeError, "broken")])
def test_a_stop_and_an_error_are_told_and_go_on(hook: Hook, error: type[BaseException], event: str) -> None:
    with pytest.raises(error), notifier(hook):
        raise error
    assert events(hook) == [event]
    assert "It is 1." not in hook.told[0]["text"]


def test_a_next_round_that_nobody_wants_is_told_as_a_stop(hook: Hook) -> None:
    with notifier(hook) as own:
        own.stop()
    assert events(hook) == ["stopped"]


def test_it_is_told_from_the_first_round_that_trains(hook: Hook) -> None:
    with notifier(hook, runs=0):
        pass
    assert events(hook) == []
    with notifier(hook, runs=0) as own:
        own.begin(SUBJECT, 4)
        own.begin(replace(SUBJECT, name="c/d"), 0)  # rests on what was trained
    assert [line["sweep"] for line in hook.told] == ["c/d"]


def test_the_first_failure_is_told_and_no_other(hook: Hook) -> None:
    failed = make_record(make_plan({}, seeds=1).runs[0], None)
    told = notifier(hook)
    with told:
        for record in (RECORD, failed, failed):
            told.ended(record)
    assert events(hook) == ["failure", "finished"]


def test_silence_is_told_once_until_a_run_ends(hook: Hook) -> None:
    told = notifier(hook, after=0.05)
    with told:
        for length in (1, 2):
            deadline = time.monotonic() + 10
            while len(hook.told) < length and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.15)
            assert events(hook) == ["silence"] * length
            if length == 1:
                told.ended(RECORD)
    assert events(hook)[-1] == "finished"


@pytest.mark.parametrize("status", [302, 500])
def test_what_the_hook_answers_is_said_without_its_address_and_not_followed(hook: Hook, status: int) -> None:
    hook.status, out = status, StringIO()
    with notifier(hook, out=out):
        pass
    assert events(hook) == ["finished"]
    assert out.getvalue() == "notify.url was not reached: HTTPError\n"


def test_nobody_at_the_address_costs_a_line() -> None:
    with Hook() as gone:
        pass
    out = StringIO()
    with notifier(gone, out=out):
        pass
    assert out.getvalue() == "notify.url was not reached: URLError\n"


def test_a_sweep_tells_and_leaves_the_address_nowhere(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK", hook.url)
    words = [*SMALL, "tracking=none", "notify.url=${oc.env:HOOK}", "-m", "batch_size=10,50"]
    assert cli.main(words) == 0
    assert events(hook) == ["finished"]
    assert hook.told[0]["statuses"] == {"finished": 2}
    assert "Highest on validation: batch_size=" in hook.told[0]["text"]
    assert cli.main(words) == 0  # nothing is trained: nothing is told
    assert events(hook) == ["finished"]
    shown = capsys.readouterr()
    assert "xyzzy" not in shown.out + shown.err
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert b"xyzzy" not in path.read_bytes()


@pytest.mark.parametrize(
    "url", ["ftp://a/secret", "file:///etc/secret", "a.b/secret", "'http://a/ secret'", "5"]
)
def test_an_address_must_be_of_the_web_and_is_not_shown(url: str) -> None:
    with pytest.raises(UserError, match=r"notify\.url must be an address that begins with") as raised:
        load_config([f"notify.url={url}"])
    assert "secret" not in str(raised.value).removesuffix("it may hold a secret")


def test_the_runs_of_a_further_round_are_told_and_one_that_is_declined_is_a_stop(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers = [True, False, True]
    monkeypatch.setattr(planning.Confirm, "ask", lambda *args, **kwargs: answers.pop(0))
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    for _ in range(2):
        assert cli.main([*SWEEP, "confirm_above=0", f"notify.url={hook.url}"]) == 0
    assert [(line["event"], line["runs"]) for line in hook.told] == [("stopped", 15), ("finished", 19)]


def test_trials_and_what_they_choose_are_told_as_one(
    hook: Hook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("conf/sweep").mkdir(parents=True)
    Path("conf/sweep/mine.yaml").write_text(TUNED)
    assert cli.main(["+sweep=mine", *QUIET, "n_jobs=1", f"notify.url={hook.url}"]) == 0
    (line,) = hook.told
    assert line["event"] == "finished"
    assert line["sweep"].count("/") == 1
    assert line["runs"] == 6


@pytest.mark.parametrize(
    "words",
    [
        ["notify.url='https://a/secret"],
        ["notify.url=https://a/secret${"],
        ["notify.url='secret1','https://b/secret2'"],
        ["notify.url=https://a/secret", "notify.url=https://a/secret2"],
        ["notify.url=https://a/?secret&b", "epochs=few"],
        ["~notify.url=secret"],
        ["--notify.url=secret"],
        ["notify=secret"],
        ["notify=https://a/?secret&b"],
        ['notify={url:"https://a/secret",x:1}'],
        ["notfy.url=https://a/?secret&b"],
        ["notify.url=", "https://a/secret"],
        ["retry", "a", "notify.url=https://a/secret", "notify.url=https://a/secret2"],
        ["retry", "a", "notify.ulr=https://a/?secret&b"],
    ],
)
def test_no_mistake_shows_the_address(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert "secret" not in capsys.readouterr().err.removesuffix("it may hold a secret\n")


def test_nor_does_one_in_python() -> None:
    with pytest.raises(UserError) as raised:
        nnexp.run(**{"notfy.url": "https://a/secret"})
    assert "secret" not in str(raised.value)


def test_messages_about_other_addresses_show_them() -> None:
    with pytest.raises(UserError, match="https://a/b"), without_addresses(["data.path=https://a/b"]):
        raise UserError("data.path must be a file, got https://a/b")


def test_an_address_may_hold_any_sign_without_quotes_or_come_from_a_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "https://a.example/v1/messages?key=K&token=a,b=(c)"
    monkeypatch.setenv("HOOK", url)
    for word in (url, f"'{url}'", "${oc.env:HOOK}"):
        assert load_config([f"notify.url={word}"]).execution.notify.url == url


def test_it_is_off_unless_asked_for() -> None:
    assert load_config([]).execution.notify == Notify(url=None, after=3600.0)
