"""Training from a project's photos and split to `training/`: the Trainer, and where a run starts from."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import torch

from tilecli import files, lightning, progress
from tilecli.config import Params, TrainParams
from tilecli.data.classlist import read_classes
from tilecli.data.datamodule import TileData
from tilecli.errors import ModelError
from tilecli.layout import Project
from tilecli.learning import checkpoint, names, network, precision
from tilecli.learning.allocator import keep_freed_memory
from tilecli.learning.budget import Budget, EndOnTime, budget_of
from tilecli.learning.callbacks import EpochEnd, StepTicks, StopOnSignal
from tilecli.learning.compiling import compile_wanted
from tilecli.learning.epoch_pictures import STATE as PICTURES
from tilecli.learning.epoch_pictures import EpochPictures
from tilecli.learning.loggers.callback import STATE, TellLoggers
from tilecli.learning.loggers.interface import Run, RunLogger
from tilecli.learning.loggers.opening import check_loggers, open_loggers, run_name
from tilecli.learning.precision import Precision
from tilecli.learning.pretrain import pretrain
from tilecli.learning.stride import ValidateOnStride
from tilecli.learning.task import SegmentationTask
from tilecli.learning.trainer import count_workers, make_trainer, quiet_libraries, torch_threads


def train(project: Project, params: Params, *, resume: bool) -> None:
    """Fit the network of `params.train` on the project's training photos and write `training/`.

    With `resume`, goes on after the last finished epoch of an interrupted run with the same settings and photos;
    otherwise starts afresh. Raises ModelError or DataError for what the user can mend, and KeyboardInterrupt once the
    run has ended in order after Ctrl-C or SIGTERM.
    """
    settings = params.train
    names.check_names(settings.arch, settings.encoder)
    check_loggers(settings.loggers)
    chosen = precision.choose(settings)
    keep_freed_memory()
    with quiet_libraries(), torch_threads(chosen.threads):
        data = _fingerprint(project)
        restored = _restore(project, settings, data) if resume else None
        _fit(project, settings, chosen, data, restored)


def _fit(
    project: Project, settings: TrainParams, chosen: Precision, data: str, restored: dict[str, Any] | None
) -> None:
    ours = restored[checkpoint.OURS] if restored else None
    done = int(ours["epoch"]) if ours else 0
    if ours:
        checkpoint.restore_best(project.checkpoints / checkpoint.BEST, ours)
    budget = budget_of(settings, restored)
    if budget.is_over() if budget else done >= settings.epochs:
        what = "the time budget is used up" if budget else f"all {done} epochs are done"
        progress.note(f"nothing to resume: {what}")
        project.epoch_pictures.mkdir(exist_ok=True)  # of a run older than they are
        return
    torch.manual_seed(settings.seed)
    classes = read_classes(project.classes)
    built = network.build(settings, weights=restored is None, outputs=max(1, len(classes)))
    if restored is not None:
        built.network.load_state_dict(_network_state(restored))
    photos = TileData(project, settings, multiple=built.multiple, start_epoch=done, workers=count_workers(chosen))
    facts = {
        "train": settings.model_dump(mode="json"),
        "input": {**asdict(photos.contract), "mean": list(photos.contract.mean), "std": list(photos.contract.std)},
        "encoder_weights": ours["facts"]["encoder_weights"] if ours else built.encoder_weights,
        "precision": chosen.name,
        "memory_format": "channels_last" if chosen.channels_last else "contiguous",
        "device": chosen.device,
        "threads": chosen.threads,
        "seed": settings.seed,
        "resumed": restored is not None,
        "torch": str(torch.__version__),
        # By the clock, a run has as many steps as the machine had time for.
        "reproducible": budget is None,
    }
    if classes:
        facts["classes"] = list(classes)
    if ours and "pretraining" in ours["facts"]:
        facts["pretraining"] = ours["facts"]["pretraining"]
    count = sum(value.numel() for value in built.network.parameters())
    progress.note(
        f"{settings.arch}, {count / 1e6:.1f} M parameters, encoder weights: {facts['encoder_weights']}; "
        f"{chosen.name} on {chosen.device} with {chosen.threads} threads ({chosen.reason}); "
        f"{photos.photos['train']} training and {photos.photos['valid']} validation photos",
        **{key: facts[key] for key in ("encoder_weights", "precision", "device", "threads")},
    )
    if classes:
        progress.note(f"one output for each of {len(classes)} types: {', '.join(classes)}", classes=list(classes))
    if budget:
        progress.note(
            f"the schedule follows the clock and ends after {budget.seconds:g} s, whatever train.epochs says; "
            "such a run does not repeat to the last digit"
        )
    steps = photos.steps
    compiled = compile_wanted(built.network, settings, chosen, (settings.epochs - done) * steps)
    facts["compiled"] = compiled
    task = SegmentationTask(
        built.network,
        settings,
        chosen,
        steps=steps,
        start_epoch=done,
        restored=restored,
        budget=budget,
        compiled=compiled,
    )
    # Only now that nothing is left to be found wrong: what the last run wrote may still be wanted.
    if restored is None and project.training.exists():
        shutil.rmtree(project.training)
    ends = EpochEnd(
        project,
        facts,
        data,
        epochs=settings.epochs,
        patience=settings.patience,
        batch=settings.batch_size,
        state=ours,
        budget=budget,
    )
    if settings.pretrain_epochs and restored is None:
        with _enough_memory(settings), StopOnSignal() as stop:
            facts["pretraining"] = pretrain(built.network, photos, settings, chosen, stop)
        if budget:
            budget.begin_steps()
    epochs = -1 if budget else settings.epochs - done
    with (
        _loggers(project, settings, facts, restored) as loggers,
        _enough_memory(settings),
        StopOnSignal() as stop,
        _ticks(settings.epochs * steps, done * steps, budget) as ticks,
    ):
        callbacks: list[lightning.Callback] = [
            stop,
            StepTicks(ticks, settings.accumulate, budget),
            ValidateOnStride(settings.valid_every, epochs=settings.epochs, done=done, budget=budget),
            *([EndOnTime(budget)] if budget else []),
            EpochPictures(
                project.epoch_pictures,
                project.scratch / "pictures",
                photos.valid,
                most=settings.pictures,
                done=done,
                state=restored.get(PICTURES) if restored else None,
            ),
            ends,
        ]
        if loggers:
            every = settings.log_pictures
            callbacks.append(TellLoggers(loggers, ends, photos.valid, every=every, is_last=ends.is_last))
        trainer = make_trainer(
            chosen, epochs=epochs, accumulate=settings.accumulate, callbacks=callbacks, folder=project.training
        )
        trainer.fit(task, datamodule=photos)
    progress.result("train", **ends.facts(), seconds=round(ends.seconds, 1), epochs=ends.done)


@contextlib.contextmanager
def _ticks(steps: int, done: int, budget: Budget | None) -> Iterator[progress.Task]:
    """The task that advances with each step: in steps, or in seconds where those are what is limited."""
    amount, unit = (budget.seconds, "s") if budget else (steps, "steps")
    with progress.task("train", amount, unit) as ticks:
        ticks.done = budget.spent if budget else done
        yield ticks


def _loggers(
    project: Project, settings: TrainParams, facts: dict[str, Any], restored: dict[str, Any] | None
) -> contextlib.AbstractContextManager[dict[str, RunLogger]]:
    before = restored or {}
    run = Run(
        project.sources_root.name,
        run_name(),
        project.logs,
        settings={f"train.{name}": value for name, value in settings.model_dump(mode="json").items()},
        facts={name: value for name, value in facts.items() if name != "train"},
        after=int(before[checkpoint.OURS]["epoch"]) if restored else 0,
    )
    return open_loggers(project, settings.loggers, run, before.get(STATE, {}))


def _restore(project: Project, settings: TrainParams, data: str) -> dict[str, Any] | None:
    """The checkpoint to go on from; None, with a note, where there is none."""
    path = project.checkpoints / checkpoint.LAST
    if not path.is_file():
        progress.note("there is no interrupted training to resume: starting afresh")
        return None
    restored = checkpoint.read_last(path, settings, data)
    planned = "" if settings.time_budget else f" of {settings.epochs}"
    progress.note(f"resuming after epoch {restored[checkpoint.OURS]['epoch']}{planned}")
    return restored


def _network_state(restored: dict[str, Any]) -> dict[str, torch.Tensor]:
    prefix = "network."
    state: dict[str, torch.Tensor] = restored["state_dict"]
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def _fingerprint(project: Project) -> str:
    """A hash that changes with the photos' table, their classes and the split."""
    digest = hashlib.sha256()
    for path in (project.index, project.classes, project.split):
        if path.is_file():
            digest.update(files.sha256(path).encode())
    return digest.hexdigest()


@contextlib.contextmanager
def _enough_memory(settings: TrainParams) -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError as error:
        smaller = max(1, settings.batch_size // 2)
        raise ModelError(
            f"the GPU's memory is too small for batches of {settings.batch_size}",
            where="train.batch_size",
            hint=f"-S train.batch_size={smaller} -S train.accumulate={2 * settings.accumulate}",
        ) from error
