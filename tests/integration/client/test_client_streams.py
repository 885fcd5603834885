"""The SDK's streams against the real server: restarts, bad lines, refusals, slow programs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from client_kit import NOW, BadLine, House, bad_line

from rid_telephony.client import (
    ClientError,
    CursorAheadError,
    CursorFile,
    NotAllowedError,
    NotAuthenticatedError,
    UnreachableError,
)
from rid_telephony.cti.access.scope import Right
from rid_telephony.cti.events import FeedGap
from rid_telephony.cti.server import ws
from rid_telephony.cti.server.hub import HubLimits

from .following_kit import KINDS, following

pytestmark = pytest.mark.integration
both = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with House(tmp_path) as made:
        yield made


@pytest.fixture
def line(house: House) -> Iterator[BadLine]:
    with bad_line(house) as made:
        yield made


@both
@pytest.mark.parametrize("encoding", ["json", "msgpack"])
def test_what_was_missed_comes_first_and_then_what_happens(
    house: House, kind: str, encoding: str
) -> None:
    house.say("a", "b")
    with following(kind, house.url, house.token(), after=1, encoding=encoding) as program:
        assert program.texts(1) == ["b"]
        house.say("c")
        event = program.next()
        assert (event.cursor, event.sequence, event.call_id, event.agent) == (3, 3, "c0", "1001")


@both
def test_now_is_the_moment_of_with_also_where_the_line_breaks_before_the_first_event(
    house: House, line: BadLine, kind: str
) -> None:
    """A dialer that starts a call right after it must not miss the call's first hint."""
    house.say("before")
    with following(kind, line.url, house.token()) as program:
        assert program.ready.wait(10)
        program.until("live")
        line.cut()
        house.say("after")
        assert program.texts(1) == ["after"]


@both
def test_a_restart_of_the_server_loses_and_doubles_nothing(house: House, kind: str) -> None:
    house.say("a", "b")
    with following(kind, house.url, house.token(), after=0) as program:
        assert program.texts(2) == ["a", "b"]
        house.stop()
        assert "restart" in program.until("waiting").reason or program.stream
        house.start()
        house.say("c", call_id="c1")
        assert program.texts(1) == ["c"]
        house.restart()
        house.say("d", "e", call_id="c2")
        assert program.texts(2) == ["d", "e"]
    assert program.error is None
    assert program.waiting == 0


@both
def test_a_line_that_breaks_again_and_again_loses_and_doubles_nothing(
    house: House, line: BadLine, kind: str
) -> None:
    said: list[str] = []
    with following(kind, line.url, house.token(), after=0) as program:
        for round_ in range(6):
            texts = [f"{round_}-{number}" for number in range(100)]
            said += texts
            house.say(*texts)
            program.until("live")
            line.cut()
        house.say("end")
        assert program.texts(601) == [*said, "end"]
        assert program.waiting == 0
    assert line.opened >= 7


@both
def test_a_line_that_goes_silent_is_noticed_and_told(
    house: House, line: BadLine, kind: str
) -> None:
    """TCP alone would show an agent's old hint for minutes."""
    with following(kind, line.url, house.token(), after=0, stale_after=0.4, timeout=0.5) as program:
        program.until("live")
        line.freeze()
        house.say("said meanwhile")
        status = program.until("waiting")
        assert "ping" in status.reason
        line.freeze(frozen=False)
        assert program.texts(1) == ["said meanwhile"]


@both
def test_filters_choose_types_agents_and_calls(house: House, kind: str) -> None:
    house.do(lambda floor: (floor.start("c1"), floor.doubted("c1")))
    house.do(lambda floor: (floor.start("c2", agent="1002"), floor.doubted("c2")))
    wanted = {"types": ["hint.*", "call.started"], "agent": "1002", "call": ["c*"]}
    with following(kind, house.url, house.token(), after=0, **wanted) as program:
        found = [program.next() for _ in range(2)]
        assert [(event.type, event.call_id) for event in found] == [
            ("call.started", "c2"),
            ("hint.offered", "c2"),
        ]


