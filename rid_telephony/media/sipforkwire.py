"""SIP messages as the fork's user agent server reads and writes them (RFC 3261).

aiosipua's parser is lenient, as a phone's should be. What may open a fork is read strictly: a
request that breaks the grammar where it matters gets 400, one that cannot even be answered by
the rules (no Via, From, To, Call-ID or CSeq) gets nothing.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

from aiosipua import SipMessage, SipRequest, SipResponse
from aiosipua.utils import format_addr, generate_branch

from rid_telephony.media.rtpport import Source

# The parser logs every odd body; whoever can send us datagrams must not be able to fill a log.
logging.getLogger("aiosipua").addHandler(logging.NullHandler())

MAX_MESSAGE = 16_384
"""Bytes; FreeSWITCH's INVITE has 1100."""
MAX_VALUE = 2048
"""Characters of a header field that is repeated in the answer."""
ALLOW = "INVITE, ACK, BYE, CANCEL, OPTIONS"
ALLOWED = frozenset(ALLOW.split(", "))
FORK_HEADER = "X-RID-UUID"
_KNOWN = frozenset(
    ("REGISTER", "SUBSCRIBE", "NOTIFY", "REFER", "INFO", "UPDATE", "MESSAGE", "PRACK", "PUBLISH")
)
REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    415: "Unsupported Media Type",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    501: "Not Implemented",
    505: "Version Not Supported",
}
_TOKEN = r"[A-Za-z0-9.!%*_+`'~-]+"  # noqa: S105 - RFC 3261's word for it, no secret
_START = re.compile(rf"({_TOKEN}) (.*) SIP/(\d+\.\d+)")
_STATUS = re.compile(r"SIP/2\.0 ([1-6]\d\d)(?: .*)?")
_VIA = re.compile(r"SIP\s*/\s*2\.0\s*/\s*[A-Za-z0-9.!%*_+~-]+\s+[^\s;,]+\s*(?:;[^;,]+)*")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"]+")
_CSEQ = re.compile(rf"(\d{{1,16}})\s+({_TOKEN})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_TAG = re.compile(r";\s*tag\s*=\s*([^;\s]+)", re.IGNORECASE)
_BRANCH = re.compile(r";\s*branch\s*=\s*([^;\s]+)", re.IGNORECASE)
_RPORT = re.compile(r";\s*rport\s*(?=;|$)", re.IGNORECASE)
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_ONCE = ("From", "To", "Call-ID", "CSeq", "Max-Forwards", "Content-Length", "Content-Type")
_ANSWERED = ("From", "To", "Call-ID", "CSeq")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that can be answered.

    Attributes:
        source: Where it came from, and answers go, whatever its Via says (RFC 3581).
        method: As sent.
        key: What its retransmissions share; an ACK's and a CANCEL's is their INVITE's.
        call_id: Names the dialog together with the tags.
        number: CSeq; -1 where it is none.
        from_tag: The other side's tag, empty if none.
        to_tag: Our tag, empty outside of dialogs.
        fault: Status to refuse it with, 0 where it is in order.
        fork_id: X-RID-UUID, empty if none.
        message: As parsed.
    """

    source: Source
    method: str
    key: tuple[str, str, int, str]
    call_id: str
    number: int
    from_tag: str
    to_tag: str
    fault: int
    fork_id: str
    message: SipRequest


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a request of ours.

    Attributes:
        status: 100..699.
        branch: Of the request.
    """

    status: int
    branch: str


def read_message(data: bytes, source: Source) -> Request | Reply | None:
    """Read a datagram.

    Returns:
        None where it is nothing that could be answered or understood.
    """
    data = data.lstrip(b"\r\n")
    if len(data) > MAX_MESSAGE:
        return None
    head, blank, body = data.partition(b"\r\n\r\n")
    if not blank or _BARE.search(head):
        return None
    try:
        start = head.decode().partition("\r\n")[0]
        message = SipMessage.parse(data)
    except ValueError:  # not UTF-8, no start line, a status that is no number…
        return None
    if isinstance(message, SipResponse):
        return _reply(start, message)
    return _request(start, message, len(body), source)


def _reply(start: str, message: SipResponse) -> Reply | None:
    status, vias = _STATUS.fullmatch(start), message.get_header_values("Via")
    branch = _BRANCH.search(vias[0]) if len(vias) == 1 else None
    return Reply(int(status[1]), branch[1]) if status and branch else None


def _request(start: str, message: SipRequest, body: int, source: Source) -> Request | None:
    values = [message.get_header_values(name) for name in ("Via", *_ANSWERED)]
    if not all(values) or any(len(value[0]) > MAX_VALUE or not value[0] for value in values):
        return None
    via, sender, receiver, call_id, cseq = (value[0] for value in values)
    line, count = _START.fullmatch(start), _CSEQ.fullmatch(cseq)
    if line is None and not start.rstrip().endswith("SIP/2.0"):
        return None
    number = int(count[1]) if count else -1
    method = line[1] if line else start.split(None, 1)[0]
    opens = "INVITE" if method in ("ACK", "CANCEL") else method
    sound = line is not None and 0 <= number < 2**31 and count is not None and count[2] == method
    return Request(
        source=source,
        method=method,
        key=(via, call_id, number, opens),
        call_id=call_id,
        number=number,
        from_tag=_tag(sender),
        to_tag=_tag(receiver),
        fault=_fault(message, line, body) if sound and line else _version(line),
        fork_id=message.get_header(FORK_HEADER) or "",
        message=message,
    )


def _version(line: re.Match[str] | None) -> int:
    return 505 if line and line[3] != "2.0" else 400


def _fault(message: SipRequest, line: re.Match[str], body: int) -> int:
    """Say what is wrong with a request whose start line and CSeq make sense."""
    method, uri, version = line.groups()
    if version != "2.0":
        return 505
    if not _URI.fullmatch(uri) or _is_malformed(message, body):
        return 400
    if method not in ALLOWED:
        return 405 if method in _KNOWN else 501
    if uri.partition(":")[0].lower() not in ("sip", "sips"):
        return 416
    if method not in ("ACK", "CANCEL") and message.get_header_values("Require"):
        return 420
    return 0


def _is_malformed(message: SipRequest, body: int) -> bool:
    if any(len(message.get_header_values(name)) > 1 for name in (*_ONCE, FORK_HEADER)):
        return True
    if any(not _VIA.fullmatch(via) for via in message.get_header_values("Via")):
        return True
    for name in ("From", "To"):
        value = _ESCAPED.sub("", message.get_header(name) or "")
        if value.count('"') % 2 or value.count("<") != value.count(">"):
            return True
    hops = message.get_header("Max-Forwards")
    if hops is not None and not (_NUMBER.fullmatch(hops) and int(hops) <= 255):
        return True
    length = message.get_header("Content-Length")
    return length is not None and not (_NUMBER.fullmatch(length) and int(length) <= body)


def _tag(value: str) -> str:
    found = _TAG.search(value.rpartition(">")[2])
    return found[1] if found else ""


def answer(request: Request, status: int, tag: str, contact: str = "", session: str = "") -> bytes:
    """Write the answer to a request.

    Args:
        request: What is answered.
        status: One of ``REASONS``.
        tag: Ours for To, where the request has none.
        contact: Our Contact, where a dialog begins or its target is refreshed.
        session: SDP.
    """
    asked = request.message
    response = SipResponse(status_code=status, reason_phrase=REASONS[status])
    vias = asked.get_header_values("Via")
    for via in (_stamped(vias[0], request.source), *vias[1:]):
        response.add_header("Via", via)
    for name in _ANSWERED:
        response.set_header(name, asked.get_header(name) or "")
    if not request.to_tag:
        response.set_header("To", f"{asked.get_header('To')};tag={tag}")
    if contact:
        for route in asked.get_header_values("Record-Route"):
            response.add_header("Record-Route", route)
        response.set_header("Contact", contact)
    if status in (200, 405, 501):
        response.set_header("Allow", ALLOW)
    if status in (200, 415):
        response.set_header("Accept", "application/sdp")
    if status == 420:
        response.set_header("Unsupported", ", ".join(asked.get_header_values("Require")))
    if session:
        response.content_type, response.text = "application/sdp", session
    return bytes(response)


def goodbye(invite: Request, tag: str, here: Source) -> tuple[bytes, str]:
    """Write the BYE that ends the dialog of an INVITE we took, and name its branch.

    Args:
        invite: The INVITE.
        tag: Ours.
        here: Where we take SIP.
    """
    asked, branch = invite.message, generate_branch()
    bye = SipRequest(method="BYE", uri=contact_of(invite))
    bye.add_header("Via", f"SIP/2.0/UDP {format_addr(*here)};rport;branch={branch}")
    bye.set_header("Max-Forwards", "70")
    bye.set_header("From", f"{asked.get_header('To')};tag={tag}")
    bye.set_header("To", asked.get_header("From") or "")
    bye.set_header("Call-ID", invite.call_id)
    bye.set_header("CSeq", "1 BYE")
    for route in reversed(asked.get_header_values("Record-Route")):
        bye.add_header("Route", route)
    return bytes(bye), branch


def contact_of(request: Request) -> str:
    """URI of the Contact, empty where there is none that could be used."""
    values = request.message.get_header_values("Contact")
    if len(values) != 1:
        return ""
    _, bracket, rest = values[0].rpartition("<")
    uri = rest.partition(">")[0] if bracket else values[0].partition(";")[0].strip()
    return uri if _URI.fullmatch(uri) and len(uri) <= MAX_VALUE else ""


def _stamped(via: str, source: Source) -> str:
    """Say in the top Via where the request came from (RFC 3581, section 4)."""
    host, port = source
    stamped, count = _RPORT.subn(f";rport={port}", via, count=1)
    return f"{stamped};received={host}" if count else via
