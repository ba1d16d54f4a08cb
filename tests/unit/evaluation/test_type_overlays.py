from __future__ import annotations

import numpy as np

from tilecli import palette
from tilecli.evaluation import overlays, type_overlays

CLASSES = ("blowhole", "break", "crack")


def scene() -> tuple[np.ndarray, np.ndarray]:
    photo = np.full((120, 160, 1), 128, np.uint8)
    types = np.zeros((120, 160), np.uint8)
    types[40:60, 20:50] = 1
    types[80:100, 90:130] = 3
    return photo, types


def test_each_type_is_filled_and_outlined_in_its_colour() -> None:
    photo, types = scene()
    image = type_overlays.overlay(photo, types)
    for number, (y, x) in ((1, (50, 30)), (3, (90, 100))):
        colour = np.asarray(palette.rgb(type_overlays.colour_of(number)))
        wanted = np.rint(128 * (1 - palette.FILL) + colour * palette.FILL)
        assert image[y, x].tolist() == wanted.tolist()
    assert image[50, 19].tolist() == list(palette.rgb(type_overlays.colour_of(1)))
    assert image[5, 5].tolist() == [128, 128, 128]


def test_neighbouring_types_do_not_hide_each_other() -> None:
    types = np.zeros((40, 40), np.uint8)
    types[10:30, 10:20], types[10:30, 20:30] = 1, 2
    image = type_overlays.overlay(np.full((40, 40, 1), 128, np.uint8), types)
    inside = np.rint(128 * (1 - palette.FILL) + np.asarray(palette.rgb(type_overlays.colour_of(1))) * palette.FILL)
    assert (image[20, 12:20] == inside).all()


def test_numbers_stand_beside_regions_and_inside_the_photo() -> None:
    photo, types = scene()
    types[0:14, 140:160] = 2  # in a corner
    image = type_overlays.overlay(photo, types)
    for number in (1, 2, 3):
        colour = np.asarray(palette.rgb(type_overlays.colour_of(number)))
        assert (image == colour).all(axis=2).sum() > 60, "a badge of its colour"
    assert image.shape == (120, 160, 3)


def test_no_two_colours_are_alike_and_none_means_something_in_an_error_map_while_types_are_few() -> None:
    assert len(set(palette.TYPES)) == len(palette.TYPES) == 8
    assert not {palette.DEFECT, palette.GOOD, palette.UNCERTAIN} & set(palette.TYPES[:4])
    assert type_overlays.colour_of(9) == type_overlays.colour_of(1)


def test_a_legend_names_what_is_shown_and_nothing_else() -> None:
    _, types = scene()
    assert [text for text, _ in type_overlays.entries([types], CLASSES)] == ["1 blowhole", "3 crack"]
    assert type_overlays.entries([types * 0], CLASSES) == []


def test_a_legend_goes_below_the_photo_and_leaves_it_alone() -> None:
    photo, types = scene()
    image = type_overlays.overlay(photo, types)
    whole = overlays.with_legend(image, type_overlays.entries([types], CLASSES))
    assert whole.shape[0] > 120
    assert whole.shape[1] >= 160
    assert np.array_equal(whole[:120, :160], image)
    wide = overlays.with_legend(np.concatenate([image] * 3, axis=1), type_overlays.entries([types], CLASSES))
    assert wide.shape[0] < whole.shape[0], "in one line where there is room, else one below the other"
    assert overlays.with_legend(image, []) is image


def test_a_panel_marks_pixels_that_were_found_as_another_type() -> None:
    photo, types = scene()
    truth = types.copy()
    truth[truth == 3] = 2
    wrong = type_overlays.panel(photo, types, truth, CLASSES, "a photo")
    right = type_overlays.panel(photo, types, types, CLASSES, "a photo")
    black = [int((image == 0).all(axis=2).sum()) for image in (wrong, right)]
    assert black[0] > black[1] + 100


def test_large_photos_keep_small_types() -> None:
    photo, types = np.full((1400, 1600, 1), 128, np.uint8), np.zeros((1400, 1600), np.uint8)
    types[700, 800] = 3
    panel = type_overlays.panel(photo, types, types, CLASSES, "a photo")
    crack = np.asarray(palette.rgb(type_overlays.colour_of(3)))
    assert (panel == crack).all(axis=2).any()
