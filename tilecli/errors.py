"""Every error a user can meet. One class per kind of cause; the CLI turns them into one red message.

An error says what is wrong (`message`), where (`where`: a file, a line, a key) and what to type next (`hint`).
"""

from __future__ import annotations

TRACEBACK_VARIABLE = "TILES_TRACEBACK"  # set where an error is to be shown with its traceback, also by a stage


class TilesError(Exception):
    """Something the user can mend. Never shown as a traceback unless asked for."""

    exit_code = 1

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        parts = [self.message]
        if self.where:
            parts.append(f"  where: {self.where}")
        if self.hint:
            parts.append(f"  try: {self.hint}")
        return "\n".join(parts)


class ConfigError(TilesError):
    """params.yaml, a preset or a `-S key=value` is wrong."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None, key: str = "") -> None:
        """key: the setting, or the section, that is wrong; empty where it is neither."""
        super().__init__(message, where=where, hint=hint)
        self.key = key


class UsageError(TilesError):
    """The command line itself is wrong."""

    exit_code = 2


class ProjectError(TilesError):
    """The folder is no tiles project, or git or DVC is in a state that stops the work."""


class DataError(TilesError):
    """Photos, masks, archives or the dataset's own files are wrong or missing."""


class DownloadError(TilesError):
    """Something could not be fetched from the network."""


class ModelError(TilesError):
    """A network, a checkpoint, a bundle or an engine is wrong or missing."""


class PublishError(TilesError):
    """A report could not be published: no token, no pull request, or the host refused."""


class DeployError(TilesError):
    """A bundle could not be brought to where it is to answer, or what answers there could not be asked."""


class GateError(TilesError):
    """The gate stops a run: it does not reach what was asked for, or is worse than the one in use."""

    exit_code = 3


class PipelineError(TilesError):
    """A DVC stage failed; carries the stage's own words."""


class MissingExtraError(TilesError):
    """A verb needs packages that this installation does not have."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package}, which is not installed",
            hint=f'pip install "tilecli[{extra}]"',
        )


def near_matches(name: str, known: list[str], limit: int = 3) -> str:
    """`did you mean a, b?` for a mistyped `name`, or an empty string where nothing is near."""
    import difflib

    near = difflib.get_close_matches(name, known, n=limit, cutoff=0.5)
    if not near:
        low = {k.lower(): k for k in known}
        near = [low[m] for m in difflib.get_close_matches(name.lower(), list(low), n=limit, cutoff=0.5)]
    return f"did you mean {', '.join(near)}?" if near else ""
