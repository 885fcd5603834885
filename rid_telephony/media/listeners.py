"""Chooses the media listener."""

from __future__ import annotations

from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.media.forks import ForkSink, MediaListener
from rid_telephony.media.forksocket import WebSocketListener
from rid_telephony.media.unicast import UnicastListener
from rid_telephony.settings.asterisk import ForkSettings


def make_listener(settings: ForkSettings, sink: ForkSink) -> MediaListener:
    """The media listener for the means that is set."""
    match settings.means:
        case "audiosocket":
            return AudioSocketListener(settings, sink)
        case "unicast_rtp":
            return UnicastListener(settings, sink)
        case "websocket":
            return WebSocketListener(settings, sink)
