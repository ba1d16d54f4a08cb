"""A star or a note set by a page, and by nobody else."""

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.experiment_repo import Repository
from tilecli.experiments import remarks
from tilecli.serving.door.local import TOKEN_HEADER
from tilecli.studio.app import make_app
from tilecli.studio.studio import Studio

HOST = "127.0.0.1:8020"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


def client(repository: Repository, *, read_only: bool = False) -> TestClient:
    studio = Studio(repository.project, read_only=read_only)
    headers = {TOKEN_HEADER: studio.token}
    return TestClient(make_app(studio, [HOST]), base_url=f"http://{HOST}", headers=headers)


def test_keeps_what_is_said_and_answers_with_all_of_it(repository: Repository):
    opened = client(repository)
    assert opened.put(f"/api/remarks/{repository.base}", json={"star": True}).json() == {"star": True, "note": ""}
    answer = opened.put(f"/api/remarks/{repository.base}", json={"note": "start"})
    assert answer.json() == {"star": True, "note": "start"}
    assert remarks.of_all(repository.project) == {repository.base: remarks.Remark(True, "start")}


@pytest.mark.parametrize(
    ("rev", "body", "words"),
    [
        ("f" * 40, {"star": True}, "there is no commit"),
        ("--all-of-it", {"star": True}, "rev"),
        ("HEAD", {"star": True}, "rev"),
        (None, {"star": "yes"}, "star"),
        (None, {"note": "a" * 2001}, "up to 2,000"),
        (None, {"stars": True}, "stars"),
    ],
)
def test_refuses_what_cannot_be(repository: Repository, rev: str | None, body: dict[str, object], words: str):
    answer = client(repository).put(f"/api/remarks/{rev or repository.base}", json=body)
    assert answer.status_code == 422 and words in answer.text
    assert remarks.of_all(repository.project) == {}


def test_a_read_only_studio_changes_nothing(repository: Repository):
    answer = client(repository, read_only=True).put(f"/api/remarks/{repository.base}", json={"star": True})
    assert answer.status_code == 403 and "--read-only" in answer.text
    assert remarks.of_all(repository.project) == {}


def test_without_the_pages_token_nothing_is_changed(repository: Repository):
    opened = client(repository)
    answer = opened.put(f"/api/remarks/{repository.base}", json={"star": True}, headers={TOKEN_HEADER: "guessed"})
    assert answer.status_code == 403
    assert remarks.of_all(repository.project) == {}
