"""Photos whose masks are drawn from annotations, and the layout that they make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tilecli.data.catalog import Uint8, encode_mask
from tilecli.data.layouts import Layout, Record
from tilecli.data.names import defect_type
from tilecli.data.preprocess import read_photo
from tilecli.data.threads import in_threads
from tilecli.errors import DataError
from tilecli.layout import GOOD

Draw = Callable[[Any, int, int], Uint8]


@dataclass(frozen=True)
class Marked:
    """A photo and its objects, as an annotation file has them."""

    image: str  # POSIX path relative to the layout's root
    objects: Sequence[tuple[str, Any]]  # type, shape
    kind: str | None  # the photo's type where the file says it, else that of the largest object
    draw: Draw  # shape, height and width → mask of 0 and 1


def render(name: str, root: Path, marked: Sequence[Marked], work: Path, good: frozenset[str]) -> Layout:
    """Draw the masks into `work` and say which belongs to which photo. Raises DataError for shapes that make no sense.

    A mask's path is absolute: it does not lie where its photo does.
    """
    twice = [image for image, count in Counter(one.image for one in marked).items() if count > 1]
    if twice:
        raise DataError(f"{twice[0]} is listed {'twice' if len(twice) == 1 else 'more than once'}", where=str(root))
    work.mkdir(parents=True, exist_ok=True)

    def record(numbered: tuple[int, Marked]) -> Record:
        number, one = numbered
        try:
            height, width = read_photo(root / one.image, 1).shape[:2]
            mask = np.zeros((height, width), np.uint8)
            area: Counter[str] = Counter()
            for kind, shape in one.objects:
                part = one.draw(shape, height, width)
                area[kind] += int(part.sum())
                mask |= part
        except DataError as error:
            raise DataError(error.message, where=one.image, hint=error.hint) from error
        kind = one.kind or (area.most_common(1)[0][0] if area else GOOD)
        path = work / f"{number}.png"
        path.write_bytes(encode_mask(mask))
        return Record(one.image, str(path.resolve()), defect_type(kind, good))

    return Layout(name, root, tuple(in_threads(record, list(enumerate(marked)), "draw masks", "photos")))
