"""The dataset as a folder in another tool's format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from tilecli import files, progress
from tilecli.data.catalog import read_index
from tilecli.data.formats import coco, mvtec, voc, yolo
from tilecli.data.formats.leaving import ALL, Leaving
from tilecli.data.manifest import SUBSETS, read_manifest
from tilecli.errors import DataError, UsageError
from tilecli.layout import GOOD, Project

FORMATS: dict[str, Callable[[Path, Sequence[Leaving]], None]] = {
    "coco": coco.write,
    "yolo-seg": yolo.write,
    "mvtec": mvtec.write,
    "voc": voc.write,
}


@dataclass(frozen=True)
class Exported:
    """What was written."""

    photos: dict[str, int]  # per subset; `all` where there is no split
    left_out: int  # photos of the dataset that the split leaves out
    typeless: list[str]  # photos whose type the format has no place for


def export_dataset(project: Project, out: Path, to: str, subsets: Collection[str] = ()) -> Exported:
    """Write the photos of `subsets` (none: all) to the folder `out`, as a whole or not at all.

    Raises UsageError for an unknown format or subset or a folder that is not empty, DataError where no photo is left
    or the dataset cannot be read.
    """
    if to not in FORMATS:
        raise UsageError(f"there is no format '{to}'", where="--to", hint=f"one of {', '.join(FORMATS)}")
    unknown = [subset for subset in subsets if subset not in SUBSETS]
    if unknown:
        raise UsageError(f"there is no subset '{unknown[0]}'", where="--subset", hint=f"one of {', '.join(SUBSETS)}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError("this is no empty folder", where=str(out), hint="give one that is not there yet")
    if out.resolve().is_relative_to(project.dataset.resolve()):
        raise UsageError("this lies inside the dataset", where=str(out), hint="give a folder elsewhere")
    photos = read_index(project.index)
    split = project.split.is_file()
    if subsets and not split:
        raise DataError("there is no split yet", where=str(project.split), hint="tiles split")
    subset_of = {row.photo: row.subset for row in read_manifest(project.split)} if split else {}
    known = [Leaving(photo, subset_of.get(photo.photo, "" if split else ALL), project.dataset) for photo in photos]
    leaving = [one for one in known if one.subset and (not subsets or one.subset in subsets)]
    if not leaving:
        raise DataError("no photo is left to export", where=str(project.index), hint="tiles fetch, then tiles split")
    with files.whole_folder(out) as folder:
        FORMATS[to](folder, list(progress.track(leaving, f"write {to}", unit="photos")))
    return Exported(
        photos={subset: sum(one.subset == subset for one in leaving) for subset in {one.subset: 0 for one in leaving}},
        left_out=sum(not one.subset for one in known),
        typeless=[one.photo.photo for one in leaving if one.photo.defect != GOOD and not one.mask().any()]
        if to == "yolo-seg"
        else [],
    )