@both
def test_a_program_that_is_too_slow_is_told_what_it_missed(tmp_path: Path, kind: str) -> None:
    with (
        House(tmp_path, HubLimits(waiting_events=10)) as house,
        following(kind, house.url, house.token(), after=0) as program,
    ):
        house.say("first")
        assert program.texts(1) == ["first"]
        house.say(*map(str, range(200)))  # at once: the server sends none of them meanwhile
        got = lost = 0
        while got + lost < 200:
            event = program.next()
            if isinstance(event.data, FeedGap):
                lost += event.data.dropped
            else:
                got += 1
        assert lost == 190


@both
@pytest.mark.parametrize(
    ("token", "after", "raised"),
    [
        ("ridt_wrong", 0, NotAuthenticatedError),
        ("ridt_wrong", None, NotAuthenticatedError),
        ("metrics", 0, NotAllowedError),
        ("metrics", None, NotAllowedError),
        ("read", 4711, CursorAheadError),
    ],
)
def test_refusals_are_raised_and_not_tried_again(
    house: House, kind: str, token: str, after: int | None, raised: type[ClientError]
) -> None:
    given = house.token(Right(token)) if token in set(Right) else token
    with following(kind, house.url, given, after=after) as program:
        error = program.ended()
    assert isinstance(error, raised)
    assert given not in str(error)


@both
def test_an_unknown_event_type_is_refused_in_the_servers_words(house: House, kind: str) -> None:
    with following(kind, house.url, house.token(), types="hints.*") as program:
        assert "no event type is hints.*" in str(program.ended())


@both
def test_a_revoked_token_ends_the_stream(
    house: House, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ws, "CHECK_SECONDS", 0.1)
    token = house.token()
    with following(kind, house.url, token, after=0) as program:
        program.until("live")
        house.revoke(token)
        house.now = NOW + 60.0
        assert isinstance(program.ended(), NotAuthenticatedError)
        assert program.until("closed")


@both
def test_a_program_goes_on_after_its_restart_where_it_was(
    house: House, kind: str, tmp_path: Path
) -> None:
    file = tmp_path / "program.cursor"
    house.say("a", "b", "c")
    token = house.token()
    with following(kind, house.url, token, after=0, cursor_file=file) as program:
        assert program.texts(3) == ["a", "b", "c"]
    assert CursorFile(file).read() == 3
    house.say("d")
    with following(kind, house.url, token, after=0, cursor_file=file) as program:
        assert program.texts(1) == ["d"]


@both
def test_the_cursor_is_written_in_a_pause_without_an_end(
    house: House, kind: str, tmp_path: Path
) -> None:
    """A program that is killed in a quiet hour must not repeat the hour before."""
    file = CursorFile(tmp_path / "program.cursor")
    with following(kind, house.url, house.token(), after=0, cursor_file=file) as program:
        house.say(*"abcdef")
        assert program.texts(6) == [*"abcdef"]
        for _ in range(100):
            program.thread.join(0.05)
            if file.read() == 6:
                break
        assert file.read() == 6


@both
def test_a_server_that_is_not_there_is_waited_for_or_given_up(house: House, kind: str) -> None:
    token = house.token()
    url = house.url
    house.stop()
    with following(kind, url, token, give_up_after=0.3) as hasty:
        assert isinstance(hasty.ended(), UnreachableError)
    with following(kind, url, token, after=0) as patient:
        patient.until("waiting")
        house.start()
        house.say("here")
        assert patient.texts(1) == ["here"]


@both
def test_the_token_stands_in_one_header_and_in_no_log(
    house: House, line: BadLine, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = house.token()
    with caplog.at_level(logging.DEBUG), following(kind, line.url, token) as program:
        program.until("live")
        line.cut()
        program.until("live")
        house.say("a")
        assert program.texts(1) == ["a"]
    assert token not in caplog.text
    assert "GET /v1/events?" in caplog.text
    for place in line.heard.decode(errors="replace").split(token)[:-1]:
        assert place.lower().endswith("\r\nauthorization: bearer ")


@both
def test_closing_from_outside_ends_a_program_that_waits(house: House, kind: str) -> None:
    with following(kind, house.url, house.token(), after=0) as program:
        program.until("live")
        program.stop()
        assert program.error is None
        assert program.until("closed")


@both
def test_closing_while_the_server_is_away_does_not_wait_for_it(house: House, kind: str) -> None:
    url, token = house.url, house.token()
    house.stop()
    with following(kind, url, token, after=0) as program:
        program.until("waiting")
    assert program.error is None
    house.start()
