"""What a SIP response says about an attempt to reach somebody."""

from __future__ import annotations

from rid_telephony.calls.observations import DialStatus

_STATUSES = {
    408: DialStatus.NO_ANSWER,
    480: DialStatus.NO_ANSWER,
    486: DialStatus.BUSY,
    487: DialStatus.CANCELLED,
    600: DialStatus.BUSY,
    603: DialStatus.REJECTED,
    607: DialStatus.REJECTED,
    608: DialStatus.REJECTED,
}
"""RFC 3261 section 21, RFC 8197, RFC 8688."""


def sip_status(code: int) -> DialStatus:
    """How an attempt ended that was answered with this failure code (3xx to 6xx)."""
    return _STATUSES.get(code, DialStatus.FAILED)
