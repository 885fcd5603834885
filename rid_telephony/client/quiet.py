"""The WebSocket library's log, without the header that carries the token."""

from __future__ import annotations

import logging

SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})

log = logging.getLogger("rid_telephony.client")
"""What a stream has to say: connections that were lost, and why."""


class _WithoutSecrets(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Drop a handshake's line ``> Authorization: Bearer …``, which debug logs would keep."""
        args = record.args if isinstance(record.args, tuple) else ()
        return not (args and str(args[0]).lower() in SECRET_HEADERS)


socket_log = logging.getLogger("rid_telephony.client.websocket")
socket_log.addFilter(_WithoutSecrets())
