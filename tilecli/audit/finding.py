"""What the audit says: one record for every kind of finding, and what each kind means."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

REPORT = "report.json"  # in the project's audit folder

Box = tuple[int, int, int, int]  # x, y, width, height, px


@dataclass(frozen=True)
class Finding:
    """One thing that may hurt, about one photo (or one defect type, where no photo is to blame)."""

    kind: str  # a key of KINDS
    subject: str  # photo or type; what `tiles data ignore` takes
    why: str  # one sentence, with figures
    others: tuple[str, ...] = ()  # photos to be seen beside it
    weight: float = 0.0  # within a kind, the largest comes first
    box: Box | None = None  # what to look at
    picture: str = ""  # file under evaluation/predictions that shows it, where there is one

    @property
    def fix(self) -> str:
        """What mends it, ending in a command."""
        kind = KINDS[self.kind]
        return f"tiles data label {shlex.quote(self.subject)}" if kind.by_label else kind.mend

    @property
    def ignore(self) -> str:
        """The command that says that all is well."""
        return f'tiles data ignore {self.kind} {shlex.quote(self.subject)} --because "…"'

    def as_dict(self) -> dict[str, Any]:
        """As report.json has it."""
        return {
            "kind": self.kind,
            "photo": None if KINDS[self.kind].about_types else self.subject,
            "type": self.subject if KINDS[self.kind].about_types else None,
            "why": self.why,
            "others": list(self.others),
            "weight": round(self.weight, 4),
            "box": list(self.box) if self.box else None,
            "fix": self.fix,
            "ignore": self.ignore,
        }


_LABEL = "tiles data label --from audit"


@dataclass(frozen=True)
class Kind:
    """A kind of finding."""

    title: str
    meaning: str  # why it hurts
    mend: str  # of all of them
    about_types: bool = False

    @property
    def by_label(self) -> bool:
        """Whether another mask or type mends it, which `tiles data label` draws."""
        return self.mend == _LABEL


# The worst first: what makes figures wrong, then what teaches wrong things, then what is merely odd.
KINDS = {
    "leak": Kind(
        "Tiles in more than one subset",
        "Near-copies of training photos among those that measure: the figures flatter.",
        "a new split, whose figures no longer compare with earlier ones: "
        "rm data/split.csv && tiles split --by tile --force",
    ),
    "empty-mask": Kind(
        "Defect types with an empty mask",
        "The type says defect, the mask says that no pixel is: training learns that this defect is none.",
        _LABEL,
    ),
    "marked-good": Kind(
        "Good photos with a mask", "The type says good, the mask marks pixels as defect: one of them is wrong.", _LABEL
    ),
    "exposures": Kind(
        "One spot, labelled differently under its exposures",
        "Photos of one spot, laid over each other, disagree about what is defect there, or about its type.",
        _LABEL,
    ),
    "unseen": Kind(
        "Masks that touch nothing visible",
        "Laid anywhere else on its photo, the mask would meet as much contrast as where it is: shifted, turned or "
        "another photo's.",
        _LABEL,
    ),
    "loss": Kind(
        "Labels that the model disputes",
        "The trained model is far more wrong here than on other test photos of the same sort: it, or the label.",
        _LABEL,
    ),
    "speck": Kind(
        "Specks",
        "A few stray pixels beside a defect, most often a slip of the pen; each counts as a defect that was missed.",
        _LABEL,
    ),
    "duplicate": Kind(
        "The same photo twice",
        "Equal pixel for pixel: it counts double, and its copies may be labelled differently.",
        "remove one of them where they come from, then: tiles fetch",
    ),
    "brightness": Kind(
        "Photos of unusual brightness",
        "Far from the other photos of that exposure, or without any contrast: nothing can be learned from it.",
        "take the photo again, or remove it where it comes from, then: tiles fetch",
    ),
    "size": Kind(
        "Photos of unusual size",
        "Far smaller, larger or longer than the others: a thumbnail, another camera, a crop gone wrong.",
        "replace or remove it where it comes from, then: tiles fetch",
    ),
    "balance": Kind(
        "Types with too few tiles",
        "Photos of one tile are near-copies: what counts is how many tiles show a type.",
        "photos of other tiles that show it: tiles data add DIR --name NAME",
        about_types=True,
    ),
}
