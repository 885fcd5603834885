"""Who is the agent, where nothing but the way the channels came tells."""

from __future__ import annotations

from call_stories import new_book, observe_all, story

from rid_telephony.calls.observations import (
    BridgeJoined,
    ChannelMarked,
    ChannelSeen,
    Mark,
    Observation,
)


def _dialled(uid: str) -> ChannelSeen:
    name = f"sofia/external/139{uid}"
    return ChannelSeen(0.0, uid, name, endpoint=f"139{uid}x", root=uid, dialled=True)


def test_of_two_calls_put_together_the_marked_one_is_the_customers() -> None:
    """A dialler calls both and bridges them; by the order alone the forks could be exchanged."""
    for marked, other in (("u", "v"), ("v", "u")):
        observed: list[Observation] = [
            _dialled("u"),
            _dialled("v"),
            ChannelMarked(0.1, marked, Mark()),
            BridgeJoined(1.0, "b", "u"),
            BridgeJoined(1.0, "b", "v"),
        ]
        lines = story(observe_all(new_book(), observed))
        assert lines[-1] == f"talk: {marked} with {other}"
