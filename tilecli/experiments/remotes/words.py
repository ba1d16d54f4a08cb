"""What went wrong with a remote, in words: exceptions of DVC, botocore, asyncssh, aiohttp and the system."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

from tilecli.errors import PipelineError, TilesError
from tilecli.experiments.remotes import address
from tilecli.experiments.remotes.settings import Remote

Doing = Literal["open", "look", "write", "read", "delete"]
_ACTION = {
    "open": "opened",
    "look": "looked through",
    "write": "written to",
    "read": "read from",
    "delete": "deleted from",
}
_LACKING = {
    "open": ("a file that the remote's settings name is not there", "tiles data remote set NAME --option KEY=FILE"),
    "write": ("the remote's folder is not there and cannot be made", "make it, or correct the URL"),
    "read": ("the object is not there", "tiles data push, where it was made"),
}
_UNKNOWN_HOST = re.compile(r"name or service not known|name resolution|getaddrinfo|cannot connect .*dns", re.I)
_RIGHT = {"look": "s3:ListBucket", "write": "s3:PutObject", "read": "s3:GetObject", "delete": "s3:DeleteObject"}
# What an S3 server answers with → what that means, and which option of `remote set` mends it ("": the two keys).
_BUSY = ("the server is overloaded", "the same command goes on where it stopped; --jobs 2 asks for less at once")
_REGION = ("the bucket is in another region", "--option region=REGION")
_TOKEN = ("the session_token is no longer valid", "--secret session_token")
_S3_CODES = {
    "NoSuchBucket": ("there is no such bucket", "make it, or correct the URL: tiles data remote remove, then add"),
    "InvalidAccessKeyId": ("the server does not know this access_key_id", ""),
    "SignatureDoesNotMatch": (
        "the secret_access_key does not belong to the access_key_id",
        "--secret secret_access_key",
    ),
    "RequestTimeTooSkewed": ("this machine's clock is wrong, and the server refuses other times", "set the clock"),
    **dict.fromkeys(("ExpiredToken", "InvalidToken", "TokenRefreshRequired"), _TOKEN),
    **dict.fromkeys(("AuthorizationHeaderMalformed", "PermanentRedirect"), _REGION),
    **dict.fromkeys(("SlowDown", "503", "500", "InternalError", "ServiceUnavailable"), _BUSY),
}


def explain(error: BaseException, remote: Remote, doing: Doing) -> TilesError:
    """The error for the user: what is wrong with which remote, and what to type. Holds no secret."""
    if isinstance(error, TilesError):
        return error
    message, hint = _find(list(_chain(error)), remote, doing)
    return PipelineError(message, where=f"remote {remote.name}: {address.masked(remote.url)}", hint=hint)


def scrubbed(text: str, remote: Remote) -> str:
    """A library's text without the remote's secrets; our own words hold none."""
    for secret in sorted(remote.secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def code_of(error: BaseException) -> str:
    """The code that an S3 server has answered with, such as NoSuchBucket; empty if it has not."""
    for link in _chain(error):
        response = getattr(link, "response", None)
        if isinstance(response, dict) and "Error" in response:
            return str(response["Error"].get("Code", ""))
    return ""


def status_of(error: BaseException) -> int | None:
    """The status that a web server has answered with."""
    return next((got for link in _chain(error) if isinstance(got := getattr(link, "status", None), int)), None)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _find(chain: list[BaseException], remote: Remote, doing: Doing) -> tuple[str, str]:
    setting = f"tiles data remote set {remote.name}"
    kinds = {cls.__name__ for error in chain for cls in type(error).__mro__}
    text = scrubbed(": ".join(dict.fromkeys(str(error) for error in chain if str(error))), remote)
    found = None
    if remote.kind == "s3":
        found = _s3(code_of(chain[0]), kinds, text, setting, doing)
    elif remote.kind == "ssh":
        found = _ssh(kinds, text, setting, remote)
    elif remote.kind in ("http", "https"):
        found = _http(chain, text, setting, doing)
    return found or _network(chain, kinds, text, remote) or _system(chain, doing) or _other(chain[0], text, doing)


def _s3(code: str, kinds: set[str], text: str, setting: str, doing: Doing) -> tuple[str, str] | None:
    both = f"{setting} --secret access_key_id --secret secret_access_key"
    if "bucket does not exist" in text:
        code = "NoSuchBucket"
    if code in _S3_CODES:
        message, mend = _S3_CODES[code]
        return message, f"{setting} {mend}" if mend.startswith("--") else mend or both
    if kinds & {"NoCredentialsError", "PartialCredentialsError"}:
        return "there are no credentials for this remote on this machine", both
    if "ProfileNotFound" in kinds:
        return "the profile is not in this machine's AWS settings", f"{setting} --option profile=NAME"
    if code not in ("AccessDenied", "403", "AllAccessDisabled") and "PermissionError" not in kinds:
        return None
    if right := _RIGHT.get(doing):
        return f"nothing may be {_ACTION[doing]} this bucket with this key", f"the right {right} for it, or {both}"
    return "this key has no access to the bucket", both


def _ssh(kinds: set[str], text: str, setting: str, remote: Remote) -> tuple[str, str] | None:
    if "PermissionDenied" in kinds or "EOFError" in kinds:
        user = urlsplit(remote.url).username or remote.settings.get("user") or ""
        return (
            f"the machine does not let {user or 'this user'} in with the keys and passwords that were tried",
            f"{setting} --option keyfile=FILE, --secret password or --option user=NAME",
        )
    if kinds & {"KeyImportError", "KeyEncryptionError"}:
        return f"the key cannot be read: {text}", f"{setting} --option keyfile=FILE, or --secret passphrase"
    if "HostKeyNotVerifiable" in kinds:
        return "the machine's key is not the known one", "ssh to it once by hand, and see why"
    if kinds & {"ConnectionLost", "DisconnectError", "ChannelOpenError"} and "PermissionDenied" not in kinds:
        return f"the connection broke: {text}", "the same command goes on where it stopped"
    if "SFTPFailure" in kinds:
        return "the machine could not do that: its disk may be full", "df -h, on that machine"
    return None


def _http(chain: list[BaseException], text: str, setting: str, doing: Doing) -> tuple[str, str] | None:
    status = status_of(chain[0])
    if status is None and (match := re.search(r"\b([45]\d\d)\b[, ]", text)):
        status = int(match[1])
    if "basic' authentication require" in text:
        return "a user or a password is missing", f"{setting} --option user=NAME --secret password"
    if status in (401, 407):
        return (
            "the server wants another user or password",
            f"{setting} --option auth=basic --option user=NAME --secret password",
        )
    if status == 403:
        return f"the server does not let this user have anything {_ACTION[doing]} it", f"{setting} --secret password"
    if status in (404, 405, 501) and doing in ("write", "delete"):
        return f"the server takes no files (it answers {status})", "pull works; push to another remote"
    if status is not None and status >= 500:
        return f"the server fails (it answers {status})", "the same command goes on where it stopped"
    return None


def _network(chain: list[BaseException], kinds: set[str], text: str, remote: Remote) -> tuple[str, str] | None:
    if remote.kind == address.FOLDER:
        return None
    place = remote.settings.get("endpointurl", remote.url)
    host = urlsplit(place if "://" in place else f"//{place}").netloc.rpartition("@")[2]
    refused = any(getattr(error, "errno", None) == errno.ECONNREFUSED for error in chain)
    found = None
    if kinds & {"SSLError", "ClientSSLError"}:
        found = f"the certificate of {host} cannot be trusted", "--option ssl_verify=FILE names the factory's own"
    elif "gaierror" in kinds or _UNKNOWN_HOST.search(text):
        found = f"no machine is called {host}", "correct the URL, or see whether this machine has a network"
    elif kinds & {"FSTimeoutError", "ConnectTimeoutError", "TimeoutError", "ServerTimeoutError", "ReadTimeoutError"}:
        found = f"{host} does not answer", "is it switched on, and may this network reach it?"
    elif refused or kinds & {"EndpointConnectionError", "ClientConnectorError", "ConnectionRefusedError"}:
        found = f"nothing answers at {host}", "is the server running, and is the port right?"
    elif kinds & {"ConnectionClosedError", "ConnectionError", "ResponseStreamingError", "ClientError"}:
        found = f"the connection to {host} broke", "the same command goes on where it stopped"
    return found


def _system(chain: list[BaseException], doing: Doing) -> tuple[str, str] | None:
    for error in chain:
        number = getattr(error, "errno", None)
        if number == errno.ENOSPC:
            return ("this disk is full" if doing == "read" else "the remote's disk is full"), "df -h"
        if number == errno.EROFS:
            return "the remote's disk is mounted read-only", "mount it so that it can be written"
        if isinstance(error, PermissionError) or "PermissionDenied" in type(error).__name__:
            return f"this user may not have anything {_ACTION[doing]} the folder", "ask for the rights, or chmod it"
        if isinstance(error, (NotADirectoryError, FileExistsError)):
            return "a file stands where the remote's folder should be", "move it away"
        if isinstance(error, FileNotFoundError) and doing in _LACKING:
            name = getattr(error, "filename", None)
            return _LACKING[doing][0] + (f": {name}" if name and doing == "open" else ""), _LACKING[doing][1]
    return None


def _other(error: BaseException, text: str, doing: Doing) -> tuple[str, str]:
    what = "the remote could not be opened" if doing == "open" else f"nothing could be {_ACTION[doing]} the remote"
    return f"{what}: {type(error).__name__}: {text}", "--traceback shows more"
