"""Which forks may come, which are there, and which are silent: the same for every means.

A listener claims a fork here when its first sign of life arrives, and hands over what follows.
Everything happens in the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ParamSpec

import structlog

from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.forks import ForkSink
from rid_telephony.media.messages import Samples
from rid_telephony.settings.forks import ForkSettings

log = structlog.get_logger(__name__)
P = ParamSpec("P")


class MediaError(RidTelephonyError):
    """The PBX's audio cannot be listened to."""

    code = "media_unavailable"
    exit_code = 9


def no_address_error(address: str, error: OSError) -> MediaError:
    """Say that an address of the fork settings cannot be listened on, and what to do."""
    return MediaError(
        f"Cannot listen for the PBX's audio on {address}: {error.strerror or error}.",
        "Stop what uses it, or change listen and port of the PBX's fork settings.",
    )


def advertised_host(settings: ForkSettings) -> str:
    """Return the address that the PBX is to send to.

    Raises:
        MediaError: We listen on every address, and none was given to advertise.
    """
    if settings.advertise:
        return settings.advertise
    if settings.listen in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        raise MediaError(
            "The fork settings listen on every address; the PBX needs one to send to.",
            "Set advertise in [asterisk.fork] or [freeswitch.fork] to one that the PBX can reach.",
        )
    return settings.listen


@dataclass(slots=True)
class ForkCounters:
    """What happened to a listener's forks."""

    opened: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    """By the reason that the sink was given."""
    turned_away: Counter[str] = field(default_factory=Counter)
    """What came unexpected: connections, or packets of RTP, by why they were refused."""
    skipped: Counter[str] = field(default_factory=Counter)
    """Frames that carry no audio, by kind."""
    sink_errors: int = 0


class WatchedFork:
    """One fork, from the moment it is expected; deaf once it is over.

    Args:
        watch: Where it belongs.
        fork_id: Its name.
        hang_up: Closes our side, where there is one already.
    """

    __slots__ = ("_watch", "deadline", "fork_id", "hang_up", "heard", "over", "timer")

    def __init__(
        self, watch: ForkWatch, fork_id: str, hang_up: Callable[[], None] | None, deadline: float
    ) -> None:
        self._watch = watch
        self.fork_id = fork_id
        self.hang_up = hang_up
        self.deadline = deadline
        self.heard = False
        self.over = False
        self.timer: asyncio.TimerHandle | None = None

    def alive(self, arrival: float) -> None:
        """Take note that bytes came, whatever they were."""
        self.deadline = arrival + self._watch.stall_timeout

    def audio(self, samples: Samples, arrival: float) -> None:
        """Hand audio on; see ``ForkSink.audio``."""
        if not self.over and len(samples):
            self._watch.tell(self._watch.sink.audio, self.fork_id, samples, arrival)

    def end(self, reason: str) -> None:
        """Nothing more comes; the sink is told, once."""
        if not self.over:
            self._watch.close(self, reason)


class ForkWatch:
    """The forks of one listener.

    Args:
        settings: Limits and time-outs.
        sink: Told of what becomes of the forks; an exception in it is logged and counted.
    """

    def __init__(self, settings: ForkSettings, sink: ForkSink) -> None:
        self.stall_timeout = settings.stall_timeout
        self.counters = ForkCounters()
        self._open_timeout = settings.open_timeout
        self._max_forks = settings.max_forks
        self.sink = sink
        self._forks: dict[str, WatchedFork] = {}

    def expect(self, fork_id: str, hang_up: Callable[[], None] | None = None) -> WatchedFork:
        """Let a fork come within ``open_timeout``; else the sink is told ``never_came``.

        Raises:
            MediaError: It is expected already, or there are ``max_forks``.
        """
        if fork_id in self._forks:
            raise MediaError(f"The fork {fork_id} is there already.")
        if len(self._forks) >= self._max_forks:
            raise MediaError(
                f"There are {self._max_forks} forks already.",
                "Raise max_forks of the fork settings if the machine can bear more.",
            )
        loop = asyncio.get_running_loop()
        fork = WatchedFork(self, fork_id, hang_up, loop.time() + self._open_timeout)
        self._forks[fork_id] = fork
        fork.timer = loop.call_at(fork.deadline, self._check, fork)
        return fork

    def claim(self, fork_id: str, hang_up: Callable[[], None]) -> WatchedFork | None:
        """Take an expected fork's first sign of life; None, and counted, where it is refused."""
        reason = self.refusal(fork_id)
        if reason:
            self.counters.turned_away[reason] += 1
            return None
        fork = self._forks[fork_id]
        fork.hang_up = hang_up
        self.came(fork)
        return fork

    def refusal(self, fork_id: str) -> str:
        """Say why a fork would be refused now; empty where it would not."""
        fork = self._forks.get(fork_id)
        if fork is None:
            return "unexpected"
        return "second_connection" if fork.heard else ""

    def came(self, fork: WatchedFork) -> None:
        """Take note of a fork's first sign of life."""
        arrival = asyncio.get_running_loop().time()
        fork.heard = True
        fork.alive(arrival)
        if fork.timer:  # the time to open may be longer than the time to stall
            fork.timer.cancel()
        self._check(fork)
        self.counters.opened += 1
        self.tell(self.sink.opened, fork.fork_id, arrival)

    def drop(self, fork_id: str) -> None:
        """Forget a fork and close our side; the sink hears no more of it."""
        fork = self._forks.get(fork_id)
        if fork:
            self._forget(fork)

    def drop_all(self) -> None:
        """Forget every fork."""
        for fork in tuple(self._forks.values()):
            self._forget(fork)

    def close(self, fork: WatchedFork, reason: str) -> None:
        """End a fork and tell the sink."""
        self._forget(fork)
        self.counters.closed[reason] += 1
        self.tell(self.sink.closed, fork.fork_id, reason)

    def tell(self, method: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Call a method of the sink; its failure must not end the fork, nor others."""
        try:
            method(*args, **kwargs)
        except Exception:
            self.counters.sink_errors += 1
            log.exception("fork_sink_failed", fork_id=args[0])

    def _check(self, fork: WatchedFork) -> None:
        """End a fork that has been silent for too long, or look again when it would be."""
        loop = asyncio.get_running_loop()
        if fork.deadline > loop.time():
            fork.timer = loop.call_at(fork.deadline, self._check, fork)
            return
        self.close(fork, "stalled" if fork.heard else "never_came")

    def _forget(self, fork: WatchedFork) -> None:
        fork.over = True
        if self._forks.get(fork.fork_id) is fork:
            del self._forks[fork.fork_id]
        if fork.timer:
            fork.timer.cancel()
        if fork.hang_up:
            fork.hang_up()
            fork.hang_up = None
