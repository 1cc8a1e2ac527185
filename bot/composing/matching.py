"""Which of a notice's items a newly pasted one is: the same, said otherwise, or new; pure."""

import dataclasses
import difflib
import re
import unicodedata
from collections.abc import Collection, Sequence

from bot.notices import queries
from bot.notices.publish import KEY_CHARS, Item

ALIKE = 0.5  # of two texts: less in common, and it is another item
_STOPS = "\u3002.;,:"


def matched(standing: Sequence[queries.Item], fresh: Sequence[Item], used: Collection[str]) -> list[Item]:
    """The pasted items under the names by which schools have answered them.

    What is said word for word keeps its name and its words, so that nothing is asked again for a space or a full stop.
    Between two such items those left over are paired: in their order where they are as many, else where they are alike.
    A name that was ever used is not given to another item. Party, deadline and kind of answer stay where the pasted
    text names none.

    Args:
        standing: in their order.
        used: every name an item of this notice ever had.
    """
    pairs = _same(standing, fresh)
    start = 0
    while start < len(fresh):
        if start in pairs:
            start += 1
            continue
        end = next((at for at in range(start, len(fresh)) if at in pairs), len(fresh))
        pairs |= _alike(standing, fresh, _left(standing, pairs, start, end), range(start, end))
        start = end
    names = set(used)
    made: list[Item] = []
    for at, it in enumerate(fresh):
        was = standing[pairs[at]] if at in pairs else None
        key = was.key if was else _name(made[-1].key if made else "0", names, is_last=at == len(fresh) - 1)
        names.add(key)
        made.append(_kept(it, was, key))
    return made


def _same(standing: Sequence[queries.Item], fresh: Sequence[Item]) -> dict[int, int]:
    """Place in the pasted text → place in the notice, of what is said word for word."""
    places: dict[str, list[int]] = {}
    for place, was in enumerate(standing):
        places.setdefault(_plain(was.text), []).append(place)
    found = {}
    for at, it in enumerate(fresh):
        if left := places.get(_plain(it.text)):
            found[at] = left.pop(0)
    return found


def _left(standing: Sequence[queries.Item], pairs: dict[int, int], start: int, end: int) -> list[int]:
    """The notice's items nobody is paired with, between the partners of the neighbours."""
    taken = set(pairs.values())
    low = pairs.get(start - 1, -1)
    high = pairs.get(end, len(standing))
    return [place for place in range(len(standing)) if place not in taken and low < place < high]


def _alike(
    standing: Sequence[queries.Item], fresh: Sequence[Item], left: list[int], some: range
) -> dict[int, int]:
    if len(left) == len(some):
        return dict(zip(some, left, strict=True))
    found: dict[int, int] = {}
    for at in some:
        scores = [(_likeness(standing[place].text, fresh[at].text), -place) for place in left]
        best = max(scores, default=(0.0, 0))
        if best[0] >= ALIKE:
            found[at] = -best[1]
            left = [place for place in left if place > -best[1]]
    return found


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, _plain(one), _plain(other), autojunk=False).ratio()


def _name(before: str, used: set[str], *, is_last: bool) -> str:
    """A name for a new item: behind the last the next number, else 2-1 behind 2."""
    highest = max((int(key) for key in used if re.fullmatch(r"\d{1,4}", key)), default=0)
    number = str(highest + 1)
    if is_last:
        return number
    stem = before.partition("-")[0]
    name = next(f"{stem}-{n}" for n in range(1, len(used) + 2) if f"{stem}-{n}" not in used)
    return name if len(name) <= KEY_CHARS else number


def _kept(it: Item, was: queries.Item | None, key: str) -> Item:
    if was is None:
        return dataclasses.replace(it, key=key)
    text = was.text if _plain(was.text) == _plain(it.text) else it.text
    return Item(key, text, it.party or was.party, it.due_at or was.due_at, was.asks)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).rstrip(_STOPS)
