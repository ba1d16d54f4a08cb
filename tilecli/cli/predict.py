"""`tiles predict`: photos in, verdicts, masks and overlays out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tilecli.cli import terminal
from tilecli.cli.options import (
    BundleFolder,
    Engine,
    Model,
    Threshold,
    UncertainFrom,
    VerdictThreshold,
    bundle_folder,
)
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tilecli.inference.outcome import Outcome

_SIGNS = {"defect": "✘", "uncertain": "?", "good": "✔"}
_TABLE_ROWS = 40  # more is no table that anyone reads; everything is in predictions.jsonl


@verb
def predict(
    photos: Annotated[
        list[str],
        typer.Argument(metavar="PATH…", help="Photos, folders or patterns; - reads names from standard input."),
    ],
    bundle: BundleFolder = None,
    model: Model = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder for masks, overlays and predictions.jsonl.")
    ] = None,
    threshold: Threshold = None,
    verdict_threshold: VerdictThreshold = None,
    uncertain_from: UncertainFrom = None,
    engine: Engine = "openvino",
    fuse: Annotated[
        bool, typer.Option("--fuse", help="Judge photos of one spot together, found by their looks and names.")
    ] = False,
    fuse_by: Annotated[
        str | None,
        typer.Option(
            "--fuse-by", metavar="REGEX", help="--fuse, where photos are of one spot whose names have this in common."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON line per photo.")] = False,
) -> None:
    """Find defects in photos: verdict, regions, masks at the photo's own size.

    Exit code 1 when a photo could not be read; the others are done all the same.

    With --fuse, exposures of one spot are laid over each other and get one verdict, and each its own mask.

    Example: tiles predict photos/ --out results
    """
    from tilecli import progress
    from tilecli.cli.live import display
    from tilecli.inference import fusion
    from tilecli.inference.batch import expand, predict_batch, predict_spots
    from tilecli.inference.predictor import open_predictor

    lines = (line.rstrip("\n") for line in sys.stdin) if "-" in photos else ()
    paths = expand(photos, lines, out)
    predictor = open_predictor(bundle_folder(bundle, model), engine, threshold, verdict_threshold, uncertain_from)
    done: list[Outcome] = []
    with display():
        if fuse or fuse_by is not None:
            spots = fusion.spots_by_looks(paths) if fuse_by is None else fusion.spots_by_name(paths, fuse_by)
            outcomes = predict_spots(predictor, paths, spots, out)
        else:
            outcomes = predict_batch(predictor, paths, out)
        for outcome in progress.track(outcomes, "predict", len(paths), "photo"):
            done.append(outcome)
            if as_json:
                sys.stdout.write(json.dumps(outcome.as_dict(), ensure_ascii=False) + "\n")
    if not as_json:
        _show(done, out)
    failed = [outcome for outcome in done if outcome.error is not None]
    for outcome in failed:
        if outcome.error is not None:
            terminal.show_error(outcome.error)
    if failed:
        raise typer.Exit(1)


def _show(done: Sequence[Outcome], out: Path | None) -> None:
    fused = any(outcome.spot is not None for outcome in done)
    typed = any(outcome.tells_types for outcome in done)
    columns = [("spot", "right")] if fused else []
    columns += [("photo", "left"), ("verdict", "left"), *([("type", "left")] if typed else [])]
    columns += [("defect share", "right"), ("regions", "right")]
    columns += [("largest", "right"), ("ms", "right")]
    rows = []
    for outcome in done[:_TABLE_ROWS]:
        if outcome.error is not None:
            rows.append(
                [*(["–"] * fused), terminal.plain(outcome.path), "[uncertain]unreadable[/]", *(["–"] * (4 + typed))]
            )
            continue
        sign = _SIGNS[outcome.verdict or "good"]
        largest = outcome.regions[0] if outcome.regions else None
        rows.append(
            [
                *([str(outcome.spot)] * fused),
                terminal.plain(outcome.path),
                f"[{outcome.verdict}]{sign} {outcome.verdict}[/]",
                *([terminal.plain(outcome.type or "–")] * typed),
                terminal.percent(outcome.defect_share),
                str(len(outcome.regions)),
                f"{largest.area_px} px at {largest.box[0]},{largest.box[1]}" if largest else "–",
                f"{outcome.ms:.1f}",
            ]
        )
    console = terminal.console()
    console.print(terminal.table("", columns, rows))
    if len(done) > _TABLE_ROWS:
        terminal.say(f"… and {len(done) - _TABLE_ROWS} more; --json or --out lists every one")
    if len(done) > 1:
        defective = sum(outcome.verdict == "defect" for outcome in done)
        unsure = sum(outcome.verdict == "uncertain" for outcome in done)
        looked_at = f", {unsure} uncertain: a person should look at them" if unsure else ""
        terminal.say(f"{defective} of {len(done)} photos are defective{looked_at}")
    if out is not None:
        terminal.say(f"masks, overlays and predictions.jsonl are in {terminal.plain(out)}")
    else:
        terminal.next_commands("the same with --out results writes masks and overlays")
