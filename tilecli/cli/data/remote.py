"""`tiles data remote add|set|list|default|remove|check`: where versions of the photos lie."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Json
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.experiments.remotes.settings import Remote

app = typer.Typer(no_args_is_help=True, help="Remotes: where versions of the photos lie.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The remote.")]
Secret = Annotated[
    list[str] | None,
    typer.Option(
        "--secret", metavar="KEY[=VALUE]", help="Kept on this machine, never in git; without VALUE it asks. Repeatable."
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="A setting of DVC's for this remote; repeatable."),
]
Endpoint = Annotated[
    str | None, typer.Option("--endpoint-url", metavar="URL", help="Server of an S3 storage that is not Amazon's.")
]


@app.command("add")
@verb
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="How you will call it, such as storage.")],
    url: Annotated[
        str, typer.Argument(metavar="URL", help="A folder, s3://BUCKET/FOLDER, ssh://USER@HOST/FOLDER or https://….")
    ],
    default: Annotated[bool, typer.Option("--default", "-d", help="Make it the default; the first one is.")] = False,
    endpoint_url: Endpoint = None,
    option: Setting = None,
    secret: Secret = None,
) -> None:
    """Add a place for versions of the photos. Secrets stay on this machine, out of git.

    Example: tiles data remote add storage s3://parts/photos --secret access_key_id --secret secret_access_key
    """
    from pathlib import Path

    from tilecli.experiments.remotes import address, writing
    from tilecli.layout import find_project

    project = find_project()
    where = address.parse(url, Path.cwd())
    options = _options(option, endpoint_url, where.kind)
    added = writing.add(project, name, where, options, _secrets(secret), default=default)
    _confirm(added, f"is {_shown(added)}")


@app.command("set")
@verb
def set_(name: Name, endpoint_url: Endpoint = None, option: Setting = None, secret: Secret = None) -> None:
    """Change settings or secrets of a remote, such as those of your own in a fresh clone. KEY= takes one away.

    Example: tiles data remote set storage --secret access_key_id --secret secret_access_key
    """
    from tilecli.errors import UsageError
    from tilecli.experiments.remotes import settings, writing
    from tilecli.layout import find_project

    project = find_project()
    if not (endpoint_url or option or secret):
        raise UsageError("nothing to change", hint="--option KEY=VALUE, --secret KEY or --endpoint-url URL")
    kind = settings.find(project, name).kind
    changed = writing.change(project, name, _options(option, endpoint_url, kind), _secrets(secret))
    _confirm(changed, "is changed")


@app.command("list")
@verb
def list_(as_json: Json = False) -> None:
    """List the remotes; the default one first.

    Example: tiles data remote list
    """
    from tilecli.experiments.remotes import address, settings
    from tilecli.layout import find_project

    found = settings.remotes(find_project())
    rows = [_row(remote) for remote in found]
    if as_json:
        terminal.print_json(rows)
        return
    if not rows:
        terminal.say("no remotes yet: [command]tiles data remote add storage FOLDER_OR_URL[/]")
        return
    columns = [("remote", "left"), ("where", "left"), ("", "left"), ("secrets here", "left")]
    cells = [
        [
            terminal.plain(remote.name),
            terminal.plain(address.masked(remote.url)),
            "default" if remote.default else "",
            terminal.plain(", ".join(_secret_keys(remote)) or "–"),
        ]
        for remote in found
    ]
    terminal.console().print(terminal.table("", columns, cells))


@app.command("default")
@verb
def default_(name: Name) -> None:
    """Make a remote the one that push and pull use.

    Example: tiles data remote default storage
    """
    from tilecli.experiments.remotes import writing
    from tilecli.layout import find_project

    _confirm(writing.set_default(find_project(), name), "is the default")


@app.command("remove")
@verb
def remove(name: Name) -> None:
    """Forget a remote and its secrets; the files there stay there.

    Example: tiles data remote remove storage
    """
    from tilecli.experiments.remotes import writing
    from tilecli.layout import find_project

    _confirm(writing.remove(find_project(), name), "is forgotten; its files stay where they are")


@app.command("check")
@verb
def check(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Left out: the default one.")] = None,
    as_json: Json = False,
) -> None:
    """Try a remote: write, list, read and delete a small file, and say what is wrong.

    Example: tiles data remote check
    """
    from tilecli.experiments.remotes import exchange, settings
    from tilecli.layout import find_project

    project = find_project()
    remote, steps = exchange.check(project, name)
    exposed = settings.exposed(project)
    failed = [step for step in steps if step["ok"] is False]
    if as_json:
        terminal.print_json({**_row(remote), "ok": not failed, "steps": steps, "secrets_in_git": exposed})
    else:
        _show_steps(remote, steps)
        for key in exposed:
            terminal.say(f"[warning]warning:[/] {terminal.plain(key)} is a secret, and stands in .dvc/config under git")
    if failed:
        raise typer.Exit(1)


def _show_steps(remote: Remote, steps: list[dict[str, Any]]) -> None:
    terminal.say(f"{terminal.plain(remote.name)}: {_shown(remote)}")
    marks = {True: "[good]✔[/]", False: "[error]✘[/]", None: "[muted]–[/]"}
    for step in steps:
        took = f"[muted]{step['ms']:.0f} ms[/]" if step["ok"] else ""
        said = terminal.plain(step["message"])
        terminal.say(
            f"  {marks[step['ok']]} {step['name']:<8} {said if step['ok'] is not None else f'[muted]{said}[/]'}{took}"
        )
        if step["hint"]:
            terminal.say(f"    [muted]next:[/]   {terminal.plain(step['hint'])}")


def _confirm(remote: Remote, what: str) -> None:
    extra = ", the default" if remote.default and "default" not in what and "forgotten" not in what else ""
    terminal.say(f"[good]✔[/] [bold]{terminal.plain(remote.name)}[/] {what}{extra}")
    held = _secret_keys(remote)
    if held and "forgotten" not in what:
        terminal.say(f"  [muted]only on this machine, in .dvc/config.local: {terminal.plain(', '.join(held))}[/]")
    if "forgotten" not in what:
        terminal.next_commands(f"tiles data remote check {remote.name}", 'git commit -m "Set the remote" .dvc/config')


def _options(given: list[str] | None, endpoint_url: str | None, kind: str) -> dict[str, str]:
    from urllib.parse import urlsplit

    from tilecli.errors import UsageError

    found = {}
    for text in given or []:
        key, separator, value = text.partition("=")
        if not separator:
            raise UsageError("--option needs KEY=VALUE", hint="--option region=eu-central-1")
        found[key.strip()] = value.strip()
    if endpoint_url is not None:
        parts = urlsplit(endpoint_url)
        if kind != "s3":
            raise UsageError("--endpoint-url belongs to S3 storage", hint="s3://BUCKET/FOLDER --endpoint-url URL")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("--endpoint-url is the address of a server", hint="https://storage.example.org:9000")
        if parts.username or parts.query:
            raise UsageError("the address of a server holds no secrets", hint="--secret access_key_id")
        found["endpointurl"] = endpoint_url
    return found


def _secrets(given: list[str] | None) -> dict[str, str]:
    """KEY=VALUE as given; for KEY alone ask at a terminal, or read a line of standard input."""
    from tilecli.errors import UsageError

    found = {}
    for text in given or []:
        key, separator, value = text.partition("=")
        if not key.strip().isidentifier():  # not repeated: it may be the secret itself
            raise UsageError("--secret needs KEY or KEY=VALUE", hint="--secret secret_access_key")
        if not separator and sys.stdin.isatty():
            value = typer.prompt(key, hide_input=True, err=True)
        elif not separator:
            value = sys.stdin.readline().rstrip("\n")
            if not value:
                raise UsageError(f"there is no value for {key} on standard input", hint=f"--secret {key}=VALUE")
        found[key.strip()] = value
    return found


def _row(remote: Remote) -> dict[str, Any]:
    from tilecli.experiments.remotes import address

    return {
        "name": remote.name,
        "url": address.masked(remote.url),
        "default": remote.default,
        "secrets": _secret_keys(remote),
    }


def _secret_keys(remote: Remote) -> list[str]:
    from tilecli.experiments.remotes import address

    return sorted(key for key in remote.settings if key in address.SECRET)


def _shown(remote: Remote) -> str:
    from tilecli.experiments.remotes import address

    endpoint = remote.settings.get("endpointurl")
    return terminal.plain(address.masked(remote.url) + (f" at {endpoint}" if endpoint else ""))
