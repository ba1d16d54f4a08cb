import pytest

from tilecli.errors import UsageError
from tilecli.studio.export.addresses import read


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8020/compare/?runs=a,b&log=1#c", "/compare/?runs=a,b&log=1#c", "compare?runs=a%2Cb&log=1#c"],
)
def test_a_view_is_found_by_its_address(address: str) -> None:
    view = read(address)
    assert (view.page.name, view.query) == ("compare", {"runs": "a,b", "log": "1"})
    assert view.rest == "?runs=a,b&log=1#c"


def test_the_first_page_has_the_bare_address() -> None:
    for address in ("http://127.0.0.1:8020/", "http://127.0.0.1:8020", "experiments/", "experiments/index.html"):
        view = read(address)
        assert (view.page.name, view.query, view.rest) == ("experiments", {}, "")


def test_a_key_is_not_passed_on_and_the_rest_stays_what_it_is() -> None:
    view = read("http://192.168.1.7:8020/axes/?key=secret&in=a~0~1&in=b~2~3&axes=!a,b&find=<i>+%26")
    assert "secret" not in view.rest
    assert view.rest == "?in=a~0~1&in=b~2~3&axes=!a,b&find=%3Ci%3E+%26"
    assert view.query["in"] == "b~2~3"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8020/comparison/?runs=a", "first", "static/run.js", "file:///tmp/site/run/", "http://[broken"],
)
def test_what_is_no_view_is_refused_with_what_there_is(address: str) -> None:
    with pytest.raises(UsageError, match="there is no view") as caught:
        read(address)
    assert "run/?name=NAME" in str(caught.value.hint)
    assert caught.value.where == f"VIEW {address}"
