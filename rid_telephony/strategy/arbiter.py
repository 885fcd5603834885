"""Which hint is shown, and for how long: one at a time, and seldom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.advisor import Candidate
from rid_telephony.strategy.messages import (
    UNWANTED,
    Advice,
    Hint,
    HintExpired,
    HintOffered,
    HintVerdict,
    Priority,
)

_FIVE_MINUTES = 300.0
ALWAYS_SHOWN = Priority.COMPLIANCE
"""Hints up to this priority are shown whatever the call has earned, or the agent thinks."""
VARIED = Priority.OBJECTION
"""Of this priority, what was tried for a cause comes after what was not."""
ON_CREDIT = Priority.OPPORTUNITY
"""Hints up to this priority may be borrowed, as many as the reserve holds."""
MAX_JUDGED = 500
"""Hints of a call, the newest, on which a verdict still has an effect."""


class Arbiter:
    """Offers at most one hint at a time and takes each away exactly once, or the agent does.

    Args:
        settings: Confidence floor, interval and allowance.
        call_id: Part of every hint's id.
    """

    def __init__(self, settings: StrategySettings, call_id: str) -> None:
        self._settings = settings
        self._call_id = call_id
        self._live: Hint | None = None
        self._last: Hint | None = None
        self._quiet_until: dict[tuple[str, str], float] = {}
        self._shown: Counter[tuple[str, str]] = Counter()
        self._offered: Counter[str] = Counter()
        self._judgeable: dict[str, Hint] = {}
        self._unwanted_until: dict[str, float] = {}
        self._used: set[tuple[str, str]] = set()
        self._allowance = settings.hint_reserve
        self._earned_at = 0.0

    @property
    def live(self) -> Hint | None:
        """The hint that is shown."""
        return self._live

    @property
    def offered(self) -> Mapping[str, int]:
        """Strategy to how often it was offered."""
        return dict(self._offered)

    def expire(self, now: float) -> tuple[HintExpired, ...]:
        """Take the live hint away if its time is over."""
        if self._live is None or now < self._live.expires_at:
            return ()
        return self._take_away(self._live.expires_at, "ttl")

    def overtake(self, now: float) -> tuple[HintExpired, ...]:
        """Take the live hint away, its cause is gone."""
        return self.expire(now) or self._take_away(now, "overtaken")

    def finish(self, now: float) -> tuple[HintExpired, ...]:
        """Take the live hint away, the call is over."""
        return self.expire(now) or self._take_away(now, "call_ended")

    def judge(self, hint_id: str, verdict: HintVerdict, now: float) -> None:
        """Learn what the agent thinks of a hint.

        The strategy of an unwanted one is not offered again for ``unwanted_quiet`` seconds, and
        the hint is gone without an expiry; a used one is not repeated for its cause in this
        call. Neither keeps an alert or a compliance hint from being shown.
        """
        hint = self._judgeable.get(hint_id)
        if hint is None:
            return
        if verdict in UNWANTED:
            self._unwanted_until[hint.strategy] = now + self._settings.unwanted_quiet
            if self._live is hint:
                self._live = None
        elif verdict == "used":
            self._used.add((hint.strategy, hint.cause))

    def offer(self, candidates: Iterable[Candidate], now: float) -> tuple[Advice, ...]:
        """Offer the best candidate that may be shown now.

        The more urgent goes before the less urgent. To an objection that comes again,
        what has been tried less often goes first; then the heavier rule, then the more
        certain, then the first given.

        Args:
            candidates: In any order.
            now: Seconds on the call's clock, never before that of an earlier call.

        Returns:
            The expiry of the hint that it replaces, if any, and the new hint; or nothing.
        """
        expired = self.expire(now)
        self._earn(now)
        ranked = sorted(candidates, key=self._rank)
        chosen = next((item for item in ranked if self._may_show(item, now)), None)
        if chosen is None:
            return expired
        replaced = self._take_away(now, "replaced")
        return (*expired, *replaced, HintOffered(self._show(chosen, now)))

    def _rank(self, item: Candidate) -> tuple[int, int, float, float]:
        tried = self._shown[item.strategy, item.cause] if item.priority is VARIED else 0
        return item.priority, tried, -item.weight, -item.confidence

    def _may_show(self, item: Candidate, now: float) -> bool:
        if item.confidence < max(self._settings.min_confidence, item.floor):
            return False
        if self._live is not None and item.priority > self._live.priority:
            return False
        if now < self._quiet_until.get((item.strategy, item.cause), now):
            return False
        if item.priority > ALWAYS_SHOWN and self._is_spent(item, now):
            return False
        if self._too_soon(item, now):
            return False
        return self._affords(item.priority)

    def _is_spent(self, item: Candidate, now: float) -> bool:
        unwanted = now < self._unwanted_until.get(item.strategy, now)
        return unwanted or (item.strategy, item.cause) in self._used

    def _affords(self, priority: Priority) -> bool:
        if priority <= ALWAYS_SHOWN:
            return True
        credit = self._settings.hint_reserve if priority <= ON_CREDIT else 0.0
        return self._allowance + credit >= 1

    def _too_soon(self, item: Candidate, now: float) -> bool:
        if self._last is None or item.priority < self._last.priority:
            return False
        both_alerts = item.priority is self._last.priority is Priority.ALERT
        interval = self._settings.min_alert_interval if both_alerts else self._settings.min_interval
        return now - self._last.offered_at < interval

    def _show(self, item: Candidate, now: float) -> Hint:
        self._offered[item.strategy] += 1
        self._allowance = max(-self._settings.hint_reserve, self._allowance - 1)
        self._quiet_until[item.strategy, item.cause] = now + item.quiet
        self._shown[item.strategy, item.cause] += 1
        self._live = self._last = Hint(
            hint_id=f"{self._call_id}-h-{self._offered.total():03d}",
            strategy=item.strategy,
            priority=item.priority,
            line=item.line,
            script=item.script,
            reason=item.reason,
            cause=item.cause,
            confidence=item.confidence,
            offered_at=now,
            ttl=item.ttl,
            evidence=item.evidence,
            rule=item.rule,
        )
        self._judgeable[self._live.hint_id] = self._live
        if len(self._judgeable) > MAX_JUDGED:
            del self._judgeable[next(iter(self._judgeable))]
        return self._live

    def _take_away(self, at: float, reason: str) -> tuple[HintExpired, ...]:
        if self._live is None:
            return ()
        expired = HintExpired(self._live.hint_id, at, reason)
        self._live = None
        return (expired,)

    def _earn(self, now: float) -> None:
        rate = self._settings.hints_per_five_minutes / _FIVE_MINUTES
        earned = max(0.0, now - self._earned_at) * rate
        self._allowance = min(self._settings.hint_reserve, self._allowance + earned)
        self._earned_at = max(self._earned_at, now)
