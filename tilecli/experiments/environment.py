"""What figures depend on besides params: package versions, the code that each stage runs, the sources of the photos.

Only the runtime closure of tilecli's own requirements counts, so an unrelated package in the environment re-runs
nothing. Code counts by its syntax tree without docstrings, so neither does a better comment.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import hashlib
import json
import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import tilecli
from tilecli import files, kept
from tilecli.config import Params
from tilecli.data.fingerprint import fingerprints
from tilecli.layout import Project

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import Requirement

PACKAGE = "tilecli"
STAGES = ("fetch", "split", "train", "export", "evaluate")
EXTRAS = ("train",)  # the extras whose packages have a say in the figures


def write_environment(project: Project, params: Params) -> None:
    """Write everything under environment/; unchanged facts give unchanged files."""
    installed = _installation()
    files.write_text(project.requirements, "\n".join(installed["requirements"]) + "\n")
    files.write_json(project.code, installed["code"])
    write_sources(project, params)


def write_sources(project: Project, params: Params) -> None:
    """Write what the sources hold, which alone can change while a program runs."""
    try:
        former = json.loads(project.sources.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        former = {}
    cache = project.scratch / "source_hashes.json"
    found = fingerprints(params.data.sources, project.sources_root, former, cache, project.root)
    files.write_json(project.sources, found)


def _installation() -> dict[str, Any]:
    """The locked requirements and every stage's code, worked out once for an installation, as it takes a second."""
    folder = kept.cache_folder()
    place = None if folder is None else folder / "installations" / f"{_installation_key()}.json"
    if place is not None:
        with contextlib.suppress(OSError, ValueError):
            known = json.loads(place.read_text(encoding="utf-8"))
            kept.touch(place)
            return dict(known)
    found = {"requirements": locked_requirements(), "code": {stage: stage_code(stage) for stage in STAGES}}
    if place is not None:
        kept.store(place, json.dumps(found).encode())
    return found


def _installation_key() -> str:
    """Another one as soon as a file of tilecli changes, or a package comes, goes or is replaced."""
    own = sorted(Path(tilecli.__file__).parent.rglob("*.py"))
    packages = sorted(path for place in sys.path for path in Path(place).glob("*.dist-info") if path.is_dir())
    known = [(str(path), facts.st_mtime_ns, facts.st_size) for path in (*own, *packages) for facts in [path.stat()]]
    return hashlib.sha256(repr((sys.version, known)).encode()).hexdigest()[:24]


def locked_requirements(package: str = PACKAGE, extras: tuple[str, ...] = EXTRAS) -> list[str]:
    """`name==version` of `package` and everything it needs at run time here, sorted; missing packages are left out."""
    found: dict[str, str] = {}
    seen: set[tuple[str, str]] = set()
    todo = [(package, extra) for extra in ("", *extras)]
    while todo:
        name, extra = todo.pop()
        key = _canonical(name)
        if (key, extra) in seen:
            continue
        seen.add((key, extra))
        version, requirements = _installed(key)
        if not version:
            continue
        found[key] = version
        for requirement in requirements:
            if _applies(requirement.marker, extra):
                todo += [(requirement.name, wanted) for wanted in ("", *requirement.extras)]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


@functools.cache
def _installed(name: str) -> tuple[str, list[Requirement]]:
    """Version and requirements of a package; an empty version where it is not installed."""
    from packaging.requirements import Requirement

    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return "", []
    return distribution.version, [Requirement(line) for line in distribution.requires or []]


def _applies(marker: Marker | None, extra: str) -> bool:
    """Whether a requirement counts here for `extra`; what a package needs without extras is asked for with ''."""
    if marker is None:
        return not extra
    if extra and marker.evaluate({"extra": ""}):
        return False  # already taken with the package itself
    return marker.evaluate({"extra": extra})


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def stage_code(stage: str) -> str:
    """Hex digest of every tilecli module that the stage imports, directly or through another."""
    digest = hashlib.sha256()
    for name, path in sorted(_imported_modules(f"{PACKAGE}.stages.{stage}").items()):
        digest.update(f"{name}\n{_read(path).meaning}\n".encode())
    return digest.hexdigest()


def _imported_modules(start: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    todo = [start]
    while todo:
        name = todo.pop()
        if name in found or not name.startswith(PACKAGE):
            continue
        path = _source(name)
        if path is None:
            continue
        found[name] = path
        todo += _read(path).imported
    return found


def _source(module: str) -> Path | None:
    """The module's file, found by its name alone: importing it to ask would load torch."""
    path = Path(tilecli.__file__).parent.joinpath(*module.split(".")[1:])
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


class _Module(NamedTuple):
    """What matters of a file of code."""

    imported: list[str]  # modules that it may import
    meaning: str  # its syntax tree as text, without docstrings and positions


@functools.cache
def _read(path: Path) -> _Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            # `from tilecli.data import split` may name a module or something inside one.
            imported += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return _Module(imported, ast.dump(tree, include_attributes=False))
