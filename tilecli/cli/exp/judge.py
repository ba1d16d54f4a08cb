"""`tiles exp compare A B`: is A really better than B?"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tilecli.cli import terminal

if TYPE_CHECKING:
    from tilecli.evaluation.paired import Comparison, Difference, Photo
    from tilecli.experiments.judgement import Judgement
    from tilecli.layout import Project

_SHOWN = 10  # photos listed


def judge(
    project: Project,
    a: str,
    b: str,
    *,
    shared: bool = False,
    as_json: bool = False,
    metric: str = "dice_mean",
    resamples: int = 10_000,
    seed: int = 0,
) -> None:
    """Compare the experiments, commits or `workspace` called `a` and `b`, and say by `metric` which is better."""
    from tilecli.errors import UsageError, near_matches
    from tilecli.experiments import judgement

    found = judgement.judge(project, a, b, shared=shared, resamples=resamples, seed=seed)
    figures = found.comparison.figures
    if metric in found.left_out:
        raise UsageError(f"{metric} cannot be compared: {found.left_out[metric]}", hint="choose another metric")
    if metric not in figures:
        hint = near_matches(metric, list(figures)) or ", ".join(figures)
        raise UsageError(f"no figure of single photos is called '{metric}'", hint=hint)
    if as_json:
        terminal.print_json(_as_json(found, metric))
    else:
        _show(found, metric)
        looks = ("folds {a}", "folds {b}") if found.folds else ("diff {a} {b}", "plot {a} {b}")
        terminal.next_commands(*(f"tiles exp {look.format(a=a, b=b)}" for look in looks), *_keep(found, metric))


def _as_json(found: Judgement, metric: str) -> dict[str, Any]:
    from tilecli.evaluation.bootstrap import LEVEL

    facts = asdict(found.comparison)
    return {
        "a": {"name": found.a.name, "rev": found.a.rev},
        "b": {"name": found.b.name, "rev": found.b.rev},
        "folds": list(found.folds),
        "metric": metric,
        "verdict": found.comparison.figures[metric].verdict,
        "level": LEVEL,
        **facts,
        "only_a": found.alone[0],
        "only_b": found.alone[1],
        "left_out": found.left_out,
    }


def _show(found: Judgement, metric: str) -> None:
    from rich.markup import escape

    compared, out = found.comparison, terminal.console()
    out.print(f"[best]{_headline(found, metric)}[/]", soft_wrap=True)
    names = [found.a.name, found.b.name]
    if found.folds:
        names = [f"{name} in {folds} folds" for name, folds in zip(names, found.folds, strict=True)]
    lone = " and ".join(f"{count} of {name}" for count, name in zip(found.alone, "AB", strict=True) if count)
    out.print(
        f"[muted]A: {escape(names[0])}, B: {escape(names[1])}; {compared.photos} photos of {compared.tiles} "
        f"tiles, the same for both{f', {lone} left out' if lone else ''}; "
        f"whole tiles resampled {compared.resamples} times[/]",
        soft_wrap=True,
    )
    for title, figures in (("", compared.figures), ("Dice per type", compared.per_defect)):
        if figures:
            columns = [(title, "left"), ("A", "right"), ("B", "right"), ("A − B", "right"), ("95 %", "right")]
            columns += [("A better", "right"), ("A is", "left")]
            out.print(terminal.table("", columns, [_row(escape(name), figure) for name, figure in figures.items()]))
    _show_photos(compared)
    for name, reason in found.left_out.items():
        terminal.say(f"[warning]![/] {name} is left out: {escape(reason)}")
    if not compared.same:
        terminal.say(
            "[muted]of twenty figures, one lies outside its 95 % by chance: choose the one you decide by first[/]"
        )


def _headline(found: Judgement, metric: str) -> str:
    from rich.markup import escape

    from tilecli.evaluation import paired

    a, b, figure = escape(found.a.name), escape(found.b.name), found.comparison.figures[metric]
    if found.comparison.same:
        return f"{a} and {b} gave the same result on every photo"
    if figure.difference is None:
        return f"no evidence either way: {metric} is undefined on these photos"
    if figure.low is None or figure.high is None or figure.probability is None:
        return f"no evidence either way: {metric} {_signed(figure.difference)}, on too few tiles for an interval"
    numbers = (
        f"{metric} {_signed(figure.difference)} (95 % {_interval(figure)}), "
        f"probability that {a} is better {_probability(figure.probability)}"
    )
    if figure.verdict == paired.NO_EVIDENCE:
        few = f", on only {figure.tiles} tiles that differ" if figure.tiles < paired.LEAST_DIFFERING else ""
        return f"no evidence that {a} and {b} differ: {numbers}{few}"
    return f"{a} is {figure.verdict} than {b}: {numbers}"


def _row(name: str, figure: Difference) -> list[str]:
    from tilecli.evaluation import paired

    said = {
        paired.BETTER: "[good]▲ better[/]",
        paired.WORSE: "[defect]▼ worse[/]",
        paired.NO_EVIDENCE: "[muted]no evidence[/]",
    }[figure.verdict]
    if figure.difference is None:
        said = "[muted]undefined[/]"
    elif not figure.tiles:
        said = "[muted]as good[/]"
    elif figure.tiles < paired.LEAST_DIFFERING:
        said = "[muted]too few tiles[/]"
    return [
        name,
        terminal.number(figure.a),
        terminal.number(figure.b),
        "–" if figure.difference is None else _signed(figure.difference),
        _interval(figure),
        "–" if figure.probability is None else _probability(figure.probability),
        said,
    ]


def _show_photos(compared: Comparison) -> None:
    from rich.markup import escape

    out = terminal.console()
    columns = [("photo", "left"), ("type", "left"), ("A", "left"), ("B", "left")]
    columns += [("Dice A", "right"), ("Dice B", "right")]

    def rows(photos: tuple[Photo, ...]) -> list[list[str]]:
        return [
            [
                escape(photo.photo),
                escape(photo.defect),
                *(
                    f"{verdict} {'✓' if verdict == photo.truth else '✗'}"
                    for verdict in (photo.verdict_a, photo.verdict_b)
                ),
                f"{photo.dice_a:.3f}",
                f"{photo.dice_b:.3f}",
            ]
            for photo in photos[:_SHOWN]
        ]

    for title, photos in (
        ("Photos whose verdict flipped", compared.flipped),
        ("Photos whose Dice changed", compared.changed),
    ):
        if photos:
            out.print(terminal.table(f"{title}: {len(photos)}", columns, rows(photos)))
            if len(photos) > _SHOWN:
                out.print(f"[muted]and {len(photos) - _SHOWN} more; --json lists all[/]")


def _keep(found: Judgement, metric: str) -> list[str]:
    """The command that puts the better one into the working tree."""
    from tilecli.evaluation import paired

    verdict = found.comparison.figures[metric].verdict
    better = {paired.BETTER: found.a, paired.WORSE: found.b}.get(verdict)
    return [f"tiles exp apply {better.name}"] if better and better.rev else []


def _signed(value: float) -> str:
    text = terminal.number(abs(value))
    if not float(text):
        return text
    return f"+{text}" if value > 0 else f"−{text}"


def _interval(figure: Difference) -> str:
    if figure.low is None or figure.high is None:
        return "–"
    return f"{_signed(figure.low)}…{_signed(figure.high)}"


def _probability(share: float) -> str:
    """Never 0 or 100 %: a share of resamples cannot tell that much."""
    if share > 0.999:
        return "> 99.9 %"
    if share < 0.001:
        return "< 0.1 %"
    return f"{100 * share:.1f} %" if share > 0.99 or share < 0.01 else f"{100 * share:.0f} %"
