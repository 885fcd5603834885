"""Check: does audio arrive? Two channels of our own, and no call.

On the first channel a tone is heard: by AudioSocket we say it ourselves, as a caller would, and
the channel only waits; by other means Asterisk plays it (Milliwatt). The second is a fork as calls
get it, ChanSpy on the first channel, so that what is heard on it has gone the whole way: Originate,
the media channel, the network, ChanSpy. ChanSpy is given the one unique id of our first channel: it
cannot fall on a call. Both channels end with the check, or some seconds after we are killed.
"""

from __future__ import annotations

import asyncio
import struct
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rid_telephony.calls.messages import Party
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.audiosocket import AudioSocketListener
from rid_telephony.media.forks import ForkSink, MediaListener
from rid_telephony.media.messages import SAMPLE_RATE, Samples
from rid_telephony.pbx.asterisk.check_rights import judge_read
from rid_telephony.pbx.asterisk.check_session import CheckSession, Manager
from rid_telephony.pbx.asterisk.forks import AsteriskForks, fork_channel
from rid_telephony.pbx.asterisk.messages import AmiReply
from rid_telephony.pbx.check import Finding, Level
from rid_telephony.pbx.messages import Fork
from rid_telephony.settings.asterisk import AsteriskForkSettings

FORK = "asterisk.fork"
LIFETIME = 20
"""Seconds after which Asterisk ends our channels if we do not."""
LOUD = 1000
"""Peak of a frame that is a tone; Milliwatt's is 23,000, comfort noise some 10."""
FRAME = 160
"""Samples of 20 ms."""
AUDIO_8K = 0x10
MakeListener = Callable[[AsteriskForkSettings, ForkSink], MediaListener]


@dataclass(frozen=True, slots=True)
class Proof:
    """How far one channel came; times in seconds after it was asked for, None for never.

    Attributes:
        trouble: What went wrong, empty where nothing did.
        advice: About the trouble.
    """

    opened: float | None = None
    audio: float | None = None
    tone: float | None = None
    trouble: str = ""
    advice: str = ""


