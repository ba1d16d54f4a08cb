"""The text of every file that tells Docker, Compose, Heroku and Prometheus what to do. Pure: facts in, text out."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from string import Template

# One release of each minor version that tiles is tested with; others get the release that runs here.
_RELEASES = {(3, 11): "3.11.14", (3, 12): "3.12.12", (3, 13): "3.13.9"}
_PROMETHEUS = "prom/prometheus:v3.5.0"  # the long-term release
USER = 10001  # nobody on the host has this number by chance, so a way out of the container ends as nobody
PORT = 8000
KEYS_FILE = "secrets/server.env"  # of a folder for Compose, as the next one
METRICS_KEY_FILE = "secrets/prometheus.key"

# By Python: a slim image has no curl. Without urllib, which would ask a proxy for 127.0.0.1.
_HEALTHY = (
    "import http.client, os, sys; "
    "asked = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); "
    "asked.request('GET', '/readyz'); "
    "sys.exit(asked.getresponse().status != 200)"
)
HEALTH_CHECK = ["python", "-c", _HEALTHY]
START = ["python", "-m", "tilecli", "serve", "--host", "0.0.0.0", "--bundle", "/app/bundle"]  # noqa: S104 - with keys


@dataclass(frozen=True)
class Facts:
    """What the files say of this one bundle."""

    name: str  # of the project, fit for an image's name
    version: str  # of the bundle
    commit: str  # that the bundle was trained at; empty where it does not say
    base_image: str


def base_image() -> str:
    """The image to build on: this Python's minor version, because the packages are pinned at what runs here."""
    release = _RELEASES.get(sys.version_info[:2], ".".join(map(str, sys.version_info[:3])))
    return f"python:{release}-slim-bookworm"


def dockerfile(facts: Facts) -> str:
    """Two stages: what installs stays behind, and the image holds Python, the base packages, tiles and the bundle."""
    return _DOCKERFILE.substitute(
        base=facts.base_image,
        title=json.dumps(f"tiles: {facts.name}"),
        version=json.dumps(facts.version),
        commit=json.dumps(facts.commit),
        user=USER,
        port=PORT,
        healthy=json.dumps(HEALTH_CHECK),
        start=json.dumps(START),
    )


def dockerignore() -> str:
    """Only what the recipe copies is sent to Docker: keys that lie beside it never are."""
    return "*\n!requirements.txt\n!tilecli\n!bundle\n**/__pycache__\n"


def heroku() -> str:
    """Heroku's manifest: build the Dockerfile beside it. What to run is the image's own command."""
    return "build:\n  docker:\n    web: Dockerfile\n"


def compose(facts: Facts) -> str:
    """The service and Prometheus, each with as few rights as it needs."""
    return _COMPOSE.substitute(
        name=facts.name,
        tag=f"{facts.name}:{facts.version}",
        port=PORT,
        keys=KEYS_FILE,
        metrics_key=METRICS_KEY_FILE,
        healthy=json.dumps(["CMD", *HEALTH_CHECK]),
        prometheus=_PROMETHEUS,
    )


def prometheus() -> str:
    """What Prometheus asks: the service's figures, with a key of its own."""
    return _SCRAPE.substitute(port=PORT)


_DOCKERFILE = Template("""\
# Made by `tiles deploy`; made anew each time.
ARG BASE_IMAGE=$base

FROM $${BASE_IMAGE} AS build
WORKDIR /app
RUN python -m venv --without-pip /opt/venv
COPY requirements.txt /app/requirements.txt
# Every package is in the list, so nothing is resolved here; the check finds what would be missing.
RUN pip --python /opt/venv install --no-cache-dir --no-deps --only-binary=:all: -r /app/requirements.txt \\
    && pip --python /opt/venv check
COPY tilecli /app/tilecli
# Compiled here, as nothing can be written where it runs.
RUN python -m compileall -q --invalidation-mode unchecked-hash /app/tilecli

FROM $${BASE_IMAGE}
LABEL org.opencontainers.image.title=$title \\
      org.opencontainers.image.version=$version \\
      org.opencontainers.image.revision=$commit
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app/tilecli /app/tilecli
COPY bundle /app/bundle
WORKDIR /app
ENV PATH=/opt/venv/bin:$$PATH PYTHONPATH=/app PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/tmp PORT=$port
USER $user:$user
EXPOSE $port
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD $healthy
# API keys come from TILES_API_KEYS, the port from PORT, when it is run.
CMD $start
""")

_COMPOSE = Template("""\
# Made by `tiles deploy compose`; made anew each time, but for what is in secrets/.
name: $name

services:
  tiles:
    build: .
    image: $tag
    env_file: $keys
    ports:
      - "$${TILES_LISTEN:-127.0.0.1:$port}:$port"
    read_only: true
    tmpfs:
      - /tmp
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    mem_limit: $${TILES_MEMORY:-2g}
    cpus: $${TILES_CPUS:-2}
    pids_limit: 256
    healthcheck:
      test: $healthy
      interval: 10s
      timeout: 5s
      start_period: 30s
      retries: 3
    stop_grace_period: 30s
    restart: unless-stopped

  prometheus:
    image: $prometheus
    depends_on:
      - tiles
    command:
      - --config.file=/etc/prometheus/prometheus.yml
      - --storage.tsdb.path=/prometheus
      - --storage.tsdb.retention.time=30d
    volumes:
      - ./prometheus/prometheus.yml:/etc/prometheus/prometheus.yml:ro
      - ./$metrics_key:/run/secrets/prometheus.key:ro
      - figures:/prometheus
    ports:
      - "127.0.0.1:$${PROMETHEUS_PORT:-9090}:9090"
    read_only: true
    cap_drop:
      - ALL
    security_opt:
      - no-new-privileges:true
    mem_limit: 512m
    cpus: 1
    restart: unless-stopped

volumes:
  figures:
""")

_SCRAPE = Template("""\
# Made by `tiles deploy compose`; made anew each time.
global:
  scrape_interval: 15s

scrape_configs:
  - job_name: tiles
    metrics_path: /metrics
    authorization:
      credentials_file: /run/secrets/prometheus.key
    static_configs:
      - targets: ["tiles:$port"]
""")
