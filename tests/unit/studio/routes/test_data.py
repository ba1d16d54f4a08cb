from pathlib import Path

import cv2
import numpy as np

from tests.photosets import HEIGHT, WIDTH
from tests.unit.studio.projects import client, photographed
from tilecli.data.index import Photo, write_index


def test_pictures_are_those_of_the_index_alone(tmp_path: Path):
    project = photographed(tmp_path / "parts").project
    (tmp_path / "secret.png").write_bytes((project.dataset / "images/a.png").read_bytes())
    with client(project) as opened:
        small = opened.get("/api/data/photos/a/thumbnail")
        assert small.headers["content-type"] == "image/jpeg"
        drawn = cv2.imdecode(np.frombuffer(small.content, np.uint8), cv2.IMREAD_COLOR)
        assert drawn.shape == (5 * HEIGHT, 5 * WIDTH, 3)  # 208 px at most, by a whole factor
        blue, _, red = (int(drawn[5 * 4 - 1, 5 * 3, channel]) for channel in range(3))
        assert blue > red + 40, "the mask, which begins there, is outlined"
        assert opened.get("/api/data/photos/nobody/thumbnail").status_code == 404
        assert opened.get("/api/data/photos/a/mask").status_code == 422
        write_index(project.index, [Photo("f", "../../../secret.png", "", "good", "line", "", WIDTH, HEIGHT)])
        assert opened.get("/api/data/photos/f/picture").status_code == 404
        write_index(project.index, [Photo("g", "images/gone.png", "", "good", "line", "", WIDTH, HEIGHT)])
        gone = opened.get("/api/data/photos/g/picture")
        assert (gone.status_code, "cannot be read" in gone.json()["detail"]) == (422, True)
