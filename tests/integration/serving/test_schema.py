"""The OpenAPI document and the server keep each other's word: schemathesis asks what the one allows and forbids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi import checks

from tests import malformed
from tests.integration.serving.server import Server, serving

EXAMPLES = 60  # of each operation, of what is allowed and of what is not
TAKE_PHOTOS = ("/analyze", "/v1/predict", "/v1/predict/batch")
TELL = ("/v1/model", "/v1/drift", "/v1/shadow", "/livez", "/readyz", "/metrics")
CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.unsupported_method,
]

# What is a photo cannot be said in a schema. Without some, nothing would ever be answered with 200.
schemathesis.openapi.format("binary", st.one_of(st.sampled_from(list(malformed.photos().values())), st.binary()))


@pytest.fixture(scope="module")
def server(dark: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with everything on; what it mirrors to is not there, which must not show in any answer."""
    home = tmp_path_factory.mktemp("home")
    watching = ("--record", str(home / "kept"), "--record-share", "1")
    mirroring = ("--shadow", "http://127.0.0.1:9", "--shadow-share", "1")
    with serving(dark, home, *watching, *mirroring) as started:
        yield started


@pytest.fixture(scope="module")
def schema(server: Server) -> BaseSchema:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def ask(schema: BaseSchema, path: str, method: str, mode: GenerationMode) -> Counter[int]:
    """Try one operation; how often which status was answered. Raises where an answer is not as documented."""
    operation = schema[path][method]
    seen: Counter[int] = Counter()

    # The same examples every time: a failure here must mean that the server or the document has changed.
    @settings(
        max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    @given(data=st.data())
    def try_one(data: Any) -> None:
        case = data.draw(operation.as_strategy(mode))
        seen[case.call_and_validate(checks=CHECKS, session=session).status_code] += 1

    with requests.Session() as session:
        session.trust_env = False
        try_one()
    return seen


def test_every_operation_is_tried(server: Server) -> None:
    document = httpx.get(f"{server.url}/openapi.json", trust_env=False).json()
    found = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert found == {(path, "post") for path in TAKE_PHOTOS} | {(path, "get") for path in TELL}


@pytest.mark.parametrize("path", TAKE_PHOTOS)
def test_what_is_allowed_is_answered_as_documented(schema: BaseSchema, path: str) -> None:
    seen = ask(schema, path, "POST", GenerationMode.POSITIVE)
    assert seen[200] >= 5, seen
    assert sum(seen.values()) >= EXAMPLES


@pytest.mark.parametrize("path", TAKE_PHOTOS)
def test_what_is_not_allowed_is_refused_as_documented(schema: BaseSchema, path: str) -> None:
    seen = ask(schema, path, "POST", GenerationMode.NEGATIVE)
    assert sum(count for status, count in seen.items() if 400 <= status < 500) >= EXAMPLES / 2, seen


@pytest.mark.parametrize("path", TELL)
def test_what_the_server_tells_is_as_documented(schema: BaseSchema, path: str) -> None:
    assert set(ask(schema, path, "GET", GenerationMode.POSITIVE)) == {200}


def test_keys_are_asked_for_where_the_document_says_so(dark: Path, tmp_path: Path) -> None:
    key = "k" * 20
    with serving(dark, tmp_path / "home", TILES_API_KEYS=key) as server, server.client() as client:
        assert client.get("/openapi.json").status_code == 401
        document = client.get("/openapi.json", headers={"X-API-Key": key}).raise_for_status().json()
        asked = 0
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                needed = operation.get("security", document["security"])
                answer = client.request(method, path)
                assert (answer.status_code == 401) == bool(needed), (path, answer.status_code)
                if needed:
                    assert "401" in operation["responses"], path
                    assert answer.headers["content-type"] == "application/problem+json"
                    asked += 1
        assert asked >= 6
