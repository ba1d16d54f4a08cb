import pytest
from fastapi.testclient import TestClient

from tilecli.layout import Project
from tilecli.studio.app import make_app
from tilecli.studio.studio import Studio

KEY = "a key+with/signs"


@pytest.fixture
def client(project: Project) -> TestClient:
    return TestClient(make_app(Studio(project, read_only=True, key=KEY), ["127.0.0.1:1"]), base_url="http://shop:8020")


def test_nothing_is_seen_without_the_key(client: TestClient) -> None:
    for place in ("/", "/experiments/", "/api/pages/experiments", "/api/events"):
        assert client.get(place).status_code == 401, place
    assert client.get("/experiments/", cookies={"tiles-studio": "another"}).status_code == 401
    said = client.get("/experiments/", params={"key": "another"}).json()
    assert (said["status"], said["hint"]) == (401, "open the address that tiles studio --share printed")
    assert client.get("/static/studio.css").status_code == 200


def test_the_key_is_taken_out_of_the_address_and_kept(client: TestClient) -> None:
    answer = client.get("/experiments/", params={"sort": "dice_mean", "key": KEY}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/experiments/?sort=dice_mean")
    assert "HttpOnly" in answer.headers["set-cookie"]
    page = client.get("/experiments/")  # with the cookie
    assert page.status_code == 200
    assert "data-read-only" in page.text


def test_a_shared_studio_is_reached_by_any_name_of_the_machine(client: TestClient) -> None:
    assert client.get("/experiments/", params={"key": KEY}, headers={"Host": "10.0.0.7:8020"}).status_code == 200
