"""Photos in, findings out: `/analyze`, `/v1/predict`, `/v1/predict/batch`."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from tilecli.errors import TilesError
from tilecli.serving import problems
from tilecli.serving.door import uploads
from tilecli.serving.door.uploads import Part
from tilecli.serving.model.work import Found, analyse
from tilecli.serving.problems import DOCUMENTED, Problem
from tilecli.serving.routes import answers
from tilecli.serving.routes.answers import Form
from tilecli.serving.routes.schemas import BatchAnswer, MaskAnswer, PredictAnswer, RegionsAnswer, RunLengths
from tilecli.serving.service import Service
from tilecli.serving.watch.shadow import SHADOW_HEADER

router = APIRouter(tags=["photos"])

Body = dict[str, Any]
JSON = "application/json"
_DIGITS = 6
_IMAGE = {"type": "string", "format": "binary", "description": "JPEG, PNG, BMP, TIFF or WebP"}
_FORMS: dict[Form, Callable[[Found], bytes]] = {
    "json": lambda found: answers.mask_json(found.prediction.mask),
    "png": lambda found: answers.mask_png(found.prediction.mask),
    "overlay": lambda found: answers.overlay_png(found.photo, found.prediction.mask, found.prediction.types),
    "rle": lambda found: _json(answers.run_lengths(found.prediction.mask)),
    "regions": lambda found: _json({"regions": answers.regions(found.prediction), **_size(found)}),
}
_MAPS: dict[str, Callable[[Found], bytes]] = {
    "probability": lambda found: answers.probability_png(found.prediction.probability),
    "mask": lambda found: answers.mask_png(found.prediction.mask),
    "overlay": lambda found: answers.overlay_png(found.photo, found.prediction.mask, found.prediction.types),
    "types": lambda found: answers.types_png(found.prediction),
    "photo": lambda found: answers.png(found.photo),
}


def _form(schema: Body, *, raw: bool) -> Body:
    """A request body for the OpenAPI document; `raw`: the photo itself may be the body."""
    form = {"type": "object", "required": ["image"], "properties": {"image": schema}}
    content: Body = {"multipart/form-data": {"schema": form}}
    if raw:
        content |= {kind: {"schema": _IMAGE} for kind in ("application/octet-stream", "image/*")}
    return {"requestBody": {"required": True, "content": content}}


def _model(*models: type) -> Body:
    return {"schema": {"anyOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]}}


@router.post(
    "/analyze",
    summary="The mask of one photo",
    response_class=Response,
    responses={
        **DOCUMENTED,
        200: {
            "description": "In the form that `format` says, else the Accept header",
            "content": {
                JSON: _model(MaskAnswer, RunLengths, RegionsAnswer),
                answers.PNG: {"schema": {"type": "string", "format": "binary"}},
            },
        },
    },
    openapi_extra=_form(_IMAGE, raw=True),
)
async def analyze(
    request: Request,
    form: Annotated[
        Form | None,
        Query(
            alias="format",
            description="json: 0 and 1, row by row; png: 0 and 255; overlay: the photo with the mask; rle: COCO's "
            "run lengths; regions: boxes and outlines",
        ),
    ] = None,
) -> Response:
    """Where the photo is defective, at its own size."""
    wanted: Form = form or ("png" if _prefers_png(request.headers.get("accept", "")) else "json")
    part = await _one_photo(request)

    def work(waited: float) -> tuple[Found, bytes]:
        found = _find(request, part, waited)
        return found, _FORMS[wanted](found)

    found, body = await _service(request).admission.run(work)
    media_type = answers.PNG if wanted in ("png", "overlay") else JSON
    return Response(body, media_type=media_type, headers={"X-Model-Version": found.loaded.version})


@router.post(
    "/v1/predict",
    summary="The verdict on one photo",
    response_class=Response,
    responses={
        **DOCUMENTED,
        200: {"description": "The verdict and what it rests on", "content": {JSON: _model(PredictAnswer)}},
    },
    openapi_extra=_form(_IMAGE, raw=True),
)
async def predict(
    request: Request,
    include: Annotated[
        str, Query(description=f"Maps to add, comma-separated: {', '.join(_MAPS)}", examples=["probability,mask"])
    ] = "",
) -> Response:
    """Verdict, regions and, where asked for, maps."""
    maps = [name for name in include.split(",") if name]
    for name in maps:
        if name not in _MAPS:
            raise Problem(problems.WRONG_PARAMETER, f"include: there is no map '{name}'", ", ".join(_MAPS))
    begun = time.perf_counter()
    part = await _one_photo(request)

    def work(waited: float) -> tuple[Found, Body]:
        found = _find(request, part, waited)
        return found, _verdict(found, maps)

    found, answer = await _service(request).admission.run(work)
    answer["timings_ms"]["total"] = round((time.perf_counter() - begun) * 1e3, 2)
    return Response(_json(answer), media_type=JSON, headers={"X-Model-Version": found.loaded.version})


@router.post(
    "/v1/predict/batch",
    summary="The verdicts on several photos",
    response_class=Response,
    responses={
        **DOCUMENTED,
        200: {"description": "One entry per photo, in their order", "content": {JSON: _model(BatchAnswer)}},
    },
    openapi_extra=_form({"type": "array", "items": _IMAGE, "minItems": 1}, raw=False),
)
async def predict_batch(request: Request) -> Response:
    """A photo that cannot be taken gets its problem in its place; the others are done all the same."""
    service = _service(request)
    settings, admission = service.settings, service.admission
    admission.check()
    found = [part for part in await _parts(request, settings.max_batch_bytes) if part.field == "image"]
    if not found:
        raise Problem(problems.NO_IMAGE, "the form has no field 'image'", "curl -F image=@a.jpg -F image=@b.jpg …")
    if len(found) > settings.max_batch_photos:
        detail = f"{len(found)} photos; up to {settings.max_batch_photos} are taken at once"
        raise Problem(problems.TOO_LARGE, detail, "send several requests")
    deadline = time.monotonic() + settings.timeout_s
    # As many at a time as there are threads: a batch must not fill the queue that single photos wait in.
    places = asyncio.Semaphore(admission.threads)

    async def one(part: Part) -> Body:
        def work(waited: float) -> Body:
            return _verdict(_find(request, part, waited), ())

        try:
            async with places:
                return {"name": part.name, **await admission.run(work, deadline)}
        except Problem as problem:
            return {"name": part.name, "problem": problem.as_dict()}

    results = await asyncio.gather(*(one(part) for part in found))
    return Response(_json({"results": results}), media_type=JSON)


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


async def _parts(request: Request, limit: int | None = None) -> list[Part]:
    """The request's form, within the bounds of the settings; `limit`: bytes, other than those of one photo."""
    service = _service(request)
    settings = service.settings
    length = request.headers.get("content-length", "")
    body = await uploads.receive(
        request.stream(),
        int(length) if length.isdecimal() else None,
        limit or settings.max_body_bytes,
        service.buffers,
        settings.receive_s,
    )
    return await uploads.parts(body, request.headers.get("content-type", ""))


