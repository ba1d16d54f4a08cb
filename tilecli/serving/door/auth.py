"""Who may ask, and how often: API keys, and a rate for each client."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tilecli.serving import problems
from tilecli.serving.problems import Problem

_CLIENTS = 10_000  # whose rate is remembered


class Keys:
    """The keys that are valid; without any, everybody may ask."""

    def __init__(self, keys: Iterable[str]) -> None:
        # Hashes have one length, so that comparing them tells nothing of a key's.
        self._hashes = [hashlib.sha256(key.encode()).digest() for key in keys]

    def check(self, headers: Mapping[str, str]) -> str:
        """Who asks: a name for the key, empty where none is needed.

        Raises Problem (401) unless `Authorization: Bearer …` or `X-API-Key` is one of the keys.
        """
        if not self._hashes:
            return ""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        seen = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        # All are compared, whichever fits: the time is the same for every key and for none.
        if not sum(hmac.compare_digest(seen, known) for known in self._hashes):
            raise Problem(
                problems.NO_KEY,
                "the key is not valid" if given else "no key was sent",
                "send it as 'Authorization: Bearer …' or 'X-API-Key: …'",
                headers={"WWW-Authenticate": "Bearer"},
            )
        return seen.hex()


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Rate:
    """A token bucket for each client: `per_second` on average, one second's worth at once."""

    def __init__(self, per_second: float | None) -> None:
        self._rate = per_second
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def check(self, client: str) -> None:
        """Raise Problem (429, with Retry-After) where `client` asks more often than that."""
        if self._rate is None:
            return
        now, most = time.monotonic(), max(1.0, self._rate)
        bucket = self._buckets.setdefault(client, _Bucket(most, now))
        self._buckets.move_to_end(client)
        if len(self._buckets) > _CLIENTS:
            self._buckets.popitem(last=False)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.filled) * self._rate)
        bucket.filled = now
        if bucket.tokens < 1.0:
            wait = (1.0 - bucket.tokens) / self._rate
            raise Problem(
                problems.TOO_OFTEN,
                f"more than {self._rate:g} requests per second",
                headers={"Retry-After": str(max(1, round(wait)))},
            )
        bucket.tokens -= 1.0
