"""Keeps a fork on each leg of every call while agent and customer talk.

It asks the PBX (through a :class:`~rid_telephony.pbx.messages.ForkDriver`) for a copy of each
party's speech, takes what arrives (it is the listener's ``ForkSink``), and passes on only what is
said while the two hear each other. A fork that breaks is asked for again; a call never waits for
its forks.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

import structlog

from rid_telephony.calls.messages import Party, TalkBegan, TalkEvent
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.forks import MediaListener
from rid_telephony.media.forktime import ForkTime
from rid_telephony.media.messages import AudioFrame, Samples
from rid_telephony.pbx.messages import Fork, ForkDriver, PbxDownError

log = structlog.get_logger(__name__)

FIRST_RETRY = 0.3
"""Seconds before a fork is asked for again; doubles with each attempt."""
LAST_RETRY = 10.0
SETTLED = 10.0
"""Seconds of audio after which a fork counts as good, and its attempts start anew."""

Trouble = Callable[[str, str, str], None]
"""Told of a call id, a stable reason and a detail for ``analysis.degraded``."""


@dataclass(slots=True)
class _Leg:
    """One leg's fork, through all of its attempts."""

    fork: Fork
    time: ForkTime
    task: asyncio.Task[None] | None = None
    attempts: int = 0
    opened_at: float | None = None
    live: bool = False
    broke: bool = False


@dataclass(slots=True)
class _Call:
    talking: bool = False
    held: bool = False
    legs: dict[Party, _Leg] = field(default_factory=dict)


