"""YOLO-seg: images/<subset>/x.jpg, labels/<subset>/x.txt with a polygon a line, data.yaml with the names of classes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tilecli import files
from tilecli.data.catalog import Uint8
from tilecli.data.formats.leaving import NAMES, Leaving, types_of
from tilecli.data.formats.marked import Marked, render
from tilecli.data.formats.shapes import fill, to_polygons
from tilecli.data.layouts import Layout
from tilecli.data.names import is_photo_name
from tilecli.errors import DataError

NAME = "YOLO-seg"
_DIGITS = 7  # of a share of the photo's side; enough for 1,000,000 px
_LEAST_POINTS = 3


def write(folder: Path, leaving: Sequence[Leaving]) -> None:
    """Write `leaving` into `folder`."""
    kinds = types_of(leaving)
    for one in leaving:
        subset = NAMES[one.subset]
        one.copy(folder / "images" / subset / one.file)
        lines = [_line(kinds.index(one.photo.defect), points, one) for points in to_polygons(one.mask())]
        text = "".join(f"{line}\n" for line in lines)
        files.write_text(folder / "labels" / subset / Path(one.file).with_suffix(".txt").name, text)
    present = {one.subset for one in leaving}
    first = NAMES[leaving[0].subset]
    listed: dict[str, Any] = {NAMES[subset]: f"images/{NAMES[subset]}" for subset in NAMES if subset in present}
    # Trainers insist on both.
    listed = {"path": ".", "train": f"images/{first}", "val": f"images/{first}"} | listed
    listed["names"] = dict(enumerate(kinds))
    files.write_text(folder / "data.yaml", yaml.safe_dump(listed, sort_keys=False, allow_unicode=True))


def _line(number: int, points: np.ndarray[Any, Any], one: Leaving) -> str:
    # The middle of each pixel, so that it is found again whether a reader cuts or rounds.
    shares = (points + 0.5) / (one.photo.width, one.photo.height)
    while len(shares) < _LEAST_POINTS:
        shares = np.concatenate([shares, shares[-1:]])
    return " ".join([str(number), *(f"{value:.{_DIGITS}f}" for value in shares.ravel())])


def read(folder: Path, names: Sequence[str], work: Path, good: frozenset[str]) -> Layout | None:
    """The layout of `folder`, with masks drawn into `work`; None where it is no YOLO-seg."""
    labels = {name for name in names if name.lower().endswith(".txt") and "labels" in name.lower().split("/")[:-1]}
    lists = [name for name in names if name.lower().endswith((".yaml", ".yml"))]
    kinds = next((found for name in sorted(lists) if (found := _kinds(folder / name))), None)
    if not labels or kinds is None:
        return None
    marked = []
    for name in names:
        parts = name.split("/")
        if is_photo_name(name) and "images" in parts[:-1]:
            place = len(parts) - 2 - parts[:-1][::-1].index("images")
            label = "/".join([*parts[:place], "labels", *parts[place + 1 :]]).rpartition(".")[0] + ".txt"
            lines = list(_lines(folder, label, kinds)) if label in labels else []
            marked.append(Marked(name, lines, None, _draw))
    return render(NAME, folder, marked, work, good) if marked else None


def _kinds(path: Path) -> dict[int, str] | None:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        names = value.get("names") if isinstance(value, dict) else None
        pairs = enumerate(names) if isinstance(names, list) else names.items() if isinstance(names, dict) else ()
        return {int(number): str(name) for number, name in pairs} if names is not None else None
    except (OSError, UnicodeDecodeError, ValueError, yaml.YAMLError):
        return None


def _lines(folder: Path, label: str, kinds: dict[int, str]) -> Iterator[tuple[str, list[float]]]:
    for number, line in enumerate((folder / label).read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            kind, *values = line.split()
            shares = [float(value) for value in values]
            name = kinds[int(kind)]
        except (ValueError, KeyError) as error:
            raise DataError(f"this is no class and polygon: {error}", where=f"{folder / label}:{number}") from error
        if len(shares) < 2 * _LEAST_POINTS or len(shares) % 2:
            what = "a box, which is no mask" if len(shares) == 4 else f"{len(shares)} numbers, which are no polygon"
            raise DataError(f"it gives {what}", where=f"{folder / label}:{number}")
        yield name, shares


def _draw(shares: list[float], height: int, width: int) -> Uint8:
    size = np.array([width, height])
    points = np.floor(np.asarray(shares).reshape(-1, 2) * size)
    return fill([np.clip(points, 0, size - 1).astype(np.int32)], height, width)
