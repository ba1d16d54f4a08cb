"""The API as its clients meet it: the articles' snippets, every form of answer, every refusal."""

import base64
import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from tests.dark_bundle import encoded, photo
from tests.integration.serving.server import Server, serving
from tilecli.inference.bundle import read_bundle, write_bundle

BOX = (30, 20, 25, 10)
TRUTH = np.zeros((90, 120), np.uint8)
TRUTH[20:30, 30:55] = 1


def files(data: bytes, name: str = "part.png") -> dict[str, tuple[str, bytes]]:
    return {"image": (name, data)}


def decoded(data: bytes, flag: int = cv2.IMREAD_UNCHANGED) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    assert image is not None
    return image


def from_url(url: str) -> np.ndarray:
    head, _, text = url.partition(",")
    assert head == "data:image/png;base64"
    return decoded(base64.b64decode(text))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_line_of_the_articles(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "exp3_num_258558.jpg"
    path.write_bytes(encoded(photo(), ".jpg"))
    done = subprocess.run(
        ["curl", "--silent", "-F", f"image=@{path}", "-v", f"{server.url}/analyze"], capture_output=True, check=True
    )
    mask = np.array(json.loads(done.stdout)["pred"])
    assert mask.shape == (90, 120)
    assert set(np.unique(mask)) == {0, 1}


def test_python_client_of_the_articles(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "exp3_num_258558.jpg"
    path.write_bytes(encoded(photo(), ".png"))
    client = f"""
import json
from pathlib import Path
import numpy as np
import requests
url = "{server.url}/analyze"
file_path = Path("{path}")
files = {{"image": (str(file_path), open(file_path, "rb"), "image/jpeg")}}
response = requests.post(url, files=files)
data = json.loads(response.content)
pred = np.array(data["pred"])
print(pred.shape, pred.sum())
"""
    done = subprocess.run([sys.executable, "-c", client], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(90, 120) 250"


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff", ".webp", ".jpg"])
def test_every_format_is_read(server: Server, suffix: str) -> None:
    with server.client() as client:
        done = client.post("/analyze", params={"format": "png"}, files=files(encoded(photo(), suffix)))
    assert done.status_code == 200, done.text
    mask = decoded(done.content) // 255
    # WebP and JPEG blur the box's edge a little.
    assert np.count_nonzero(mask != TRUTH) <= (0 if suffix in (".png", ".bmp", ".tiff") else 60)


def test_forms_agree(server: Server) -> None:
    data = encoded(photo())
    with server.client() as client:
        got = {
            form: client.post("/analyze", params={"format": form}, files=files(data))
            for form in ("json", "png", "overlay", "rle", "regions")
        }
        accepted = client.post("/analyze", files=files(data), headers={"Accept": "image/png"})
    assert all(answer.status_code == 200 for answer in got.values())
    np.testing.assert_array_equal(np.array(got["json"].json()["pred"]), TRUTH)
    np.testing.assert_array_equal(decoded(got["png"].content), TRUTH * 255)
    assert accepted.content == got["png"].content
    assert accepted.headers["content-type"] == "image/png"
    overlay = decoded(got["overlay"].content, cv2.IMREAD_COLOR)
    assert overlay.shape == (90, 120, 3)
    assert (overlay[25, 40] != 20).any()
    code = got["rle"].json()
    flat = np.repeat(np.arange(len(code["counts"])) % 2, code["counts"])
    np.testing.assert_array_equal(flat.reshape(code["size"][::-1]).T, TRUTH)
    (region,) = got["regions"].json()["regions"]
    assert region["box"] == list(BOX)
    assert region["area_px"] == 250
    assert [30, 20] in region["polygon"]
    assert [54, 29] in region["polygon"]


def test_predict_says_what_it_rests_on(server: Server) -> None:
    with server.client() as client:
        bad = client.post(
            "/v1/predict", params={"include": "probability,mask,overlay"}, files=files(encoded(photo()))
        ).json()
        good = client.post("/v1/predict", files=files(encoded(photo(box=None)))).json()
        about = client.get("/v1/model").json()
    assert (bad["verdict"], good["verdict"]) == ("defect", "good")
    assert bad["score"] > 0.9
    assert good["score"] < 0.2
    assert bad["defect_share"] == pytest.approx(250 / (90 * 120), abs=1e-6)
    assert (bad["width"], bad["height"]) == (120, 90)
    assert good["regions"] == []
    assert "probability" not in good
    assert bad["model"]["version"] == about["version"]
    assert set(bad["timings_ms"]) == {"queue", "decode", "infer", "total"}
    probability = from_url(bad["probability"])
    assert probability.shape == (90, 120)
    np.testing.assert_array_equal((probability >= 128).astype(np.uint8), TRUTH)
    np.testing.assert_array_equal(from_url(bad["mask"]), TRUTH * 255)
    assert from_url(bad["overlay"]).shape == (90, 120, 3)


def test_a_band_makes_photos_uncertain_and_counts_them(dark: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    shutil.copytree(dark, folder)
    write_bundle(replace(read_bundle(folder), verdict_threshold=0.9999, uncertain_from=0.3))
    with serving(folder, tmp_path / "home") as banded, banded.client() as client:
        unsure, good = (
            client.post("/v1/predict", files=files(encoded(image))).json() for image in (photo(), photo(box=None))
        )
        about = client.get("/v1/model").json()
        figures = client.get("/metrics").text
    assert (unsure["verdict"], good["verdict"]) == ("uncertain", "good")
    assert (unsure["uncertain_from"], unsure["verdict_threshold"]) == (0.3, 0.9999)
    assert (about["uncertain_from"], about["verdict_threshold"]) == (0.3, 0.9999)
    assert 'tiles_photos_total{verdict="uncertain"} 1.0' in figures


def test_without_a_band_there_are_two_verdicts(server: Server) -> None:
    with server.client() as client:
        assert client.get("/v1/model").json()["uncertain_from"] is None
        answer = client.post("/v1/predict", files=files(encoded(photo()))).json()
    assert (answer["verdict"], answer["uncertain_from"]) == ("defect", None)


def test_photo_may_be_the_body(server: Server) -> None:
    with server.client() as client:
        done = client.post("/v1/predict", content=encoded(photo()), headers={"Content-Type": "image/png"})
    assert done.json()["verdict"] == "defect"


def test_batch_keeps_order_and_goes_on_after_a_bad_photo(server: Server) -> None:
    sent = [
        ("image", ("a.png", encoded(photo()))),
        ("image", ("b.txt", b"no photo")),
        ("image", ("c.png", encoded(photo(box=None)))),
    ]
    with server.client() as client:
        done = client.post("/v1/predict/batch", files=sent)
    assert done.status_code == 200
    first, second, third = done.json()["results"]
    assert (first["name"], first["verdict"]) == ("a.png", "defect")
    assert (second["name"], second["problem"]["status"]) == ("b.txt", 415)
    assert (third["name"], third["verdict"]) == ("c.png", "good")


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is and holds nothing."""
    good = encoded(photo())
    return good[:16] + width.to_bytes(4, "big") + height.to_bytes(4, "big") + good[24:]


REFUSED: dict[str, tuple[dict[str, object], int]] = {
    "no field of that name": ({"files": {"picture": ("a.png", b"x")}}, 400),
    "no bytes": ({"files": {"image": ("a.png", b"")}}, 400),
    "cut off": ({"files": {"image": ("a.png", encoded(photo())[:90])}}, 400),
    "cut off JPEG": ({"files": {"image": ("a.jpg", encoded(photo(), ".jpg")[:-40])}}, 400),
    "two photos": ({"files": [("image", ("a.png", encoded(photo())))] * 2}, 400),
    "bomb": ({"files": {"image": ("a.png", png_header(100_000, 100_000))}}, 413),
    "no photo": ({"files": {"image": ("a.gif", b"GIF89a" + bytes(40))}}, 415),
    "no form": ({"content": b"{}", "headers": {"Content-Type": "application/json"}}, 415),
    "no boundary": ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
    "unclosed form": (
        {"content": b"--b\r\n\r\nx", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
        400,
    ),
}


@pytest.mark.parametrize("route", ["/analyze", "/v1/predict"])
@pytest.mark.parametrize("what", REFUSED)
def test_refusals_are_problem_documents(server: Server, what: str, route: str) -> None:
    arguments, status = REFUSED[what]
    with server.client() as client:
        done = client.post(route, **arguments)  # type: ignore[arg-type]
    assert done.status_code == status, done.text
    assert done.headers["content-type"] == "application/problem+json"
    assert done.json()["status"] == status
    assert done.json()["detail"]


def test_wrong_paths_methods_and_parameters(server: Server) -> None:
    data = encoded(photo())
    with server.client() as client:
        answers = {
            404: client.get("/nowhere"),
            405: client.get("/analyze"),
            422: client.post("/analyze", params={"format": "gif"}, files=files(data)),
        }
        also = client.post("/v1/predict", params={"include": "heatmap"}, files=files(data))
    for status, answer in [*answers.items(), (422, also)]:
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
    assert answers[405].headers["allow"] == "POST"


def test_every_answer_is_dressed(server: Server) -> None:
    with server.client() as client:
        for path in ("/livez", "/nowhere", "/v1/model"):
            done = client.get(path, headers={"X-Request-ID": "line-7.3"})
            assert done.headers["x-request-id"] == "line-7.3"
            assert done.headers["x-content-type-options"] == "nosniff"
            assert "default-src 'self'" in done.headers["content-security-policy"]
            assert "access-control-allow-origin" not in done.headers
            assert "server" not in done.headers
        assert client.get("/livez", headers={"X-Request-ID": "a b\x7f"}).headers["x-request-id"] != "a b\x7f"


def test_figures_count_what_happened(server: Server) -> None:
    def figure(text: str, start: str) -> float:
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if line.startswith(start))

    with server.client() as client:
        before = client.get("/metrics").text
        client.post("/v1/predict", files=files(encoded(photo())))
        client.post("/v1/predict", files=files(b"nothing"))
        client.get("/made/up/by/a/client")
        after = client.get("/metrics").text
    for start, more in {
        'tiles_requests_total{code="200",route="/v1/predict"}': 1,
        'tiles_requests_total{code="415",route="/v1/predict"}': 1,
        'tiles_requests_total{code="404",route="other"}': 1,
        'tiles_photos_total{verdict="defect"}': 1,
        "tiles_queue_seconds_count": 1,
        "tiles_defect_share_count": 1,
    }.items():
        assert figure(after, start) - figure(before, start) == more, start
    assert "/made/up" not in after


def test_limits_of_the_command_line(dark: Path, tmp_path: Path) -> None:
    with (
        serving(dark, tmp_path / "home", "--max-mb", "0.05", "--max-megapixels", "0.02", "--rate", "5") as server,
        server.client() as client,
    ):
        assert client.post("/analyze", files=files(bytes(60_000))).status_code == 413
        assert client.post("/analyze", files=files(encoded(photo(200, 200)))).status_code == 413
        codes = [client.get("/v1/model").status_code for _ in range(12)]
        assert codes[0] == 200
        assert 429 in codes
        assert client.get("/livez").status_code == 200


def test_keys(dark: Path, tmp_path: Path) -> None:
    old, new = "k" * 20, "n" * 20
    with serving(dark, tmp_path / "home", TILES_API_KEYS=f"{old}, {new}") as server:
        with server.client() as client:
            refused = client.get("/v1/model")
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert client.get("/v1/model", headers={"X-API-Key": "k" * 19}).status_code == 401
            assert client.get("/v1/model", headers={"X-API-Key": old}).status_code == 200
            assert client.get("/v1/model", headers={"Authorization": f"Bearer {new}"}).status_code == 200
            for path in ("/livez", "/readyz", "/"):
                assert client.get(path).status_code == 200
            assert client.get("/metrics").status_code == 401
        assert old not in server.log


def test_other_origins_are_named(dark: Path, tmp_path: Path) -> None:
    asked = {"Origin": "https://line.example", "Access-Control-Request-Method": "POST"}
    with (
        serving(dark, tmp_path / "home", "--cors", "https://line.example") as server,
        server.client() as client,
    ):
        assert client.options("/analyze", headers=asked).headers["access-control-allow-origin"] == asked["Origin"]
        other = client.get("/v1/model", headers={"Origin": "https://elsewhere.example"})
        assert "access-control-allow-origin" not in other.headers
