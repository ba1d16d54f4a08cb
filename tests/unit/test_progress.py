"""Progress events reach the listener of their block and nobody else."""

from tilecli import progress


def test_track_reports_begin_and_end():
    events: list[progress.Event] = []
    with progress.listen(events.append):
        assert list(progress.track([1, 2, 3], "count", unit="photos")) == [1, 2, 3]
    assert events[0].kind == "begin"
    assert (events[0].total, events[0].unit) == (3, "photos")
    assert (events[-1].kind, events[-1].done) == ("end", 3)


def test_steps_are_throttled():
    events: list[progress.Event] = []
    with progress.listen(events.append):
        for _ in progress.track(range(10_000), "fast"):
            pass
    assert len([event for event in events if event.kind == "step"]) < 100


def test_without_a_listener_nothing_happens():
    progress.note("nobody hears this")
    events: list[progress.Event] = []
    with progress.listen(events.append):
        progress.warn("heard", photo="a")
    progress.warn("not heard")
    assert [(event.kind, event.text, event.data) for event in events] == [("warning", "heard", {"photo": "a"})]


def test_two_can_listen():
    first: list[progress.Event] = []
    second: list[progress.Event] = []
    with progress.also(second.append):
        progress.note("to the second alone")
    with progress.listen(first.append), progress.also(second.append):
        progress.note("to both")
    assert [event.text for event in first] == ["to both"]
    assert [event.text for event in second] == ["to the second alone", "to both"]


def test_an_ended_block_is_said_even_when_it_fails():
    events: list[progress.Event] = []
    try:
        with progress.listen(events.append), progress.task("work", 10) as task:
            task.advance(4)
            raise ValueError
    except ValueError:
        pass
    assert (events[-1].kind, events[-1].done) == ("end", 4)
