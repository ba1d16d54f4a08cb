import asyncio
import threading
import time

import pytest

from tilecli.serving.model.admission import Admission
from tilecli.serving.problems import Problem


def test_work_runs_beside_the_loop() -> None:
    async def ask() -> tuple[str, bool]:
        admission = Admission(1, 1, 5)
        here = threading.get_ident()
        return await admission.run(lambda waited: ("done", threading.get_ident() != here and waited >= 0))

    assert asyncio.run(ask()) == ("done", True)


def test_errors_come_back() -> None:
    def fail(_: float) -> None:
        raise ValueError("broken")

    async def ask() -> None:
        await Admission(1, 1, 5).run(fail)

    with pytest.raises(ValueError, match="broken"):
        asyncio.run(ask())


def test_more_than_the_queue_is_refused_at_once() -> None:
    async def ask() -> tuple[list[object], float, int]:
        admission = Admission(threads=2, queue=3, timeout_s=5)
        gate = threading.Event()
        tasks = [asyncio.create_task(admission.run(lambda _: gate.wait(5))) for _ in range(5)]
        await asyncio.sleep(0.05)
        assert admission.waiting == 3
        begun = time.monotonic()
        with pytest.raises(Problem) as caught:
            await admission.run(lambda _: True)
        took = time.monotonic() - begun
        assert int(caught.value.headers["Retry-After"]) >= 1
        gate.set()
        done = await asyncio.gather(*tasks)
        await asyncio.sleep(0.05)
        assert admission.pending == 0
        return done, took, caught.value.kind.status

    done, took, status = asyncio.run(ask())
    assert done == [True] * 5
    assert status == 503
    assert took < 2  # not until the gate opens


def test_late_answers_are_not_waited_for_and_waiting_work_is_not_begun() -> None:
    begun: list[int] = []
    gate = threading.Event()

    async def ask() -> list[int]:
        admission = Admission(threads=1, queue=5, timeout_s=0.1)

        def work(number: int) -> None:
            begun.append(number)
            gate.wait(5)

        tasks = [asyncio.create_task(admission.run(lambda _, n=n: work(n))) for n in range(3)]  # type: ignore[misc]
        found = await asyncio.gather(*tasks, return_exceptions=True)
        gate.set()
        await asyncio.sleep(0.1)
        assert admission.pending == 0
        return [problem.kind.status for problem in found if isinstance(problem, Problem)]

    assert asyncio.run(ask()) == [504] * 3
    assert begun == [0]


def test_retry_after_follows_the_work() -> None:
    async def ask() -> tuple[int, int]:
        admission = Admission(threads=1, queue=100, timeout_s=30)
        quick = admission.retry_after()
        await admission.run(lambda _: time.sleep(0.2))
        admission.pending = 61
        return quick, admission.retry_after()

    assert asyncio.run(ask()) == (1, 6)


def test_grows_without_losing_work() -> None:
    async def ask() -> tuple[list[bool], int]:
        admission = Admission(threads=1, queue=20, timeout_s=5)
        gate = threading.Event()
        before = [asyncio.create_task(admission.run(lambda _: gate.wait(5))) for _ in range(3)]
        await asyncio.sleep(0.05)
        admission.grow(4)
        after = [asyncio.create_task(admission.run(lambda _: gate.wait(5))) for _ in range(4)]
        await asyncio.sleep(0.05)
        gate.set()
        return await asyncio.gather(*before, *after), admission.threads

    assert asyncio.run(ask()) == ([True] * 7, 4)
