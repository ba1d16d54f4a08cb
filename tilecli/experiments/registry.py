"""The model registry: versions and stages as annotated git tags of GTO's form, so that they travel with the repository.

    model@v1.2.0      this commit's bundle is version 1.2.0      (model@v1.2.0! takes it back)
    model#prod#3      the version of this commit is in prod      (model#prod#4 on another commit: that one is now;
                                                                  model#prod!#4 takes it out)

Tags are written by GTO, and read here with git alone, in milliseconds. What a version came to is in its tag's message.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tilecli import files
from tilecli.errors import MissingExtraError, ProjectError, UsageError, near_matches
from tilecli.experiments.project import ensure_identity, git
from tilecli.experiments.reading import dvccache, objects, snapshot
from tilecli.experiments.reading.lineage import OF_FOLDER
from tilecli.experiments.reading.snapshot import Output
from tilecli.layout import Project

if TYPE_CHECKING:
    from tilecli.experiments.store import Record

NAME = "model"  # of the artefact, in GTO's terms
OWN_TAGS = (f"{NAME}@", f"{NAME}#")  # how the tags of versions and stages begin
LATEST = "latest"
Bump = Literal["major", "minor", "patch"]
_FIRST = "v1.0.0"
_VERSION = r"v\d+\.\d+\.\d+[\w.+-]*"
_STAGE = r"[A-Za-z0-9](?:[\w/-]*[A-Za-z0-9])?"
_TAG = re.compile(rf"{NAME}(?:@(?P<version>{_VERSION})|#(?P<stage>{_STAGE}))(?P<back>!?)(?:#\d+)?")
_FACTS = "\n\nfacts: "  # in a tag's message, before the JSON of what the version came to
_FIELD, _END = "\x1f", "\x1e"
KEPT = ("dice_mean", "dice_photo", "miou", "defect_recall", "false_alarm_rate", "auroc", "dice_ci_low", "dice_ci_high")


@dataclass(frozen=True)
class Event:
    """One tag: a version registered or withdrawn, or a stage given or taken."""

    kind: Literal["registered", "withdrawn", "promoted", "demoted"]
    version: str
    stage: str  # empty where the event is about the version alone
    rev: str
    when: datetime
    who: str
    message: str
    facts: Mapping[str, Any]
    tag: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**vars(self), "when": self.when.isoformat(), "facts": dict(self.facts)}


@dataclass(frozen=True)
class Version:
    """One registered model."""

    name: str  # v1.2.0
    rev: str
    registered: Event
    stages: tuple[str, ...] = ()  # it is in now

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        event = self.registered
        return {
            "version": self.name,
            "rev": self.rev,
            "stages": list(self.stages),
            "registered": event.when.isoformat(),
            "by": event.who,
            "message": event.message,
            **event.facts,
        }


def events(project: Project) -> list[Event]:
    """Everything that ever happened, the oldest first."""
    fields = ("refname:lstrip=2", "objectname", "*objectname", "creatordate:iso-strict", "taggername", "contents")
    form = _FIELD.join(f"%({name})" for name in fields) + _END
    listed = git(project.root, "for-each-ref", f"--format={form}", "--sort=creatordate", f"refs/tags/{NAME}*")
    found: list[Event] = []
    registered: dict[str, list[str]] = {}  # commit → its versions, in their order
    for entry in filter(None, (part.strip("\n") for part in listed.split(_END))):
        tag, own, target, when, who, message = entry.split(_FIELD)
        match = _TAG.fullmatch(tag)
        if match is None:
            continue
        rev, back = target or own, bool(match["back"])
        words, facts = _parse(message)
        moment = datetime.fromisoformat(when)
        if match["version"]:
            registered.setdefault(rev, []).append(match["version"])
            kind: Any = "withdrawn" if back else "registered"
            found.append(Event(kind, match["version"], "", rev, moment, who, words, facts, tag))
        else:
            kind = "demoted" if back else "promoted"
            found.append(Event(kind, "", match["stage"], rev, moment, who, words, facts, tag))
    # A stage's tag names a commit; which version that is, is known once all are read: both may be of one second.
    found = [replace(event, version=event.version or (registered.get(event.rev) or [""])[-1]) for event in found]
    # Within a second: a version comes first, then what happens to stages; it is withdrawn when that is over.
    return sorted(found, key=lambda event: (event.when, event.kind == "withdrawn", _count(event.tag)))


def versions(project: Project) -> list[Version]:
    """Those that are registered now, the newest first, with the stages they are in."""
    alive: dict[str, Event] = {}
    current: dict[str, str] = {}  # stage → version
    for event in events(project):
        match event.kind:
            case "registered":
                alive[event.version] = event
            case "withdrawn":
                alive.pop(event.version, None)
            case "promoted":
                current[event.stage] = event.version
            case "demoted" if current.get(event.stage) == event.version:
                del current[event.stage]
    made = [
        Version(name, event.rev, event, tuple(sorted(stage for stage, of in current.items() if of == name)))
        for name, event in alive.items()
    ]
    return sorted(made, key=lambda version: _number(version.name), reverse=True)


def upcoming(known: list[Version]) -> dict[Bump, str]:
    """What the next version will be called, by the part that counts up; `known` as `versions` gives them."""
    if not known:
        return {"major": _FIRST, "minor": _FIRST, "patch": _FIRST}
    major, minor, patch, *_ = _number(known[0].name)
    return {"major": f"v{major + 1}.0.0", "minor": f"v{major}.{minor + 1}.0", "patch": f"v{major}.{minor}.{patch + 1}"}


def find(project: Project, wanted: str) -> Version:
    """The version called `v1.2.0` or `@v1.2.0`, `latest`, or the one in the stage of that name; ProjectError else."""
    known = versions(project)
    if not known:
        raise ProjectError("no model is registered yet", where=str(project.root), hint="tiles model register")
    name = wanted.removeprefix("@")
    if name == LATEST:
        return known[0]
    found = next((one for one in known if name in (one.name, one.name[1:]) or wanted in one.stages), None)
    if found is None:
        stages = sorted({stage for one in known for stage in one.stages})
        names = [*stages, LATEST, *(one.name for one in known)]
        raise ProjectError(
            f"no registered model is '{wanted}'", hint=near_matches(name, names) or f"there are {', '.join(names[:8])}"
        )
    return found


def register(
    project: Project,
    name: str,
    *,
    version: str | None = None,
    bump: Bump = "minor",
    message: str = "",
    gate: Mapping[str, Any] | None = None,
) -> Version:
    """Make the bundle of the commit or experiment called `name` a version; the first one is v1.0.0.

    Raises ProjectError for a run without a commit or without a model of its own, and where it is a version already.
    """
    from tilecli.experiments.naming import resolve

    record = resolve(project, name)
    if not record.rev:
        raise ProjectError(
            "only what is committed can be registered", where=name, hint='git commit -am "…"; or name an experiment'
        )
    if not has_bundle(record):
        raise ProjectError(f"'{name}' has no model of its own", where=record.rev[:7], hint="tiles train")
    known = versions(project)
    same = next((one for one in known if one.rev == record.rev), None)
    if same is not None:
        raise ProjectError(f"'{name}' is {same.name} already", hint=f"tiles model promote {same.name} STAGE")
    wanted = version if version is None or version.startswith("v") else f"v{version}"
    if wanted is not None and not re.fullmatch(_VERSION, wanted):
        raise UsageError(f"'{version}' is no version", where="--version", hint="--version v1.2.0")
    facts = facts_of(project, record, gate)
    words = (message or f"{NAME} of {facts['run']}") + _FACTS + json.dumps(facts, ensure_ascii=False, sort_keys=True)
    first = not known and wanted is None
    how = ["--version", wanted or _FIRST] if first or wanted else [f"--bump-{bump}"]
    _gto(project, "register", NAME, record.rev, "--message", words, *how)
    return next(one for one in versions(project) if one.rev == record.rev)


def has_bundle(record: Record) -> bool:
    """Whether a run has a model of its own, made from its last training."""
    return bool(record.model) and "bundle" not in record.stale


def promote(project: Project, wanted: str, stage: str, message: str = "") -> Version:
    """Put a version into a stage, in the place of the one that is there; ProjectError where it is there already."""
    if not re.fullmatch(_STAGE, stage) or stage == LATEST:
        raise UsageError(f"'{stage}' is no name of a stage", hint="dev, staging, prod: letters, digits, - and _")
    version = find(project, wanted)
    if stage in version.stages:
        raise ProjectError(f"{version.name} is in {stage} already", hint="tiles model list shows all")
    words = message or f"{version.name} to {stage}"
    _gto(project, "assign", NAME, "--version", version.name, "--stage", stage, "--message", words)
    return find(project, version.name)


def facts_of(project: Project, record: Record, gate: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a version carries in its tag: figures, the hashes of model, data and split, the gate's verdict."""
    outs = {out.path: out.md5.removesuffix(OF_FOLDER) for out in snapshot.outputs(project, record.rev)}
    name = record.name if record.baseline else objects.names(project.root).get(record.rev, record.rev[:7])
    facts: dict[str, Any] = {
        "metrics": {key: record.metrics[key] for key in KEPT if record.metrics.get(key) is not None},
        "model": record.model,
        "data": outs.get("data/dataset", ""),
        "split": outs.get("data/split.csv", ""),
        "run": name,
    }
    if gate is not None:
        facts["gate"] = {key: gate.get(key) for key in ("passed", "verdict", "metric")}
    return facts


