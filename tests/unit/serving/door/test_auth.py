import pytest

from tilecli.errors import UsageError
from tilecli.serving.door import auth
from tilecli.serving.door.auth import Keys, Rate
from tilecli.serving.problems import Problem
from tilecli.serving.settings import keys_from

ONE, TWO = "a" * 16, "b" * 20


@pytest.mark.parametrize(
    "headers", [{"x-api-key": ONE}, {"authorization": f"Bearer {TWO}"}, {"authorization": f"bearer  {ONE} "}]
)
def test_valid_keys(headers: dict[str, str]) -> None:
    name = Keys([ONE, TWO]).check(headers)
    assert name
    assert ONE not in name


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-api-key": ""}, {"x-api-key": ONE + "x"}, {"authorization": f"Basic {ONE}"}, {"authorization": ONE}],
)
def test_invalid_keys(headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        Keys([ONE, TWO]).check(headers)
    assert caught.value.kind.status == 401


def test_without_keys_everybody_may_ask() -> None:
    assert Keys([]).check({"x-api-key": ONE}) == ""


def test_keys_are_read_and_weak_ones_refused() -> None:
    assert keys_from(f" {ONE},{TWO}, ") == (ONE, TWO)
    assert keys_from("") == ()
    for weak in ("short", "a" * 15, "ä" * 20):
        with pytest.raises(UsageError, match="16 or more"):
            keys_from(weak)


def test_rate_refills(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(auth.time, "monotonic", lambda: now)
    rate = Rate(2.0)
    rate.check("a")
    rate.check("a")
    rate.check("b")
    with pytest.raises(Problem) as caught:
        rate.check("a")
    assert caught.value.kind.status == 429
    assert caught.value.headers["Retry-After"] == "1"
    now += 0.5
    rate.check("a")


def test_no_rate_no_limit() -> None:
    rate = Rate(None)
    for _ in range(1000):
        rate.check("a")
