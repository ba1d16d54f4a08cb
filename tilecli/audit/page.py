"""The report as one HTML page that works offline: every finding with its photos, its reason and its commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from string import Template

from tilecli import files
from tilecli.audit.finding import KINDS, Finding
from tilecli.audit.pictures import drawn, picture
from tilecli.audit.report import Report
from tilecli.data.catalog import Photo
from tilecli.data.manifest import read_manifest
from tilecli.data.threads import in_threads
from tilecli.experiments import plots
from tilecli.layout import Project
from tilecli.ui import TOKENS, offline_policy

_SHOWN = 30  # findings of a kind; report.json has them all
_BESIDE = 11  # photos shown beside the one that a finding is about
_TILES = 3  # examples of tiles
_STYLES = (TOKENS, Path(plots.__file__).with_name("page.css"), Path(__file__).with_name("page.css"))


def write_page(project: Project, report: Report, out: Path) -> None:
    """Write the page to `out`, as a whole or not at all."""
    photos = {photo.photo: photo for photo in report.photos}
    subsets = {row.photo: row.subset for row in read_manifest(project.split)} if project.split.is_file() else {}
    shown = [finding for kind in KINDS for finding in report.of_kind(kind)[:_SHOWN]]
    pages = dict(
        zip(
            shown,
            in_threads(lambda one: _finding(project, one, photos, subsets), shown, "draw pictures", "findings"),
            strict=True,
        )
    )
    sections = [
        _overview(report),
        _agreement(report),
        *(_kind(kind, report, pages) for kind in KINDS if report.of_kind(kind)),
    ]
    sections.append(_tiles(project, report, photos, subsets))
    text = Template(_beside("page.html")).substitute(
        policy=offline_policy(),
        title=escape(f"Audit of {project.root.name}"),
        style="\n".join(path.read_text(encoding="utf-8") for path in _STYLES),
        summary=_summary(report),
        sections="\n".join(sections),
        notes="<p>The outline is the mask, 2 px wide whatever the photo's scale. All findings are in report.json.</p>",
        code=_beside("page.js"),
    )
    files.write_text(out, text)


def _summary(report: Report) -> str:
    count, ignored = len(report.findings), sum(report.ignored.values())
    found = f"{count} finding{'' if count == 1 else 's'}" if count else "Nothing found"
    spared = f" and {ignored} ignored" if ignored else ""
    return f"{found}{spared} in {len(report.photos):,} photos of {report.tiles['count']:,} tiles."


def _overview(report: Report) -> str:
    rows = []
    for kind, meant in KINDS.items():
        count, ignored = len(report.of_kind(kind)), report.ignored.get(kind, 0)
        title = f'<a href="#{kind}">{escape(meant.title)}</a>' if count else escape(meant.title)
        state = "not looked for" if kind in report.skipped else str(count or "–")
        style = ' class="some"' if count else ""
        rows.append(f"<tr><td>{title}</td><td{style}>{state}</td><td>{ignored or '–'}</td></tr>")
    notes = "".join(f"<p>{escape(KINDS[kind].title)}: {escape(why)}</p>" for kind, why in report.skipped.items())
    found = _table(("what was looked for", "found", "ignored"), rows)
    tables = f'<div class="tables"><div>{found}</div><div>{_types(report)}</div></div>'
    return f"<section><h2>Overview</h2>{tables}{notes}</section>"


def _agreement(report: Report) -> str:
    rows = []
    for row in report.agreement:
        cells = [escape(row["type"]), f"{row['photos']:,}", f"{row['tiles']:,}"]
        cells += [_with_ends(row[name], row[f"{name}_95"]) for name in ("dice_mean", "dice_photo")]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    if not rows:
        return ""
    table = _table(("type", "photos", "tiles", "Dice, all pixels", "Dice, mean per photo"), rows)
    return (
        '<section id="agreement"><h2>How well the labels agree with themselves</h2><p>The masks of a spot\'s other '
        "photos, laid over each photo and put to the vote, measured as if a model had drawn them; 95 % intervals over "
        "tiles. Differences between models that come near to these figures are differences between labels.</p>"
        f'<div class="tables"><div>{table}</div></div></section>'
    )


def _with_ends(value: float | None, ends: Sequence[float] | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" + (f" ({ends[0]:.3f}–{ends[1]:.3f})" if ends else "")


def _types(report: Report) -> str:
    rows = []
    for row in report.types:
        cells = [escape(row["type"]), f"{row['photos']:,}", f"{row['tiles']:,}", f"{100 * row['defect_share']:.2g} %"]
        cells += [f"{count:,}" for count in (row["subsets"] or {}).values()]
        rows.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    subsets = (report.types[0]["subsets"] or {}) if report.types else {}
    return _table(("type", "photos", "tiles", "defect pixels", *subsets), rows)


def _table(headings: Sequence[str], rows: Sequence[str]) -> str:
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _kind(kind: str, report: Report, pages: dict[Finding, str]) -> str:
    found = report.of_kind(kind)
    meant = KINDS[kind]
    more = len(found) - _SHOWN
    rest = f"<article><p>and {more:,} more in report.json</p></article>" if more > 0 else ""
    bodies = "".join(pages[finding] for finding in found[:_SHOWN])
    # Findings of few pictures stand side by side.
    style = "" if any(finding.others or finding.picture for finding in found) else ' class="alone"'
    return (
        f'<section id="{kind}"><h2>{escape(meant.title)}: {len(found)}</h2><p>{escape(meant.meaning)}</p>'
        f'<p class="mend">To mend: {escape(meant.mend)}</p><div{style}>{bodies}</div>{rest}</section>'
    )


def _finding(project: Project, finding: Finding, photos: dict[str, Photo], subsets: dict[str, str]) -> str:
    figures = list(_figures(project, finding, photos, subsets))
    shown = f'<div class="photos">{"".join(figures)}</div>' if figures else ""
    return (
        f"<article><h3>{escape(finding.subject)}</h3><p>{escape(finding.why)}</p>{shown}"
        f'<p class="ignore">All is well? <code>{escape(finding.ignore)}</code></p></article>'
    )


def _figures(project: Project, finding: Finding, photos: dict[str, Photo], subsets: dict[str, str]) -> Iterator[str]:
    if finding.subject in photos:
        photo = photos[finding.subject]
        yield _figure(project, photo, subsets)
        if finding.box:
            where = f"around ({finding.box[0]}, {finding.box[1]})"
            yield _image(picture(project.dataset, photo, finding.box), f"{photo.photo} {where}", escape(where))
    for name in finding.others[:_BESIDE]:
        yield _figure(project, photos[name], subsets)
    if finding.picture and (uri := drawn(project.pictures / finding.picture)):
        yield _image(uri, f"{finding.subject}, truth and prediction", "as tiles eval saw it")


def _figure(project: Project, photo: Photo, subsets: dict[str, str]) -> str:
    subset = f", {subsets[photo.photo]}" if photo.photo in subsets else ""
    caption = f"{escape(photo.photo)}<br><b>{escape(photo.defect)}</b>{subset}"
    return _image(picture(project.dataset, photo), photo.photo, caption)


def _image(uri: str, name: str, caption: str) -> str:
    return f'<figure><img src="{uri}" alt="{escape(name)}"><figcaption>{caption}</figcaption></figure>'


def _tiles(project: Project, report: Report, photos: dict[str, Photo], subsets: dict[str, str]) -> str:
    facts, split = report.tiles, report.split or {}
    rows = [f"<tr><td>{size}</td><td>{count:,}</td></tr>" for size, count in facts["by_photos"].items()]
    said = f"{facts['photos_with_near_copies']:,} of {len(report.photos):,} photos have a near-copy: the same spot of "
    said += "the same part, most often under another exposure. Photos of one tile stay in one subset."
    if split.get("leaked_share") is not None:
        said += f" Test photos with a near-copy in training: {100 * split['leaked_share']:.1f} %"
        if split.get("random_leaked_share") is not None:
            said += f"; by a random split it would be {100 * split['random_leaked_share']:.1f} %"
        said += "."
    largest = sorted(facts["members"].items(), key=lambda tile: (-len(tile[1]), tile[0]))[:_TILES]
    shown = ""
    for tile, names in largest:
        figures = "".join(_figure(project, photos[name], subsets) for name in names[: _BESIDE + 1])
        shown += f"<article><h3>{escape(tile)}</h3><p>{len(names)} photos</p>"
        shown += f'<div class="photos">{figures}</div></article>'
    table = f'<div class="tables"><div>{_table(("photos of the tile", "tiles"), rows)}</div></div>'
    return f'<section id="tiles"><h2>Near-copies and the tiles they form</h2><p>{said}</p>{table}{shown}</section>'


def _beside(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
