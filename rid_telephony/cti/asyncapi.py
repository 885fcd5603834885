"""The AsyncAPI document of the feed, generated from the event models."""

from __future__ import annotations

from typing import Any

from rid_telephony import __version__
from rid_telephony.cti.events import EVENT_TYPES

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
JSON_EVENT = "application/cloudevents+json"
SUBPROTOCOLS = ("cloudevents.json", "cloudevents.msgpack")
TICKET = "ticket"

DESCRIPTION = (
    "CloudEvents 1.0 in order per call: `sequence` counts a call's events from 1 without gaps, "
    "`cursor` rises over the whole feed. Delivery is at least once; skip what you have seen by "
    "`id`. Resume with `after=` and the last cursor seen; without it events come from now on."
)
_LIST = "{} by comma, `*` for any characters; all that the bearer may see where left out."
QUERY: dict[str, dict[str, Any]] = {
    "after": {
        "type": "integer",
        "minimum": 0,
        "description": "Cursor of the last event seen: those after it come first, then the live "
        "ones. 0 for all that are kept. Left out: only live ones.",
    },
    "types": {"type": "string", "description": _LIST.format("Event types")},
    "agent": {"type": "string", "description": _LIST.format("Agents")},
    "tenant": {"type": "string", "description": _LIST.format("Tenants")},
    "call": {"type": "string", "description": _LIST.format("Call ids")},
}
"""Parameters of the WebSocket, and of ``/v1/events/stream`` and ``/v1/events``."""


def asyncapi_document() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: one WebSocket channel, one message for each event type.

    Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0 and
    https://github.com/asyncapi/bindings/tree/master/websockets
    """
    messages = {event_type: _event(event_type) for event_type in EVENT_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "rid-telephony event feed",
            "version": __version__,
            "description": DESCRIPTION,
        },
        "defaultContentType": JSON_EVENT,
        "servers": {"local": _server()},
        "channels": {"events": _channel([*messages, TICKET])},
        "operations": {
            "receiveEvents": {
                "action": "send",
                "channel": {"$ref": "#/channels/events"},
                "summary": "Events of the calls that the subscriber may see.",
                "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in messages],
            },
            "presentTicket": {
                "action": "receive",
                "channel": {"$ref": "#/channels/events"},
                "summary": "For browsers: the first message, where neither header nor cookie "
                "says who asks.",
                "messages": [{"$ref": f"#/channels/events/messages/{TICKET}"}],
            },
        },
        "components": {
            "messages": {**messages, TICKET: _ticket()},
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `rid-telephony token make`, in the header only.",
                },
                "session": {
                    "type": "httpApiKey",
                    "in": "cookie",
                    "name": "rid_session",
                    "description": "From `POST /v1/session` with a ticket.",
                },
            },
        },
    }


def _server() -> dict[str, Any]:
    return {
        "host": "127.0.0.1:8787",
        "protocol": "ws",
        "description": "As installed; `[server]` sets host, port and TLS (then `wss`).",
        "security": [
            {"$ref": "#/components/securitySchemes/token"},
            {"$ref": "#/components/securitySchemes/session"},
        ],
    }


def _channel(names: list[str]) -> dict[str, Any]:
    return {
        "address": "/v1/events",
        "description": (
            "Subprotocol `cloudevents.json`: text messages, each one event in JSON. "
            "`cloudevents.msgpack`: binary messages, the same object in MessagePack. The same "
            "events come as server-sent events at `/v1/events/stream` (`Last-Event-ID` is a "
            "cursor) and page by page at `/v1/events`, with the same parameters."
        ),
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {"type": "object", "properties": QUERY},
                "headers": {
                    "type": "object",
                    "properties": {
                        "Sec-WebSocket-Protocol": {"type": "string", "enum": list(SUBPROTOCOLS)}
                    },
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _event(event_type: str) -> dict[str, Any]:
    return {
        "name": event_type,
        "title": event_type,
        "summary": (EVENT_TYPES[event_type].__doc__ or "").strip().splitlines()[0],
        "contentType": JSON_EVENT,
        "payload": {
            "schemaFormat": SCHEMA_FORMAT,
            "schema": {"$ref": f"schemas/{event_type}.json"},
        },
    }


def _ticket() -> dict[str, Any]:
    return {
        "name": TICKET,
        "title": "Ticket",
        "summary": "A ticket of POST /v1/tickets, good once.",
        "contentType": "application/json",
        "payload": {
            "type": "object",
            "required": [TICKET],
            "additionalProperties": False,
            "properties": {TICKET: {"type": "string"}},
        },
    }
