"""params.yaml as frozen, strict models: every setting, its type, its bounds, its default and its meaning.

Reading and overriding params lives in `tilecli.paramfile`; this module opens no file.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(ge=1)]
NonNegative = Annotated[int, Field(ge=0)]
AugmentLevel = Literal["none", "mirror", "light", "moves", "full"]  # each does what those before it do; data/augment.py


class Section(BaseModel):
    """Base of every section: no unknown keys, no silent conversions, no changes after reading."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class SampleParams(Section):
    """The built-in synthetic photos (`sources: [sample]`)."""

    tiles: Annotated[int, Field(ge=12)] = Field(
        96, description="how many tiles; each is photographed under several exposures"
    )
    seed: NonNegative = Field(1, description="same seed, same photos")


class DataParams(Section):
    """Where photos come from and what is accepted."""

    sources: tuple[str, ...] = Field(
        ("magnetic-tiles",),
        min_length=1,
        description="one or several: magnetic-tiles, sample, a folder, an archive, a URL, a CSV of image,mask,defect",
    )
    good: tuple[str, ...] = Field(
        ("good", "free", "ok"), description="defect types that mean 'no defect'; their photos need no mask"
    )
    target: Literal["binary", "type"] = Field(
        "binary", description="what a pixel is told: defect or not, or which type of defect"
    )
    skip_bad: bool = Field(False, description="go on without photos that fail a check (they are listed)")
    max_unpacked_gb: Annotated[float, Field(gt=0)] = Field(
        20.0, description="an archive that grows past this is refused, GB"
    )
    sample: SampleParams = SampleParams()


class SplitParams(Section):
    """Which photo is used for what."""

    by: Literal["tile", "photo"] = Field(
        "tile",
        description="tile: all photos of one part in one subset (honest); photo: random, leaks",
    )
    valid: Share = Field(0.15, description="share of tiles for choosing checkpoint and threshold")
    test: Share = Field(0.2, description="share of tiles kept for the final figures")
    seed: NonNegative = Field(0, description="same seed, same split")
    good: bool = Field(True, description="use defect-free photos too; false only for parity with the reference project")
    folds: NonNegative = Field(
        0, description="cross-validation in so many folds, each the test once (tiles train --folds); 0: by shares"
    )
    fold: NonNegative = Field(0, description="which of the folds is the test, from 0; valid is a share of the others")

    @model_validator(mode="after")
    def _leaves_training(self) -> SplitParams:
        test = 0.0 if self.folds else self.test  # a fold is the test, whatever its share
        if self.valid + test > 0.9:
            raise ValueError(f"valid + test is {self.valid + test:g}; at least 0.1 must be left for training")
        return self

    @model_validator(mode="after")
    def _has_the_fold(self) -> SplitParams:
        if self.folds == 1:
            raise ValueError("folds is 1, which leaves none to train on; 0 is one split by shares, 2 the fewest folds")
        if self.fold >= max(1, self.folds):
            raise ValueError(f"fold is {self.fold} of {self.folds} folds; they count from 0")
        return self


