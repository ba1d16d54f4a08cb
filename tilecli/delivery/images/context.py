"""A folder with all that an image is built from: the recipe, the pinned packages, tiles itself and the bundle."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import tilecli
from tilecli import __version__, files
from tilecli.delivery.images import recipe
from tilecli.delivery.images.recipe import Facts
from tilecli.errors import DeployError, UsageError
from tilecli.inference.bundle import check_model, read_bundle
from tilecli.serving.model.live import version_of
from tilecli.serving.settings import KEYS_VARIABLE

Kind = Literal["docker", "compose", "heroku"]
MARKER = ".tiles-deploy.json"  # says that a folder was made here, and may be made anew
KEPT = ("secrets", ".env")  # what people keep in such a folder: it outlives being made anew
_IMAGE = re.compile(r"[A-Za-z0-9][\w./:@+-]*")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_KEY_BYTES = 24


@dataclass(frozen=True)
class Piece:
    """One file of a context: a POSIX path inside it, and a file to copy or the text to write."""

    path: str
    source: Path | None = None
    text: str = ""

    @property
    def size(self) -> int:
        """Bytes."""
        return self.source.stat().st_size if self.source is not None else len(self.text.encode())


@dataclass(frozen=True)
class Context:
    """What a folder for Docker, Compose or Heroku is made of."""

    kind: Kind
    facts: Facts
    pieces: Sequence[Piece]


def plan(bundle: Path, kind: Kind, name: str, base_image: str | None = None) -> Context:
    """What the context of a bundle holds; nothing is written.

    name: of the project, as people write it. base_image: other than `recipe.base_image`'s. Raises ModelError for a
    bundle that cannot be served, UsageError for an image that is none, DeployError where the packages are not known.
    """
    if base_image is not None and not _IMAGE.fullmatch(base_image):
        raise UsageError(f"'{base_image}' is no image", where="--base-image", hint=recipe.base_image())
    read = read_bundle(bundle)
    check_model(read)
    commit = str(read.training.get("commit") or "")
    facts = Facts(
        slug(name),
        version_of(bundle),
        commit if _COMMIT.fullmatch(commit) else "",
        base_image or recipe.base_image(),
    )
    texts = {
        "Dockerfile": recipe.dockerfile(facts),
        ".dockerignore": recipe.dockerignore(),
        "requirements.txt": "\n".join(requirements()) + "\n",
    }
    if kind == "heroku":
        texts["heroku.yml"] = recipe.heroku()
    else:
        texts[".gitignore"] = "# Made anew by tiles deploy, and secrets/ holds keys.\n*\n"
    if kind == "compose":
        texts |= {"compose.yaml": recipe.compose(facts), "prometheus/prometheus.yml": recipe.prometheus()}
    about = {"made by": "tiles deploy", "for": kind, "tiles": __version__, "bundle": facts.version}
    texts[MARKER] = json.dumps(about, indent=2) + "\n"
    pieces = [Piece(path, text=text) for path, text in texts.items()]
    pieces += [Piece(f"tilecli/{path}", source) for path, source in _files(Path(tilecli.__file__).parent)]
    pieces += [Piece(f"bundle/{path}", source) for path, source in _files(bundle)]
    return Context(kind, facts, pieces)


def requirements() -> list[str]:
    """`name==version` of everything that serving needs, as installed here; no index is asked.

    Raises DeployError where tiles runs without being installed, which leaves nobody to say what it needs.
    """
    from tilecli.experiments.environment import PACKAGE, locked_requirements

    found = locked_requirements(extras=())
    if not any(line.startswith(f"{PACKAGE}==") for line in found):
        raise DeployError("tiles is not installed here, so what it needs is not known", hint="pip install tilecli")
    return [line for line in found if not line.startswith(f"{PACKAGE}==")]


def slug(name: str) -> str:
    """A name as images and Compose take it: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "tiles"


def write(context: Context, out: Path) -> None:
    """Write the context to `out`, as a whole or not at all; keys that lie there stay.

    Raises DeployError where `out` is something that was not made here.
    """
    check_place(out)
    try:
        with files.whole_folder(out) as new:
            lay_out(context, new)
            for name in KEPT:
                _copy(out / name, new / name)
            if context.kind == "compose":
                _make_keys(new)
    except OSError as error:
        raise DeployError(f"the folder cannot be written: {error.strerror or error}", where=str(out)) from error


def check_place(out: Path) -> None:
    """Raise DeployError unless nothing is lost when `out` is made anew."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / MARKER).is_file():
        what = "this was not made by tiles deploy, so it is left as it is"
        raise DeployError(what, where=str(out), hint="--out with another folder, or remove it")
    made = {"Dockerfile", ".dockerignore", "requirements.txt", "heroku.yml", ".gitignore", "compose.yaml", "prometheus"}
    known = {*made, MARKER, "tilecli", "bundle", *KEPT}
    strange = sorted(entry.name for entry in out.iterdir() if entry.name not in known)
    if strange:
        what = f"'{strange[0]}' was put here by somebody, and would be lost"
        raise DeployError(what, where=str(out), hint="move it away, or --out with another folder")


def lay_out(context: Context, folder: Path) -> None:
    """Write every piece into `folder`, readable for whoever the image runs as."""
    folder.mkdir(exist_ok=True)
    for piece in context.pieces:
        target = folder / piece.path
        target.parent.mkdir(parents=True, exist_ok=True)
        if piece.source is not None:
            shutil.copyfile(piece.source, target)
        else:
            target.write_text(piece.text, encoding="utf-8")
    for entry in (folder, *folder.rglob("*")):
        entry.chmod(0o755 if entry.is_dir() else 0o644)


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(POSIX path inside, file) of a folder's files in their order, without caches and hidden ones."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inside.parts):
            yield inside.as_posix(), path


def _copy(former: Path, new: Path) -> None:
    if former.is_dir():
        shutil.copytree(former, new, symlinks=True)
    elif former.exists():
        shutil.copy2(former, new)


def _make_keys(folder: Path) -> None:
    """One key for clients and one for Prometheus, once; a key that is there is kept."""
    server, figures = folder / recipe.KEYS_FILE, folder / recipe.METRICS_KEY_FILE
    # The folder is closed to others; the file in it is open, as Prometheus reads it as nobody.
    server.parent.mkdir(mode=0o700, exist_ok=True)
    if not figures.is_file():
        figures.write_text(secrets.token_urlsafe(_KEY_BYTES), encoding="ascii")
        figures.chmod(0o444)
    if not server.is_file():
        own = figures.read_text(encoding="ascii").strip()
        server.touch(mode=0o600)
        server.write_text(f"{KEYS_VARIABLE}={secrets.token_urlsafe(_KEY_BYTES)},{own}\n", encoding="ascii")
