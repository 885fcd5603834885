"""Check: do events flow, whose clock is right, and a test message."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping

from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.freeswitch.check_session import CheckSession
from rid_telephony.pbx.freeswitch.writer import FreeSwitchWriter
from rid_telephony.pbx.messages import PbxRefusedError

EVENTS = "freeswitch.events"
CLOCK = "freeswitch.clock"
MESSAGE = "freeswitch.message"
WATCH_SECONDS = 2.0
CLOCK_TOLERANCE = 2.0
"""Seconds by which the two clocks may differ."""
FLOOD = 2000.0
"""Events a second above which one connection is busy whatever they are."""
SLOW_JOB = 0.5
"""Seconds after which the result of a background job is late: forks wait for such results."""
TEST_TEXT = "您好，这是 rid-telephony 的测试消息\n第二行"


async def watch_events(session: CheckSession) -> list[Finding]:
    """Have a job done in the background, whose result is an event, and count what else comes.

    Raises:
        PbxError: As the client says.
    """
    began = time.monotonic()
    await session.bgapi("version")
    took = time.monotonic() - began
    before = Counter(session.counts)
    await asyncio.sleep(WATCH_SECONDS)
    counted = session.counts - before
    return [judge_events(counted, WATCH_SECONDS, took), judge_clock(session.ahead)]


def judge_events(counts: Mapping[str, int], seconds: float, job: float) -> Finding:
    """Whether events flow, and not more than can be read.

    Args:
        counts: Events by name.
        seconds: In which they came.
        job: Seconds that the result of a background job took.
    """
    rate = sum(counts.values()) / seconds
    came = f"the result of a background job came after {job * 1000:.0f} ms"
    if rate > FLOOD:
        busiest = ", ".join(name for name, _ in Counter(counts).most_common(3))
        advice = "Give this PBX its own machine and process."
        return Finding(
            Level.WARNING, EVENTS, f"{rate:.0f} events a second, most of them {busiest}.", advice
        )
    if job > SLOW_JOB:
        advice = "Is FreeSWITCH overloaded? Forks begin as late as this."
        return Finding(Level.WARNING, EVENTS, f"Events flow slowly: {came}.", advice)
    detail = f"Events flow: {came}; {rate:.0f} events a second at this moment."
    return Finding(Level.OK, EVENTS, detail)


def judge_clock(ahead: float | None) -> Finding:
    """Whether FreeSWITCH's clock and ours agree.

    Args:
        ahead: Seconds by which its clock is ahead; None where no event came.
    """
    if ahead is None:
        detail = "FreeSWITCH tells its time with its events, and none came meanwhile."
        return Finding(Level.SKIPPED, CLOCK, detail)
    if abs(ahead) <= CLOCK_TOLERANCE:
        return Finding(Level.OK, CLOCK, f"The clocks agree within {CLOCK_TOLERANCE:g} s.")
    direction = "ahead of" if ahead > 0 else "behind"
    return Finding(
        Level.WARNING,
        CLOCK,
        f"FreeSWITCH's clock is {abs(ahead):.0f} s {direction} ours.",
        "Events will not match the PBX's call records; let NTP set both clocks.",
    )


async def send_message(writer: FreeSwitchWriter, endpoint: str) -> list[Finding]:
    """Send a SIP MESSAGE of two lines to a softphone, as hints are sent.

    Raises:
        PbxError: As the PBX says, a refusal apart.
    """
    try:
        await writer.send_message(endpoint, TEST_TEXT)
    except PbxRefusedError as error:
        advice = error.advice or (
            f"Is {endpoint} the user that the phone registers with (see above)? The pattern of the"
            " address is message_to in [freeswitch.write_back]."
        )
        detail = f"FreeSWITCH cannot send a message to {endpoint}: {error.message}"
        return [Finding(Level.ERROR, MESSAGE, detail, advice)]
    first = TEST_TEXT.partition("\n")[0]
    detail = f"FreeSWITCH took the test message to {endpoint}: “{first}” and a second line."
    advice = "That it was sent does not mean that it was shown: look at the softphone."
    return [Finding(Level.OK, MESSAGE, detail, advice)]
