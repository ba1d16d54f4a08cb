"""The page in a browser, against a real server: photos in, masks and verdicts to see, to change and to take away."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.dark_bundle import DARK, encoded, photo
from tests.integration.serving.browser import Visit, sync_api, visiting, wavy
from tests.integration.serving.server import Server, serving
from tilecli import palette
from tilecli.inference.regions import find_regions

expect = sync_api.expect
DEFECT = {"name": "defect.png", "mimeType": "image/png", "buffer": encoded(photo())}
GOOD = {"name": "good.png", "mimeType": "image/png", "buffer": encoded(photo(box=None))}
WAVY = wavy(144, 176)
MANY = {"name": "wavy.png", "mimeType": "image/png", "buffer": encoded(WAVY)}

_TRANSFER = """([text, name, type]) => {
  const transfer = new DataTransfer();
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  transfer.items.add(new File([bytes], name, { type }));
  return transfer;
}"""


@pytest.fixture
def visit(browser: Any, server: Server) -> Iterator[Visit]:
    with visiting(browser, server.url) as opened:
        yield opened


def ask(server: Server, image: dict[str, Any], include: str = "") -> dict[str, Any]:
    with server.client() as client:
        answer = client.post(f"/v1/predict?include={include}", files={"image": (image["name"], image["buffer"])})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def transfer(visit: Visit, image: dict[str, Any]) -> Any:
    text = base64.b64encode(image["buffer"]).decode()
    return visit.page.evaluate_handle(_TRANSFER, [text, image["name"], image["mimeType"]])


def test_verdict_and_what_decides_it(visit: Visit) -> None:
    visit.give(DEFECT)
    visit.see("defect.png")
    assert visit.says("word") == "Defect"
    assert visit.says("why") == "Score 0.999 reaches the verdict threshold of 0.500."
    assert visit.page.locator("#shape").get_attribute("href") == "#i-defect"
    expect(visit.page.locator("#band")).to_be_hidden()
    assert visit.says("total") == "1 region · 250 px · 2.31 %"
    expect(visit.page.get_by_role("status").filter(has_text="defect.png: Defect. Score")).to_be_attached()
    visit.give(GOOD)
    visit.see("good.png")
    assert visit.says("word") == "Good"
    assert "is below the verdict threshold of 0.500" in visit.says("why")
    assert visit.page.locator("#shape").get_attribute("href") == "#i-good"
    assert visit.says("total") == "No pixel reaches the threshold."


def test_regions_are_the_servers_at_its_own_threshold(browser: Any, dark: Path, tmp_path: Path) -> None:
    """A grey of 141 has probability 0.30005, which is below 0.3019; as one of 255 steps, both are 77."""
    with serving(dark, tmp_path / "home", "--threshold", "0.3019") as server:
        theirs = ask(server, MANY)["regions"]
        with visiting(browser, server.url) as visit:
            visit.give(MANY)
            visit.see("wavy.png")
            listed = visit.regions()
            visit.slide("threshold", 78)
            visit.slide("threshold", 77)
            again = visit.regions()
    assert np.any(WAVY == 141)
    assert len(theirs) > 10
    assert again == listed
    facts = [(entry["area_px"], f"{entry['mean_probability']:.3g}", entry["box"][2:]) for entry in theirs]
    assert sorted(listed) == sorted((area, float(mean), f"{width}×{height}") for area, mean, (width, height) in facts)
    areas = [area for area, _, _ in listed]
    assert areas == sorted(areas, reverse=True)


def test_an_uncertain_photo_says_between_what_it_lies(browser: Any, dark: Path, tmp_path: Path) -> None:
    shade = photo()
    shade[shade == DARK] = 100  # a stain: probability 0.849
    faint = {"name": "faint.png", "mimeType": "image/png", "buffer": encoded(shade)}
    band = ("--verdict-threshold", "0.99", "--uncertain-from", "0.2")
    with serving(dark, tmp_path, *band) as banded, visiting(browser, banded.url) as visit:
        visit.give(faint)
        visit.see("faint.png")
        assert visit.says("word") == "Uncertain"
        assert visit.says("why") == "Score 0.849 lies between 0.200 and 0.990: a person should decide."
        assert visit.page.locator("#shape").get_attribute("href") == "#i-uncertain"
        meter, shown = (visit.page.locator(f"#{name}").bounding_box() for name in ("meter", "band"))
        assert shown["x"] - meter["x"] == pytest.approx(0.2 * meter["width"], abs=1)
        assert shown["width"] == pytest.approx(0.79 * meter["width"], abs=1.5)
        assert visit.page.locator("#strip button[data-state='uncertain']").count() == 1
        visit.give(GOOD)
        visit.see("good.png")
        assert visit.says("why") == "Score 0.115 is below 0.200, where uncertain begins."
        visit.give(DEFECT, faint)
        expect(visit.page.locator("#notice")).to_have_text("2 photos: 1 defect, 1 uncertain, 0 good.")


@pytest.mark.parametrize("level", [80, 150, 220, 254])
def test_regions_of_noise(visit: Visit, level: int) -> None:
    """Corners that touch, holes, rings within rings: as OpenCV finds them."""
    values = np.random.default_rng(level).integers(0, 256, (61, 83)).astype(np.uint8)
    script = """async ([values, width, height, level]) => {
      const { findRegions } = await import('/static/regions.js');
      const { regions } = findRegions(Uint8Array.from(values), width, height, level);
      return regions.map(({ box, area, mean }) => [area, box, mean]);
    }"""
    found = visit.page.evaluate(script, [values.ravel().tolist(), 83, 61, level])
    wanted = find_regions((values >= level).astype(np.uint8), (values / 255).astype(np.float32))
    expected = sorted([region.area_px, list(region.box), region.mean_probability] for region in wanted)
    assert [area for area, _, _ in found] == sorted((area for area, _, _ in expected), reverse=True)
    assert [one[:2] for one in sorted(found)] == [one[:2] for one in expected]
    assert np.allclose([one[2] for one in sorted(found)], [one[2] for one in expected], atol=1e-5)


@pytest.mark.parametrize("level", [30, 140, 200, 255])
def test_threshold_acts_on_mask_and_list(visit: Visit, server: Server, level: int) -> None:
    visit.give(MANY)
    visit.see("wavy.png")
    visit.slide("threshold", level)
    packed = base64.b64decode(ask(server, MANY, "probability")["probability"].partition(",")[2])
    values = cv2.imdecode(np.frombuffer(packed, np.uint8), cv2.IMREAD_UNCHANGED)
    mask = (values >= level).astype(np.uint8)
    wanted = find_regions(mask, (values / 255).astype(np.float32))
    found = sorted((area, size, mean) for area, mean, size in visit.regions())
    listed = sorted((r.area_px, f"{r.box[2]}×{r.box[3]}", r.mean_probability) for r in wanted)
    assert 0 < len(listed) <= 100
    assert [one[:2] for one in found] == [one[:2] for one in listed]
    assert np.allclose([one[2] for one in found], [one[2] for one in listed], atol=0.001)
    assert np.array_equal(visit.painted(WAVY.shape), mask)


def test_reset_goes_back_to_the_models_threshold(visit: Visit) -> None:
    visit.give(MANY)
    visit.see("wavy.png")
    before, said = visit.regions(), visit.says("threshold-said")
    assert said == "0.500, the model’s"
    visit.slide("threshold", 250)
    assert visit.regions() != before
    assert visit.says("threshold-said") == "0.980"
    visit.page.get_by_role("button", name="Reset").click()
    visit.frame()
    assert (visit.regions(), visit.says("threshold-said")) == (before, said)


def test_the_verdict_does_not_follow_the_slider(visit: Visit) -> None:
    visit.give(DEFECT)
    visit.see("defect.png")
    visit.slide("threshold", 255)
    assert visit.says("word") == "Defect"
    assert visit.says("total") == "1 region · 250 px · 2.31 %"


def test_fill_and_outline_have_the_houses_colour(visit: Visit) -> None:
    visit.give(DEFECT)
    visit.see("defect.png")
    drawn = visit.canvas("mask")
    rows, columns = np.nonzero(drawn[:, :, 3])
    middle = drawn[(rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2]
    assert middle[3] == round(palette.FILL * 255)
    assert np.allclose(middle[:3], palette.rgb(palette.DEFECT), atol=3)  # a canvas keeps colours times opacity
    edge = drawn[rows.min(), (columns.min() + columns.max()) // 2]
    assert (*edge[:3], edge[3]) == (*palette.rgb(palette.DEFECT), 255)
    column = drawn[rows.min() :, (columns.min() + columns.max()) // 2, 3]
    assert np.argmax(column != 255) == palette.OUTLINE_PX
    visit.slide("opacity", 80)
    assert visit.canvas("mask")[(rows.min() + rows.max()) // 2, (columns.min() + columns.max()) // 2, 3] == 204
    visit.page.get_by_role("button", name="Show mask").click()
    assert not visit.canvas("mask").any()


def test_large_pixels_are_squares_and_small_ones_are_smooth(visit: Visit) -> None:
    visit.give(DEFECT)
    visit.see("defect.png")
    greys = np.unique(visit.canvas("photo")[:, :, :3].reshape(-1, 3), axis=0)
    assert len(greys) <= 3  # surface, defect, nothing: no shade was made up between them


def test_dropped(visit: Visit) -> None:
    held = transfer(visit, DEFECT)
    visit.page.dispatch_event("#stage", "dragenter", {"dataTransfer": held})
    expect(visit.page.get_by_text("Let go to look at them")).to_be_visible()
    visit.page.dispatch_event("#stage", "drop", {"dataTransfer": held})
    visit.see("defect.png")
    expect(visit.page.get_by_text("Let go to look at them")).to_be_hidden()


def test_pasted(visit: Visit) -> None:
    paste = "data => dispatchEvent(new ClipboardEvent('paste', { clipboardData: data }))"
    visit.page.evaluate(paste, visit.page.evaluate_handle("() => new DataTransfer()"))
    assert visit.says("notice").startswith("There is no photo in the clipboard.")
    visit.page.evaluate(paste, transfer(visit, {**DEFECT, "name": "image.png"}))
    visit.page.wait_for_selector("body[data-shows=done]")
    assert re.fullmatch(r"pasted-\d\d-\d\d-\d\d\.png", visit.says("name"))
    assert visit.says("word") == "Defect"


def test_camera(visit: Visit) -> None:
    visit.page.get_by_role("button", name="Camera").click()
    shoot = visit.page.get_by_role("button", name="Take photo")
    expect(shoot).to_be_enabled(timeout=20_000)
    shoot.click()
    visit.page.wait_for_selector("body[data-shows=done]")
    assert visit.says("name").startswith("camera-")
    assert not visit.page.get_by_role("dialog").is_visible()
    assert visit.page.evaluate("document.getElementById('live').srcObject") is None  # its lamp is off


@pytest.mark.parametrize(("suffix", "dtype"), [(".tiff", np.uint8), (".png", np.uint16)])
def test_photos_that_browsers_cannot_show_are_shown(
    visit: Visit, tmp_path: Path, suffix: str, dtype: type[np.generic]
) -> None:
    path = tmp_path / f"machine{suffix}"
    image = photo().astype(dtype)
    cv2.imwrite(str(path), image * 16 if dtype is np.uint16 else image)  # 12 bits in 16, as cameras write them
    visit.give(path)
    visit.see(path.name)
    drawn = visit.canvas("photo")
    assert not visit.page.locator("#blind").is_visible()
    assert abs(int(np.median(drawn[drawn[:, :, 3] > 0][:, 0])) - 160) <= 1


def test_regions_are_pointed_out_both_ways(visit: Visit) -> None:
    visit.give(MANY)
    visit.see("wavy.png")
    first = visit.page.locator("#regions li").first
    tag = visit.page.locator("#tag")
    first.hover()
    expect(tag).to_have_text("1")
    bright = np.argwhere(np.all(visit.canvas("mask") == 255, axis=2))
    assert len(bright)  # a white line around it
    visit.page.mouse.move(5, 5)
    expect(tag).to_be_hidden()
    stage = visit.page.locator("#stage").bounding_box()
    filled = cv2.distanceTransform((visit.canvas("mask")[:, :, 3] == 89).astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(filled.argmax()), filled.shape)  # the middle of the largest blob
    visit.page.mouse.move(stage["x"] + int(x), stage["y"] + int(y))
    expect(tag).to_be_visible()
    number = tag.inner_text()
    assert visit.page.locator("#regions li.marked button > :first-child span:nth-child(2)").inner_text() == number
    visit.page.mouse.move(5, 5)
    visit.page.locator("#regions button").nth(2).focus()
    expect(tag).to_have_text("3")


def test_history_and_queue(visit: Visit) -> None:
    shots = [{**(DEFECT if n % 3 == 0 else GOOD), "name": f"part-{n:02}.png"} for n in range(24)]
    visit.give(*shots)
    visit.page.get_by_text(re.compile(r"^Photo \d+ of 24$")).wait_for()
    visit.see("part-23.png")
    assert visit.says("notice") == "24 photos: 8 defect, 16 good."
    assert not visit.page.locator("#progress").is_visible()
    entries = visit.page.locator("#strip button")
    assert entries.count() == 20
    assert entries.first.get_attribute("aria-label") == "part-04.png: good"
    visit.page.keyboard.press("ArrowLeft")
    visit.see("part-22.png")
    entries.nth(2).click()
    visit.see("part-06.png")
    assert visit.says("word") == "Defect"
    assert visit.says("total").startswith("1 region")
    visit.page.keyboard.press("ArrowRight")
    visit.see("part-07.png")
    assert visit.says("word") == "Good"
    expect(visit.page.locator("#strip [aria-current]")).to_have_attribute("aria-label", "part-07.png: good")


def test_stopping_a_queue(visit: Visit) -> None:
    large = encoded(wavy(1200, 1600))
    visit.give(*[{"name": f"{n}.png", "mimeType": "image/png", "buffer": large} for n in range(8)])
    visit.page.get_by_text("Photo 2 of 8").wait_for(timeout=20_000)
    visit.page.get_by_role("button", name="Stop").click()
    expect(visit.page.locator("#progress")).to_be_hidden()
    assert visit.page.locator("#strip button").count() < 8


def test_mask_is_saved_at_the_photos_own_size(visit: Visit, server: Server, tmp_path: Path) -> None:
    visit.give(MANY)
    visit.see("wavy.png")
    with visit.page.expect_download() as waiting:
        visit.page.get_by_role("button", name="Save mask").click()
    assert waiting.value.suggested_filename == "wavy_mask.png"
    waiting.value.save_as(tmp_path / "mask.png")
    saved = cv2.imread(str(tmp_path / "mask.png"), cv2.IMREAD_UNCHANGED)
    with server.client() as client:
        theirs = client.post("/analyze?format=png", files={"image": MANY["buffer"]}).content
    assert np.array_equal(saved, cv2.imdecode(np.frombuffer(theirs, np.uint8), cv2.IMREAD_UNCHANGED))
    assert visit.says("notice") == "Saved wavy_mask.png, 176×144 px."


def test_zoom(visit: Visit) -> None:
    visit.give(MANY)
    visit.see("wavy.png")
    fitted = visit.says("scale")
    visit.page.locator("#stage").hover()
    visit.page.mouse.wheel(0, -300)
    visit.frame()
    assert visit.says("scale") != fitted
    before = visit.canvas("photo")
    visit.page.keyboard.press("Shift+ArrowRight")
    assert not np.array_equal(before, visit.canvas("photo"))
    visit.page.keyboard.press("0")
    visit.frame()
    assert visit.says("scale") == fitted
    visit.page.locator("#regions button").nth(4).click()
    visit.frame()
    assert int(visit.says("scale").split()[0]) > int(fitted.split()[0])


def test_the_keyboard_alone(visit: Visit) -> None:
    keyboard = visit.page.keyboard
    keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.id") == "open"
    with visit.page.expect_file_chooser() as choosing:
        keyboard.press("Enter")
    choosing.value.set_files([DEFECT, MANY])
    visit.see("wavy.png")
    keyboard.press("ArrowDown")
    keyboard.press("ArrowDown")
    expect(visit.page.locator("#tag")).to_have_text("2")
    assert visit.page.evaluate("document.activeElement.dataset.region") == "1"
    scale = visit.says("scale")
    keyboard.press("Enter")
    visit.frame()
    assert visit.says("scale") != scale
    keyboard.press("Escape")
    visit.frame()
    assert visit.says("scale") == scale
    expect(visit.page.locator("#tag")).to_be_hidden()
    for key, element, said in (
        (".", "threshold-said", "0.506"),
        ("l", "opacity-said", "40 %"),
        ("k", "opacity-said", "35 %"),
    ):
        keyboard.press(key)
        expect(visit.page.locator(f"#{element}")).to_have_text(said)
    keyboard.press("r")
    expect(visit.page.locator("#threshold-said")).to_have_text("0.500, the model’s")
    keyboard.press("m")
    expect(visit.page.locator("#toggle")).to_have_attribute("aria-pressed", "false")
    with visit.page.expect_download():
        keyboard.press("s")
    keyboard.press("ArrowLeft")
    visit.see("defect.png")
    keyboard.press("?")
    expect(visit.page.get_by_role("dialog", name="Help")).to_be_visible()
    keyboard.press("ArrowRight")  # belongs to the dialog now
    keyboard.press("Escape")
    expect(visit.page.get_by_role("dialog", name="Help")).to_be_hidden()
    assert visit.says("name") == "defect.png"


def test_shortcuts_can_be_switched_off(visit: Visit) -> None:
    visit.give(DEFECT)
    visit.see("defect.png")
    visit.page.get_by_role("button", name="Help and shortcuts").click()
    visit.page.get_by_label("Shortcuts of a single key").uncheck()
    visit.page.get_by_role("button", name="Close").click()
    visit.page.keyboard.press("m")
    expect(visit.page.locator("#toggle")).to_have_attribute("aria-pressed", "true")
    visit.page.reload()
    expect(visit.page.locator("#shortcuts")).not_to_be_checked()


def test_focus_can_be_seen_everywhere(visit: Visit) -> None:
    visit.give(DEFECT)
    visit.see("defect.png")
    script = """() => {
      const { id, tagName, dataset } = document.activeElement;
      return [id || dataset.region || tagName, getComputedStyle(document.activeElement).outlineWidth];
    }"""
    seen = {}
    for _ in range(30):
        visit.page.keyboard.press("Tab")
        name, width = visit.page.evaluate(script)
        seen[name] = float(width.removesuffix("px"))
    buttons = {"open", "camera", "theme", "help", "smaller", "fit", "larger", "toggle", "save"}
    assert buttons | {"threshold", "opacity", "0"} <= set(seen)
    assert all(width >= 2 for name, width in seen.items() if name != "BODY"), seen


def test_light_and_dark(browser: Any, server: Server) -> None:
    for system, ground in (("light", palette.LIGHT["bg"]), ("dark", palette.DARK["bg"])):
        other = palette.DARK["bg"] if system == "light" else palette.LIGHT["bg"]
        with visiting(browser, server.url, color_scheme=system) as visit:
            shown = "getComputedStyle(document.body).backgroundColor"
            assert visit.page.evaluate(shown) == f"rgb{palette.rgb(ground)}"
            visit.page.locator("#theme").click()
            assert visit.page.evaluate(shown) == f"rgb{palette.rgb(other)}"
            visit.page.reload()
            assert visit.page.evaluate(shown) == f"rgb{palette.rgb(other)}", "the choice was forgotten"


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_scrolls_one_way_only(browser: Any, server: Server, width: int) -> None:
    options = {"viewport": {"width": width, "height": 740}, "is_mobile": True, "has_touch": True}
    with visiting(browser, server.url, **options) as visit:
        assert visit.wide() == 0
        expect(visit.page.get_by_text("Choose a photo")).to_be_visible()
        visit.give(*[{**MANY, "name": f"a-photo-with-quite-a-long-name-{n}.png"} for n in range(8)])
        visit.see("a-photo-with-quite-a-long-name-7.png")
        assert visit.wide() == 0
        stage, verdict = (visit.page.locator(f"#{name}").bounding_box() for name in ("stage", "verdict"))
        assert stage["y"] + stage["height"] <= verdict["y"]
        for name in ("open", "camera", "save", "toggle"):
            box = visit.page.locator(f"#{name}").bounding_box()
            assert box["height"] >= 44
            assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        with visit.page.expect_file_chooser():  # the phone's own camera
            visit.page.locator("#camera").tap()
        visit.page.locator("#help").tap()
        assert visit.wide() == 0


def test_two_fingers_enlarge_and_one_scrolls(browser: Any, server: Server) -> None:
    options = {"viewport": {"width": 390, "height": 740}, "is_mobile": True, "has_touch": True}
    with visiting(browser, server.url, **options) as visit:
        visit.give(MANY)
        visit.see("wavy.png")
        fingers = visit.page.context.new_cdp_session(visit.page)

        def touch(kind: str, *places: tuple[int, int]) -> None:
            points = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(places)]
            fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
            visit.frame()

        fitted = int(visit.says("scale").split()[0])
        touch("touchStart", (180, 250), (220, 250))
        for apart in range(10, 100, 10):
            touch("touchMove", (180 - apart, 250), (220 + apart, 250))
        touch("touchEnd")
        assert int(visit.says("scale").split()[0]) > 2 * fitted
        visit.page.locator("#fit").tap()
        touch("touchStart", (200, 300))
        for up in range(10, 150, 10):
            touch("touchMove", (200, 300 - up))
        touch("touchEnd")
        assert visit.page.evaluate("scrollY") > 50


def test_nothing_turns_where_motion_is_not_wanted(browser: Any, server: Server) -> None:
    style = "getComputedStyle(document.querySelector('.turn')).animationName"
    with visiting(browser, server.url, reduced_motion="reduce") as visit:
        assert visit.page.evaluate(style) == "none"
    with visiting(browser, server.url, reduced_motion="no-preference") as visit:
        assert visit.page.evaluate(style) == "turn"


def test_the_mask_of_a_large_photo_follows_the_slider_within_a_frame(visit: Visit) -> None:
    visit.give({"name": "speed.png", "mimeType": "image/png", "buffer": encoded(wavy(1500, 2000))})
    visit.see("speed.png")
    script = """async slider => {
      const frame = () => new Promise(done => requestAnimationFrame(done));
      const copy = new OffscreenCanvas(2000, 1500).getContext('2d', { willReadFrequently: true });
      const painted = () => {
        copy.clearRect(0, 0, 2000, 1500);
        copy.drawImage(document.getElementById('mask'), 0, 0);
        return copy.getImageData(0, 0, 2000, 1500).data.reduce((sum, value) => sum + value, 0);
      };
      const sums = [];
      for (let level = 40; level < 220; level += 60) {
        await frame();
        slider.value = level;
        slider.dispatchEvent(new Event('input'));
        await frame(); // asked for after the page's own, so the mask is painted
        sums.push(painted());
      }
      return sums;
    }"""
    first, second, third = visit.page.locator("#threshold").evaluate(script)
    assert first > second > third > 0


def test_the_docs_need_nobody_else(browser: Any, server: Server) -> None:
    with visiting(browser, f"{server.url}/docs") as visit:
        expect(visit.page.get_by_role("heading", name="POST /v1/predict", exact=True)).to_be_visible()
        links = visit.page.locator("a[href^='#']").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        assert links
        assert all(visit.page.locator(f"[id='{link[1:]}']").count() == 1 for link in set(links))
        visit.page.get_by_role("button", name="Copy").first.click()
        assert visit.wide() == 0
