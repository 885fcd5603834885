"""Receives forks as SIP calls with RTP: the eavesdrop legs of a FreeSWITCH without extra modules.

FreeSWITCH is told to call us and to run ``eavesdrop`` on that leg. Seen on FreeSWITCH 1.11: its
INVITE offers PCMU, PCMA, telephone-event and CN, carries the header X-RID-UUID, and comes from
the address that takes SIP; RTP starts 40 ms after our 200, from the port of its offer, every
20 ms; BYE comes when the leg that is listened to ends. We never send RTP, so the leg must have
``media_timeout=0``: with 2000 it was hung up after 2 s.

What may be refused is refused by a rule that needs no memory, so a repeated request gets the same
answer and nothing has to be kept: only a leg that was taken has a state.

=========================================  =======================================
What comes                                 Answer
=========================================  =======================================
not from ``peers``, or no SIP              none
an ACK, or a response                      none
a request against the grammar              400; none if From, To, Via… are missing
another version, method, URI, extension    505; 405 or 501; 416; 420
INVITE without X-RID-UUID                  403
INVITE of a fork that is not expected      404; 486 if it is there already
INVITE whose body is no SDP, has no G.711  415; 488
BYE, CANCEL or INVITE of no dialog         481
=========================================  =======================================
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from functools import partial

from aiosipua.utils import format_addr

from rid_telephony.media.forks import Destination, ForkSink
from rid_telephony.media.forkwatch import (
    ForkCounters,
    ForkWatch,
    MediaError,
    advertised_host,
    no_address_error,
)
from rid_telephony.media.payloads import STATIC_PAYLOADS
from rid_telephony.media.rtpport import Address, RtpPort, RtpPorts, Source
from rid_telephony.media.sipforkdialogs import Dialogs
from rid_telephony.media.sipforkleg import RFC_TIMERS, Leg, Timers
from rid_telephony.media.sipforksession import Offer, read_offer, write_answer
from rid_telephony.media.sipforkwire import Reply, Request, answer, contact_of, read_message
from rid_telephony.settings.forks import ForkSettings

FAREWELL_SECONDS = 0.5
"""How long ``close`` waits for the answers to its BYEs."""
USER = "rid"


class SipForkListener(asyncio.DatagramProtocol):
    """A ``MediaListener`` for SIP over UDP, with an RTP port for each fork.

    Args:
        settings: Address, ports, limits and time-outs.
        sink: Takes what arrives.
        peers: IP addresses of the PBX; nobody else is answered. None: whoever knows a fork's id.
        timers: Of SIP's retransmissions.
    """

    def __init__(
        self,
        settings: ForkSettings,
        sink: ForkSink,
        peers: frozenset[str] | None,
        timers: Timers = RFC_TIMERS,
    ) -> None:
        self.watch = ForkWatch(settings, sink)
        self._settings = settings
        self._peers = peers
        self._timers = timers
        self._rtp = RtpPorts(settings, self.watch, STATIC_PAYLOADS)
        self._here: Source = (settings.listen, settings.port)
        self._secret = secrets.token_bytes(16)
        self._transport: asyncio.DatagramTransport | None = None
        self._ports: dict[str, RtpPort] = {}
        self._dialogs = Dialogs(settings.max_forks)

    @property
    def counters(self) -> ForkCounters:
        """What happened so far."""
        return self.watch.counters

    @property
    def legs(self) -> int:
        """Dialogs that are not over yet, those that we hung up included."""
        return len(self._dialogs)

    async def start(self) -> None:
        """Begin to listen; see ``MediaListener``."""
        host, settings = advertised_host(self._settings), self._settings
        try:
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(settings.listen, settings.port)
            )
        except OSError as error:
            raise no_address_error(f"{settings.listen}:{settings.port} (UDP)", error) from error
        self._here = (host, self._transport.get_extra_info("sockname")[1])

    async def expect(self, fork_id: str) -> Destination:
        """Accept this fork from now on; see ``MediaListener``.

        Raises:
            MediaError: Every RTP port is taken, there are too many forks, or it is there already.
        """
        port = await self._rtp.take()
        port.allow(frozenset())  # until an INVITE says who is to be heard
        try:
            port.fork = self.watch.expect(fork_id, partial(self._let_go, fork_id))
        except MediaError:
            port.close()
            raise
        self._ports[fork_id] = port
        return Destination(*self._here)

    def drop(self, fork_id: str) -> None:
        """Hang up; see ``MediaListener``."""
        self.watch.drop(fork_id)

    async def close(self) -> None:
        """Hang up everything, wait a moment for the answers, and stop listening."""
        self.watch.drop_all()
        await self._dialogs.hang_up(FAREWELL_SECONDS)
        if self._transport:
            self._transport.close()

    # asyncio.DatagramProtocol

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """Take a message in."""
        source: Source = addr[:2]
        if self._peers is not None and source[0] not in self._peers:
            self._count("foreign_peer")
            return
        if not data.strip(b"\r\n\0"):  # keep-alive
            return
        message = read_message(data, source)
        if message is None:
            self._count("not_sip")
        elif isinstance(message, Reply):
            self._replied(message)
        elif message.method == "ACK":
            self._acknowledged(message)
        else:
            self._asked(message)

    # what others ask

    def _asked(self, request: Request) -> None:
        if request.fault:
            self._refuse(request, request.fault, "bad_request")
            return
        tag = request.to_tag or self._tag(request)
        leg = self._dialogs.find(request.call_id, tag, request.from_tag)
        if request.method == "INVITE":
            self._invited(request, leg)
        elif request.method == "BYE":
            self._hung_up(request, leg)
        elif leg or (request.method == "OPTIONS" and not request.to_tag):
            # A CANCEL comes too late: every INVITE is answered at once (RFC 3261, section 9.2).
            self._answer(request, 200)
        else:
            self._refuse(request, 481, "no_dialog")

    def _invited(self, request: Request, leg: Leg | None) -> None:
        if leg and request.number == leg.number:
            leg.answer_again()
        elif leg:
            self._invited_again(request, leg)
        elif request.to_tag:
            self._refuse(request, 481, "no_dialog")
        elif not request.fork_id:
            self._refuse(request, 403, "nameless")
        elif refusal := self.watch.refusal(request.fork_id):
            self._refuse(request, 404 if refusal == "unexpected" else 486, refusal)
        elif self._dialogs.of_fork(request.fork_id):
            self._refuse(request, 486, "second_connection")
        elif not contact_of(request):
            self._refuse(request, 400, "bad_request")
        elif offer := self._offer(request):
            self._take(request, offer)

    def _offer(self, request: Request) -> Offer | None:
        """Read the offer of a first INVITE; None where it was refused."""
        content = (request.message.content_type or "").partition(";")[0].strip().lower()
        if content not in ("application/sdp", ""):
            self._refuse(request, 415, "no_session")
            return None
        offer = read_offer(request.message.text)
        if offer is None or offer.source is None:
            self._refuse(request, 488, "no_session")
            return None
        return offer

    def _take(self, request: Request, offer: Offer) -> None:
        tag, here, timers = self._tag(request), self._here, self._timers
        leg = Leg(request, tag, here, timers, self._send, self._unheard, self._dialogs.remove)
        self._dialogs.add(leg)
        self._agree(request, leg, offer)

    def _invited_again(self, request: Request, leg: Leg) -> None:
        """Answer a re-INVITE: hold, another address, or a refreshed session."""
        offer = read_offer(request.message.text)
        if request.number < leg.number:
            self._refuse(request, 500, "out_of_order")
        elif leg.leaving:
            self._refuse(request, 481, "no_dialog")
        elif offer is None:
            self._refuse(request, 488, "no_session")
        else:
            self._agree(request, leg, offer)

    def _agree(self, request: Request, leg: Leg, offer: Offer) -> None:
        port = self._ports[leg.fork_id]
        if offer.source:
            host, number = offer.source
            # Behind an address translation, packets come from where SIP does.
            sources = frozenset(((host, number), (request.source[0], number)))
            port.allow(sources, offer.payloads)
        leg.versions += 1
        session = write_answer(offer, self._here[0], port.number, leg.versions)
        tag, contact = leg.key[1], f"<sip:{USER}@{format_addr(*self._here)}>"
        leg.accept(request.number, answer(request, 200, tag, contact, session))

    def _hung_up(self, request: Request, leg: Leg | None) -> None:
        if leg is None:
            if self._dialogs.has_ended(request.call_id, request.to_tag):
                self._answer(request, 200)  # what we said to it first was lost
            else:
                self._refuse(request, 481, "no_dialog")
            return
        if request.number <= leg.number:
            self._refuse(request, 500, "out_of_order")
            return
        self._answer(request, 200)
        leg.end()
        if not leg.leaving:
            self._end(leg, "ended")

    def _acknowledged(self, request: Request) -> None:
        leg = self._dialogs.find(request.call_id, request.to_tag, request.from_tag)
        if leg and not request.fault:
            leg.acknowledged(request.number)

    def _replied(self, reply: Reply) -> None:
        leg = self._dialogs.of_bye(reply.branch)
        if leg and leg.leaving and reply.status >= 200:
            leg.end()
        elif leg is None:
            self._count("no_dialog")

    # what becomes of a leg

    def _let_go(self, fork_id: str) -> None:
        """The fork is over: free its port, hang up."""
        if port := self._ports.pop(fork_id, None):
            port.close()
        if leg := self._dialogs.release(fork_id):
            leg.hang_up()

    def _unheard(self, leg: Leg) -> None:
        """No ACK came: the other side is not there (RFC 3261, section 13.3.1.4)."""
        self._count("no_ack")
        leg.hang_up(at_once=True)
        if self._dialogs.of_fork(leg.fork_id) is leg:
            self._end(leg, "reset")

    def _end(self, leg: Leg, reason: str) -> None:
        port = self._ports.get(leg.fork_id)
        if port and port.fork:
            port.flush()
            port.fork.end(reason)

    # sending

    def _tag(self, request: Request) -> str:
        """Our tag: the same for the same request, so that repetitions need no memory."""
        digest = hashlib.blake2s(repr(request.key).encode(), key=self._secret, digest_size=8)
        return digest.hexdigest()

    def _answer(self, request: Request, status: int) -> None:
        self._send(answer(request, status, self._tag(request)), request.source)

    def _refuse(self, request: Request, status: int, reason: str) -> None:
        self._count(reason)
        self._answer(request, status)

    def _count(self, reason: str) -> None:
        self.counters.turned_away[reason] += 1

    def _send(self, data: bytes, there: Source) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.sendto(data, there)
