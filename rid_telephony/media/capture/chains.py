"""Chains of B2BUAs: a border controller before the PBX makes three dialogs of one call."""

from __future__ import annotations

from collections import defaultdict
from itertools import product

from rid_telephony.media.capture.dialogs import Side
from rid_telephony.media.capture.links import Link

MAX_NEIGHBOURS = 8
"""Links on one side of a dialog between two B2BUAs; more of them tell nothing."""


def contract(links: list[Link]) -> tuple[list[Link], frozenset[int]]:
    """Take out the dialogs between two B2BUAs, and link their neighbours with each other.

    A dialog that is bridged on both its sides has no party at either end.

    Returns:
        The links that remain, and the numbers of the dialogs taken out.
    """
    near: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        near[link.one].append(link)
        near[link.other].append(link)
    between: set[int] = set()
    queue = list(near)
    while queue:
        number = queue.pop()
        ends = [[link for link in near[number] if link.pbx_side(number) is side] for side in Side]
        if not all(ends):
            continue
        between.add(number)
        for link in near.pop(number):
            near[link.far(number)].remove(link)
        for one, other in product(ends[0][:MAX_NEIGHBOURS], ends[1][:MAX_NEIGHBOURS]):
            if one.far(number) != other.far(number):
                link = _joined(one, other, number)
                near[link.one].append(link)
                near[link.other].append(link)
                queue += [link.one, link.other]
    remaining = {id(link): link for found in near.values() for link in found}
    return list(remaining.values()), frozenset(between)


def _joined(near: Link, far: Link, between: int) -> Link:
    one, other = sorted((near, far), key=lambda link: link.far(between))
    numbers = one.far(between), other.far(between)
    return Link(
        numbers[0],
        numbers[1],
        (one.pbx_side(numbers[0]), other.pbx_side(numbers[1])),
        near.evidence,
        first=max(near.first, far.first),
        last=min(near.last, far.last),
        strength=min(near.strength, far.strength),
        two_way=near.two_way and far.two_way,
        certain=near.certain and far.certain,
    )
