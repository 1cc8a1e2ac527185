"""Who does an item and by when, where it says so in a form that can mean nothing else; pure."""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass

from bot import errors
from bot.composing import when

PARTY_CHARS = 40
_TAIL = re.compile(
    r"\s*[(\uff08](?P<inside>[^()\uff08\uff09\n]{2,80})[)\uff09]\s*(?P<stop>[\u3002;\uff1b.]?)\s*$"
)
_BETWEEN = re.compile(r"[,\uff0c;\uff1b]|\s{2,}")
_PARTY = re.compile(
    r"(?:责任(?:单位|科室|处室|部门|人|方|主体)|牵头(?:单位|科室|处室|部门|人)?|落实单位)\s*[:\uff1a]\s*(?P<value>.+)"
)
_DUE = re.compile(
    r"(?:(?:完成|办结|整改|报送)(?:时限|期限|时间|日期)|时限|期限|截止(?:时间|日期)?)\s*[:\uff1a]\s*(?P<value>.+)"
)
_BEFORE = re.compile(
    r"(?:请?于|在)?(?P<value>.+?)(?:之?前|以前)(?:完成|办结|落实|报送|上报|报|整改到位|落实到位)?"
)
# A day that a calendar names: “周五” and “明天” in a forwarded text are of the day on which it was written
_NAMED_DAY = re.compile(r"(?:20\d\d年)?\d{1,2}月\d{1,2}[日号]")
# Offices and posts, and words with which a remark begins that only ends like one
_OFFICES = re.compile(
    r".*(?:[科股室处局办校园委会组部站队馆]|中心|政府|街道|[校园班]长|书记|主任|老师|教师|负责人|专干|专员|校医|后勤)"
)
_REMARKS = re.compile(
    r"(?:含|包括|包含|不含|除|如|例如|比如|详见|参见|见|其中|以及|尤其|特别|对|对照|按|按照|根据|即|由|和|与|及|请|各类)"
)


@dataclass(frozen=True, slots=True)
class Told:
    """An item taken apart.

    Attributes:
        text: what is left of it; all of it where nothing could be read for certain.
        party: '' where none is named.
        due_at: None where none is named, or the day has passed.
    """

    text: str
    party: str = ""
    due_at: dt.datetime | None = None


def read(text: str, now: dt.datetime, zone: dt.tzinfo) -> Told:
    """The item without the brackets at its end, or the lines below it, that name a party, a due or both.

    「(安全科,11月30日前)」「(11月30日17:00前完成)」「责任单位:安全科;完成时限:11月30日」. A name that stands in brackets
    without a label is a party only beside a due. One word that is not understood leaves the whole as it is.
    """
    first, line, below = text.partition("\n")
    for some, after in ((text, ""), (first, line + below)):  # a letter's foot stands below its last item
        told = _bracketed(some, now, zone)
        if told is not None:
            return Told(told.text + after, told.party, told.due_at)
    lines, party, due_at = text.split("\n"), "", None
    while len(lines) > 1:
        found = _parts(lines[-1].strip().rstrip("\u3002"), now, zone, is_labelled=True)
        if found is None or (party and found.party) or (due_at and found.due_at):
            break
        party, due_at = party or found.party, due_at or found.due_at
        lines.pop()
    return Told("\n".join(lines).rstrip(), party, due_at)


def _bracketed(text: str, now: dt.datetime, zone: dt.tzinfo) -> Told | None:
    """The text without the brackets at its end, and what they name; None where it has none that can be read."""
    tail = _TAIL.search(text)
    found = _parts(tail["inside"], now, zone, is_labelled=False) if tail else None
    rest = text[: tail.start()].rstrip() if tail else ""
    if tail is None or found is None or not rest:
        return None
    return Told(rest + tail["stop"], found.party, found.due_at)


def _parts(inside: str, now: dt.datetime, zone: dt.tzinfo, *, is_labelled: bool) -> Told | None:
    """What the parts between the commas name; None where one of them is not understood."""
    parties: list[str] = []
    bare: list[str] = []
    due_at: dt.datetime | None = None
    for part in (part.strip() for part in _BETWEEN.split(inside) if part.strip()):
        labelled = _PARTY.fullmatch(part)
        at = None if labelled else _due(part, now, zone, is_labelled=is_labelled)
        if labelled is not None:
            parties.append(labelled["value"].strip())
        elif at is not None and due_at is None:
            due_at = at
        elif not is_labelled and _is_party(part):
            bare.append(part)
        else:
            return None
    if (bare and due_at is None) or not (parties or due_at):
        return None
    party = "、".join([*parties, *bare])
    return Told("", party, due_at) if len(party) <= PARTY_CHARS else None


def _due(part: str, now: dt.datetime, zone: dt.tzinfo, *, is_labelled: bool) -> dt.datetime | None:
    plain = unicodedata.normalize("NFKC", part).replace(" ", "")
    found = _DUE.fullmatch(plain) or (None if is_labelled else _BEFORE.fullmatch(plain))
    if found is None or not _NAMED_DAY.match(found["value"]):
        return None
    try:
        return when.read(found["value"], now, zone)
    except errors.Refused:
        return None


def _is_party(part: str) -> bool:
    """Names of offices or posts, joined by 、 or 和."""
    names = re.split(r"[、/和及]", part)
    return all(
        1 < len(name) <= 12 and _OFFICES.fullmatch(name) is not None and not _REMARKS.match(name)
        for name in names
    )
