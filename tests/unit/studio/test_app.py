"""The studio's server without a browser: who may ask, what the pages hold, and that they ask nobody else."""

import json
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from tilecli.layout import Project
from tilecli.studio import shell
from tilecli.studio.app import make_app
from tilecli.studio.pages import PAGES
from tilecli.studio.studio import Studio

HOST = "127.0.0.1:8020"


@pytest.fixture
def client(project: Project) -> Iterator[TestClient]:
    with TestClient(make_app(Studio(project), [HOST]), base_url=f"http://{HOST}") as made:
        yield made


def test_every_page_opens_in_a_project_with_nothing_in_it(client: TestClient) -> None:
    for name, page in PAGES.items():
        answer = client.get(f"/{name}/")
        assert answer.status_code == 200, name
        assert f"<title>{page.title} – " in answer.text
        given = json.loads(re.search(r'id="given">(.*?)</script>', answer.text, re.S)[1])
        assert client.get(f"/api/pages/{name}").json().keys() == given.keys()
        for file in re.findall(r'(?:src|href)="\.\./static/([^"]+)"', answer.text):
            assert client.get(f"/static/{file}").status_code == 200, file
        assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


def test_a_page_names_every_script_that_its_scripts_import(client: TestClient) -> None:
    for page in PAGES:
        named = re.findall(r'modulepreload" href="\.\./static/([^"]+)"', client.get(f"/{page}/").text)
        imported = [re.findall(r'"studio/([^"]+)"', client.get(f"/static/{file}").text) for file in named]
        assert {f"{page}.js"}.union(*imported) == set(named)


def test_scripts_run_only_with_the_nonce_of_their_answer(client: TestClient) -> None:
    first, second = (client.get("/experiments/") for _ in range(2))
    nonce = re.search(r"'nonce-([^']+)'", first.headers["content-security-policy"])[1]
    assert first.text.count(f'nonce="{nonce}"') == 2
    assert nonce not in second.text
    assert "unsafe" not in first.headers["content-security-policy"]


def test_what_is_not_there_is_said(client: TestClient) -> None:
    assert client.get("/nothing/").json()["hint"].startswith("there are experiments")
    assert client.get("/static/..%2fapp.py").status_code == 404
    assert client.get("/api/pages/nothing").status_code == 404


def test_another_name_for_this_machine_is_refused(client: TestClient) -> None:
    assert client.get("/experiments/", headers={"Host": "evil.example"}).status_code == 403


def test_a_name_cannot_end_the_script_that_holds_it(project: Project) -> None:
    text = shell.html(PAGES["experiments"], {"x": "</script><b>"}, token="", read_only=True, nonce="", up="../")
    assert "</script><b>" not in text
    assert "data-read-only" in text
