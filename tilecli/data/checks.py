"""Is a photo with its mask fit for the dataset? One photo at a time, and what to say about all of them.

Where photos come from is `tilecli.data.sources`' business, where they go `tilecli.data.fetch`'s.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tilecli import progress
from tilecli.data.catalog import Uint8, decode_mask
from tilecli.data.layouts import Record
from tilecli.data.names import DEFECT
from tilecli.data.preprocess import decode_photo
from tilecli.errors import DataError
from tilecli.layout import GOOD

_SHOWN = 20  # lines of an error message that people read
_EXAMPLES = 3


@dataclass(frozen=True)
class Problem:
    """Why a file cannot be used."""

    file: str
    reason: str


class BadPhotosError(DataError):
    """Photos or masks that cannot be used, all of them at once."""

    def __init__(self, problems: Sequence[Problem], *, where: str | None = None) -> None:
        lines = [f"  {problem.file}: {problem.reason}" for problem in problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            lines.append(f"  … and {len(problems) - _SHOWN:,} more")
        count = f"{len(problems):,} files" if len(problems) > 1 else "1 file"
        super().__init__(
            "\n".join([f"{count} cannot be used:", *lines]),
            where=where,
            hint="mend them, or go on without them: --skip-bad",
        )
        self.problems = list(problems)


class Remark(Enum):
    """Something about a usable photo that its owner may not have meant."""

    COLOUR = "masks with several channels: any colour above 0 counts as defect, alpha is ignored"
    LOSSY = "masks in a lossy format: what compression left above 0 around a defect counts as defect too"
    EMPTY = "photos of a defect type whose mask is empty: they count as showing no defect pixel"
    MARKED = "photos of a good type whose mask marks a defect"


@dataclass(frozen=True)
class Checked:
    """A photo that can be used."""

    defect: str
    width: int  # px, upright
    height: int  # px, upright
    data: bytes  # of the photo's file
    mask: Uint8 | None  # H×W, 0 and 1; None for a good photo without one
    remarks: frozenset[Remark]


def check_photo(root: Path, record: Record) -> Checked | Problem:
    """Read and judge the photo and its mask, whose paths are relative to `root`."""
    file = record.image
    try:
        _require_utf8(record)
        data = (root / record.image).read_bytes()
        photo = decode_photo(data, 1)
        mask, channels = None, 1
        if record.mask is not None:
            file = record.mask
            mask, channels = decode_mask((root / record.mask).read_bytes())
    except FileNotFoundError:
        return Problem(file, "there is no such file")
    except OSError as error:
        return Problem(file, f"cannot be read: {error.strerror or error}")
    except DataError as error:
        return Problem(file.encode("utf-8", "backslashreplace").decode(), error.message)

    height, width = photo.shape[:2]
    misfit = _misfit(record, (height, width), None if mask is None else mask.shape)
    if misfit:
        return Problem(record.image, misfit)
    marked = mask is not None and bool(mask.any())
    defect = record.defect or (DEFECT if marked else GOOD)
    remarks = {
        Remark.COLOUR: channels > 1,
        Remark.LOSSY: record.mask is not None and record.mask.lower().endswith((".jpg", ".jpeg")),
        Remark.EMPTY: defect != GOOD and not marked,
        Remark.MARKED: defect == GOOD and marked,
    }
    return Checked(defect, width, height, data, mask, frozenset(remark for remark, holds in remarks.items() if holds))


def report_problems(problems: Sequence[Problem], skip: bool, where: str) -> None:
    """Raise BadPhotosError where there are problems, or, with `skip`, say which files are left out."""
    if not problems:
        return
    if not skip:
        raise BadPhotosError(problems, where=where)
    progress.warn(f"{len(problems):,} files cannot be used and are left out")
    progress.result("skipped", rows=[{"file": problem.file, "reason": problem.reason} for problem in problems])


def report_remarks(remarked: Iterable[tuple[str, frozenset[Remark]]]) -> None:
    """One warning per kind of remark, with how many files it holds for and the first of them."""
    files: dict[Remark, list[str]] = defaultdict(list)
    for file, remarks in remarked:
        for remark in remarks:
            files[remark].append(file)
    for remark in Remark:
        if names := files.get(remark):
            more = ", …" if len(names) > _EXAMPLES else ""
            progress.warn(f"{len(names):,} {remark.value} ({', '.join(names[:_EXAMPLES])}{more})", files=names)


def _misfit(record: Record, photo: tuple[int, ...], mask: tuple[int, ...] | None) -> str:
    """What keeps photo and mask, by their (height, width) in px, from belonging together; empty where nothing does."""
    if mask is None:
        if record.defect == GOOD:
            return ""
        needed = f"the type {record.defect} needs one" if record.defect else "nothing says that it shows no defect"
        return f"has no mask, and {needed}"
    if mask == photo:
        return ""
    turned = ", as if the photo's EXIF rotation were not applied to it" if mask == photo[::-1] else ""
    return f"is {photo[1]}×{photo[0]} px, but its mask is {mask[1]}×{mask[0]} px{turned}"


def _require_utf8(record: Record) -> None:
    try:
        f"{record.image}{record.mask}".encode()
    except UnicodeEncodeError as error:
        raise DataError("its name or its mask's is not UTF-8") from error
