"""From dialogs and links to conversations: one customer, and the agents one after another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from rid_telephony.media.capture.chains import contract
from rid_telephony.media.capture.dialogs import Dialog, Side
from rid_telephony.media.capture.links import Link
from rid_telephony.media.capture.network import endpoint_text
from rid_telephony.media.capture.roles import AgentRules, Candidate, RoleRule, choose_agent

OVERLAP_SECONDS = 1.0
"""A second agent dialog that begins so long before the first one ends is not its successor."""
MAX_AGENTS = 32
"""Agents of one call, one after another."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One party's end of a dialog.

    Attributes:
        dialog: Its number.
        side: The party's own side in it.
        link: The bridge to the far dialog; None if the far party is in the same dialog.
    """

    dialog: int
    side: Side
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """One call, before its timeline is drawn.

    Attributes:
        customer: The customer's leg.
        agents: Agents' legs that were answered, in order; none if nobody answered.
        attempts: Dialogs to agents, or of them, that were never answered.
        rule: What decided who is the agent.
        spare: Dialogs bridged as well (a supervisor, a recorder, a conference): left out.
    """

    customer: Leg
    agents: tuple[Leg, ...]
    attempts: tuple[Leg, ...]
    rule: RoleRule
    spare: int = 0


@dataclass(frozen=True, slots=True)
class Grouped:
    """What the grouping found.

    Attributes:
        conversations: In order of their customers' dialogs.
        consultations: Dialogs between agents only, which belong to no customer's call.
    """

    conversations: list[Conversation]
    consultations: int


class Grouper:
    """Groups linked dialogs.

    Args:
        dialogs: All dialogs.
        links: Their bridges.
        rules: Who is an agent.
    """

    def __init__(self, dialogs: list[Dialog], links: list[Link], rules: AgentRules) -> None:
        self._dialogs = dialogs
        self._rules = rules
        self._links: dict[int, list[Link]] = defaultdict(list)
        own = [link for link in links if not (dialogs[link.one].fork or dialogs[link.other].fork)]
        direct, self._between = contract(own)
        for link in direct:
            self._links[link.one].append(link)
            self._links[link.other].append(link)

    def group(self) -> Grouped:
        """Find the conversations."""
        conversations: list[Conversation] = []
        consultations = 0
        for members in self._components():
            if len(members) == 1:
                conversations.append(self._single(members[0]))
                continue
            customers, rule = self._customers(members)
            used = set(customers)
            for customer in customers:
                conversation = self._bridged(customer, set(customers), rule)
                conversations.append(conversation)
                used.update(leg.dialog for leg in (*conversation.agents, *conversation.attempts))
            consultations += len(set(members) - used)
        conversations.sort(key=lambda found: self._dialogs[found.customer.dialog].begin)
        return Grouped(conversations, consultations)

    def _components(self) -> list[list[int]]:
        """Dialogs joined by links, each group in order of beginning."""
        left = {n for n, dialog in enumerate(self._dialogs) if not dialog.fork} - self._between
        groups: list[list[int]] = []
        while left:
            stack, members = [left.pop()], []
            while stack:
                number = stack.pop()
                members.append(number)
                near = {link.far(number) for link in self._links.get(number, ())} & left
                left -= near
                stack.extend(near)
            groups.append(sorted(members, key=lambda n: (self._dialogs[n].begin, n)))
        return groups

    def _single(self, number: int) -> Conversation:
        """Both parties are the ends of one dialog: it was captured at a phone."""
        both = [self._candidate(number, side, side.other, number) for side in Side]
        agent, rule = choose_agent(both[0], both[1], self._rules)
        legs = [Leg(number, side) for side in Side]
        agents = (legs[agent],) if self._dialogs[number].talked else ()
        return Conversation(legs[1 - agent], agents, (), rule)

    def _customers(self, members: list[int]) -> tuple[list[int], RoleRule]:
        if len(members) == 2:
            one, other = map(self._party, members)
            agent, rule = choose_agent(one, other, self._rules)
            return [members[1 - agent]], rule
        if self._rules.overrides:
            named = {n for n in members if self._rules.named(self._party(n))}
            near = [n for n in members if named & self._partners(n) and n not in named]
            if near:
                return [max(near, key=self._standing)], RoleRule.OVERRIDE
        others = [n for n in members if not self._rules.matches(self._party(n).users)]
        if 0 < len(others) < len(members):
            return others, RoleRule.PATTERN
        return [max(members, key=self._standing)], RoleRule.MOST_PARTNERS

    def _standing(self, number: int) -> tuple[int, float]:
        return len(self._partners(number)), -self._dialogs[number].begin

    def _partners(self, number: int) -> set[int]:
        return {link.far(number) for link in self._links[number]}

    def _party(self, number: int) -> Candidate:
        """The party of a bridged dialog: the end that is not the PBX."""
        link = self._links[number][0]
        far = link.far(number)
        return self._candidate(number, link.pbx_side(number).other, link.pbx_side(far), far)

    def _candidate(self, number: int, side: Side, seen_as: Side, seen_in: int) -> Candidate:
        dialog = self._dialogs[number]
        media = list(dialog.ends[side].media)
        texts = [endpoint_text(where) for where in media]
        bridged = seen_in != number
        return Candidate(
            users=dialog.users(side),
            aliases=self._dialogs[seen_in].users(seen_as) if bridged else (),
            addresses=(*texts, *(text.rpartition(":")[0].strip("[]") for text in texts)),
            called=side is Side.CALLEE,
            begin=dialog.begin,
        )

    def _bridged(self, customer: int, customers: set[int], rule: RoleRule) -> Conversation:
        links = [link for link in self._links[customer] if link.far(customer) not in customers]
        if not links:
            return self._single(customer)
        legs = [
            Leg(link.far(customer), link.pbx_side(link.far(customer)).other, link) for link in links
        ]
        talked = [leg for leg in legs if self._dialogs[leg.dialog].talked]
        talked.sort(key=lambda leg: self._answered(leg.dialog))
        agents = self._successive(talked)
        link = (agents or legs)[0].link or links[0]
        return Conversation(
            Leg(customer, link.pbx_side(customer).other, link),
            tuple(agents),
            tuple(leg for leg in legs if leg not in talked),
            rule,
            spare=len(talked) - len(agents),
        )

    def _successive(self, legs: list[Leg]) -> list[Leg]:
        """Keep one agent at a time; of two at once the one who is heard and hears."""
        kept: list[Leg] = []
        for leg in legs:
            if len(kept) >= MAX_AGENTS:
                break
            if not kept or not self._overlap(kept[-1], leg):
                kept.append(leg)
            elif _two_way(leg) and not _two_way(kept[-1]):
                kept[-1] = leg
        return kept

    def _overlap(self, before: Leg, after: Leg) -> bool:
        begin = self._answered(after.dialog)
        if after.link is not None:
            begin = max(begin, after.link.first)
        return begin < self._dialogs[before.dialog].until - OVERLAP_SECONDS

    def _answered(self, number: int) -> float:
        dialog = self._dialogs[number]
        return dialog.begin if dialog.answered is None else dialog.answered


def _two_way(leg: Leg) -> bool:
    return leg.link is not None and leg.link.two_way
