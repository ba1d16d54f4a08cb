"""Which of the known layouts a set of photos has, and which mask belongs to which photo.

Works on names alone, so that a folder and an archive's table of contents are recognised alike; opens no photo.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli.data.names import PHOTO_SUFFIXES, defect_type, good_types, is_photo_name
from tilecli.errors import DataError
from tilecli.layout import GOOD

UNKNOWN = "not labelled"  # how photos whose type shows only in their mask are counted
DEFAULT_GOOD = ("good", "free", "ok")
LOOKED_FOR = (
    "<Type>/Imgs/*.jpg with *.png masks",
    "images/ and masks/ with equal stems",
    "MVTec AD: train/good, test/<type>, ground_truth/<type>/*_mask.png",
)
_MASK_ENDINGS = ("_mask", "-mask", "_gt")
_SUBSETS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing"})

Parts = tuple[str, ...]  # a relative path, split


@dataclass(frozen=True)
class Record:
    """A photo and its mask, as POSIX paths relative to the layout's root."""

    image: str
    mask: str | None
    defect: str | None  # None: the mask decides between `defect` and `good`
    name: str = ""  # of the photo, where an index gives it; it is kept, and so are the mask's bytes
    exposure: str = ""  # likewise


@dataclass(frozen=True)
class Layout:
    """What was recognised."""

    name: str
    root: Path
    records: tuple[Record, ...]
    lonely_masks: tuple[str, ...] = ()  # masks without a photo, relative to `root`
    relabels: bool = False  # masks and types replace those of photos of the same name in earlier sources

    def counts(self) -> dict[str, int]:
        """Photos per defect type, defects first by name, then good ones, then those not labelled."""
        count = Counter(record.defect or UNKNOWN for record in self.records)
        return dict(sorted(count.items(), key=lambda item: (item[0] == UNKNOWN, item[0] == GOOD, item[0])))


def recognise(folder: Path, good: Iterable[str] = DEFAULT_GOOD) -> Layout:
    """The layout of the photos in `folder` or in one folder below it.

    Raises DataError that says what was looked for and what was found where there is none, or more than one.
    """
    return recognise_names(list_files(folder), folder, good)


def recognise_names(names: Iterable[str], root: Path, good: Iterable[str] = DEFAULT_GOOD) -> Layout:
    """`recognise` for a list of POSIX paths relative to `root`, which is used for messages and the result only."""
    names = list(names)
    photos = sorted(tuple(name.split("/")) for name in names if is_photo_name(name))
    found = _find(photos)
    if not found:
        raise DataError(
            f"no layout that tiles knows; {_inventory(names)}",
            where=str(root),
            hint="arrange the photos as one of: " + "; ".join(LOOKED_FOR) + "; or give a CSV of image,mask,defect",
        )
    depth = min(len(base) for base, _ in found)
    bases = sorted({base for base, _ in found if len(base) == depth})
    if len(bases) > 1:
        shown = ", ".join("/".join(base) for base in bases[:8]) + (" …" if len(bases) > 8 else "")
        raise DataError(
            f"{len(bases)} datasets lie side by side: {shown}", where=str(root), hint="give each folder as a source"
        )
    base = bases[0]
    # One folder may look like two layouts; the order of _LAYOUTS is from the most telling to the least.
    name = next(name for name in _LAYOUTS if (base, name) in found)
    inside = [parts[depth:] for parts in photos if parts[:depth] == base]
    records, lonely = _LAYOUTS[name](inside, good_types(good))
    return Layout(name, root.joinpath(*base), tuple(records), tuple(lonely))


def list_files(folder: Path) -> list[str]:
    """Every file below `folder` as a POSIX path relative to it; follows links to folders, each folder once."""
    names: list[str] = []
    seen: set[str] = set()
    for here, folders, filenames in os.walk(folder, followlinks=True):
        real = os.path.realpath(here)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        relative = Path(here).relative_to(folder).as_posix()
        names += [name if relative == "." else f"{relative}/{name}" for name in filenames]
    return sorted(names)


def _find(photos: Sequence[Parts]) -> set[tuple[Parts, str]]:
    """Every (folder, layout's name) that the photos' paths speak for."""
    found: set[tuple[Parts, str]] = set()
    halves: dict[Parts, set[str]] = defaultdict(set)  # folder → the telling names found directly in it
    for parts in photos:
        folders = [part.lower() for part in parts[:-1]]
        if len(folders) >= 2 and folders[-1] == "imgs":
            found.add((parts[: len(folders) - 2], _IMGS))
        for depth, name in enumerate(folders):
            if name in ("images", "masks", "ground_truth"):
                halves[parts[:depth]].add(name)
            if name in ("train", "test") and len(folders) == depth + 2:
                halves[parts[:depth]].add("train/good" if (name, folders[-1]) == ("train", "good") else name)
    for base, names in halves.items():
        if ("ground_truth" in names and names & {"test", "train", "train/good"}) or {"train/good", "test"} <= names:
            found.add((base, _MVTEC))
        if {"images", "masks"} <= names:
            found.add((base, _PAIRS))
    return found


