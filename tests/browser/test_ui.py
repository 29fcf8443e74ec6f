"""A sweep looked at in MLflow's UI, as a user does it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.driving import browsing, chromium, serving_ui

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="no Chromium is installed: apt-get install chromium"),
]
SWEEP = ["data=synthetic", "epochs=3", "hidden_size=5", "n_jobs=1", "pictures=false", "sweep.name=compared"]
AXES = ["-m", "learning_rate=0.1,0.5", "seed=0,1"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a sweep of four runs was trained and logged."""
    folder = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "nnexp", *SWEEP, *AXES], cwd=folder, timeout=300, check=True)
    return folder


def test_a_sweep_is_found_by_name_and_two_of_its_runs_are_compared(home: Path) -> None:
    runs = ["learning_rate=0.1 seed=0", "learning_rate=0.5 seed=1"]
    with serving_ui(home / "mlflow.db", home / "ui.log") as addresses, browsing() as page:
        page.goto(addresses["all sweeps"])
        page.get_by_text("Model training", exact=True).click()
        page.get_by_placeholder("Search experiments").fill("compar")
        page.get_by_role("link", name="compared", exact=True).click()
        page.get_by_role("button", name="Views").click()
        page.get_by_text(re.compile(r"by run$")).click()
        for name in runs:
            row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))
            row.get_by_role("checkbox").check()
        page.get_by_role("button", name="Compare", exact=True).click()
        page.get_by_role("heading", name="Comparing 2 Runs").wait_for()
        for name in [*runs, "validation/accuracy"]:
            page.get_by_text(name, exact=True).filter(visible=True).first.wait_for()


def test_the_printed_address_shows_a_sweep_s_curves_by_point(home: Path) -> None:
    with serving_ui(home / "mlflow.db", home / "ui.log") as addresses, browsing() as page:
        page.goto(addresses["compared"])
        for text in ("Group: 0.1", "Group: 0.5", "validation/accuracy"):
            page.get_by_text(text, exact=True).filter(visible=True).first.wait_for()
