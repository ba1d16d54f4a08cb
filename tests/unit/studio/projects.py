"""Small projects for the studio's tests, and a client of its server."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from starlette.testclient import TestClient

from tests.photosets import HEIGHT, WIDTH, noise, put, spot
from tests.unit.experiments.history import Repository
from tilecli.data.catalog import Photo, write_index
from tilecli.data.manifest import Assigned, write_manifest
from tilecli.experiments.queue.tasks import Queue, Task
from tilecli.layout import Project
from tilecli.serving.door.local import TOKEN_HEADER
from tilecli.studio.app import make_app
from tilecli.studio.studio import Studio

HOST = "127.0.0.1:8020"
INDEX = "photo,image,mask,defect,source,exposure,width,height\na,images/a.png,,good,line,1,40,30\n"


def queueable(folder: Path) -> Repository:
    """A project that experiments can be queued in, committed."""
    repository = Repository.at(folder)
    repository.write({".dvc/config": "", ".gitignore": "/.dvc/tmp\n/data\n", "data/dataset/index.csv": INDEX})
    repository.commit()
    return repository


def put_task(project: Project, base: str, name: str, state: str = "queued", *overrides: str) -> Task:
    """A task that has come to that state."""
    queue = Queue(project)
    added = queue.add([Task(0, name, base, base, overrides)])[0]
    if state != "queued":
        error = {"message": "the photos ran out", "where": "", "hint": ""} if state == "failed" else {}
        queue.finish(added, state, error=error)  # type: ignore[arg-type]  # a state
    return queue.find(name)


@contextlib.contextmanager
def client(project: Project, *, read_only: bool = False) -> Iterator[TestClient]:
    """Of a studio, with its token."""
    studio = Studio(project, read_only=read_only)
    with TestClient(make_app(studio, [HOST]), base_url=f"http://{HOST}") as opened:
        opened.headers[TOKEN_HEADER] = studio.token
        yield opened


PHOTOS = {"a": "crack", "b": "crack", "c": "blowhole", "d": "good", "e": "good"}
SUBSETS = {"tile-a": "train", "tile-c": "valid", "tile-d": "test"}


def photographed(folder: Path) -> Repository:
    """Five photos; a and b are of one tile, e is not split yet."""
    repository = Repository.at(folder)
    project = repository.project
    photos = []
    for number, (name, defect) in enumerate(PHOTOS.items()):
        put(project.dataset / "images" / f"{name}.png", noise(number))
        mask = "" if defect == "good" else f"masks/{name}.png"
        if mask:
            put(project.dataset / mask, spot(left=number))
        photos.append(Photo(name, f"images/{name}.png", mask, defect, "line", str(number), WIDTH, HEIGHT))
    write_index(project.index, photos)
    tiles = {name: "tile-a" if name == "b" else f"tile-{name}" for name in PHOTOS if name != "e"}
    rows = [Assigned(name, tile, PHOTOS[name], SUBSETS[tile]) for name, tile in tiles.items()]
    write_manifest(project.split, rows)
    repository.write({".gitignore": "/.dvc/tmp\n/data\n/audit\n"})
    repository.commit()
    return repository
