"""What passes between the PBX adapters and the parts that serve every PBX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from rid_telephony.calls.messages import Party
from rid_telephony.calls.observations import Observation
from rid_telephony.errors import RidTelephonyError
from rid_telephony.media.forks import Destination


class PbxError(RidTelephonyError):
    """A command to the PBX failed."""

    code = "pbx_failed"
    exit_code = 8


class PbxDownError(PbxError):
    """The PBX is not connected, or went away before it answered."""

    code = "pbx_down"


class PbxTimeoutError(PbxError):
    """The PBX did not answer in time."""

    code = "pbx_timeout"


class PbxRefusedError(PbxError):
    """The PBX answered that it will not, or cannot."""

    code = "pbx_refused"


@dataclass(frozen=True, slots=True)
class Fork:
    """A passive copy of what one party says.

    Attributes:
        fork_id: A UUID; the media connection names it.
        channel: The PBX's unique id of the leg that is listened to.
    """

    fork_id: str
    call_id: str
    party: Party
    channel: str


class ForkDriver(Protocol):
    """Makes a PBX send us a copy of one party's speech."""

    async def start(self, fork: Fork, destination: Destination) -> None:
        """Ask for it; the audio follows on the media listener.

        Raises:
            PbxError: The PBX is away, refused, or did not answer.
        """

    async def stop(self, fork: Fork) -> None:
        """End it. Never raises: what is gone already is fine."""


class PbxWriter(Protocol):
    """Writes back to the PBX. Every method raises :class:`PbxError` when it failed."""

    async def set_variables(self, channel: str, values: Mapping[str, str]) -> None:
        """Set channel variables (names without the prefix: ``hint``, ``emotion``)."""

    async def send_message(self, endpoint: str, text: str) -> None:
        """Send a SIP MESSAGE, ``text/plain``, UTF-8, to a registered softphone."""

    async def emit(self, name: str, fields: Mapping[str, str]) -> None:
        """Put an event on the PBX's own event bus (``UserEvent RidHint``, ``rid::hint``)."""

    async def display(self, channel: str, text: str) -> None:
        """Show a text as the connected line; an empty one brings back what stood there."""


class PbxListener(Protocol):
    """What takes the observations of a PBX."""

    def observe(self, observation: Observation) -> None:
        """Take one, in order."""

    def is_marked(self, channel: str) -> bool:
        """Whether this channel's call is known to be wanted."""

    def is_forked(self, channel: str) -> bool:
        """Whether a fork on this channel is wanted, or the channel is itself such a fork."""

    def pbx_up(self) -> None:
        """Connected, and all calls are known again."""

    def pbx_down(self, reason: str) -> None:
        """Not connected: nothing is observed, the forks that run go on."""


class PbxAdapter(Protocol):
    """One PBX as the rest of the program sees it."""

    @property
    def forks(self) -> ForkDriver:
        """Makes forks."""

    @property
    def writer(self) -> PbxWriter:
        """Writes back."""

    @property
    def counts(self) -> Mapping[str, int]:
        """What was counted on the connection, for the log."""

    async def run(self, listener: PbxListener) -> None:
        """Observe until cancelled, whatever happens to the connection."""
