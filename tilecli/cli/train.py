"""`tiles train`: run the pipeline as an experiment and show what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tilecli.cli import options, terminal
from tilecli.cli.options import COMMON, PIPELINE, Json, Preset, Set
from tilecli.cli.verb import verb

TRIALS = "Instead of an experiment"

if TYPE_CHECKING:
    from tilecli.experiments.store import Record
    from tilecli.layout import Project


@verb
def train(
    lr: Annotated[float | None, typer.Option("--lr", help="Peak learning rate.", rich_help_panel=COMMON)] = None,
    epochs: Annotated[int | None, typer.Option("--epochs", help="Number of epochs.", rich_help_panel=COMMON)] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(
            "--time-budget",
            metavar="30m",
            help="End on time, whatever the epochs: 90s, 30m, 2h.",
            rich_help_panel=COMMON,
        ),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option("--batch-size", help="Crops per step.", rich_help_panel=COMMON)
    ] = None,
    img_size: Annotated[
        int | None, typer.Option("--img-size", help="Short side, px; 0: the photo's own scale.", rich_help_panel=COMMON)
    ] = None,
    arch: Annotated[
        str | None, typer.Option("--arch", help="compactunet or any smp architecture.", rich_help_panel=COMMON)
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Encoder of an smp architecture.", rich_help_panel=COMMON)
    ] = None,
    encoder_weights: Annotated[
        str | None,
        typer.Option("--encoder-weights", help="auto, imagenet, none or a file.", rich_help_panel=COMMON),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of the training.", rich_help_panel=COMMON)] = None,
    device: Annotated[str | None, typer.Option("--device", help="auto, cpu, cuda.", rich_help_panel=COMMON)] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="auto, fp32, bf16, fp16.", rich_help_panel=COMMON)
    ] = None,
    preset: Preset = None,
    set_: Set = None,
    name: Annotated[
        str | None, typer.Option("--name", "-n", help="Name of the experiment.", rich_help_panel=PIPELINE)
    ] = None,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="Why you try this.", rich_help_panel=PIPELINE)
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="Stop after training: no export, no evaluation.", rich_help_panel=PIPELINE)
    ] = False,
    queue: Annotated[
        bool, typer.Option("--queue", help="Only queue it; tiles exp start runs it.", rich_help_panel=PIPELINE)
    ] = False,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            metavar="K",
            min=2,
            help="Cross-validate: K experiments NAME-fold1 …, each photo tested once.",
            rich_help_panel=PIPELINE,
        ),
    ] = None,
    jobs: Annotated[
        int | None,
        typer.Option("--jobs", "-j", min=1, help="Folds at a time, sharing the cores.", rich_help_panel=PIPELINE),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an interrupted training stopped.", rich_help_panel=PIPELINE)
    ] = False,
    find_lr: Annotated[
        bool,
        typer.Option("--find-lr", help="Only look for a good learning rate: a short test.", rich_help_panel=TRIALS),
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Only measure where the time goes: a few steps.", rich_help_panel=TRIALS)
    ] = False,
    as_json: Json = False,
) -> None:
    """Train, export and evaluate as one experiment; only what a change touches runs again.

    Example: tiles train --lr 0.01 --name higher-rate
    """
    from tilecli import paramfile
    from tilecli.cli.exp.queue import queue_up
    from tilecli.cli.live import display
    from tilecli.experiments import dvc, store
    from tilecli.experiments.project import experiment_name, prepare
    from tilecli.experiments.queue.enqueue import check_names
    from tilecli.layout import find_project

    project = find_project()
    typed = {
        "train.learning_rate": lr,
        "train.epochs": epochs,
        "train.time_budget": options.seconds_of(time_budget, "--time-budget"),
        "train.batch_size": batch_size,
        "train.img_size": img_size,
        "train.arch": arch,
        "train.encoder": encoder,
        "train.encoder_weights": encoder_weights,
        "train.seed": seed,
        "train.device": device,
        "train.precision": precision,
    }
    if folds or jobs:
        from tilecli.cli.folds import cross_validate

        cross_validate(
            project, folds, preset, typed, set_, name=name, jobs=jobs, message=message,
            only=only, queue_only=queue, resume=resume, as_json=as_json,
        )  # fmt: skip
        return
    wanted = options.changes(project, preset, typed, set_)
    if find_lr or profile:
        _try_out(project, wanted, find_lr=find_lr, profile=profile, others=queue or resume, as_json=as_json)
        return
    if queue:
        queue_up(project, [wanted], [name], targets=["train"] if only else [], message=message, as_json=as_json)
        return
    check_names(paramfile.load(project.params).train, wanted)
    prepare(project, commit_needed=True)
    name = experiment_name(project, name)
    try:
        with display():
            outcome = dvc.experiment(
                project,
                name=name,
                overrides=_as_overrides(wanted),
                targets=["train"] if only else [],
                message=message,
                resume=resume,
            )
    except KeyboardInterrupt:
        _say_resume(project, name)
        raise
    tried = store.experiments(project)
    done = next((record for record in tried if record.name == name), None)
    _show(project, done or store.workspace(project), outcome.ran, as_json=as_json)


def _try_out(
    project: Project, wanted: dict[str, Any], *, find_lr: bool, profile: bool, others: bool, as_json: bool
) -> None:
    from tilecli.cli import trials
    from tilecli.errors import UsageError

    if others or (find_lr and profile):
        raise UsageError("--find-lr and --profile each stand alone: they run here and now and keep nothing")
    (trials.find_rate if find_lr else trials.profile)(project, wanted, as_json=as_json)


def _as_overrides(wanted: dict[str, Any]) -> list[str]:
    from tilecli import paramfile

    return [paramfile.as_override(key, value) for key, value in wanted.items()]


def _say_resume(project: Project, name: str) -> None:
    if (project.checkpoints / "last.ckpt").exists():
        terminal.say(
            "stopped; params.yaml keeps this run's settings. "
            f"Go on with: [command]tiles train --resume --name {name}[/]"
        )
    else:
        terminal.say("stopped before the first epoch ended. Start again with: [command]tiles train[/]")


def _show(project: Project, done: Record, ran: list[str], *, as_json: bool) -> None:
    """The result beside the baseline's, and what to type next."""
    from dataclasses import asdict

    from tilecli.experiments import compare, store

    if as_json:
        terminal.print_json(asdict(done))
        return
    base = store.commit(project)
    out = terminal.console()
    metrics = compare.headline_metrics([done])
    if metrics:
        columns = [("metric", "left"), (done.name, "right")]
        compared = bool(compare.headline_metrics([base]))
        if compared:
            columns += [("last commit", "right"), ("", "left")]
        rows = [_figure_row(name, done, base, compared=compared) for name in metrics]
        out.print(terminal.table(f"Experiment {done.name}", columns, rows))
    if not set(ran) - {"check_packages"}:
        terminal.say("nothing had changed, so nothing was run again; change a setting with --lr … or -S key=value")
    if done.metrics.get("dice_mean") is not None:
        terminal.say(f"pictures of the test photos: {terminal.plain(project.pictures)}")
    terminal.next_commands(
        "tiles exp compare --sort dice_mean", "tiles predict PHOTO", f'git add . && git commit -m "{done.name}"'
    )


def _figure_row(name: str, done: Record, base: Record, *, compared: bool) -> list[str]:
    from tilecli.experiments.compare import higher_is_better

    value, old = done.metrics.get(name), base.metrics.get(name)
    text = terminal.number(value)
    low, high = done.metrics.get("dice_ci_low"), done.metrics.get("dice_ci_high")
    if name == "dice_mean" and low is not None and high is not None:
        text += f" ({terminal.number(low)}–{terminal.number(high)})"
    row = [name, text]
    if compared:
        row.append(terminal.number(old))
        if value is None or old is None or terminal.number(value) == terminal.number(old):
            row.append("")
        else:
            better = (value > old) == higher_is_better(name)
            row.append(f"{'▲' if value > old else '▼'} {'better' if better else 'worse'}")
    return row
