"""What the headers of one channel event say of the channel (FreeSWITCH 1.10 and 1.11).

``Caller-…`` headers change sides when a leg is bridged anew, ``variable_sip_from_user`` at a
re-INVITE, ``Channel-Call-UUID`` at the end of a call: none of them is read here. The name of the
channel, its direction and what was dialled stay.
"""

from __future__ import annotations

import re

from rid_telephony.calls import observations as seen
from rid_telephony.calls.marks import FIELDS, is_on, mark_of, one_line, read_leg
from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import ChannelKind, DialStatus, Observation
from rid_telephony.errors import RidTelephonyError
from rid_telephony.pbx.freeswitch.messages import EslEvent
from rid_telephony.pbx.sipstatus import sip_status

MAX_TEXT = 256
_UUID = re.compile(r"[\x21-\x7e]{1,255}")
"""A uuid as FreeSWITCH holds it (256 bytes); a SIP Call-ID where an admin wants that."""

_NAMELESS = "Outbound Call"
"""The display name that FreeSWITCH gives to everybody it dials."""
_LISTENERS = frozenset({"eavesdrop", "userspy"})
"""Applications of who listens to others. (Who is in a conference is in no bridge, that is all.)"""
_SERVICES = frozenset({"null", "error"})
"""Endpoints without a person."""

_SIP_CODE = re.compile(r"sip:([3-6]\d\d)")
_CAUSES = {
    "USER_BUSY": DialStatus.BUSY,
    "NO_ANSWER": DialStatus.NO_ANSWER,
    "NO_USER_RESPONSE": DialStatus.NO_ANSWER,
    "ALLOTTED_TIMEOUT": DialStatus.NO_ANSWER,
    "PROGRESS_TIMEOUT": DialStatus.NO_ANSWER,
    "CALL_REJECTED": DialStatus.REJECTED,
    "USER_CHALLENGE": DialStatus.REJECTED,
    "ORIGINATOR_CANCEL": DialStatus.CANCELLED,
    "LOSE_RACE": DialStatus.CANCELLED,
    "PICKED_OFF": DialStatus.CANCELLED,
}
"""``Hangup-Cause``, Q.850 with FreeSWITCH's own additions."""
_SILENT_CAUSES = frozenset(
    {
        "", "NONE", "NORMAL_CLEARING", "NORMAL_UNSPECIFIED", "INTERWORKING", "ATTENDED_TRANSFER",
        "BLIND_TRANSFER", "MANAGER_REQUEST",
    }
)  # fmt: skip
"""They say nothing about an attempt."""


class MalformedError(RidTelephonyError):
    """An event lacks what it must have."""

    code = "malformed_event"


def uuid_in(event: EslEvent, key: str = "Unique-ID") -> str:
    """The uuid in a header.

    Raises:
        MalformedError: There is none, or it cannot be one.
    """
    uid = event.get(key)
    if not _UUID.fullmatch(uid):
        raise MalformedError(f"{key} of {event.name[:40]} is no uuid")
    return uid


def outbound(event: EslEvent) -> bool:
    """Whether FreeSWITCH dialled this channel."""
    return event.get("Call-Direction") == "outbound"


def answered(event: EslEvent) -> bool:
    """Whether the channel was answered, as far as its own event says."""
    return event.get("Caller-Channel-Answered-Time") != "0"


def dialler(event: EslEvent) -> str:
    """The channel on whose behalf this one is dialled; empty where the PBX began it."""
    if not outbound(event):
        return ""
    other = event.get("Other-Leg-Unique-ID") if event.get("Other-Type") == "originator" else ""
    before = event.get("variable_originator") or event.get("variable_cc_member_session_uuid")
    found = before or other
    return found if _UUID.fullmatch(found) else ""


def kind_of(event: EslEvent) -> ChannelKind:
    """What the channel is to us."""
    if is_on(event.get("variable_rid_fork")):
        return ChannelKind.FORK
    technology = event.get("Channel-Name").partition("/")[0].lower()
    if technology == "loopback":
        return ChannelKind.LOCAL
    if technology in _SERVICES:
        return ChannelKind.SERVICE
    if event.name == "CHANNEL_BRIDGE" or event.get("variable_bridge_to"):
        return ChannelKind.PHONE  # the application it ran before says nothing any more
    application = event.get("Application") or event.get("variable_current_application")
    return ChannelKind.SERVICE if application in _LISTENERS else ChannelKind.PHONE


def user_of(name: str) -> str:
    """The user in ``sofia/internal/1001@192.0.2.7:5060`` or ``verto.rtc/1001``."""
    technology, _, rest = name.partition("/")
    if technology == "sofia":
        rest = rest.partition("/")[2]
    return one_line(rest.partition("@")[0].removeprefix("sip:"), MAX_TEXT)


