"""A second working tree of a project at some commit, for work that must not touch the user's files.

It is a git clone that borrows the repository's objects and shares DVC's cache, so it costs little more than its files.
Whoever makes one removes it with `remove`.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from tilecli.errors import MissingExtraError, ProjectError
from tilecli.experiments.project import ensure_identity, git
from tilecli.experiments.reading import cacheplace, dvccache, snapshot
from tilecli.layout import Project

# Settings of DVC that hold a path, which may be relative to the folder of the config file.
_CACHE_PATHS = ("dir",)
_REMOTE_PATHS = (
    "url",
    "gdrive_user_credentials_file",
    "gdrive_service_account_json_file_path",
    "credentialpath",
    "configpath",
    "keyfile",
    "cert_path",
    "key_path",
)


def clone_at(project: Project, rev: str, folder: Path) -> Project:
    """Clone the project's repository into `folder` with `rev` checked out; returns the project inside the clone.

    The clone has the repository's git identity and DVC settings (config.local too), reads and writes the same DVC
    cache, and runs no hooks. Of DVC's own files the batches of photos are there, which `fetch` reads, as far as the
    cache has them; `dvc checkout` brings the others that are wanted.
    """
    sha = git(project.root, "rev-parse", "--verify", "--quiet", f"{rev}^{{commit}}", check=False)
    if not sha:
        raise ProjectError(f"there is no commit '{rev}'", where=str(project.root))
    if folder.exists():
        raise ProjectError("the folder of a clone must not exist yet", where=str(folder))
    top = Path(git(project.root, "rev-parse", "--show-toplevel"))
    prefix = git(project.root, "rev-parse", "--show-prefix")
    cache = cacheplace.cache_folder(project)
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        # Hooks would be the user's own, DVC's among them, and know nothing of this place.
        no_hooks = f"core.hooksPath={os.devnull}"
        git(top, "clone", "--quiet", "--shared", "--no-checkout", "--config", no_hooks, str(top), str(folder))
        _borrow_everything(top, folder)
        git(folder, "checkout", "--quiet", "--detach", sha)
        inside = Project(folder / prefix if prefix else folder)
        if not inside.pipeline.is_file():
            raise ProjectError(f"the commit {sha[:7]} holds no dvc.yaml", where=prefix or str(top))
        _copy_identity(top, folder)
        _configure_dvc(project, inside, cache)
        _bring_batches(inside, dvccache.Cache(cache))
    except BaseException:
        remove(folder)
        raise
    return inside


def remove(folder: Path) -> None:
    """Delete a clone; what it added to the shared cache stays."""

    def writable(function: Any, path: str, _: object) -> None:
        # Linked from the cache, a file is read-only, and on some systems cannot be deleted so.
        Path(path).chmod(0o700)
        function(path)

    if folder.exists():
        shutil.rmtree(folder, onerror=writable)


def _borrow_everything(top: Path, folder: Path) -> None:
    """Let the clone see every object of the repository, also where git would rather copy (a shallow repository)."""
    common = Path(git(top, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    alternates = folder / ".git" / "objects" / "info" / "alternates"
    alternates.parent.mkdir(parents=True, exist_ok=True)
    alternates.write_text(f"{common / 'objects'}\n", encoding="utf-8")
    if (common / "shallow").is_file():
        shutil.copy2(common / "shallow", folder / ".git" / "shallow")


def _bring_batches(inside: Project, cache: dvccache.Cache) -> None:
    if not inside.batches.is_dir():
        return
    for out in snapshot.outputs(inside, snapshot.WORKSPACE):
        if (inside.root / out.path).parent == inside.batches and not cache.missing([out]):
            cache.restore(out, inside.root / out.path, linked=True)


def _copy_identity(top: Path, folder: Path) -> None:
    for key in ("user.name", "user.email"):
        if value := git(top, "config", key, check=False):
            git(folder, "config", "--local", key, value)
    ensure_identity(folder)


def _configure_dvc(project: Project, inside: Project, cache: Path) -> None:
    """Write the clone's config.local: the user's own, every path absolute, and the cache of the original."""
    config_object = _config_object()
    here, there = project.root / ".dvc", inside.root / ".dvc"
    local = config_object(str(here / "config.local"), encoding="utf-8", write_empty_values=True)
    _make_absolute(local, here)
    committed = config_object(str(there / "config"), encoding="utf-8")
    for section, values in _make_absolute(committed, here).items():
        for key, value in values.items():
            local.setdefault(section, {}).setdefault(key, value)
    local.setdefault("cache", {})["dir"] = str(cache)
    # DVC's notes about this clone are to vanish with it; by default they would stay in a place of their own.
    local.setdefault("core", {})["site_cache_dir"] = str(there / "tmp" / "site")
    local.filename = str(there / "config.local")
    there.mkdir(exist_ok=True)
    descriptor = os.open(local.filename, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it may hold passwords
    with os.fdopen(descriptor, "wb") as stream:
        local.write(stream)


def _make_absolute(config: Any, folder: Path) -> dict[str, dict[str, str]]:
    """Turn the relative paths of a DVC config into absolute ones, in place; returns those that changed."""
    changed: dict[str, dict[str, str]] = {}
    for section in config.sections:
        keys = _CACHE_PATHS if section == "cache" else _REMOTE_PATHS if section.startswith("remote ") else ()
        for key in keys:
            value = config[section].get(key)
            if value and not re.match(r"\w+://", value) and not Path(value).expanduser().is_absolute():
                config[section][key] = os.path.normpath(folder / value)
                changed.setdefault(section, {})[key] = config[section][key]
    return changed


def _config_object() -> Any:
    try:
        from configobj import ConfigObj  # type: ignore[import-untyped]  # comes with DVC
    except ImportError:
        raise MissingExtraError("dvc", "data") from None
    return ConfigObj
