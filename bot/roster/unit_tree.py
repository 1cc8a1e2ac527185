"""Units found by what people call them, and the tree they form; pure, knows no file and no table."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.roster import sheets, vocabulary

THE_CITY = frozenset(map(sheets.fold, ("市局", "市教育局", "市教体局", "市直", "市本级", "本市")))

_BUREAU = re.compile(r"(?:教育|教育和体育|教育体育|教体|教科体|科教)局$")


@dataclass(frozen=True, slots=True)
class Node:
    """A unit as a place in the tree; `parent` is a code, '' for the city."""

    code: str
    name: str
    kind: vocabulary.Kind
    parent: str


@dataclass(frozen=True, slots=True)
class Search:
    """What a word means: one unit, several of one name, or none."""

    nodes: tuple[Node, ...]

    @property
    def only(self) -> Node | None:
        return self.nodes[0] if len(self.nodes) == 1 else None


def short_name(name: str) -> str:
    """What a county is called without its bureau: 大河县教育局 is 大河县."""
    return _BUREAU.sub("", name) or name


class UnitIndex:
    """Units by code, by full name, and by county and name together."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = tuple(nodes)
        self._by_code = {sheets.fold(node.code): node for node in reversed(self.nodes) if node.code}
        self._by_name: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for word in self._words(node):
                self._by_name[word].append(node)  # even without a code: its children are not at fault

    def by_code(self, code: str) -> Node | None:
        """The unit with this code."""
        return self._by_code.get(sheets.fold(code))

    def find(self, text: str, *, within: str = "") -> Search:
        """The units a code or a name means; `within` (a county) decides between namesakes."""
        if node := self.by_code(text):
            return Search((node,))
        word = sheets.fold(text)
        if word in THE_CITY and (
            cities := [node for node in self.nodes if node.kind is vocabulary.Kind.CITY]
        ):
            return Search(tuple(cities))
        nodes = tuple(self._by_name.get(word, ()))
        if len(nodes) > 1 and within:
            nearer = tuple(node for node in nodes if self._is_within(node, within))
            return Search(nearer or nodes)
        return Search(nodes)

    def county_of(self, code: str) -> str:
        """The code of the nearest county, itself included; '' if there is none."""
        return next(
            (node.code for node in self.lineage(code) if node.kind is vocabulary.Kind.COUNTY),
            "",
        )

    def place_of(self, node: Node) -> str:
        """Where a unit is, to tell it from its namesakes: its county's name, or its parent's."""
        above = self.by_code(self.county_of(node.code) or node.parent)
        return short_name(above.name) if above else ""

    def lineage(self, code: str) -> Iterator[Node]:
        """The unit, its parent, and so on up; stops where a circle closes."""
        seen: set[str] = set()
        while (node := self.by_code(code)) and node.code not in seen:
            seen.add(node.code)
            yield node
            code = node.parent

    def is_in_circle(self, code: str) -> bool:
        """Whether going up from the unit leads back to it."""
        last = None
        for last in self.lineage(code):  # noqa: B007 - only where the way up ends matters
            pass
        return last is not None and sheets.fold(last.parent) == sheets.fold(code)

    def _is_within(self, node: Node, place: str) -> bool:
        word = sheets.fold(place)
        above = list(self.lineage(node.code))[1:]
        return any(
            word in (sheets.fold(one.code), sheets.fold(one.name), sheets.fold(short_name(one.name)))
            for one in above
        )

    def _words(self, node: Node) -> set[str]:
        words = {sheets.fold(node.name)}
        if node.kind in (vocabulary.Kind.COUNTY, vocabulary.Kind.CITY):
            words.add(sheets.fold(short_name(node.name)))
        elif place := self.place_of(node):
            words.add(sheets.fold(place + node.name))
        return words
