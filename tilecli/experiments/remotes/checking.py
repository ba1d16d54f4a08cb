"""Trying a remote out: open, write, list, read and delete one small file, by the means that push and pull use.

Runs in the process that `worker` starts.
"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tilecli.errors import PipelineError, TilesError
from tilecli.experiments.remotes import address
from tilecli.experiments.remotes.parallel import callback
from tilecli.experiments.remotes.settings import Remote
from tilecli.experiments.remotes.store import Store, open_store


@dataclass(frozen=True)
class Step:
    """One thing that was tried. `ok` is None where it was not, or need not work."""

    name: str
    ok: bool | None
    ms: float = 0.0
    message: str = ""
    hint: str = ""


def check(remote: Remote, config: Any, sample: str | None) -> list[Step]:
    """Try what push and pull need. `sample`: hash of an object that a pull would ask for, where there is one.

    What needs a step that failed is not tried.
    """
    opened: list[Store] = []
    first = _try("open", lambda: opened.append(open_store(remote, config)))
    if not opened:
        return [first, *(Step(name, None, message="not tried") for name in ("write", "list", "read", "delete"))]
    if not opened[0].lists:
        return [first, *_web(opened[0], sample)]
    return [first, *_all(opened[0])]


def _all(store: Store) -> Iterator[Step]:
    """A remote that can be written: the folder of an object's name that no contents have."""
    name = f"00{secrets.token_hex(15)}"
    path = store.object(name)
    content = f"tiles data remote check {name}\n"
    with tempfile.TemporaryDirectory(prefix="tiles-check-") as folder:
        here, back = Path(folder) / "out", Path(folder) / "back"
        here.write_text(content, encoding="utf-8")

        def listed() -> None:
            if name not in store.sizes([name], 1, lambda: None) and written.ok:
                raise PipelineError("the file that was just written is not in the list", hint="try again in a minute")

        def read() -> None:
            store.get(path, back, callback(lambda _: None))
            if back.read_text(encoding="utf-8") != content:
                raise PipelineError("what was read is not what was written", hint="the storage is damaged")

        def delete() -> None:
            store.remove(path)
            if name in store.sizes([name], 1, lambda: None):
                raise PipelineError(
                    "the server took the order to delete, and did not delete",
                    hint="the right to delete for this key (s3:DeleteObject)" if store.remote.kind == "s3" else None,
                )

        written = _try("write", lambda: store.put(here, path, callback(lambda _: None)))
        yield written
        yield _try("list", listed)
        if not written.ok:
            yield from (Step(step, None, message="not tried: nothing was written") for step in ("read", "delete"))
            return
        yield _try("read", read)
        deleted = _try("delete", delete)
        yield deleted
        if not deleted.ok:
            shown = f"{address.masked(store.remote.url)}/files/md5/{name[:2]}/{name[2:]}"
            yield Step("clean up", None, message=f"this small file stays there: {shown}")


def _web(store: Store, sample: str | None) -> Iterator[Step]:
    """HTTP: reading is what it is for. Nothing is written, since it could not be deleted again."""
    asked = sample or f"00{secrets.token_hex(15)}"
    found: dict[str, int | None] = {}
    step = _try("read", lambda: found.update(store.sizes([asked], 1, lambda: None)))
    if step.ok and sample:
        held = "holds" if found else "does not hold"
        step = Step(step.name, True, step.ms, f"{held} the data of the present version")
    yield step
    yield Step("write", None, message="not tried: over HTTP nothing can be deleted again")


def _try(name: str, work: Callable[[], object]) -> Step:
    began = time.perf_counter()
    try:
        work()
    except TilesError as error:
        return Step(name, False, _ms(began), error.message, error.hint or "")
    return Step(name, True, _ms(began))


def _ms(began: float) -> float:
    return round(1000 * (time.perf_counter() - began), 1)
