"""The audience as toggles: words of one group are joined by or, groups by and, what is left out by and not. Pure."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from bot import errors
from bot.roster import access, audience, directory, unit_tree
from bot.roster.units import Unit

CHARS = 400  # as wide as the column that keeps it
KEY_CHARS = 8


class Group(StrEnum):
    """Words that exclude or complete each other."""

    KIND = "k"
    COUNTY = "c"
    STAGE = "s"
    FEATURE = "f"
    TAG = "t"


KINDS = ("schools", "k12", "kindergartens", "colleges", "counties", "city-run")
FEATURES = ("boarding", "school_bus", "canteen", "waterside", "private")
SAID = {
    "schools": "各校", "k12": "中小学", "kindergartens": "幼儿园", "colleges": "高校", "counties": "县局",
    "city-run": "市直学校", "boarding": "寄宿", "school_bus": "校车", "canteen": "食堂", "waterside": "临水",
    "private": "民办", "and": "且", "or": "或", "not": "除外:",
}  # fmt: skip
_KEYED = {"county": Group.COUNTY, "stage": Group.STAGE, "tag": Group.TAG}
_TERM = re.compile(r"(?P<no>not )?(?P<word>[^\s()]+)|\((?P<several>[^()]+)\)")


@dataclass(frozen=True, slots=True)
class Choice:
    """What was tapped, in the order in which it was.

    Attributes:
        taken: words that must hold, one of each group.
        barred: words none of which may hold.
    """

    taken: tuple[str, ...] = ()
    barred: tuple[str, ...] = ()

    def state(self, word: str) -> bool | None:
        """True: taken; False: left out; None: neither."""
        return True if word in self.taken else False if word in self.barred else None

    def turned(self, word: str) -> "Choice":
        """One tap: nothing → taken → left out → nothing."""
        if word in self.taken:
            return Choice(_without(self.taken, word), (*self.barred, word))
        if word in self.barred:
            return replace(self, barred=_without(self.barred, word))
        return replace(self, taken=(*self.taken, word))

    def text(self) -> str:
        """As `audience` reads it; '' where nothing is chosen.

        Raises:
            Refused: longer than we can keep.
        """
        if not self.taken and not self.barred:
            return ""
        terms = []
        for group in Group:
            words = [word for word in self.taken if group_of(word) is group]
            if words:
                terms.append(words[0] if len(words) == 1 else f"({' or '.join(words)})")
        text = " and ".join([*(terms or ["schools"]), *(f"not {word}" for word in self.barred)])
        return checked(text)


def _without(words: tuple[str, ...], word: str) -> tuple[str, ...]:
    return tuple(one for one in words if one != word)


def checked(text: str) -> str:
    """The audience, if it can be kept and read.

    Raises:
        Refused: too long, or not understood.
    """
    if len(text) > CHARS:
        raise errors.Refused("选得太多了,请改用“除外”,或分几次发。")
    audience.parse(text)
    return text


def known(text: str, everyone: list[Unit]) -> str:
    """The audience, if every code in it stands in the roster.

    Raises:
        Refused: one does not, or as `checked`.
    """
    unknown = sorted(audience.parse(checked(text)).codes - {u.code for u in everyone})
    if unknown:
        raise errors.Refused(f"名册里没有代码“{unknown[0][:20]}”。")
    return text


def group_of(word: str) -> Group:
    """The group a word belongs to."""
    key, colon, _ = word.partition(":")
    if colon:
        return _KEYED.get(key, Group.TAG)
    return Group.KIND if word in KINDS else Group.FEATURE


def read(text: str) -> Choice | None:
    """The taps that lead to this text; None where no taps do: somebody wrote it."""
    taken: list[str] = []
    barred: list[str] = []
    for term in text.split(" and ") if text else ():
        found = _TERM.fullmatch(term)
        if found is None:
            return None
        words = found["several"].split(" or ") if found["several"] else [found["word"]]
        (barred if found["no"] else taken).extend(words)
    choice = Choice(tuple(taken), tuple(barred))
    same = Choice(choice.taken, choice.barred)
    return choice if not text or _is(same, text) else None


def _is(choice: Choice, text: str) -> bool:
    try:
        return choice.text() == text
    except errors.Refused:
        return False


def within(text: str, codes: Iterable[str]) -> str:
    """The audience, of these counties only."""
    words = [f"county:{code}" for code in codes]
    only = words[0] if len(words) == 1 else f"({' or '.join(words)})"
    if only in text.split(" and "):
        return text
    return checked(f"{text if _is_plain(text) else f'({text})'} and {only}")


def but(text: str, code: str) -> str:
    """The audience without this county."""
    return checked(f"{text if _is_plain(text) else f'({text})'} and not county:{code}")


def _is_plain(text: str) -> bool:
    """No `or` stands outside brackets."""
    return " or " not in re.sub(r"\([^()]*\)", "", text)


def key(word: str) -> str:
    """Eight characters for a word that may be too long for a button."""
    return hashlib.sha256(word.encode()).hexdigest()[:KEY_CHARS]


@dataclass(frozen=True, slots=True)
class Option:
    """A word that can be tapped, and how many of those within reach it means."""

    word: str
    name: str
    count: int


def options(group: Group, everyone: list[Unit], mine: list[Unit]) -> list[Option]:
    """The words of a group that mean somebody within reach, in the order of the roster.

    Args:
        everyone: all units, for the names of the counties.
        mine: those within the author's reach.
    """
    codes = {u.id: u.code for u in everyone if u.kind == "county"}
    found = []
    for word, name in _words(group, everyone, mine):
        holds = audience.parse(word).holds
        count = sum(holds(u, codes.get(u.county_id or 0, "")) for u in mine)
        if count:
            found.append(Option(word, name, count))
    return found


def _words(group: Group, everyone: list[Unit], mine: list[Unit]) -> list[tuple[str, str]]:
    schools = [u for u in mine if u.owes_answers]
    match group:
        case Group.COUNTY:
            counties = [u for u in everyone if u.kind == "county"]
            return [(f"county:{u.code}", unit_tree.short_name(u.name)) for u in counties]
        case Group.STAGE:
            return [(f"stage:{s}", s) for s in dict.fromkeys(u.stage for u in schools) if _is_word(s)]
        case Group.TAG:
            return [(f"tag:{t}", t) for t in sorted({t for u in schools for t in u.tags}) if _is_word(t)]
    return [(word, SAID[word]) for word in (KINDS if group is Group.KIND else FEATURES)]


def _is_word(text: str) -> bool:
    """It can stand in an audience: no blank, no bracket."""
    return bool(text) and not re.search(r"[\s()\uff08\uff09\uff1a:]", text)


def spoken(text: str, everyone: list[Unit], reach: access.Scope) -> str:
    """The audience in Chinese: `schools and not county:DH` → 各校,除外:大河县; a school out of reach has no name."""
    seen = [u for u in everyone if u.kind == "county" or reach.has(u.place)]
    names = {u.code: unit_tree.short_name(u.name) if u.kind == "county" else u.name for u in seen}

    def say(token: str) -> str:
        key_, colon, value = token.partition(":")
        if token in SAID:
            return SAID[token]
        return names.get(value, value) if colon and key_ in ("county", "unit") else value or token

    said = "".join(say(token) for token in re.findall(r"[()]|[^\s()]+", text))
    return said.replace("且除外:", ",除外:")


def named(text: str, mine: list[Unit]) -> str | None:
    """Units as people call them, or by code, joined by 、 or commas; None where these are words of an audience.

    Raises:
        Refused: a name that nobody within reach has, or several have.
    """
    if _is_audience(text):
        return None
    names = [name for name in re.split(r"[、,\uff0c;\uff1b\s]+", text.strip()) if name]
    some = [u for u in mine if u.owes_answers or u.kind == "county"]
    return checked(" or ".join(_called(name, some) for name in names))


def _called(name: str, some: list[Unit]) -> str:
    found = directory.search(some, name)
    if found.only is not None:
        return f"{'county' if found.only.kind == 'county' else 'unit'}:{found.only.code}"
    if found.units:
        raise errors.Refused(f"“{name[:20]}”有 {len(found.units)} 个,请写全名或代码。")
    raise errors.Refused(f"没找到“{name[:20]}”。请写校名、县名或代码,用顿号隔开。")


def _is_audience(text: str) -> bool:
    try:
        audience.parse(text.strip())
    except errors.Refused:
        return False
    return True
