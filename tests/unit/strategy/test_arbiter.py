"""One hint at a time, and seldom: noise is what users of such systems complain of most."""

from __future__ import annotations

from typing import Any

import pytest
from strategy_builders import candidate, expiries, strategies

from rid_telephony.settings.strategy import StrategySettings
from rid_telephony.strategy.arbiter import Arbiter
from rid_telephony.strategy.messages import HintExpired, Priority


@pytest.fixture
def arbiter() -> Arbiter:
    return Arbiter(StrategySettings(), "call-7")


def test_ids_count_up_from_the_calls_id_so_that_a_replay_gives_the_same_ones(
    arbiter: Arbiter,
) -> None:
    first = arbiter.offer([candidate("give_evidence")], 10)
    second = arbiter.offer([candidate("show_details")], 20)
    ids = [one.hint.hint_id for one in (*first, *second) if hasattr(one, "hint")]
    assert ids == ["call-7-h-001", "call-7-h-002"]


def test_the_more_urgent_candidate_is_chosen_and_then_the_more_certain(arbiter: Arbiter) -> None:
    given = [
        candidate("probe_need", priority=Priority.INFORMATION),
        candidate("give_evidence", confidence=0.7),
        candidate("verify_identity", confidence=0.9),
    ]
    assert strategies(list(arbiter.offer(given, 10))) == ["verify_identity"]


def test_weak_evidence_says_nothing_rather_than_guess(arbiter: Arbiter) -> None:
    assert arbiter.offer([candidate(confidence=0.44)], 10) == ()
    assert arbiter.offer([candidate(confidence=0.7, floor=0.8)], 10) == ()


def test_a_less_urgent_hint_never_replaces_a_live_one(arbiter: Arbiter) -> None:
    arbiter.offer([candidate("soothe_first", priority=Priority.ALERT, ttl=20)], 10)
    assert arbiter.offer([candidate("give_evidence")], 25) == ()
    later = list(arbiter.offer([candidate("give_evidence")], 30))
    assert expiries(later) == ["ttl"]
    assert strategies(later) == ["give_evidence"]


def test_a_more_urgent_hint_replaces_a_live_one_at_once(arbiter: Arbiter) -> None:
    arbiter.offer([candidate("give_evidence")], 10)
    advice = list(arbiter.offer([candidate("soothe_first", priority=Priority.ALERT)], 10.5))
    assert expiries(advice) == ["replaced"]
    assert strategies(advice) == ["soothe_first"]


def test_an_equally_urgent_hint_waits_for_the_interval(arbiter: Arbiter) -> None:
    arbiter.offer([candidate("give_evidence")], 10)
    assert arbiter.offer([candidate("show_details")], 15.9) == ()
    assert strategies(list(arbiter.offer([candidate("show_details")], 16))) == ["show_details"]


def test_a_second_alert_comes_sooner_since_a_customer_explodes_within_seconds(
    arbiter: Arbiter,
) -> None:
    arbiter.offer([candidate("do_not_push", priority=Priority.ALERT)], 10)
    again = [candidate("soothe_first", priority=Priority.ALERT)]
    assert arbiter.offer(again, 12.9) == ()
    assert strategies(list(arbiter.offer(again, 13))) == ["soothe_first"]


def test_the_same_strategy_for_the_same_cause_is_not_repeated_within_its_time(
    arbiter: Arbiter,
) -> None:
    arbiter.offer([candidate(quiet=40.0)], 10)
    assert strategies(list(arbiter.offer([candidate(quiet=40.0)], 49.9))) == []
    assert strategies(list(arbiter.offer([candidate(quiet=40.0)], 50))) == ["give_evidence"]


def test_the_same_strategy_for_another_cause_is_news(arbiter: Arbiter) -> None:
    arbiter.offer([candidate(cause="objection.doubt")], 10)
    assert strategies(list(arbiter.offer([candidate(cause="details.asked")], 17)))


def test_an_objection_that_comes_again_is_answered_another_way(arbiter: Arbiter) -> None:
    both = [
        candidate("give_evidence", confidence=0.9),
        candidate("clarify_concern", confidence=0.8),
    ]
    offered = [strategies(list(arbiter.offer(both, at)))[0] for at in (10, 30, 50)]
    assert offered == ["give_evidence", "clarify_concern", "give_evidence"]


def test_a_stale_hint_expires_at_its_own_time_even_if_noticed_late(arbiter: Arbiter) -> None:
    arbiter.offer([candidate(ttl=15)], 10)
    assert arbiter.expire(24.9) == ()
    assert arbiter.expire(60) == (HintExpired("call-7-h-001", 25, "ttl"),)
    assert arbiter.live is None


def test_a_hint_whose_cause_is_gone_is_taken_away_once(arbiter: Arbiter) -> None:
    arbiter.offer([candidate()], 10)
    assert arbiter.overtake(12) == (HintExpired("call-7-h-001", 12, "overtaken"),)
    assert arbiter.overtake(13) == ()


def test_the_end_of_the_call_takes_the_hint_away(arbiter: Arbiter) -> None:
    arbiter.offer([candidate(ttl=15)], 10)
    assert arbiter.finish(12) == (HintExpired("call-7-h-001", 12, "call_ended"),)
    assert arbiter.finish(13) == ()


def test_a_hint_that_was_stale_before_the_end_is_not_said_to_end_with_the_call(
    arbiter: Arbiter,
) -> None:
    arbiter.offer([candidate(ttl=15)], 10)
    assert arbiter.finish(40) == (HintExpired("call-7-h-001", 25, "ttl"),)


def test_guidance_dries_up_when_the_call_has_spent_its_hints_but_an_alert_does_not() -> None:
    arbiter = Arbiter(StrategySettings(hints_per_five_minutes=0.3, hint_reserve=2), "call")
    quiet = [
        strategies(list(arbiter.offer([candidate(cause=str(at), priority=p)], float(at))))
        for at, p in [
            (20, Priority.GUIDANCE),
            (40, Priority.GUIDANCE),
            (60, Priority.GUIDANCE),
            (80, Priority.OBJECTION),
            (100, Priority.OBJECTION),
            (120, Priority.OBJECTION),
            (140, Priority.COMPLIANCE),
            (160, Priority.ALERT),
        ]
    ]
    assert [bool(each) for each in quiet] == [True, True, False, True, True, False, True, True]


def test_the_allowance_grows_again_with_time() -> None:
    arbiter = Arbiter(StrategySettings(hints_per_five_minutes=12, hint_reserve=1), "call")
    guidance: dict[str, Any] = {"priority": Priority.GUIDANCE}
    assert strategies(list(arbiter.offer([candidate(cause="a", **guidance)], 10)))
    assert strategies(list(arbiter.offer([candidate(cause="b", **guidance)], 34))) == []
    assert strategies(list(arbiter.offer([candidate(cause="b", **guidance)], 36)))


def test_what_was_offered_is_counted_by_strategy(arbiter: Arbiter) -> None:
    for at in (10, 30, 50):
        arbiter.offer([candidate("give_evidence", cause=str(at))], at)
    assert arbiter.offered == {"give_evidence": 3}
