"""data/audit_ignored.csv: what somebody has looked at and found well. Belongs into git, so that all are spared it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from tilecli import files
from tilecli.audit.finding import KINDS, Finding
from tilecli.data.catalog import read_index
from tilecli.errors import DataError, UsageError, near_matches
from tilecli.experiments.project import git
from tilecli.layout import Project


@dataclass(frozen=True)
class Ignored:
    """One line: this kind of finding about this photo or type; an empty field means any."""

    kind: str
    subject: str
    because: str
    by: str
    date: str  # ISO

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is meant."""
        return self.kind in ("", finding.kind) and self.subject in ("", finding.subject)


COLUMNS = tuple(field.name for field in fields(Ignored))


def read_ignored(path: Path) -> list[Ignored]:
    """The lines of the file, none where there is none. Raises DataError with the line that cannot be read."""
    if not path.is_file():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise DataError(f"the column {missing[0]} is missing", where=f"{path}:1")
            found = []
            for row in reader:
                line = Ignored(*(row[name] or "" for name in COLUMNS))
                if line.kind and line.kind not in KINDS:
                    raise DataError(
                        f"there is no kind of finding '{line.kind}'",
                        where=f"{path}:{reader.line_num}",
                        hint=near_matches(line.kind, list(KINDS)) or f"kinds: {', '.join(KINDS)}",
                    )
                if not line.kind and not line.subject:
                    raise DataError("a line names neither a kind nor a photo", where=f"{path}:{reader.line_num}")
                found.append(line)
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from error


def write_ignored(path: Path, lines: Iterable[Ignored]) -> None:
    """Write the lines sorted, so that two people's additions merge."""
    with files.whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(line) for line in sorted(lines, key=lambda line: (line.kind, line.subject)))


def change(project: Project, words: Sequence[str], *, because: str | None) -> int:
    """Ignore what `words` ask for, see `understand`; None for `because` takes it back. Returns how many lines changed.

    Raises UsageError for words that mean nothing, or for what was not ignored and is to be taken back.
    """
    photos = read_index(project.index)
    known = sorted({photo.photo for photo in photos} | {photo.defect for photo in photos})
    lines = {(line.kind, line.subject): line for line in read_ignored(project.audit_ignored)}
    gone = [subject for _, subject in lines if subject and subject not in known]
    wanted = understand(words, [*known, *gone])
    if because is None:
        missing = [place for place in wanted if place not in lines]
        if missing:
            kind, subject = missing[0]
            raise UsageError(f"'{' '.join(filter(None, (kind, subject)))}' is not ignored", hint="tiles data ignore")
        lines = {place: line for place, line in lines.items() if place not in wanted}
    else:
        by = git(project.root, "config", "user.name", check=False)
        today = datetime.now(UTC).date().isoformat()
        lines |= {(kind, subject): Ignored(kind, subject, because, by, today) for kind, subject in wanted}
    write_ignored(project.audit_ignored, lines.values())
    return len(wanted)


def understand(words: Sequence[str], known: Sequence[str]) -> list[tuple[str, str]]:
    """(kind, subject) for each line that the words ask for; `known` are the photos and types there are.

    Kinds alone mean whatever they are about, photos alone every kind. Raises UsageError for a word that is neither.
    """
    kinds = [word for word in words if word in KINDS]
    subjects = [word for word in words if word not in KINDS]
    photos = set(known)
    for word in subjects:
        if word not in photos:
            near = near_matches(word, [*KINDS, *known])
            raise UsageError(
                f"'{word}' is neither a photo, nor a type, nor a kind of finding",
                hint=near or f"kinds: {', '.join(KINDS)}",
            )
    if not words:
        raise UsageError("nothing is named", hint="tiles data ignore KIND PHOTO --because …")
    return [(kind, subject) for kind in kinds or [""] for subject in subjects or [""]]
