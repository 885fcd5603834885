"""Check: what flows on the manager connection, whose clock is right, and a test message."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from rid_telephony.pbx.asterisk.check_session import CheckSession, Manager
from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.messages import PbxRefusedError, PbxWriter

EVENTS = "asterisk.events"
CLOCK = "asterisk.clock"
MESSAGE = "asterisk.message"
WATCH_SECONDS = 2.0
CLOCK_TOLERANCE = 2.0
"""Seconds by which the two clocks may differ."""
FLOOD = 500.0
"""Events a second above which one connection is busy whatever they are."""
NOISE = 20.0
"""Events a second that nobody reads, above which it is worth to keep them back."""
TEST_TEXT = "您好，这是 rid-telephony 的测试消息"
_UNREAD = frozenset({"VarSet", "Newexten", "RTCPSent", "RTCPReceived", "DeviceStateChange"})
"""Frequent events that we do not read."""


async def watch_events(session: CheckSession) -> list[Finding]:
    """Count the events of two seconds."""
    before = Counter(session.counts)
    await asyncio.sleep(WATCH_SECONDS)
    return [judge_events(session.counts - before, WATCH_SECONDS)]


def judge_events(counts: Mapping[str, int], seconds: float) -> Finding:
    """Whether more comes than is of use.

    Args:
        counts: Events by name.
        seconds: In which they came.
    """
    rate = sum(counts.values()) / seconds
    unread = sorted(_UNREAD.intersection(counts))
    if sum(counts[name] for name in unread) / seconds > NOISE:
        return Finding(
            Level.WARNING,
            EVENTS,
            f"{rate:.0f} events a second, many of them never read: {', '.join(unread)}.",
            "Take dialplan, reporting and all out of `read =` in manager.conf, or add there:"
            f" eventfilter = !^Event: ({'|'.join(unread)})",
        )
    if rate > FLOOD:
        busiest = ", ".join(name for name, _ in Counter(counts).most_common(3))
        advice = "Asterisk drops a reader that is slow; give this PBX its own machine and process."
        return Finding(
            Level.WARNING, EVENTS, f"{rate:.0f} events a second, most of them {busiest}.", advice
        )
    return Finding(Level.OK, EVENTS, f"{rate:.0f} events a second at this moment.")


async def compare_clocks(manager: Manager) -> list[Finding]:
    """Ask Asterisk for its time.

    Raises:
        PbxError: As the manager says.
    """
    asked = time.time()
    reply = await manager.action("Ping")
    here = (asked + time.time()) / 2
    return [judge_clock(reply.fields.get("timestamp", ""), here)]


def judge_clock(stamp: str, here: float) -> Finding:
    """Whether Asterisk's clock and ours agree.

    Args:
        stamp: Seconds since the epoch, as ``Ping`` gives them.
        here: Our clock at that moment.
    """
    try:
        difference = float(stamp) - here
    except ValueError:
        return Finding(Level.SKIPPED, CLOCK, "Asterisk does not tell its time.")
    if abs(difference) <= CLOCK_TOLERANCE:
        return Finding(Level.OK, CLOCK, f"The clocks agree within {CLOCK_TOLERANCE:g} s.")
    direction = "ahead of" if difference > 0 else "behind"
    return Finding(
        Level.WARNING,
        CLOCK,
        f"Asterisk's clock is {abs(difference):.0f} s {direction} ours.",
        "Events will not match the PBX's call records; let NTP set both clocks.",
    )


async def send_message(writer: PbxWriter, endpoint: str) -> list[Finding]:
    """Send a SIP MESSAGE to a softphone, as hints are sent.

    Raises:
        PbxError: As the PBX says, a refusal apart.
    """
    try:
        await writer.send_message(endpoint, TEST_TEXT)
    except PbxRefusedError as error:
        return [_refused(endpoint, error)]
    detail = f"Asterisk sent the test message to {endpoint}: “{TEST_TEXT}”."
    advice = "That it was sent does not mean that it was shown: look at the softphone."
    return [Finding(Level.OK, MESSAGE, detail, advice)]


def _refused(endpoint: str, error: PbxRefusedError) -> Finding:
    return Finding(
        Level.ERROR,
        MESSAGE,
        f"Asterisk cannot send a message to {endpoint}: {error.message}",
        f"Is {endpoint} a PJSIP endpoint and registered (see above)? The pattern of the address is"
        " message_to in [asterisk.write_back].",
    )
