"""A bundle to deploy, and `tiles deploy` in this process."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.dark_bundle import write_dark_bundle
from tilecli.cli.main import app

Deploy = Callable[..., Result]


@pytest.fixture(scope="session")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bundle that calls dark pixels defect; not to be changed."""
    folder = tmp_path_factory.mktemp("delivery") / "bundle"
    write_dark_bundle(folder)
    return folder


@pytest.fixture
def deploy(tmp_path: Path, dark: Path, monkeypatch: pytest.MonkeyPatch) -> Deploy:
    """`tiles deploy …` in a folder called `line 7`; checks the exit code."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("TILES_API_KEYS", "HEROKU_API_KEY", "TILES_HEROKU_API", "PORT"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "line 7").mkdir()
    monkeypatch.chdir(tmp_path / "line 7")

    def run(*arguments: str | Path, code: int = 0) -> Result:
        done = CliRunner().invoke(app, ["deploy", *map(str, arguments)])
        assert done.exit_code == code, f"{arguments} → {done.exit_code}\n{done.output}\n{done.exception!r}"
        return done

    return run
