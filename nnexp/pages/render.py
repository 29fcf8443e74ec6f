"""A page as one HTML file that asks for nothing else.

Safe by three locks: Jinja escapes every text; numbers and names for the scripts are JSON in which `<` cannot
stand; and a policy in the page lets no script run but those with the digests written there, and nothing load.
"""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nnexp.errors import UserError
from nnexp.pages.content import LabbookPage, Page
from nnexp.pages.strips import strips
from nnexp.report.answer import cell_text
from nnexp.report.effects import effect_lines

FILES = Path(__file__).parent / "files"
SCRIPTS = ("page.js", "tables.js", "charts.js")
ASKS = "connect-src 'self'; "
NEEDED = "a report needs plotly and jinja2: pip install 'nnexp[report]'"


def has_libraries() -> bool:
    """Whether the libraries are here that a page takes."""
    return all(find_spec(name) is not None for name in ("plotly", "jinja2"))


def check_libraries() -> None:
    """Raise `UserError` where a library is missing."""
    if not has_libraries():
        raise UserError(NEEDED)


def html(page: Page) -> bytes:
    """The file.

    Raises:
        UserError: a library is missing.
    """
    charts = any(section.charts for section in page.sections)
    return _rendered(
        "page.html.jinja",
        [
            *([plotly_script()] if charts else []),
            *map(_file, [*SCRIPTS, *(["live.js"] if page.live else [])]),
        ],
        page=page,
        data=[_data(section) for section in page.sections],
        images=[[_base64(image.png) for image in section.images] for section in page.sections],
        picture=_base64(page.picture.png) if page.picture else "",
    )


def labbook_html(page: LabbookPage) -> bytes:
    """The file of a lab book. Raises as `html`."""
    return _rendered("labbook.html.jinja", [_file("page.js"), _file("filter.js")], page=page, data=[])


def _rendered(template: str, scripts: Sequence[str], *, data: Sequence[Any], **values: Any) -> bytes:
    """A template with its scripts, and the `data` that these take."""
    check_libraries()
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(FILES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {"cell": cell_text, "effect": effect_lines, "strips": strips}
    text = environment.get_template(template).render(
        policy=policy(scripts, asks=bool(getattr(values["page"], "live", None))),
        style=Markup(_file("page.css")),
        scripts=[Markup(script) for script in scripts],
        data=[Markup(as_json(each)) for each in data],
        **values,
    )
    return text.encode(errors="backslashreplace")


def _base64(png: bytes) -> str:
    return b64encode(png).decode()


def policy(scripts: Sequence[str], *, asks: bool = False) -> str:
    """What the browser may do for the page: run these scripts, take its own styles and pictures.

    `asks`: whether it may ask the server that it comes from, too.
    """
    digests = " ".join(
        f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    return (
        f"default-src 'none'; script-src {digests}; style-src 'unsafe-inline'; img-src data: blob:; "
        f"{ASKS * asks}base-uri 'none'; form-action 'none'"
    )


def as_json(value: Any) -> str:
    """JSON that may stand in a script element: nothing in it can end that, or begin a comment."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")


def plotly_script() -> str:
    """Plotly's script for browsers, read without importing its package."""
    spec = find_spec("plotly")
    places = (spec.submodule_search_locations if spec else None) or []
    for place in places:
        path = Path(place, "package_data", "plotly.min.js")
        if path.is_file():
            return path.read_text(encoding="utf-8").replace("</script", r"<\/script")
    raise UserError(NEEDED)


def _file(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def _data(section: Any) -> Mapping[str, Any]:
    """What the scripts of a section take."""
    charts = [{"kind": chart.kind, "title": chart.title, **chart.data} for chart in section.charts]
    return {"charts": charts, "runs": section.runs}
