import json
import sys

import pytest
import yaml

from tilecli.delivery.images import recipe
from tilecli.delivery.images.recipe import Facts

FACTS = Facts("line-7", "536fbdd6db35", "2a6a526", "python:3.11.14-slim-bookworm")


def lines() -> list[str]:
    return recipe.dockerfile(FACTS).splitlines()


def test_two_stages_of_one_pinned_image() -> None:
    assert "ARG BASE_IMAGE=python:3.11.14-slim-bookworm" in lines()
    assert [line for line in lines() if line.startswith("FROM")] == [
        "FROM ${BASE_IMAGE} AS build",
        "FROM ${BASE_IMAGE}",
    ]


def test_the_default_image_has_this_pythons_minor_version() -> None:
    major, minor = sys.version_info[:2]
    name, _, tag = recipe.base_image().partition(":")
    assert name == "python"
    assert tag.startswith(f"{major}.{minor}.") and tag.endswith("-slim-bookworm")


def test_the_last_stage_runs_as_nobody_without_a_shell() -> None:
    last = lines()[lines().index("FROM ${BASE_IMAGE}") :]
    assert "USER 10001:10001" in last
    assert not [line for line in last if line.startswith(("RUN", "ADD"))]
    command = json.loads(last[-1].removeprefix("CMD "))
    assert command[:4] == ["python", "-m", "tilecli", "serve"]
    assert not any("TILES_API_KEYS=" in line for line in last)  # keys are never in an image


def test_labels_say_which_bundle_it_is() -> None:
    text = recipe.dockerfile(FACTS)
    assert 'image.version="536fbdd6db35"' in text and 'image.revision="2a6a526"' in text


@pytest.mark.parametrize("text", [recipe.heroku(), recipe.compose(FACTS), recipe.prometheus()])
def test_yaml_that_can_be_read(text: str) -> None:
    assert isinstance(yaml.safe_load(text), dict)


def test_no_placeholder_is_left() -> None:
    for text in (recipe.dockerfile(FACTS), recipe.compose(FACTS), recipe.prometheus()):
        assert "$$" not in text
