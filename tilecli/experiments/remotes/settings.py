"""The remotes in DVC's settings, read in milliseconds. Nothing here writes, or talks to a remote."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli.errors import MissingExtraError, ProjectError, near_matches
from tilecli.experiments.remotes import address
from tilecli.layout import Project

# Above a URL in config.local that is not the user's own. It stands there because DVC refuses to read settings, and with
# that every command, where they hold a remote's secrets but no URL: as at a commit that is older than the remote.
COPY = "# a copy of the URL in config"
_SECTION = re.compile(r"remote\s+\"(.+)\"")


@dataclass(frozen=True)
class Remote:
    """A remote as DVC will see it: all levels of its settings together."""

    name: str
    url: str  # may hold a secret, if somebody wrote it by hand: `address.masked` before it is shown
    settings: dict[str, str]  # the others, secrets too
    default: bool

    @property
    def kind(self) -> str:
        """s3, ssh, http, … or FOLDER."""
        return address.kind_of(self.url)

    @property
    def secrets(self) -> list[str]:
        """Every text that must not be shown."""
        held = [value for key, value in self.settings.items() if key in address.SECRET and value]
        return [*held, *address.secret_in(self.url)]


def remotes(project: Project) -> list[Remote]:
    """All of them, the default one first."""
    merged: dict[str, dict[str, str]] = {}
    committed, local = own_files(project)
    urls = copied_urls(read(committed), read(local))
    chosen = ""
    for file in _levels(project):
        config = read(file)
        chosen = str(config.get("core", {}).get("remote", chosen)).lower()
        for section in config.sections:
            if match := _SECTION.fullmatch(section):
                values = {key: str(value) for key, value in config[section].items()}
                if file == local and section in urls:
                    del values["url"]
                if "url" in values:
                    values["url"] = _from(file.parent, values["url"])
                merged.setdefault(match[1].lower(), {}).update(values)
    found = [
        Remote(name, values["url"], {key: value for key, value in values.items() if key != "url"}, name == chosen)
        for name, values in merged.items()
        if values.get("url")
    ]
    return sorted(found, key=lambda remote: (not remote.default, remote.name))


def find(project: Project, name: str | None) -> Remote:
    """The remote `name`, or the default one; ProjectError that says what there is."""
    known = remotes(project)
    names = [remote.name for remote in known]
    if not known:
        raise ProjectError("this project has no remote yet", hint="tiles data remote add storage FOLDER_OR_URL")
    if name is None:
        if not known[0].default:
            raise ProjectError("no remote is the default", hint=f"tiles data remote default {names[0]}")
        return known[0]
    found = next((remote for remote in known if remote.name == name.lower()), None)
    if not found:
        hint = near_matches(name, names) or f"remotes: {', '.join(names)}"
        raise ProjectError(f"there is no remote '{name}'", hint=hint)
    return found


def exposed(project: Project) -> list[str]:
    """Secrets in the settings that are under git, as remote.NAME.KEY: somebody wrote them there by hand."""
    config = read(own_files(project)[0])
    found = []
    for section in config.sections:
        if match := _SECTION.fullmatch(section):
            held = [key for key in config[section] if key in address.SECRET]
            held += ["url"] if address.secret_in(str(config[section].get("url", ""))) else []
            found += [f"remote.{match[1]}.{key}" for key in held]
    return found


def copied_urls(committed: Any, local: Any) -> dict[str, str]:
    """Section → URL in `committed`, of those remotes in `local` whose URL is but a copy (see COPY)."""
    return {
        section: str(committed[section]["url"])
        for section in local.sections
        if _SECTION.fullmatch(section)
        and COPY in local[section].comments.get("url", ())
        and committed.get(section, {}).get("url")
    }


def own_files(project: Project) -> tuple[Path, Path]:
    """The settings of this project: those under git, and those of this machine alone."""
    folder = project.root / ".dvc"
    if not folder.is_dir():
        raise ProjectError("DVC is not set up in this project", where=str(project.root), hint="dvc init")
    return folder / "config", folder / "config.local"


def _levels(project: Project) -> list[Path]:
    """Every file of settings that DVC reads here, the stronger ones later."""
    try:
        import platformdirs  # comes with DVC
    except ImportError:
        raise MissingExtraError("dvc", "data") from None
    system = os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc", "iterative")
    everywhere = os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc", "iterative")
    return [Path(system) / "config", Path(everywhere) / "config", *own_files(project)]


def _from(folder: Path, url: str) -> str:
    """A folder in DVC's settings counts from the file that names it."""
    if address.kind_of(url) != address.FOLDER or "://" in url:
        return url
    return os.path.normpath(folder / Path(url).expanduser())


def read(file: Path) -> Any:
    """One file of settings, as written; an empty one where there is none."""
    config_object = parser()
    try:
        return config_object(str(file), encoding="utf-8", write_empty_values=True, interpolation=False)
    except Exception as error:  # its parser has a class for every kind of mistake
        raise ProjectError("DVC's settings cannot be read", where=f"{file}: {type(error).__name__}") from None


def parser() -> Any:
    """The class that reads and writes DVC's settings."""
    try:
        from configobj import ConfigObj  # type: ignore[import-untyped]  # comes with DVC
    except ImportError:
        raise MissingExtraError("dvc", "data") from None
    return ConfigObj
