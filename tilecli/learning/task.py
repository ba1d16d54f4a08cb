"""One network being trained: what a step minimises and what a validation counts. No files, no records.

The loop around it is Lightning's; what happens at the end of an epoch is in `tilecli.learning.callbacks`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from tilecli import lightning
from tilecli.config import TrainParams
from tilecli.data import preprocess
from tilecli.data.datamodule import CropBatch, PhotoBatch
from tilecli.errors import ModelError
from tilecli.learning import losses
from tilecli.learning.budget import Budget
from tilecli.learning.counts import PixelCounts
from tilecli.learning.ema import AveragedWeights
from tilecli.learning.muon import Muon, muon_groups
from tilecli.learning.network import last_layer, strongest
from tilecli.learning.precision import Precision
from tilecli.learning.schedule import learning_rate

# Steps between two looks at the loss on a GPU, where a look makes the CPU wait for it.
_LOOK_EVERY = 25


class SegmentationTask(lightning.LightningModule):
    """Trains `network` to give the logits of defect pixels, or of the pixels of each class."""

    def __init__(
        self,
        network: nn.Module,
        params: TrainParams,
        precision: Precision,
        *,
        steps: int,
        start_epoch: int = 0,
        restored: dict[str, Any] | None = None,
        budget: Budget | None = None,
        compiled: bool = False,
    ) -> None:
        """`steps` of the optimiser per epoch; `start_epoch` epochs are done and held by the checkpoint `restored`.

        With a `budget` the rate follows its clock; `compiled` runs the training steps through torch.compile.
        """
        super().__init__()
        self.network = network.to(memory_format=precision.memory_format)
        self.average: AveragedWeights | None = None
        self.valid_loss = float("nan")
        self.valid = PixelCounts()
        self.validated = False  # in the present epoch
        self.maps: list[preprocess.Float32] = []  # of the last batch of photos: H×W probability at their own size
        self.rate = 0.0
        self._settings, self._precision = params, precision
        self._steps, self._start, self._restored = steps, start_epoch, restored
        self._budget = budget
        # The method and not the module: a wrapping module would put the weights into the checkpoint twice.
        self._train_forward = torch.compile(network.forward) if compiled else network
        self._losses: list[torch.Tensor] = []
        self._valid_sums: losses.PixelSums | None = None

    @property
    def epochs_done(self) -> int:
        """Epochs that were finished before the present one, in this run and in those it goes on from."""
        return self._start + self.current_epoch

    @property
    def train_loss(self) -> float:
        """Mean loss of the present epoch's steps so far."""
        return float(torch.stack(self._losses).double().mean()) if self._losses else float("nan")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """AdamW (Loshchilov and Hutter, ICLR 2019) or Muon; biases and norms are not decayed."""
        rate, decay = self._settings.learning_rate, self._settings.weight_decay
        if self._settings.optimizer == "muon":
            owner, name = last_layer(self.network)
            return Muon(muon_groups(self.network, getattr(owner, name), decay), rate)
        weights = [value for value in self.network.parameters() if value.ndim > 1]
        others = [value for value in self.network.parameters() if value.ndim <= 1]
        groups: list[dict[str, Any]]
        groups = [{"params": weights, "weight_decay": decay}, {"params": others}]
        return torch.optim.AdamW(groups, lr=rate, weight_decay=0.0, fused=True)

    def on_fit_start(self) -> None:
        """Take up the optimiser and the averaged weights where the checkpoint left them."""
        # Only now are the weights where they stay: moving them to a GPU makes new tensors.
        if self._settings.ema:
            self.average = AveragedWeights(self.network, self._settings.ema)
        if self._restored is None:
            return
        self.trainer.optimizers[0].load_state_dict(self._restored["optimizer_states"][0])
        plugin = self.trainer.precision_plugin
        plugin.load_state_dict(self._restored.get(type(plugin).__qualname__, {}))
        if self.average is not None:
            self.average.load_state_dict(self._restored["ema"])
        self._restored = None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Put the averaged weights beside the live ones."""
        if self.average is not None:
            checkpoint["ema"] = self.average.state_dict()

    def on_train_epoch_start(self) -> None:
        """Forget the last epoch's losses."""
        self._losses, self.validated = [], False

    def on_train_batch_start(self, batch: CropBatch, batch_idx: int) -> None:
        """Set the step's learning rate, and seed what is random inside the network (dropout)."""
        if (batch.epoch, batch.step) != (self.epochs_done, batch_idx):
            raise RuntimeError(f"data of {batch.epoch, batch.step} for step {self.epochs_done, batch_idx}")
        batches = self.epochs_done * self._steps * self._settings.accumulate + batch_idx
        # From the batch alone, so that resuming changes nothing. Not once per epoch: a loader that starts draws too.
        torch.manual_seed(self._settings.seed * 1_000_003 + batches)
        self.rate = self._rate(batches // self._settings.accumulate)
        for group in self.trainer.optimizers[0].param_groups:
            group["lr"] = self.rate

    def _rate(self, step: int) -> float:
        place, total = self._budget.place() if self._budget else (step, self._settings.epochs * self._steps)
        return learning_rate(self._settings, place, total)

    def training_step(self, batch: CropBatch, batch_idx: int) -> torch.Tensor:
        """The loss of one batch of crops."""
        logits = self._train_forward(batch.image.contiguous(memory_format=self._precision.memory_format))
        name = self._settings.loss
        sums = losses.sums_of(logits, batch.mask, focal=losses.needs_focal(name))
        loss = losses.loss_of(name, sums, self._settings.dice_over)
        self._losses.append(loss.detach())
        if self._settings.consistency:
            apart = losses.consistency_loss(logits.squeeze(1), batch.mask, batch.pairs)
            loss = loss + self._settings.consistency * apart
        if self.device.type == "cpu" or batch_idx % _LOOK_EVERY == 0:
            self._check_finite(loss)
        return loss

    def on_train_batch_end(self, _outputs: Any, _batch: CropBatch, batch_idx: int) -> None:
        """Take the new weights into the average, once per step of the optimiser."""
        if self.average is not None and (batch_idx + 1) % self._settings.accumulate == 0:
            self.average.update()

    def on_validation_epoch_start(self) -> None:
        """Validate what would be deployed: the averaged weights."""
        self.valid, self._valid_sums = PixelCounts(), None
        if self.average is not None:
            self.average.swap()

    def validation_step(self, batch: PhotoBatch, _: int) -> None:
        """Count pixels of whole photos at their own size."""
        logits = self.network(batch.image.contiguous(memory_format=self._precision.memory_format)).float()
        maps = torch.sigmoid(strongest(logits)).cpu().numpy()
        focal = losses.needs_focal(self._settings.loss)
        self.maps = []
        for number, (held, placement) in enumerate(zip(batch.photos, batch.placements, strict=True)):
            height, width = placement.scaled_size
            mask = torch.from_numpy(held.mask).to(logits.device)
            sums = losses.sums_of(logits[number : number + 1, :, :height, :width], mask[None], focal=focal)
            self._valid_sums = sums if self._valid_sums is None else self._valid_sums + sums
            probability = preprocess.to_photo(maps[number], placement)
            self.maps.append(probability)
            self.valid.add(probability, np.minimum(held.full_mask, 1))

    def on_validation_epoch_end(self) -> None:
        """Give the live weights back and sum up."""
        if self.average is not None:
            self.average.swap()
        assert self._valid_sums is not None  # noqa: S101 - the subset holds a photo, or there were no loop
        loss = losses.loss_of(self._settings.loss, self._valid_sums, self._settings.dice_over)
        self._check_finite(loss)
        self.valid_loss, self.validated = float(loss), True

    def deployed_weights(self) -> dict[str, torch.Tensor]:
        """The weights that were validated, on the CPU: the average, or the live ones where there is none."""
        weights = self.average.weights() if self.average is not None else self.network.state_dict()
        return {name: value.detach().cpu() for name, value in weights.items()}

    def _check_finite(self, loss: torch.Tensor) -> None:
        if not torch.isfinite(loss):
            rate = self._settings.learning_rate
            raise ModelError(
                f"the training diverged in epoch {self.epochs_done + 1}: the loss is {loss.item():g}",
                where=f"train.learning_rate = {rate:g}",
                hint=f"-S train.learning_rate={rate / 4:g}",
            )
