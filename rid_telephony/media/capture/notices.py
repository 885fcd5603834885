"""The warnings that a capture's calls give rise to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rid_telephony.calls.messages import Party
from rid_telephony.media.capture.dialogs import Dialog
from rid_telephony.media.capture.loudness import SILENCE
from rid_telephony.media.capture.plan import CallPlan, Take
from rid_telephony.media.capture.roles import RoleRule
from rid_telephony.media.payloads import PayloadKind
from rid_telephony.media.report import Notes

_UNEXPLAINED_SHARE = 0.05
"""Packets of payload types that no SDP explains; fewer are counted but not told."""
_RULES = {
    RoleRule.CALLEE: "the party that was called is taken for the agent",
    RoleRule.FIRST_CALLED: "the party that the PBX called first is taken for the agent",
    RoleRule.MOST_PARTNERS: "the party with most partners is taken for the customer",
}
_COUNTED = {
    "cut_short": "{} packets were captured only in part (a snap length): they are left out.",
    "malformed": "{} packets with damaged headers are left out.",
    "fragments_dropped": "{} IP fragments without their counterparts are left out.",
    "sip_over_tls": "{} packets of SIP over TLS cannot be read.",
    "sip_tcp_lost": "SIP over TCP has {} holes: messages are missing.",
    "sip_too_long": "{} SIP messages longer than the limit are left out.",
    "sip_unreadable": "{} SIP messages cannot be read.",
    "sdp_unreadable": "{} session descriptions cannot be read.",
    "rtp_malformed": "{} packets that look like RTP cannot be read.",
    "dialogs_without_beginning": "{} SIP dialogs began before the capture: they are left out.",
    "streams_left_out": "{} packets of further RTP streams are left out: there are too many.",
    "dialogs_left_out": "{} messages of further SIP dialogs are left out: there are too many.",
}


def warn_of_counts(notes: Notes) -> None:
    """Put the counters that mean a loss into words."""
    for kind, text in _COUNTED.items():
        if count := notes.counts.get(kind):
            notes.warn(kind, text.format(count))
    for kind, count in sorted(notes.counts.items()):
        if kind.startswith("link type "):
            notes.warn("unknown_link_type", f"{count} packets of {kind} cannot be read.")


def warn_of_call(plan: CallPlan, dialogs: list[Dialog], notes: Notes) -> None:
    """Say what a person should know about one call before trusting its analysis."""
    conversation, call_id = plan.conversation, plan.call_id
    if conversation.rule.guessed:
        notes.warn(
            "role_guessed",
            f"Who is the agent is guessed: {_RULES[conversation.rule]}."
            " Set media.agent_pattern, or give the agent's number.",
            call_id,
        )
    dialog = dialogs[conversation.customer.dialog]
    if not dialog.signalled:
        notes.warn(
            "no_signalling",
            "The capture has RTP but no SIP for this call: parties and times are guessed.",
            call_id,
        )
    link = conversation.agents[0].link if conversation.agents else None
    if conversation.agents and link is None:
        notes.warn(
            "one_leg_only",
            "Only one leg of this call is in the capture; its two directions are the parties.",
            call_id,
        )
    if any(leg.link is not None and not leg.link.certain for leg in conversation.agents):
        notes.warn(
            "pairing_guessed",
            "Another leg would have matched nearly as well: the two legs may not be one call.",
            call_id,
        )
    if conversation.spare:
        notes.warn(
            "extra_leg",
            f"{conversation.spare} more legs took part (a supervisor, a recorder, a conference);"
            " they are left out.",
            call_id,
        )
    for party in Party:
        _warn_of_party([take for take in plan.takes if take.party is party], party, call_id, notes)


def warn_of_override(plans: Sequence[CallPlan], agent_number: str | None, notes: Notes) -> None:
    """Say so where the agent's number that was given names nobody in the capture."""
    if agent_number is None or any(plan.conversation.rule is RoleRule.OVERRIDE for plan in plans):
        return
    notes.warn(
        "agent_number_unknown",
        f"No party of this capture is known as {agent_number}: it decided nothing.",
    )


def _warn_of_party(takes: list[Take], party: Party, call_id: str, notes: Notes) -> None:
    if not takes:
        return
    if not any(take.streams for take in takes):
        notes.warn("no_audio", f"The {party}'s audio is not in the capture.", call_id)
        return
    if any(take.relayed for take in takes):
        notes.warn(
            "relayed_copy",
            f"The {party}'s own audio is not in the capture; the PBX's copy is used.",
            call_id,
        )
    kinds: Counter[PayloadKind | None] = Counter()
    for take in takes:
        kinds.update(take.packets())
    codecs = ", ".join(dict.fromkeys(name for take in takes for name in take.codecs()))
    if kinds[PayloadKind.ENCRYPTED]:
        notes.warn("encrypted_audio", f"The {party}'s audio is encrypted (SRTP).", call_id)
    unexplained = kinds[None] > _UNEXPLAINED_SHARE * kinds.total()
    if kinds[PayloadKind.UNSUPPORTED] or unexplained:
        notes.warn(
            "unsupported_codec",
            f"The {party} sends {codecs}; only PCMU and PCMA can be decoded.",
            call_id,
        )
    audible = kinds[PayloadKind.PCMU] + kinds[PayloadKind.PCMA]
    loudest = max(stream.loudness.loudest for take in takes for stream in take.streams)
    if audible and loudest < SILENCE:
        notes.warn("silent_leg", f"The {party}'s audio is silent throughout.", call_id)
