"""Phone numbers as people write them: mobiles of people, duty phones of units. Mainland China only."""

import enum
import re
import unicodedata
from dataclasses import dataclass

ADVICE_DIGITS_LOST = "Excel 把号码变成了数字,请设为文本,写 11 位数字。"
ADVICE_MOBILE = "手机号是 11 位数字,以 13 到 19 开头。"
ADVICE_DUTY = "请写手机号,或带区号的座机号,如 0310-1234567。"

_MOBILE = re.compile(r"(?:\+?86|0086|0)?(1[3-9]\d{9})")
_MOBILES = re.compile(rf"(?:{_MOBILE.pattern}){{2,}}")
# 010 and 02x are area codes of three digits, all others have four
_LANDLINE = re.compile(r"(?:(?:\+|00)86-?)?(?:(010|02\d|0[3-9]\d\d)-?)?(\d{7,8})(?:(?:-|转)(\d{1,6}))?")
_SERVICE = re.compile(r"([48]00)-?(\d{3})-?(\d{4})")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?e\+?\d+", re.IGNORECASE)
_REMARK = re.compile(r"\([^()\d]*\)")
_BETWEEN = re.compile(r"[,;/、|]|或|和")
_NOT_DIALLED = re.compile(r"[\s().·-]")


class Sort(enum.Enum):
    MOBILE = enum.auto()
    LANDLINE = enum.auto()


@dataclass(frozen=True, slots=True)
class Number:
    """A number in our spelling: 13800000001, 0310-1234567, 0310-1234567-801, 400-123-4567."""

    text: str
    sort: Sort


def read(text: str) -> tuple[Number, ...] | None:
    """The numbers in a text; None if something in it is no number.

    Accepts +86, 0086, 86 or a trunk 0 before a mobile, spaces and dashes within, remarks in brackets, and
    several numbers with `,` `;` `/` `、` `或` or a space between them, or nothing between two mobiles.
    """
    plain = _REMARK.sub(" ", unicodedata.normalize("NFKC", text))
    parts = [part.strip() for part in _BETWEEN.split(plain) if part.strip()]
    found: list[Number] = []
    for part in parts:
        numbers = _part(part)
        if numbers is None:
            return None
        found += numbers
    return tuple(dict.fromkeys(found)) if found else None


def looks_scientific(text: str) -> bool:
    """Whether Excel wrote 1.38E+10 and the digits are lost."""
    return _SCIENTIFIC.fullmatch(text.strip()) is not None


def digits_in(text: str) -> int:
    """How many digits there are, to say that one is missing."""
    return sum(character.isdigit() for character in text)


def _part(part: str) -> list[Number] | None:
    if number := _one(part):
        return [number]
    tokens = [_one(token) for token in part.split()]
    if len(tokens) > 1 and all(tokens):
        return [token for token in tokens if token]
    dialled = _NOT_DIALLED.sub("", part)
    if _MOBILES.fullmatch(dialled):
        return [Number(match[1], Sort.MOBILE) for match in _MOBILE.finditer(dialled)]
    return None


def _one(text: str) -> Number | None:
    dialled = _NOT_DIALLED.sub("", text)
    if mobile := _MOBILE.fullmatch(dialled):
        return Number(mobile[1], Sort.MOBILE)
    spaced = re.sub(r"[\s().]+", "-", text).strip("-")
    if service := _SERVICE.fullmatch(spaced):
        return Number("-".join(service.groups()), Sort.LANDLINE)
    if landline := _LANDLINE.fullmatch(spaced):
        return Number("-".join(group for group in landline.groups() if group), Sort.LANDLINE)
    return None
