"""MLflow's pages of a sweep of 10,000 runs open in a browser, and show its mean curves."""

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.browser.driving import browsing, chromium, serving_ui
from tests.field.many import multiply

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[browser]'")
pytestmark = pytest.mark.skipif(
    chromium() is None, reason="no Chromium is installed: apt-get install chromium"
)
SWEEP = ["data=synthetic", "epochs=3", "hidden_size=5", "n_jobs=1", "pictures=false", "sweep.name=large"]
AXES = ["-m", "learning_rate=0.1,0.3,0.5,1", "seed=range(26)"]
RUNS = 10_000


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a sweep of 104 runs was trained; its store holds them 97 times."""
    folder = tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "nnexp", *SWEEP, *AXES], cwd=folder, timeout=300, check=True)
    with closing(sqlite3.connect(folder / "mlflow.db")) as database:
        found = database.execute("SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId'")
        children = [one for (one,) in found]
    assert len(children) * 97 >= RUNS
    multiply(folder / "mlflow.db", children, 96)
    return folder


def test_the_printed_address_of_a_large_sweep_shows_the_mean_curves_of_its_points(home: Path) -> None:
    with serving_ui(home / "mlflow.db", home / "ui.log") as addresses, browsing() as page:
        page.goto(addresses["large"])
        page.get_by_text("learning_rate:0.5 n:26").filter(visible=True).first.wait_for()


def test_its_list_of_runs_and_its_own_page_open(home: Path) -> None:
    with serving_ui(home / "mlflow.db", home / "ui.log") as addresses, browsing() as page:
        page.goto(re.sub(r"viewStateShareKey=.*&", "", addresses["large"]))
        page.get_by_role("link", name=re.compile(r"^large [a-p][0-9a-f]{7}$")).first.click()
        page.get_by_role("tab", name="Model metrics").click()
        page.get_by_text("validation/accuracy mean").filter(visible=True).first.wait_for()
