"""What a route raises, as a problem document."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tilecli.errors import TilesError
from tilecli.serving import problems
from tilecli.serving.problems import Problem


def answer_refusals(app: FastAPI) -> None:
    """Turn what routes and FastAPI raise into problem documents."""
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _wrong_parameter)
    app.add_exception_handler(Problem, _problem)


def answer_errors(app: FastAPI) -> None:
    """Say in a problem document (422) what tiles itself refuses, for a page's own server."""
    app.add_exception_handler(TilesError, _refused)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, TilesError)  # noqa: S101 - registered for it
    detail = f"{error.message} ({error.where})" if error.where else error.message
    return response(Problem(problems.REFUSED, detail, error.hint or ""))


async def _http_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    return response(problems.of_status(error.status_code, str(error.detail)), dict(error.headers or {}))


async def _wrong_parameter(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    said = [f"{'.'.join(str(part) for part in entry['loc'])}: {entry['msg']}" for entry in error.errors()]
    return response(Problem(problems.WRONG_PARAMETER, "; ".join(said)))


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101 - registered for it
    return response(error)


def response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """A problem as the answer to a request."""
    return Response(
        problem.body(), problem.kind.status, {**(headers or {}), **problem.headers}, media_type=problems.MEDIA_TYPE
    )
