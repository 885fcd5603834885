"""What is asked of Asterisk to hear a leg."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from rid_telephony.calls.messages import Party
from rid_telephony.media.forks import Destination
from rid_telephony.pbx.asterisk.forks import AsteriskForks
from rid_telephony.pbx.asterisk.messages import AmiEvent, AmiReply
from rid_telephony.pbx.messages import Fork, PbxRefusedError
from rid_telephony.settings.asterisk import AsteriskForkSettings

HERE = Destination("127.0.0.1", 9092)


class Manager:
    """Says yes to everything."""

    def __init__(self) -> None:
        self.forks: AsteriskForks
        self.asked: list[tuple[str, Mapping[str, str]]] = []

    async def action(
        self, name: str, fields: Mapping[str, str] = {}, *, timeout: float | None = None
    ) -> AmiReply:
        del timeout
        self.asked.append((name, fields))
        if name == "Originate":
            answer = {"actionid": fields["ActionID"], "response": "Success"}
            self.forks.observe(AmiEvent("OriginateResponse", 0.0, answer))
        return AmiReply("", {}, ())


def start(channel: str) -> list[tuple[str, Mapping[str, str]]]:
    manager = Manager()
    manager.forks = AsteriskForks(manager, AsteriskForkSettings())
    asyncio.run(manager.forks.start(Fork("f", "c", Party.CUSTOMER, channel), HERE))
    return manager.asked


def test_an_earlier_fork_of_the_leg_is_hung_up_before_a_new_one_is_asked_for() -> None:
    (first, hangup), (second, originate) = start("1763.1")
    assert (first, second) == ("Hangup", "Originate")
    assert hangup["Channel"] == originate["ChannelId"] == "fork-customer-1763.1"
    assert originate["Channel"] == "AudioSocket/127.0.0.1:9092/f"
    assert originate["Data"].startswith("1763.1,quoESl")


@pytest.mark.parametrize("channel", ["1.1,quoEX", "", "1.1 x", "..", "1.1\n", "a|b", "中文"])
def test_an_id_that_would_be_options_of_the_spy_is_refused(channel: str) -> None:
    """``1.1,w`` would let us whisper into the call."""
    with pytest.raises(PbxRefusedError):
        start(channel)
