"""The site: `python -m sphinx -W docs docs/_build` makes it, `docs/_build/index.html` is its first page.

Why Sphinx: it has been kept well for many years. MkDocs 1 and its theme Material are at their end, and what
follows them, Zensical, is at 0.0. Sphinx also takes pictures and files from outside of docs/, as a code host
does. The pages are plain Markdown: a code host shows them as they are. Nothing is fetched from elsewhere.
"""

import re

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
SECTION = re.compile(r"^## (.+)\n((?:(?!## ).*\n)*)", re.MULTILINE)
LINK = re.compile(r"^- \[.+?\]\((\w+)\.md\)", re.MULTILINE)


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """The lists of the first page are the navigation, too: it is written once, and as Markdown."""
    if page == root_doc:
        for title, text in SECTION.findall(source[0]):
            if pages := LINK.findall(text):
                lines = "\n".join(pages)
                source[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{lines}\n```\n"


def setup(app: Sphinx) -> None:
    app.connect("source-read", add_navigation)
