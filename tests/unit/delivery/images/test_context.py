from importlib import metadata
from pathlib import Path

import pytest

from tests.dark_bundle import write_dark_bundle
from tilecli.delivery.images import context
from tilecli.errors import DeployError, ModelError, UsageError


@pytest.mark.parametrize(
    "name, wanted", [("Line 7", "line-7"), ("p", "p"), ("Größe_1", "gr-e-1"), ("..", "tiles"), ("日本", "tiles")]
)
def test_names_that_images_may_have(name: str, wanted: str) -> None:
    assert context.slug(name) == wanted


def test_requirements_are_what_is_installed_and_nothing_that_trains() -> None:
    pins = dict(line.split("==") for line in context.requirements())
    assert pins["numpy"] == metadata.version("numpy")
    assert pins["starlette"] == metadata.version("starlette")  # FastAPI's own
    assert not {"torch", "dvc", "tilecli", "pytest"} & set(pins)


def test_what_is_in_a_context(tmp_path: Path) -> None:
    write_dark_bundle(tmp_path / "bundle")
    (tmp_path / "bundle" / ".secret").write_text("x")
    kinds = {kind: {piece.path for piece in context.plan(tmp_path / "bundle", kind, "p").pieces} for kind in KINDS}
    for paths in kinds.values():
        assert {"Dockerfile", "bundle/bundle.json", "tilecli/cli/main.py", "tilecli/serving/page/index.html"} <= paths
        assert not [path for path in paths if "__pycache__" in path or ".secret" in path]
    assert "heroku.yml" in kinds["heroku"] - kinds["docker"]
    assert {"compose.yaml", "prometheus/prometheus.yml"} == kinds["compose"] - kinds["docker"]


KINDS: tuple[context.Kind, ...] = ("docker", "compose", "heroku")


def test_a_context_that_cannot_be_finished_leaves_the_former_one(tmp_path: Path) -> None:
    write_dark_bundle(tmp_path / "bundle")
    made = context.plan(tmp_path / "bundle", "compose", "p")
    context.write(made, tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    (tmp_path / "bundle" / "model.onnx").unlink()
    with pytest.raises(DeployError, match="cannot be written"):
        context.write(made, tmp_path / "out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "out"]


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    write_dark_bundle(tmp_path / "bundle")
    (tmp_path / "out").write_text("mine")
    with pytest.raises(DeployError, match="not made by"):
        context.write(context.plan(tmp_path / "bundle", "docker", "p"), tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_what_cannot_be_planned(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no bundle"):
        context.plan(tmp_path, "docker", "p")
    write_dark_bundle(tmp_path / "bundle")
    with pytest.raises(UsageError, match="is no image"):
        context.plan(tmp_path / "bundle", "docker", "p", base_image="python 3")
