"""A server of tiles as its clients see it: its model, its answers, what it measured. Trusts none of what it says."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tilecli import progress
from tilecli.data.download import shown
from tilecli.data.preprocess import Uint8
from tilecli.errors import DeployError, UsageError
from tilecli.reporting.hosting.api import Api
from tilecli.serving.address import checked
from tilecli.serving.settings import KEYS_VARIABLE, keys_from
from tilecli.serving.watch.shadow_answer import MirrorError, printable, read_mask

_MASK = "data:image/png;base64,"
_LOOK_S = 0.5  # between looks at a server that is starting
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)  # a server may take 30 s for a photo
_ADDRESS = "the address that `tiles serve` says, such as http://127.0.0.1:8000, with nothing behind it"
_KEY = f"{KEYS_VARIABLE}=… in front of the command, or --key-file FILE"
_HINTS = {
    0: f"--wait 60, if it is starting; else {_ADDRESS}",
    401: _KEY,
    403: f"whoever guards this address lets nobody through; {_KEY}",
    404: _ADDRESS,
    405: _ADDRESS,
    413: "a server started with a larger --max-mb or --max-megapixels, or smaller --photos",
}


@dataclass(frozen=True)
class Answer:
    """What the server said about one photo."""

    mask: Uint8  # H×W, 0 and one other value
    verdict: str
    version: str  # of the bundle that answered
    ms: float  # from sending to having the answer
    server_ms: float  # of that, in the server


class Endpoint:
    """One server of tiles. Refusals that may pass are waited for; others are DeployError."""

    def __init__(self, url: str, key: str | None) -> None:
        """url: without a path. key: for servers that ask for one. UsageError for what is no address."""
        self.url = checked(url, "ask", "URL", "http://127.0.0.1:8000")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._api = Api(self.url, headers, _HINTS, error=DeployError, timeout=_TIMEOUT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._api.__exit__(kind, error, at)

    def wait(self, seconds: float) -> None:
        """Return once the server takes requests; DeployError where it does not within `seconds`."""
        until, why = time.monotonic() + seconds, "no answer"
        with progress.task("wait for the server"), httpx.Client(timeout=5.0) as client:
            while True:
                try:
                    response = client.get(f"{self.url}/readyz")
                except httpx.TransportError as error:
                    why = str(error) or type(error).__name__
                else:
                    if response.is_success:
                        return
                    why = f"it answers {response.status_code} {response.reason_phrase}"
                if time.monotonic() + _LOOK_S > until:
                    what = f"no server was ready within {seconds:g} s: {printable(why)}"
                    raise DeployError(what, where=shown(self.url), hint="its own log says why, or a longer --wait")
                time.sleep(_LOOK_S)

    def model(self) -> Mapping[str, Any]:
        """What it says of its bundle; see `serving.routes.schemas.ModelAnswer`."""
        return self._told("/v1/model", ("version", "precision", "engine", "threshold", "verdict_threshold"))

    def shadow(self) -> Mapping[str, Any]:
        """What it measured of its shadow; see `serving.watch.agreement.ShadowReport`."""
        return self._told("/v1/shadow", ("mirrored", "failed", "dropped", "same_answer_share", "dice_mean"))

    def predict(self, data: bytes, name: str, size: tuple[int, int]) -> Answer:
        """Its answer to a photo's bytes; `size`: height and width (px) that the mask must have."""
        files = {"image": (name, data, "application/octet-stream")}
        response = self._call("POST", "/v1/predict", name, params={"include": "mask"}, files=files)
        said = self._json(response)
        try:
            picture = str(said["mask"])
            if not picture.startswith(_MASK):
                raise MirrorError("bad answer", "its mask is no PNG")
            return Answer(
                mask=read_mask(base64.b64decode(picture.removeprefix(_MASK), validate=True), size),
                verdict=printable(str(said["verdict"])),
                version=printable(str(said["model"]["version"])),
                ms=response.elapsed.total_seconds() * 1e3,
                server_ms=float(said["timings_ms"]["total"]),
            )
        except MirrorError as error:
            raise self._strange(f"{name}: {error.words}") from error
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise self._strange(f"{name}: its answer lacks {error}") from error

    def _call(self, method: str, path: str, about: str = "", **given: Any) -> httpx.Response:
        try:
            return self._api.call(method, path, **given)
        except DeployError as error:
            error.where = f"{shown(self.url)}{path}" + (f": {about}" if about else "")
            raise

    def _told(self, path: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
        found = self._json(self._call("GET", path))
        missing = next((key for key in keys if key not in found), None)
        if missing is not None:
            raise self._strange(f"{path} lacks {missing}")
        return found

    def _json(self, response: httpx.Response) -> dict[str, Any]:
        try:
            found = response.json()
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise self._strange(f"it answers {response.text[:60]!r}")
        return found

    def _strange(self, why: str) -> DeployError:
        return DeployError(f"this is no server of tiles: {printable(why)}", where=shown(self.url), hint=_ADDRESS)


def key_from(environment: Mapping[str, str], file: Path | None) -> str | None:
    """The first key of a file, or of the environment; None where neither has one.

    A file holds keys alone, or the line of an environment file that sets them. Raises UsageError for a key that no
    server takes and for a file that holds none.
    """
    if file is None:
        return next(iter(keys_from(environment.get(KEYS_VARIABLE, ""))), None)
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the key cannot be read: {error}", where=f"--key-file {file}") from error
    said = [line.strip().removeprefix(f"{KEYS_VARIABLE}=") for line in lines if line.strip()]
    keys = keys_from(next((line for line in said if not line.startswith("#")), "").strip("'\""))
    if not keys:
        raise UsageError("there is no key in this file", where=f"--key-file {file}", hint=f"{KEYS_VARIABLE}=KEY")
    return keys[0]
