"""From sources to data/dataset: bring, unpack, recognise, check every photo, put the dataset in place as a whole."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from tilecli import files, progress
from tilecli.config import DataParams
from tilecli.data import classlist, sources
from tilecli.data.batch import INDEX
from tilecli.data.catalog import Photo, encode_mask, write_index
from tilecli.data.checks import Problem, Remark, check_photo, report_problems, report_remarks
from tilecli.data.layouts import Layout, Record
from tilecli.data.names import Origin, defect_type, exposure, good_types, photo_names
from tilecli.data.threads import in_threads
from tilecli.errors import DataError
from tilecli.layout import Project

_WORK = ".work"  # in the unfinished dataset's folder, so that files move by renaming


@dataclass(frozen=True)
class _Item:
    """A photo to check, and where its checked files wait."""

    source: sources.Source
    root: Path
    record: Record
    waiting: Path  # + ".photo", ".png"
    classes: tuple[str, ...]  # what the numbers in its mask stand for; none where any value is just a defect
    relabels: bool = False  # see layouts.Layout
    mask_of: Path | None = None  # where a corrected mask waits instead

    @property
    def photo_path(self) -> Path:
        """The file that will be moved into the dataset."""
        return self.root / self.record.image if self.source.is_temporary else self.waiting.with_suffix(".photo")

    @property
    def mask_path(self) -> Path:
        """The file that will be moved into the dataset as its mask."""
        return self.mask_of or self.waiting.with_suffix(".png")


@dataclass(frozen=True)
class _Kept:
    """What is remembered of a checked photo; its pixels are on disk."""

    defect: str
    width: int
    height: int
    has_mask: bool
    classes: tuple[str, ...]  # as its item's, where its mask does hold such numbers
    remarks: frozenset[Remark]


_Pair = tuple[_Item, _Kept]


def fetch_dataset(project: Project, params: DataParams) -> list[Photo]:
    """Make data/dataset from `params.sources` and return its index.

    Raises BadPhotosError with every photo that cannot be used (unless `params.skip_bad`), DataError for a source that
    is missing, unsafe or not understood, DownloadError where the network fails. Then the dataset stays as it was.
    """
    found = sources.locate_all(params.sources, project.sources_root, project.root)
    for source in found:
        if source.kind != "url":
            _refuse_own_dataset(source.path, project)
    found = [sources.bring(source, project.downloads) for source in found]
    with files.whole_folder(project.dataset) as folder:
        photos, layouts = lay_into(folder, found, params, project)
    progress.result(
        "sources",
        rows=[
            {"source": source.text, "layout": layout.name, "photos": sum(p.source == source.name for p in photos)}
            for source, layout in zip(found, layouts, strict=True)
        ],
    )
    return photos


def lay_into(
    folder: Path, found: Sequence[sources.Source], params: DataParams, project: Project
) -> tuple[list[Photo], list[Layout]]:
    """Check every photo of the sources and put those that can be used, with their index, into the empty `folder`.

    Returns the index and what each source was recognised as. Raises as `fetch_dataset` does.
    """
    work = folder / _WORK
    (work / "checked").mkdir(parents=True)
    layouts = [sources.lay_out(source, work / str(number), params) for number, source in enumerate(found)]
    for layout in layouts:
        _refuse_own_dataset(layout.root, project)
    photos = _fill(folder, list(zip(found, layouts, strict=True)), params)
    write_index(folder / INDEX, photos)
    shutil.rmtree(work)
    return photos, layouts


def _fill(folder: Path, laid_out: Sequence[tuple[sources.Source, Layout]], params: DataParams) -> list[Photo]:
    """Check every photo and move those that can be used into `folder`; returns the index, sorted by name."""
    typed = params.target == "type"
    several = len(laid_out) > 1

    def label(source: sources.Source, file: str) -> str:
        return f"{source.name}/{file}" if several else file

    items = [
        (source, layout, record, names)
        for source, layout in laid_out
        for names in [_class_names(layout.root, params.good) if typed else ()]
        for record in layout.records
    ]
    todo = [
        _Item(source, layout.root, record, folder / _WORK / "checked" / str(number), names, layout.relabels)
        for number, (source, layout, record, names) in enumerate(items)
    ]
    outcomes = list(in_threads(_examine, todo, "check photos"))
    problems = [
        Problem(label(item.source, outcome.file), outcome.reason)
        for item, outcome in zip(todo, outcomes, strict=True)
        if isinstance(outcome, Problem)
    ]
    problems += [
        Problem(label(source, mask), "is a mask without a photo")
        for source, layout in laid_out
        for mask in layout.lonely_masks
    ]
    where = ", ".join(source.text for source, _ in laid_out)
    kept = [(item, outcome) for item, outcome in zip(todo, outcomes, strict=True) if isinstance(outcome, _Kept)]
    named, misfits = _name(kept)
    problems += [Problem(label(item.source, item.record.image), reason) for item, reason in misfits]
    report_problems(problems, params.skip_bad, where)
    if not kept:
        raise DataError("no photo is left", where=where)
    report_remarks((label(item.source, item.record.image), outcome.remarks) for item, outcome in kept)
    return _place(folder, named, typed)


def _examine(item: _Item) -> _Kept | Problem:
    """Check one photo and write down what the dataset will hold of it, before its pixels are forgotten."""
    checked = check_photo(item.root, item.record)
    if isinstance(checked, Problem):
        return checked
    if not item.source.is_temporary:
        item.photo_path.write_bytes(checked.data)  # the very bytes that were checked
    kept = _Kept(checked.defect, checked.width, checked.height, checked.mask is not None, (), checked.remarks)
    if checked.mask is None:
        return kept
    mask = item.record.mask or ""
    as_it_is = item.record.name and mask.endswith(".png")
    data = (item.root / mask).read_bytes() if as_it_is else encode_mask(checked.mask)
    if item.classes and mask:
        try:
            numbers = classlist.read_numbers((item.root / mask).read_bytes())
            pixels = classlist.used_numbers(numbers, item.classes)
        except DataError as error:
            return Problem(mask, error.message)
        if pixels:
            data = classlist.encode_numbers(numbers)
            most = item.classes[max(pixels, key=lambda number: pixels[number]) - 1]
            kept = replace(kept, defect=item.record.defect or most, classes=item.classes)
    item.mask_path.write_bytes(data)
    return kept


def _name(kept: Sequence[_Pair]) -> tuple[dict[str, _Pair], list[tuple[_Item, str]]]:
    """Name → photo. A source that corrects labels gives known photos its masks and types; its other photos are new.

    Returns the corrections that cannot be made, with the reason, as well.
    """
    plain = [pair for pair in kept if not pair[0].relabels]
    known = set(photo_names([_origin(*pair) for pair in plain]))
    new = [*plain, *(pair for pair in kept if pair[0].relabels and pair[0].record.name not in known)]
    named = dict(zip(photo_names([_origin(*pair) for pair in new]), new, strict=True))
    misfits: list[tuple[_Item, str]] = []
    for item, outcome in kept:
        former, before = named.get(item.record.name, (item, outcome))
        if former is item or not item.relabels:
            continue
        if (before.width, before.height) != (outcome.width, outcome.height):
            size = f"{outcome.width}×{outcome.height} px, but the photo is {before.width}×{before.height} px"
            misfits.append((item, f"corrects the label of {item.record.name} with a mask of {size}"))
            continue
        after = replace(before, defect=outcome.defect, has_mask=outcome.has_mask, classes=outcome.classes)
        named[item.record.name] = replace(former, mask_of=item.mask_path), after
    return named, misfits


def _origin(item: _Item, outcome: _Kept) -> Origin:
    path = item.record.name or str(PurePosixPath(item.record.image).with_suffix(""))
    return Origin(item.source.name, path, outcome.defect)


def _place(folder: Path, named: Mapping[str, _Pair], typed: bool) -> list[Photo]:
    """Move the photos and their masks to where the index says; `typed`: with the list of their classes."""
    for name in ("images", "masks"):
        (folder / name).mkdir()
    photos = []
    for name, (item, outcome) in named.items():
        image = PurePosixPath(item.record.image)
        photo = Photo(
            photo=name,
            image=f"images/{name}{image.suffix.lower()}",
            mask=f"masks/{name}.png" if outcome.has_mask else "",
            defect=outcome.defect,
            source=item.source.name,
            exposure=item.record.exposure or exposure(image.stem),
            width=outcome.width,
            height=outcome.height,
        )
        item.photo_path.replace(folder / photo.image)
        if photo.mask:
            item.mask_path.replace(folder / photo.mask)
        photos.append(photo)
    if typed:
        masks = [(folder / photo.mask, named[photo.photo][1].classes) for photo in photos]
        classlist.number_masks(folder, photos, [(path, classes) for path, classes in masks if classes])
    return sorted(photos, key=lambda photo: photo.photo)


def _class_names(root: Path, good: Sequence[str]) -> tuple[str, ...]:
    """What the numbers in a source's masks stand for; nothing where it does not say."""
    types = good_types(good)
    return tuple(defect_type(name, types) for name in classlist.read_classes(root / classlist.FILE))


def _refuse_own_dataset(path: Path, project: Project) -> None:
    if path.resolve().is_relative_to(project.dataset.resolve()):
        raise DataError(
            "a source lies inside the dataset that fetching replaces",
            where=str(path),
            hint="move the photos elsewhere and give that path",
        )
