"""The filter language: what it means, and where it says an error is."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tilecli.errors import UsageError
from tilecli.experiments.expression import parse

VALUES = {
    "name": "higher-rate",
    "dice_mean": 0.81,
    "epoch": 30,
    "train.batch_size": 16,
    "train.arch": "unet",
    "train.flag": True,
    "train.widths": [8, 16],
    "train.precision": "auto",
    "export.precision": "f32",
    "export.threshold": None,
    "lost": None,
}


# Tests run beside other work: how long one takes says nothing here.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def holds(text: str) -> bool:
    return parse(text, VALUES)(VALUES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dice_mean > 0.8 and train.batch_size == 16", True),
        ("dice_mean > 0.8 and train.batch_size == 8", False),
        ("dice_mean < 0.5 or train.arch == 'unet'", True),
        ("dice_mean>.8", True),
        ("dice_mean >= 8.1e-1", True),
        ("dice_mean > -1", True),
        ("0.8 < dice_mean", True),
        ("0.8 > dice_mean", False),
        ("not dice_mean > 0.8", False),
        ("not (dice_mean > 0.8 and epoch == 1)", True),
        ("dice_mean < 0.5 and epoch == 30 or epoch == 30", True),  # and binds closer than or
        ("dice_mean < 0.5 and (epoch == 30 or epoch == 30)", False),
        ("train.batch_size in [8, 16]", True),
        ("train.batch_size not in [8, 16]", False),
        ("train.batch_size in []", False),
        ("train.arch in ['fpn', \"unet\"]", True),
        ("train.widths == [8, 16]", True),
        ("name ~ '^higher'", True),
        ("name ~ 'rate$' and name !~ 'lower'", True),
        ("name ~ '^rate'", False),
        ("train.flag == true", True),
        ("train.flag == 1", False),  # true is no number
        ("epoch in [30.0]", True),
        ("train.arch > 3", False),
        ("train.arch > 'sen'", True),
        ("export.threshold == null", True),
        ("export.threshold > 0", False),
        ("export.threshold <= 0", False),
        ("lost != 3", True),
        ("batch_size == 16", True),  # the end of one known name
        ("`train.batch_size` == 16", True),
        ("DICE_MEAN > 0.8 or epoch == 30", None),
        ("train.arch == 'and'", False),
        ("train.arch != 'it\\'s'", True),
        ("TRUE == train.flag AND NOT epoch == 1", True),
    ],
)
def test_meaning(text: str, expected: bool | None):
    if expected is None:
        with pytest.raises(UsageError):
            holds(text)
    else:
        assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "character", "said"),
    [
        ("", 1, "empty"),
        ("   ", 4, "empty"),
        ("dice_maen > 0.8", 1, "dice_mean"),
        ("epoch == 1 and dice_maen > 0.8", 16, "dice_mean"),
        ("precision == 'auto'", 1, "train.precision, export.precision"),
        ("dice_mean = 0.8", 11, "did you mean ==?"),
        ("dice_mean => 0.8", 11, "did you mean >=?"),
        ("epoch == 1 && dice_mean > 0.8", 12, "and"),
        ("dice_mean >> 0.8", 11, "unknown operator '>>'"),
        ("dice_mean", 10, "comparison is missing"),
        ("dice_mean and epoch == 1", 11, "comparison is missing"),
        ("dice_mean >", 12, "value is missing"),
        ("(dice_mean > 0.8", 17, "')' is missing"),
        ("dice_mean > 0.8)", 16, "not expected"),
        ("dice_mean > 0.8 epoch == 1", 17, "not expected"),
        ("0.5 < dice_mean < 0.8", 17, "and x < 0.8"),
        ("train.arch == unet", 15, "not quoted"),
        ("train.arch == 'unet", 15, "never closed"),
        ("train.arch ~ unet", 14, "quoted pattern"),
        ("train.arch ~ '('", 14, "regular expression"),
        ("train.arch in 'unet'", 15, "list"),
        ("train.batch_size in [8 16]", 24, "',' is missing"),
        ("train.batch_size in [8,", 24, "value is missing"),
        ("1 == 1", 6, "value with a value"),
        ("dice_mean > epoch", 13, "compared with a name"),
        ("and epoch == 1", 1, "before 'and'"),
        ("epoch is 3", 7, "unknown operator 'is'"),
        ("epoch not 3", 11, "followed by 'in'"),
        ("epoch == 3abc", 10, "means nothing"),
        ("__import__('os').system('x')", 17, "'.' means nothing"),
        ("(" * 5000 + "epoch == 1" + ")" * 5000, 61, "too many brackets"),
        ("not " * 5000 + "epoch == 1", 241, "too many brackets"),
        ("train.widths == " + "[" * 5000, 77, "too many brackets"),
    ],
)
def test_errors_name_the_place(text: str, character: int, said: str):
    with pytest.raises(UsageError) as caught:
        parse(text, VALUES)
    assert f"character {character}:" in (caught.value.where or "")
    assert said in f"{caught.value.message} {caught.value.hint}"
    assert caught.value.exit_code == 2


@patient
@given(st.text(alphabet="dice_man>=<!~()[]'\",.0189 -+eandornti\\`", max_size=40))
def test_no_text_ends_in_anything_but_a_test_or_a_usage_error(text: str):
    try:
        test = parse(text, VALUES)
    except UsageError:
        return
    assert test(VALUES) in (True, False)


numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9)


@patient
@given(numbers, numbers, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
def test_numbers_compare_as_python_compares_them(value: float, limit: float, sign: str):
    expected = {
        "==": value == limit,
        "!=": value != limit,
        "<": value < limit,
        "<=": value <= limit,
        ">": value > limit,
        ">=": value >= limit,
    }[sign]
    assert parse(f"x {sign} {limit!r}", ["x"])({"x": value}) is expected
    mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(sign, sign)
    assert parse(f"{limit!r} {mirrored} x", ["x"])({"x": value}) is expected


names = st.sampled_from(["a", "b", "c"])


def trees() -> st.SearchStrategy[tuple[str, object]]:
    """A filter as text, and what it means as nested tuples."""
    leaves = st.tuples(names, st.integers(0, 3)).map(lambda leaf: (f"{leaf[0]} == {leaf[1]}", leaf))

    def grow(inner: st.SearchStrategy[tuple[str, object]]) -> st.SearchStrategy[tuple[str, object]]:
        joined = st.tuples(st.sampled_from(["and", "or"]), inner, inner)
        both = joined.map(lambda part: (f"({part[1][0]}) {part[0]} ({part[2][0]})", (part[0], part[1][1], part[2][1])))
        return both | inner.map(lambda part: (f"not ({part[0]})", ("not", part[1])))

    return st.recursive(leaves, grow, max_leaves=8)


def meaning(tree: object, values: dict[str, int]) -> bool:
    match tree:
        case ("and", one, other):
            return meaning(one, values) and meaning(other, values)
        case ("or", one, other):
            return meaning(one, values) or meaning(other, values)
        case ("not", inner):
            return not meaning(inner, values)
        case (name, number):
            return values[name] == number
    raise AssertionError(tree)


@patient
@given(trees(), st.fixed_dictionaries({name: st.integers(0, 3) for name in "abc"}))
def test_connectives_mean_what_logic_says(tree: tuple[str, object], values: dict[str, int]):
    text, expected = tree
    assert parse(text, values)(values) is meaning(expected, values)


def test_an_undefined_figure_is_neither_more_nor_less():
    values = {"dice_mean": math.nan}
    assert not parse("dice_mean > 0", values)(values)
    assert not parse("dice_mean <= 0", values)(values)
