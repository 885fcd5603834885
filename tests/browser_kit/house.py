"""A full house: calls as a supervisor may find them, for tests that look at every page."""

from __future__ import annotations

from browser_kit.theatre import Theatre
from rid_telephony.calls.messages import CallHeld, CustomerContext, Party

LIVE, ALARMED, HELD, PAST = "live-1", "live-2", "live-3", "past-1"
PAGES = {
    "login": "/console/login",
    "wallboard": "/console/",
    "wallboard, following": f"/console/#{ALARMED}",
    "calls": "/console/calls",
    "call": f"/console/call?id={PAST}",
    "live call": f"/console/call?id={ALARMED}",
    "explain": f"/console/explain?call={PAST}",
    "agent": "/console/agent?agent=1002",
    "embedded panel": "/panel/demo.html",
    "no such call": "/console/call?id=nobody",
}
"""Every page of the server, by what it shows."""


def fill(theatre: Theatre, customer: str = "王小明", words: str = "这个能保证吗？我不太信") -> None:
    """Three calls that go on, one with an alert, one on hold; and one that is over."""
    known = CustomerContext(customer_id=customer)
    theatre.begin(PAST, "1004", customer=customer, context=known, ago=300)
    theatre.doubted(PAST)
    theatre.do(lambda floor: floor.customer(words, PAST, objection="doubt", act="question"))
    theatre.promised(PAST)
    theatre.do(lambda floor: floor.customer("行吧，发我看看", PAST, act="accept"))
    theatre.do(lambda floor: floor.end(PAST))
    theatre.begin(LIVE, "1001", customer=customer, context=known, ago=40)
    theatre.do(lambda floor: floor.agent("您好，这里是临江银行，通话有录音", "identify", LIVE))
    theatre.begin(HELD, "1003", ago=80)
    theatre.do(lambda floor: floor.do(CallHeld(HELD, 2.0, Party.AGENT)))
    theatre.begin(ALARMED, "1002", customer=customer, context=known, ago=60)
    theatre.doubted(ALARMED)
    theatre.do(lambda floor: floor.customer(words, ALARMED, objection="doubt", act="question"))
    theatre.promised(ALARMED, words)
