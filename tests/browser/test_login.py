"""The way in: a token becomes a session at once, and stays nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_kit import Theatre, Visit, visiting
from playwright.sync_api import Browser

from rid_telephony.cti.access.scope import Right, Scope

KEPT = """
() => JSON.stringify([
  location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state,
  document.documentElement.outerHTML,
])
"""
"""Everything that a script of the page could read."""


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Theatre]:
    """A server that asks for a token."""
    with Theatre(tmp_path, require_token=True) as theatre:
        theatre.begin("c1")
        yield theatre


def sign_in(visit: Visit, secret: str) -> None:
    visit.page.locator("#token").fill(secret)
    visit.page.keyboard.press("Enter")


def test_a_token_is_exchanged_and_kept_nowhere(browser: Browser, closed: Theatre) -> None:
    token = closed.token(Right.READ)
    with visiting(browser) as visit:
        visit.page.goto(f"{closed.url}/console/calls")
        visit.page.wait_for_url("**/console/login?next=*")
        sign_in(visit, token)
        visit.page.wait_for_url("**/console/calls")
        visit.page.get_by_role("link", name=":").first.wait_for()
        assert token not in visit.page.evaluate(KEPT)
        assert not [url for url in visit.requests if token in url or "ridt_" in url]
        cookies = visit.page.context.cookies()
        assert cookies
        assert all(one["httpOnly"] and one["sameSite"] == "Strict" for one in cookies)
        assert all(token not in one["value"] for one in cookies)
        visit.page.get_by_role("button", name="退出").click()
        visit.page.wait_for_url("**/console/login")
        visit.page.goto(f"{closed.url}/console/calls")
        visit.page.wait_for_url("**/console/login?next=*")


def test_a_wrong_token_is_said_and_the_field_is_empty(browser: Browser, closed: Theatre) -> None:
    with visiting(browser) as visit:
        visit.page.goto(f"{closed.url}/console/login")
        sign_in(visit, "ridt_" + "x" * 43)
        alert = visit.page.get_by_role("alert").filter(has_text="令牌无效")
        alert.first.wait_for()
        assert visit.page.locator("#token").input_value() == ""
        assert visit.page.evaluate("document.activeElement.id") == "token"


def test_the_login_leads_to_no_other_site(browser: Browser, closed: Theatre) -> None:
    with visiting(browser) as visit:
        visit.page.goto(f"{closed.url}/console/login?next=//evil.example/")
        sign_in(visit, closed.token(Right.READ))
        visit.page.wait_for_url(f"{closed.url}/console/")


def test_a_page_gives_the_panel_a_ticket_and_sees_its_agent_alone(
    browser: Browser, closed: Theatre
) -> None:
    """As a CRM does: its server has the token, the browser a ticket for one agent."""
    token = closed.token(Right.READ, Right.FEEDBACK, scope=Scope(agents=("10*",)))
    closed.begin("other", agent="1002")
    with visiting(browser) as visit:
        ticket = visit.page.request.post(
            f"{closed.url}/v1/tickets",
            headers={"Authorization": f"Bearer {token}"},
            data={"agents": ["1001"], "rights": ["read", "feedback"]},
        ).json()["ticket"]
        visit.page.goto(f"{closed.url}/panel/demo.html")
        visit.page.evaluate(
            "(ticket) => (document.querySelector('rid-hints').ticketProvider = () => ticket)",
            ticket,
        )
        visit.page.evaluate("document.querySelector('rid-hints').reconnect()")
        visit.wait_until_live()
        hint = closed.doubted("c1")
        visit.wait_for_panel(f"root.querySelector('.line').textContent === {hint.data['line']!r}")
        closed.doubted("other")
        closed.do(lambda floor: floor.customer("嗯", "c1"))
        visit.wait_for_panel("panel.state.utterances.at(-1).text === '嗯'")
        assert visit.panel("panel.state.call.id") == "c1"
        kept = visit.page.evaluate(KEPT)
        assert token not in kept
        assert ticket not in kept
        assert not [url for url in visit.requests if ticket in url or token in url]
