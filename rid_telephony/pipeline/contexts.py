"""What the CRM told of customers before their calls. No clock: times are arguments."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rid_telephony.calls.context import NOTHING_KNOWN, combined, same_customer
from rid_telephony.calls.messages import CallStarted, CustomerContext
from rid_telephony.cti.access.scope import Scope
from rid_telephony.cti.server.ports import CallKey

MAX_SCOPES = 4
"""Bearers of different scopes who may tell something under the same key."""


@dataclass(slots=True)
class _Kept:
    until: float
    by_scope: dict[Scope, CustomerContext]


class WaitingContexts:
    """Keeps contexts until a call starts that they belong to, or they are too old.

    What was told by call id or channel id serves one call. What was told by customer id serves
    every call of this customer while it is kept.

    Args:
        most: Keys kept; beyond them the oldest go.
        seconds: How long one is kept.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._kept: OrderedDict[CallKey, _Kept] = OrderedDict()
        self.dropped = 0
        """Keys that went unused: too old, or too many."""
        self.used = 0
        """Calls that began with a context that was kept."""
        self.mismatched = 0
        """Contexts not used because they name another customer than the call."""

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, key: CallKey, context: CustomerContext, scope: Scope, now: float) -> None:
        """Keep a context; one told before under the same key and scope is added to."""
        self._forget(now)
        kept = self._kept.setdefault(key, _Kept(now, {}))
        known = kept.by_scope.pop(scope, NOTHING_KNOWN)
        fits = same_customer(known, context)
        kept.by_scope[scope] = combined(known, context) if fits else context
        kept.until = now + self._seconds
        self._kept.move_to_end(key)
        if len(kept.by_scope) > MAX_SCOPES:
            del kept.by_scope[next(iter(kept.by_scope))]
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
            self.dropped += 1

    def informed(self, started: CallStarted, now: float) -> CallStarted:
        """The call with what was kept for it.

        What the PBX said gives way to what was told by customer id, this to what was told by
        channel id, and this to what was told by call id.
        """
        self._forget(now)
        direct = list(self._told_of(started))
        named = next((one.customer_id for one in reversed(direct) if one.customer_id), "")
        customer = started.context.customer_id or named
        found = [*self._told(CallKey("customer", customer), started), *direct]
        context = started.context
        for told in found:
            if same_customer(context, told):
                context = combined(context, told)
            else:
                self.mismatched += 1
        if context == started.context:
            return started
        self.used += 1
        return replace(started, context=context)

    def _told_of(self, started: CallStarted) -> Iterator[CustomerContext]:
        for leg in started.legs:
            yield from self._told(CallKey("channel", leg.channel), started)
        yield from self._told(CallKey("call", started.call_id), started)

    def _told(self, key: CallKey, started: CallStarted) -> Iterator[CustomerContext]:
        kept = self._kept.get(key)
        if kept is None or not key.value:
            return
        for scope in tuple(kept.by_scope):
            if scope.covers(started.tenant, started.agent, started.queue):
                yield kept.by_scope[scope]
                if key.kind != "customer":
                    del kept.by_scope[scope]
        if not kept.by_scope:
            del self._kept[key]

    def _forget(self, now: float) -> None:
        while self._kept and next(iter(self._kept.values())).until < now:
            self._kept.popitem(last=False)
            self.dropped += 1
