"""What training is measured against: the same network and photos as their libraries' own first examples train them.

U-Net/ResNet-34 without pretrained weights, whole photos brought to a square, float32, no thought given to speed.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from tilecli import lightning
from tilecli.data import catalog
from tilecli.data.preprocess import read_photo
from tilecli.evaluation.overlays import save
from tilecli.layout import Project
from tilecli.learning.trainer import quiet_libraries
from tilecli.opencv import cv2


def lightning_rate(project: Project, *, batch: int, size: int, steps: int, device: str) -> float:
    """Photos per second of segmentation-models-pytorch in Lightning's Trainer, second epoch of `steps` steps."""
    clock = _EpochClock()
    with quiet_libraries():
        trainer = lightning.Trainer(
            accelerator="cpu" if device == "cpu" else "cuda",
            devices=1,
            max_epochs=2,
            limit_train_batches=steps,
            callbacks=[clock],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(_Segmenter(), DataLoader(_Photos(project, size), batch, shuffle=True, drop_last=True))
    return batch * steps / clock.seconds


class _Photos(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Photos and masks, read from their files each time."""

    def __init__(self, project: Project, size: int) -> None:
        self._project, self._size = project, (size, size)
        self._rows = catalog.read_index(project.index)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> tuple[torch.Tensor, torch.Tensor]:
        row = self._rows[number]
        photo = cv2.resize(read_photo(self._project.dataset / row.image, 3), self._size)
        mask = cv2.resize(catalog.read_mask(self._project.dataset, row), self._size, interpolation=cv2.INTER_NEAREST)
        image = torch.from_numpy(photo.transpose(2, 0, 1) / 255).float()
        return image, torch.from_numpy(mask[None]).float()


class _Segmenter(lightning.LightningModule):
    """smp's U-Net with its Dice loss and Adam, as in its examples."""

    def __init__(self) -> None:
        super().__init__()
        import segmentation_models_pytorch as smp

        self.network = smp.Unet("resnet34", encoder_weights=None, in_channels=3, classes=1)
        self.loss = smp.losses.DiceLoss("binary", from_logits=True)

    def training_step(self, batch: tuple[torch.Tensor, torch.Tensor]) -> Any:
        """Dice loss of one batch."""
        return self.loss(self.network(batch[0]), batch[1])

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam."""
        return torch.optim.Adam(self.parameters(), lr=1e-4)


class _EpochClock(lightning.Callback):
    """Seconds of the last epoch."""

    def __init__(self) -> None:
        self.seconds = self._began = 0.0

    def on_train_epoch_start(self, *_: Any) -> None:
        """Start."""
        self._began = time.perf_counter()

    def on_train_epoch_end(self, *_: Any) -> None:
        """Stop."""
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        self.seconds = time.perf_counter() - self._began


def fastai_missing() -> str:
    """Why fastai cannot be measured here; empty where it can."""
    return "" if importlib.util.find_spec("fastai") else "fastai is not installed (pip install fastai)"


def fastai_rate(project: Project, folder: Path, *, batch: int, size: int, steps: int, device: str) -> float:
    """Photos per second of fastai's `unet_learner(resnet34)`, second epoch of `steps` steps.

    folder: a new one, for masks in the form that fastai reads.
    """
    from fastai.vision.all import Callback, Resize, SegmentationDataLoaders, resnet34, unet_learner

    rows = catalog.read_index(project.index)[: batch * steps]
    for row in rows:
        save(folder / f"{row.photo}.png", catalog.read_mask(project.dataset, row).astype(np.uint8))
    taken: list[float] = []

    class Clock(Callback):  # type: ignore[misc]  # fastai is untyped
        """Seconds of each epoch."""

        def before_train(self) -> None:
            """Start."""
            self.began = time.perf_counter()

        def after_train(self) -> None:
            """Stop."""
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            taken.append(time.perf_counter() - self.began)

    mask_of: Callable[[Path], Path] = lambda path: folder / f"{path.stem}.png"  # noqa: E731 - fastai wants a function
    loaders = SegmentationDataLoaders.from_label_func(
        project.dataset,
        [project.dataset / row.image for row in rows],
        mask_of,
        codes=["good", "defect"],
        item_tfms=Resize(size),
        bs=batch,
        num_workers=0,
        valid_pct=0.0,
        device=torch.device(device),
    )
    learner = unet_learner(loaders, resnet34, pretrained=False, n_out=2, cbs=Clock())
    with quiet_libraries(), learner.no_bar(), learner.no_logging():
        learner.fit(2, 1e-4)
    return batch * steps / taken[-1]