def _read_imgs(photos: Sequence[Parts], good: frozenset[str]) -> tuple[list[Record], list[str]]:
    """`<Type>/Imgs/x.jpg` with its mask `x.png` beside it."""
    inside = [parts for parts in photos if len(parts) == 3 and parts[1].lower() == "imgs"]
    masks: set[Parts] = {parts for parts in inside if parts[-1].lower().endswith(".png")}
    finder = _MaskFinder(masks)
    records = [
        Record("/".join(parts), finder.take(parts[:-1], _stem(parts)), defect_type(parts[0], good))
        for parts in inside
        if parts not in masks
    ]
    return records, finder.left()


def _read_mvtec(photos: Sequence[Parts], good: frozenset[str]) -> tuple[list[Record], list[str]]:
    """`train/<type>/x.png`, `test/<type>/x.png` with the mask `ground_truth/<type>/x_mask.png`."""
    inside = [parts for parts in photos if len(parts) == 3]
    finder = _MaskFinder({parts for parts in inside if parts[0].lower() == "ground_truth"})
    records = []
    # test before train: where both hold a photo of that type and number, the masks belong to the test photos.
    for subset in ("test", "train"):
        for parts in (parts for parts in inside if parts[0].lower() == subset):
            mask = finder.take((finder.top, parts[1]), _stem(parts))
            records.append(Record("/".join(parts), mask, defect_type(parts[1], good)))
    return sorted(records, key=lambda record: record.image), finder.left()


def _read_pairs(photos: Sequence[Parts], good: frozenset[str]) -> tuple[list[Record], list[str]]:
    """`images/[<type>/]x.jpg` with `masks/[<type>/]x.png`; masks may lie without type folders."""
    finder = _MaskFinder({parts for parts in photos if parts[0].lower() == "masks" and len(parts) > 1})
    records = []
    for parts in (parts for parts in photos if parts[0].lower() == "images" and len(parts) > 1):
        mask = finder.take((finder.top, *parts[1:-1]), _stem(parts)) or finder.take((finder.top,), _stem(parts))
        # images/train/…: how somebody divided the photos says nothing about what is on them.
        folders = [part for part in parts[1:-1] if part.lower() not in _SUBSETS]
        records.append(Record("/".join(parts), mask, defect_type(folders[0], good) if folders else None))
    return records, finder.left()


class _MaskFinder:
    """Masks by folder and stem; remembers which were never asked for."""

    def __init__(self, masks: set[Parts]) -> None:
        self._masks = {(parts[:-1], _stem(parts)): parts for parts in sorted(masks)}
        self._left = set(self._masks.values())
        self.top = next(iter(sorted(masks)))[0] if masks else ""  # `masks` as this set spells it

    def take(self, folder: Parts, stem: str) -> str | None:
        """The mask called like the photo, with or without an ending such as `_mask`."""
        for ending in ("", *_MASK_ENDINGS):
            found = self._masks.get((folder, stem + ending))
            if found:
                self._left.discard(found)
                return "/".join(found)
        return None

    def left(self) -> list[str]:
        """The masks that no photo has."""
        return sorted("/".join(parts) for parts in self._left)


def _stem(parts: Parts) -> str:
    return parts[-1].rpartition(".")[0]


def _inventory(names: Sequence[str]) -> str:
    """What is there instead: `found 12 photos (a/b: 10 .jpg; c: 2 .png), 3 other files`."""
    photos = [name for name in names if is_photo_name(name)]
    if not photos:
        return f"found no photo ({', '.join(sorted(PHOTO_SUFFIXES))}) among {len(names)} files"
    kinds = Counter((name.rpartition("/")[0] or ".", "." + name.rpartition(".")[2].lower()) for name in photos)
    shown = "; ".join(f"{folder}: {count} {suffix}" for (folder, suffix), count in sorted(kinds.items())[:8])
    more = " …" if len(kinds) > 8 else ""
    return f"found {len(photos)} photos ({shown}{more}), {len(names) - len(photos)} other files"


_IMGS, _MVTEC, _PAIRS = "<Type>/Imgs", "MVTec AD", "images + masks"
_Reader = Callable[[Sequence[Parts], frozenset[str]], tuple[list[Record], list[str]]]
_LAYOUTS: dict[str, _Reader] = {_MVTEC: _read_mvtec, _IMGS: _read_imgs, _PAIRS: _read_pairs}
