"""SIP messages (RFC 3261) reduced to what tells calls, parties and media.

The parser is aiosipua's: compact header names, folding, quoted commas, bounded header counts.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from urllib.parse import unquote

from aiosipua import SipMessage, SipRequest, parse_address, parse_cseq

# The parser logs every odd body; a damaged capture has thousands, and they are counted anyway.
logging.getLogger("aiosipua").addHandler(logging.NullHandler())

_METHODS = frozenset(("INVITE", "ACK", "BYE", "CANCEL", "REFER", "UPDATE", "PRACK"))
"""Methods that make, change or end a call; all others are left alone."""
_OTHERS = ("INFO", "OPTIONS", "REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "PUBLISH", "SIP/2.0")
_STARTS = frozenset(f"{word} ".encode()[:4] for word in (*_METHODS, *_OTHERS))
_USER = re.compile(r"tel:(?P<tel>[^;>\s]+)|sips?:(?P<sip>[^;:@>\s]+)[^@>]*@", re.IGNORECASE)
"""Users that the library leaves out: telephone URIs, and SIP users with parameters."""
_MAX_TEXT = 256
"""Characters kept of a name, number or tag."""
FORK_HEADER = "x-rid-uuid"
"""On the INVITE of a leg that the PBX sends to this product itself (a media fork)."""


@dataclass(frozen=True, slots=True)
class SipParty:
    """A From, To or asserted identity.

    Attributes:
        user: User part of the URI, empty if none.
        name: Display name, empty if none.
        tag: Dialog tag, empty if none.
    """

    user: str = ""
    name: str = ""
    tag: str = ""


NOBODY = SipParty()


@dataclass(frozen=True, slots=True)
class Sip:
    """One request or response.

    Attributes:
        method: Of the request, or of the request answered (from CSeq).
        status: 0 for a request.
        sequence: CSeq number.
        sender: From: who made the request, also in its response.
        receiver: To.
        dialled: User part of the request URI; empty in a response.
        asserted: P-Asserted-Identity, or Remote-Party-ID where there is none.
        refer_to: User part of the Refer-To URI.
        fork: True for a leg that the PBX made for this product.
        sdp: Session description, empty if none.
    """

    method: str
    status: int
    call_id: str
    sequence: int
    sender: SipParty
    receiver: SipParty
    dialled: str = ""
    asserted: SipParty = NOBODY
    refer_to: str = ""
    fork: bool = False
    sdp: str = ""


def looks_like_sip(payload: bytes) -> bool:
    """Tell by the first bytes whether a payload is a SIP message of any method."""
    return payload[:4] in _STARTS


def parse_sip(payload: bytes) -> Sip | None:
    """Read one SIP message.

    Args:
        payload: A whole message, no longer than the caller's bound.

    Returns:
        The message, or None where its method has nothing to do with calls.

    Raises:
        ValueError: It cannot be read, or lacks what a dialog needs.
    """
    message = SipMessage.parse(payload)
    cseq = parse_cseq(message.get_header("cseq") or "")
    request = message if isinstance(message, SipRequest) else None
    method = (request.method if request else cseq.method).upper()
    if method not in _METHODS:
        return None
    call_id = message.get_header("call-id")
    if not call_id:
        raise ValueError("no Call-ID")
    return Sip(
        method=method,
        status=0 if request else getattr(message, "status_code", 0),
        call_id=call_id[:_MAX_TEXT],
        sequence=cseq.seq,
        sender=_party(message, "from"),
        receiver=_party(message, "to"),
        dialled=_user(f"<{request.uri}>") if request else "",
        asserted=_asserted(message),
        refer_to=_user(message.get_header("refer-to") or message.get_header("r") or ""),
        fork=message.get_header(FORK_HEADER) is not None,
        sdp=_session(message),
    )


def _party(message: SipMessage, header: str) -> SipParty:
    raw = message.get_header(header)
    return _reduce(raw) if raw else NOBODY


def _asserted(message: SipMessage) -> SipParty:
    raw = message.get_header("p-asserted-identity") or message.get_header("remote-party-id")
    return _reduce(raw) if raw else NOBODY


def _reduce(raw: str) -> SipParty:
    address = parse_address(raw)
    return SipParty(
        user=_user(raw),
        name=_clean(address.display_name),
        tag=_clean(address.params.get("tag")),
    )


def _user(raw: str) -> str:
    if not raw:
        return ""
    user = parse_address(raw).uri.user
    if user is None and (match := _USER.search(raw)):
        user = match["tel"] or match["sip"]
    return _clean(unquote((user or "").partition(":")[0]))


def _clean(text: str | None) -> str:
    """Bound a text from the wire and drop what is not printable."""
    kept = "".join(character for character in (text or "")[:_MAX_TEXT] if character.isprintable())
    return kept.strip()


def _session(message: SipMessage) -> str:
    """The SDP body, alone or as a part of a multipart body (SIP-I, recording metadata)."""
    content = (message.get_header("content-type") or "").lower()
    if not message.body or not ("sdp" in content or "multipart" in content or not content):
        return ""
    text = message.text
    start = text.find("v=0")
    return text[start:] if start >= 0 else ""