class TrainParams(Section):
    """Network, optimisation and the crops it sees."""

    arch: str = Field("compactunet", description="compactunet, or any architecture of segmentation-models-pytorch")
    encoder: str = Field("resnet34", description="encoder of an smp architecture; compactunet has its own")
    encoder_weights: str = Field(
        "auto",
        description="auto (imagenet where reachable, else from scratch), imagenet, none, or a .safetensors/.pth file",
    )
    widths: tuple[Positive, ...] = Field(
        (32, 48, 64, 96, 128), min_length=2, description="channels per level of compactunet, finest first"
    )
    norm: Literal["batch", "group", "instance"] = Field(
        "batch", description="how compactunet normalises; group and instance do not depend on the batch's other crops"
    )
    # σ(−3), about the share of defect pixels in the crops of a step; to so many digits that a float32 logit is −3.
    prior_bias: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.04742587, description="probability of defect that every pixel starts from"
    )
    channels: Literal[1, 3] = Field(1, description="1: photos are read as grey; 3: as RGB")
    img_size: NonNegative = Field(0, description="short side of a photo in px; 0 keeps the photo's own scale")
    crop_size: Annotated[int, Field(ge=32, multiple_of=32)] = Field(160, description="side of a training crop, px")
    batch_size: Positive = Field(24, description="crops per batch")
    accumulate: Positive = Field(1, description="batches per step: their mean gradient moves the weights once")
    pretrain_epochs: NonNegative = Field(
        0, description="epochs of filling in hidden blocks of the training photos, without masks, before the training"
    )
    epochs: Positive = Field(40, description="an epoch is steps_per_epoch steps and one validation")
    steps_per_epoch: NonNegative = Field(0, description="0: one crop from every training photo")
    time_budget: NonNegative = Field(0, description="end after this many seconds instead of after epochs; 0: off")
    optimizer: Literal["adamw", "muon"] = Field(
        "adamw", description="adamw, or muon: orthogonal steps, which learn from scratch in fewer of them"
    )
    learning_rate: Annotated[float, Field(gt=0, le=10)] = Field(0.002, description="peak rate of the optimiser")
    weight_decay: Annotated[float, Field(ge=0)] = Field(0.01, description="share of a weight lost per step and rate")
    warmup: Share = Field(0.05, description="share of all steps over which the rate rises")
    schedule: Literal["cosine", "constant"] = Field("cosine", description="what the rate does after the warm-up")
    loss: Literal["bce_dice", "focal_dice", "bce", "dice"] = Field("bce_dice", description="what is minimised")
    dice_over: Literal["batch", "crop"] = Field(
        "batch", description="Dice of all pixels of a batch, or the mean over its crops that hold a defect"
    )
    consistency: Annotated[float, Field(ge=0)] = Field(
        0.0, description="weight of the difference between predictions for two exposures of one spot; 0: off"
    )
    defect_crops: Share = Field(0.75, description="share of crops of defect photos that are centred on a defect pixel")
    good_crops: Share = Field(0.2, description="share of each batch cut from defect-free photos")
    inject: Share = Field(0.0, description="share of the good crops that get a defect of another photo pasted in")
    inject_blend: Literal["alpha", "poisson"] = Field(
        "alpha", description="how it is pasted: feathered, or by its gradients (slower)"
    )
    balance: Share = Field(0.5, description="0: defect types as often as their photos; 1: every type equally often")
    augment: AugmentLevel = Field(
        "light",
        description="mirror: flips; light: and quarter turns; moves: and shifts, scale; full: and exposure, focus",
    )
    ema: Annotated[float, Field(ge=0, lt=1)] = Field(0.99, description="decay of the averaged weights; 0: off")
    valid_every: Positive = Field(1, description="in the first half of a run, validate only every so many epochs")
    patience: NonNegative = Field(0, description="stop after this many epochs without a better valid Dice; 0: never")
    seed: NonNegative = Field(0, description="same seed, same machine: same metrics")
    device: str = Field("auto", description="auto, cpu, cuda or cuda:N")
    precision: Literal["auto", "fp32", "bf16", "fp16"] = Field(
        "auto", description="auto: bf16 where the hardware is good at it"
    )
    # Not on and off: YAML 1.1, which PyYAML reads, takes those for booleans.
    compile: Literal["auto", "always", "never"] = Field(
        "auto", description="torch.compile; auto: on a GPU, where the run is long enough to pay for it"
    )
    loggers: tuple[Literal["tensorboard", "mlflow", "wandb"], ...] = Field(
        (), description="further records below logs/, each an extra of that name; nothing leaves this machine"
    )
    log_pictures: NonNegative = Field(
        5, description="loggers get pictures of fixed validation photos every so many epochs; 0: none"
    )
    pictures: Annotated[int, Field(ge=0, le=4)] = Field(
        4, description="validation photos whose prediction is kept after every validation, for tiles studio; 0: none"
    )

    @model_validator(mode="after")
    def _good_crops_teach(self) -> TrainParams:
        if self.loss == "dice" and self.dice_over == "crop":
            raise ValueError("with dice_over: crop, the loss dice alone says nothing about crops without a defect")
        return self


class ExportParams(Section):
    """The bundle that is deployed."""

    precision: Literal["auto", "f32", "bf16", "int8"] = Field(
        "auto", description="auto: bf16 where the CPU has it and masks agree; int8: quantised, refused where it costs"
    )
    min_agreement: Share = Field(0.995, description="least Dice between the bundle's masks and the checkpoint's")
    max_int8_cost: Share = Field(0.005, description="most Dice that int8 may cost on the valid subset")
    temperature: Annotated[float, Field(gt=0, le=100)] | None = Field(
        None, description="logits are divided by it, which makes probabilities come true; null: fitted on valid"
    )
    shift: Annotated[float, Field(ge=-20, le=20)] | None = Field(
        None, description="added to the logits after that; null: fitted on the valid subset"
    )
    threshold: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="probability from which a pixel is defect; null: best Dice on the valid subset"
    )
    verdict_threshold: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="score from which a photo is defective; null: best balanced accuracy on the valid subset"
    )
    uncertain_from: Annotated[float, Field(gt=0, lt=1)] | None = Field(
        None, description="score from which, up to verdict_threshold, a photo is uncertain; null: see max_error"
    )
    max_error: Annotated[float, Field(gt=0, lt=0.5)] | None = Field(
        None, description="most of good photos called defective, of defective ones called good; null: none is uncertain"
    )
    flips: Literal[1, 2, 4, 8] = Field(
        1, description="mirrored and turned copies of a photo that the answer is averaged over; as many runs"
    )
    min_area_px: Positive = Field(20, description="this many pixels at verdict_threshold make a photo defective")


class EvaluateParams(Section):
    """How the bundle is measured."""

    iou: Share = Field(0.3, description="a defect counts as found from this overlap with a predicted region")
    bootstrap: NonNegative = Field(1000, description="resamples of tiles for the 95 % intervals; 0: none")
    pictures: NonNegative = Field(8, description="how many of the worst, of the best and of random photos are drawn")
    seed: NonNegative = Field(0, description="of bootstrap and random pictures")
    fuse: bool = Field(False, description="measure the photos of each tile judged together, too; twice the work")


class Params(Section):
    """The whole of params.yaml."""

    data: DataParams = DataParams()
    split: SplitParams = SplitParams()
    train: TrainParams = TrainParams()
    export: ExportParams = ExportParams()
    evaluate: EvaluateParams = EvaluateParams()


def dotted_keys(model: type[BaseModel] = Params, prefix: str = "") -> list[str]:
    """Every leaf setting as `section.key`, in file order."""
    keys: list[str] = []
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            keys += dotted_keys(kind, f"{prefix}{name}.")
        else:
            keys.append(f"{prefix}{name}")
    return keys
