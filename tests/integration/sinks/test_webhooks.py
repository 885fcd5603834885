"""Webhooks against a receiver on loopback: order, retries, restarts, filters."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from pathlib import Path

import pytest
from sinks_kit import SECRET, Receiver, Request, stage, status
from webhook_kit import dead_letters, one_by_one, run, sending, settings

from rid_telephony.cti.server.hub import HubLimits
from rid_telephony.cti.sinks.making import make_webhooks
from rid_telephony.settings.server import WebhookTarget

pytestmark = pytest.mark.integration


def test_events_arrive_signed_and_in_order_with_a_receivers_own_check(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, Receiver() as receiver:
            async with sending(on, settings(receiver)) as webhooks:
                for _ in range(20):
                    on.say("a")
                    on.say("b")
                await receiver.until(lambda: len(receiver.requests) == 40)
            assert receiver.of("a") == receiver.of("b") == list(range(1, 21))
            assert webhooks.figures()["webhook_t0_delivered_total"] == 40
            assert webhooks.figures()["webhooks_behind"] == 0
            assert len({request.headers["webhook-id"] for request in receiver.requests}) == 40
            for request in receiver.requests:
                assert signed_by_hand(request)
                assert request.headers["content-type"].startswith("application/cloudevents+json")

    run(story())


def signed_by_hand(request: Request) -> bool:
    """The check as the specification words it, without any library."""
    headers = request.headers
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
    return headers["webhook-signature"] == f"v1,{expected}"


def test_a_failing_target_gets_each_event_again_with_the_same_id(tmp_path: Path) -> None:
    async def story() -> None:
        answers = [status(500), status(503)]
        async with (
            stage(tmp_path) as on,
            Receiver(one_by_one(answers)) as receiver,
        ):
            async with sending(on, settings(receiver)) as webhooks:
                on.say("a", 2)
                await receiver.until(lambda: len(receiver.requests) == 4)
            assert receiver.of("a") == [1, 1, 1, 2]
            assert len({request.headers["webhook-id"] for request in receiver.requests}) == 2
            assert webhooks.stats["t0"].failed_attempts == 2
            assert webhooks.stats["t0"].delivered == 2

    run(story())


def test_a_call_that_is_refused_does_not_hold_others_and_becomes_a_dead_letter(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        def answer(request: Request) -> bytes:
            poison = request.event["subject"] == "bad" and request.event["sequence"] == 1
            return status(422 if poison else 200)

        async with stage(tmp_path) as on, Receiver(answer) as receiver:
            async with sending(on, settings(receiver, attempts=4)):
                on.say("bad", 2)
                on.say("good", 3)
                await receiver.until(lambda: 2 in receiver.of("bad"))
                assert receiver.of("good") == [1, 2, 3]
                assert receiver.of("bad") == [1, 1, 1, 1, 2]
                await dead_letters(on, 1)
            letter = next(on.store.letters.list())
            assert (letter.target, letter.attempts, letter.reason) == ("t0", 4, "HTTP 422")
            assert letter.call_id == "bad"

    run(story())


def test_a_target_that_hangs_holds_no_other_target(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, Receiver(lambda _: None) as stuck, Receiver() as good:
            chosen = settings(stuck, good, timeout=0.2, attempts=2)
            async with sending(on, chosen):
                on.say("a", 5)
                await good.until(lambda: len(good.requests) == 5)
                assert len(stuck.requests) <= 2
                await dead_letters(on, 1)
            assert next(on.store.letters.list("t0")).reason == "no answer within 0.2 s"
            assert on.store.letters.count("t1") == 0

    run(story())


def test_a_target_that_asks_for_time_gets_it_for_all_its_calls(tmp_path: Path) -> None:
    async def story() -> None:
        answers = [status(429, "Retry-After: 1")]
        async with (
            stage(tmp_path) as on,
            Receiver(one_by_one(answers)) as receiver,
        ):
            async with sending(on, settings(receiver)):
                on.say("a")
                await receiver.until(lambda: len(receiver.requests) == 1)
                on.say("b")
                await receiver.until(lambda: len(receiver.requests) == 3)
            first, *later = receiver.requests
            assert min(request.at for request in later) - first.at > 0.9

    run(story())


def test_gone_ends_a_target_until_the_next_start_and_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            stage(tmp_path) as on,
            Receiver(lambda _: status(410)) as gone,
            Receiver() as good,
        ):
            async with sending(on, settings(gone, good)) as webhooks:
                on.say("a", 3)
                await good.until(lambda: len(good.requests) == 3)
                assert webhooks.stats["t0"].disabled
                assert len(gone.requests) == 1
            assert on.store.letters.count() == 0
            gone.answer = lambda _: status(200)
            async with sending(on, settings(gone, good)):
                await gone.until(lambda: gone.of("a") == [1, 1, 2, 3])

    run(story())


def test_a_restart_goes_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver() as receiver:
            async with stage(tmp_path) as on, sending(on, settings(receiver)):
                on.say("a", 3)
                await receiver.until(lambda: len(receiver.requests) == 3)
            async with stage(tmp_path) as on:
                on.say("b", 4)  # while no sink runs
                async with sending(on, settings(receiver)):
                    on.say("c", 2)
                    await receiver.until(lambda: len(receiver.requests) == 9)
            assert receiver.of("a") == [1, 2, 3]
            assert receiver.of("b") == [1, 2, 3, 4]
            assert receiver.of("c") == [1, 2]

    run(story())


def test_what_a_target_did_not_take_before_a_restart_comes_after_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with Receiver(lambda _: status(503)) as receiver:
            chosen = settings(receiver, attempts=30, first_pause=5, longest_pause=5)
            async with stage(tmp_path) as on:
                webhooks = make_webhooks(chosen, on.hub, on.store)
                assert webhooks
                await webhooks.start()
                on.say("a", 3)
                on.say("b", 1)
                await receiver.until(lambda: len(receiver.requests) >= 2)
                await webhooks.close(patience=0.05)
            receiver.answer = lambda _: status(200)
            receiver.requests.clear()
            async with stage(tmp_path) as on, sending(on, chosen):
                await receiver.until(lambda: len(receiver.requests) == 4)
            assert receiver.of("a") == [1, 2, 3]

    run(story())


def test_a_slow_target_loses_nothing_though_its_queue_ran_over(tmp_path: Path) -> None:
    async def story() -> None:
        limits = HubLimits(waiting_events=20, recent_events=50)
        async with stage(tmp_path, limits) as on, Receiver() as receiver:
            async with sending(on, settings(receiver)):
                for _ in range(10):
                    for call in "abcd":
                        on.say(call, 10)
                    await asyncio.sleep(0)
                await receiver.until(lambda: len(receiver.requests) >= 400)
            for call in "abcd":
                assert receiver.of(call) == list(range(1, 101))
            assert {request.event["type"] for request in receiver.requests} == {"call.held"}
            assert on.hub.figures["feed_events_dropped_total"] > 0

    run(story())


def test_a_new_target_gets_what_happens_from_now_on(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, Receiver() as receiver:
            on.say("old", 5)
            async with sending(on, settings(receiver)):
                on.say("new", 2)
                await receiver.until(lambda: len(receiver.requests) == 2)
            assert receiver.of("old") == []

    run(story())


def test_a_target_gets_only_what_it_wants(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as on, Receiver() as receiver:
            target = WebhookTarget(
                name="t0", url=receiver.url, secret=SECRET, types=("call.*",), agents=("10*",)
            )
            async with sending(on, settings(targets=(target,))):
                on.say("other", agent="2001")
                on.say("mine", agent="1002")
                await receiver.until(lambda: len(receiver.requests) == 1)
            assert receiver.of("mine") == [1]
            assert on.store.cursor("webhook:t0") == 2

    run(story())


def test_without_a_store_events_flow_and_what_is_given_up_is_counted(tmp_path: Path) -> None:
    async def story() -> None:
        def answer(request: Request) -> bytes:
            return status(500 if request.event["subject"] == "bad" else 200)

        async with stage(tmp_path) as on, Receiver(answer) as receiver:
            async with sending(on, settings(receiver), keep=False) as webhooks:
                on.say("bad")
                on.say("good")
                await receiver.until(lambda: len(receiver.requests) == 4)
            assert webhooks.stats["t0"].lost == 1
            assert webhooks.stats["t0"].delivered == 1

    run(story())


def test_a_store_that_refuses_a_dead_letter_does_not_lose_the_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rid_telephony.cti.sinks import runner
    from rid_telephony.errors import StoreError

    monkeypatch.setattr(runner, "FIRST_PAUSE", 0.01)

    async def story() -> None:
        async with stage(tmp_path) as on, Receiver(lambda _: status(500)) as receiver:
            add, refused = on.store.letters.add, []

            def refuse_once(letter: object) -> None:
                if not refused:
                    refused.append(letter)
                    raise StoreError("The disk is full.")
                add(letter)  # type: ignore[arg-type]  # what the sink gave

            monkeypatch.setattr(on.store.letters, "add", refuse_once)
            async with sending(on, settings(receiver, attempts=1)):
                on.say("a")
                await dead_letters(on, 1)
            assert receiver.of("a") == [1, 1]

    run(story())
