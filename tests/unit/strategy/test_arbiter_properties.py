"""Whatever happens in a call, the agent sees one hint, the most urgent one, and not too often."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from strategy_builders import candidate

from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.advisor import Candidate
from rid_telephony.strategy.arbiter import Arbiter
from rid_telephony.strategy.messages import Advice, Hint, HintExpired, HintOffered, Priority

SETTINGS = StrategySettings()

candidates = st.builds(
    lambda strategy, cause, priority, confidence, ttl, repeat: candidate(
        strategy,
        cause,
        priority=priority,
        confidence=confidence,
        ttl=ttl,
        quiet=ttl + repeat,
    ),
    st.sampled_from(["soothe_first", "give_evidence", "probe_need", "be_brief"]),
    st.sampled_from(["a", "b"]),
    st.sampled_from(list(Priority)),
    st.floats(0, 1),
    st.floats(1, 30),
    st.sampled_from([0.0, 20.0]),
)
steps = st.lists(
    st.tuples(
        st.floats(0, 20),
        st.sampled_from(["offer", "offer", "tick", "overtake"]),
        st.lists(candidates, max_size=4),
    ),
    max_size=40,
)


@dataclass
class Seen:
    """What an agent's screen showed, rebuilt from the advice alone."""

    live: Hint | None = None
    offered: list[Hint] | None = None
    ended: list[str] | None = None

    def apply(self, item: Advice) -> None:
        assert self.offered is not None
        assert self.ended is not None
        if isinstance(item, HintExpired):
            assert self.live is not None
            assert item.hint_id == self.live.hint_id
            assert self.live.offered_at <= item.at <= self.live.expires_at
            self.ended.append(item.hint_id)
            self.live = None
        if isinstance(item, HintOffered):
            assert self.live is None, "two live hints"
            self.offered.append(item.hint)
            self.live = item.hint


def play(script: list[tuple[float, str, list[Candidate]]]) -> list[Hint]:
    """Run a script and check the invariants at every step; the hints offered."""
    arbiter = Arbiter(SETTINGS, "call")
    seen = Seen(offered=[], ended=[])
    assert seen.offered is not None
    now = 0.0
    for wait, action, given_now in script:
        now += wait
        before = seen.live
        if action == "offer":
            advice: tuple[Advice, ...] = arbiter.offer(given_now, now)
        elif action == "tick":
            advice = arbiter.expire(now)
        else:
            advice = arbiter.overtake(now)
        for item in advice:
            seen.apply(item)
            if isinstance(item, HintOffered) and before is not None and now < before.expires_at:
                assert item.hint.priority <= before.priority
        assert arbiter.live == seen.live
    for item in arbiter.finish(now + 1):
        seen.apply(item)
    assert seen.ended == [hint.hint_id for hint in seen.offered]
    return seen.offered


@given(steps)
def test_one_hint_is_live_the_less_urgent_never_wins_and_each_ends_exactly_once(
    script: list[tuple[float, str, list[Candidate]]],
) -> None:
    play(script)


@given(steps)
def test_two_hints_keep_their_distance_unless_the_second_is_more_urgent(
    script: list[tuple[float, str, list[Candidate]]],
) -> None:
    offered = play(script)
    for one, following in pairwise(offered):
        distance = following.offered_at - one.offered_at
        alerts = one.priority is following.priority is Priority.ALERT
        least = SETTINGS.min_alert_interval if alerts else SETTINGS.min_interval
        assert following.priority < one.priority or distance >= least


@given(steps)
def test_a_strategy_is_not_repeated_for_its_cause_within_its_time(
    script: list[tuple[float, str, list[Candidate]]],
) -> None:
    last: dict[tuple[str, str], Hint] = {}
    for hint in play(script):
        key = (hint.strategy, hint.cause)
        if key in last:
            assert hint.offered_at >= last[key].offered_at + last[key].ttl
        last[key] = hint


@given(steps)
def test_nothing_below_the_confidence_floor_is_shown(
    script: list[tuple[float, str, list[Candidate]]],
) -> None:
    assert all(hint.confidence >= SETTINGS.min_confidence for hint in play(script))


@given(steps)
def test_guidance_and_information_never_exceed_what_the_call_has_earned(
    script: list[tuple[float, str, list[Candidate]]],
) -> None:
    offered = play(script)
    for index, hint in enumerate(offered):
        if hint.priority < Priority.GUIDANCE:
            continue
        earned = SETTINGS.hint_reserve + hint.offered_at * SETTINGS.hints_per_five_minutes / 300
        soft = [one for one in offered[: index + 1] if one.priority >= Priority.GUIDANCE]
        assert len(soft) <= earned + 1e-6
