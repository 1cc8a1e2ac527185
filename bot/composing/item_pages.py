"""The items of a draft: all of them with party and own deadline, and each alone, to be mended in words."""

import datetime as dt
from dataclasses import dataclass

from bot.composing import place
from bot.composing.drafts import Draft
from bot.composing.place import Part, Rows, Shown
from bot.delivery.message import Button, Callback, OutgoingMessage
from bot.notices.publish import Item
from bot.texts import Words

LINE_CHARS, BUTTON_CHARS, TEXT_CHARS = 40, 18, 600


@dataclass(frozen=True, slots=True)
class ItemPages:
    """Renders them; the last rows, which every page has, are given."""

    words: Words

    def show(self, now: dt.datetime, draft: Draft, it: Shown, top: dict[str, object]) -> OutgoingMessage:
        """The list; one item, where that is meant and there is such a one."""
        if it.part is Part.ITEMS or it.page >= len(draft.items):
            page = it.page if it.part is Part.ITEMS else 0
            return self._list(now, draft, page, top)
        return self._one(now, draft, it, top)

    def line(self, it: Item, now: dt.datetime, most: int = LINE_CHARS) -> str:
        """3 做好值班…(总务处) 明天12:00前."""
        return self.words.plain(
            "composing.item_line",
            key=it.key,
            text=short(it.text, most),
            party=it.party,
            due=self.due(it, now),
        )

    def due(self, it: Item, now: dt.datetime) -> str:
        """明天12:00; '' where it is due with the whole."""
        return "" if it.due_at is None else self.words.moment(it.due_at, now)

    def _list(self, now: dt.datetime, draft: Draft, page: int, top: dict[str, object]) -> OutgoingMessage:
        here, pages, cut = place.cut(len(draft.items), page)
        lines = [self.line(it, now) for it in draft.items[cut]]
        html = self.words.html("composing.items", **top, lines=lines, page=here + 1, pages=pages)
        each = tuple(
            (Button(f"{it.key} {short(it.text, BUTTON_CHARS)}", self._to(draft, place.PAGE, Part.ITEM, at)),)
            for at, it in enumerate(draft.items[cut], start=cut.start)
        )
        turns: Rows = ()
        if pages > 1:
            ways = (("◂", here - 1), (f"{here + 1}/{pages}", here), ("▸", here + 1))
            turns = (
                tuple(Button(text, self._to(draft, place.PAGE, Part.ITEMS, to % pages)) for text, to in ways),
            )
        return OutgoingMessage(html, (*each, *turns, *self._end(draft, Part.READY, 0)))

    def _one(self, now: dt.datetime, draft: Draft, it: Shown, top: dict[str, object]) -> OutgoingMessage:
        item = draft.items[it.page]
        html = self.words.html(
            "composing.item", **top, key=item.key, text=short(item.text, TEXT_CHARS), party=item.party,
            due=self.due(item, now), asks_party=it.part is Part.PARTY,
        )  # fmt: skip
        rows: list[tuple[Button, ...]] = []
        if it.part is Part.PARTY:
            return OutgoingMessage(html, self._end(draft, Part.ITEM, it.page))
        if item.due_at is not None:
            rows.append((self._button("no_due", draft, place.NO_DUE, str(it.page)),))
        party = [Button(self._label("party"), self._to(draft, place.PAGE, Part.PARTY, it.page))]
        if item.party:
            party.append(self._button("no_party", draft, place.NO_PARTY, str(it.page)))
        rows.append(tuple(party))
        return OutgoingMessage(html, (*rows, *self._end(draft, Part.ITEMS, it.page // place.PER_PAGE)))

    def _end(self, draft: Draft, back: Part, page: int) -> Rows:
        to = Button(self._label("back"), self._to(draft, place.PAGE, back, page))
        return ((to, self._button("drop", draft, place.DROP)),)

    def _label(self, name: str) -> str:
        return self.words.plain("composing.button", which=name)

    def _button(self, name: str, draft: Draft, action: str, *args: str) -> Button:
        return Button(self._label(name), Callback(action, draft.id, draft.edition, args))

    def _to(self, draft: Draft, action: str, part: Part, page: int) -> Callback:
        return Callback(action, draft.id, draft.edition, (part, str(page)))


def short(text: str, most: int) -> str:
    """The text's first line, cut to so many characters; of a long limit, all its lines."""
    line = text if most >= TEXT_CHARS else text.partition("\n")[0]
    return line if len(line) <= most else f"{line[: most - 1]}…"
