"""What a new connection learns of the calls that went on without us."""

from __future__ import annotations

import asyncio

import pytest
from ami_kit import scenario, until
from ami_server import AmiServer, message, response, silence

from rid_telephony.calls.observations import ChannelMarked, Observation
from rid_telephony.pbx.asterisk import adapter as adapter_module
from rid_telephony.pbx.asterisk.adapter import AsteriskAdapter


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.marked: list[str] = []
        self.ups = 0

    def observe(self, observation: Observation) -> None:
        if isinstance(observation, ChannelMarked):
            self.marked.append(observation.channel)

    def is_marked(self, channel: str) -> bool:
        return channel in self.marked

    def is_forked(self, channel: str) -> bool:
        return False

    def pbx_up(self) -> None:
        self.ups += 1

    def pbx_down(self, reason: str) -> None: ...


def channels(action: dict[str, str]) -> bytes:
    ours = ("ActionID", action["actionid"])
    listed = [("Channel", "PJSIP/trunk-00000001"), ("Uniqueid", "1.1"), ("Linkedid", "1.1")]
    return (
        response(action, EventList="start", Message="Channels will follow")
        + message("Event", "CoreShowChannel", [ours, *listed])
        + message(
            "Event",
            "CoreShowChannelsComplete",
            [ours, ("EventList", "Complete"), ("ListItems", "1")],
        )
    )


def test_a_mark_that_asterisk_was_too_slow_to_tell_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Taken for no mark, the running call would stay without help to its end."""
    monkeypatch.setattr(adapter_module, "RECONCILE_PAUSE", 0.0)
    values = {"RID_ASSIST": "on", "RID_MARK": "leg=customer"}

    async def act(server: AmiServer) -> None:
        server.answers["CoreShowChannels"] = channels
        server.answers["Getvar"] = silence
        listener = Listener()
        adapter = AsteriskAdapter(
            server.settings(action_timeout=0.1), asyncio.get_running_loop().time
        )
        running = asyncio.create_task(adapter.run(listener))
        await until(lambda: server.asked("Getvar") == 2)
        assert listener.ups == 0
        server.answers["Getvar"] = lambda a: response(a, Value=values[a["variable"]])
        await until(lambda: listener.ups == 1)
        assert listener.marked == ["1.1"]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    scenario(act)
