"""What names mean: the defect type in a folder's name, the exposure in a file's, and a unique name for every photo.

Pure text; opens no file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from tilecli.layout import GOOD

DEFECT = "defect"  # the type of a photo whose source names none but whose mask shows something
PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".pgm", ".ppm", ".jp2"})
_BURST = re.compile(r"exp(\d+)_num_\d+", re.IGNORECASE)


def tidy_type(name: str) -> str:
    """`MT_Blowhole` → `blowhole`: lower case, no `MT_`, nothing that a path or a dotted metric key could trip over."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).lower())
    text = re.sub(r"[^\w+-]+", "_", text).strip("_")
    while text.startswith("mt_"):
        text = text.removeprefix("mt_").strip("_")
    return text or DEFECT


def good_types(names: Iterable[str]) -> frozenset[str]:
    """The tidied types that mean 'no defect', from the setting `data.good`."""
    return frozenset({GOOD, *(tidy_type(name) for name in names)})


def defect_type(name: str, good: frozenset[str]) -> str:
    """The tidied type a folder or a CSV cell names; `good` where it is one of `good` (from `good_types`).

    `MT_Free` is how the magnetic-tile set calls its good tiles, whatever the settings say.
    """
    tidy = tidy_type(name)
    return GOOD if tidy in good or name.lower() == "mt_free" else tidy


def exposure(stem: str) -> str:
    """`3` of `exp3_num_108741`; an empty string where the name does not say."""
    found = _BURST.search(stem)
    return found.group(1) if found else ""


def is_photo_name(path: str) -> bool:
    """Whether a POSIX path ends like a photo and no part of it is hidden (`.x`, `__MACOSX`)."""
    parts = path.split("/")
    dot = parts[-1].rfind(".")
    if dot <= 0 or parts[-1][dot:].lower() not in PHOTO_SUFFIXES:
        return False
    return not any(part.startswith(".") or part == "__MACOSX" for part in parts)


@dataclass(frozen=True)
class Origin:
    """Where a photo comes from, as far as its name depends on it."""

    source: str
    path: str  # of the photo in its source, without the suffix, POSIX
    defect: str


def photo_names(origins: Sequence[Origin]) -> list[str]:
    """A name per photo, unique even where file names ignore case, in the order of `origins`.

    The stem where it is unique in its source; photos that share one get `<type>_<stem>`, then their whole path
    (`train_good_000`). Between sources the first one given keeps its names, so that adding a source renames nothing;
    a later one gets the type, then its own name in front, at last a number.
    """
    names = [""] * len(origins)
    taken: set[str] = set()
    for source in dict.fromkeys(origin.source for origin in origins):
        members = [index for index, origin in enumerate(origins) if origin.source == source]
        for index, name in zip(members, _within_source([origins[i] for i in members]), strict=True):
            names[index] = next(free for free in _candidates(origins[index], name) if free.casefold() not in taken)
            taken.add(names[index].casefold())
    return names


def _within_source(origins: Sequence[Origin]) -> list[str]:
    names = [_stem(origin) for origin in origins]
    longer: list[Callable[[Origin], str]] = [_with_type, _with_path]
    for rename in longer:
        count = Counter(name.casefold() for name in names)
        names = [
            rename(origin) if count[name.casefold()] > 1 else name for origin, name in zip(origins, names, strict=True)
        ]
    return names


def _candidates(origin: Origin, name: str) -> Iterator[str]:
    yield name
    yield _with_type(origin)
    yield f"{origin.source}_{name}"
    yield f"{origin.source}_{_with_type(origin)}"
    number = 2
    while True:
        yield f"{name}-{number}"
        number += 1


def _stem(origin: Origin) -> str:
    return origin.path.rpartition("/")[2]


def _with_type(origin: Origin) -> str:
    return f"{origin.defect}_{_stem(origin)}"


def _with_path(origin: Origin) -> str:
    return origin.path.replace("/", "_")