async def _one_photo(request: Request) -> Part:
    """The one photo of the request's form, which is not even read while the queue is full."""
    _service(request).admission.check()
    parts = await _parts(request)
    found = [part for part in parts if part.field == "image"]
    if len(found) == 1:
        return found[0]
    if found:
        raise Problem(problems.BAD_REQUEST, f"{len(found)} photos in one request", "POST /v1/predict/batch takes many")
    names = ", ".join(f"'{part.field}'" for part in parts[:5])
    detail = f"the form has no field 'image', only {names}" if names else "the form has no field 'image'"
    raise Problem(problems.NO_IMAGE, detail, "curl -F image=@photo.jpg …")


def _find(request: Request, part: Part, waited: float) -> Found:
    """In a thread: the finding, counted and shown to whoever else wants to see it."""
    service = _service(request)
    try:
        found = analyse(service.live.current, part, service.settings.max_pixels, waited)
    except TilesError as error:
        service.failed(error)
        raise Problem(problems.INTERNAL, "the model failed on this photo; the server's log says why") from error
    service.note(found, mirrored=SHADOW_HEADER.lower() in request.headers)
    return found


def _verdict(found: Found, maps: list[str] | tuple[()]) -> Body:
    prediction, predictor = found.prediction, found.loaded.predictor
    return {
        "verdict": prediction.verdict,
        "score": round(prediction.score, _DIGITS),
        "defect_share": round(prediction.defect_share, _DIGITS),
        "regions": answers.regions(prediction),
        **answers.type_of(prediction, predictor.bundle.classes),
        **_size(found),
        "threshold": predictor.threshold,
        "verdict_threshold": predictor.verdict_threshold,
        "uncertain_from": predictor.uncertain_from,
        "min_area_px": predictor.bundle.min_area_px,
        "model": {
            "version": found.loaded.version,
            "precision": predictor.engine.precision,
            "engine": predictor.engine.name,
        },
        "timings_ms": {step: round(ms, 2) for step, ms in found.timings_ms.items()},
        # Without types there is no map of them, and a page that asks for one need not know beforehand.
        **{
            name: answers.data_url(_MAPS[name](found))
            for name in maps
            if name != "types" or prediction.likeliest is not None
        },
    }


def _size(found: Found) -> Body:
    return {"width": found.photo.shape[1], "height": found.photo.shape[0]}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _prefers_png(accept: str) -> bool:
    """Whether an Accept header names PNG at a higher quality than JSON (which wins a draw, as the articles' clients
    send `*/*`)."""
    quality = {"image/png": 0.0, JSON: 0.0}
    for entry in accept.split(","):
        kind, *rest = (word.strip().lower() for word in entry.split(";"))
        try:
            q = next((float(word[2:]) for word in rest if word.startswith("q=")), 1.0)
        except ValueError:
            q = 0.0
        for known, best in quality.items():
            if kind in (known, "*/*", f"{known.partition('/')[0]}/*"):
                quality[known] = max(best, q)
    return quality["image/png"] > quality[JSON]


assert set(get_args(Form)) == set(_FORMS)  # noqa: S101 - one list of forms, in two shapes
