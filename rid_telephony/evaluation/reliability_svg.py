"""A reliability diagram as plain SVG: what was claimed against what was right, head by head.

Each panel has the confidence that was claimed on the x axis and the share of right answers on
the y axis; on the diagonal both are equal. What was claimed and not right is overconfidence,
what was right beyond the claim is doubt without need: both are coloured. Whiskers are 95 %
intervals (Wilson, 1927), so that a bin of three utterances does not look like knowledge. Below
each panel stands how many decisions fell into each bin. (After Guo et al., 2017, figure 1.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from rid_telephony.evaluation.decisions import BINS, Bin, Reliability

SIDE = 300
"""Width and height of a panel's plot, in pixels; so are all lengths here."""
COUNTS = 56
LEFT, TOP, GAP = 64, 96, 72
HEAD, FOOT = 52, 68
COLUMNS = 2
INK, MUTED, LINE, PAPER = "#1f2933", "#66727f", "#e3e8ee", "#ffffff"
BAR, OVER, UNDER = "#3b6fb6", "#e4572e", "#e0a526"
STYLE = f"""
text {{ font-family: system-ui, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif; fill: {INK}; }}
.title {{ font-size: 22px; font-weight: 650; }}
.sub, .axis {{ font-size: 12px; fill: {MUTED}; }}
.head {{ font-size: 16px; font-weight: 600; }}
.tick, .count {{ font-size: 10.5px; fill: {MUTED}; }}
.grid {{ stroke: {LINE}; stroke-width: 1; }}
.ideal {{ stroke: {MUTED}; stroke-width: 1.2; stroke-dasharray: 4 4; }}
.whisker {{ stroke: {INK}; stroke-width: 1.3; opacity: .75; }}
"""


def reliability_svg(heads: Sequence[Reliability], title: str) -> str:
    """The diagram as an SVG document.

    Args:
        heads: A panel for each.
        title: Such as what was scored; any text.
    """
    columns = min(COLUMNS, max(1, len(heads)))
    rows = -(-len(heads) // columns)
    wide = LEFT + columns * SIDE + (columns - 1) * GAP + 36
    high = TOP + rows * (HEAD + SIDE + COUNTS + FOOT) + 12
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" '
        f'viewBox="0 0 {wide} {high}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect width="{wide}" height="{high}" fill="{PAPER}"/>',
        f'<text class="title" x="{LEFT}" y="40">{escape(title)}</text>',
        *_legend(),
    ]
    for index, head in enumerate(heads):
        x = LEFT + (index % columns) * (SIDE + GAP)
        y = TOP + (index // columns) * (HEAD + SIDE + COUNTS + FOOT)
        body += [f'<g transform="translate({x} {y})">', *_panel(head), "</g>"]
    return "\n".join([*body, "</svg>", ""])


def _legend() -> Iterator[str]:
    x = LEFT
    for colour, opacity, words, room in (
        (BAR, 0.9, "right, as claimed", 136),
        (OVER, 0.32, "claimed, but wrong", 146),
        (UNDER, 0.75, "right beyond the claim", 166),
    ):
        yield f'<rect x="{x}" y="57" width="12" height="12" rx="2" fill="{colour}" '
        yield f'fill-opacity="{opacity}"/><text class="sub" x="{x + 18}" y="67">{words}</text>'
        x += room
    yield f'<line class="ideal" x1="{x}" y1="63" x2="{x + 20}" y2="63"/>'
    yield f'<text class="sub" x="{x + 26}" y="67">calibrated</text>'


def _panel(head: Reliability) -> Iterator[str]:
    yield f'<text class="head" x="0" y="18">{escape(head.head)}</text>'
    yield (
        f'<text class="sub" x="0" y="37">ECE {head.error:.3f} · right {head.accuracy:.0%} · '
        f"claimed {head.confidence:.0%} · n {head.count}</text>"
    )
    yield f'<g transform="translate(0 {HEAD})">'
    yield from _frame()
    for one in head.bins:
        yield from _bar(one)
    yield f'<line class="ideal" x1="0" y1="{SIDE}" x2="{SIDE}" y2="0"/>'
    for one in head.bins:
        yield from _whisker(one)
    yield "</g>"
    yield f'<g transform="translate(0 {HEAD + SIDE + 20})">'
    yield from _counts(head.bins)
    yield "</g>"


def _frame() -> Iterator[str]:
    for step in range(0, 11, 2):
        at = SIDE * step / 10
        yield f'<line class="grid" x1="0" y1="{at:g}" x2="{SIDE}" y2="{at:g}"/>'
        share = f"{step * 10}%</text>"
        yield f'<text class="tick" x="-8" y="{SIDE - at + 4:g}" text-anchor="end">{share}'
        yield f'<text class="tick" x="{at:g}" y="{SIDE + 15}" text-anchor="middle">{share}'
    yield (
        f'<text class="axis" transform="translate(-44 {SIDE / 2:g}) rotate(-90)" '
        'text-anchor="middle">right</text>'
    )


def _bar(one: Bin) -> Iterator[str]:
    wide = SIDE / BINS
    x = one.low * SIDE + 1.5
    right, claimed = SIDE * (1 - one.accuracy), SIDE * (1 - one.confidence)
    base = max(right, claimed)
    colour, opacity = (OVER, 0.32) if one.accuracy < one.confidence else (UNDER, 0.75)
    yield _box(x, base, wide - 3, SIDE - base, BAR, 0.9, _told(one))
    yield _box(x, min(right, claimed), wide - 3, abs(right - claimed), colour, opacity, _told(one))


def _whisker(one: Bin) -> Iterator[str]:
    x = (one.low + one.high) / 2 * SIDE
    high, low = SIDE * (1 - one.accuracy_high), SIDE * (1 - one.accuracy_low)
    yield f'<line class="whisker" x1="{x:.1f}" y1="{high:.1f}" x2="{x:.1f}" y2="{low:.1f}"/>'
    for y in (high, low):
        yield (
            f'<line class="whisker" x1="{x - 4:.1f}" y1="{y:.1f}" x2="{x + 4:.1f}" y2="{y:.1f}"/>'
        )


def _counts(bins: Iterable[Bin]) -> Iterator[str]:
    listed = tuple(bins)
    most = max((one.count for one in listed), default=1)
    room = COUNTS - 16
    for one in listed:
        tall = max(1.5, room * one.count / most)
        x = one.low * SIDE + 1.5
        yield _box(x, COUNTS - tall, SIDE / BINS - 3, tall, MUTED, 0.45, _told(one))
        middle = (one.low + one.high) / 2 * SIDE
        yield (
            f'<text class="count" x="{middle:g}" y="{COUNTS - tall - 3:.1f}" '
            f'text-anchor="middle">{one.count}</text>'
        )
    yield f'<line class="grid" x1="0" y1="{COUNTS}" x2="{SIDE}" y2="{COUNTS}"/>'
    yield (
        f'<text class="axis" x="{SIDE / 2:g}" y="{COUNTS + 16}" text-anchor="middle">'
        "confidence claimed, and how many decisions had it</text>"
    )


def _box(x: float, y: float, wide: float, tall: float, fill: str, opacity: float, told: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{max(0.0, tall):.1f}" rx="1.5" '
        f'fill="{fill}" fill-opacity="{opacity}"><title>{told}</title></rect>'
    )


def _told(one: Bin) -> str:
    return (
        f"claimed {one.confidence:.1%}, right {one.accuracy:.1%} "
        f"({one.accuracy_low:.0%} to {one.accuracy_high:.0%}) of {one.count}"
    )
