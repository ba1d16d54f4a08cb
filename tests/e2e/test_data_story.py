"""A machine-learning project as its data grow: base dataset, experiment, better dataset, experiment, and back.

The way of working that articles on DVC describe, typed as a user types it, with `tiles` in place of a dozen commands.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.session import Session
from tilecli.files import sha256

DEFECT_PHOTOS = ("data", "dataset", "index.csv")


@pytest.fixture(scope="module")
def session(trained: Callable[[Path], Session], tmp_path_factory: pytest.TempPathFactory) -> Session:
    """The story has begun: the base dataset is tagged, and a first experiment has run on it."""
    return trained(tmp_path_factory.mktemp("story") / "a user")


def told(session: Session, *arguments: str):
    return json.loads(session.tiles(*arguments, "--json").stdout)


def model(session: Session) -> str:
    return sha256(session.project / "models" / "bundle" / "model.onnx")


def photos(session: Session) -> int:
    return len(session.project.joinpath(*DEFECT_PHOTOS).read_text().splitlines()) - 1


def better_photos(folder: Path) -> Path:
    """New tiles of another day, and photos that are known already."""
    from tilecli.data.sample import write_sample

    folder.mkdir()
    write_sample(folder, 12, 7)
    return folder


def test_the_story(session: Session) -> None:
    base = photos(session)

    # The first experiment, and its model with it.
    session.tiles("data", "commit", "-m", "Experiment 1")
    session.tiles("data", "tag", "experiment-1")
    first, first_figures = model(session), session.metrics()
    tested = {row.split(",")[0] for row in per_image(session)}

    # A better dataset: a batch of photos, looked at, split, kept.
    known = sorted((session.project / "data" / "dataset" / "images").iterdir())[0]
    inbox = better_photos(session.folder / "inbox")
    shutil.copy(known, inbox / "MT_Free" / "Imgs" / "seen-before.jpg")
    added = told(session, "data", "add", str(inbox), "--name", "batch-2026-11", "--note", "another day")
    assert [pair["known"] for pair in added["skipped"]] == [known.stem]
    assert photos(session) == base + added["photos"]
    page = session.folder / "changes.html"
    session.tiles("data", "diff", "--gallery", str(page))
    assert "batch-2026-11" in page.read_text()
    session.tiles("split")
    session.tiles("data", "commit", "-m", "Dataset of two days")
    session.tiles("data", "tag", "two-days")

    # The second experiment.
    session.tiles("train", "--name", "second")
    session.tiles("data", "commit", "-m", "Experiment 2")
    session.tiles("data", "tag", "experiment-2")
    second = model(session)
    assert second != first
    assert tested <= {row.split(",")[0] for row in per_image(session)}  # what was tested on is tested on
    names = {record["name"] for record in told(session, "exp", "compare")}
    assert {"first", "second"} <= names
    log = told(session, "data", "log")
    assert [(entry["message"], entry["tags"]) for entry in log] == [
        ("Dataset of two days", ["experiment-2", "two-days"]),
        ("Base dataset", ["experiment-1", "base-dataset"]),
    ]
    assert log[0]["changes"]["added"] == added["photos"]

    # Back to the first, with its model and its figures.
    session.tiles("data", "rollback", "experiment-1", "--with-code")
    assert model(session) == first
    assert session.metrics() == first_figures
    assert photos(session) == base
    assert not (session.project / "data" / "batches").exists()
    photo = sorted((session.project / "data" / "dataset" / "images").iterdir())[0]
    assert json.loads(session.tiles("predict", str(photo), "--json").stdout)["verdict"] in ("defect", "good")
    assert "Data and pipelines are up to date" in session.dvc("status", "fetch", "split", "train", "export", "evaluate")

    # And to where everything was, as nothing is lost.
    session.tiles("data", "rollback", "--undo")
    assert model(session) == second
    assert photos(session) == base + added["photos"]
    assert session.git("status", "--porcelain") == ""

    # The data alone, with the settings and the model of today.
    session.tiles("data", "rollback", "base-dataset")
    assert photos(session) == base
    assert model(session) == second
    assert "train" in session.dvc("status", "train")  # other photos: to be trained again

    # Nothing is left over that some version does not need.
    assert told(session, "data", "gc", "--dry-run")["files"] == 0


def per_image(session: Session) -> list[str]:
    return (session.project / "evaluation" / "per_image.csv").read_text().splitlines()[1:]


def test_nobody_was_called(session: Session) -> None:
    assert not session.calls.exists() or session.calls.read_text() == ""