def bring(project: Project, version: Version, *, remote: str | None = None) -> Path:
    """The folder with a version's bundle, laid out once under .dvc/tmp; from a remote where the cache lacks it."""
    from tilecli.experiments.remotes import exchange

    folder = project.scratch / "models" / version.rev
    if (folder / "bundle.json").is_file():
        return folder
    found = bundle_of(project, version)
    here = dvccache.of(project)
    if here.missing([found]):
        exchange.transfer(project, "fetch", [version.rev], remote=remote, inside=found.path)
    if here.missing([found]):
        raise ProjectError(
            f"neither DVC's cache nor its remote has the bundle of {version.name}",
            where=version.rev[:7],
            hint="tiles data push where it was trained",
        )
    with files.whole_folder(folder) as new:
        here.restore(found, new)
    return folder


def bundle_of(project: Project, version: Version) -> Output:
    """What DVC noted of a version's bundle."""
    path = project.bundle.relative_to(project.root).as_posix()
    out = next((one for one in snapshot.tracked_by_dvc(project, version.rev) if one.path == path), None)
    if out is None:
        raise ProjectError(f"the commit of {version.name} has no bundle", where=version.rev[:7], hint="tiles train")
    return out


def _gto(project: Project, *arguments: str) -> None:
    """`gto …` as a process of its own: its import sets up Python's logging anew, and closes what others log to."""
    ensure_identity(project.root)
    if importlib.util.find_spec("gto") is None:
        raise MissingExtraError("gto", "data")
    top = git(project.root, "rev-parse", "--show-toplevel")
    command = [sys.executable, "-c", "from gto.cli import app; app()", *arguments]
    done = subprocess.run(command, cwd=top, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().removeprefix("❌").strip()
        raise ProjectError(f"the registry refuses: {said}", hint="tiles model history")


def _parse(message: str) -> tuple[str, dict[str, Any]]:
    words, _, rest = message.partition(_FACTS)
    return words.strip(), snapshot.json_mapping(rest)


def _count(tag: str) -> int:
    """GTO counts what happens to stages, so that several within a second have an order; a version comes first."""
    return int(tag.rpartition("#")[2]) if tag.rpartition("#")[2].isdecimal() else 0


def _number(version: str) -> tuple[int, int, int, bool, str]:
    core = re.match(r"v(\d+)\.(\d+)\.(\d+)(.*)", version)
    assert core is not None  # noqa: S101 - by _TAG
    # What follows a hyphen comes before the version itself (semver.org, 11).
    return int(core[1]), int(core[2]), int(core[3]), not core[4].startswith("-"), core[4]
