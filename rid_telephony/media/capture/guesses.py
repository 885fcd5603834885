"""Links that are guessed, where no relayed payload proves them: loudness, then signalling."""

from __future__ import annotations

from rid_telephony.media.capture.attach import Attachments
from rid_telephony.media.capture.dialogs import Dialog, Side
from rid_telephony.media.capture.links import Evidence, Link, pbx_sides
from rid_telephony.media.capture.loudness import resemblance
from rid_telephony.media.capture.streams import Stream

MIN_RESEMBLANCE = 0.8
"""Correlation of loudness: a transcoded copy has more than 0.9, another voice less than 0.7."""
MARGIN = 0.1
"""The next best has to be worse by so much, or the link is not certain."""
MIN_SCORE = 3
"""Points of :func:`_score` that make a pair."""
MAX_CANDIDATES = 24
"""Dialogs compared with one dialog: those that began last before it and go on."""
MAX_LOOK_BACK = 512
"""Dialogs among which they are sought."""
MAX_COMPARISONS = 4000
"""Comparisons of loudness in one capture, each about a millisecond."""
_RELAY_SECONDS = 0.4


class Guesser:
    """Finds the most likely partner of each dialog that has none.

    Args:
        dialogs: All dialogs.
        joined: Their streams.
        links: What is known already; not changed.
    """

    def __init__(self, dialogs: list[Dialog], joined: Attachments, links: list[Link]) -> None:
        self._dialogs = dialogs
        self._joined = joined
        self._linked: set[int] = set()
        self._busy_until: dict[int, float] = {}
        self._order = sorted(range(len(dialogs)), key=lambda number: dialogs[number].begin)
        self._referred = self._referrals(links)
        self._comparisons = 0
        for link in links:
            self._take(link)

    def guess(self) -> list[Link]:
        """Links for the dialogs without one, in order of their beginnings."""
        links: list[Link] = []
        for place, number in enumerate(self._order):
            if number in self._linked or self._dialogs[number].fork:
                continue
            earlier = self._candidates(place)
            link = self._by_loudness(number, earlier)
            if link is None and self._dialogs[number].signalled:
                link = self._by_signalling(number, earlier)
            elif link is None:
                link = self._by_address(place, earlier)
            if link:
                links.append(link)
                self._take(link)
        return links

    def _take(self, link: Link) -> None:
        """Remember that two dialogs belong together, and until when they talk."""
        self._linked.update((link.one, link.other))
        for number in (link.one, link.other):
            partner = self._dialogs[link.far(number)]
            if partner.talked:
                until = max(self._busy_until.get(number, 0.0), partner.until)
                self._busy_until[number] = until

    def _free(self, number: int, partner: int) -> bool:
        """Tell whether an earlier dialog can be the partner.

        An attempt can join at any time; a conversation only if no other is going on, or if a
        REFER asked for it.
        """
        dialog = self._dialogs[number]
        if not dialog.talked or set(dialog.users(Side.CALLEE)) & self._referred.get(partner, set()):
            return True
        begin = dialog.begin if dialog.answered is None else dialog.answered
        return self._busy_until.get(partner, 0.0) <= begin + 1.0

    def _candidates(self, place: int) -> list[int]:
        """Earlier dialogs that were under way when this one began, the latest first."""
        begin = self._dialogs[self._order[place]].begin
        found: list[int] = []
        for number in reversed(self._order[max(place - MAX_LOOK_BACK, 0) : place]):
            dialog = self._dialogs[number]
            if dialog.until >= begin and not dialog.fork:
                found.append(number)
            if len(found) >= MAX_CANDIDATES:
                break
        return found

    def _by_loudness(self, number: int, earlier: list[int]) -> Link | None:
        if not self._dialogs[number].talked:
            return None
        found: list[tuple[float, int, Side, Side]] = []
        for other in earlier:
            if not self._dialogs[other].talked or not self._free(number, other):
                continue
            for mine, theirs in pbx_sides(self._dialogs[number], self._dialogs[other]):
                there = self._alike(number, mine.other, other, theirs)
                back = self._alike(other, theirs.other, number, mine)
                found.append((max(there, back), other, mine, theirs))
        if not found:
            return None
        found.sort(reverse=True)
        best, other, mine, theirs = found[0]
        if best < MIN_RESEMBLANCE:
            return None
        rival = max((score for score, rival, *_ in found if rival != other), default=0.0)
        return self._link(number, other, (mine, theirs), Evidence.RESEMBLES, best - rival >= MARGIN)

    def _alike(self, sender: int, side: Side, relay: int, pbx: Side) -> float:
        """How much what a party sends resembles what the PBX sends in another dialog."""
        original = _main(self._joined.sent(sender, side))
        copy = _main(self._joined.sent(relay, pbx))
        if original is None or copy is None or self._comparisons >= MAX_COMPARISONS:
            return 0.0
        self._comparisons += 1
        return resemblance(original.loudness, copy.loudness, _RELAY_SECONDS)

    def _by_signalling(self, number: int, earlier: list[int]) -> Link | None:
        dialog = self._dialogs[number]
        found: list[tuple[int, float, int, Side]] = []
        for other in earlier:
            if not self._free(number, other):
                continue
            for mine, theirs in pbx_sides(dialog, self._dialogs[other]):
                score = self._score(number, other, theirs)
                if mine is Side.CALLER and score >= MIN_SCORE:  # the PBX placed this call
                    found.append((score, self._dialogs[other].begin, other, theirs))
        if not found:
            return None
        found.sort(reverse=True)
        score, _, other, theirs = found[0]
        tied = any(rival[0] == score and rival[2] != other for rival in found[1:])
        return self._link(number, other, (Side.CALLER, theirs), Evidence.SIGNALLED, not tied)

    def _by_address(self, place: int, earlier: list[int]) -> Link | None:
        """RTP alone pairs two sessions that share one address, if there are no others."""
        number = self._order[place]
        until = self._dialogs[number].until
        following = self._order[place + 1 : place + 2]
        if len(earlier) != 1 or any(self._dialogs[n].begin <= until for n in following):
            return None
        sides = pbx_sides(self._dialogs[number], self._dialogs[earlier[0]])
        if len(sides) != 1:
            return None
        return self._link(number, earlier[0], sides[0], Evidence.SIGNALLED, certain=False)

    def _score(self, number: int, other: int, theirs: Side) -> int:
        """Points for a dialog that the PBX placed on behalf of an earlier one."""
        dialog, partner = self._dialogs[number], self._dialogs[other]
        caller, target = set(dialog.users(Side.CALLER)), set(dialog.users(Side.CALLEE))
        score = 0
        score += 3 * bool(caller & set(partner.users(theirs.other)))
        score += 2 * bool(target & set(partner.users(theirs)))
        score += 3 * bool(target & self._referred.get(other, set()))
        score += dialog.begin - partner.begin < 10.0
        if dialog.answered is not None and partner.answered is not None:
            score += abs(dialog.answered - partner.answered) < 1.0
        if dialog.ended is not None and partner.ended is not None:
            score += 2 * (abs(dialog.ended - partner.ended) < 1.0)
        return score

    def _referrals(self, links: list[Link]) -> dict[int, set[str]]:
        """For each dialog the users that its partners asked the PBX to transfer it to."""
        referred: dict[int, set[str]] = {}
        for link in links:
            for asker in (link.one, link.other):
                targets = {target for _, target in self._dialogs[asker].refers if target}
                if targets:
                    referred.setdefault(link.far(asker), set()).update(targets)
        return referred

    def _link(
        self, number: int, other: int, sides: tuple[Side, Side], evidence: Evidence, certain: bool
    ) -> Link:
        begin = [self._dialogs[n].answered or self._dialogs[n].begin for n in (number, other)]
        if number > other:
            number, other, sides = other, number, (sides[1], sides[0])
        until = min(self._dialogs[number].until, self._dialogs[other].until)
        return Link(
            number,
            other,
            sides,
            evidence,
            first=max(begin),
            last=until,
            strength=0,
            two_way=False,
            certain=certain,
        )


def _main(streams: list[Stream]) -> Stream | None:
    return max(streams, key=lambda stream: stream.packets, default=None)
