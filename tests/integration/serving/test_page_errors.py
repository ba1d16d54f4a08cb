"""What the page says and does when a photo, a key or the server is not as it should be."""

import contextlib
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.dark_bundle import encoded, photo
from tests.integration.serving.browser import Visit, sync_api, visiting, wavy
from tests.integration.serving.server import Server, serving

expect = sync_api.expect
DEFECT = {"name": "defect.png", "mimeType": "image/png", "buffer": encoded(photo())}
KEY = "a-key-of-twenty-letters"


def named(name: str, data: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": data}


@pytest.mark.parametrize(
    ("data", "title", "why", "advice"),
    [
        (b"GIF89a" + bytes(40), "This kind of file is not taken", "'x.png' is no JPEG", "Send a JPEG, PNG"),
        (DEFECT["buffer"][:60], "The photo cannot be read", "'x.png' is a broken PNG file", "Choose another file."),
        (b"", "There is no photo in the request", "'x.png' has no bytes.", "Send a JPEG, PNG"),
    ],
    ids=["format", "broken", "empty"],
)
def test_what_happened_why_and_what_to_do(
    browser: Any, server: Server, data: bytes, title: str, why: str, advice: str
) -> None:
    with visiting(browser, server.url) as visit:
        visit.give(named("x.png", data))
        visit.see("x.png", "failed")
        assert visit.says("word") == title
        assert visit.says("why").startswith(why)
        assert visit.says("advice").startswith(advice)
        assert visit.page.locator("#shape").get_attribute("href") == "#i-failed"
        assert visit.says("facts").startswith("Request ")
        expect(visit.page.get_by_role("button", name="Try again")).to_be_visible()
        expect(visit.page.get_by_label("Threshold")).to_be_hidden()
        visit.give(DEFECT)  # and life goes on
        visit.see("defect.png")
        assert visit.says("word") == "Defect"
        visit.page.keyboard.press("ArrowLeft")
        visit.see("x.png", "failed")


def test_one_bad_photo_does_not_stop_the_others(browser: Any, server: Server) -> None:
    with visiting(browser, server.url) as visit:
        visit.give(named("a.png", DEFECT["buffer"]), named("b.png", b"no photo"), named("c.png", DEFECT["buffer"]))
        visit.see("c.png")
        assert visit.says("notice") == "3 photos: 2 defect, 0 good, 1 without a verdict."


def test_too_large(browser: Any, dark: Path, tmp_path: Path) -> None:
    bounds = ("--max-megapixels", "0.02", "--max-mb", "0.05")
    with serving(dark, tmp_path / "home", *bounds) as server, visiting(browser, server.url) as visit:
        visit.give(named("pixels.png", encoded(photo(300, 400))))
        visit.see("pixels.png", "failed")
        assert visit.says("word") == "The photo has too many pixels"
        assert "400 × 300 px; up to 20,000 px" in visit.says("why")
        visit.give(named("bytes.png", encoded(wavy(300, 400))))
        visit.see("bytes.png", "failed")
        # The server hangs up while it is still being sent to; whether its answer is read is a matter of luck.
        assert visit.says("word") in ("The request is too large", "The connection was closed")
        assert "smaller" in visit.says("advice")


def test_the_key_is_asked_for_once(browser: Any, dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", TILES_API_KEYS=KEY) as server, visiting(browser, server.url) as visit:
        field = visit.page.get_by_label("Key", exact=True)
        field.fill("not-the-right-one-at-all")
        visit.page.get_by_role("button", name="Use it").click()
        expect(visit.page.get_by_text("The server did not accept this key.")).to_be_visible()
        field.fill(KEY)
        field.press("Enter")
        expect(visit.page.locator("#model")).to_contain_text("model ")
        visit.give(DEFECT)
        visit.see("defect.png")
        visit.page.reload()
        expect(visit.page.locator("#model")).to_contain_text("model ")
        visit.give(DEFECT)
        visit.see("defect.png")
        assert visit.page.evaluate("localStorage.length") == 0, "a key outlives the tab"
        visit.page.goto(f"{server.url}/docs")
        expect(visit.page.get_by_text("This server wants an API key")).to_be_visible()


def test_a_key_that_is_not_given(browser: Any, dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", TILES_API_KEYS=KEY) as server, visiting(browser, server.url) as visit:
        visit.page.get_by_role("button", name="Cancel").click()
        visit.give(DEFECT)
        visit.page.get_by_role("button", name="Cancel").click()
        visit.see("defect.png", "failed")
        assert visit.says("word") == "A valid API key is needed"
        assert visit.says("advice") == "Ask whoever runs the server for one."
        visit.page.get_by_role("button", name="Try again").click()
        visit.page.get_by_label("Key", exact=True).fill(KEY)
        visit.page.get_by_label("Key", exact=True).press("Enter")
        visit.see("defect.png")


def test_a_server_that_goes_away_and_comes_back(browser: Any, dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "first") as server:
        port = server.url.rpartition(":")[2]
        with visiting(browser, server.url) as visit:
            visit.give(DEFECT)
            visit.see("defect.png")
            server.stop()
            visit.give(named("lost.png", DEFECT["buffer"]), named("later.png", DEFECT["buffer"]))
            expect(visit.page.locator("#advice")).to_contain_text("Trying again in", timeout=10_000)
            visit.see("lost.png", "failed")
            assert visit.says("word") == "The server does not answer"
            assert "tiles serve" in visit.says("advice")
            assert visit.says("count") == "1 photo still to send"  # not lost one by one
            assert visit.page.locator("#progress").is_visible()
            with serving(dark, tmp_path / "second", "--port", port):
                visit.page.get_by_role("button", name="Try again").click()
                visit.see("later.png")
                assert visit.says("word") == "Defect"
                assert visit.says("notice") == "2 photos: 2 defect, 0 good."
                assert visit.page.locator("#strip button").count() == 3


def test_a_busy_server_is_waited_for(browser: Any, dark: Path, tmp_path: Path) -> None:
    """No queue, and batches that take all threads: refused with 503, and done once they have gone."""
    batch = [("image", (f"{number}.png", encoded(wavy(900, 1200)))) for number in range(16)]
    gone = threading.Event()

    def occupy(url: str) -> None:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            while not gone.is_set():
                with contextlib.suppress(httpx.TransportError):  # refused before it was sent to its end
                    client.post("/v1/predict/batch", files=batch)

    with serving(dark, tmp_path / "home", "--queue", "0") as server, visiting(browser, server.url) as visit:
        others = [threading.Thread(target=occupy, args=(server.url,)) for _ in range(2)]
        for other in others:
            other.start()
        try:
            refused = _refused(visit)
        finally:
            gone.set()
        assert refused, "the server was never busy"
        for other in others:
            other.join()
        visit.see("defect.png")
        assert visit.says("word") == "Defect"


def test_a_client_that_asks_too_often_waits(browser: Any, dark: Path, tmp_path: Path) -> None:
    with serving(dark, tmp_path / "home", "--rate", "1") as server, visiting(browser, server.url) as visit:
        visit.give(*[named(f"{number}.png", DEFECT["buffer"]) for number in range(3)])
        expect(visit.page.locator("#advice")).to_contain_text("Trying again in", timeout=10_000)
        assert visit.says("word") == "Too many requests from this client"
        visit.see("2.png")
        assert visit.says("notice") == "3 photos: 3 defect, 0 good."


def _refused(visit: Visit) -> bool:
    """Send photos until one is told to wait."""
    waiting = visit.page.locator("#advice", has_text="Trying again in")
    for _ in range(20):
        visit.give(DEFECT)
        try:
            waiting.wait_for(timeout=1500)
        except sync_api.TimeoutError:
            continue
        assert visit.says("word") == "The server has as much work as it takes on"
        return True
    return False
