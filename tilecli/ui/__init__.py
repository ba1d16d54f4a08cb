"""What every page of tiles looks like: `tokens.css`, which says in CSS what `tilecli.palette` says in Python."""

from __future__ import annotations

from pathlib import Path

TOKENS = Path(__file__).with_name("tokens.css")
