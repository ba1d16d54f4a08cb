"""Remotes written to DVC's settings, every file as a whole or not at all.

What everybody needs goes to `.dvc/config`, which is under git; secrets and what belongs to one machine go to
`.dvc/config.local`, which is not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tilecli import files, progress
from tilecli.errors import MissingExtraError, ProjectError, UsageError, near_matches
from tilecli.experiments.project import git
from tilecli.experiments.remotes import address, settings
from tilecli.layout import Project

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")  # DVC writes the name of the default remote in small letters


def add(
    project: Project,
    name: str,
    where: address.Address,
    options: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    default: bool = False,
) -> settings.Remote:
    """Write a new remote; the first one becomes the default. UsageError or ProjectError if anything is wrong."""
    if not _NAME.fullmatch(name):
        raise UsageError("a remote's name is small letters, digits, - . and _", hint="such as storage")
    known = settings.remotes(project)
    if name in [remote.name for remote in known]:
        raise ProjectError(
            f"there is a remote '{name}' already",
            hint=f"tiles data remote set {name} changes it; tiles data remote remove {name} forgets it",
        )
    if where.kind == address.FOLDER:
        _check_folder(project, Path(where.url))
    shared, own = _sorted({**where.settings, **options}, {**where.secrets, **secrets})
    _validate(where.kind, {"url": where.url, **shared, **own})
    _write(project, name, {"url": where.url, **shared}, own, default=default or not known)
    return settings.find(project, name)


def change(project: Project, name: str, options: Mapping[str, str], secrets: Mapping[str, str]) -> settings.Remote:
    """Set options or secrets of a remote that is there; an empty value takes one away."""
    remote = settings.find(project, name)
    shared, own = _sorted(options, secrets)
    after = {**remote.settings, **shared, **own}
    _validate(remote.kind, {"url": remote.url, **{key: value for key, value in after.items() if value}})
    _write(project, remote.name, shared, own)
    return settings.find(project, name)


def set_default(project: Project, name: str) -> settings.Remote:
    """Make `name` the remote that push and pull use where none is named."""
    remote = settings.find(project, name)
    _write(project, remote.name, {}, {}, default=True)
    return settings.find(project, name)


def set_core(project: Project, values: Mapping[str, str]) -> None:
    """Set what DVC's own section `core` says for everybody."""
    committed, _ = settings.own_files(project)
    config = settings.read(committed)
    config.setdefault("core", {}).update(values)
    _save(committed, config)


def remove(project: Project, name: str) -> settings.Remote:
    """Forget a remote and its secrets; what lies there stays there."""
    remote = settings.find(project, name)
    committed, local = settings.own_files(project)
    for file in filter(Path.exists, (local, committed)):  # in this order: see settings.COPY
        config = settings.read(file)
        for section in [one for one in config.sections if one.lower() == _section(remote.name)]:
            del config[section]
        if config.get("core", {}).get("remote", "").lower() == remote.name:
            del config["core"]["remote"]
        _save(file, config)
    if any(left.name == remote.name for left in settings.remotes(project)):
        raise ProjectError(
            f"the remote '{name}' is also in DVC's settings for the whole machine, and stays there",
            hint=f"dvc remote remove --global {name}, or --system",
        )
    return remote


def follow(project: Project) -> None:
    """Bring the URLs that stand beside secrets up to date: a colleague may have changed them in git."""
    committed, local = settings.own_files(project)
    if not local.exists():
        return
    config = settings.read(local)
    urls = settings.copied_urls(settings.read(committed), config)
    stale = {section: url for section, url in urls.items() if config[section]["url"] != url}
    for section, url in stale.items():
        config[section]["url"] = url
    if stale:
        _save(local, config)


def _write(
    project: Project, name: str, shared: Mapping[str, str], own: Mapping[str, str], *, default: bool = False
) -> None:
    """Put settings under the remote's name. The secrets last: half of the work would be a remote without them."""
    committed, local = settings.own_files(project)
    _keep_from_git(project, local)
    for file, values in ((committed, shared), (local, own)):
        config = settings.read(file)
        section = next((one for one in config.sections if one.lower() == _section(name)), _section(name))
        for key, value in values.items():
            if value:
                config.setdefault(section, {})[key] = value
            else:
                config.get(section, {}).pop(key, None)
        if file == local and config.get(section) and "url" not in config[section]:
            _copy_url(settings.read(committed), config, section)
        if default and file == committed:
            config.setdefault("core", {})["remote"] = name
        elif default and "remote" in config.get("core", {}):
            del config["core"]["remote"]  # it would go before what everybody has
        if file.exists() or config.sections:
            _save(file, config)


