"""`tiles export`: the checkpoint as the bundle that is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import terminal
from tilecli.cli.options import Force, Json, Set
from tilecli.cli.verb import verb

if TYPE_CHECKING:
    from tilecli.inference.bundle import Bundle


@verb
def export(
    precision: Annotated[
        str | None, typer.Option("--precision", metavar="auto|f32|bf16|int8", help="Of the bundle.")
    ] = None,
    int8: Annotated[
        bool, typer.Option("--int8", help="--precision int8: quantised; refused where it costs more than 0.005 Dice.")
    ] = False,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", help="Probability from which a pixel is defect; else chosen on valid."),
    ] = None,
    verdict_threshold: Annotated[
        float | None,
        typer.Option("--verdict-threshold", help="Score from which a photo is defective; else chosen on valid."),
    ] = None,
    max_error: Annotated[
        float | None,
        typer.Option(
            "--max-error", metavar="SHARE", help="What would be wrong more often than this is called uncertain."
        ),
    ] = None,
    flips: Annotated[
        int | None, typer.Option("--flips", metavar="1|2|4|8", help="Average over mirrored and turned copies.")
    ] = None,
    set_: Set = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Export the checkpoint and prove that the bundle's masks are the checkpoint's.

    Example: tiles export --precision f32
    """
    from tilecli.cli.pipeline import bring_up_to_date
    from tilecli.errors import UsageError
    from tilecli.inference.bundle import read_bundle

    if int8 and precision not in (None, "int8"):
        raise UsageError(f"--int8 and --precision {precision} contradict each other", hint="give one of the two")
    precision = "int8" if int8 else precision
    typed = {"export.precision": precision, "export.threshold": threshold}
    typed |= {"export.verdict_threshold": verdict_threshold, "export.max_error": max_error, "export.flips": flips}
    project, _, _ = bring_up_to_date("export", typed=typed, set_=set_, force=force)
    bundle = read_bundle(project.bundle)
    size = bundle.model.stat().st_size
    if as_json:
        facts: dict[str, object] = {
            "precision": bundle.precision,
            "threshold": bundle.threshold,
            "verdict_threshold": bundle.verdict_threshold,
            "uncertain_from": bundle.uncertain_from,
            "flips": bundle.flips,
            "temperature": bundle.calibration.temperature,
            "shift": bundle.calibration.shift,
        }
        facts["self_test_px"] = bundle.self_test.marked_px if bundle.self_test else None
        facts["reference_photos"] = bundle.reference.photos if bundle.reference else None
        terminal.print_json({"bundle": str(project.bundle), **facts, "bytes": size, "checks": bundle.checks})
        return
    rows = [
        ["precision", bundle.precision],
        ["a pixel is defect from", f"{bundle.threshold:g}"],
        ["a photo is defective from", f"{bundle.verdict_threshold:g} on {bundle.min_area_px} px"],
        *_band(bundle),
        *_flips(bundle),
        ["calibration", _calibration(bundle)],
        ["agreement with the checkpoint", f"Dice {bundle.checks.get('agreement', 0):.4f}"],
        *_int8(bundle.checks.get("int8")),
        ["self-test", f"passed, {bundle.self_test.marked_px} px marked" if bundle.self_test else "–"],
        ["reference for drift", f"{bundle.reference.photos} training photos" if bundle.reference else "–"],
        ["size", terminal.size(size)],
        ["folder", terminal.plain(project.bundle)],
    ]
    terminal.console().print(terminal.table("Bundle", [("", "left"), ("", "left")], rows))
    terminal.next_commands("tiles eval", "tiles predict PHOTO")


def _flips(bundle: Bundle) -> list[list[str]]:
    if bundle.flips == 1:
        return []
    found = bundle.checks.get("flips") or {}
    dice = [terminal.number(found.get(f"dice_{when}")) for when in ("after", "before")]
    return [["copies of a photo", f"{bundle.flips}: Dice {dice[0]} on valid photos, {dice[1]} without them"]]


def _band(bundle: Bundle) -> list[list[str]]:
    if bundle.uncertain_from is None:
        return []
    rows = [["a photo is uncertain from", f"{bundle.uncertain_from:g}"]]
    if found := bundle.checks.get("band"):
        wrong = f"{terminal.percent(found['false_alarm_rate'])} of good ones called defective"
        missed = f"{terminal.percent(found['miss_rate'])} of defective ones called good"
        asked = [terminal.percent(found[f"uncertain_{kind}_rate"]) for kind in ("good", "defect")]
        rows.append(["on valid photos", f"{wrong}, {missed}; {' and '.join(asked)} of them uncertain"])
    return rows


def _calibration(bundle: Bundle) -> str:
    found = bundle.calibration
    text = f"logits / {found.temperature:.3g} {'+-'[found.shift < 0]} {abs(found.shift):.3g}"
    before, after = (bundle.checks.get(f"ece_{when}") for when in ("before", "after"))
    return text if before is None or after is None else f"{text}; error {before:.3g} before, {after:.3g} after"


def _int8(cost: dict[str, Any] | None) -> list[list[str]]:
    if cost is None:
        return []
    against = f"{cost['dice_after']:.4f} against {cost['dice_before']:.4f} in {cost['against']}"
    return [["Dice on valid photos", f"{against}; masks agree at {cost['agreement']:.4f}"]]
