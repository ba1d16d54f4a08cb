"""Pretrained encoder weights as a file, to be carried to a machine that reaches no hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli import files, progress
from tilecli.errors import ModelError
from tilecli.learning import names, weights


@dataclass(frozen=True)
class Carried:
    """One file of weights."""

    encoder: str
    path: Path
    repository: str  # where they are from
    setting: str  # which of the encoder's weights, usually "imagenet"
    megabytes: float
    sha256: str
    downloaded: bool  # or the hub's cache on this machine had them


def carry(encoder: str, folder: Path) -> Carried:
    """Write the pretrained weights of `encoder`, for colour photos, to `folder`/ENCODER.safetensors.

    They come from the hub's cache on this machine or from the hub. `train.encoder_weights` takes the file, for colour
    and for grey photos. Raises ModelError for an unknown encoder, and where there are no weights or no way to them.
    """
    names.check_names("unet", encoder)
    found = weights.hub_weights(encoder)
    if found is None:
        raise ModelError(f"nobody publishes pretrained weights for the encoder {encoder}", where=encoder)
    cached = weights.is_cached(found)
    if not cached and not weights.is_reachable(found):
        raise ModelError(
            f"the hub that has the weights {found.repository} cannot be reached from here, and no copy is cached",
            where=encoder,
            hint=f"tiles model cache-weights {encoder}, on a machine that reaches it",
        )
    if not cached:
        progress.note(f"downloading pretrained weights: {found.repository}")
    state = _state(encoder, found, offline=cached)
    path = folder / f"{encoder.replace('/', '_')}.safetensors"
    _write(path, state, {"encoder": encoder, "repository": found.repository, "setting": found.setting})
    size = path.stat().st_size / 1e6
    return Carried(encoder, path, found.repository, found.setting, size, files.sha256(path), not cached)


def _state(encoder: str, found: weights.HubWeights, *, offline: bool) -> dict[str, Any]:
    from segmentation_models_pytorch.encoders import get_encoder

    try:
        with weights.hub_mode(offline=offline):
            built: Any = get_encoder(encoder, in_channels=3, depth=5, weights=found.setting)
    except Exception as error:  # the hub's client raises anything from OSError to its own two dozen types
        raise ModelError(
            f"the weights {found.repository} could not be fetched: {str(error).splitlines()[0]}", where=encoder
        ) from error
    return dict(built.state_dict())


def _write(path: Path, state: dict[str, Any], about: dict[str, str]) -> None:
    from safetensors.torch import save_file

    # Copies, because safetensors refuses tensors that share memory.
    plain = {name: value.detach().clone().contiguous() for name, value in state.items()}
    with files.whole_file(path) as temporary:
        save_file(plain, temporary, metadata={"format": "pt", **about})