def channel_seen(event: EslEvent, uid: str) -> seen.ChannelSeen:
    """What the event says of its own channel."""
    name = one_line(event.get("Channel-Name"), MAX_TEXT)
    kind = kind_of(event)
    if kind is ChannelKind.LOCAL:
        other = event.get("variable_other_loopback_leg_uuid")
        half = other if _UUID.fullmatch(other) else ""
        return seen.ChannelSeen(event.at, uid, name=name, kind=kind, other_half=half)
    dialled = outbound(event)
    user = user_of(name)
    return seen.ChannelSeen(
        event.at,
        uid,
        name=name,
        kind=kind,
        endpoint=_endpoint(event, user),
        number=(_dialled_user(event) or user) if dialled else _caller(event),
        caller_name=_display_name(event),
        root=dialler(event) or uid,
        leg=read_leg(event.get("variable_rid_leg")),
        dialled=dialled,
    )


def said_of(event: EslEvent, uid: str) -> list[Observation]:
    """What a queue and the dialplan said of the channel, in its variables."""
    said: list[Observation] = []
    leg = read_leg(event.get("variable_rid_leg"))
    if leg and kind_of(event) is ChannelKind.LOCAL:
        said.append(seen.LegTold(event.at, uid, leg))  # of the telephone that it stands for
    side = event.get("variable_cc_side")
    if side == "member":
        queue = event.get("variable_cc_queue").strip()
        said.append(seen.LegTold(event.at, uid, Party.CUSTOMER, queue=queue))
    elif side == "agent":
        agent = agent_id(event.get("variable_cc_agent"))
        said.append(seen.LegTold(event.at, uid, Party.AGENT, agent))
    assist = event.get("variable_rid_assist").strip()
    if is_on(assist):
        mark = mark_of({name: event.get(f"variable_rid_{name}") for name in FIELDS})
        said.append(seen.ChannelMarked(event.at, uid, mark))
    elif assist:
        said.append(seen.ChannelUnmarked(event.at, uid))
    return said


def agent_id(cc_agent: str) -> str:
    """Who the agent is that mod_callcenter calls ``1001@default``: the user that they are."""
    return one_line(cc_agent.partition("@")[0])


def hangup_status(event: EslEvent) -> DialStatus | None:
    """Why a channel ended; None where that says nothing about an attempt.

    The SIP response that was received (``sip:486``) is the better word where there was one.
    """
    code = _SIP_CODE.fullmatch(event.get("variable_proto_specific_hangup_cause"))
    if code:
        return sip_status(int(code[1]))
    cause = event.get("Hangup-Cause")
    return None if cause in _SILENT_CAUSES else _CAUSES.get(cause, DialStatus.FAILED)


def hung_up_itself(event: EslEvent) -> bool:
    """Whether the far end of the channel hung up: a BYE or a CANCEL came from it."""
    if event.get("variable_sip_hangup_disposition") in {"recv_bye", "recv_cancel"}:
        return True
    if event.get("variable_proto_specific_hangup_cause") == "sip:200":
        return True  # set when a BYE is received; CHANNEL_HANGUP has no disposition yet
    return event.get("Hangup-Cause") == "ORIGINATOR_CANCEL" and not outbound(event)


def _endpoint(event: EslEvent, user: str) -> str:
    """The trunk, or the user of the directory, or whom the channel's name says."""
    if outbound(event):
        return _text(event, "variable_sip_gateway_name") or _dialled_user(event) or user
    keys = ("variable_sip_gateway", "variable_sip_auth_username")
    return next((text for key in keys if (text := _text(event, key))), user)


def _dialled_user(event: EslEvent) -> str:
    """The user of the directory that was dialled; empty where none was.

    A leg that dials on has its ``dialed_user`` replaced by the next one's; its presence stays.
    """
    dials = event.get("variable_current_application") == "bridge"
    if not dials and not event.get("variable_originated_legs"):
        return _text(event, "variable_dialed_user")
    return _text(event, "Channel-Presence-ID").partition("@")[0]


def _caller(event: EslEvent) -> str:
    keys = ("Caller-Orig-Caller-ID-Number", "Caller-Caller-ID-Number")
    return next((text for key in keys if (text := _text(event, key))), "")


def _display_name(event: EslEvent) -> str:
    if outbound(event):
        name = _text(event, "Caller-Callee-ID-Name") if not answered(event) else ""
        return "" if name == _NAMELESS else name
    keys = ("Caller-Orig-Caller-ID-Name", "Caller-Caller-ID-Name")
    return next((text for key in keys if (text := _text(event, key))), "")


def _text(event: EslEvent, key: str) -> str:
    return one_line(event.get(key), MAX_TEXT)
