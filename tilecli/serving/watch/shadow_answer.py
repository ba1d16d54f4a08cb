"""What the endpoint that is tried answered: a mask to compare, or why there is none. Trusts none of it."""

from __future__ import annotations

import json
import struct

import numpy as np

from tilecli.data.preprocess import Uint8
from tilecli.serving.watch.agreement import Failure

_PNG = b"\x89PNG\r\n\x1a\n"


class MirrorError(Exception):
    """The other endpoint gave nothing to compare."""

    def __init__(self, reason: Failure, words: str) -> None:
        super().__init__(words)
        self.reason: Failure = reason
        self.words = words


def read_mask(answer: bytes, size: tuple[int, int]) -> Uint8:
    """The H×W mask in a PNG's bytes; raises MirrorError for whatever else it is.

    size: height and width (px) that it must have; looked at before anything is decoded. A mask holds 0 and one other
    value, so that a grey picture or a probability map is not taken for one.
    """
    from tilecli.opencv import cv2

    if len(answer) < 24 or not answer.startswith(_PNG) or answer[12:16] != b"IHDR":
        raise MirrorError("bad answer", f"the answer is no PNG: {answer[:60].decode('latin-1')}")
    width, height = struct.unpack(">II", answer[16:24])
    if (height, width) != size:
        raise MirrorError("size", f"the mask is {width}×{height} px, the photo {size[1]}×{size[0]} px")
    try:
        mask = cv2.imdecode(np.frombuffer(answer, np.uint8), cv2.IMREAD_GRAYSCALE)
    except cv2.error:
        mask = None
    if mask is None or mask.shape != size:
        raise MirrorError("bad answer", "the PNG cannot be decoded")
    values = np.asarray(mask, np.uint8)
    if np.count_nonzero(values) != np.count_nonzero(values == values.max()) and values.any():
        raise MirrorError("bad answer", "the PNG is no mask: it holds more than two values")
    return values


def refusal(status: int, phrase: str, body: bytes) -> MirrorError:
    """The failure for an answer other than 200, in the words of its problem document where there is one."""
    try:
        document = json.loads(body)
        detail = str(document.get("detail") or document.get("title") or "")
    except (ValueError, AttributeError):
        detail = body[:200].decode("utf-8", "replace")
    kinds: dict[int, Failure] = {3: "status 3xx", 4: "status 4xx", 5: "status 5xx"}
    words = f"answered {status} {phrase}" + (f": {detail}" if detail.strip() else "")
    return MirrorError(kinds.get(status // 100, "bad answer"), words)


def printable(text: str) -> str:
    """A short text on one line: what another server says goes into logs and reports."""
    flat = "".join(char if char.isprintable() else " " for char in text[:2000])
    return " ".join(flat.split())[:300]
