"""The photos that differ between two versions as one HTML page that works offline: masks before and after."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from tilecli import files, palette, progress, ui
from tilecli.data.catalog import decode_mask
from tilecli.data.preprocess import Uint8, decode_photo
from tilecli.errors import DataError
from tilecli.experiments.reading import dvccache
from tilecli.layout import Project
from tilecli.opencv import cv2
from tilecli.versions.diff import Change, Diff, Kind
from tilecli.versions.version import WORKSPACE, Version

MOST = 200  # photos on one page, some 30 kB each
_LARGE = 640  # px, the long side of a picture; larger photos are reduced
# What a person has to judge comes first.
_HEADINGS: dict[Kind, str] = {
    "relabelled": "Relabelled: before and after",
    "replaced": "Replaced by another photo",
    "added": "Added",
    "removed": "Removed",
}


def write_gallery(project: Project, diff: Diff, title: str, out: Path, most: int = MOST) -> int:
    """Write the page to `out`, as a whole or not at all; returns how many photos are on it.

    Of each kind of change as many are shown as `most` allows, those that were relabelled first.
    """
    ordered = [change for kind in _HEADINGS for change in diff.of(kind)]
    shown = ordered[:most]
    cards: dict[Kind, list[str]] = {kind: [] for kind in _HEADINGS}
    for change in progress.track(shown, "draw photos", len(shown), "photos"):
        cards[change.kind].append(_card(project, diff, change))
    counts = diff.counts()
    sections = [
        f'<section data-kind="{kind}"><h2>{_HEADINGS[kind]} <span>{counts[kind]}</span></h2>'
        f'<div class="cards">{"".join(made)}</div></section>'
        for kind, made in cards.items()
        if made
    ]
    left = len(ordered) - len(shown)
    note = f"{left} more photos differ; tiles data diff --json lists them." if left else ""
    types = sorted({change.entry.defect for change in shown})
    page = Template(_beside("gallery.html")).substitute(
        policy=ui.offline_policy(),
        title=escape(title),
        summary=_summary(diff),
        tokens=ui.TOKENS.read_text(encoding="utf-8"),
        style=_beside("gallery.css"),
        options="".join(f"<option>{escape(name)}</option>" for name in types),
        sections="\n".join(sections) or "<p>No photo or mask differs between the two.</p>",
        note=escape(note),
        code=_beside("gallery.js"),
    )
    files.write_text(out, page)
    return len(shown)


def _summary(diff: Diff) -> str:
    words = [f"{count} {kind}" for kind, count in diff.counts().items() if count] or ["no difference"]
    photos = f"{len(diff.before.photos)} → {len(diff.after.photos)} photos"
    return f"{photos}: {', '.join(words)}"


def _card(project: Project, diff: Diff, change: Change) -> str:
    sides = [
        ("before", diff.before, change.before),
        ("after", diff.after, change.after),
    ]
    there = [(when, version, entry) for when, version, entry in sides if entry is not None]
    pictures = []
    for when, version, entry in there:
        caption = f"{when}: {entry.defect}" if len(there) > 1 else entry.defect
        picture = _picture(
            _bytes(project, version, entry.image, entry.image_md5),
            _bytes(project, version, entry.mask, entry.mask_md5) if entry.mask else None,
            alt=f"{entry.photo}, {when}, {entry.defect}",
        )
        pictures.append(f"<figure>{picture}<figcaption>{escape(caption)}</figcaption></figure>")
    types = {entry.defect for _, _, entry in there}
    return (
        f'<article data-types="{escape(" ".join(sorted(types)))}"><div class="sides">{"".join(pictures)}</div>'
        f"<h3>{escape(change.photo)}</h3><p>{escape(change.entry.source)}</p></article>"
    )


def _bytes(project: Project, version: Version, path: str, md5: str) -> bytes | None:
    """A file of the dataset as a version has it; None where it is not on this machine."""
    place = project.dataset / path if version.rev == WORKSPACE else dvccache.of(project).object(md5)
    try:
        return place.read_bytes() if md5 else None
    except OSError:
        return None


def _picture(photo: bytes | None, mask: bytes | None, alt: str) -> str:
    """The photo with its mask above it as layers, so that the page can change how strongly the mask shows."""
    if photo is None:
        return '<p class="absent">not on this machine: tiles data pull</p>'
    try:
        pixels = _reduced(decode_photo(photo, 3))
        marked = _reduced_mask(decode_mask(mask)[0]) if mask else None
    except DataError:
        return '<p class="absent">this file cannot be read</p>'
    height, width = pixels.shape[:2]
    layers = [f'<img src="{_uri(pixels[:, :, ::-1], ".jpg")}" alt="{escape(alt)}" width="{width}" height="{height}">']
    if marked is not None and marked.shape == (height, width) and marked.any():
        around = cv2.dilate(marked, np.ones((3, 3), np.uint8), iterations=palette.OUTLINE_PX) - marked
        layers.append(f'<img class="fill" src="{_uri(_tinted(marked), ".png")}" alt="">')
        layers.append(f'<img class="ring" src="{_uri(_tinted(np.asarray(around, np.uint8)), ".png")}" alt="">')
    return f'<div class="picture">{"".join(layers)}</div>'


def _tinted(mask: Uint8) -> Uint8:
    """H×W mask → H×W×4 BGRA: the defect's colour where it is set, else nothing."""
    red, green, blue = palette.rgb(palette.DEFECT)
    return np.asarray(mask[:, :, None] * np.array([blue, green, red, 255], np.uint8), np.uint8)


def _reduced(photo: Uint8) -> Uint8:
    size = _size(photo.shape)
    return photo if size is None else np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def _reduced_mask(mask: Uint8) -> Uint8:
    size = _size(mask.shape)
    if size is None:
        return mask
    # Any covered pixel counts: a small defect must not vanish from its own picture.
    return np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0, np.uint8)


def _size(shape: Sequence[int]) -> tuple[int, int] | None:
    height, width = shape[:2]
    longest = max(height, width)
    if longest <= _LARGE:
        return None
    return max(1, round(width * _LARGE / longest)), max(1, round(height * _LARGE / longest))


def _uri(image: Uint8, ending: str) -> str:
    settings = [cv2.IMWRITE_JPEG_QUALITY, 88] if ending == ".jpg" else [cv2.IMWRITE_PNG_BILEVEL, 0]
    done, data = cv2.imencode(ending, np.ascontiguousarray(image), settings)
    if not done:
        raise DataError("this picture cannot be written")
    kind = "jpeg" if ending == ".jpg" else "png"
    return f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
