"""The studio's pages as files: a folder that opens from disk, for who has no `tiles`."""

from __future__ import annotations

import base64
import html
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli import files, progress
from tilecli.errors import UsageError
from tilecli.layout import Project
from tilecli.studio import shell
from tilecli.studio.export import pictures as drawn
from tilecli.studio.export import places, plan
from tilecli.studio.export.filling import fill
from tilecli.studio.export.pictures import COMPARED, MB, OF_RUN, Pictures
from tilecli.studio.export.plan import Plan
from tilecli.studio.runs.finding import Run
from tilecli.studio.views import run as run_view

LIMIT_MB = 500
_MARK = ".tiles-studio"  # in a folder that an export wrote, and that the next one may replace


@dataclass(frozen=True)
class Written:
    """An export. `first`: the file to open."""

    first: Path
    pages: int
    runs: int
    pictures: int
    size: int  # bytes


def write(
    project: Project,
    folder: Path,
    views: Sequence[str] = (),
    *,
    runs: str = "",
    photos: bool = True,
    limit: int = LIMIT_MB * MB,
) -> Written:
    """Write all pages that list things, and the `views` at these addresses, into `folder`; the first of them opens.

    runs: whose pages come as well, see `plan.make`. limit: bytes of pictures.

    Raises UsageError where the folder holds something that no export wrote, where the pictures are more than `limit`,
    and for what is no view; ProjectError for a run that there is not.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise UsageError(f"{folder} holds something else", where="DIR", hint="name a new folder")
    wanted = plan.make(project, views, runs)
    tested = {name: (run, _tested(project, run)) for name, run in wanted.runs.items()} if photos else {}
    expected = drawn.estimate(project, tested)
    if expected > limit:
        raise drawn.too_large(f"about {expected / MB:.0f} MB", limit)
    for name, run in wanted.runs.items():
        if run.is_running:
            progress.warn(f"{name} is running: its page shows it as it is now")
    kinds = len(OF_RUN) + (len(COMPARED) if any(leaf.page.name == "compare" for leaf in wanted.leaves) else 0)
    steps = len(wanted.leaves) + kinds * sum(len(names) for _, names in tested.values())
    with files.whole_folder(folder) as made, progress.task("pages and pictures", steps) as task:
        (made / _MARK).touch()
        _write_static(made / "static", wanted)
        pictures = Pictures(project, made, limit, task) if photos else None
        listed = [(title, address) for title, address in wanted.views if "?" in address]
        lacks = "" if photos else ", no pictures"
        facts = {"time": time.strftime("%Y-%m-%d %H:%M"), "views": listed, "lacks": lacks}
        for leaf in wanted.leaves:
            place = made / leaf.folder
            place.mkdir(parents=True, exist_ok=True)
            shown = fill(wanted, leaf, pictures)
            up = "../" * (leaf.folder.count("/") + 1)
            text = shell.html(leaf.page, shown, up=up, exported=facts)
            (place / "index.html").write_text(text, encoding="utf-8")
            task.advance()
        (made / "index.html").write_text(_leading_to(wanted.first), encoding="utf-8")
        size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    count = pictures.count if pictures else 0
    return Written(folder / "index.html", len(wanted.leaves), len(wanted.runs), count, size)


def _tested(project: Project, run: Run) -> list[str]:
    """Its test photos."""
    return [row["photo"] for row in run_view.photos(project, run)["rows"]]


def _leading_to(address: str) -> str:
    """A page that opens another one."""
    there = html.escape(address)
    return (
        '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>tiles</title>'
        f'<meta http-equiv="refresh" content="0; url={there}"><a href="{there}">The first page</a></html>\n'
    )


def _write_static(folder: Path, wanted: Plan) -> None:
    folder.mkdir()
    for name, path in shell.FILES.items():
        if path.suffix != ".js" or name == "theme.js":
            shutil.copyfile(path, folder / name)
    # A page on disk may not load modules from other files: each is an address that holds it.
    modules = {
        f"studio/{name}": f"data:text/javascript;base64,{base64.b64encode(path.read_bytes()).decode()}"
        for name, path in shell.FILES.items()
        if path.suffix == ".js"
    }
    (folder / "exported.js").write_text(places.script(wanted.places, modules), encoding="utf-8")
