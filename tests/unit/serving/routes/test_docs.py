"""The explained API: complete, with working links and command lines, and harmless whatever the document says."""

import copy
import re
import shlex
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from tilecli.serving.routes import docs as docs_page
from tilecli.serving.routes import photos as photo_routes
from tilecli.serving.routes import schemas
from tilecli.serving.routes import state as state_routes

BASE = "http://127.0.0.1:8000/"
REFERENCE = "#/components/schemas/{model}"


class Reader(HTMLParser):
    """Ids, links, and command lines of a page; fails on an element that is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [str(values["id"])] if "id" in values else []
        self.links += [str(values[name]) for name in ("href", "src") if name in values]
        assert "style" not in values
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    app = FastAPI(title="tiles", version="1.2.3", description="Photos in.")
    app.include_router(photo_routes.router)
    app.include_router(state_routes.router)
    found = app.openapi()
    # Answers that are written as bytes, which FastAPI never sees; the app adds them in the same way.
    _, models = models_json_schema([(model, "serialization") for model in schemas.ANSWERS], ref_template=REFERENCE)
    found["components"]["schemas"].update(models["$defs"])
    return found


def commands(page: str) -> list[str]:
    blocks = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, flags=re.DOTALL)
    return [line for block in blocks for line in unescape(block).splitlines()]


def test_every_operation_is_there(document: dict[str, Any]) -> None:
    page = docs_page.page(document, BASE)
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
        assert any(shlex.split(line)[-1].startswith(f"http://127.0.0.1:8000{path}") for line in commands(page)), path


def test_nothing_comes_from_elsewhere_and_links_lead_somewhere(document: dict[str, Any]) -> None:
    reader = Reader(docs_page.page(document, BASE))
    own = {"./", "openapi.json", "static/icon.svg", "static/tokens.css", "static/docs.css", "static/theme.js"}
    assert {link for link in reader.links if not link.startswith("#")} == own | {"static/docs.js"}
    assert {link[1:] for link in reader.links if link.startswith("#")} <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))


def test_photos_are_sent_as_the_form_wants_them(document: dict[str, Any]) -> None:
    lines = commands(docs_page.page(document, BASE))
    assert "curl -F image=@photo.jpg http://127.0.0.1:8000/analyze" in lines
    assert "curl -F image=@photo.jpg 'http://127.0.0.1:8000/analyze?format=png' -o answer.png" in lines
    assert "curl -F image=@a.jpg -F image=@b.jpg http://127.0.0.1:8000/v1/predict/batch" in lines
    assert "curl http://127.0.0.1:8000/livez" in lines


def test_keys_are_asked_for_where_they_are_needed(document: dict[str, Any]) -> None:
    guarded = copy.deepcopy(document)
    guarded["security"] = [{"bearer": []}]
    guarded["paths"]["/livez"]["get"]["security"] = []
    page = docs_page.page(guarded, BASE)
    assert "X-API-Key" in page
    assert "X-API-Key" not in docs_page.page(document, BASE)
    lines = commands(page)
    assert "curl http://127.0.0.1:8000/livez" in lines
    assert "curl -H 'Authorization: Bearer KEY' http://127.0.0.1:8000/v1/model" in lines


def test_members_and_their_types() -> None:
    class Inner(BaseModel):
        """One of many."""

        px: int

    class Outer(BaseModel):
        """What comes back: see `inner`."""

        inner: list[Inner]
        note: str | None = None

    app = FastAPI(title="t", version="1")
    app.add_api_route("/outer", lambda: None, response_model=Outer)
    page = docs_page.page(app.openapi(), BASE)
    assert 'list of <a href="#Inner">Inner</a>' in page
    assert "see <code>inner</code>." in page
    assert "<code>note</code> <small>not always</small></th><td>string</td>" in page
    Reader(page)


def test_words_of_the_document_stay_words() -> None:
    app = FastAPI(title="<script>alert(1)</script>", version="1")
    app.add_api_route("/<b>", lambda: None, summary="<img src=x>", description='"><script>')
    page = docs_page.page(app.openapi(), "http://a/'$(id)'/")
    assert "<img" not in page
    assert re.findall(r"<script[^>]*>", page) == [
        '<script src="static/theme.js">',
        '<script type="module" src="static/docs.js">',
    ]
    (line,) = commands(page)
    assert shlex.split(line) == ["curl", "http://a/'$(id)'/<b>"]
