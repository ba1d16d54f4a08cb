"""What every page of tiles shares: `tokens.css`, which says in CSS what `tilecli.palette` says in Python, letters and
buttons, the switch between light and dark, how figures are written."""

from __future__ import annotations

from pathlib import Path

_HERE = Path(__file__).parent
TOKENS = _HERE / "tokens.css"
# Said here and not guessed: a machine that takes .js for plain text would leave a page without its script.
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def assets(*folders: Path) -> dict[str, Path]:
    """Name → file of what pages load: the scripts, styles and icons shared by all, and those of `folders`."""
    return {path.name: path for folder in (_HERE, *folders) for path in folder.iterdir() if path.suffix in MEDIA_TYPES}


def offline_policy(images: str = "data:") -> str:
    """The content security policy of a page in one file: the browser itself refuses to fetch anything from elsewhere.

    images: where pictures may come from.
    """
    return (
        f"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src {images}; "
        "form-action 'none'; base-uri 'none'"
    )
