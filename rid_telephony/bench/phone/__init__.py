"""A scripted telephone: SIP over UDP and G.711 over RTP, for measuring and testing.

Hundreds fit into one process. It speaks what is needed to stand for an agent's softphone or a
customer behind a trunk, and nothing more: no TLS, no TCP, no SRTP, no ICE, no DTMF.
"""

from __future__ import annotations

from rid_telephony.bench.phone.call import Call
from rid_telephony.bench.phone.messages import CallFailedError, CallState, PhoneError, TextMessage
from rid_telephony.bench.phone.phone import Answer, Phone, Reject, Ring
from rid_telephony.bench.phone.report import RtpReport
from rid_telephony.bench.phone.rtp import Speech

__all__ = [
    "Answer",
    "Call",
    "CallFailedError",
    "CallState",
    "Phone",
    "PhoneError",
    "Reject",
    "Ring",
    "RtpReport",
    "Speech",
    "TextMessage",
]