def _copy_url(committed: Any, local: Any, section: str) -> None:
    url = next((values.get("url") for name, values in committed.items() if name.lower() == section.lower()), None)
    if url:  # else it is in the settings of the whole machine, which every commit sees
        local[section]["url"] = url
        local[section].comments["url"] = [settings.COPY]


def _sorted(options: Mapping[str, str], secrets: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Settings for everybody, and those for config.local."""
    wrong = sorted(address.SECRET & set(options))
    if wrong:
        raise UsageError(
            f"{wrong[0]} is a secret, and options go to git", hint=f"--secret {wrong[0]} asks for it, or --secret KEY=…"
        )
    own = {key: _file(value) if key in address.FILES else value for key, value in options.items()}
    own = {key: value for key, value in own.items() if key in address.PERSONAL}
    return {key: value for key, value in options.items() if key not in own}, {**own, **secrets}


def _file(value: str) -> str:
    """A file of this machine as DVC is to find it from anywhere."""
    if not value:
        return value
    file = Path(value).expanduser().absolute()
    if not file.is_file():
        raise UsageError("there is no such file", where=str(file))
    return str(file)


def _validate(kind: str, values: Mapping[str, str]) -> None:
    """See that DVC takes these settings: one that it does not know would stop every command of DVC's."""
    try:
        from dvc.config_schema import REMOTE_SCHEMAS
        from voluptuous import Invalid, Schema
    except ImportError:
        raise MissingExtraError("dvc", "data") from None
    known = [str(getattr(key, "schema", key)) for key in REMOTE_SCHEMAS[kind]]
    what = f"{kind} remotes" if kind else "folders"
    for key in values:
        if key not in known:
            # It is not repeated: what was typed as a key may be a secret in the wrong place.
            hint = near_matches(key, known) or ", ".join(one for one in known if one != "url")
            raise UsageError(f"{what} have no setting of that name", hint=hint)
    for key, value in values.items():
        try:
            Schema(REMOTE_SCHEMAS[kind])({key: value})
        except Invalid as error:
            raise UsageError(f"the value of {key} is wrong: {error.msg}") from None
        if not _survives(value):
            raise UsageError(
                f"the value of {key} cannot be kept in DVC's settings", hint="no line breaks, quotes or %("
            )


def _survives(value: str) -> bool:
    """Whether DVC reads from its settings what was written to them."""
    config_object = settings.parser()
    config = config_object()
    config["remote"] = {"value": value}
    try:
        lines = io.BytesIO()
        config.write(lines)
        return bool(config_object(io.BytesIO(lines.getvalue()), encoding="utf-8")["remote"]["value"] == value)
    except Exception:  # whatever the parser raises, DVC would raise too
        return False


def _check_folder(project: Project, folder: Path) -> None:
    top = Path(git(project.root, "rev-parse", "--show-toplevel", check=False) or project.root)
    if folder == top or top in folder.parents:
        raise UsageError(
            "this folder lies inside the repository, and would be lost with it",
            where=str(folder),
            hint="a folder on another disk or machine",
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError("this is a file, not a folder", where=str(folder))


def _keep_from_git(project: Project, local: Path) -> None:
    """See that git does not, and will not, hold the file with the secrets."""
    inside = git(project.root, "rev-parse", "--is-inside-work-tree", check=False) == "true"
    if not inside:
        return
    if git(project.root, "ls-files", "--", str(local)):
        raise ProjectError(
            "the file for secrets is under git, where everybody can read it",
            where=".dvc/config.local",
            hint="git rm --cached .dvc/config.local && git commit, and change the secrets in it",
        )
    if not git(project.root, "check-ignore", "--", str(local), check=False):
        ignore = local.parent / ".gitignore"
        lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.exists() else []
        files.write_text(ignore, "\n".join([*lines, "/config.local"]) + "\n")
        progress.note("config.local was not ignored by git; .dvc/.gitignore says so now")


def _section(name: str) -> str:
    return f'remote "{name}"'


def _save(file: Path, config: Any) -> None:
    with files.whole_file(file) as temporary:
        if file.name == "config.local":
            temporary.chmod(0o600)
        with temporary.open("wb") as stream:
            config.write(stream)
