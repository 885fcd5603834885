"""For programs of your own: follow the feed, tell what the CRM knows, say what became of a hint.

Needs nothing else of the product at run time (extra ``client``: httpx, websockets, msgpack,
pydantic)::

    from rid_telephony.client import Client
    from rid_telephony.cti.events import HintOffered

    with Client("https://rid.bank.example") as client:  # token: RID_TELEPHONY_TOKEN
        client.give_context("C-1001", by="customer", age=58, risk_level="C2")
        with client.follow(types=["hint.*"], cursor_file="hints.cursor") as events:
            for event in events:
                if isinstance(event.data, HintOffered):
                    print(event.agent, event.data.line)

Events are typed by the models of :mod:`rid_telephony.cti.events`. See docs/integrate.md.
"""

from __future__ import annotations

from rid_telephony.client.aclient import AsyncClient
from rid_telephony.client.astream import AsyncEventStream
from rid_telephony.client.client import Client
from rid_telephony.client.cursorfile import CursorFile
from rid_telephony.client.errors import (
    CertificateError,
    ClientError,
    CursorAheadError,
    FeedFormatError,
    NotAllowedError,
    NotAuthenticatedError,
    NotFoundError,
    NotValidError,
    RefusedError,
    TooLateError,
    UnavailableError,
    UnreachableError,
)
from rid_telephony.client.event import Event, OtherData, event_of
from rid_telephony.client.following import Status
from rid_telephony.client.rest import CustomerKnown
from rid_telephony.client.site import Tls
from rid_telephony.client.stream import EventStream

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "CertificateError",
    "Client",
    "ClientError",
    "CursorAheadError",
    "CursorFile",
    "CustomerKnown",
    "Event",
    "EventStream",
    "FeedFormatError",
    "NotAllowedError",
    "NotAuthenticatedError",
    "NotFoundError",
    "NotValidError",
    "OtherData",
    "RefusedError",
    "Status",
    "Tls",
    "TooLateError",
    "UnavailableError",
    "UnreachableError",
    "event_of",
]
