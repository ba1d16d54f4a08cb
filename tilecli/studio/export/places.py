"""Where each view lies in an export, and what its pages know of that: links lead to what is in it, and only to that."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping

from tilecli.studio.pages import PAGES, Page

_NAMED = ("run", "compare")  # pages that are asked for by names of runs
_LONGEST = 60  # characters of a folder's name; eight long names of runs are more than a file system takes


class Places:
    """Folders of views, by their page and what of the query it goes by; runs by any of their names."""

    def __init__(self) -> None:
        self._at: dict[str, dict[str, str]] = {name: {} for name in PAGES}
        self._names: dict[str, str] = {}
        self._taken: set[str] = set()

    def call(self, run: str, others: Iterable[str]) -> None:
        """Say by which other names a run is asked for; a name that a run has already stays that run's."""
        for name in (run, *others):
            self._names.setdefault(name, run)

    def name_of(self, name: str) -> str:
        """What the run is called here that somebody calls so."""
        return self._names.get(name, name)

    def add(self, page: Page, query: Mapping[str, str]) -> tuple[str, bool]:
        """The folder of a view, and whether it is a new one."""
        key = self._key(page, query)
        known = self._at[page.name].get(key)
        if known is not None:
            return known, False
        folder = self._folder(page.name, key)
        self._at[page.name][key] = folder
        return folder, True

    def as_dict(self) -> dict[str, object]:
        """What `link` in live.js finds its way by."""
        pages = {
            name: {"asks": PAGES[name].asks, "named": name in _NAMED, "at": at} for name, at in self._at.items() if at
        }
        return {"pages": pages, "names": {name: run for name, run in self._names.items() if name != run}}

    def _key(self, page: Page, query: Mapping[str, str]) -> str:
        asked = [query.get(name, "") for name in page.asks]
        if page.name in _NAMED:
            asked = [",".join(map(self.name_of, value.split(","))) for value in asked]
        return "\n".join(asked)

    def _folder(self, page: str, key: str) -> str:
        words = " ".join(key.split())
        if not words:
            return page
        plain = re.sub(r"[^A-Za-z0-9_.,=-]+", "-", words)[:_LONGEST].strip("-.")
        folder = f"{page}/{plain}"
        # Not all file systems tell Abc from abc.
        if plain != words or folder.lower() in self._taken:
            folder = f"{page}/{plain}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
        self._taken.add(folder.lower())
        return folder


def script(places: Places, modules: Mapping[str, str]) -> str:
    """A script that pages load first. modules: by which address each of their modules is loaded."""
    imports = json.dumps(json.dumps({"imports": modules}))
    return (
        f"window.tilesExport = {json.dumps(places.as_dict(), separators=(',', ':'))};\n"
        'document.head.append(Object.assign(document.createElement("script"), '
        f'{{ type: "importmap", textContent: {imports} }}));\n'
    )
