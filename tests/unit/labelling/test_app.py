import base64
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.photosets import HEIGHT, WIDTH
from tilecli.data.catalog import encode_mask
from tilecli.labelling.app import make_app
from tilecli.labelling.choose import choose
from tilecli.labelling.desk import Desk
from tilecli.layout import Project
from tilecli.serving.door.local import MOST_BYTES, TOKEN_HEADER

HOST = "127.0.0.1:8010"


@pytest.fixture
def desk(project: Project) -> Desk:
    return Desk(project, choose(project, None, ["a", "d"], 100), "Nora")


@pytest.fixture
def client(desk: Desk) -> Iterator[TestClient]:
    with TestClient(make_app(desk, [HOST]), base_url=f"http://{HOST}") as opened:
        opened.headers[TOKEN_HEADER] = opened.get("/api/queue").json()["token"]
        yield opened


def made(mask: np.ndarray | None = None, **more: str) -> dict[str, str]:
    values = np.ones((HEIGHT, WIDTH), np.uint8) if mask is None else mask
    return {"defect": "crack", "mask": base64.b64encode(encode_mask(values)).decode(), **more}


def test_the_queue_says_what_there_is_to_do(client: TestClient) -> None:
    queue = client.get("/api/queue").json()
    assert [photo["name"] for photo in queue["photos"]] == ["a", "d"]
    assert queue["types"] == ["blowhole", "crack"]


def test_photos_and_masks_arrive_pixel_by_pixel(client: TestClient, desk: Desk) -> None:
    for part, wanted in (("picture", desk.task("a").pixels(1)[:, :, 0]), ("mask", desk.mask("a") * 255)):
        answer = client.get(f"/api/photos/a/{part}")
        assert answer.headers["content-type"] == "image/png"
        assert np.array_equal(cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_UNCHANGED), wanted)


def test_what_was_made_is_kept(client: TestClient, desk: Desk) -> None:
    answer = client.put("/api/photos/d", json=made())
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "changed"
    assert desk.mask("d").all()
    assert client.get("/api/batch").json()["counts"]["corrected"] == 1
    assert client.request("DELETE", "/api/photos/d", json={}).json()["state"] == "todo"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/photos/d", made()),
        ("DELETE", "/api/photos/d", {}),
        ("POST", "/api/batch", {"name": "x", "by": "y"}),
    ],
)
@pytest.mark.parametrize("token", ["", "guessed", "ÿ"])
def test_nobody_changes_anything_without_the_page(
    client: TestClient, desk: Desk, method: str, path: str, body: dict[str, str], token: str
) -> None:
    answer = client.request(method, path, json=body, headers={TOKEN_HEADER: token.encode("latin-1")})
    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:tiles:problem:forbidden"
    assert desk.drafts.get("d") is None


@pytest.mark.parametrize("host", ["evil.example:8010", "127.0.0.1", "127.0.0.1:8011", ""])
def test_a_name_that_points_here_is_not_enough(client: TestClient, host: str) -> None:
    assert client.get("/api/queue", headers={"host": host}).status_code == 403


def test_no_other_site_may_read_or_embed_it(client: TestClient) -> None:
    answer = client.get("/", headers={"Origin": "http://evil.example"})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_bodies_have_a_bound(client: TestClient) -> None:
    answer = client.put("/api/photos/d", content=b"{}", headers={"content-length": str(MOST_BYTES + 1)})
    assert answer.status_code == 403
    answer = client.put("/api/photos/d", content=iter([b"{}"]))  # of no length said before
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("/api/photos/z", made(), 404, "no photo 'z'"),
        ("/api/photos/d", made(np.ones((3, 3), np.uint8)), 422, "3×3 px"),
        ("/api/photos/d", made() | {"mask": "???"}, 422, "no base64"),
        ("/api/photos/d", made() | {"mask": "AAAA"}, 422, "no image"),
        ("/api/photos/d", made(action="burn"), 422, "action"),
        ("/api/photos/d", {"defect": "crack"}, 422, "mask"),
    ],
)
def test_bad_changes_get_one_clear_problem(
    client: TestClient, desk: Desk, path: str, body: dict[str, str], status: int, says: str
) -> None:
    answer = client.put(path, json=body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]
    assert desk.drafts.get("d") is None


def test_every_file_that_the_page_asks_for_is_there(client: TestClient) -> None:
    import re

    seen, wanted = set(), {"label.js", *re.findall(r'static/([\w.-]+)"', client.get("/").text)}
    while wanted - seen:
        name = min(wanted - seen)
        seen.add(name)
        answer = client.get(f"/static/{name}")
        assert answer.status_code == 200, name
        if name.endswith(".js"):
            wanted |= set(re.findall(r'from "\./([\w.-]+)"', answer.text))
    assert {"easel.js", "painter.js", "tokens.css", "page.css"} <= seen
    assert client.get("/static/label.html").status_code == 404
    assert client.get("/static/..%2fapp.py").status_code == 404
