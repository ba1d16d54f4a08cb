"""A served bundle that tells types of defects apart: what programs and people get to see of it."""

import base64
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from tests.dark_bundle import encoded
from tests.integration.serving.server import Server, serving
from tests.kinds_bundle import CLASSES, HOLE, SPOT, photo, write_kinds_bundle
from tilecli import palette


@pytest.fixture(scope="module")
def typed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("kinds") / "bundle"
    write_kinds_bundle(folder)
    with serving(folder, tmp_path_factory.mktemp("home"), "--drain", "5") as started:
        yield started


def inside(image: np.ndarray, box: tuple[int, int, int, int]) -> np.ndarray:
    x, y, width, height = box
    return image[y : y + height, x : x + width]


def from_url(text: str) -> np.ndarray:
    data = np.frombuffer(base64.b64decode(text.partition(",")[2]), np.uint8)
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_UNCHANGED))


def test_answers_say_types(typed: Server) -> None:
    files = {"image": ("a.png", encoded(photo()))}
    with typed.client() as client:
        answer = client.post("/v1/predict?include=types,overlay,mask", files=files).json()
        regions = client.post("/analyze?format=regions", files=files).json()
        assert client.get("/v1/model").json()["classes"] == list(CLASSES)
        figures = client.get("/metrics").text
    assert answer["type"] == "hole"
    assert answer["classes"] == list(CLASSES)
    assert [(region["type"], region["area_px"]) for region in answer["regions"]] == [("hole", 250), ("spot", 144)]
    assert all(region["type_probability"] > 0.9 for region in answer["regions"])
    kinds = from_url(answer["types"])
    assert (inside(kinds, HOLE) == 1).all()
    assert (inside(kinds, SPOT) == 2).all()
    assert set(np.unique(from_url(answer["mask"]))) == {0, 255}
    drawn = from_url(answer["overlay"])[:, :, ::-1]
    for number, box in ((1, HOLE), (2, SPOT)):
        x, y = box[0] - 1, box[1] + box[3] // 2
        assert drawn[y, x].tolist() == list(palette.rgb(palette.TYPES[number - 1]))
    assert 'tiles_photos_by_type_total{type="hole"}' in figures

    assert [region["type"] for region in regions["regions"]] == ["hole", "spot"]


def test_a_binary_bundle_answers_as_ever(server: Server) -> None:
    with server.client() as client:
        answer = client.post("/v1/predict?include=types,mask", files={"image": ("a.png", encoded(photo()))}).json()
    assert not {"type", "classes", "types"} & answer.keys()
    assert {"box", "area_px", "mean_probability", "polygon"} == set(answer["regions"][0])


def test_the_page_paints_and_names_types(typed: Server, browser: Any) -> None:
    from tests.integration.serving.browser import visiting

    with visiting(browser, typed.url) as visit:
        visit.give({"name": "a.png", "mimeType": "image/png", "buffer": encoded(photo())})
        visit.see("a.png")
        assert visit.says("word") == "Defect: hole"
        names = visit.page.locator("#regions .type").all_inner_texts()
        assert names == ["hole", "spot"]
        pixels = visit.canvas("mask")
        outlines = {tuple(int(value) for value in colour[:3]) for colour in pixels[pixels[:, :, 3] == 255]}
        assert {palette.rgb(colour) for colour in palette.TYPES[:2]} <= outlines
        assert palette.rgb(palette.DEFECT) not in outlines
        # At a threshold of one's own, the page names regions by itself.
        visit.slide("threshold", 40)
        assert visit.page.locator("#regions .type").all_inner_texts() == ["hole", "spot"]
