"""The API explained: the OpenAPI document as one HTML page, written here so that no script from another host is needed.

Pure: a document and an address in, HTML out. Styles and the copy buttons are files of the page's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from shlex import quote
from string import Template
from typing import Any

Json = Mapping[str, Any]

_FORM = "multipart/form-data"
_KEY = "-H 'Authorization: Bearer KEY' "
_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API – $title</title>
<link rel="icon" href="static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/tokens.css">
<link rel="stylesheet" href="static/docs.css">
<script src="static/theme.js"></script>
<script type="module" src="static/docs.js"></script>
</head>
<body>
<header>
<h1>$title <small>API $version</small></h1>
<p>$description</p>
<p class="links"><a href="./">The page</a> <a href="openapi.json">openapi.json</a></p>
<button type="button" id="theme" aria-label="Other colours">◐</button>
</header>
<div class="columns">
<nav aria-label="Contents">$contents</nav>
<main>
$keys
$operations
<h2 id="answers">Answers</h2>
$schemas
</main>
</div>
</body>
</html>
""")


def page(document: Json, base: str) -> str:
    """The page of an OpenAPI 3.1 document; `base`: where the server answers, for the command lines."""
    guarded = bool(document.get("security"))
    operations = list(_operations(document))
    schemas = document.get("components", {}).get("schemas", {})
    info = document["info"]
    return _PAGE.substitute(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description=_words(info.get("description", "")),
        contents=_contents(operations, schemas),
        keys=_keys() if guarded else "",
        operations="\n".join(_operation(*found, base.rstrip("/"), guarded) for found in operations),
        schemas="\n".join(_schema(name, schema) for name, schema in sorted(schemas.items())),
    )


def _operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _contents(operations: Iterable[tuple[str, str, Json]], schemas: Json) -> str:
    links = [f'<li><a href="#{_anchor(m, p)}"><b>{m}</b> {escape(p)}</a></li>' for m, p, _ in operations]
    names = [f'<li><a href="#{escape(name)}">{escape(name)}</a></li>' for name in sorted(schemas)]
    return f"<ul>{''.join(links)}</ul><p>Answers</p><ul>{''.join(names)}</ul>"


def _keys() -> str:
    return (
        "<p class='note'>This server wants an API key: put yours where a command line says <code>KEY</code>. "
        "The header <code>X-API-Key: KEY</code> does as well.</p>"
    )


def _operation(method: str, path: str, operation: Json, base: str, guarded: bool) -> str:
    key = _KEY if guarded and operation.get("security") != [] else ""
    lines = "\n".join(_commands(path, operation, base, key))
    parts = [
        f'<section id="{_anchor(method, path)}">',
        f"<h2><b>{method}</b> <code>{escape(path)}</code></h2>",
        f"<p><strong>{escape(operation.get('summary', ''))}.</strong> {_words(operation.get('description', ''))}</p>",
        f'<div class="command"><pre tabindex="0"><code>{escape(lines)}</code></pre>'
        '<button type="button" class="copy">Copy</button></div>',
        _parameters(operation.get("parameters", [])),
        _body(operation),
        _responses(operation.get("responses", {})),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _commands(path: str, operation: Json, base: str, key: str) -> Iterator[str]:
    """Command lines to try: the plain one, and one for each value that a parameter may have."""
    form = _form_fields(operation)
    photos = "".join(
        f"-F {name}=@a.jpg -F {name}=@b.jpg " if field.get("type") == "array" else f"-F {name}=@photo.jpg "
        for name, field in form.items()
    )
    yield f"curl {key}{photos}{quote(base + path)}"
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        for value in _values(parameter):
            out = " -o answer.png" if value in ("png", "overlay") else ""
            yield f"curl {key}{photos}{quote(f'{base}{path}?{name}={value}')}{out}"


def _values(parameter: Json) -> list[str]:
    """What a parameter may be: the values of its enumeration, else its examples."""
    schema = parameter["schema"]
    found = [value for option in [schema, *schema.get("anyOf", [])] for value in option.get("enum", [])]
    return [str(value) for value in found or schema.get("examples", [])]


def _form_fields(operation: Json) -> Json:
    content = operation.get("requestBody", {}).get("content", {})
    fields: Json = content.get(_FORM, {}).get("schema", {}).get("properties", {})
    return fields


def _parameters(parameters: Iterable[Json]) -> str:
    rows = [
        (f"<code>{escape(entry['name'])}</code>", _type(entry["schema"]), _words(entry.get("description", "")))
        for entry in parameters
    ]
    return _table("Parameters of the address", rows)


def _body(operation: Json) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    rows = [
        (f"<code>{escape(name)}</code>", _type(field), _words(_described(field)))
        for name, field in _form_fields(operation).items()
    ]
    others = [kind for kind in content if kind != _FORM]
    if others:
        names = ", ".join(f"<code>{escape(kind)}</code>" for kind in others)
        rows.append(("the body itself", names, "the photo alone, without a form"))
    return _table("Form", rows)


def _described(field: Json) -> str:
    text: str = field.get("description") or field.get("items", {}).get("description", "")
    return text


def _responses(responses: Json) -> str:
    rows = {status: _response(status, response) for status, response in responses.items()}
    problems = [status for status in sorted(rows) if status >= "4"]
    answers = _table("Answers", [row for status, row in rows.items() if status not in problems])
    if not problems:
        return answers
    table = _table("Problems", [rows[status] for status in problems])
    return f"{answers}<details><summary>Problems: {escape(', '.join(problems))}</summary>{table}</details>"


def _response(status: str, response: Json) -> tuple[str, str, str]:
    kinds = ", ".join(
        f"{_type(entry.get('schema', {}))} <small>{escape(kind)}</small>"
        for kind, entry in response.get("content", {}).items()
    )
    return f"<code>{escape(status)}</code>", kinds, _words(response.get("description", ""))


def _schema(name: str, schema: Json) -> str:
    required = schema.get("required", [])
    rows = [
        (
            f"<code>{escape(key)}</code>{'' if key in required else ' <small>not always</small>'}",
            _type(value),
            _words(value.get("description", "")),
        )
        for key, value in schema.get("properties", {}).items()
    ]
    words = _words(schema.get("description", ""))
    return f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{words}</p>{_table("Members", rows)}</section>'


def _type(schema: Json) -> str:
    """A type in words, with a link where it is described further down."""
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(option) for option in schema["anyOf"] if option.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    if schema.get("format") == "binary":
        return "file"
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return escape(str(schema.get("type", "anything")))


def _table(caption: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = "".join(f"<tr><th scope='row'>{a}</th><td>{b}</td><td>{c}</td></tr>" for a, b, c in rows)
    return f"<div class='wide'><table><caption>{caption}</caption><tbody>{lines}</tbody></table></div>" if lines else ""


def _words(text: str) -> str:
    """Text of the document, with `code` as it is meant."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _anchor(method: str, path: str) -> str:
    return escape(f"{method.lower()}{path.replace('/', '-')}")
