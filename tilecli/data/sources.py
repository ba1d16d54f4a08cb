"""What a word in `data.sources` means: a built-in set, a folder, an archive, a web address or a CSV.

`locate` asks nobody, `bring` asks the network where it must, `lay_out` unpacks and recognises.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

from tilecli.config import DataParams
from tilecli.data import archive
from tilecli.data.batch import is_indexed, read_indexed
from tilecli.data.download import download, shown
from tilecli.data.layouts import DEFAULT_GOOD, Layout, Record, recognise, recognise_names
from tilecli.data.names import defect_type, good_types, is_photo_name
from tilecli.data.partfile import forget
from tilecli.errors import DataError, near_matches
from tilecli.layout import BATCHES

SAMPLE = "sample"
MAGNETIC_TILES = "magnetic-tiles"
# The authors' own archive: https://github.com/abin24/Magnetic-tile-defect-datasets.
URLS = {MAGNETIC_TILES: "https://github.com/abin24/Magnetic-tile-defect-datasets./archive/refs/heads/master.zip"}
BUILT_IN = (MAGNETIC_TILES, SAMPLE)
_SUFFIXES = re.compile(r"(\.(zip|tar|tgz|tbz2?|txz|gz|bz2|xz|csv))+$", re.IGNORECASE)
_CSV_COLUMNS = ("image", "mask", "defect")

Kind = Literal["sample", "url", "folder", "archive", "csv"]


@dataclass(frozen=True)
class Source:
    """One place photos come from."""

    text: str  # as the user wrote it
    name: str  # for the index's column `source`; says nothing about this machine
    kind: Kind
    path: Path = Path()  # of a folder, archive or CSV
    url: str = ""
    downloaded: bool = False

    @property
    def is_temporary(self) -> bool:
        """Whether laying it out makes files that belong to nobody else."""
        return self.kind in ("sample", "archive")


def locate(text: str, root: Path, own: Path | None = None) -> Source:
    """What `text` means; a relative path starts at `root`, the project's folder. Raises DataError for nothing known.

    own: the folder of a temporary clone of the project, which has batches of its own.
    """
    if text == SAMPLE:
        return Source(text, SAMPLE, "sample")
    if text in URLS:
        return Source(text, text, "url", url=URLS[text])
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+)://", text)
    if scheme:
        if scheme[1].lower() not in ("http", "https"):
            raise DataError(
                f"photos cannot be fetched over {scheme[1]}",
                where=shown(text),
                hint="bring the archive here by other means and give its path",
            )
        return Source(shown(text), _stem(_file_name(text)) or "download", "url", url=text)
    path = (own if own and is_batch(text) else root) / Path(text).expanduser()
    if path.is_dir():
        return Source(text, path.resolve().name or "photos", "folder", path)
    if path.is_file():
        kind: Kind = "csv" if path.suffix.lower() == ".csv" else "archive"
        if kind == "archive" and archive.kind(path) is None:
            raise _no_archive(path)
        return Source(text, _stem(path.name) or "photos", kind, path)
    if is_batch(text) and path.with_name(f"{path.name}.dvc").is_file():
        raise DataError(f"the photos of batch {path.name} are not on this machine", where=text, hint="tiles data pull")
    raise DataError(f"there is no source '{text}'", where=str(path), hint=_known(text, path))


def is_batch(text: str) -> bool:
    """Whether a word in `data.sources` stands for one of the project's own batches."""
    return PurePosixPath(text).parent == PurePosixPath(BATCHES)


def locate_all(texts: Iterable[str], root: Path, own: Path | None = None) -> list[Source]:
    """`locate` for each, with names made unique (`photos`, `photos-2`)."""
    sources: list[Source] = []
    names: set[str] = set()
    for source in (locate(text, root, own) for text in dict.fromkeys(texts)):
        name, number = source.name, 2
        while name in names:
            name, number = f"{source.name}-{number}", number + 1
        names.add(name)
        sources.append(replace(source, name=name))
    return sources


def bring(source: Source, downloads: Path) -> Source:
    """The source as something on this machine: a web address becomes an archive in `downloads`."""
    if source.kind != "url":
        return source
    path = downloads / _download_name(source)
    download(source.url, path)
    if archive.kind(path) is None:
        error = replace_where(_no_archive(path), source.text)
        forget(path)  # most often a login page; kept, it would be taken for the archive for ever
        raise error
    return replace(source, kind="archive", path=path, downloaded=True)


