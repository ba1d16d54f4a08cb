"""What a person types as a remote's address, taken apart: the part for everybody, and the secrets inside it.

Knows which kinds of remotes there are, which package each needs, and which of DVC's settings are secret or personal.
"""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from tilecli.errors import MissingExtraError, ProjectError, UsageError, near_matches

FOLDER = ""  # the kind of a remote that is a folder, as in DVC's own table of settings
_PACKAGES = {  # kind → the module that DVC needs for it, and how to get it
    "s3": ("dvc_s3", "s3"),
    "ssh": ("dvc_ssh", "ssh"),
    "gs": ("dvc_gs", None),
    "azure": ("dvc_azure", None),
    "gdrive": ("dvc_gdrive", None),
    "oss": ("dvc_oss", None),
    "hdfs": ("dvc_hdfs", None),
    "webhdfs": ("dvc_webhdfs", None),
    "webdav": ("dvc_webdav", None),
    "webdavs": ("dvc_webdav", None),
}
KINDS = ("s3", "ssh", "http", "https", *(kind for kind in _PACKAGES if kind not in ("s3", "ssh")))
# Never in a file under git.
SECRET = {
    "access_key_id",
    "secret_access_key",
    "session_token",
    "password",
    "passphrase",
    "token",
    "sas_token",
    "account_key",
    "connection_string",
    "client_secret",
    "sse_customer_key",
    "oss_key_id",
    "oss_key_secret",
    "gdrive_client_secret",
    "kerb_ticket",
}
# Not secret, but of one person's machine: they go where the secrets go.
FILES = {
    "keyfile",
    "credentialpath",
    "configpath",
    "cert_path",
    "key_path",
    "gdrive_user_credentials_file",
    "gdrive_service_account_json_file_path",
}
PERSONAL = {*FILES, "profile", "bearer_token_command"}
_BUCKET = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,254}")
_SCP = re.compile(r"(?:[^\s/:@]+@)?([^\s/:@]{2,}):(?!//)(.*)")


@dataclass(frozen=True)
class Address:
    """A remote's kind, its URL without secrets, and settings that were inside the URL, shared and secret ones."""

    kind: str
    url: str
    settings: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)


def parse(text: str, here: Path) -> Address:
    """Take apart a folder (relative to `here`) or URL; UsageError, without its secrets, if it is neither."""
    text = text.strip()
    if not text or any(letter.isspace() and letter != " " for letter in text) or "\0" in text:
        raise UsageError("a remote needs a folder or a URL", hint="/mnt/store, s3://bucket/parts, ssh://host/srv/parts")
    scheme, separator, _ = text.partition("://")
    if not separator:
        return _folder(text, here)
    kind = scheme.lower()
    if kind == "file":
        return _folder(unquote(urlsplit(text).path), here)
    if kind not in KINDS:
        known = ", ".join(f"{name}://" for name in ("s3", "ssh", "http", "https"))
        hint = near_matches(kind, list(KINDS)) or f"a folder, {known}"
        raise UsageError(f"'{scheme}://' is no kind of remote", hint=hint)
    return _url(text, kind)


def require_package(kind: str) -> None:
    """Raise the error that says what to install where DVC cannot talk to this kind of remote yet."""
    module, extra = _PACKAGES.get(kind, ("dvc", "data"))
    if importlib.util.find_spec(module) is not None:
        return
    package = module.replace("_", "-")
    if extra:
        raise MissingExtraError(package, extra)
    raise ProjectError(f"this needs the package {package}, which is not installed", hint=f"pip install {package}")


def kind_of(url: str) -> str:
    """The kind of remote that a URL from DVC's settings is."""
    scheme, separator, _ = url.partition("://")
    return scheme.lower() if separator and scheme.lower() != "file" else FOLDER


def masked(url: str) -> str:
    """A URL from DVC's settings with what may be secret in it left out: somebody may have written it by hand."""
    if kind_of(url) == FOLDER:
        return url
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    user, found, host = place.rpartition("@")
    if found:
        shown = "***" if scheme == "s3" else re.sub(":.*", ":***", user)
        url = f"{scheme}://{shown}@{host}{slash}{path}"
    return re.sub(r"[?#].*", "?***", url)


def secret_in(url: str) -> list[str]:
    """The secrets inside a URL from DVC's settings, as typed and decoded."""
    if kind_of(url) == FOLDER:
        return []
    user, _, password = url.partition("://")[2].partition("/")[0].rpartition("@")[0].partition(":")
    asked = re.search(r"[?#](.+)", url)
    found = [password, unquote(password), asked[1] if asked else "", user if kind_of(url) == "s3" else ""]
    return [text for text in found if text]


def _folder(text: str, here: Path) -> Address:
    if not Path(text).is_absolute() and (match := _SCP.fullmatch(text)) and not (here / text).exists():
        path = match[2].lstrip("/")
        user = f"{text.partition('@')[0]}@" if "@" in text else ""
        raise UsageError("a folder on another machine is given as a URL", hint=f"ssh://{user}{match[1]}/{path}")
    # As git has it for every clone: nobody else stands in this folder.
    return Address(FOLDER, str((here / Path(text).expanduser()).resolve()))


def _url(text: str, kind: str) -> Address:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError("this URL cannot be understood", hint=f"{kind}://HOST:PORT/PATH") from None
    if parts.query or parts.fragment:
        raise UsageError(
            "a remote's URL has no ?… and no #…: DVC adds the names of files at its end",
            hint="what it says there may be a --secret or an --option",
        )
    if not host:
        example = "s3://BUCKET/FOLDER" if kind == "s3" else f"{kind}://HOST/FOLDER"
        raise UsageError(f"this URL names no {'bucket' if kind == 's3' else 'host'}", hint=example)
    netloc = parts.netloc.rpartition("@")[2]
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    path = parts.path.rstrip("/")
    if kind == "s3" and (not _BUCKET.fullmatch(netloc) or port):
        raise UsageError(
            "the name of a bucket is letters, digits, dots and dashes",
            hint="s3://BUCKET/FOLDER, and the server of a storage of your own as --endpoint-url http://HOST:PORT",
        )
    if kind == "ssh" and not path:
        raise UsageError("an ssh remote needs a folder on that machine", hint=f"ssh://{netloc}/srv/parts")
    if kind in ("http", "https"):
        basic = {"auth": "basic", "user": user} if user else {}
        return Address(kind, urlunsplit((kind, netloc, path, "", "")), basic, _given(password=password))
    if kind == "s3":
        return Address(kind, f"s3://{netloc}{path}", {}, _given(access_key_id=user, secret_access_key=password))
    where = f"{parts.username}@{netloc}" if user else netloc
    return Address(kind, f"{kind}://{where}{path}", {}, _given(password=password))


def _given(**values: str) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
