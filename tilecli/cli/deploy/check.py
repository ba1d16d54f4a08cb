"""`tiles deploy check`: is what answers at an address what was meant, and may its shadow take over?"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import BundleFolder, Json, Model, bundle_folder
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tilecli.delivery.check.compare import Checked
    from tilecli.reporting.check import Check

MASKS, CANARY = "A live server", "Its shadow (with --shadow-report)"


@verb
def check(
    url: Annotated[str, typer.Argument(metavar="URL", help="Of a running server, such as http://127.0.0.1:8000.")],
    bundle: BundleFolder = None,
    model: Model = None,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Photos to send.", rich_help_panel=MASKS)] = 20,
    photos: Annotated[
        Path | None,
        typer.Option("--photos", metavar="DIR", help="Of this folder; default: test photos.", rich_help_panel=MASKS),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Which photos.", rich_help_panel=MASKS)] = 0,
    min_agreement: Annotated[
        float | None,
        typer.Option(
            "--min-agreement",
            min=0,
            max=1,
            help="Dice of the masks and share of equal verdicts; default 0.99. Of a shadow: share of photos on which "
            "both or neither mark something; default 0.95.",
        ),
    ] = None,
    max_ms: Annotated[
        float | None,
        typer.Option("--max-ms", min=0, help="95 % of the photos, there and back.", rich_help_panel=MASKS),
    ] = None,
    any_version: Annotated[
        bool, typer.Option("--any-version", help="Another bundle may answer there.", rich_help_panel=MASKS)
    ] = False,
    shadow_report: Annotated[
        bool,
        typer.Option(
            "--shadow-report", help="Judge what this server measured of its shadow instead.", rich_help_panel=CANARY
        ),
    ] = False,
    min_requests: Annotated[
        int, typer.Option("--min-requests", min=1, help="Photos that both answered.", rich_help_panel=CANARY)
    ] = 200,
    min_dice: Annotated[
        float, typer.Option("--min-dice", min=0, max=1, help="Of the two masks.", rich_help_panel=CANARY)
    ] = 0.8,
    max_failed: Annotated[
        float, typer.Option("--max-failed", min=0, max=1, help="Share without an answer.", rich_help_panel=CANARY)
    ] = 0.02,
    max_slower: Annotated[
        float, typer.Option("--max-slower", min=0, help="Times this server's p95.", rich_help_panel=CANARY)
    ] = 2.0,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds for a server that is starting.")] = 0.0,
    key_file: Annotated[
        Path | None, typer.Option("--key-file", help="File with the API key; default: from TILES_API_KEYS.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Compare a live server's answers with the local bundle's; exit code 0, or 3 with the reasons.

    With --shadow-report: say promote or hold by what `tiles serve --shadow` measured; likewise 0 or 3.

    Example: tiles deploy check https://parts.example.com --sample 20 --max-ms 500

    Example: tiles deploy check --shadow-report http://127.0.0.1:8000
    """
    from tilecli.cli.live import display
    from tilecli.delivery.check.endpoint import Endpoint, key_from
    from tilecli.errors import GateError

    with Endpoint(url, key_from(os.environ, key_file)) as endpoint, display():
        if wait:
            endpoint.wait(wait)
        if shadow_report:
            from tilecli.delivery.check.canary import Limits, judge

            agreement = 0.95 if min_agreement is None else min_agreement
            limits = Limits(min_requests, agreement, min_dice, max_failed, max_slower)
            judged = judge(endpoint.shadow(), limits)
        else:
            from tilecli.delivery.check import sample as samples
            from tilecli.delivery.check.compare import Demands, compare
            from tilecli.inference.predictor import open_predictor
            from tilecli.layout import find_project
            from tilecli.serving.model.live import version_of

            folder = bundle_folder(bundle, model)
            version = version_of(folder)
            paths = (
                samples.of_folder(photos, sample, seed)
                if photos is not None
                else samples.of_project(find_project(), sample, seed)
            )
            demands = Demands(0.99 if min_agreement is None else min_agreement, max_ms, any_version)
            found = compare(endpoint, open_predictor(folder), version, paths, demands)
    if shadow_report:
        passed, words, checks = judged.promote, ("promote", "hold"), judged.checks
        said = judged.as_dict()
    else:
        passed, words, checks = found.passed, ("passed", "stopped"), found.checks
        said = found.as_dict()
    if as_json:
        terminal.print_json(said)
    else:
        _show(url, passed, words, checks)
        if not shadow_report:
            _show_facts(found)
    if not passed:
        raise typer.Exit(GateError.exit_code)


def _show(url: str, passed: bool, words: tuple[str, str], checks: Iterable[Check]) -> None:
    console = terminal.console()
    word = f"[good]✓ {words[0]}[/]" if passed else f"[defect]✗ {words[1]}[/]"
    console.print(f"{word} {terminal.plain(url)}", soft_wrap=True)
    for one in checks:
        mark = "[good]✓[/]" if one.passed else "[defect]✗[/]"
        console.print(f"  {mark} {terminal.plain(one.about)}: {terminal.plain(one.words)}", soft_wrap=True)


def _show_facts(found: Checked) -> None:
    console = terminal.console()
    there, inside = found.times("ms"), found.times("server_ms")
    console.print(
        f"  {len(found.photos)} photos: {terminal.percent(found.equal_pixels)} of the pixels equal; "
        f"p50 {there['p50']:.0f} ms, p95 {there['p95']:.0f} ms there and back, "
        f"{inside['p50']:.0f} and {inside['p95']:.0f} ms in the server",
        soft_wrap=True,
    )
    for name, (here, other) in found.settings.items():
        console.print(f"  {name}: {other} there, {here} here", soft_wrap=True)
    for one in found.as_dict()["least_alike"]:
        verdicts = f"{one['their_verdict']} there, {one['verdict']} here"
        console.print(f"  {terminal.plain(one['photo'])}: Dice {one['dice']:.3f}, {verdicts}", soft_wrap=True)
