"""Check: does audio arrive? A channel of our own, and no call.

``originate loopback/app=playback:tone_stream://… &park``: the two ends of a loopback channel, of
which one plays a tone and the other hears it. The one that hears is forked as the customer's leg of
a call is, by the same driver and to the same listener. It carries ``rid_fork``, so that a service
that runs beside the check leaves it alone. It is told to hang up with the check; if we are killed
it ends by itself, as the tone is over after :data:`TONE_SECONDS`.

Seen to be so in FreeSWITCH's sources (mod_loopback.c, 1.11).
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import numpy as np

from rid_telephony.calls.messages import Party
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.forks import ForkSink, MediaListener
from rid_telephony.media.messages import Samples
from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.freeswitch.writer import EslCommands
from rid_telephony.pbx.messages import Fork, ForkDriver, PbxError
from rid_telephony.settings.freeswitch import FreeSwitchForkSettings

FORK = "freeswitch.fork"
TONE_SECONDS = 20
PROOF_MODULES = ("mod_loopback", "mod_tone_stream")
LOUD = 1000
"""Peak of a frame that is a tone; comfort noise has some 10."""
MakeListener = Callable[[FreeSwitchForkSettings, ForkSink], MediaListener]
MakeDriver = Callable[[EslCommands, FreeSwitchForkSettings], ForkDriver]


@dataclass(slots=True)
class _Ear:
    """The sink of one fork: when it opened, sent, and was heard; seconds on the loop's clock."""

    fork_id: str
    opened_at: float | None = None
    audio_at: float | None = None
    tone_at: float | None = None
    ended: str = ""
    settled: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self, fork_id: str, arrival: float) -> None:
        if fork_id == self.fork_id:
            self.opened_at = arrival

    def audio(self, fork_id: str, samples: Samples, arrival: float) -> None:
        if fork_id != self.fork_id:
            return
        if self.audio_at is None:
            self.audio_at = arrival
        if self.tone_at is None and np.max(np.abs(samples.astype(np.int32)), initial=0) > LOUD:
            self.tone_at = arrival
            self.settled.set()

    def closed(self, fork_id: str, reason: str) -> None:
        if fork_id == self.fork_id:
            self.ended = reason
            self.settled.set()


@dataclass(frozen=True, slots=True)
class Proof:
    """How far it came; times in seconds after the fork was asked for, None for never.

    Attributes:
        trouble: What went wrong, empty where nothing did.
        advice: About the trouble.
    """

    opened: float | None = None
    audio: float | None = None
    tone: float | None = None
    trouble: str = ""
    advice: str = ""


async def prove_media(
    client: EslCommands,
    settings: FreeSwitchForkSettings,
    make_listener: MakeListener,
    make_driver: MakeDriver,
) -> list[Finding]:
    """Fork a tone to ourselves.

    Args:
        client: The event socket.
        settings: Means, address and time-outs; the port may be 0.
        make_listener: Makes the listener for the means.
        make_driver: Makes what asks for forks.

    Raises:
        RidTelephonyError: The address cannot be bound.
    """
    channel = str(uuid.uuid4())
    fork = Fork(str(uuid.uuid4()), "check", Party.CUSTOMER, channel)
    ear = _Ear(fork.fork_id)
    listener = make_listener(settings, ear)
    await listener.start()
    driver = make_driver(client, settings)
    try:
        try:
            await client.bgapi("originate", *_tone(channel), timeout=settings.open_timeout)
        except PbxError as error:
            return [_no_tone(error)]
        proof = await _prove(listener, driver, fork, ear, settings.open_timeout)
        return [judge_media(settings, proof)]
    finally:
        listener.drop(fork.fork_id)
        await driver.stop(fork)
        with suppress(PbxError):  # gone already, or FreeSWITCH is: the tone ends by itself
            await client.bgapi("uuid_kill", channel)
        await listener.close()


def _tone(channel: str) -> tuple[str, str]:
    variables = f"{{origination_uuid={channel},rid_fork=1,originate_timeout=5}}"
    tone = f"tone_stream://%(1000\\,0\\,1000);loops={TONE_SECONDS}"
    return f"{variables}loopback/app=playback:{tone}", "&park()"


async def _prove(
    listener: MediaListener, driver: ForkDriver, fork: Fork, ear: _Ear, limit: float
) -> Proof:
    loop = asyncio.get_running_loop()
    began = loop.time()
    trouble = advice = ""
    try:
        async with asyncio.timeout(2 * limit):
            await driver.start(fork, await listener.expect(fork.fork_id))
        async with asyncio.timeout(limit):
            await ear.settled.wait()
    except TimeoutError:
        trouble = f"nothing was heard within {limit:g} s"
    except RidTelephonyError as error:
        trouble, advice = error.message.rstrip("."), error.advice
    if ear.ended and ear.tone_at is None:
        trouble = trouble or f"it ended before anything was heard ({ear.ended})"

    def after(at: float | None) -> float | None:
        return None if at is None else at - began

    return Proof(after(ear.opened_at), after(ear.audio_at), after(ear.tone_at), trouble, advice)


def _no_tone(error: PbxError) -> Finding:
    return Finding(
        Level.SKIPPED,
        FORK,
        f"No test fork: FreeSWITCH made no channel that plays a tone ({error.message}).",
        "A marked call shows instead whether audio arrives.",
    )


def judge_media(settings: FreeSwitchForkSettings, proof: Proof) -> Finding:
    """What the fork of our own channel proves."""
    told = settings.advertise or settings.listen
    if proof.tone is not None:
        return Finding(
            Level.OK,
            FORK,
            f"Audio arrives by {settings.means}: a test tone was forked to us,"
            f" heard {proof.tone * 1000:.0f} ms after the fork was asked for.",
        )
    if proof.opened is None:
        return Finding(
            Level.ERROR,
            FORK,
            f"FreeSWITCH does not reach us by {settings.means} at {told}: {proof.trouble}.",
            proof.advice
            or "Does a firewall between FreeSWITCH and this machine drop the port? See FreeSWITCH's"
            " log at this moment, and listen and advertise in [freeswitch.fork].",
        )
    heard = "only silence came" if proof.audio is not None else "no audio came"
    return Finding(
        Level.ERROR,
        FORK,
        f"FreeSWITCH opened a fork to us, but {heard}: {proof.trouble}.",
        proof.advice or "See FreeSWITCH's log at this moment.",
    )


def by_another_port(finding: Finding) -> Finding:
    """The same of a test on a free port, as the set one is held: a firewall may know only that."""
    level = Level.WARNING if finding.level is Level.ERROR else finding.level
    detail = f"{finding.detail} Tested on another port, as the one that is set is held."
    return replace(finding, level=level, detail=detail)
