"""`python -m tilecli.serving.process.worker`: one of several server processes; `supervise` starts and watches it."""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any

from tilecli import quiet

SETTINGS_VARIABLE = "TILES_SERVE_SETTINGS"
SOCKET_VARIABLE = "TILES_SERVE_SOCKET"  # file descriptor
REPORT_VARIABLE = "TILES_SERVE_REPORT"  # file descriptor of a pipe to the supervisor


def main() -> None:
    """Serve on the inherited socket; say on the pipe when ready, or why not."""
    quiet.be_quiet()
    from tilecli.errors import TilesError
    from tilecli.serving.door import images
    from tilecli.serving.process import logs
    from tilecli.serving.settings import KEYS_VARIABLE, from_json, keys_from

    settings = from_json(os.environ[SETTINGS_VARIABLE], keys_from(os.environ.get(KEYS_VARIABLE, "")))
    images.limit_decoder(settings.max_pixels)
    from tilecli.serving.process.run import serve

    logs.set_up(name=f"worker {os.getpid()}")
    report = int(os.environ[REPORT_VARIABLE])

    def say(**facts: Any) -> None:
        os.write(report, json.dumps(facts).encode() + b"\n")

    made = socket.socket(fileno=int(os.environ[SOCKET_VARIABLE]))
    made.setblocking(False)
    try:
        serve(settings, made, lambda service, url: say(ready=url, version=service.live.current.version))
    except TilesError as error:
        say(error=error.message, where=error.where, hint=error.hint)
        sys.exit(1)


if __name__ == "__main__":
    main()