def lay_out(source: Source, work: Path, params: DataParams) -> Layout:
    """The source's photos as files in a recognised layout; archives are unpacked and samples made in `work`."""
    if source.kind == "folder":
        return read_indexed(source.path) if is_indexed(source.path) else recognise(source.path, params.good)
    if source.kind == "csv":
        return read_table(source.path, params.good)
    work.mkdir(parents=True)
    if source.kind == "sample":
        from tilecli.data.sample import write_sample

        write_sample(work, params.sample.tiles, params.sample.seed)
        return recognise(work, params.good)
    try:
        archive.unpack(source.path, work, params.max_unpacked_gb)
        return recognise(work, params.good)
    except DataError as error:
        if source.downloaded and isinstance(error, archive.DamagedArchiveError):
            forget(source.path)  # so that the next try brings a fresh one
        raise replace_where(error, source.text) from error


def preview(text: str, root: Path, params: DataParams) -> Layout | None:
    """The layout that `text` would have, without unpacking or downloading; None where only fetching can tell."""
    source = locate(text, root)
    if source.kind == "folder":
        return read_indexed(source.path) if is_indexed(source.path) else recognise(source.path, params.good)
    if source.kind == "csv":
        return read_table(source.path, params.good)
    if source.kind == "archive":
        return recognise_names(archive.list_names(source.path, params.max_unpacked_gb), source.path, params.good)
    return None


def read_table(path: Path, good: Iterable[str] = DEFAULT_GOOD) -> Layout:
    """The photos that a CSV with the columns image, mask, defect lists; paths are relative to the CSV.

    The mask may be empty for good types, the defect where the mask is to decide. Raises DataError with the line.
    """
    types = good_types(good)
    records: dict[str, Record] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            header = stream.readline()
            stream.seek(0)
            # Spreadsheets of many countries separate with semicolons.
            reader = csv.DictReader(stream, delimiter=";" if ";" in header and "," not in header else ",", strict=True)
            columns = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
            missing = [name for name in _CSV_COLUMNS if name not in columns]
            if missing:
                raise DataError(
                    f"the CSV lacks the column {missing[0]}",
                    where=f"{path}:1",
                    hint="its first line has to be: image,mask,defect",
                )
            for row in reader:
                image, mask, defect = ((row[columns[name]] or "").strip() for name in _CSV_COLUMNS)
                if not image or image in records:
                    problem = "a row names no image" if not image else f"the image {image} is listed twice"
                    raise DataError(problem, where=f"{path}:{reader.line_num}")
                records[image] = Record(image, mask or None, defect_type(defect, types) if defect else None)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the CSV cannot be read: {error}", where=str(path)) from error
    if not records:
        raise DataError("the CSV lists no photo", where=str(path))
    return Layout("CSV", path.parent, tuple(records.values()))


def replace_where(error: DataError, where: str) -> DataError:
    """The same error about `where`: a user knows the source that was given, not a temporary folder."""
    return DataError(error.message, where=where, hint=error.hint)


def _known(text: str, path: Path) -> str:
    near = near_matches(text, list(BUILT_IN))
    if not near and path.parent.is_dir():
        siblings = {sibling.name: sibling for sibling in path.parent.iterdir() if not sibling.name.startswith(".")}
        near = near_matches(path.name, list(siblings))
    return near or f"give one of {', '.join(BUILT_IN)}, a folder, an archive, a CSV or an http(s) address"


def _no_archive(path: Path) -> DataError:
    if is_photo_name(path.name):
        return DataError("this is a single photo", where=str(path), hint="give the folder that holds photos and masks")
    with path.open("rb") as stream:
        start = stream.read(24)
    return DataError(
        f"this is no archive: it begins with {start!r}",
        where=str(path),
        hint="zip, tar, tar.gz, tar.bz2 and tar.xz are understood",
    )


def _file_name(url: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).name
    except ValueError as error:
        raise DataError(f"this is no web address: {error}", where=shown(url)) from error


def _download_name(source: Source) -> str:
    if source.text in URLS:
        return f"{source.text}.zip"
    # Many addresses end in master.zip; the hash tells them apart.
    digest = hashlib.sha256(source.url.encode()).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]+", "_", _stem(_file_name(source.url)))[:80] or "download"
    suffix = _SUFFIXES.search(_file_name(source.url))
    return f"{stem}-{digest}{suffix[0].lower() if suffix else ''}"


def _stem(name: str) -> str:
    return _SUFFIXES.sub("", name)
