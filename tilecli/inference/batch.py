"""Photos named on a command line → masks, overlays and one JSON line each. `tiles predict` renders what this yields."""

from __future__ import annotations

import glob
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TypeVar

from tilecli import files, overlap
from tilecli.data.preprocess import Uint8, read_photo
from tilecli.errors import TilesError, UsageError
from tilecli.inference.fusion import judge_spot
from tilecli.inference.outcome import Outcome, write, write_classes
from tilecli.inference.predictor import Predictor

T = TypeVar("T")

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")  # what is taken out of a folder
LINES_FILE = "predictions.jsonl"


def expand(names: Iterable[str], lines: Iterable[str] = (), out: Path | None = None) -> list[Path]:
    """The photos that `names` mean, each once, in the order given.

    A folder means the photos in it and below, sorted, without what lies under `out`; a name with *, ? or [ that is no
    file is a pattern (** goes through folders); `-` means the names in `lines`, one each. A name that is no file is
    kept: reading it will say so, and the rest is done. Raises UsageError where a folder or a pattern gives nothing, or
    where nothing was named.
    """
    found: dict[Path, None] = {}
    for name in names:
        if name == "-":
            found |= dict.fromkeys(Path(line.strip()) for line in lines if line.strip())
            continue
        path = Path(name)
        if path.is_dir():
            inside = _photos_below(path, out)
            if not inside:
                raise UsageError("there is no photo in this folder", where=name, hint=f"one of {', '.join(SUFFIXES)}")
            found |= dict.fromkeys(inside)
        elif glob.has_magic(name) and not path.exists():
            matches = sorted(Path(match) for match in glob.glob(name, recursive=True))  # noqa: PTH207 - ~, .. and roots
            inside = [match for match in matches if match.is_file()]
            if not inside:
                raise UsageError("no file fits this pattern", where=name)
            found |= dict.fromkeys(inside)
        else:
            found[path] = None
    if not found:
        raise UsageError("no photo was named", hint="tiles predict photo.jpg")
    return list(found)


def predict_batch(
    predictor: Predictor,
    paths: Iterable[Path],
    out: Path | None = None,
    *,
    masks: bool = True,
    drawings: bool = True,
) -> Iterator[Outcome]:
    """Predict every photo and yield its outcome, in order; a photo that fails does not stop the others.

    With `out`: writes masks/<stem>.png (0 and 255), overlays/<stem>.png and predictions.jsonl there, and where the
    bundle tells types apart types/<stem>.png (numbers of classes, from 1) and their names in classes.json. Stems that
    come twice get their folder's name in front, then a number. When the taker stops early, the lines of what was done
    are still written, as a whole file.
    """
    listed = list(paths)
    names = output_names(listed)

    def work(index: int) -> list[Outcome]:
        path, name = listed[index], names[index]
        return [_guarded(path, out, lambda: _predict_one(predictor, path, name, out, masks=masks, drawings=drawings))]

    write_classes(predictor.bundle, out)
    yield from _done(work, range(len(listed)), predictor.workers, out)


def predict_spots(
    predictor: Predictor,
    paths: Sequence[Path],
    spots: Sequence[Sequence[int]],
    out: Path | None = None,
    *,
    masks: bool = True,
    drawings: bool = True,
) -> Iterator[Outcome]:
    """`predict_batch` with the photos of each spot (indices of `paths`) judged together, see `fusion.judge_spot`.

    Outcomes come spot by spot. A photo that cannot be read is left out of its spot.
    """
    names = output_names(paths)

    def work(item: tuple[int, Sequence[int]]) -> list[Outcome]:
        spot, indices = item
        outcomes: list[Outcome] = []
        photos: dict[int, Uint8] = {}
        for index in indices:
            try:
                photos[index] = read_photo(paths[index], predictor.bundle.input.channels)
            except TilesError as error:
                outcomes.append(Outcome(paths[index], error=error))
        try:
            found = judge_spot(predictor, [paths[index].name for index in photos], list(photos.values()))
        except TilesError as error:
            return [*outcomes, *(Outcome(paths[index], error=error) for index in photos)]
        for index, prediction in zip(photos, found, strict=True):
            written = partial(write, prediction, paths[index], names[index], out, predictor.bundle.classes)
            written = partial(written, masks=masks, drawings=drawings)
            outcomes.append(_guarded(paths[index], out, partial(written, spot=spot)))
        return outcomes

    write_classes(predictor.bundle, out)
    yield from _done(work, enumerate(spots, 1), predictor.workers, out)


def _guarded(path: Path, out: Path | None, work: Callable[[], Outcome]) -> Outcome:
    """What `work` gives, or why it gave nothing."""
    try:
        return work()
    except TilesError as error:
        return Outcome(path, error=error)
    except OSError as error:
        problem = TilesError(f"its result cannot be written: {error.strerror or error}", where=str(out))
        return Outcome(path, error=problem)


def _done(work: Callable[[T], list[Outcome]], items: Iterable[T], workers: int, out: Path | None) -> Iterator[Outcome]:
    """The outcomes of all items, in order, and their lines in a file under `out`."""
    lines: list[str] = []
    try:
        for outcome in chain.from_iterable(overlap.ordered_map(work, items, workers)):
            lines.append(json.dumps(outcome.as_dict(), ensure_ascii=False, allow_nan=False))
            yield outcome
    finally:
        if out is not None:
            files.write_text(out / LINES_FILE, "".join(f"{line}\n" for line in lines))


def output_names(paths: Iterable[Path]) -> list[str]:
    """A file stem for each photo's results, no two alike even where capitals do not count."""
    used: set[str] = set()
    names = []
    for path in paths:
        parent = path.parent.name
        candidates = [path.stem, f"{parent}_{path.stem}"] if parent else [path.stem]
        number = 2
        while candidates[0].casefold() in used:
            candidates.pop(0)
            if not candidates:
                candidates.append(f"{path.stem}_{number}")
                number += 1
        used.add(candidates[0].casefold())
        names.append(candidates[0])
    return names


def _predict_one(
    predictor: Predictor, path: Path, name: str, out: Path | None, *, masks: bool, drawings: bool
) -> Outcome:
    classes = predictor.bundle.classes
    return write(predictor.predict_file(path), path, name, out, classes, masks=masks, drawings=drawings)


def _photos_below(folder: Path, out: Path | None) -> list[Path]:
    hidden = out.resolve() if out is not None else None
    found = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith(".") and (here / name).resolve() != hidden)
        found += [here / name for name in names if name.lower().endswith(SUFFIXES) and not name.startswith(".")]
    return sorted(found)
