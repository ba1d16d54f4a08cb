"""`tiles model register`, `promote`, `list`, `show`, `history` and `pull`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.registry import Version

Wanted = Annotated[str, typer.Argument(metavar="MODEL", help="A stage, a version such as v1.2.0, or latest.")]
Message = Annotated[str, typer.Option("--message", "-m", help="Why; part of the tag.")]


@verb
def register(
    run: Annotated[str, typer.Argument(metavar="[RUN]", help="A commit, branch or experiment.")] = "HEAD",
    version: Annotated[str | None, typer.Option("--version", help="v1.2.0; default: the next one.")] = None,
    bump: Annotated[
        Literal["major", "minor", "patch"], typer.Option("--bump", help="Which part of the version counts up.")
    ] = "minor",
    message: Message = "",
    as_json: Json = False,
) -> None:
    """Make a run's model a version: a git tag that says what it came to, on which data, and what the gate said.

    Example: tiles model register higher-rate -m "Less false alarms on scratched tiles"
    """
    from tilecli.experiments import registry
    from tilecli.experiments.naming import resolve
    from tilecli.layout import find_project
    from tilecli.reporting import decision

    project = find_project()
    gate = decision.read(project.report, resolve(project, run))
    made = registry.register(project, run, version=version, bump=bump, message=message, gate=gate)
    if as_json:
        terminal.print_json(made.as_dict())
        return
    tag = terminal.plain(made.registered.tag)
    terminal.say(f"[good]✔[/] {made.name}: {terminal.plain(made.registered.message)}")
    terminal.next_commands(f"git push origin {tag}", f"tiles model promote {made.name} dev")


@verb
def promote(
    model: Wanted,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="dev, prod, or any name.")],
    message: Message = "",
    as_json: Json = False,
) -> None:
    """Put a version into a stage, in the place of the one that is there.

    Example: tiles model promote v1.2.0 prod
    """
    from tilecli.experiments import registry
    from tilecli.layout import find_project

    found = registry.promote(find_project(), model, stage, message)
    if as_json:
        terminal.print_json(found.as_dict())
        return
    terminal.say(f"[good]✔[/] {found.name} is in {terminal.plain(stage)}")
    terminal.next_commands("git push origin --tags", f"tiles serve --model {stage}")


@verb
def list_versions(as_json: Json = False) -> None:
    """List the registered versions, the newest first, and the stages that they are in.

    Example: tiles model list
    """
    from tilecli.experiments import registry
    from tilecli.layout import find_project

    found = registry.versions(find_project())
    if as_json:
        terminal.print_json([version.as_dict() for version in found])
        return
    if not found:
        terminal.say("no model is registered yet: [command]tiles model register[/]")
        return
    columns = [("version", "left"), ("stages", "left"), ("dice_mean", "right"), ("false alarms", "right")]
    columns += [("gate", "left"), ("run", "left"), ("registered", "left"), ("why", "left")]
    terminal.console().print(terminal.table("", columns, [_row(version) for version in found]))


@verb
def show(model: Wanted, as_json: Json = False) -> None:
    """Show a version: its figures, data, split, gate, and where it came from.

    Example: tiles model show prod
    """
    from tilecli.experiments import registry
    from tilecli.layout import find_project

    found = registry.find(find_project(), model)
    facts = found.as_dict()
    if as_json:
        terminal.print_json(facts)
        return
    rows = [[name, terminal.plain(_said(value))] for name, value in _flat(facts)]
    terminal.console().print(terminal.table("", [("", "left"), ("", "left")], rows))
    terminal.next_commands(f"tiles report {found.rev[:10]}", f"tiles predict PHOTO --model {found.name}")


@verb
def history(as_json: Json = False) -> None:
    """List everything that happened to models: registered, promoted, by whom and why; the newest first.

    Example: tiles model history
    """
    from tilecli.experiments import registry
    from tilecli.layout import find_project

    found = list(reversed(registry.events(find_project())))
    if as_json:
        terminal.print_json([event.as_dict() for event in found])
        return
    columns = [
        ("when", "left"),
        ("what", "left"),
        ("version", "left"),
        ("stage", "left"),
        ("by", "left"),
        ("why", "left"),
    ]
    rows = [
        [f"{one.when:%Y-%m-%d %H:%M}", one.kind, one.version, *map(terminal.plain, (one.stage, one.who, one.message))]
        for one in found
    ]
    terminal.console().print(terminal.table("", columns, rows))


@verb
def pull(
    model: Wanted,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Folder to copy the bundle to.")] = None,
    remote: Annotated[str | None, typer.Option("--remote", help="DVC remote; default: the default one.")] = None,
    as_json: Json = False,
) -> None:
    """Bring a version's bundle here: from DVC's cache, else from the remote; nothing but the bundle.

    Example: tiles model pull prod --out deployed/
    """
    import shutil

    from tilecli import files
    from tilecli.cli.live import display
    from tilecli.errors import UsageError
    from tilecli.experiments import registry
    from tilecli.layout import find_project

    project = find_project()
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} is there already", hint="choose another folder, or remove that one")
    found = registry.find(project, model)
    with display():
        folder = registry.bring(project, found, remote=remote)
    if out is not None:
        with files.whole_folder(out) as new:
            shutil.copytree(folder, new, dirs_exist_ok=True)
    place = out if out is not None else folder
    if as_json:
        terminal.print_json({"version": found.name, "rev": found.rev, "bundle": str(place)})
        return
    terminal.say(f"[good]✔[/] {found.name}: [command]{terminal.plain(place)}[/]")


def _row(version: Version) -> list[str]:
    facts = version.registered.facts
    metrics = facts.get("metrics", {})
    gate = facts.get("gate")
    return [
        f"[best]{version.name}[/]" if version.stages else version.name,
        terminal.plain(", ".join(version.stages)),
        terminal.number(metrics.get("dice_mean")),
        terminal.percent(metrics.get("false_alarm_rate")),
        "–" if not gate else ("passed" if gate.get("passed") else "stopped"),
        terminal.plain(facts.get("run", version.rev[:7])),
        f"{version.registered.when:%Y-%m-%d}",
        terminal.plain(version.registered.message),
    ]


def _flat(facts: dict[str, Any], inside: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in facts.items():
        found += _flat(value, f"{inside}{name}.") if isinstance(value, dict) else [(inside + name, value)]
    return found


def _said(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)
