"""Where an encoder's pretrained weights come from: the hub, its cache on this machine, or a file of the user's.

Nothing here waits for a network that is not there: the cache is asked first, and the hub gets three seconds to answer.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import pickle
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tilecli import files
from tilecli.errors import ModelError

PROBE_S = 3.0  # how long the hub may take to say that it is there, s

# torchvision's, timm's and our own ways to name the encoder's part of a file of weights.
_PREFIXES = ("", "encoder.", "module.", "model.", "backbone.", "network.encoder.", "model.encoder.", "module.encoder.")


@dataclass(frozen=True)
class HubWeights:
    """Pretrained weights that the hub has for an encoder."""

    setting: str  # what segmentation-models-pytorch calls them, usually "imagenet"
    repository: str
    revision: str | None


def hub_weights(encoder: str) -> HubWeights | None:
    """What the hub has for `encoder` (a valid name); None where nobody published weights."""
    from segmentation_models_pytorch.encoders import encoders

    if encoder.startswith("tu-"):
        import timm

        config = timm.get_pretrained_cfg(encoder.removeprefix("tu-"))
        if config is None or not config.hf_hub_id:
            return None
        repository, _, revision = config.hf_hub_id.partition("@")
        return HubWeights("imagenet", repository, revision or None)
    settings = encoders[encoder]["pretrained_settings"] if encoder in encoders else {}
    if not settings:
        return None
    name = "imagenet" if "imagenet" in settings else next(iter(settings))
    return HubWeights(name, settings[name]["repo_id"], settings[name].get("revision"))


def is_cached(weights: HubWeights) -> bool:
    """Whether the hub's cache on this machine holds the weights already."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(weights.repository, "model.safetensors", revision=weights.revision)
    return isinstance(found, str)


def is_reachable(weights: HubWeights, seconds: float = PROBE_S) -> bool:
    """Whether the hub answers for these weights within `seconds`; never takes longer."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    url = f"{constants.ENDPOINT}/{weights.repository}/resolve/{weights.revision or 'main'}/model.safetensors"
    return answers(url, seconds)


def answers(url: str, seconds: float) -> bool:
    """Whether a HEAD request to `url` is answered without an error within `seconds`."""
    import httpx

    found = threading.Event()

    def ask() -> None:
        with contextlib.suppress(httpx.HTTPError, OSError, ValueError):
            if httpx.head(url, timeout=seconds, follow_redirects=False).status_code < 400:
                found.set()

    # In a thread, because the look-up of a name takes as long as the system's resolver pleases.
    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    asker.join(seconds)
    return found.is_set()


@contextlib.contextmanager
def hub_mode(*, offline: bool) -> Iterator[None]:
    """Keep the hub's client quiet for the length of the block and, with `offline`, away from the network."""
    from huggingface_hub import constants

    utils: Any = importlib.import_module("huggingface_hub.utils")  # its names are made on demand, unseen by mypy
    before, bars = constants.HF_HUB_OFFLINE, not utils.are_progress_bars_disabled()
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    utils.disable_progress_bars()
    constants.HF_HUB_OFFLINE = before or offline
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        constants.HF_HUB_OFFLINE = before
        logger.setLevel(level)
        if bars:
            utils.enable_progress_bars()


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The named tensors of a .safetensors or .pth file; code in a pickle is never run. Raises ModelError."""
    if not path.is_file():
        raise ModelError(
            "there is no such file of encoder weights",
            where=str(path),
            hint="-S train.encoder_weights=auto",
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path, device="cpu"))
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, EOFError) as error:
        raise ModelError(
            "this file holds more than tensors, or is damaged; it was not loaded",
            where=str(path),
            hint="save its state_dict as .safetensors and give that",
        ) from error
    except Exception as error:  # safetensors and torch raise a dozen types for damaged files
        raise ModelError(f"these weights cannot be read: {error}", where=str(path)) from error
    for key in ("state_dict", "network", "model", "model_state_dict"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    tensors = {key: value for key, value in content.items() if isinstance(value, torch.Tensor)} if content else {}
    if not tensors:
        raise ModelError("this file holds no named tensors", where=str(path))
    return tensors


def load_file_weights(encoder: nn.Module, name: str, path: Path) -> str:
    """Put the weights of the file at `path` into `encoder` (called `name`); gives what to record about them.

    The file may hold an encoder, a classifier with such an encoder, or a whole network with one. A file for colour
    photos fits an encoder for grey ones: the first layer's channels are summed. Raises ModelError when it does not fit.
    """
    tensors = read_tensors(path)
    wanted = {key: value for key, value in encoder.state_dict().items() if not key.endswith("num_batches_tracked")}
    found = max((_renamed(tensors, prefix, wanted) for prefix in _PREFIXES), key=len)
    fitting = {key: _for_channels(value, wanted[key]) for key, value in found.items()}
    missing = [key for key in wanted if key not in fitting]
    unlike = [key for key, value in fitting.items() if value.shape != wanted[key].shape]
    if missing or unlike:
        example = (missing or unlike)[0]
        problem = (
            f"{len(missing)} of {len(wanted)} tensors are missing" if missing else f"{len(unlike)} differ in shape"
        )
        raise ModelError(
            f"these weights are not for the encoder {name}: {problem}, for example {example}",
            where=str(path),
            hint="-S train.encoder=NAME for the encoder that they are from",
        )
    # Through nn.Module, because some encoders' own load_state_dict expects a classifier's tensors to drop.
    nn.Module.load_state_dict(encoder, fitting, strict=False)
    return f"{path.name} sha256:{files.sha256(path)[:12]}"


def _renamed(tensors: dict[str, torch.Tensor], prefix: str, wanted: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    cut = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
    plain = {key: value for key, value in cut.items() if key in wanted}
    # smp wraps timm's models as encoder.model.
    wrapped = {f"model.{key}": value for key, value in cut.items() if f"model.{key}" in wanted}
    return max(plain, wrapped, key=len)


def _for_channels(value: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """A first layer for 3 channels as one for 1 (summed), or the other way round (spread evenly)."""
    if value.ndim == 4 and wanted.ndim == 4 and value.shape[0] == wanted.shape[0]:
        if value.shape[1] == 3 and wanted.shape[1] == 1:
            return value.sum(dim=1, keepdim=True)
        if value.shape[1] == 1 and wanted.shape[1] == 3:
            return value.expand(-1, 3, -1, -1) / 3
    return value
