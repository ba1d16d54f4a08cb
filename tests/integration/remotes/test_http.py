"""A web server that gives and takes nothing: versions are pulled from it, with a password where it wants one."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.integration.experiments import git
from tests.integration.remotes.conftest import Data, add_photos, answer, clone, contents
from tilecli.layout import Project

ASKED = "Basic " + base64.b64encode(b"ann:open sesame").decode()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """Serves the folder `store` to ann; returns host and port."""

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "store"))

        def send_head(self):
            if self.headers.get("Authorization") != ASKED:
                self.send_error(401)
                return None
            return super().send_head()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()


def test_a_version_is_pulled_from_a_web_server(stocked: Project, web: str, data: Data, tmp_path: Path):
    data(stocked, "remote", "add", "disk", tmp_path / "store")
    git(stocked.root, "commit", "--quiet", "-m", "Add the remote", "--", ".dvc/config")
    data(stocked, "push")
    other = clone(stocked, tmp_path / "other")
    data(other, "remote", "add", "web", f"http://ann:wrong@{web}", "--default")
    said = data(other, "pull", code=1).output
    assert "the server wants another user or password" in said
    assert "wrong" not in said
    data(other, "remote", "set", "web", "--secret", "password", typed="open sesame\n")
    checked = answer(data(other, "remote", "check", "--json"))
    assert checked["ok"]
    assert "holds the data of the present version" in str(checked["steps"])
    data(other, "pull")
    assert contents(other) == contents(stocked)

    add_photos(other, range(20, 21))
    said = data(other, "push", code=1).output
    assert "the server takes no files (it answers 501)" in said
    assert len([path for path in (tmp_path / "store").rglob("*") if path.is_file()]) == 41
