"""What every page of tiles looks like: `tokens.css`, which says in CSS what `tilecli.palette` says in Python."""

from __future__ import annotations

from pathlib import Path

TOKENS = Path(__file__).with_name("tokens.css")


def offline_policy(images: str = "data:") -> str:
    """The content security policy of a page in one file: the browser itself refuses to fetch anything from elsewhere.

    images: where pictures may come from.
    """
    return (
        f"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src {images}; "
        "form-action 'none'; base-uri 'none'"
    )
