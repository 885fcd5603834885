"""Who gets in and who does not, over a real port."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from server_kit import Site, serving

from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import TokenBook

pytestmark = pytest.mark.integration

EVERY_RIGHT = sorted(Right)


def on_site(story: Callable[[Site], Awaitable[None]], **settings: Any) -> None:
    """Run a story against a server."""

    async def run() -> None:
        async with serving(**settings) as site:
            await story(site)

    asyncio.run(run())


def problem(response: httpx.Response) -> str:
    """The word of a problem document."""
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == response.status_code
    assert document["detail"]
    return str(document["type"]).removeprefix("urn:rid-telephony:problem:")


async def ticket_of(site: Site, headers: dict[str, str], **wanted: Any) -> str:
    response = await site.http.post("/v1/tickets", headers=headers, json=wanted)
    assert response.status_code == 201, response.text
    return str(response.json()["ticket"])


def own(site: Site) -> dict[str, str]:
    """What a browser adds on our own pages."""
    return {"Origin": site.server.url}


def test_without_a_token_nobody_gets_in() -> None:
    async def story(site: Site) -> None:
        response = await site.http.get("/v1/session")
        assert response.status_code == 401
        assert problem(response) == "not-authenticated"
        assert response.headers["www-authenticate"].startswith("Bearer")

    on_site(story)


def test_a_token_in_the_header_opens_what_it_was_made_for() -> None:
    async def story(site: Site) -> None:
        headers = site.bearer(Right.READ, scope=Scope(agents=("10*",)))
        me = (await site.http.get("/v1/session", headers=headers)).json()
        assert me["rights"] == ["read"]
        assert me["agents"] == ["10*"]
        refused = await site.http.get("/metrics", headers=headers)
        assert refused.status_code == 403
        assert problem(refused) == "right-missing"

    on_site(story)


@pytest.mark.parametrize(
    "header", ["Bearer ridt_0123456789_" + "A" * 43, "Bearer x", "Bearer", "Basic eDp5", "ÿ"]
)
def test_a_wrong_credential_is_refused_in_words(header: str) -> None:
    async def story(site: Site) -> None:
        response = await site.http.get(
            "/v1/session", headers={"Authorization": header.encode("latin-1")}
        )
        assert response.status_code == 401
        assert problem(response) in {"token-refused", "not-authenticated"}

    on_site(story)


def test_a_token_in_the_url_is_refused_though_it_is_good() -> None:
    async def story(site: Site) -> None:
        response = await site.http.get("/v1/session", params={"access_token": site.token()})
        assert response.status_code == 400
        assert problem(response) == "token-in-url"

    on_site(story)


def test_a_revoked_token_stops_working_within_seconds_and_with_it_its_sessions() -> None:
    async def story(site: Site) -> None:
        headers = site.bearer(Right.READ)
        ticket = await ticket_of(site, headers)
        await site.http.post("/v1/session", json={"ticket": ticket}, headers=own(site))
        assert (await site.http.get("/v1/session")).status_code == 200
        book = TokenBook(site.access_store)
        book.revoke(book.list()[0].name, site.clock.now)
        site.clock.now += 6
        assert problem(await site.http.get("/v1/session")) == "session-ended"
        assert problem(await site.http.get("/v1/session", headers=headers)) == "token-refused"

    on_site(story)


def test_a_ticket_becomes_a_cookie_once_and_the_cookie_is_out_of_the_page_s_reach() -> None:
    async def story(site: Site) -> None:
        ticket = await ticket_of(site, site.bearer(Right.READ, Right.FEEDBACK))
        first = await site.http.post("/v1/session", json={"ticket": ticket}, headers=own(site))
        assert first.status_code == 201
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert "access_token" not in {key for key, value in first.json().items() if value}
        assert (await site.http.get("/v1/session")).json()["rights"] == ["feedback", "read"]
        again = await site.http.post("/v1/session", json={"ticket": ticket}, headers=own(site))
        assert again.status_code == 401
        assert problem(again) == "ticket-refused"

    on_site(story)


def test_a_ticket_that_waited_too_long_is_void() -> None:
    async def story(site: Site) -> None:
        ticket = await ticket_of(site, site.bearer())
        site.clock.now += 61
        late = await site.http.post("/v1/session", json={"ticket": ticket})
        assert problem(late) == "ticket-refused"

    on_site(story)


def test_a_crm_gives_each_agent_a_ticket_for_its_own_calls_only() -> None:
    async def story(site: Site) -> None:
        crm = site.bearer(Right.READ, Right.FEEDBACK, scope=Scope(agents=("10*",)))
        ticket = await ticket_of(site, crm, agents=["1001"], rights=["read"])
        session = await site.http.post("/v1/session", json={"ticket": ticket}, headers=own(site))
        assert session.json()["agents"] == ["1001"]
        assert session.json()["rights"] == ["read"]
        for too_wide in ({"agents": ["2001"]}, {"agents": ["1*"]}, {"rights": ["metrics"]}):
            refused = await site.http.post("/v1/tickets", headers=crm, json=too_wide)
            assert refused.status_code == 403
            assert problem(refused) == "too-wide"

    on_site(story)


def test_a_session_cannot_be_stretched_by_tickets_of_its_own() -> None:
    async def story(site: Site) -> None:
        ticket = await ticket_of(site, site.bearer(Right.READ))
        asked = {"ticket": ticket, "carrier": "bearer"}
        first = (await site.http.post("/v1/session", json=asked)).json()
        site.clock.now += 3600
        headers = {"Authorization": f"Bearer {first['access_token']}"}
        second = await ticket_of(site, headers)
        asked = {"ticket": second, "carrier": "bearer"}
        assert (await site.http.post("/v1/session", json=asked)).json()["expires"] == first[
            "expires"
        ]

    on_site(story)


def test_logging_out_ends_the_session_on_the_server_too() -> None:
    async def story(site: Site) -> None:
        ticket = await ticket_of(site, site.bearer())
        made = await site.http.post("/v1/session", json={"ticket": ticket}, headers=own(site))
        stolen = {"Cookie": f"rid_session={made.cookies['rid_session']}"}
        gone = await site.http.delete("/v1/session", headers=own(site))
        assert gone.status_code == 204
        assert 'rid_session=""' in gone.headers["set-cookie"]
        site.http.cookies.clear()
        assert (await site.http.get("/v1/session", headers=stolen)).status_code == 401

    on_site(story)


def test_a_session_outlives_a_restart_of_the_server() -> None:
    async def story(site: Site) -> None:
        ticket = await ticket_of(site, site.bearer())
        made = await site.http.post("/v1/session", json={"ticket": ticket})
        cookie = made.cookies["rid_session"]
        assert site.access_store.session(cookie) is None, "kept in clear text"
        # A second program with the same store knows the session.
        from rid_telephony.cti.access.access import Access
        from rid_telephony.settings.server import ServerSettings

        other = Access(ServerSettings(), site.access_store, site.clock)
        assert await other.by_session(cookie, "127.0.0.1") is not None

    on_site(story)


def test_another_page_cannot_use_the_cookie() -> None:
    async def story(site: Site) -> None:
        ticket = await ticket_of(site, site.bearer())
        await site.http.post("/v1/session", json={"ticket": ticket}, headers=own(site))
        for headers, word in (
            ({"Origin": "https://evil.example"}, "origin-refused"),
            ({"Origin": "null"}, "origin-refused"),
            ({}, "origin-missing"),
        ):
            response = await site.http.post("/v1/tickets", headers=headers)
            assert response.status_code == 403
            assert problem(response) == word
        assert (await site.http.post("/v1/tickets", headers=own(site))).status_code == 201

    on_site(story)


def test_without_tokens_a_web_page_cannot_borrow_the_loopback_port() -> None:
    async def story(site: Site) -> None:
        me = await site.http.get("/v1/session")
        assert me.json()["name"] == "local"
        assert me.json()["rights"] == EVERY_RIGHT
        for headers in ({"Origin": "https://evil.example"}, {"Host": "evil.example"}):
            assert (await site.http.get("/v1/session", headers=headers)).status_code == 403

    on_site(story, require_token=False)


def test_guessing_is_slowed_down_and_a_known_token_is_not_locked_out() -> None:
    async def story(site: Site) -> None:
        good = site.bearer()
        assert (await site.http.get("/v1/session", headers=good)).status_code == 200
        wrong = {"Authorization": "Bearer guess"}
        answers = [(await site.http.get("/v1/session", headers=wrong)) for _ in range(21)]
        assert [answer.status_code for answer in answers] == [401] * 20 + [429]
        assert problem(answers[-1]) == "too-many-failures"
        assert int(answers[-1].headers["retry-after"]) == 2
        assert (await site.http.get("/v1/session", headers=good)).status_code == 200
        site.clock.now += 2
        assert (await site.http.get("/v1/session", headers=wrong)).status_code == 401

    on_site(story)
