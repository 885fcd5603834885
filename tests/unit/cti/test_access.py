"""Tokens, tickets, sessions and failed logins, without a port or a database."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rid_telephony.cti.access.access import REMEMBERED, Access, TooManyFailuresError
from rid_telephony.cti.access.failures import BURST, FailedLogins
from rid_telephony.cti.access.grants import Grant, TooWideError, narrowed
from rid_telephony.cti.access.scope import Principal, Right, Scope, matches
from rid_telephony.cti.access.sessions import Session
from rid_telephony.cti.access.tickets import Tickets
from rid_telephony.cti.access.tokens import Token, TokenBook
from rid_telephony.errors import InputError
from rid_telephony.settings.server import ServerSettings

pytestmark = pytest.mark.unit

T0 = 1_800_000_000.0
DAY = 86_400.0
READER = frozenset({Right.READ})
GRANT = Grant(Principal("crm", READER), "0123456789")


@dataclass
class Table:
    """An ``AccessTable`` in memory that counts how often it is asked."""

    kept: dict[str, Token] = field(default_factory=dict)
    open: dict[str, Session] = field(default_factory=dict)
    asked: int = 0

    def add_token(self, token: Token) -> None:
        self.kept[token.token_id] = token

    def token(self, token_id: str) -> Token | None:
        self.asked += 1
        return self.kept.get(token_id)

    def tokens(self) -> list[Token]:
        return list(self.kept.values())

    def revoke_token(self, token_id: str, at: float) -> bool:
        self.kept[token_id] = replace(self.kept[token_id], revoked=at)
        return True

    def note_use(self, token_id: str, at: float) -> None:
        self.kept[token_id] = replace(self.kept[token_id], last_used=at)

    def add_session(self, session: Session, now: float) -> None:
        self.open[session.digest] = session

    def session(self, digest: str) -> Session | None:
        return self.open.get(digest)

    def end_session(self, digest: str) -> None:
        self.open.pop(digest, None)


def made(table: Table, days: float | None = None) -> str:
    return TokenBook(table).make("crm", READER, Scope(), T0, days)[0]


def test_the_secret_itself_is_not_kept() -> None:
    table = Table()
    text = made(table)
    assert text.rpartition("_")[2] not in repr(table.kept)
    assert text not in repr(table.kept)


def test_a_token_is_good_until_it_expires_and_not_a_second_longer() -> None:
    table = Table()
    text = made(table, days=1)
    book = TokenBook(table)
    assert book.verify(text, T0 + DAY - 1) is not None
    assert book.verify(text, T0 + DAY) is None


def test_one_wrong_character_is_a_wrong_token() -> None:
    table = Table()
    text = made(table)
    book = TokenBook(table)
    for place in range(len(text)):
        other = "0" if text[place] != "0" else "1"
        assert book.verify(text[:place] + other + text[place + 1 :], T0) is None
    assert book.verify(text + "A", T0) is None


@given(st.text(max_size=80))
def test_no_text_whatever_breaks_the_check(text: str) -> None:
    assert TokenBook(Table()).verify(text, T0) is None


def test_when_a_token_was_used_is_noted_at_most_once_a_minute() -> None:
    table = Table()
    text = made(table)
    token_id = next(iter(table.kept))
    for at, noted in ((T0, T0), (T0 + 59, T0), (T0 + 60, T0 + 60)):
        TokenBook(table).verify(text, at)
        assert table.kept[token_id].last_used == noted


def test_a_name_is_unique_among_the_living_and_free_again_after_that() -> None:
    table = Table()
    made(table)
    with pytest.raises(InputError, match="already"):
        made(table)
    TokenBook(table).revoke("crm", T0)
    made(table)
    with pytest.raises(InputError, match="no living token"):
        TokenBook(table).revoke("nobody", T0)


@pytest.mark.parametrize(
    ("name", "rights", "scope"),
    [
        ("", READER, Scope()),
        ("with space", READER, Scope()),
        ("x" * 61, READER, Scope()),
        ("x", frozenset[Right](), Scope()),
        ("x", READER, Scope(agents=("",))),
        ("x", READER, Scope(agents=("x" * 129,))),
        ("x", READER, Scope(agents=("10[12]",))),
        ("x", READER, Scope(types=("hint.?",))),
        ("x", READER, Scope(queues=("q",) * 101)),
    ],
)
def test_a_token_that_would_not_mean_what_it_says_is_not_made(
    name: str, rights: frozenset[Right], scope: Scope
) -> None:
    table = Table()
    with pytest.raises(InputError):
        TokenBook(table).make(name, rights, scope, T0, None)
    assert not table.kept


def test_a_ticket_is_good_once_and_only_for_its_time() -> None:
    tickets = Tickets(life=60)
    text = tickets.issue(GRANT, T0)
    assert tickets.redeem(text, T0 + 59) == GRANT
    assert tickets.redeem(text, T0 + 59) is None
    assert tickets.redeem(tickets.issue(GRANT, T0), T0 + 60) is None


def test_a_ticket_does_not_outlive_its_grant() -> None:
    tickets = Tickets(life=60)
    assert tickets.redeem(tickets.issue(replace(GRANT, until=T0 + 5), T0), T0 + 5) is None


def test_tickets_that_nobody_fetches_take_no_more_than_their_limit() -> None:
    tickets = Tickets(life=60, limit=10)
    texts = [tickets.issue(GRANT, T0) for _ in range(25)]
    assert len(tickets) == 10
    assert tickets.redeem(texts[14], T0) is None
    assert tickets.redeem(texts[15], T0) == GRANT
    tickets.issue(GRANT, T0 + 60)
    assert len(tickets) == 1


def test_an_address_may_fail_often_at_once_and_then_seldom() -> None:
    failures = FailedLogins(burst=3, refill=0.5)
    for _ in range(3):
        assert failures.wait("a", T0) == 0
        failures.failed("a", T0)
    assert failures.wait("a", T0) == 2
    assert failures.wait("b", T0) == 0
    assert failures.wait("a", T0 + 2) == 0


def test_addresses_without_end_take_no_memory_without_end() -> None:
    failures = FailedLogins(limit=100)
    for number in range(1000):
        failures.failed(f"10.0.{number // 256}.{number % 256}", T0)
    assert len(failures) == 100
    assert failures.total == 1000


def test_an_ipv6_subscriber_counts_once_whatever_address_it_takes() -> None:
    failures = FailedLogins(burst=2)
    for last in range(2):
        failures.failed(f"2001:db8:1:2::{last}", T0)
    assert failures.wait("2001:db8:1:2:ffff::9", T0) > 0
    assert failures.wait("2001:db8:1:3::1", T0) == 0


@given(
    own=st.lists(st.text("ab*", min_size=1, max_size=4), max_size=3),
    asked=st.text("ab*", min_size=1, max_size=4),
    agent=st.text("ab", max_size=5),
)
def test_narrowing_never_shows_what_the_bearer_could_not_see(
    own: list[str], asked: str, agent: str
) -> None:
    bearer = Principal("crm", READER, Scope(agents=tuple(own)))
    try:
        less = narrowed(bearer, {"agents": (asked,)}, None)
    except TooWideError:
        return
    if matches(agent, less.scope.agents):
        assert matches(agent, bearer.scope.agents)


def test_a_good_token_is_looked_up_once_in_five_seconds() -> None:
    """A poll a second from each of 500 panels must not become 500 queries a second."""
    table, now = Table(), [T0]
    text = made(table)
    access = Access(ServerSettings(), table, lambda: now[0])

    async def story() -> None:
        for second in range(12):
            now[0] = T0 + second
            assert await access.by_token(text, "127.0.0.1") is not None

    asyncio.run(story())
    assert table.asked == 3


def test_a_running_stream_learns_that_its_token_was_revoked_or_its_user_left() -> None:
    table, now = Table(), [T0]
    text = made(table)
    access = Access(ServerSettings(), table, lambda: now[0])

    async def story() -> None:
        by_token = await access.by_token(text, "a")
        assert by_token
        cookie, by_session = await access.open_session(by_token)
        assert await access.holds(by_token)
        assert await access.holds(by_session)
        await access.end_session(cookie)
        assert not await access.holds(by_session)
        assert await access.holds(by_token)
        TokenBook(table).revoke("crm", T0)
        now[0] += 5
        assert not await access.holds(by_token)

    asyncio.run(story())


def test_a_session_lasts_its_hours_and_never_longer_than_its_token() -> None:
    table = Table()
    access = Access(ServerSettings(session_hours=12), table, lambda: T0)

    async def until(days: float | None) -> float:
        table.kept.clear()
        grant = await access.by_token(made(table, days), "a")
        assert grant
        return (await access.open_session(grant))[1].until

    assert asyncio.run(until(None)) == T0 + 12 * 3600
    assert asyncio.run(until(0.25)) == T0 + 6 * 3600


def test_who_has_failed_too_often_is_not_even_looked_up() -> None:
    table = Table()
    access = Access(ServerSettings(), table, lambda: T0)
    wrong = "ridt_0123456789_" + "A" * 43

    async def story() -> None:
        for number in range(BURST):
            assert await access.by_token(f"{wrong[:-2]}{number:02}", "a") is None
        asked = table.asked
        with pytest.raises(TooManyFailuresError):
            await access.by_token(wrong, "a")
        assert table.asked == asked

    asyncio.run(story())


def test_where_nothing_is_kept_no_token_is_good() -> None:
    access = Access(ServerSettings(), None, lambda: T0)
    assert asyncio.run(access.by_token(made(Table()), "a")) is None
    assert not asyncio.run(access.holds(GRANT))
    assert math.isinf(GRANT.until)


def test_guessing_by_others_at_its_address_does_not_lock_out_a_token_in_use() -> None:
    """Behind a proxy all come from one address: one who guesses would cut off every agent."""
    table, clock = Table(), [T0]
    access = Access(ServerSettings(), table, lambda: clock[0])
    text = made(table)

    async def story() -> None:
        assert await access.by_token(text, "proxy")
        clock[0] += REMEMBERED + 1  # its last look-up is too old to be believed
        for number in range(BURST):
            wrong = f"ridt_0123456789_{'A' * 41}{number:02}"
            assert await access.by_token(wrong, "proxy") is None
        with pytest.raises(TooManyFailuresError):
            await access.by_token(wrong, "proxy")
        assert await access.by_token(text, "proxy")
        (token,) = table.kept.values()
        table.revoke_token(token.token_id, clock[0])
        clock[0] += REMEMBERED + 1
        with suppress(TooManyFailuresError):
            assert await access.by_token(text, "proxy") is None
        with pytest.raises(TooManyFailuresError):
            for _ in range(BURST):
                await access.by_token(text, "proxy")

    asyncio.run(story())


def test_an_address_that_is_none_takes_little_memory() -> None:
    failures = FailedLogins()
    failures.failed("x" * 60_000, T0)
    assert max(map(len, failures._levels)) <= 45
