from __future__ import annotations

import os

import pytest
from starlette.testclient import TestClient

from tests.studied import epochs


def test_pictures_of_validations_come_by_the_index_alone(client: TestClient) -> None:
    address = "/api/runs/looked-at/epochs"
    answer = client.get(f"{address}/00002.jpg")
    assert answer.content == epochs(3)["00002.jpg"]
    assert answer.headers["content-type"] == "image/jpeg"
    again = client.get(f"{address}/00002.jpg", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    for name in ("00009.jpg", "..", "..%2Findex.csv"):
        assert client.get(f"{address}/{name}").status_code == 404


def test_what_changes_is_asked_for_by_itself(client: TestClient) -> None:
    live = client.get("/api/runs/looked-at/live").json()
    assert (live["state"], live["running"]) == ("success", False)
    assert live["series"]["valid.dice"] == [[1, 0.2], [2, 0.5], [3, 0.7]]
    assert [entry["epoch"] for entry in live["pictures"]["epochs"]] == [1, 2, 3]
    assert client.get("/api/runs/looked-at/live").json()["version"] == live["version"]


@pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="this system has no /proc")  # noqa: PTH110
def test_the_machine_says_what_it_is_busy_with(client: TestClient) -> None:
    usage = client.get("/api/runs/workspace/usage").json()
    assert usage["machine"]["memory_total"] > usage["machine"]["memory"] > 0
    assert usage["run"] is None
