"""Registering models, promoting them, and asking what is deployed."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from tilecli.experiments import registry
from tilecli.studio import deployed, registering
from tilecli.studio.studio import OfStudio

router = APIRouter(prefix="/api/models")


class Promotion(BaseModel):
    """Where a version is to go, and why."""

    stage: str
    message: str = ""


class Registration(BaseModel):
    """Which run's model becomes a version, and why."""

    run: str  # a commit's SHA, or a name
    bump: registry.Bump = "minor"
    message: str = ""


@router.get("/candidates")
def candidates(studio: OfStudio) -> dict[str, Any]:
    """What can be registered, with its figures, and what the next version will be called."""
    return registering.offer(studio.project)


@router.post("")
def register(studio: OfStudio, wanted: Registration) -> dict[str, Any]:
    """Make a run's model a version, as `tiles model register` does."""
    made = registering.register(studio.project, wanted.run, bump=wanted.bump, message=wanted.message.strip())
    return {"version": made.name, "rev": made.rev, "tag": made.registered.tag}


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
