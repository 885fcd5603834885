"""What became of the hints of one call, said by the agent or by the screen for them."""

from __future__ import annotations

from collections.abc import Callable

from rid_telephony.pipeline.publisher import TOUCHES, CallPublisher
from rid_telephony.strategy.messages import HintVerdict

MAX_HINTS = 1000
"""Hints of a call, the newest, that can still be judged."""
_OPPOSITE = {"hint.accepted": "hint.dismissed", "hint.dismissed": "hint.accepted"}


class CallHints:
    """Keeps which hints a call has offered and what was said of them.

    It holds little, so that it can outlive the call's session: an agent may judge a hint just
    after hanging up.

    Args:
        publisher: The call's voice on the feed.
        clock: Seconds on the call's clock.
    """

    def __init__(self, publisher: CallPublisher, clock: Callable[[], float]) -> None:
        self._publisher = publisher
        self._clock = clock
        self._said: dict[str, set[HintVerdict]] = {}

    def __contains__(self, hint_id: object) -> bool:
        return hint_id in self._said

    @property
    def owner(self) -> tuple[str, str]:
        """Tenant and agent of the call, as they are now."""
        return self._publisher.owner

    def offered(self, hint_id: str) -> None:
        """A hint can be judged from now on."""
        self._said[hint_id] = set()
        if len(self._said) > MAX_HINTS:
            del self._said[next(iter(self._said))]

    def judged(self, hint_id: str, verdict: HintVerdict, by: str, note: str) -> bool | None:
        """Put a verdict on the feed; each verdict counts once for each hint.

        Returns:
            True where it is on the feed now, False where it was before, None where the hint has
            the opposite verdict already: what was accepted is not dismissed, nor the reverse.
        """
        said = self._said[hint_id]
        if verdict in said:
            return False
        opposite = _OPPOSITE.get(TOUCHES[verdict])
        if any(TOUCHES[one] == opposite for one in said):
            return None
        said.add(verdict)
        self._publisher.touched(hint_id, verdict, by, note, self._clock())
        return True
