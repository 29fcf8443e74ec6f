"""MLflow's UI, served by `nnexp ui` and seen in Chromium."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.processes import wait_until_up
from tests.tracking.conftest import free_port

if TYPE_CHECKING:
    from playwright.sync_api import Page

STEP_TIME = 60_000  # milliseconds that a step in the browser may take
SIZE = {"width": 1400, "height": 900}
# The UI's assistant for language models opens by itself on a first visit, over a quarter of the window.
CLOSE_ASSISTANT = 'localStorage.setItem("mlflow.assistant.fab.autoOpenedOnFirstLoad_v1", "true")'


def chromium() -> str | None:
    """The installed browser, if there is one."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next((path for path in found if path), None)


@contextmanager
def serving_ui(store: Path, log: Path) -> Iterator[dict[str, str]]:
    """`nnexp ui` for a SQLite file, up; name -> address as it printed them. Ended at the end."""
    port, uri = free_port(), f"sqlite:///{store.absolute()}"
    with log.open("w+") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "nnexp", "ui", f"port={port}", f"tracking.uri={uri}"],
            stdout=told,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_up(f"http://127.0.0.1:{port}/health", process, log)
            yield dict(re.findall(r"^  (.+): (http\S+)$", log.read_text(), re.MULTILINE))
        finally:
            with suppress(ProcessLookupError):  # it ended by itself, and its log says why
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def browsing() -> Iterator["Page"]:
    """A page of a fresh browser."""
    from playwright.sync_api import sync_playwright

    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium refuses to sandbox for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=sandbox)
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        page.set_default_timeout(STEP_TIME)
        page.add_init_script(CLOSE_ASSISTANT)
        yield page
        browser.close()