@dataclass(slots=True)
class _Heard:
    opened: float | None = None
    audio: float | None = None
    tone: float | None = None
    closed: str = ""
    came: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class _Ear:
    """The sink: notes when each channel opened, sent, and was heard."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}

    def of(self, fork_id: str) -> _Heard:
        return self._heard.setdefault(fork_id, _Heard())

    def opened(self, fork_id: str, arrival: float) -> None:
        heard = self.of(fork_id)
        heard.opened = arrival
        heard.came.set()

    def audio(self, fork_id: str, samples: Samples, arrival: float) -> None:
        heard = self.of(fork_id)
        if heard.audio is None:
            heard.audio = arrival
        if heard.tone is None and np.max(np.abs(samples.astype(np.int32)), initial=0) > LOUD:
            heard.tone = arrival
            heard.settled.set()

    def closed(self, fork_id: str, reason: str) -> None:
        heard = self.of(fork_id)
        heard.closed = reason
        heard.came.set()
        heard.settled.set()


class _OtherApplication:
    """The manager, but our channel runs what the check wants instead of ChanSpy on a leg."""

    def __init__(self, session: CheckSession, application: str, data: str) -> None:
        self._session = session
        self._fields = {
            "Application": application,
            "Data": data,
            "Variable": f"TIMEOUT(absolute)={LIFETIME}",
        }

    async def action(
        self, name: str, fields: Mapping[str, str] | None = None, *, timeout: float | None = None
    ) -> AmiReply:
        wanted = dict(fields or {})
        if name == "Originate":
            wanted |= self._fields
        return await self._session.action(name, wanted, timeout=timeout)


@dataclass(frozen=True, slots=True)
class _Trial:
    session: CheckSession
    settings: AsteriskForkSettings
    listener: MediaListener
    ear: _Ear


async def prove_media(
    session: CheckSession, settings: AsteriskForkSettings, make_listener: MakeListener
) -> list[Finding]:
    """Fork a tone to ourselves.

    Args:
        session: The manager connection.
        settings: Means, address and time-outs; the port may be 0.
        make_listener: Makes the listener for the means.

    Raises:
        RidTelephonyError: The address cannot be bound.
    """
    ear = _Ear()
    listener = make_listener(settings, ear)
    await listener.start()
    tone = Fork(str(uuid.uuid4()), "check", Party.AGENT, f"check-{uuid.uuid4().hex[:12]}")
    spy = Fork(str(uuid.uuid4()), "check", Party.CUSTOMER, fork_channel(tone))
    trial = _Trial(session, settings, listener, ear)
    try:
        if isinstance(listener, AudioSocketListener):
            first, second = await _said(trial, listener, tone, spy)
        else:
            first, second = await _played(trial, tone, spy)
        return _findings(session, settings, first, second)
    finally:
        driver = AsteriskForks(session, settings)
        for fork in (spy, tone):
            listener.drop(fork.fork_id)
            await driver.stop(fork)
        await listener.close()


async def _said(
    trial: _Trial, listener: AudioSocketListener, tone: Fork, spy: Fork
) -> tuple[Proof, Proof | None]:
    """We say the tone; the fork is no different from that of a call."""
    waiting = _OtherApplication(trial.session, "Wait", str(LIFETIME))
    first = await _prove(trial, waiting, tone, trial.ear.of(tone.fork_id).came)
    if first.opened is None:
        return first, None
    speaking = asyncio.create_task(_speak(tuple(listener.door.connections)))
    try:
        return first, await _prove(trial, trial.session, spy, trial.ear.of(spy.fork_id).settled)
    finally:
        speaking.cancel()


async def _speak(connections: Iterable[asyncio.Transport]) -> None:
    """Send the tone as AudioSocket frames (type 0x10, slin 8 kHz, 20 ms) until cancelled."""
    wave = LOUD * 10 * np.sin(2 * np.pi * 1000 * np.arange(FRAME) / SAMPLE_RATE)
    frame = struct.pack(">BH", AUDIO_8K, 2 * FRAME) + wave.astype("<i2").tobytes()
    while True:
        for connection in connections:
            if not connection.is_closing():
                connection.write(frame)
        await asyncio.sleep(FRAME / SAMPLE_RATE)


async def _played(trial: _Trial, tone: Fork, spy: Fork) -> tuple[Proof, Proof | None]:
    """Asterisk plays the tone; ChanSpy without `o`, as a channel that only plays says nothing."""
    playing = _OtherApplication(trial.session, "Milliwatt", "")
    first = await _prove(trial, playing, tone, trial.ear.of(tone.fork_id).settled)
    if first.tone is None:
        return first, None
    spying = _OtherApplication(trial.session, "ChanSpy", f"{spy.channel},quES")
    return first, await _prove(trial, spying, spy, trial.ear.of(spy.fork_id).settled)


def _findings(
    session: CheckSession, settings: AsteriskForkSettings, tone: Proof, spied: Proof | None
) -> list[Finding]:
    found = [judge_media(settings, tone, spied)]
    seen = bool(session.counts["OriginateResponse"])
    if seen or tone.opened is not None:
        # The channels had events of the class that calls have.
        found.append(judge_read("call", seen, session.username))
    return found


async def _prove(trial: _Trial, manager: Manager, fork: Fork, enough: asyncio.Event) -> Proof:
    """Start a fork and wait for what is enough, at most the fork's own time-out."""
    session, settings = trial.session, trial.settings
    driver = AsteriskForks(manager, settings)
    session.listeners.append(driver.observe)
    loop = asyncio.get_running_loop()
    heard = trial.ear.of(fork.fork_id)
    trouble = advice = ""
    began = loop.time()
    try:
        await driver.start(fork, await trial.listener.expect(fork.fork_id))
        async with asyncio.timeout(settings.open_timeout):
            await enough.wait()
    except TimeoutError:
        trouble = f"nothing was heard within {settings.open_timeout:g} s"
    except RidTelephonyError as error:
        trouble, advice = error.message.rstrip("."), error.advice
    finally:
        session.listeners.remove(driver.observe)
    if heard.closed and heard.tone is None:
        trouble = trouble or f"it ended before anything was heard ({heard.closed})"

    def after(at: float | None) -> float | None:
        return None if at is None else at - began

    return Proof(after(heard.opened), after(heard.audio), after(heard.tone), trouble, advice)


def judge_media(settings: AsteriskForkSettings, tone: Proof, spied: Proof | None) -> Finding:
    """What the two channels prove.

    Args:
        settings: Means and address.
        tone: The channel that plays the tone.
        spied: The fork of it; None where it did not come to that.
    """
    told = settings.advertise or settings.listen
    if tone.opened is None:
        return Finding(
            Level.ERROR,
            FORK,
            f"Asterisk does not reach us by {settings.means} at {told}: {tone.trouble}.",
            tone.advice
            or "Does a firewall between Asterisk and this machine drop the port? See Asterisk's"
            " log at this moment, and listen and advertise in [asterisk.fork].",
        )
    if spied is None:
        return Finding(
            Level.ERROR,
            FORK,
            f"Asterisk opened a media channel to us, but no tone came: {tone.trouble}.",
            tone.advice
            or "See Asterisk's log at this moment; is a timing module (res_timing_timerfd) loaded?",
        )
    if spied.tone is None:
        return Finding(
            Level.ERROR,
            FORK,
            f"A media channel works, but ChanSpy on it was not heard: {spied.trouble}.",
            "Is app_chanspy loaded? See Asterisk's log at this moment.",
        )
    return Finding(
        Level.OK,
        FORK,
        f"Audio arrives by {settings.means}: a test tone was forked to us,"
        f" heard {spied.tone * 1000:.0f} ms after the fork was asked for.",
    )


def by_another_port(finding: Finding) -> Finding:
    """The same of a test on a free port, as the set one is held: a firewall may know only that."""
    if finding.what != FORK:
        return finding
    level = Level.WARNING if finding.level is Level.ERROR else finding.level
    detail = f"{finding.detail} Tested on another port, as the one that is set is held."
    return replace(finding, level=level, detail=detail)
