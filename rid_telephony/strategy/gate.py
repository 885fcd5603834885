"""What may be offered now: the relationship's gate, anger, refusal."""

from __future__ import annotations

from rid_telephony.rid.profile.messages import Profile
from rid_telephony.strategy.memory import CallMemory
from rid_telephony.strategy.playbook import StrategyInfo
from rid_telephony.strategy.vocabulary import GATES


def permits(info: StrategyInfo, profile: Profile, memory: CallMemory) -> bool:
    """Whether a strategy may be offered to this customer at this moment.

    Args:
        info: What the playbook says of the strategy.
        profile: Its relationship gate must be at least the strategy's.
        memory: To an angry, or a refusing, customer only what is fit for that is offered; while
            both hold, what is fit for both.
    """
    if GATES.index(info.gate) > GATES.index(profile.relationship.gate):
        return False
    return all(stance in info.fit_for for stance in stances_of(memory))


def stances_of(memory: CallMemory) -> tuple[str, ...]:
    """The customer's stances, of ``vocabulary.STANCES``, that limit what may be offered."""
    held = {"angry": memory.angry, "refused": memory.refused}
    return tuple(name for name, holds in held.items() if holds)
