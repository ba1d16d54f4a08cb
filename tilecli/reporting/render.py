"""A report as Markdown with its pictures beside it, and as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilecli import files, ui
from tilecli.errors import MissingExtraError, UsageError
from tilecli.reporting import charts, words
from tilecli.reporting.charts import Drawn
from tilecli.reporting.collect import Picture, Report

if TYPE_CHECKING:
    from jinja2 import Environment

MARKDOWN, HTML = "report.md", "report.html"
FOLDER = "report_files"  # of the pictures that report.md shows, beside it
_TEMPLATES = Path(__file__).with_name("templates")
_WIDEST = 1400  # px; four photos side by side are no clearer on a page when larger
_QUALITY = 88  # of JPEG


def write(report: Report, out: Path, gate: Mapping[str, Any] | None = None, template: Path | None = None) -> list[Path]:
    """Write the report into the folder `out`; returns report.md and report.html, or what `template` makes.

    gate: what gate.json says of this run. template: a Jinja2 file; named ….html.j2 it makes report.html, else
    report.md, and the other one is made from the template that comes with tiles. Raises UsageError, with the line,
    where it is wrong.
    """
    drawn = charts.draw(report)
    given = {HTML if _is_html(template) else MARKDOWN: template} if template else {}
    texts = {name: _fill(report, drawn, gate, name, given.get(name)) for name in (MARKDOWN, HTML)}
    _write_pictures(report, drawn, out / FOLDER)
    for name, text in texts.items():
        files.write_text(out / name, text)
    return [out / name for name in texts]


def eject(out: Path, name: str) -> Path:
    """Write the template of report.md or report.html to the folder `out`, for the user to change."""
    target = out / f"{name}.j2"
    if target.exists():
        raise UsageError(f"{target} is there already", hint="remove it, or change that one")
    out.mkdir(parents=True, exist_ok=True)
    with files.whole_file(target) as temporary:
        shutil.copyfile(_TEMPLATES / target.name, temporary)
    return target


def _is_html(template: Path) -> bool:
    return template.name.removesuffix(".j2").endswith(".html")


def _fill(report: Report, drawn: list[Drawn], gate: Mapping[str, Any] | None, name: str, template: Path | None) -> str:
    from jinja2 import TemplateError, TemplateSyntaxError

    file = template or _TEMPLATES / f"{name}.j2"
    rows = {kind: [one for one in report.pictures if one.kind == kind] for kind in ("worst", "random")}
    try:
        source = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the template cannot be read: {error}", where=str(file), hint=_EJECT) from error
    try:
        return (
            _environment(html=name == HTML)
            .from_string(source)
            .render(report=report, gate=gate, charts=drawn, rows=rows, folder=FOLDER, **_page(html=name == HTML))
        )
    except TemplateSyntaxError as error:
        where = f"{file}:{error.lineno}"
        raise UsageError(f"the template is wrong: {error.message}", where=where, hint=_EJECT) from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise UsageError(f"the template fails: {error}", where=str(file), hint=_EJECT) from error


_EJECT = "tiles report --eject-template writes the one that comes with tiles"


def _environment(*, html: bool) -> Environment:
    try:
        from jinja2 import StrictUndefined
        from jinja2.sandbox import SandboxedEnvironment
    except ImportError as error:
        raise MissingExtraError("jinja2", "data") from error
    made = SandboxedEnvironment(
        autoescape=html, trim_blocks=False, keep_trailing_newline=True, undefined=StrictUndefined
    )
    made.filters |= words.FILTERS
    if not html:
        # What stands in a cell must not end it, or become markup: names are the user's.
        made.finalize = lambda value: _in_markdown(value) if isinstance(value, str) else value
    made.globals |= words.FUNCTIONS
    return made


def _in_markdown(text: str) -> str:
    for sign, safe in (("|", "\\|"), ("<", "&lt;")):
        text = text.replace(sign, safe)
    return text


def _page(*, html: bool) -> dict[str, Any]:
    """What only the page needs."""
    if not html:
        return {}
    from markupsafe import Markup

    style = ui.TOKENS.read_text(encoding="utf-8") + (_TEMPLATES / "report.css").read_text(encoding="utf-8")
    code = (_TEMPLATES / "report.js").read_text(encoding="utf-8")
    # Our own files, and pictures as base64: nothing of the user's is in them.
    return {"style": Markup(style), "code": Markup(code), "policy": ui.offline_policy(), "image": _data_url}  # noqa: S704


def _data_url(picture: Picture) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(_jpeg(picture.file)).decode()}"


def _write_pictures(report: Report, drawn: list[Drawn], folder: Path) -> None:
    with files.whole_folder(folder) as new:
        for chart in drawn:
            (new / f"{chart.name}.png").write_bytes(chart.png)
        for picture in report.pictures:
            (new / f"{picture.file.stem}.jpg").write_bytes(_jpeg(picture.file))


def _jpeg(file: Path) -> bytes:
    from tilecli.opencv import cv2

    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if image is None:
        raise UsageError("the picture cannot be read", where=str(file), hint="tiles eval --force draws it again")
    scale = min(1.0, _WIDEST / image.shape[1])
    if scale < 1:
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return bytes(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1])
