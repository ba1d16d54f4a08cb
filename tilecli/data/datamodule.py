"""What a training step and a validation step are given: augmented crops, and whole photos in the network's form.

Every batch of crops follows from (seed, epoch, step) alone, so a resumed run sees what the uninterrupted one would
have seen, with any number of worker processes.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from tilecli import lightning
from tilecli.config import TrainParams
from tilecli.data import crops, preprocess
from tilecli.data.cutting import Cutter
from tilecli.data.photos import Held, load_subset, statistics
from tilecli.data.preprocess import InputContract, Placement
from tilecli.errors import DataError
from tilecli.layout import GOOD, Project
from tilecli.opencv import cv2


@dataclass
class CropBatch:
    """Crops of one step."""

    image: torch.Tensor  # N×C×S×S float32, normalised
    mask: torch.Tensor  # N×S×S uint8, see `Held.mask`
    epoch: int  # from 0, to check that data and loop agree
    step: int  # counts batches, of which a step of the optimiser may take several
    # P×2 int64: numbers of crops that show one place under two exposures; none unless consistency is asked for
    pairs: torch.Tensor = field(default_factory=lambda: torch.zeros((0, 2), dtype=torch.int64))

    def to(self, device: torch.device, *, non_blocking: bool = False) -> CropBatch:
        """The same batch on `device` (Lightning calls this)."""
        image, mask, pairs = (
            values.to(device, non_blocking=non_blocking) for values in (self.image, self.mask, self.pairs)
        )
        return CropBatch(image, mask, self.epoch, self.step, pairs)

    def pin_memory(self) -> CropBatch:
        """The same batch in page-locked memory (the loader calls this)."""
        image, mask, pairs = (values.pin_memory() for values in (self.image, self.mask, self.pairs))
        return CropBatch(image, mask, self.epoch, self.step, pairs)


@dataclass
class PhotoBatch:
    """Whole photos of equal padded size."""

    image: torch.Tensor  # N×C×H'×W' float32, normalised and padded
    photos: list[Held]
    placements: list[Placement]

    def to(self, device: torch.device, *, non_blocking: bool = False) -> PhotoBatch:
        """The same batch with its images on `device`; masks stay, they are compared on the CPU."""
        return PhotoBatch(self.image.to(device, non_blocking=non_blocking), self.photos, self.placements)


class CropDataset(Dataset[CropBatch]):
    """Batches of crops, addressed by (epoch, step)."""

    def __init__(self, photos: list[Held], params: TrainParams, contract: InputContract) -> None:
        self._cutter = Cutter(photos, params, contract.multiple)
        self._sources = [
            crops.Source(held.tile, held.defect, mask.shape[0], mask.shape[1], crops.defect_places(mask, seed=number))
            for number, (held, (_, mask)) in enumerate(zip(photos, self._cutter.pixels, strict=True))
        ]
        self._params, self._contract = params, contract
        self._sampler = self._sample(params.good_crops, params.defect_crops, params.balance)

    def unlabelled(self) -> CropDataset:
        """The same photos, good ones as often as they are, cut anywhere and otherwise left as they are."""
        other = copy.copy(self)
        good = self._cutter.good
        other._sampler = self._sample(good_share=sum(good) / len(good), defect_share=0.0, balance=0.0)
        other._cutter = self._cutter.plain()
        return other

    def _sample(self, good_share: float, defect_share: float, balance: float) -> crops.CropSampler:
        return crops.CropSampler(
            self._sources,
            GOOD,
            size=self._params.crop_size,
            batch=self._params.batch_size,
            good_share=good_share,
            defect_share=defect_share,
            balance=balance,
        )

    def __getitem__(self, place: tuple[int, int]) -> CropBatch:
        """The batch of `place` = (epoch, step), both from 0."""
        epoch, step = place
        rng = np.random.default_rng([self._params.seed, epoch, step])
        size, count = self._params.crop_size, self._params.batch_size
        image = np.empty((count, self._contract.channels, size, size), np.float32)
        mask = np.empty((count, size, size), np.uint8)
        cuts, pairs = self._cutter.cut(self._sampler.draw(rng), rng)
        for number, (photo, truth) in enumerate(cuts):
            image[number], mask[number] = preprocess.normalise(photo, self._contract), truth
        numbers = torch.tensor(pairs, dtype=torch.int64).reshape(-1, 2)
        return CropBatch(torch.from_numpy(image), torch.from_numpy(mask), epoch, step, numbers)


class EpochSteps(Sampler[tuple[int, int]]):
    """The places (epoch, 0) … (epoch, steps-1); each pass goes to the next epoch."""

    def __init__(self, steps: int, start: int) -> None:
        self._steps, self._epoch = steps, start

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[tuple[int, int]]:
        # Counted here and not told by the loop: workers fetch ahead before the loop announces its epoch. The task
        # compares the two counts and stops if they ever differ.
        # Counted when the first place is asked for: a loader with workers makes two iterators and uses one.
        epoch, self._epoch = self._epoch, self._epoch + 1
        for step in range(self._steps):
            yield epoch, step


class PhotoBatches(Dataset[PhotoBatch]):
    """Whole photos of one subset in batches of equal padded size, each photo once."""

    def __init__(self, photos: list[Held], contract: InputContract, max_pixels: int) -> None:
        """`max_pixels` bounds a batch of several photos, so that validation needs no more memory than training."""
        self._contract = contract
        shapes: dict[tuple[int, int], list[Held]] = {}
        for held in photos:
            height, width = held.photo.shape[:2]
            padded = (height + -height % contract.multiple, width + -width % contract.multiple)
            shapes.setdefault(padded, []).append(held)
        self._batches: list[list[Held]] = []
        for (height, width), group in sorted(shapes.items()):
            most = max(1, max_pixels // (height * width))
            self._batches += [group[start : start + most] for start in range(0, len(group), most)]

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> PhotoBatch:
        photos = self._batches[number]
        # The photos are at the network's scale already; only the way back must know the photo's own size.
        inputs = [preprocess.to_input(held.photo, self._contract) for held in photos]
        image = np.stack([values for values, _ in inputs])
        placements = [
            Placement(held.full_mask.shape, placement.scaled_size)
            for held, (_, placement) in zip(photos, inputs, strict=True)
        ]
        return PhotoBatch(torch.from_numpy(image), photos, placements)


class TileData(lightning.LightningDataModule):
    """Training crops and validation photos of a project."""

    def __init__(
        self, project: Project, params: TrainParams, *, multiple: int, start_epoch: int = 0, workers: int = 0
    ) -> None:
        """Read the photos; `multiple` is what the network needs its input's sides to be multiples of, px.

        Raises DataError when a subset has no photo.
        """
        super().__init__()
        # Crops are too small to gain from OpenCV's own threads, which would only fight torch's for the cores.
        cv2.setNumThreads(1)
        self._params, self._workers = params, workers
        train = load_subset(project, "train", channels=params.channels, short_side=params.img_size)
        valid = load_subset(project, "valid", channels=params.channels, short_side=params.img_size)
        for name, photos in (("train", train), ("valid", valid)):
            if not photos:
                raise DataError(
                    f"the {name} subset holds no photo",
                    where=str(project.split),
                    hint="tiles split -S split.valid=0.15",
                )
        mean, std = statistics(train)
        self.contract = InputContract(params.img_size, multiple, mean, std, params.channels)
        self.steps = params.steps_per_epoch or -(-len(train) // (params.batch_size * params.accumulate))
        self.photos = {"train": len(train), "valid": len(valid)}
        self.valid = valid
        self._crops = CropDataset(train, params, self.contract)
        self._order = EpochSteps(self.steps * params.accumulate, start_epoch)
        # The network at scale: a photo in validation takes the same short side as a crop's photo did in training.
        native = InputContract(0, multiple, mean, std, params.channels)
        self._batches = PhotoBatches(valid, native, params.batch_size * params.crop_size**2)

    def train_dataloader(self) -> DataLoader[CropBatch]:
        """Batches of crops."""
        return DataLoader(
            self._crops,
            batch_size=None,
            sampler=self._order,
            num_workers=self._workers,
            # Forked processes share the photos' memory with this one; newer Pythons would send each a copy. Not shared
            # memory by name: containers have little of it, and the batches need that.
            multiprocessing_context="fork" if self._workers else None,
            persistent_workers=self._workers > 0,
            pin_memory=self._workers > 0,
        )

    def pretraining_dataloader(self) -> DataLoader[CropBatch]:
        """Batches for learning without masks, as many per epoch as the training has steps."""
        return DataLoader(
            self._crops.unlabelled(),
            batch_size=None,
            sampler=EpochSteps(self.steps, 0),
            num_workers=self._workers,
            persistent_workers=self._workers > 0,
            pin_memory=self._workers > 0,
        )

    def val_dataloader(self) -> DataLoader[PhotoBatch]:
        """Whole photos."""
        return DataLoader(self._batches, batch_size=None, num_workers=0)
