"""Pictures of a sweep in MLflow's UI, for the README.

    python -m tests.browser.screenshots STORE OUTDIR [NAME]

STORE: the SQLite file that sweeps were logged to. NAME: of the sweep (else the one that was logged last).
Writes `mlflow_runs.png` (the list by point), `mlflow_curves.png` (the same as charts) and `mlflow_sweep.png`
(the sweep's own page with its answer). It takes Chromium and the `browser` extra.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser.driving import browsing, serving_ui

if TYPE_CHECKING:
    from playwright.sync_api import Page

DRAWING = 5000  # milliseconds for what moves to stand still: charts, and the skeletons that they replace
MOST_BYTES = 300_000


def main(store: Path, folder: Path, name: str | None = None) -> None:
    """Take the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with serving_ui(store, folder / "ui.log") as addresses, browsing() as page:
        page.goto(addresses["all sweeps"])
        page.get_by_text("Model training", exact=True).click()
        sweeps = [known for known in addresses if known != "all sweeps"]
        curves = addresses[name or sweeps[0]]
        _open(page, curves)
        _take_view(page, folder / "mlflow_curves.png")
        _open(page, curves.replace("compareRunsMode=CHART&", ""))
        _take_view(page, folder / "mlflow_runs.png")
        _take_sweep(page, curves, folder / "mlflow_sweep.png")
    (folder / "ui.log").unlink()


def _open(page: "Page", address: str) -> None:
    """Load it anew, also where it differs from the last one only behind the #."""
    page.goto("about:blank")
    page.goto(address)


def _take_view(page: "Page", path: Path) -> None:
    """A saved view, without the line that says that it is one."""
    page.get_by_text(re.compile(r"^Group: ")).first.wait_for()
    page.get_by_role("button", name="Hide banner").click()
    _take(page, path)


def _take_sweep(page: "Page", curves: str, path: Path) -> None:
    """The page of the newest sweep of the experiment, its description unfolded."""
    _open(page, re.sub(r"viewStateShareKey=.*&", "", curves))
    page.get_by_role("link", name=re.compile(r"^\S+ [a-p][0-9a-f]{7}$")).first.click()
    page.get_by_text("Show more").click()
    _take(page, path)


def _take(page: "Page", path: Path) -> None:
    page.mouse.move(0, 0)  # nothing is highlighted
    page.wait_for_timeout(DRAWING)
    page.screenshot(path=path)
    size = path.stat().st_size
    print(f"{path}: {size / 1000:.0f} kB{' (too large)' * (size > MOST_BYTES)}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), *sys.argv[3:])
