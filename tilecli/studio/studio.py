"""What the pages work with: the project, who may change it, and what happened since."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from tilecli.layout import Project
from tilecli.studio.photos.answers import Answers
from tilecli.studio.runs.finding import Runs
from tilecli.studio.watch import Watch


@dataclass
class Studio:
    """One start of `tiles studio`."""

    project: Project
    read_only: bool = False
    key: str = ""  # with it the studio is shared: whoever has the key may look, from other machines too
    endpoint: str | None = None  # address of a `tiles serve` whose model, drift and shadow are shown
    endpoint_key: str | None = field(default=None, repr=False)  # that it wants
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))  # proves that a change comes from a page

    def __post_init__(self) -> None:
        self.watch = Watch(self.project)
        self.runs = Runs(self.project, self.watch)
        self.answers = Answers(self.project)


def _studio(request: Request) -> Studio:
    studio: Studio = request.app.state.studio
    return studio


OfStudio = Annotated[Studio, Depends(_studio)]
