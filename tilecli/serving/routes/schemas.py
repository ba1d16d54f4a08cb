"""The JSON answers, as pydantic models: they make the OpenAPI document and check nothing at run time."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


class ProblemDocument(BaseModel):
    """RFC 9457."""

    type: str = Field(examples=["urn:tiles:problem:no-image"])
    title: str
    status: int
    detail: str
    hint: str | None = None


class MaskAnswer(BaseModel):
    """The mask, row by row at the photo's own size: 1 where defect."""

    pred: list[list[int]]


class RunLengths(BaseModel):
    """COCO's uncompressed run-length code: column by column, runs of 0 and 1 in turn, 0 first."""

    size: list[int] = Field(description="height, width, px")
    counts: list[int]


class RegionAnswer(BaseModel):
    """One 8-connected region of the mask."""

    box: list[int] = Field(description="x, y, width, height, px")
    area_px: int
    mean_probability: float
    type: str | None = Field(None, description="the likeliest over all its pixels; only where types are told apart")
    type_probability: float | None = Field(None, description="mean of that type over the region, 0–1; likewise")
    polygon: list[list[int]] = Field(description="outer edge, x and y of pixel centres, px")


class RegionsAnswer(BaseModel):
    """All regions of a photo, the largest first."""

    regions: list[RegionAnswer]
    width: int
    height: int


class ModelName(BaseModel):
    """Which model answered."""

    version: str
    precision: str
    engine: str


class PredictAnswer(BaseModel):
    """What the model says about one photo."""

    verdict: Literal["defect", "uncertain", "good"] = Field(description="uncertain: a person should look")
    score: float = Field(description="how defective the photo looks, 0–1")
    defect_share: float = Field(description="of the photo's pixels, 0–1")
    regions: list[RegionAnswer]
    type: str | None = Field(
        None, description="of most of the mask, null on a good photo; only where types are told apart"
    )
    classes: list[str] | None = Field(None, description="all types, in the order of their numbers; likewise")
    width: int
    height: int
    threshold: float = Field(description="a pixel is defect from this probability on")
    verdict_threshold: float = Field(description="a photo is defective from this score on")
    uncertain_from: float | None = Field(
        description="from this score up to verdict_threshold a photo is uncertain; null: no photo is"
    )
    min_area_px: int
    model: ModelName
    timings_ms: dict[str, float]
    probability: str | None = Field(None, description="data URL of a grey PNG, 255 for probability 1")
    mask: str | None = Field(None, description="data URL of a grey PNG, 255 where defect")
    overlay: str | None = Field(None, description="data URL of the photo with the mask over it")
    types: str | None = Field(
        None, description="data URL of a grey PNG: each pixel's likeliest type, as its number in classes, from 1"
    )
    photo: str | None = Field(None, description="data URL of the photo as it was read: upright, 8 bits a channel")


class NamedAnswer(PredictAnswer):
    """One photo of a batch."""

    name: str


class NamedProblem(BaseModel):
    """A photo of a batch that was not taken."""

    name: str
    problem: ProblemDocument


class BatchAnswer(BaseModel):
    """One entry per photo, in their order."""

    results: list[NamedAnswer | NamedProblem]


class ModelAnswer(BaseModel):
    """The bundle that answers now."""

    version: str
    precision: str
    engine: str
    device: str
    input: dict[str, Any]
    threshold: float
    verdict_threshold: float
    uncertain_from: float | None
    min_area_px: int
    classes: list[str]
    training: dict[str, Any]
    checks: dict[str, Any]
    loaded_at: str
    bundle: str


class StateAnswer(BaseModel):
    """Whether the server lives, or is ready."""

    status: str
    version: str | None = None


# Written as bytes by the routes, so FastAPI has to be told of them.
ANSWERS = (MaskAnswer, RunLengths, RegionsAnswer, PredictAnswer, BatchAnswer, ProblemDocument)
