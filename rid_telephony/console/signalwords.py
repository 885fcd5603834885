"""What a signal id of the evidence is called, for people."""

from __future__ import annotations

from rid_telephony.console.words import Words

FAMILIES = (
    ("agent.act.", "agent_act", "agent_act"),
    ("agent.violation.", "violation", "compliance"),
    ("history.resolved.", "resolved", "objection"),
    ("objection.", "objection", "objection"),
    ("emotion.", "emotion", "emotion"),
    ("act.", "act", "act"),
    ("topic.", "topic", "topic"),
    ("age_stage.", "age_stage", "age_stage"),
    ("stratum.", "stratum", "stratum"),
)
"""Beginning of the id, name of its family, group in which its label is named."""


def signal_name(signal: str, words: Words) -> str:
    """The name of a signal such as ``objection.doubt``; the id where it has none."""
    named = words.name("signal", signal)
    if named != signal:
        return named
    for begin, family, group in FAMILIES:
        if signal.startswith(begin):
            label = words.name(group, signal.removeprefix(begin))
            colon = words.say("：", ": ")
            return f"{words.name('signal_family', family)}{colon}{label}"
    return signal
