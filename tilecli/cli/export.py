"""`tiles export`: the checkpoint as the bundle that is deployed."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Force, Json, Set
from tilecli.cli.verb import verb


@verb
def export(
    precision: Annotated[
        str | None, typer.Option("--precision", metavar="auto|f32|bf16", help="Of the bundle.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Probability from which a pixel is defect; else chosen on valid."),
    ] = None,
    verdict_threshold: Annotated[
        float | None,
        typer.Option("--verdict-threshold", help="Score from which a photo is defective; else chosen on valid."),
    ] = None,
    set_: Set = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Export the checkpoint and prove that the bundle's masks are the checkpoint's.

    Example: tiles export --precision f32
    """
    from tilecli.cli.pipeline import bring_up_to_date
    from tilecli.inference.bundle import read_bundle

    typed = {"export.precision": precision, "export.threshold": threshold}
    typed["export.verdict_threshold"] = verdict_threshold
    project, _, _ = bring_up_to_date("export", typed=typed, set_=set_, force=force)
    bundle = read_bundle(project.bundle)
    size = bundle.model.stat().st_size
    if as_json:
        facts = {
            "precision": bundle.precision,
            "threshold": bundle.threshold,
            "verdict_threshold": bundle.verdict_threshold,
        }
        terminal.print_json({"bundle": str(project.bundle), **facts, "bytes": size, "checks": bundle.checks})
        return
    rows = [
        ["precision", bundle.precision],
        ["a pixel is defect from", f"{bundle.threshold:g}"],
        ["a photo is defective from", f"{bundle.verdict_threshold:g} on {bundle.min_area_px} px"],
        ["agreement with the checkpoint", f"Dice {bundle.checks.get('agreement', 0):.4f}"],
        ["size", terminal.size(size)],
        ["folder", terminal.plain(project.bundle)],
    ]
    terminal.console().print(terminal.table("Bundle", [("", "left"), ("", "left")], rows))
    terminal.next_commands("tiles eval", "tiles predict PHOTO")
