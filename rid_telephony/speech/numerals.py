"""Arabic numbers in a text to the Chinese numerals that were spoken.

Text is kept in spoken form: it is what people say, what the classifier's corpus holds, and
what error rates are counted in. The rules are a whitelist; where a number fits none of them it
is read as a cardinal. Numbers inside Latin words (R2, C1088, 5G) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from cn2an import an2cn

_MAX_CARDINAL_DIGITS = 16
_MIN_CODE_DIGITS = 5
_MAX_ROUND_DIGITS = 3
"""A long number with at most so many digits before its zeros is round: 12800, not 95588."""
_UNITS = "万亿千百元块角毛分个人位笔份股手克期天日号月年岁倍次张只条款种家项件套公米平吨斤"
"""What follows a quantity; a long number before one of them is not a code."""
_PAIRED = "万亿千百元块毛个位笔份股手克天年岁倍次张只条款种家项件套周句遍成斤样类回门口层页组排辆"
"""Counted by 两 instead of 二."""
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")

_Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str] | str]


def say_numbers(text: str) -> str:
    """Return the text with its ASCII numbers spoken; the rest is untouched. Idempotent."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def _digits(number: str) -> str:
    """Read digit by digit: 95588 is 九五五八八."""
    return number.translate(_DIGITS)


def _cardinal(number: str) -> str:
    if len(number) > _MAX_CARDINAL_DIGITS:
        return _digits(number)
    said = str(an2cn(number, "low"))
    return re.sub(r"^二(?=[百千万亿])", "两", said)


def _is_code(number: str, after: str) -> bool:
    """Tell an account, service or telephone number from a quantity."""
    if len(number) > 1 and number.startswith("0"):
        return True
    if len(number) < _MIN_CODE_DIGITS or (after and after in _UNITS):
        return False
    return len(number.rstrip("0")) > _MAX_ROUND_DIGITS


def _integer(found: re.Match[str]) -> str:
    number = found["number"]
    before = found.string[: found.start()][-1:]
    after = found.string[found.end() :][:1]
    if len(number) == 4 and after == "年" and number[0] in "12":
        return _digits(number)
    if number == "2" and before != "第" and after and (after in _PAIRED or _is_hour(found)):
        return "两"
    return _digits(number) if _is_code(number, after) else _cardinal(number)


def _is_hour(found: re.Match[str]) -> bool:
    following = found.string[found.end() :][:2]
    return following[:1] == "点" and following[1:] not in _NUMERALS


def _decimal(found: re.Match[str]) -> str:
    return f"{_cardinal(found['whole'])}点{_digits(found['part'])}"


def _date(found: re.Match[str]) -> str:
    return f"{found[1]}年{int(found[2])}月{int(found[3])}日"


def _time(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), found[2]
    if minute == "00":
        return f"{hour}点"
    said = _digits(minute) if minute.startswith("0") else _cardinal(minute)
    return f"{hour}点{said}"


def _strip_separators(found: re.Match[str]) -> str:
    return _digits(re.sub(r"[- ]", "", found[0]))


_NUMERALS = tuple("0123456789零一二三四五六七八九十")
_NOT_LATIN = r"(?<![A-Za-z0-9])"
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_WORD = (
    r"[A-Za-z][A-Za-z0-9]*(?:-[0-9][A-Za-z0-9]*)?(?!\.?[A-Za-z0-9])"
    r"|[0-9]+[A-Za-z][A-Za-z0-9]*(?!\.?[A-Za-z0-9])|[A-Za-z]+"
)

_RULES: tuple[_Rule, ...] = (
    # 1,000,000
    (re.compile(r"(?<![0-9.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])"), lambda m: m[0].replace(",", "")),
    # 2024-05-01
    (re.compile(rf"{_NOT_LATIN}((?:19|20)[0-9]{{2}})[-/.]([01]?[0-9])[-/.]([0-3]?[0-9])(?![0-9])"),
     _date),
    # 010-12345678, 400-800-8888, 400 8008888, 138 0013 8000
    (re.compile(rf"{_NOT_LATIN}(?:0[0-9]{{2,3}}[- ][0-9]{{7,8}}|[48]00[- ][0-9]{{3}}[- ]?[0-9]{{4}}"
                r"|1[0-9]{2}[- ][0-9]{4}[- ][0-9]{4})(?![0-9A-Za-z])"), _strip_separators),
    # 8:30
    (re.compile(rf"{_NOT_LATIN}([01]?[0-9]|2[0-3])[:：]([0-5][0-9])(?![0-9:：])"), _time),
    # ¥300, $5万
    (re.compile(rf"[¥￥]({_NUMBER}[万亿]*)元?"), r"\1元"),
    (re.compile(rf"\$({_NUMBER}[万亿]*)(?:美元)?"), r"\1美元"),
    # T+1
    (re.compile(r"([A-Za-z])\+(?=[0-9])"), r"\1加"),
    # 20-30, 20万~30万, 1%-2%
    (re.compile(rf"(?<=[0-9%‰{_UNITS}])\s*[-~–—]+\s*(?=[0-9])"), "到"),
    (re.compile(r"(?<![0-9A-Za-z])-(?=[0-9])"), "负"),
    (re.compile(r"(?<=[0-9])\s+(?=[0-9])"), "，"),
    # 1.9%, 2到3%, 2‰
    (re.compile(rf"{_NOT_LATIN}({_NUMBER}(?:到{_NUMBER})?)%"), r"百分之\1"),
    (re.compile(rf"{_NOT_LATIN}({_NUMBER}(?:到{_NUMBER})?)‰"), r"千分之\1"),
    # 1.9, and whatever else is a number; Latin words with digits pass as they are
    (re.compile(rf"(?P<word>{_WORD})|(?P<whole>[0-9]+)\.(?P<part>[0-9]+)|(?P<number>[0-9]+)"),
     lambda m: m[0] if m["word"] else _decimal(m) if m["whole"] else _integer(m)),
)  # fmt: skip
