"""`tiles split`: which tile is trained on and which one measures, and what the split gives away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Force, Json, Set
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Sequence


@verb
def split(
    by: Annotated[
        str | None, typer.Option("--by", metavar="tile|photo", help="photo: the random split of the reference; leaks.")
    ] = None,
    valid: Annotated[float | None, typer.Option("--valid", help="Share of tiles for validation.")] = None,
    test: Annotated[float | None, typer.Option("--test", help="Share of tiles for the final figures.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Same seed, same split.")] = None,
    set_: Set = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Assign whole tiles to train, valid and test, and audit what leaks.

    Example: tiles split --test 0.25
    """
    from tilecli.cli.pipeline import bring_up_to_date
    from tilecli.data import split as library
    from tilecli.data.manifest import read_manifest

    typed = {"split.by": by, "split.valid": valid, "split.test": test, "split.seed": seed}
    project, _, _ = bring_up_to_date("split", typed=typed, set_=set_, force=force)
    rows = read_manifest(project.split)
    counted, totals = library.table(rows), library.totals(rows)
    audit = json.loads(project.split_audit.read_text(encoding="utf-8"))
    if as_json:
        terminal.print_json({"rows": counted, "totals": totals, "audit": audit})
        return
    out = terminal.console()
    out.print(_table(counted, totals))
    out.print(_audit_table(audit))
    terminal.say(
        "[muted]leaked: test photos with another photo of their tile in training. Dice: what copying a mask scores"
        " with no model at all, the sibling's or that of the most similar training photo.[/]"
    )
    terminal.next_commands("tiles train")


def _table(counted: Sequence[dict[str, Any]], totals: dict[str, dict[str, int]]) -> Any:
    kinds = list(dict.fromkeys(row["type"] for row in counted))
    cells = {(row["subset"], row["type"]): f"{row['photos']} ({row['tiles']})" for row in counted}
    columns = [("subset", "left"), *((kind, "right") for kind in kinds), ("all", "right")]
    rows = [
        [subset, *(cells[subset, kind] for kind in kinds), f"{total['photos']} ({total['tiles']})"]
        for subset, total in totals.items()
    ]
    return terminal.table("Photos (tiles) by subset and type", columns, rows)


def _audit_table(audit: dict[str, Any]) -> Any:
    columns = [("audit", "left"), ("leaked", "right"), ("sibling's Dice", "right"), ("nearest's Dice", "right")]
    rows = [
        [
            label,
            terminal.percent(audit.get(f"{prefix}leaked_share")),
            terminal.number(audit.get(f"{prefix}copy_sibling_dice")),
            terminal.number(audit.get(f"{prefix}copy_nearest_dice")),
        ]
        for label, prefix in (
            (f"this split, by {audit['settings']['by']}", ""),
            ("random splits of these photos", "random_"),
        )
    ]
    return terminal.table("", columns, rows)
