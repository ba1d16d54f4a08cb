"""What the server says of itself: its model, drift, shadow, probes, figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tilecli.serving import problems, telemetry
from tilecli.serving.problems import DOCUMENTED, Problem
from tilecli.serving.routes.schemas import ModelAnswer, StateAnswer
from tilecli.serving.service import Service
from tilecli.serving.watch.agreement import ShadowReport
from tilecli.serving.watch.drift import DriftReport

router = APIRouter(tags=["state"])
_KEYED: dict[int | str, dict[str, Any]] = {status: DOCUMENTED[status] for status in (401, 429)}
_TEXT = {"schema": {"type": "string"}}


@router.get("/v1/model", summary="The model that answers now", responses=_KEYED)
async def model(request: Request) -> ModelAnswer:
    """What it takes, how it was trained and measured."""
    loaded = _service(request).live.current
    bundle, predictor = loaded.bundle, loaded.predictor
    return ModelAnswer(
        version=loaded.version,
        precision=predictor.engine.precision,
        engine=predictor.engine.name,
        device=predictor.engine.device,
        input=vars(bundle.input),
        threshold=predictor.threshold,
        verdict_threshold=predictor.verdict_threshold,
        uncertain_from=predictor.uncertain_from,
        min_area_px=bundle.min_area_px,
        classes=list(bundle.classes),
        training=bundle.training,
        checks=bundle.checks,
        loaded_at=loaded.loaded_at,
        bundle=bundle.folder.resolve().name,
    )


@router.get("/v1/drift", summary="The last photos against those of the training", responses=_KEYED)
async def drift(request: Request) -> DriftReport:
    """Whether photos are still like those that the model was trained on."""
    return _service(request).watchers.drift.report()


@router.get("/v1/shadow", summary="Agreement with the shadow endpoint", responses={**_KEYED, 404: DOCUMENTED[404]})
async def shadow(request: Request) -> ShadowReport:
    """What another server answered to the same photos."""
    watched = _service(request).watchers.shadow
    if watched is None:
        raise Problem(problems.NOT_FOUND, "no other server gets copies of requests", "tiles serve --shadow URL")
    return watched.report()


@router.get("/livez", summary="The process lives")
async def livez() -> StateAnswer:
    """Answered by the event loop alone."""
    return StateAnswer(status="alive")


@router.get("/readyz", summary="Requests are taken", responses={503: DOCUMENTED[503]})
async def readyz(request: Request) -> StateAnswer:
    """No longer once the server was told to stop, so that a load balancer sends no more."""
    service = _service(request)
    if service.draining:
        raise Problem(problems.NOT_READY, "the server is stopping", headers={"Retry-After": "5"})
    return StateAnswer(status="ready", version=service.live.current.version)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={**_KEYED, 200: {"description": "Prometheus' text format", "content": {"text/plain": _TEXT}}},
)
async def metrics(request: Request) -> Response:
    """Requests, times, queues, photos, drift, shadow."""
    return Response(_service(request).telemetry.render(), headers={"Content-Type": telemetry.MEDIA_TYPE})


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service
