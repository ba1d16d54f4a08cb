"""Types, exposures and unique names, from whatever people call their files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilecli.data.names import Origin, defect_type, exposure, good_types, is_photo_name, photo_names, tidy_type

GOOD = good_types(("good", "free", "OK"))


@pytest.mark.parametrize(
    ("name", "tidy"),
    [
        ("MT_Blowhole", "blowhole"),
        ("mt_mt_crack", "crack"),
        ("Deep Scratch", "deep_scratch"),
        ("v1.2/edge", "v1_2_edge"),
        ("…", "defect"),
        ("Überlauf", "überlauf"),
    ],
)
def test_types_are_tidied(name: str, tidy: str) -> None:
    assert tidy_type(name) == tidy


@given(st.text())
def test_tidying_is_stable_and_safe_in_paths_and_metric_keys(name: str) -> None:
    tidy = tidy_type(name)
    assert tidy and tidy_type(tidy) == tidy
    assert not set(tidy) & set("./\\ \n\t,;")


@pytest.mark.parametrize("name", ["good", "MT_Free", "ok", "OK", "Free"])
def test_names_of_good_parts(name: str) -> None:
    assert defect_type(name, GOOD) == "good"


def test_free_of_the_real_set_is_good_whatever_the_settings_say() -> None:
    assert defect_type("MT_Free", good_types(("fine",))) == "good"
    assert defect_type("Free", good_types(("fine",))) == "free"


def test_exposure_comes_from_the_burst_pattern_only() -> None:
    assert exposure("exp3_num_108741") == "3"
    assert exposure("free_exp0_num_1") == "0"
    assert exposure("IMG_0042") == ""


def test_hidden_files_and_other_endings_are_no_photos() -> None:
    assert is_photo_name("a/b.JPG") and is_photo_name("x.tiff")
    assert not any(is_photo_name(name) for name in ("a/.b.jpg", "__MACOSX/b.jpg", ".git/b.png", "b.txt", ".jpg", "jpg"))


def test_a_stem_that_is_unique_stays() -> None:
    assert photo_names([Origin("a", "MT_Crack/Imgs/one", "crack"), Origin("a", "x/two", "good")]) == ["one", "two"]


def test_equal_stems_in_one_source_get_their_type_then_their_path() -> None:
    names = photo_names(
        [
            Origin("bottle", "test/broken/000", "broken"),
            Origin("bottle", "test/good/000", "good"),
            Origin("bottle", "train/good/000", "good"),
            Origin("bottle", "train/good/001", "good"),
        ]
    )
    assert names == ["broken_000", "test_good_000", "train_good_000", "001"]


def test_a_source_that_is_added_renames_nothing() -> None:
    first = [Origin("a", "x/1", "crack"), Origin("a", "x/2", "good")]
    added = [Origin("b", "y/1", "good"), Origin("b", "y/2", "good"), Origin("b", "y/3", "good")]
    assert photo_names([*first, *added]) == ["1", "2", "good_1", "good_2", "3"]
    again = [Origin("c", "z/2", "good")]
    assert photo_names([*first, *added, *again])[-1] == "c_2"


def test_names_differ_even_where_file_names_ignore_case() -> None:
    names = photo_names([Origin("a", "IMG", "good"), Origin("a", "img", "good")])
    assert len({name.casefold() for name in names}) == 2


_WORD = st.text("aAbB_1", min_size=1, max_size=3)


@given(st.lists(st.builds(Origin, _WORD, st.builds("/".join, st.lists(_WORD, min_size=1, max_size=3)), _WORD)))
def test_names_are_always_unique(origins: list[Origin]) -> None:
    names = photo_names(origins)
    assert len(names) == len(origins)
    assert len({name.casefold() for name in names}) == len(names)
    assert not any("/" in name for name in names)
