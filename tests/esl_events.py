"""Channel events as FreeSWITCH sends them, for situations that no recording has."""

from __future__ import annotations

from call_stories import new_book

from rid_telephony.calls.book import CallBook
from rid_telephony.calls.messages import CallEvent, TalkEvent
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.freeswitch.translate import Translator

MARKED = {"variable_rid_assist": "on"}


def esl_event(name: str, uid: str, at: float = 1.0, /, **fields: str) -> EslEvent:
    """An event; ``_`` in a key stands for ``-`` but in the names of variables."""
    spelt = {
        key if key.startswith("variable_") else key.replace("_", "-"): value
        for key, value in fields.items()
    }
    headers = {"Event-Name": name, "Unique-ID": uid, **spelt}
    return EslEvent(name, at, headers, headers.get("Event-Subclass", ""))


def came_in(uid: str, user: str = "13900001111", **fields: str) -> EslEvent:
    """Somebody calls us."""
    return esl_event(
        "CHANNEL_CREATE",
        uid,
        0.0,
        Channel_Name=f"sofia/external/{user}@192.0.2.7",
        Call_Direction="inbound",
        Caller_Caller_ID_Number=user,
        Caller_Channel_Answered_Time="0",
        **fields,
    )


def dialled(uid: str, by: str = "", user: str = "1001", **fields: str) -> EslEvent:
    """The PBX calls a user of its directory, on behalf of ``by``."""
    origin = {"Other_Leg_Unique_ID": by, "Other_Type": "originator", "variable_originator": by}
    return esl_event(
        "CHANNEL_CREATE",
        uid,
        0.5,
        Channel_Name=f"sofia/internal/{user}@192.0.2.9:5060",
        Call_Direction="outbound",
        Caller_Channel_Answered_Time="0",
        variable_dialed_user=user,
        **(origin if by else {}),
        **fields,
    )


def later(name: str, created: EslEvent, at: float, /, **fields: str) -> EslEvent:
    """A later event of a channel, with what was said of it before."""
    event = esl_event(name, created.get("Unique-ID"), at, **fields)
    return EslEvent(name, at, {**created.fields, **event.fields}, event.subclass)


def answer(created: EslEvent, at: float = 1.0) -> EslEvent:
    """It was answered."""
    return later("CHANNEL_ANSWER", created, at, Caller_Channel_Answered_Time="1")


def bridge(one: EslEvent, two: EslEvent, at: float = 2.0, /, **fields: str) -> EslEvent:
    """``one`` is bridged to ``two``, which was dialled for it."""
    pair = {
        "Bridge_A_Unique_ID": one.get("Unique-ID"),
        "Bridge_B_Unique_ID": two.get("Unique-ID"),
        "Other_Leg_Unique_ID": two.get("Unique-ID"),
        "Other_Type": "originatee",
        "Caller_Channel_Answered_Time": "1",
        "Other_Leg_Channel_Answered_Time": "1",
    }
    return later("CHANNEL_BRIDGE", one, at, **{**pair, **fields})


def hangup(created: EslEvent, at: float, cause: str = "NORMAL_CLEARING", **fields: str) -> EslEvent:
    """It is over."""
    return later("CHANNEL_HANGUP", created, at, Hangup_Cause=cause, **fields)


BYE = {"variable_proto_specific_hangup_cause": "sip:200"}


class Stage:
    """A translator and a book that get the same events."""

    def __init__(self, book: CallBook | None = None) -> None:
        self.translator = Translator()
        self.book = book or new_book()

    def play(self, *events: EslEvent) -> list[CallEvent | TalkEvent]:
        """What is told when these come."""
        return [
            told
            for event in events
            for observed in self.translator.translate(event)
            for told in self.book.observe(observed)
        ]
