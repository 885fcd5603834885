"""The OpenAPI document as it is published with the documentation."""

from __future__ import annotations

import json
import time
from typing import Any, cast

from rid_telephony.cti.access.access import Access
from rid_telephony.cti.server.app import make_app
from rid_telephony.cti.server.parts import ServerParts
from rid_telephony.settings.server import ServerSettings


def openapi_document() -> dict[str, Any]:
    """The document of a server with everything that can be offered."""
    settings = ServerSettings()
    # Routes are described, never called: no hub, no calls and no store are needed.
    absent = cast("Any", None)
    parts = ServerParts(
        settings=settings,
        hub=absent,
        control=absent,
        access=Access(settings, None, time.time),
        analyze=lambda record: record,
    )
    return make_app(parts).openapi()


def openapi_text() -> str:
    """The same as the text of a file."""
    return json.dumps(openapi_document(), ensure_ascii=False, indent=2) + "\n"
