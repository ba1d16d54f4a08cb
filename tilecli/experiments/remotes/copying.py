"""Objects from DVC's cache to a remote and back: compared first, copied in parallel, verified, resumable.

An object is a file named by the MD5 of its contents. That of a folder (`….dir`) lists the others; it goes last, so that
a remote that has it has the others too. Runs in the process that `worker` starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tilecli import progress
from tilecli.errors import ProjectError
from tilecli.experiments.reading.lineage import OF_FOLDER
from tilecli.experiments.remotes.cache import Cache, matches
from tilecli.experiments.remotes.parallel import Count, Ran, Stopped, callback, run
from tilecli.experiments.remotes.store import Store


@dataclass
class Copied:
    """How a copy went. Objects are named by a path they had and their hash."""

    copied: int = 0
    bytes: int = 0
    known: int = 0  # that were there already
    missing: list[str] = field(default_factory=list)  # that neither side has
    damaged: list[str] = field(default_factory=list)  # whose contents are not what their hash says, at their source
    mended: list[str] = field(default_factory=list)  # that were damaged on the target's side, and are whole now
    left: int = 0  # that were not copied because the user stopped

    def note(self, good: Iterable[str], sizes: Mapping[str, int | None], left: int) -> None:
        """Count what went over in one go."""
        each = [sizes[md5] or 0 for md5 in good]
        self.copied += len(each)
        self.bytes += sum(each)
        self.left += left


def push(cache: Cache, store: Store, wanted: dict[str, str], jobs: int, stopped: Stopped, *, verify: bool) -> Copied:
    """Bring the objects `wanted` (hash → path), and what folders among them hold, to the remote.

    An object that is there with its size is left alone; with `verify` its contents are read back and compared too.
    """
    done = Copied()
    inside = _inside(cache, wanted, done)
    every = {**_all(inside), **wanted}
    there = _look(store, every, jobs)
    here = {md5: size for md5 in every if (size := cache.size(md5)) is not None}
    done.missing += [_named(every, md5) for md5 in every if md5 not in here and md5 not in there]
    whole = {md5 for md5, size in there.items() if size is None or size == here.get(md5, size)}
    if verify:
        whole -= _damaged_there(cache, store, list(whole), jobs, stopped)
    done.known = len(whole)
    send = {md5: size for md5, size in here.items() if md5 not in whole}
    broken = {md5 for md5 in there if md5 not in whole}
    done.damaged += [_named(every, md5) for md5 in broken if md5 not in here]

    def one(md5: str, count: Count) -> bool:
        if not cache.sound(md5, read=True):
            return False
        store.put(cache.object(md5), store.object(md5), callback(count))
        return True

    files = [md5 for md5 in send if not md5.endswith(OF_FOLDER)]
    sent = _noted(run(one, files, send, "push", jobs, stopped), send, done)
    lost = set(every) - whole - sent
    folders = [md5 for md5 in send if md5 in inside and not lost & set(inside[md5])]
    if not done.left:
        sent |= _noted(run(one, folders, send, "push", jobs, stopped), send, done)
    done.damaged += [_named(every, md5) for md5 in (*files, *folders) if md5 not in sent and not done.left]
    after = _look(store, sent, jobs, "verify")
    failed = [md5 for md5 in sent if md5 not in after or after[md5] not in (None, send[md5])]
    if failed:
        raise ProjectError(f"{len(failed)} files are not on the remote although it took them", where=every[failed[0]])
    done.mended = [_named(every, md5) for md5 in broken & sent]
    return done


def fetch(cache: Cache, store: Store, wanted: dict[str, str], jobs: int, stopped: Stopped, *, verify: bool) -> Copied:
    """Bring the objects `wanted` (hash → path), and what folders among them hold, into the cache.

    What comes is compared with its hash before it is put there, and fetched once more if it is not that. With `verify`
    what is here already is compared too.
    """
    done = Copied()
    with cache.scratch() as folder:

        def one(md5: str, count: Count) -> bool:
            file = folder / md5
            for _ in range(2):
                store.get(store.object(md5), file, callback(count))
                if matches(file, md5):
                    cache.take(file, md5)
                    return True
            file.unlink()
            return False

        def bring(objects: dict[str, str]) -> None:
            here = {md5 for md5 in objects if cache.size(md5) is not None}
            broken = {md5 for md5 in here if not cache.sound(md5, read=verify)}
            done.known += len(here - broken)
            lacking = {md5: path for md5, path in objects.items() if md5 not in here or md5 in broken}
            there = _look(store, lacking, jobs)
            done.missing += [_named(objects, md5) for md5 in lacking if md5 not in there and md5 not in broken]
            done.damaged += [_named(objects, md5) for md5 in broken if md5 not in there]
            got = _noted(run(one, list(there), there, "pull", jobs, stopped), there, done)
            done.damaged += [_named(objects, md5) for md5 in there if md5 not in got and not done.left]
            done.mended += [_named(objects, md5) for md5 in broken & got]

        folders = {md5: path for md5, path in wanted.items() if md5.endswith(OF_FOLDER)}
        bring(folders)
        if not done.left:
            every = {**_all(_inside(cache, folders, done)), **wanted}
            bring({md5: path for md5, path in every.items() if not md5.endswith(OF_FOLDER)})
    return done


def _noted(ran: Ran, sizes: Mapping[str, int | None], done: Copied) -> set[str]:
    done.note(ran.good, sizes, ran.left)
    return ran.good


def _named(paths: dict[str, str], md5: str) -> str:
    return f"{paths[md5]} ({md5})"


def _inside(cache: Cache, paths: dict[str, str], done: Copied) -> dict[str, dict[str, str]]:
    """For each folder among `paths` whose list is here: hash → path of everything in it."""
    found: dict[str, dict[str, str]] = {}
    for md5, path in paths.items():
        if not md5.endswith(OF_FOLDER) or cache.size(md5) is None:
            continue
        try:
            found[md5] = {inner: f"{path}/{name}" for inner, name in cache.members(md5).items()}
        except ProjectError:
            done.damaged.append(_named(paths, md5))
    return found


def _all(folders: dict[str, dict[str, str]]) -> dict[str, str]:
    return {md5: path for members in folders.values() for md5, path in members.items()}


def _look(store: Store, wanted: Iterable[str], jobs: int, name: str = "compare") -> dict[str, int | None]:
    objects = list(wanted)
    if not objects:
        return {}
    steps = len({md5[:2] for md5 in objects}) if store.lists else len(objects)
    with progress.task(name, steps) as task:
        return store.sizes(objects, jobs, task.advance)


def _damaged_there(cache: Cache, store: Store, objects: Sequence[str], jobs: int, stopped: Stopped) -> set[str]:
    """Read objects back, and name those whose contents are not what their hash says."""
    with cache.scratch() as folder:

        def one(md5: str, count: Count) -> bool:
            store.get(store.object(md5), folder / md5, callback(count))
            right = matches(folder / md5, md5)
            (folder / md5).unlink()
            return right

        ran = run(one, objects, dict.fromkeys(objects), "verify", jobs, stopped)
    return set() if ran.left else set(objects) - ran.good
