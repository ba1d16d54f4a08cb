"""The two files of `training/checkpoints`: `best.ckpt`, from which the bundle is made, and `last.ckpt`, to resume.

Both are written whole or not at all and read without running code from them (`weights_only`). `best.ckpt` holds the
network and its facts; `last.ckpt` is Lightning's checkpoint with our state beside it.
"""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tilecli import files
from tilecli.config import TrainParams
from tilecli.errors import ModelError

if TYPE_CHECKING:
    import torch
    from torch import nn

FORMAT = 1  # of best.ckpt
BEST, LAST = "best.ckpt", "last.ckpt"
OURS = "tiles"  # the key of our state in Lightning's checkpoint

# Settings that a resumed run may change: none of them alters what has been learnt so far.
_MAY_CHANGE = frozenset(
    {"epochs", "patience", "time_budget", "valid_every", "compile", "loggers", "log_pictures", "pictures"}
)

Facts = dict[str, Any]


def write_best(path: Path, weights: dict[str, torch.Tensor], facts: Facts) -> None:
    """Write a network's weights and facts for `load_network`."""
    import torch

    with files.whole_file(path) as temporary:
        torch.save({"format": FORMAT, "network": weights, "facts": facts}, temporary)


def restore_best(path: Path, state: dict[str, Any]) -> None:
    """Write the best checkpoint that `state`, ours in a last checkpoint, was saved with.

    DVC puts `best.ckpt` back as dvc.lock knows it, or takes it away, before it runs an experiment again: what lies
    there when a run is resumed may be of another training.
    """
    best, weights = state["best"], state.get("best_weights")
    if best is not None and weights is not None:
        write_best(path, weights, {**state["facts"], "epoch": best["epoch"], "valid_dice": best["dice"]})


def load_network(path: Path) -> tuple[nn.Module, Facts]:
    """The network of a `best.ckpt` in eval mode and float32 on the CPU, and the facts of its training.

    The facts are `train` (its parameters), `input` (short_side, multiple, mean, std, channels), `encoder_weights`
    (really used), `precision`, `memory_format`, `device`, `threads`, `epoch`, `valid_dice` (at the threshold where it
    is highest), `seed`, `resumed`, `torch`; and `classes`, where types of defects are told apart, one output for each.
    Raises ModelError where there is no such file or it is not of this kind.
    """
    from pydantic import ValidationError

    from tilecli.learning.network import build_network

    content = read(path)
    if content.get("format") != FORMAT or "facts" not in content:
        raise ModelError("this checkpoint is of another kind or version", where=str(path), hint="tiles train")
    facts: Facts = content["facts"]
    try:
        params = TrainParams.model_validate_json(json.dumps(facts["train"]))
        network = build_network(params, weights=False, outputs=len(facts.get("classes", ["defect"])))
        network.load_state_dict(content["network"])
    except (ValidationError, KeyError, RuntimeError) as error:
        raise ModelError(
            f"this checkpoint does not fit this version of tiles: {str(error).splitlines()[0]}",
            where=str(path),
            hint="tiles train",
        ) from error
    return network.float().eval(), facts


def read_last(path: Path, params: TrainParams, data: str) -> dict[str, Any]:
    """The checkpoint to go on from, for a run with these parameters on the data with the fingerprint `data`.

    Raises ModelError that names what differs from the run that wrote it.
    """
    content = read(path)
    state = content.get(OURS)
    if not isinstance(state, dict):
        raise ModelError("this is no checkpoint of tiles", where=str(path), hint="tiles train, without --resume")
    # A setting that is younger than the run had its default.
    before = TrainParams().model_dump(mode="json") | state["facts"]["train"]
    now = params.model_dump(mode="json")
    differing = sorted(key for key in {*before, *now} - _MAY_CHANGE if before.get(key) != now.get(key))
    if differing:
        changes = ", ".join(f"train.{key} was {before.get(key)}, is {now.get(key)}" for key in differing)
        raise ModelError(
            f"the interrupted run had other settings: {changes}",
            where=str(path),
            hint="tiles train, without --resume, to start afresh",
        )
    if state["data"] != data:
        raise ModelError(
            "the photos or their split have changed since the interrupted run",
            where=str(path),
            hint="tiles train, without --resume, to start afresh",
        )
    return content


def read(path: Path) -> dict[str, Any]:
    """A checkpoint's content, its tensors on the CPU; ModelError where it is missing or damaged."""
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise ModelError("there is no checkpoint", where=str(path), hint="tiles train") from error
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, OSError) as error:
        raise ModelError("this checkpoint is damaged or no checkpoint", where=str(path), hint="tiles train") from error
    if not isinstance(content, dict):
        raise ModelError("this is no checkpoint of tiles", where=str(path), hint="tiles train")
    return cast(dict[str, Any], content)
