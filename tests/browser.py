"""A headless Chromium: a page watched for calls over the network, or driven with a real mouse (DevTools protocol)."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # nor may the browser itself call anyone
]
_PATIENCE_S = 60
# Chromium talks over the descriptors 3 and 4.
_START = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execvp(sys.argv[3], sys.argv[3:])"
)


def visit(browser: str, page: Path, folder: Path) -> tuple[str, list[str], list[str]]:
    """The page's DOM after its scripts ran, what the console said, and what the page asked the network for.

    `folder`: for the browser's own files.
    """
    log = folder / "net.json"
    watch = ["--enable-logging=stderr", f"--log-net-log={log}", "--virtual-time-budget=8000", "--dump-dom"]
    done = subprocess.run(
        [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", *watch, page.as_uri()],
        capture_output=True,
        text=True,
        timeout=200,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if ":CONSOLE:" in line]
    events = json.loads(log.read_text())["events"]
    asked = [event["params"] for event in events if "initiator" in event.get("params", {})]
    # "not an origin" is the browser's own business.
    urls = [str(params["url"]) for params in asked if params["initiator"] != "not an origin"]
    return done.stdout, console, [url for url in urls if not url.startswith(("file:", "data:", "blob:"))]


class Tab:
    """One page."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self.console: list[str] = []  # what the page said, errors included
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return what it answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return dict(answer["result"])
            if answer.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
                self.console.append(json.dumps(answer["params"]))

    def visit(self, page: Path, width: int = 1400, height: int = 1000) -> None:
        """Open a page and wait until it says that it is drawn."""
        self.size(width, height)
        self.call("Page.navigate", url=page.as_uri())
        until = time.monotonic() + _PATIENCE_S
        while not self.js("document.documentElement?.dataset.drawn"):
            assert time.monotonic() < until, self.console
            time.sleep(0.1)

    def size(self, width: int, height: int) -> None:
        """Give the window a size, px, and the page the time to follow."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.js("new Promise(done => setTimeout(done, 500))")

    def js(self, expression: str) -> Any:
        """The value of an expression, as JSON carries it."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def mouse(self, what: str, x: float, y: float, clicks: int = 1) -> None:
        """`what`: Moved, Pressed or Released, at `x`, `y` px of the window."""
        button = {"button": "left", "buttons": 1, "clickCount": clicks} if what != "Moved" else {}
        self.call("Input.dispatchMouseEvent", type=f"mouse{what}", x=x, y=y, **button)
        self.js("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def drag(self, *points: tuple[float, float]) -> None:
        """Press at the first point, move over the others, release at the last."""
        self.mouse("Moved", *points[0])
        self.mouse("Pressed", *points[0])
        for point in points[1:]:
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=point[0], y=point[1], button="left", buttons=1)
        self.mouse("Released", *points[-1])

    def click(self, x: float, y: float, times: int = 1) -> None:
        """Click, or double click."""
        self.mouse("Moved", x, y)
        for number in range(1, times + 1):
            self.mouse("Pressed", x, y, number)
            self.mouse("Released", x, y, number)

    def picture(self, path: Path) -> None:
        """Write what is to be seen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._reads], [], [], _PATIENCE_S)
            assert ready, "the browser does not answer"
            part = os.read(self._reads, 1 << 20)
            assert part, "the browser has ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        return dict(json.loads(line))


@contextlib.contextmanager
def tab(browser: str, folder: Path) -> Iterator[Tab]:
    """A browser with an empty profile in `folder`, for the length of the block."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    # Above 4, so that neither is overwritten before it is copied there.
    given = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (theirs_in, theirs_out)]
    launch = [sys.executable, "-c", _START, *map(str, given), browser]
    flags = [*FLAGS, "--remote-debugging-pipe", f"--user-data-dir={folder / 'profile'}", "about:blank"]
    process = subprocess.Popen([*launch, *flags], pass_fds=given, stderr=subprocess.DEVNULL)
    for end in (theirs_in, theirs_out, *given):
        os.close(end)
    try:
        yield Tab(ours_in, ours_out)
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE_S)
        os.close(ours_in)
        os.close(ours_out)
