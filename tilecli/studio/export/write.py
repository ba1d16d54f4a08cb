"""The studio's pages as files: a folder that opens from disk, for who has no `tiles`."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from tilecli import files, progress
from tilecli.errors import UsageError
from tilecli.experiments.plots.page import plotly_script
from tilecli.layout import Project
from tilecli.studio import shell
from tilecli.studio.pages import FIRST, PAGES, Page

_MARK = ".tiles-studio"  # in a folder that an export wrote, and that the next one may replace


def write(project: Project, folder: Path) -> Path:
    """Write all pages that need no server into `folder`; returns the file to open first.

    Raises UsageError where the folder holds something that no export wrote.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise UsageError(f"{folder} holds something else", where="DIR", hint="name a new folder")
    importmap = _importmap()
    wanted = list(_wanted(project))
    with files.whole_folder(folder) as made:
        (made / _MARK).touch()
        _write_static(made / "static")
        for page, name in progress.track(wanted, "pages", unit="pages"):
            place = made / page.name / _in_path(name) if name is not None else made / page.name
            place.mkdir(parents=True, exist_ok=True)
            up = "../" * len(place.relative_to(made).parts)
            shown = page.view(project, {} if name is None else {"name": name})
            text = shell.html(page, shown, up=up, importmap=importmap, exported=True)
            (place / "index.html").write_text(text, encoding="utf-8")
        first = made / "index.html"
        first.write_text(f'<!DOCTYPE html><meta http-equiv="refresh" content="0; url={FIRST}/index.html">\n')
    return folder / "index.html"


def _wanted(project: Project) -> Iterator[tuple[Page, str | None]]:
    for page in PAGES.values():
        if page.exported and page.names is None:
            yield page, None
        elif page.exported and page.names is not None:
            for name in page.names(project):
                yield page, name


def _in_path(name: str) -> str:
    return quote(name, safe="!'()*")  # as JavaScript's encodeURIComponent


def _importmap() -> dict[str, str]:
    """Every script as an address that holds it: a page on disk may not load modules from other files."""
    return {
        f"studio/{name}": f"data:text/javascript;base64,{base64.b64encode(path.read_bytes()).decode()}"
        for name, path in shell.FILES.items()
        if path.suffix == ".js"
    }


def _write_static(folder: Path) -> None:
    folder.mkdir()
    for name, path in shell.FILES.items():
        if path.suffix != ".js" or name == "theme.js":
            shutil.copyfile(path, folder / name)
    if any("plotly" in page.read_text(encoding="utf-8") for page in shell.TEMPLATES.glob("*.j2")):
        (folder / shell.PLOTLY).write_text(plotly_script(), encoding="utf-8")
