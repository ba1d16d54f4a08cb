"""Options that several verbs share, and how they become overrides of params.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

if TYPE_CHECKING:
    from tilecli.layout import Project

PIPELINE = "Pipeline"
COMMON = "Common settings (each stands for a -S)"

Set = Annotated[
    list[str] | None,
    typer.Option(
        "-S",
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting of params.yaml; repeatable.",
        rich_help_panel=PIPELINE,
    ),
]
Force = Annotated[
    bool, typer.Option("--force", "-f", help="Run again although nothing changed.", rich_help_panel=PIPELINE)
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]
BundleFolder = Annotated[
    Path | None, typer.Option("--bundle", help="Folder of the bundle; default: this project's models/bundle.")
]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="STAGE|@VERSION", help="A registered model instead: prod, @v1.2.0, latest."),
]
Threshold = Annotated[
    float | None, typer.Option("--threshold", help="Probability from which a pixel is defect; default: the bundle's.")
]
VerdictThreshold = Annotated[
    float | None,
    typer.Option("--verdict-threshold", help="Score from which a photo is defective; default: the bundle's."),
]
UncertainFrom = Annotated[
    float | None,
    typer.Option(
        "--uncertain-from",
        help="Score from which, up to the verdict threshold, a person should look; default: the bundle's.",
    ),
]
Engine = Annotated[str, typer.Option("--engine", help="openvino, onnxruntime or torch.")]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="NAME|FILE", help="Settings of a preset: demo, cpu, gpu, reference, or a file."),
]


def seconds_of(text: str | None, option: str) -> int | None:
    """Whole seconds of `90s`, `30m`, `2h`, `1h30m` or a bare number of seconds; None for None."""
    import re

    from tilecli.errors import UsageError

    if text is None:
        return None
    parts = re.fullmatch(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s?)?", text.strip().lower())
    if not text.strip() or parts is None:
        raise UsageError(f"'{text}' is no length of time", where=option, hint=f"{option} 30m, or 90s, 2h, 1h30m")
    hours, minutes, seconds = (int(part or 0) for part in parts.groups())
    return 3600 * hours + 60 * minutes + seconds


def changes(
    project: Project, preset: str | None = None, typed: Mapping[str, Any] | None = None, set_: list[str] | None = None
) -> dict[str, Any]:
    """What differs from params.yaml: the preset, then typed flags, then `-S`; validated as a whole.

    Returns `dotted key → value` for the keys whose value really changes.
    """
    return changer(project, preset)(typed, set_)


class Changer(Protocol):
    """Maps typed flags and `-S` to what they change."""

    def __call__(self, typed: Mapping[str, Any] | None, set_: list[str] | None = None) -> dict[str, Any]:
        """`dotted key → value`."""


def changer(project: Project, preset: str | None = None) -> Changer:
    """`changes` for many: reads params.yaml and the preset once."""
    from tilecli import paramfile, presets

    where, text = str(project.params), project.params.read_text(encoding="utf-8")
    differing = paramfile.changer(paramfile.parse_yaml(text, where), where, text, typed="the command line")
    chosen: dict[str, Any] = presets.load(presets.find(preset)) if preset else {}

    def changes(typed: Mapping[str, Any] | None, set_: list[str] | None = None) -> dict[str, Any]:
        wanted = chosen | {key: value for key, value in (typed or {}).items() if value is not None}
        return differing(wanted | paramfile.parse_overrides(set_ or []))

    return changes


def write_changes(project: Project, wanted: Mapping[str, Any]) -> None:
    """Put changed settings into params.yaml, keeping its comments."""
    from tilecli import paramfile

    if wanted:
        paramfile.write(project.params, wanted)


def bundle_folder(folder: Path | None, model: str | None) -> Path:
    """The bundle that --bundle or --model names; without either, this project's."""
    from tilecli.errors import UsageError
    from tilecli.layout import find_project

    if folder is not None and model is not None:
        raise UsageError("--bundle and --model name two bundles", hint="give one of them")
    if model is None:
        return folder if folder is not None else find_project().bundle
    from tilecli.experiments import registry

    project = find_project()
    return registry.bring(project, registry.find(project, model))
