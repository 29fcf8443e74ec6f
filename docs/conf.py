"""The site: `python -m sphinx -W docs docs/_build` makes it, `docs/_build/index.html` is its first page.

Why Sphinx: it has been kept well for many years. MkDocs 1 and its theme Material are at their end, and what
follows them, Zensical, is at 0.0. Sphinx also takes pictures and files from outside of docs/, as a code host
does. The pages are plain Markdown: a code host shows them as they are. Nothing is fetched from elsewhere.
"""

import re
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx

from nnexp.version import __version__

project = "nnexp"
release = __version__
extensions = ["myst_parser"]
root_doc = "index"
exclude_patterns = ["_build"]
myst_heading_anchors = 3  # the same as a code host's, for links such as tuning.md#how-to-read-the-answer
smartquotes = False  # quotes in the text are those that one types
html_theme = "furo"
html_title = "nnexp"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
pygments_style = "tango"
LABBOOK = "labbook"
PUBLISHED = Path(__file__).parents[1] / "sweeps" / "published"
# What nnexp report is asked for; the book's 34 experiments would make the site four times as large.
reports = [LABBOOK] + [
    plan.parent.relative_to(PUBLISHED).as_posix()
    for pattern in ("*/sweep.yaml", "tuned/*/sweep.yaml", "best/*/sweep.yaml")
    for plan in sorted(PUBLISHED.glob(pattern))
]
SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)
LINK = re.compile(r"^- \[.+?\]\((\w+)\.md\)", re.MULTILINE)


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """The lists of the first page are the navigation, too: it is written once, and as Markdown."""
    if page == root_doc:
        for title, text in SECTION.findall(source[0]):
            if pages := LINK.findall(text):
                lines = "\n".join(pages)
                source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{lines}\n```\n"


def add_links_to_reports(app: Sphinx, page: str, source: list[str]) -> None:
    """Links that only the site has; they are no Markdown, for Sphinx knows nothing of the files."""
    if page == "report" and find_spec("plotly"):
        titles = {name: name for name in app.config.reports} | {LABBOOK: "every claim with its verdict"}
        items = [f'<li><a href="reports/{name}.html">{titles[name]}</a></li>' for name in app.config.reports]
        text = "They are made with this site, of sweeps on MNIST in the lab book."
        source[0] += f"\n## Reports to look at\n\n{text}\n\n<ul>\n{chr(10).join(items)}\n</ul>\n"


def write_reports(app: Sphinx, exception: Exception | None) -> None:
    """What `nnexp report` makes of the published sweeps, beside the pages."""
    if exception or not find_spec("plotly"):
        return
    from nnexp.commands.report import main

    for name in app.config.reports:
        file = app.outdir / "reports" / f"{name}.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        what = "--labbook" if name == LABBOOK else f"published/{name}"
        main([what, "--to", str(file), f"sweeps_dir={PUBLISHED.parent}"])


def setup(app: Sphinx) -> None:
    app.add_config_value("reports", [], "html", [list])
    app.connect("source-read", add_navigation)
    app.connect("source-read", add_links_to_reports)
    app.connect("build-finished", write_reports)
