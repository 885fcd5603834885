"""Follows SIP messages and keeps the dialogs that they make."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from rid_telephony.media.capture.dialogs import MAX_ENDPOINTS, MAX_REFERS, Dialog, Side
from rid_telephony.media.capture.network import Endpoint
from rid_telephony.media.capture.sdp import AudioMedia, parse_audio
from rid_telephony.media.capture.sip import Sip, parse_sip

_MAX_SEEN = 512
"""Messages of one dialog told apart from their repetitions."""
_CHALLENGES = (401, 407)
_CAUSES = {
    403: "rejected",
    408: "no_answer",
    480: "no_answer",
    486: "busy",
    487: "cancelled",
    600: "busy",
    603: "rejected",
}
"""Final response to the cause of a call's end; anything else is ``failed``."""


@dataclass(frozen=True, slots=True)
class _Offer:
    time: float
    audio: AudioMedia


@dataclass(slots=True)
class _State:
    """What is needed of a dialog only while messages come."""

    dialog: Dialog
    seen: set[tuple[str, int, int, Side]] = field(default_factory=set)
    offers: dict[tuple[Side, int], _Offer] = field(default_factory=dict)
    last_invite: int = -1
    cancelled: bool = False


class DialogTable:
    """All dialogs of a capture.

    Args:
        max_dialogs: Dialogs kept; messages of further ones are counted.
        max_message: Longest message parsed, bytes.
        counts: Gets ``sip``, ``sip_unreadable``, ``sdp_unreadable``, ``sip_too_long`` and
            ``dialogs_left_out``.
    """

    def __init__(self, max_dialogs: int, max_message: int, counts: Counter[str]) -> None:
        self.dialogs: list[Dialog] = []
        self._max_dialogs = max_dialogs
        self._max_message = max_message
        self._counts = counts
        self._states: dict[tuple[str, str], _State] = {}

    def add(self, time: float, source: Endpoint, destination: Endpoint, payload: bytes) -> None:
        """Take one SIP message as captured; whatever it is, it does no harm."""
        self._counts["sip"] += 1
        if len(payload) > self._max_message:
            self._counts["sip_too_long"] += 1
            return
        try:
            sip = parse_sip(payload)
        except ValueError:
            self._counts["sip_unreadable"] += 1
            return
        state = self._find(time, sip) if sip else None
        if sip and state:
            self._follow(state, time, source, destination, sip)

    def _find(self, time: float, sip: Sip) -> _State | None:
        for tag in (sip.sender.tag, sip.receiver.tag):
            if tag and (state := self._states.get((sip.call_id, tag))):
                return state
        if not sip.sender.tag or sip.method in ("CANCEL", "PRACK"):
            return None
        if len(self.dialogs) >= self._max_dialogs:
            self._counts["dialogs_left_out"] += 1
            return None
        dialog = Dialog(sip.call_id, sip.sender.tag, time, time)
        dialog.ends[Side.CALLER].party = sip.sender
        dialog.ends[Side.CALLEE].party = sip.receiver
        self.dialogs.append(dialog)
        state = self._states[(sip.call_id, sip.sender.tag)] = _State(dialog)
        return state

    def _follow(
        self, state: _State, time: float, source: Endpoint, destination: Endpoint, sip: Sip
    ) -> None:
        dialog = state.dialog
        dialog.last_seen = max(dialog.last_seen, time)
        asker = Side.CALLER if sip.sender.tag == dialog.caller_tag else Side.CALLEE
        self._learn_tag(state, sip, asker)
        sender = asker.other if sip.status else asker
        _keep(dialog.ends[sender].signalling, source)
        _keep(dialog.ends[sender.other].signalling, destination)
        if sip.asserted.user or sip.asserted.name:
            dialog.ends[sender].asserted = sip.asserted
        audio = self._audio(sip)
        if audio:
            dialog.ends[sender].learn(audio)
        seen = (sip.method, sip.sequence, sip.status, asker)
        if seen in state.seen or len(state.seen) >= _MAX_SEEN:
            return  # a retransmission, or the same message on another hop
        state.seen.add(seen)
        if sip.status:
            self._response(state, time, sip, asker, audio)
        else:
            self._request(state, time, sip, asker, audio)

    def _learn_tag(self, state: _State, sip: Sip, asker: Side) -> None:
        tag = (sip.receiver if asker is Side.CALLER else sip.sender).tag
        if not tag or (sip.status and sip.status <= 100):
            return
        state.dialog.callee_tag = state.dialog.callee_tag or tag
        self._states.setdefault((sip.call_id, tag), state)

    def _audio(self, sip: Sip) -> AudioMedia | None:
        if not sip.sdp:
            return None
        try:
            return parse_audio(sip.sdp)
        except ValueError:
            self._counts["sdp_unreadable"] += 1
            return None

    def _request(
        self, state: _State, time: float, sip: Sip, side: Side, audio: AudioMedia | None
    ) -> None:
        dialog = state.dialog
        if sip.method == "INVITE":
            self._invite(state, time, sip)
        elif sip.method == "BYE":
            dialog.end(time, "normal", side)
        elif sip.method == "CANCEL":
            state.cancelled = True
        elif sip.method == "REFER" and len(dialog.refers) < MAX_REFERS:
            dialog.refers.append((time, sip.refer_to))
        elif sip.method == "ACK" and audio:
            _answer(state, side.other, sip.sequence, audio)
        if audio and sip.method in ("INVITE", "UPDATE"):
            state.offers[(side, sip.sequence)] = _Offer(time, audio)

    def _invite(self, state: _State, time: float, sip: Sip) -> None:
        dialog = state.dialog
        if sip.receiver.tag or dialog.answered is not None:
            return
        if dialog.invited is None:
            dialog.invited = time
            dialog.dialled = sip.dialled
            dialog.fork = sip.fork
        # A second INVITE answers a challenge or a redirection: that was not the end.
        dialog.ended, dialog.cause, dialog.ended_by = None, "", None

    def _response(
        self, state: _State, time: float, sip: Sip, asker: Side, audio: AudioMedia | None
    ) -> None:
        dialog = state.dialog
        if sip.method == "INVITE" and sip.status >= 300:
            state.offers.pop((asker, sip.sequence), None)
            self._failed(state, time, sip)
            return
        if not 200 <= sip.status < 300 or sip.method not in ("INVITE", "UPDATE"):
            return
        if sip.method == "INVITE" and dialog.answered is None and dialog.invited is not None:
            dialog.answered = time
        offer = state.offers.get((asker, sip.sequence))
        if offer:
            dialog.hold(offer.time, asker, offer.audio.holds)
            if audio:
                _answer(state, asker, sip.sequence, audio)
        elif audio:  # the INVITE made no offer: this is it, and the ACK will answer
            state.offers[(asker.other, sip.sequence)] = _Offer(time, audio)
            dialog.hold(time, asker.other, audio.holds)

    def _failed(self, state: _State, time: float, sip: Sip) -> None:
        dialog = state.dialog
        if dialog.answered is not None or dialog.invited is None:
            return
        cause = "failed" if sip.status in _CHALLENGES else _CAUSES.get(sip.status, "failed")
        if state.cancelled:
            dialog.end(time, "cancelled", Side.CALLER)
        else:
            dialog.end(time, cause, Side.CALLEE if cause in ("busy", "rejected") else None)


def _answer(state: _State, offerer: Side, sequence: int, audio: AudioMedia) -> None:
    """An answer tells of a hold only where the offer left the answerer free to talk."""
    offer = state.offers.pop((offerer, sequence), None)
    if offer and offer.audio.direction == "sendrecv":
        state.dialog.hold(offer.time, offerer.other, audio.holds)


def _keep(endpoints: dict[Endpoint, None], where: Endpoint) -> None:
    if len(endpoints) < MAX_ENDPOINTS:
        endpoints[where] = None
