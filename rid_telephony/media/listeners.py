"""Chooses the media listener."""

from __future__ import annotations

from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.media.fifofork import FifoListener
from rid_telephony.media.forks import ForkSink
from rid_telephony.media.forksocket import WebSocketListener
from rid_telephony.media.linearmedia import FREESWITCH_PROTOCOLS, LinearMedia
from rid_telephony.media.sipfork import SipForkListener
from rid_telephony.media.unicast import UnicastListener
from rid_telephony.settings.asterisk import AsteriskForkSettings
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

Listener = (
    AudioSocketListener | FifoListener | SipForkListener | UnicastListener | WebSocketListener
)


def make_listener(
    settings: AsteriskForkSettings | FreeSwitchForkSettings, sink: ForkSink
) -> Listener:
    """The media listener for the means that is set."""
    if isinstance(settings, FreeSwitchForkSettings):
        return _for_freeswitch(settings, sink)
    match settings.means:
        case "audiosocket":
            return AudioSocketListener(settings, sink)
        case "unicast_rtp":
            return UnicastListener(settings, sink)
        case "websocket":
            return WebSocketListener(settings, sink)


def _for_freeswitch(settings: FreeSwitchForkSettings, sink: ForkSink) -> Listener:
    match settings.means:
        case "audio_stream" | "audio_fork":
            return WebSocketListener(
                settings, sink, LinearMedia, FREESWITCH_PROTOCOLS, pings_count=True
            )
        case "eavesdrop":
            return SipForkListener(settings, sink, frozenset(settings.sip_peers) or None)
        case "fifo":
            return FifoListener(settings, sink)
