import pytest

from tests.dark_bundle import encoded, photo
from tilecli.serving.door.images import check_image, sniff
from tilecli.serving.problems import Problem

KINDS = {".jpg": "jpeg", ".png": "png", ".bmp": "bmp", ".tiff": "tiff", ".webp": "webp"}


@pytest.mark.parametrize("suffix", KINDS)
def test_knows_what_it_takes(suffix: str) -> None:
    data = encoded(photo(30, 40), suffix)
    assert check_image(data, 1200) == KINDS[suffix]
    with pytest.raises(Problem) as caught:
        check_image(data, 1199)
    assert caught.value.kind.status == 413
    assert "40 × 30" in caught.value.detail


@pytest.mark.parametrize("data", [b"GIF89a" + bytes(50), b"BM" + bytes(50), b"<svg/>", b"RIFF....WAVE", b"\x89PNG"])
def test_knows_what_it_does_not_take(data: bytes) -> None:
    assert sniff(data) is None
    with pytest.raises(Problem) as caught:
        check_image(data, 10**9)
    assert caught.value.kind.status == 415


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("length", [12, 20, 26])
def test_a_piece_of_a_header_is_no_photo(suffix: str, length: int) -> None:
    data = encoded(photo(30, 40), suffix)[:length]
    try:
        check_image(data, 10**9)
    except Problem as problem:
        assert problem.kind.status in (400, 415)


def test_nothing_is_no_photo() -> None:
    with pytest.raises(Problem) as caught:
        check_image(b"", 10)
    assert caught.value.kind.status == 400
