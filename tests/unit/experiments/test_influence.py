import numpy as np
import pytest

from tilecli.experiments.influence import Settings, explained, spearman
from tilecli.experiments.store import Record


def record(number: int, dice: float, **params: object) -> Record:
    return Record(f"run-{number}", "", "b", 0.0, dict(params), {"dice": dice})


def test_a_setting_that_decides_explains_all_and_one_that_does_not_explains_nothing() -> None:
    rng = np.random.default_rng(0)
    tried = [
        record(
            n, (0.9 if n % 2 else 0.5) + 0.001 * rng.standard_normal(), loss="bce" if n % 2 else "dice", seed=n // 2 % 4
        )
        for n in range(40)
    ]
    first, second = Settings(tried).influences("dice")
    assert (first.name, second.name) == ("loss", "seed")
    assert first.share == pytest.approx(1, abs=0.01)
    assert first.rho is None
    assert second.share == pytest.approx(0, abs=0.1)


def test_shares_are_those_of_a_hand_made_table() -> None:
    # Means 2 and 5 of three runs each: SSB 13.5, SSW 4, SST 17.5; ε² = 1 − (4 / 4) / (17.5 / 5).
    figures = np.asarray([1, 2, 3, 4, 5, 6.0])
    groups = np.asarray([0, 0, 0, 1, 1, 1])
    assert explained(figures, groups) == pytest.approx(1 - 1 / 3.5)
    assert explained(figures, np.arange(6)) is None
    assert explained(figures, np.zeros(6, int)) is None
    assert explained(np.ones(6), groups) is None


def test_rho_of_known_orders() -> None:
    falling = spearman(np.arange(8.0), -(np.arange(8.0) ** 3))
    assert falling == (-1, -1, -1)
    # Ranks 1 to 5 against 2, 1, 4, 3, 5: Σd² = 4, ρ = 1 − 6·4/(5·24).
    rho, low, high = spearman(np.asarray([1, 2, 3, 4, 5.0]), np.asarray([20, 10, 40, 30, 50.0])) or (0, 0, 0)
    assert rho == pytest.approx(0.8)
    assert low < 0 < rho < high < 1
    assert spearman(np.arange(4.0), np.arange(4.0)) is None
    assert spearman(np.arange(9.0), np.ones(9)) is None


def test_a_curve_with_its_best_in_the_middle_is_seen_although_rho_is_not() -> None:
    tried = [record(n, 1 - ((n - 30) / 30) ** 2, rate=0.1 * n) for n in range(61)]
    (found,) = Settings(tried).influences("dice")
    assert found.rho == pytest.approx(0, abs=0.05)
    assert found.share is not None
    assert found.share > 0.7


def test_settings_that_changed_together_are_named() -> None:
    tried = [record(n, 0.1 * n, rate=n % 3, size=10 * (n % 3), other=n % 2) for n in range(12)]
    found = {one.name: one.twins for one in Settings(tried).influences("dice")}
    assert found == {"rate": ("size",), "size": ("rate",), "other": ()}


def test_runs_without_the_figure_and_settings_that_only_they_changed_do_not_count() -> None:
    tried = [record(n, 0.1 * n, rate=n % 2) for n in range(8)]
    tried.append(Record("bare", "", "b", 0.0, {"rate": 5, "extra": 1}, {"dice": float("nan")}))
    (found,) = Settings(tried).influences("dice")
    assert (found.name, found.runs, found.values) == ("rate", 8, 2)


def test_words_of_caution_go_with_few_runs_and_other_data() -> None:
    few = [record(n, 0.1 * n, **{"data.photos": n, "train.epochs": n}) for n in range(3)]
    words = " ".join(Settings(few).cautions("dice"))
    assert "too few" in words
    assert "different photos" in words
    assert "epochs" in words
    many = [record(n, 0.1 * n, rate=n) for n in range(40)]
    assert Settings(many).cautions("dice") == []
    assert "rough" in Settings(many[:15]).cautions("dice")[0]
