"""The audience of a notice: a small language over units, parsed once, with errors that point at the word."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot import errors
from bot.roster.units import Unit

Predicate = Callable[[Unit, str], bool]  # the unit, and the code of its county ('' where it has none)

WORDS: dict[str, Predicate] = {
    "schools": lambda u, _: u.kind == "school",
    "k12": lambda u, _: u.kind == "school" and u.stage != "幼儿园",
    "kindergartens": lambda u, _: u.kind == "school" and u.stage == "幼儿园",
    "colleges": lambda u, _: u.kind == "college",
    "counties": lambda u, _: u.kind == "county",
    "city-run": lambda u, _: u.kind == "school" and u.county_id is None,
    "boarding": lambda u, _: u.owes_answers and u.boarding,
    "school_bus": lambda u, _: u.owes_answers and u.school_bus,
    "canteen": lambda u, _: u.owes_answers and u.canteen,
    "waterside": lambda u, _: u.owes_answers and u.waterside,
    "private": lambda u, _: u.owes_answers and u.ownership == "民办",
}
KEYED: dict[str, Callable[[str], Predicate]] = {
    "county": lambda value: lambda u, county: u.owes_answers and county == value,
    "unit": lambda value: lambda u, _: u.code == value,
    "stage": lambda value: lambda u, _: u.owes_answers and u.stage == value,
    "tag": lambda value: lambda u, _: u.owes_answers and value in u.tags,
}
ADMINS = "admins"
ALLOWED = " · ".join([*WORDS, *(f"{key}:…" for key in KEYED), ADMINS])
DEPTH = 50  # brackets within brackets
_TOKEN = re.compile(r"[()]|[^\s()]+")
_HALF_WIDTH = str.maketrans("\uff08\uff09\uff1a", "():")  # a Chinese keyboard's brackets and colon


@dataclass(frozen=True, slots=True)
class Audience:
    """Whom a notice is for.

    Attributes:
        text: as written.
        codes: unit and county codes it names; `select` refuses those that do not exist.
        is_admins: for the administrators of the bot, not for units.
    """

    text: str
    holds: Predicate
    codes: frozenset[str]
    is_admins: bool = False

    def select(self, units: list[Unit]) -> list[Unit]:
        """The units meant, in the order given.

        Raises:
            Refused: when a code named in it is not in the roster.
        """
        codes = {u.id: u.code for u in units}
        unknown = sorted(self.codes - set(codes.values()))
        if unknown:
            raise errors.Refused(f"audience:名册里没有 {'、'.join(unknown)}")
        return [u for u in units if self.holds(u, codes.get(u.county_id or 0, ""))]


def parse(text: str) -> Audience:
    """The audience written as e.g. `schools and (boarding or tag:山区) and not county:DH`.

    `not` binds tighter than `and`, `and` tighter than `or`. `county:CODE` means the schools of that county,
    not its bureau. `admins` stands alone.

    Raises:
        Refused: naming the word that is wrong, where it stands and what is allowed.
    """
    if text.strip() == ADMINS:
        return Audience(text, lambda *_: False, frozenset(), is_admins=True)
    reader = _Reader(text)
    holds = reader.either()
    if (left := reader.peek()) is not None:
        raise reader.fault(left, "多出来的词")
    return Audience(text, holds, frozenset(reader.codes))


class _Reader:
    """Recursive descent over the words."""

    def __init__(self, text: str) -> None:
        self._tokens = list(_TOKEN.finditer(text.translate(_HALF_WIDTH)))
        self._at = 0
        self._depth = 0
        self._text = text
        self.codes: list[str] = []

    def peek(self) -> re.Match[str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def fault(self, token: re.Match[str] | None, what: str) -> errors.Refused:
        where = f"第 {token.start() + 1} 个字“{token.group()}”" if token else "结尾"
        return errors.Refused(
            f"audience “{self._text}” {where}:{what}。可以写:{ALLOWED},用 and / or / not 和括号连接"
        )

    def _accept(self, word: str) -> bool:
        token = self.peek()
        if token is None or token.group() != word:
            return False
        self._at += 1
        return True

    def either(self) -> Predicate:
        sides = [self._both()]
        while self._accept("or"):
            sides.append(self._both())
        return sides[0] if len(sides) == 1 else lambda u, c: any(side(u, c) for side in sides)

    def _both(self) -> Predicate:
        sides = [self._single()]
        while self._accept("and"):
            sides.append(self._single())
        return sides[0] if len(sides) == 1 else lambda u, c: all(side(u, c) for side in sides)

    def _single(self) -> Predicate:
        self._depth += 1
        token = self.peek()
        if self._depth > DEPTH:
            raise self.fault(token, f"括号和 not 套了 {DEPTH} 层以上")
        try:
            if self._accept("not"):
                inner = self._single()
                return lambda u, c: not inner(u, c)
            if self._accept("("):
                inner = self.either()
                if not self._accept(")"):
                    raise self.fault(self.peek(), "少一个右括号")
                return inner
            return self._word()
        finally:
            self._depth -= 1

    def _word(self) -> Predicate:
        token = self.peek()
        if token is None:
            raise self.fault(None, "少一个词")
        self._at += 1
        word = token.group()
        key, _, value = word.partition(":")
        if key in KEYED and value:
            if key in ("county", "unit"):
                self.codes.append(value)
            return KEYED[key](value)
        if word in WORDS:
            return WORDS[word]
        raise self.fault(token, f"{ADMINS} 只能单独写" if word == ADMINS else "不认识的词")
