"""``rid-telephony token``: who may follow the feed, and how much of it."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from rid_telephony.cli.options import ConfigOption, JsonOption, StoreOption
from rid_telephony.cli.screen import say
from rid_telephony.cti.access.scope import Right, Scope
from rid_telephony.cti.access.tokens import Token, TokenBook
from rid_telephony.settings import load_settings
from rid_telephony.store.access import AccessStore

app = typer.Typer(
    help=(
        "Tokens for integrators, panels and monitoring: make, list, revoke.\n\n"
        "A token goes in the `Authorization: Bearer` header of every request. Only its hash is "
        "kept; `serve` may be running meanwhile."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

LONGEST_DAYS = 3650

Which = Annotated[str, typer.Argument(help="Its name or its id, as `token list` shows them.")]
NameArgument = Annotated[
    str, typer.Argument(help="Who or what it is for, e.g. crm or agent-1001; must be unique.")
]
RightOption = Annotated[
    list[Right],
    typer.Option(
        "--right",
        help=(
            "What it may do; may be repeated. **read** events and calls, **context**: tell what "
            "the CRM knows, **feedback** on hints, **analyze** text, **metrics**."
        ),
    ),
]
TenantOption = Annotated[
    list[str] | None, typer.Option("--tenant", help="Only this tenant; may be repeated, also *.")
]
AgentOption = Annotated[
    list[str] | None,
    typer.Option("--agent", help="Only calls of this agent; may be repeated, also 10*."),
]
QueueOption = Annotated[
    list[str] | None, typer.Option("--queue", help="Only calls of this queue; may be repeated.")
]
TypeOption = Annotated[
    list[str] | None,
    typer.Option("--type", help="Only events of this type, e.g. hint.*; may be repeated."),
]
DaysOption = Annotated[
    float | None,
    typer.Option(
        "--expires-days",
        min=0.001,
        max=LONGEST_DAYS,
        help="Life in days; without it the token is good until it is revoked.",
    ),
]


@app.command()
def make(
    name: NameArgument,
    right: RightOption = [Right.READ],  # noqa: B006 - typer reads it, nobody changes it
    tenant: TenantOption = None,
    agent: AgentOption = None,
    queue: QueueOption = None,
    event_type: TypeOption = None,
    expires_days: DaysOption = None,
    as_json: JsonOption = False,
    store: StoreOption = None,
    config: ConfigOption = None,
) -> None:
    """Make a token and print it: once, to stdout, and never again.

    Without `--tenant`, `--agent`, `--queue` and `--type` it sees everything.

    A CRM that embeds the panel: `rid-telephony token make crm --right read --right feedback
    --right context --expires-days 365`. It asks `POST /v1/tickets` for a ticket of each agent.

    One agent: `rid-telephony token make agent-1001 --agent 1001 --right read --right feedback`

    Prometheus: `rid-telephony token make prometheus --right metrics`
    """
    scope = Scope(
        *(tuple(values or ()) for values in (tenant, agent, queue, event_type)),
    )
    with _book(store, config) as book:
        text, token = book.make(name, frozenset(right), scope, time.time(), expires_days)
    if as_json:
        _print_json({"token": text, **_shown(token)})
        return
    say(f"Token {token.token_id} for {name}. It is shown this once: keep it as a password.")
    sys.stdout.write(text + "\n")


@app.command(name="list")
def list_tokens(
    as_json: JsonOption = False, store: StoreOption = None, config: ConfigOption = None
) -> None:
    """Show all tokens, what they may do and see, and when they were last used.

    The tokens themselves are not kept and cannot be shown.
    """
    with _book(store, config) as book:
        tokens = book.list()
    if as_json:
        for token in tokens:
            _print_json(_shown(token))
        return
    if not tokens:
        say("There is no token yet. `rid-telephony token make --help` shows how to make one.")
        return
    Console(highlight=False).print(_table(tokens))


@app.command()
def revoke(which: Which, store: StoreOption = None, config: ConfigOption = None) -> None:
    """Revoke a token: its requests, sessions and streams end within seconds.

    Example: `rid-telephony token revoke agent-1001`
    """
    with _book(store, config) as book:
        token = book.revoke(which, time.time())
    say(f"Token {token.token_id} ({token.name}) is revoked.")


@contextmanager
def _book(store: str | None, config: ConfigOption) -> Iterator[TokenBook]:
    table = AccessStore(store or load_settings(config).store.url)
    try:
        yield TokenBook(table)
    finally:
        table.close()


def _print_json(document: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


def _shown(token: Token) -> dict[str, object]:
    return {
        "id": token.token_id,
        "name": token.name,
        "state": _state(token),
        "rights": sorted(token.rights),
        "tenants": token.scope.tenants,
        "agents": token.scope.agents,
        "queues": token.scope.queues,
        "types": token.scope.types,
        "created": _time(token.created),
        "expires": _time(token.expires),
        "last_used": _time(token.last_used),
    }


def _state(token: Token) -> str:
    if token.revoked is not None:
        return "revoked"
    return "good" if token.alive(time.time()) else "expired"


def _time(at: float | None) -> str | None:
    """ISO 8601, UTC; None for never."""
    if at is None or math.isinf(at):
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _table(tokens: list[Token]) -> Table:
    table = Table()
    for column in ("id", "name", "state", "rights", "sees", "expires", "last used"):
        table.add_column(column, overflow="fold")
    for token in tokens:
        table.add_row(
            token.token_id,
            token.name,
            _state(token),
            " ".join(sorted(token.rights)),
            _sees(token.scope),
            _time(token.expires) or "never",
            _time(token.last_used) or "never",
        )
    return table


def _sees(scope: Scope) -> str:
    parts = (
        ("tenant", scope.tenants),
        ("agent", scope.agents),
        ("queue", scope.queues),
        ("type", scope.types),
    )
    said = [f"{name} {', '.join(values)}" for name, values in parts if values]
    return "; ".join(said) or "everything"
