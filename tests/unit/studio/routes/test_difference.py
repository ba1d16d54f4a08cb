from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.unit.studio.compared import repository
from tilecli.studio.app import make_app
from tilecli.studio.studio import Studio

HOST = "127.0.0.1:8020"


def test_what_differs_in_a_file_is_shown_both_ways_and_for_the_workspace(tmp_path: Path) -> None:
    made = repository(tmp_path)
    with TestClient(make_app(Studio(made.project), [HOST]), base_url=f"http://{HOST}") as client:

        def text(first: str, other: str, path: str = "train.py") -> str:
            answer = client.get("/api/difference", params={"first": first, "other": other, "path": path})
            assert answer.status_code == 200, answer.text
            return str(answer.json()["text"])

        assert "-print('one')\n+print('two')" in text("weak", "strong")
        assert "-print('two')\n+print('one')" in text("strong", "weak")
        assert "-print('two')\n+print('one')" in text("strong", "workspace")
        assert "-print('one')\n+print('two')" in text("workspace", "strong")
        assert "does not track" in text("weak", "strong", "nowhere.py")
        refused = client.get("/api/difference", params={"first": "nix", "other": "weak", "path": "train.py"})
        assert refused.status_code == 422
        assert "there is no experiment" in refused.json()["detail"]


@pytest.mark.parametrize("path", ["../../etc/passwd", "--no-index"])
def test_nothing_outside_of_the_commits_is_read(tmp_path: Path, path: str) -> None:
    made = repository(tmp_path)
    with TestClient(make_app(Studio(made.project), [HOST]), base_url=f"http://{HOST}") as client:
        answer = client.get("/api/difference", params={"first": "weak", "other": "strong", "path": path})
    assert "root:" not in answer.text
