"""Chooses the media listener."""

from __future__ import annotations

from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.media.forks import ForkSink
from rid_telephony.media.forksocket import WebSocketListener
from rid_telephony.media.unicast import UnicastListener
from rid_telephony.settings.asterisk import ForkSettings

Listener = AudioSocketListener | UnicastListener | WebSocketListener


def make_listener(settings: ForkSettings, sink: ForkSink) -> Listener:
    """The media listener for the means that is set."""
    match settings.means:
        case "audiosocket":
            return AudioSocketListener(settings, sink)
        case "unicast_rtp":
            return UnicastListener(settings, sink)
        case "websocket":
            return WebSocketListener(settings, sink)
