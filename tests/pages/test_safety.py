"""No text of a sweep file becomes part of a page's markup or scripts, and no page asks for anything."""

import json
import re
from base64 import b64encode
from hashlib import sha256

import pytest

from nnexp.errors import UserError
from nnexp.pages import render
from tests.pages.known import EVIL, evil_page
from tests.pages.reading import Reader, words


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return Reader(evil_page(tmp_path_factory.getbasetemp() / "evil"))


def test_hostile_texts_stand_on_the_page_as_they_are(page: Reader) -> None:
    assert page.text().count(words(EVIL)) >= 8  # question, claim and its figures, failure, path, versions
    (title,) = page.all("title")
    assert words(EVIL) in words("".join(title.text))


def test_there_are_no_scripts_but_ours_and_no_handlers(page: Reader) -> None:
    scripts = page.all("script")
    assert [s.attributes for s in scripts] == [{"type": "application/json", "id": "data-0"}, *[{}] * 4]
    assert not [name for e in page.elements for name in e.attributes if name.startswith("on")]
    assert not page.all("b")
    assert not page.all("iframe")


def test_the_policy_names_each_script_by_its_digest_and_lets_nothing_load(page: Reader) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in page.policy().split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data: blob:"
    scripts = ["".join(s.text) for s in page.all("script") if not s.attributes]
    digests = [f"'sha256-{b64encode(sha256(s.encode()).digest()).decode()}'" for s in scripts]
    assert rules["script-src"].split() == digests


def test_nothing_on_the_page_has_an_address_outside_it(page: Reader) -> None:
    for element in page.elements:
        for name in {"src", "href", "action", "data", "poster", "srcset"} & element.attributes.keys():
            assert element.attributes[name].startswith(("#", "data:image/png;base64,"))
        assert "url(" not in element.attributes.get("style", "")
    assert "url(" not in "".join(page.all("style")[0].text)


@pytest.mark.parametrize("text", [EVIL, "</ScRiPt >", "<!--", "\u2028\ud800 &amp;"])
def test_json_in_a_script_element_cannot_end_it(text: str) -> None:
    written = render.as_json({"a": text})
    assert not re.search("[<>&]", written)
    assert json.loads(written) == {"a": text}


@pytest.mark.parametrize("missing", ["plotly", "jinja2"])
def test_a_missing_library_is_said_in_one_line(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(UserError, match=re.escape("pip install 'nnexp[report]'")):
        render.check_libraries()
