"""How a server is to run: what it serves, where it listens, and how much it takes on. One value for all workers."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tilecli.errors import UsageError

KEYS_VARIABLE = "TILES_API_KEYS"  # comma-separated; several, so that one can be replaced without a gap
SHADOW_KEY_VARIABLE = "TILES_SHADOW_KEY"  # the key that the shadow endpoint wants
MB = 1_000_000


@dataclass(frozen=True)
class ServeSettings:
    """Everything that `tiles serve` was asked for."""

    bundle: Path
    engine: str = "openvino"
    threshold: float | None = None  # other than the bundle's
    verdict_threshold: float | None = None
    uncertain_from: float | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    threads: int | None = None  # CPU threads of each worker's engine; None: its share of the cores
    api_keys: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()  # other origins whose pages may call (CORS)
    rate: float | None = None  # requests per second that one client may send; None: as many as it likes
    max_body_bytes: int = 20 * MB  # of one photo, and of a whole request but for batches
    max_batch_bytes: int = 200 * MB
    max_batch_photos: int = 64
    max_pixels: int = 40_000_000  # of one photo
    max_buffered_bytes: int = 400 * MB  # of all bodies being received at a time
    queue: int = 32  # photos that may wait for a free thread
    timeout_s: float = 30.0  # from the last byte of a request to its answer
    receive_s: float = 60.0  # from the first byte of a request to its last
    drain_s: float = 20.0  # for accepted requests, once the server is told to stop
    reload_s: float = 2.0  # between looks at the bundle's folder; 0: only on SIGHUP
    shadow: str | None = None  # base URL of another server that gets copies of requests
    shadow_share: float = 0.1
    record: Path | None = None  # folder for photos to be labelled later
    record_share: float = 0.01
    record_bytes: int = 1000 * MB
    drift_window: int = 1000  # photos
    log_requests: bool = False

    def as_json(self) -> str:
        """For a worker process; keys are secret and go by the environment."""
        values = {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}
        return json.dumps({**values, "api_keys": ()})


def from_json(text: str, api_keys: tuple[str, ...]) -> ServeSettings:
    """The settings that `as_json` wrote."""
    values = json.loads(text)
    known = {entry.name for entry in fields(ServeSettings)}
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    for name in ("bundle", "record"):
        values[name] = Path(values[name]) if values[name] is not None else None
    return ServeSettings(**{name: value for name, value in values.items() if name in known} | {"api_keys": api_keys})


def keys_from(text: str) -> tuple[str, ...]:
    """The keys in the value of `KEYS_VARIABLE`; UsageError for one that is easily guessed."""
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    for key in keys:
        if len(key) < _LEAST_KEY or not key.isascii() or not key.isprintable():
            raise UsageError(
                f"a key should be {_LEAST_KEY} or more printable ASCII characters",
                where=KEYS_VARIABLE,
                hint="python -c 'import secrets; print(secrets.token_urlsafe(32))'",
            )
    return keys


_LEAST_KEY = 16  # characters


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check(settings: ServeSettings, *, no_auth: bool) -> None:
    """Refuse what cannot be meant; UsageError names the option."""
    if not is_loopback(settings.host) and not settings.api_keys and not no_auth:
        raise UsageError(
            f"{settings.host} can be reached from other machines, and nobody would be asked for a key",
            where="--host",
            hint=f"{KEYS_VARIABLE}=… tiles serve …, or --no-auth where the network itself is the guard",
        )
    if "*" in settings.origins and settings.api_keys:
        raise UsageError("with API keys, name the origins that may call", where="--cors")
    shares = {"--shadow-share": settings.shadow_share, "--record-share": settings.record_share}
    for option, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise UsageError(f"{share:g} is not a share between 0 and 1", where=option)
