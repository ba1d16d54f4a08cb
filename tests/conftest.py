"""What tests share: running `tiles` as a user would, and the place of the real photos."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

# Before torch is imported. Tests run side by side, one per core: two processes of two OpenMP threads each on two cores
# wait for each other's threads at every layer, and take a hundred times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# What `tiles` spawns has this already. A `dvc` that a test types by hand would start a process of its own after every
# command, to report to a server that tests must not need: together they took a third of the suite's time.
os.environ["DVC_NO_ANALYTICS"] = "1"

# Where it is set, as in many a container, every process would compile what it imports anew, torch in some 10 s: the
# installer has left that to the first who comes by.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What runs the tests may itself be a job, whose log would hold notes that a user's pipe does not.
os.environ.pop("CI", None)

# In the background of a script a process ignores Ctrl-C, and so does all that it starts; tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The user's cache is one of this run's own, for all workers: what one test has compiled, the next one finds.
OWN_CACHE = "PYTEST_XDIST_WORKER" not in os.environ
if OWN_CACHE:
    os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="tiles-tests-")

ROOT = Path(__file__).parents[1]
REAL_PHOTOS = ROOT.parent / "shared" / "data" / "magnetic-tiles.zip"


def pytest_unconfigure() -> None:
    if OWN_CACHE:
        shutil.rmtree(os.environ["XDG_CACHE_HOME"], ignore_errors=True)


@pytest.fixture
def real_photos() -> Path:
    """The real photos' archive; the test is skipped where it is not there."""
    if not REAL_PHOTOS.is_file():
        pytest.skip("the real photos (../shared/data/magnetic-tiles.zip) are not on this machine")
    return REAL_PHOTOS


def bare_environment(home: Path) -> dict[str, str]:
    """The environment of a user who has set up nothing: no git identity, no colours."""
    kept = ("PATH", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "XDG_CACHE_HOME")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    return {**found, "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "NO_COLOR": "1", "COLUMNS": "120"}


Tiles = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def tiles(tmp_path: Path) -> Tiles:
    """Run `tiles` in a folder, as a process of its own; returns what it printed."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*arguments: str | Path, cwd: Path, code: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tilecli", *map(str, arguments)],
            cwd=cwd,
            env={**bare_environment(home), **variables},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        said = f"tiles {' '.join(map(str, arguments))} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == code, said
        assert "Traceback" not in done.stderr, said
        return done

    return run


@pytest.fixture(scope="session")
def browser() -> str:
    """The path of a Chromium; the test is skipped where there is none."""
    found = next(
        (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
    )
    if not found:
        pytest.skip("no Chromium on this machine")
    return found
