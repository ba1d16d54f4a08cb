"""Addresses of other servers, as people type them."""

from __future__ import annotations

from urllib.parse import urlsplit

from tilecli.data.download import shown
from tilecli.errors import UsageError
from tilecli.serving.watch.shadow_answer import printable


def checked(url: str, purpose: str, where: str, example: str) -> str:
    """`url` without a slash at its end; raises UsageError where it is no http or https address of a server.

    purpose, where, example: what it is for, the option that named it, and how one looks.
    """
    import httpx

    wrong = UsageError(
        f"{printable(shown(url)) or 'nothing'} is no address to {purpose}",
        where=where,
        hint=f"name the other endpoint, such as {example}",
    )
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = httpx.URL(url).host, parts.port
    except (ValueError, httpx.InvalidURL) as error:
        raise wrong from error
    odd = any(char.isspace() or not char.isprintable() for char in url)
    if odd or parts.scheme.lower() not in ("http", "https") or not host or port == 0 or parts.query or parts.fragment:
        raise wrong
    return url.rstrip("/")
