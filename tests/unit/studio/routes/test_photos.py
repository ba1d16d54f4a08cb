"""Pictures of photos: by the bytes of DVC's cache, by the run's own model, and by no name of the request."""

from __future__ import annotations

import sys

import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from tests.studied import BOX, HEIGHT, MISSED, WIDTH, Studied
from tilecli import palette

CENTRE = (BOX[1] + BOX[3] // 2, BOX[0] + BOX[2] // 2)  # of what is found: y, x
BLIND = (MISSED[1] + MISSED[3] // 2, MISSED[0] + MISSED[2] // 2)  # of what is missed


def get(client: TestClient, photo: str, kind: str, run: str = "looked-at") -> np.ndarray:
    """The picture as RGB."""
    answer = client.get(f"/api/runs/{run}/photos/{photo}/{kind}")
    assert answer.status_code == 200, answer.text
    image = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image[:, :, ::-1]


def at(image: np.ndarray, place: tuple[int, int]) -> np.ndarray:
    """The pixel of a picture that is the photo enlarged by a whole factor."""
    factor = image.shape[0] // HEIGHT
    assert image.shape[:2] == (HEIGHT * factor, WIDTH * factor)
    return image[place[0] * factor, place[1] * factor].astype(int)


def tinted(grey: int, colour: str) -> np.ndarray:
    mixed = np.full(3, grey) * (1 - palette.FILL) + np.asarray(palette.rgb(colour)) * palette.FILL
    return np.rint(mixed).astype(int)


def test_every_kind_shows_what_it_says(client: TestClient) -> None:
    assert at(get(client, "found", "photo"), CENTRE).tolist() == [20, 20, 20]
    assert get(client, "found", "thumbnail").shape == (HEIGHT, WIDTH, 3)
    assert np.array_equal(at(get(client, "found", "truth"), CENTRE), tinted(20, palette.TRUTH))
    for kind in ("prediction", "overlay"):
        assert np.array_equal(at(get(client, "found", kind), CENTRE), tinted(20, palette.DEFECT))
    assert np.array_equal(at(get(client, "found", "error"), CENTRE), tinted(20, palette.GOOD))
    assert np.array_equal(at(get(client, "missed", "error"), BLIND), tinted(160, palette.DEFECT))
    assert at(get(client, "missed", "prediction"), BLIND).tolist() == [160, 160, 160]
    ring = at(get(client, "missed", "overlay"), (BLIND[0], MISSED[0] - 1))
    assert np.array_equal(ring, [160] * 3) or np.array_equal(ring, palette.rgb(palette.TRUTH))
    assert (get(client, "missed", "overlay") == palette.rgb(palette.TRUTH)).all(axis=2).any()
    probability = get(client, "found", "probability").astype(int)
    assert probability[CENTRE].sum() > 600 > probability[0, 0].sum()


def test_an_answer_is_kept_by_its_bytes_and_asked_for_once(client: TestClient, studied: Studied) -> None:
    first = client.get("/api/runs/looked-at/photos/found/prediction")
    tag = first.headers["etag"]
    again = client.get("/api/runs/looked-at/photos/found/prediction", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    # The same bytes under another name of the run are the same picture; another kind is another.
    assert client.get(f"/api/runs/{studied.rev}/photos/found/prediction").headers["etag"] == tag
    assert client.get("/api/runs/looked-at/photos/found/error").headers["etag"] != tag
    studied.cache.path(studied.bundle).unlink()
    assert client.get("/api/runs/looked-at/photos/found/prediction").content == first.content
    gone = client.get("/api/runs/looked-at/photos/fine/prediction")
    # The model is still open.
    assert gone.status_code == 200


def test_a_picture_that_cannot_be_had_says_why(client: TestClient, studied: Studied) -> None:
    def refused(run: str, photo: str, kind: str) -> str:
        answer = client.get(f"/api/runs/{run}/photos/{photo}/{kind}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
        return str(answer.json()["detail"])

    assert refused("looked-at", "found", "secret") == "there is no 'secret' of a photo"
    assert refused("looked-at", "nobody", "photo") == "this version of the data has no photo 'nobody'"
    assert refused("looket-at", "found", "photo") == "there is no experiment, task or commit 'looket-at'"
    assert refused("main", "found", "photo") == "'main' does not say which photos it was made with"
    for name in ("..", "index.csv", "images%2Ffound.png", "..%2F..%2Fparams.yaml"):
        assert client.get(f"/api/runs/looked-at/photos/{name}/photo").status_code == 404
    for path in studied.cache.root.rglob("*"):
        if path.is_file() and path.read_bytes()[:4] == b"\x89PNG":
            path.unlink()
    assert refused("looked-at", "found", "photo") == "the picture of found is not in DVC's cache"


def test_a_model_that_is_not_here_is_said(client: TestClient, studied: Studied) -> None:
    studied.cache.path(studied.bundle).unlink()
    answer = client.get("/api/runs/looked-at/photos/found/prediction")
    assert (answer.status_code, answer.json()["detail"]) == (404, "the model is not in DVC's cache")
    assert client.get("/api/runs/looked-at/photos/found/photo").status_code == 200


@pytest.mark.skipif("torch" in sys.modules, reason="another test has imported it")
def test_no_torch_is_needed(client: TestClient) -> None:
    get(client, "found", "prediction")
    assert "torch" not in sys.modules
