"""Masks personal data in text before it is stored or leaves the node.

Recognised text writes numbers in Chinese numerals (一三九…), typed text in digits; both are
masked. Amounts of money, rates and dates stay readable: only runs that are long enough to
identify somebody, or that follow a word which says so (验证码, 密码, 卡号), are hidden.
"""

from __future__ import annotations

import re

MASK = "＊"
SHOWN_FROM = 4
"""An address that is no longer than this is hidden whole."""

_NUMERAL = "0-9０-９零〇一二三四五六七八九幺两"
_GAP = "[-\\s·]?"
_LONG_RUN = re.compile(rf"(?:[{_NUMERAL}]{_GAP}){{6,}}[{_NUMERAL}xX]")
_SECRET = re.compile(
    rf"(验证码|动态码|短信码|校验码|密码|口令|卡号|账号|尾号|身份证号?|证件号)"
    rf"(是|为|[:：])?\s*([{_NUMERAL}A-Za-z]{{3,}})"
)
_EMAIL = re.compile(r"[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9-]{1,64}(?:\.[A-Za-z0-9-]{1,32}){1,4}")
_YEAR_LIKE = re.compile(r"^(?:二零|一九|20|19)..$")


def mask_text(text: str) -> str:
    """Hide telephone, identity card and account numbers, codes, passwords and e-mail addresses.

    Args:
        text: An utterance or a quote of one.

    Returns:
        The text with every hidden character replaced by ``＊``; the length is kept, so that
        spans into the text stay valid.
    """
    text = _EMAIL.sub(lambda match: MASK * len(match.group()), text)
    text = _SECRET.sub(_hide_secret, text)
    return _LONG_RUN.sub(lambda match: MASK * len(match.group()), text)


def mask_number(number: str) -> str:
    """Hide an address, a number or a SIP user, but for its last two characters."""
    shown = number[-2:] if len(number) > SHOWN_FROM else ""
    return MASK * (len(number) - len(shown)) + shown


def mask_name(name: str) -> str:
    """Hide a person's name but for the first character (the surname, in Chinese)."""
    shown = name[:1] if name[:1].isalnum() else ""
    return shown + MASK * (len(name) - len(shown))


def _hide_secret(match: re.Match[str]) -> str:
    secret = match.group(3)
    if _YEAR_LIKE.match(secret):
        return match.group()
    kept = match.group()[: match.start(3) - match.start()]
    return kept + MASK * len(secret)
