"""What differs between two versions of the dataset. Pure: opens no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tilecli.versions.version import Entry, Version

Kind = Literal["added", "removed", "relabelled", "replaced"]
KINDS: tuple[Kind, ...] = ("added", "removed", "relabelled", "replaced")


@dataclass(frozen=True)
class Change:
    """One photo that differs: before and after, None where it is not there."""

    photo: str
    kind: Kind
    before: Entry | None
    after: Entry | None

    @property
    def entry(self) -> Entry:
        """The photo as it is, or as it was where it is gone."""
        entry = self.after or self.before
        assert entry is not None  # noqa: S101 - one of the two is always there
        return entry

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        before, after = self.before, self.after
        return {
            "photo": self.photo,
            "change": self.kind,
            "type": self.entry.defect,
            "type_before": before.defect if before else None,
            "source": self.entry.source,
            "mask_changed": bool(before and after and before.mask_md5 != after.mask_md5),
        }


@dataclass(frozen=True)
class Diff:
    """All that differs, sorted by the photo's name."""

    before: Version
    after: Version
    changes: tuple[Change, ...]

    def of(self, kind: Kind) -> list[Change]:
        """The changes of one kind."""
        return [change for change in self.changes if change.kind == kind]

    def words(self) -> str:
        """How many of each kind, in words."""
        counts = ", ".join(f"{count} {kind}" for kind, count in self.counts().items() if count)
        return counts or "the same photos and masks"

    def counts(self) -> dict[str, int]:
        """Photos per kind of change, all kinds."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in KINDS}

    def table(self) -> list[dict[str, Any]]:
        """Photos per kind of change by type and source."""
        found = Counter((change.entry.defect, change.entry.source, change.kind) for change in self.changes)
        places = sorted({(defect, source) for defect, source, _ in found})
        return [
            {"type": defect, "source": source, **{kind: found[defect, source, kind] for kind in KINDS}}
            for defect, source in places
        ]


def compare(before: Version, after: Version) -> Diff:
    """What changed from one version to the other, photo by photo. A photo is the same while its name is."""
    if before.dataset and before.dataset == after.dataset:
        return Diff(before, after, ())
    return Diff(before, after, tuple(_changes(before, after)))


def _changes(before: Version, after: Version) -> Iterable[Change]:
    for name in sorted(before.photos.keys() | after.photos.keys()):
        old, new = before.photos.get(name), after.photos.get(name)
        if old is None or new is None:
            yield Change(name, "added" if old is None else "removed", old, new)
        elif old.image_md5 != new.image_md5:
            yield Change(name, "replaced", old, new)
        elif (old.mask_md5, old.defect) != (new.mask_md5, new.defect):
            yield Change(name, "relabelled", old, new)