class ForkDesk:
    """The forks of all calls. Everything belongs to the event loop's thread.

    Args:
        deliver: Takes the frames.
        trouble: Told when a leg cannot be heard.
        attempts: How often a leg's fork is tried before it is given up.
    """

    def __init__(
        self, deliver: Callable[[AudioFrame], None], trouble: Trouble, attempts: int
    ) -> None:
        self._deliver = deliver
        self._trouble = trouble
        self._attempts = attempts
        self._calls: dict[str, _Call] = {}
        self._by_fork: dict[str, tuple[_Call, _Leg]] = {}
        self._stopping: set[asyncio.Task[None]] = set()
        self.counts: Counter[str] = Counter()
        """``started``, ``refused``, ``lost``, ``given_up``, ``frames_unheard``."""

    def connect(self, listener: MediaListener, driver: ForkDriver) -> None:
        """Name the parts that do the work; before the first call."""
        self._listener = listener
        self._driver = driver

    @property
    def forks(self) -> frozenset[str]:
        """Channels that are being listened to, by the fork's id."""
        return frozenset(self._by_fork)

    def is_ours(self, channel: str) -> bool:
        """Whether a channel is listened to by a fork that is wanted, or is itself such a fork."""
        return channel in self._by_fork or any(
            leg.fork.channel == channel for _, leg in self._by_fork.values()
        )

    def talk(self, event: TalkEvent) -> None:
        """Agent and customer can hear each other, or no longer can."""
        if not isinstance(event, TalkBegan):
            if call := self._calls.get(event.call_id):
                call.talking = False
            return
        call = self._calls.setdefault(event.call_id, _Call())
        call.talking = True
        for party in Party:
            self._want(call, event, party)

    def ended(self, call_id: str) -> None:
        """The call is over: so are its forks."""
        call = self._calls.pop(call_id, None)
        if call:
            for leg in call.legs.values():
                self._end(leg)

    def pbx_up(self) -> None:
        """The PBX is back: ask for what could not be asked for."""
        for call_id, call in self._calls.items():
            if not call.held:
                self.retrieved(call_id)

    def held(self, call_id: str) -> None:
        """A hold began: a fork that falls silent is not broken, and not asked for again yet."""
        if call := self._calls.get(call_id):
            call.held = True

    def retrieved(self, call_id: str) -> None:
        """No hold, or no longer: ask for what is not heard."""
        call = self._calls.get(call_id, _Call())
        call.held = False
        for leg in call.legs.values():
            if leg.task is None and not leg.live and self._wanted(call, leg):
                leg.attempts = 0
                self._begin(call, leg)

    async def close(self) -> None:
        """End every fork and wait until the PBX has been told."""
        for call_id in tuple(self._calls):
            self.ended(call_id)
        if self._stopping:
            await asyncio.gather(*self._stopping, return_exceptions=True)

    def opened(self, fork_id: str, arrival: float) -> None:
        """A fork's first sign of life (see ``ForkSink``)."""
        if found := self._by_fork.get(fork_id):
            _, leg = found
            leg.opened_at = arrival
            leg.live = True
            self.counts["started"] += 1
            log.info("fork_open", call_id=leg.fork.call_id, party=leg.fork.party.value)

    def audio(self, fork_id: str, samples: Samples, arrival: float) -> None:
        """What a party said, or silence (see ``ForkSink``)."""
        found = self._by_fork.get(fork_id)
        if found is None:
            return
        call, leg = found
        self._pass_on(call, leg.time.place(samples, arrival))

    def closed(self, fork_id: str, reason: str) -> None:
        """A fork is over though nobody asked for it (see ``ForkSink``)."""
        found = self._by_fork.pop(fork_id, None)
        if found is None:
            return
        call, leg = found
        leg.live = False
        if leg.task:  # still waiting for the PBX to say how this very fork went
            leg.task.cancel()
        self._pass_on(call, leg.time.flush())
        log.info("fork_closed", call_id=leg.fork.call_id, party=leg.fork.party.value, reason=reason)
        self._again(call, leg, reason)

    def _pass_on(self, call: _Call, frames: list[AudioFrame]) -> None:
        if not call.talking:
            self.counts["frames_unheard"] += len(frames)
            return
        for frame in frames:
            self._deliver(frame)

    def _want(self, call: _Call, event: TalkBegan, party: Party) -> None:
        channel = event.channel(party)
        leg = call.legs.get(party)
        if leg and leg.fork.channel == channel:
            if not leg.live and leg.task is None:
                self._begin(call, leg)
            return
        if leg:
            self._end(leg)
        fork = Fork(str(uuid.uuid4()), event.call_id, party, channel)
        leg = call.legs[party] = _Leg(fork, ForkTime(event.call_id, party, event.origin))
        self._begin(call, leg)

    def _wanted(self, call: _Call, leg: _Leg) -> bool:
        """The customer's fork lives through a transfer; an agent who is gone has none."""
        if self._calls.get(leg.fork.call_id) is not call:
            return False
        if call.legs.get(leg.fork.party) is not leg:
            return False
        return call.talking or leg.fork.party is Party.CUSTOMER

    def _begin(self, call: _Call, leg: _Leg, delay: float = 0.0) -> None:
        leg.task = asyncio.get_running_loop().create_task(self._open(call, leg, delay))

    async def _open(self, call: _Call, leg: _Leg, delay: float) -> None:
        try:
            await asyncio.sleep(delay)
            if not self._wanted(call, leg):
                leg.task = None
                return
            # Only now: a fork that ended with its leg was not lost.
            self.counts["lost"] += leg.broke
            leg.broke = False
            await self._ask(call, leg)
            leg.task = None
        except PbxDownError:
            # Asked for again by pbx_up(); nothing is wrong with the fork itself.
            self._forget(leg)
            leg.task = None
        except RidTelephonyError as error:
            self.counts["refused"] += 1
            self._forget(leg)
            self._again(call, leg, str(error))

    async def _ask(self, call: _Call, leg: _Leg) -> None:
        fork = leg.fork
        leg.fork = Fork(str(uuid.uuid4()), fork.call_id, fork.party, fork.channel)
        self._by_fork[leg.fork.fork_id] = (call, leg)
        destination = await self._listener.expect(leg.fork.fork_id)
        await self._driver.start(leg.fork, destination)

    def _again(self, call: _Call, leg: _Leg, reason: str) -> None:
        """Try once more, later, if the leg is still to be heard by then."""
        leg.task = None
        if call.held or not self._wanted(call, leg):
            return
        now = asyncio.get_running_loop().time()
        if leg.opened_at is not None:
            leg.broke = True
            if now - leg.opened_at > SETTLED:
                leg.attempts = 0
        leg.opened_at = None
        leg.attempts += 1
        if leg.attempts >= self._attempts:
            self.counts["lost"] += leg.broke
            self.counts["given_up"] += 1
            log.warning("fork_given_up", call_id=leg.fork.call_id, party=leg.fork.party.value)
            self._trouble(
                leg.fork.call_id,
                "fork_failed",
                f"The {leg.fork.party.value} is not heard: {reason}",
            )
            return
        self._begin(call, leg, min(FIRST_RETRY * 2 ** (leg.attempts - 1), LAST_RETRY))

    def _end(self, leg: _Leg) -> None:
        if leg.task:
            leg.task.cancel()
            leg.task = None
        self._forget(leg)
        clock = asdict(leg.time.counters)
        if any(clock.values()):
            log.info("fork_clock", call_id=leg.fork.call_id, party=leg.fork.party.value, **clock)
        task = asyncio.get_running_loop().create_task(self._driver.stop(leg.fork))
        self._stopping.add(task)
        task.add_done_callback(self._stopping.discard)

    def _forget(self, leg: _Leg) -> None:
        leg.live = False
        self._by_fork.pop(leg.fork.fork_id, None)
        self._listener.drop(leg.fork.fork_id)
