"""``rid-telephony webhook``: dead letters, and a test event."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from rid_telephony.cli.options import ConfigOption, JsonOption, StoreOption
from rid_telephony.cli.screen import say
from rid_telephony.cti.envelope import CloudEvent, schema_urn
from rid_telephony.errors import InputError, RidTelephonyError, SettingsError
from rid_telephony.settings import Settings, load_settings
from rid_telephony.settings.server import WebhookTarget
from rid_telephony.store.dead_letters import DeadLetter
from rid_telephony.store.sinks import SinkStore

if TYPE_CHECKING:
    from rid_telephony.cti.sinks.webhook_sender import Attempt, WebhookSender

TEST_TYPE = "webhook.test"
SHOWN = 50
"""Dead letters listed unless more are asked for."""

app = typer.Typer(
    help=(
        "Webhooks: test a target, look at what it did not take, send that again.\n\n"
        "Targets stand in the settings: `[[webhooks.targets]]` with `name`, `url` and `secret` "
        "(`whsec_` and 32 random bytes as base64: `openssl rand -base64 32`). Requests are signed "
        "as in https://www.standardwebhooks.com; the body is the CloudEvent as JSON."
    ),
    no_args_is_help=True,
)

TargetOption = Annotated[
    str | None, typer.Option("--target", metavar="NAME", help="Only of this target.")
]


class DeliveryError(RidTelephonyError):
    """A target did not take what was sent."""

    code = "webhook_not_delivered"


@app.command()
def test(
    name: Annotated[str, typer.Argument(help="Name of the target in the settings.")],
    config: ConfigOption = None,
) -> None:
    """Send a signed test event to a target, once, and show its answer.

    The event has the type `webhook.test`, which never occurs on the feed. A receiver that
    answers 2xx has taken it; whether it checks the signature, it must say itself.

    Example: `rid-telephony webhook test crm --config rid.toml`
    """
    settings = load_settings(config)
    attempt = asyncio.run(_send_once(_sender(_target(settings, name), settings), _test_event()))
    if not _is_delivered(attempt):
        raise DeliveryError(f"{name}: {_told(attempt)}", _advice(attempt))
    say(f"{name}: {_told(attempt)}")


@app.command()
def dead(
    target: TargetOption = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = SHOWN,
    as_json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """List the events that a target did not take, oldest first.

    An event becomes a dead letter after `webhooks.attempts` failed attempts; those of its call
    that came after it were sent nevertheless, so a receiver sees a hole in `sequence`.
    `--json` writes one a line, with the whole event.

    Example: `rid-telephony webhook dead --target crm`
    """
    with _opened(load_settings(config), store) as kept:
        letters = kept.letters.list(target, limit=limit)
        if as_json:
            _write_lines(letters)
            return
        count = kept.letters.count(target)
        if not count:
            say("No dead letters.")
            return
        _show(letters)
        say(f"{count} in all. `rid-telephony webhook resend` sends them again.")


@app.command()
def resend(
    target: TargetOption = None,
    ids: Annotated[
        list[int] | None, typer.Option("--id", help="Only this one; may be repeated.")
    ] = None,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Send dead letters again, oldest first, and forget those that are taken.

    Each is tried once, with the `webhook-id` that it had, so that a receiver which knows it
    already may skip it. A target that fails three times in a row is left alone. `serve` may run
    meanwhile.

    Exit codes: 0 all were taken, 1 some were not.

    Example: `rid-telephony webhook resend --target crm`
    """
    settings = load_settings(config)
    if target is not None:
        _target(settings, target)
    with _opened(settings, store) as kept:
        letters = kept.letters.list(target, ids or ())
        taken, left = asyncio.run(_resend(settings, kept, letters))
    say(f"{taken} taken, {left} left.")
    if left:
        raise DeliveryError(
            f"{left} dead letters were not taken.",
            "`rid-telephony webhook test NAME` shows a target's answer.",
        )


FAILURES_IN_A_ROW = 3


async def _resend(
    settings: Settings, kept: SinkStore, letters: Iterable[DeadLetter]
) -> tuple[int, int]:
    targets = {target.name: target for target in settings.webhooks.targets}
    senders: dict[str, WebhookSender] = {}
    failures: dict[str, int] = {}
    taken = left = 0
    try:
        for letter in letters:
            name = letter.target
            if name not in targets or failures.get(name, 0) >= FAILURES_IN_A_ROW:
                left += 1
                continue
            sender = senders.get(name) or _sender(targets[name], settings)
            senders[name] = sender
            attempt = await sender.send(letter.line)
            if _is_delivered(attempt):
                kept.letters.remove(letter.letter_id)
                failures[name] = 0
                taken += 1
                continue
            failures[name] = failures.get(name, 0) + 1
            left += 1
            say(f"{letter.letter_id} to {name}: {_told(attempt)}")
    finally:
        for sender in senders.values():
            await sender.close()
    return taken, left


async def _send_once(sender: WebhookSender, event: CloudEvent) -> Attempt:
    try:
        return await sender.send(event.line())
    finally:
        await sender.close()


def _sender(target: WebhookTarget, settings: Settings) -> WebhookSender:
    try:
        from rid_telephony.cti.sinks.webhooks import sender_for  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"Webhooks need {error.name}, which is not installed.",
            "Run: pip install 'rid-telephony[server]'",
        ) from error
    return sender_for(target, settings.webhooks)


def _target(settings: Settings, name: str) -> WebhookTarget:
    targets = {target.name: target for target in settings.webhooks.targets}
    if name in targets:
        return targets[name]
    known = ", ".join(targets) or "none; add [[webhooks.targets]]"
    raise InputError(f"There is no webhook target {name!r}.", f"In the settings: {known}.")


def _opened(settings: Settings, store: str | None) -> closing[SinkStore]:
    return closing(SinkStore(store or settings.store.url, settings.webhooks.dead_letters))


def _test_event() -> CloudEvent:
    return CloudEvent(
        id=f"test/{uuid4()}",
        source="/rid-telephony",
        type=TEST_TYPE,
        subject="test",
        time=datetime.now(UTC),
        dataschema=schema_urn(TEST_TYPE),
        sequence=1,
        cursor=1,
        tenant="test",
        agent="",
        data={"at_ms": 0, "message": "A test of this webhook."},
    )


def _is_delivered(attempt: Attempt) -> bool:
    return attempt.verdict == "delivered"


def _told(attempt: Attempt) -> str:
    return ": ".join(filter(None, (attempt.reason, attempt.excerpt)))


def _advice(attempt: Attempt) -> str:
    if "webhooks.allowed_hosts" in attempt.reason:
        return ""
    return "The receiver must answer 2xx within webhooks.timeout, at this very URL."


def _write_lines(letters: Iterable[DeadLetter]) -> None:
    for letter in letters:
        told = {
            "id": letter.letter_id,
            "target": letter.target,
            "failed_at": letter.failed_at,
            "attempts": letter.attempts,
            "reason": letter.reason,
            "event": json.loads(letter.line),
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")


def _show(letters: Iterable[DeadLetter]) -> None:
    table = Table("id", "target", "failed at (UTC)", "attempts", "event", "call", "reason")
    for letter in letters:
        row = (
            str(letter.letter_id),
            letter.target,
            letter.failed_at[:19],
            str(letter.attempts),
            letter.type,
            letter.call_id,
            letter.reason,
        )
        table.add_row(*map(Text, row))
    Console().print(table)
