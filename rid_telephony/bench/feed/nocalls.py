"""Stands for the calls in progress where only the feed is measured."""

from __future__ import annotations

from rid_telephony.cti.server.ports import Outcome


class NoCalls:
    """A ``Control`` without calls."""

    ready: dict[str, bool] = {}  # noqa: RUF012 - nobody writes to it
    figures: dict[str, float] = {}  # noqa: RUF012 - as above

    def give_context(self, *_: object, **__: object) -> Outcome:
        """Nobody to give it to."""
        return Outcome.UNKNOWN

    def feedback(self, *_: object, **__: object) -> Outcome:
        """No hint to speak of."""
        return Outcome.UNKNOWN

    def owner(self, *_: object, **__: object) -> None:
        """Nobody's."""

    def locate(self, *_: object, **__: object) -> None:
        """Nowhere."""
