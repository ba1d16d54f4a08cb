"""A stranger's photos become a batch: checked as fetching checks them, known ones found, names made unique."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tilecli import files, paramfile
from tilecli.data import classlist, sources
from tilecli.data.catalog import Photo, decode_mask, read_index
from tilecli.data.fetch import lay_into
from tilecli.data.manifest import read_manifest
from tilecli.data.names import DEFECT, Origin, photo_names
from tilecli.errors import DataError
from tilecli.experiments.project import git, prepare
from tilecli.layout import GOOD, Project
from tilecli.versions import batches, known, rebuild
from tilecli.versions.batches import Item
from tilecli.versions.known import Known, Near


@dataclass(frozen=True)
class Added:
    """What became of the photos that were given."""

    name: str
    photos: dict[str, int]  # new ones by type
    relabelled: list[str]  # known ones whose mask or type is another now
    skipped: list[Known]  # known ones, left out
    near: list[Near]  # new ones that look like known ones, with the subset they follow
    size: int  # bytes of the batch

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "batch": self.name,
            "photos": sum(self.photos.values()),
            "types": self.photos,
            "relabelled": self.relabelled,
            "skipped": [{"photo": pair.photo, "known": pair.known, "why": pair.why} for pair in self.skipped],
            "near": [{"photo": pair.photo, "known": pair.known, "subset": pair.subset} for pair in self.near],
            "bytes": self.size,
        }


@dataclass
class _Sorted:
    """The photos that were given, told apart."""

    new: list[Item] = field(default_factory=list)
    corrected: list[Item] = field(default_factory=list)  # under the names that the dataset has for them
    skipped: list[Known] = field(default_factory=list)


def add(
    project: Project, text: str, name: str, *, note: str = "", relabel: bool = False, skip_bad: bool | None = None
) -> Added:
    """Make a batch of the photos that `text` (a folder, an archive, a CSV, a web address) stands for.

    relabel: known photos are not skipped; their masks and types replace those of the dataset. Raises DataError with
    every photo that cannot be used, and where none is left; then nothing is changed.
    """
    prepare(project)
    batches.check_name(project, name)
    params = paramfile.load(project.params).data
    if skip_bad is not None:
        params = params.model_copy(update={"skip_bad": skip_bad})
    source = sources.bring(sources.locate(text, Path.cwd()), project.downloads)
    rebuild.bring_up_to_date(project)
    project.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=project.scratch, prefix="batch-") as work:
        folder = Path(work) / "photos"
        folder.mkdir()
        photos, _ = lay_into(folder, [source], params, project)
        there = read_index(project.index)
        found = known.find(project, folder, photos, there)
        given = _sort(project, folder, photos, {photo.photo: photo for photo in there}, found.pairs, relabel)
        items = [*_renamed(given.new, there), *given.corrected]
        if not items:
            raise DataError(_nothing(given.skipped), where=source.text, hint=_nothing_hint(relabel))
        new = {item.photo.photo for item in given.new}
        near = [pair for pair in found.near if pair.photo in new]
        size = sum(path.stat().st_size for item in items for path in (item.image, item.mask) if isinstance(path, Path))
        batches.write_checked(
            project,
            name,
            items,
            by=git(project.root, "config", "user.name", check=False),
            note=note,
            origin=source.text if source.kind == "url" else Path(source.path).name,
            relabels=bool(given.corrected),
            classes=classlist.read_classes(folder / classlist.FILE),
        )
    types = Counter(item.photo.defect for item in given.new)
    types_sorted = dict(sorted(types.items(), key=lambda item: (item[0] == GOOD, item[0])))
    corrected = [item.photo.photo for item in given.corrected]
    return Added(name, types_sorted, corrected, given.skipped, _with_subsets(project, near), size)


def _sort(
    project: Project,
    folder: Path,
    photos: Sequence[Photo],
    there: dict[str, Photo],
    pairs: Sequence[Known],
    relabel: bool,
) -> _Sorted:
    known_as = {pair.photo: pair for pair in pairs}
    given = _Sorted()
    for photo in photos:
        mask = folder / photo.mask if photo.mask else None
        item = Item(photo, folder / photo.image, mask)
        pair = known_as.get(photo.photo)
        if pair is None:
            given.new.append(item)
            continue
        former = None if pair.inside else there[pair.known]
        if former is None or _same_label(project, former, photo, mask):
            given.skipped.append(pair)
        elif not relabel:
            given.skipped.append(replace(pair, why=f"{pair.why}, with another label"))
        else:
            defect = former.defect if photo.defect == DEFECT and former.defect != GOOD else photo.defect
            corrected = replace(photo, photo=former.photo, image=former.image, defect=defect)
            given.corrected.append(replace(item, photo=corrected, image=project.dataset / former.image))
    return given


def _same_label(project: Project, former: Photo, photo: Photo, mask: Path | None) -> bool:
    before = project.dataset / former.mask if former.mask else None
    if _marked(before) != _marked(mask):
        return False
    return photo.defect in (former.defect, DEFECT if former.defect != GOOD else former.defect)


def _marked(mask: Path | None) -> str:
    """Which pixels a mask marks, as a hash; "" where it marks none, which is what no mask says, too."""
    return files.md5(mask) if mask is not None and decode_mask(mask.read_bytes(), str(mask))[0].any() else ""


def _renamed(new: Sequence[Item], there: Sequence[Photo]) -> list[Item]:
    """The same with names that no photo of the dataset has, even where file names ignore case."""
    # The dataset's photos come first, so they keep their names.
    origins = [Origin("dataset", photo.photo, photo.defect) for photo in there]
    origins += [Origin("batch", item.photo.photo, item.photo.defect) for item in new]
    names = photo_names(origins)[len(there) :]
    return [replace(item, photo=replace(item.photo, photo=name)) for item, name in zip(new, names, strict=True)]


def _with_subsets(project: Project, near: Sequence[Near]) -> list[Near]:
    if not project.split.is_file():
        return list(near)
    subset_of = {row.photo: row.subset for row in read_manifest(project.split)}
    return [replace(pair, subset=subset_of.get(pair.known, "")) for pair in near]


def _nothing(skipped: Sequence[Known]) -> str:
    shown = "; ".join(f"{pair.photo} is {pair.known}" for pair in skipped[:3])
    return f"all {len(skipped)} photos are in the dataset already ({shown}{'; …' if len(skipped) > 3 else ''})"


def _nothing_hint(relabel: bool) -> str:
    if relabel:
        return "their masks and types are those of the dataset, so there is nothing to correct"
    return "--relabel corrects their masks and types"
