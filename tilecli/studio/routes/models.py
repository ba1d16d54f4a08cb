"""Promoting registered models, and asking what is deployed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tilecli.experiments import registry
from tilecli.studio import deployed
from tilecli.studio.studio import OfStudio

router = APIRouter(prefix="/api/models")


class Promotion(BaseModel):
    """Where a version is to go, and why."""

    stage: str
    message: str = ""


@router.post("/{version}/promote")
def promote(studio: OfStudio, version: str, wanted: Promotion) -> dict[str, Any]:
    """Put a version into a stage, in the place of the one that is there."""
    made = registry.promote(studio.project, version, wanted.stage.strip(), wanted.message.strip())
    return {"version": made.name, "stages": list(made.stages)}


@router.get("/deployed")
def ask_deployed(studio: OfStudio) -> dict[str, Any]:
    """What the server that this studio was told of says of its model, of drift and of its shadow; empty without one."""
    if studio.endpoint is None:
        return {}
    return deployed.ask(studio.endpoint, studio.endpoint_key)
