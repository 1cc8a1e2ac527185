"""Drafts as values: begin one, read it, change it, give it up. What a draft says is only ever changed while it is open."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bot import errors
from bot.audit import trail
from bot.composing import model, parties, pasting, rules
from bot.composing.model import State
from bot.composing.pasting import ITEMS_MOST, Pasted
from bot.db import Tx
from bot.notices.publish import File, Item
from bot.notices.rules import Kind
from bot.roster import access, people
from bot.roster.people import Person

_d, _i, _f = model.draft, model.draft_item, model.draft_file
NOT_YOURS = "您不能发通知。"
GONE = "没有这份草稿了,请重新发“发通知”。"


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is now.

    Attributes:
        contact_id: its author.
        text: what stands on the card; '' while a line is still to be written for a long text.
        kind: None while not chosen; so level and audience are ''.
        edition: how often it has been changed; a button made for another does nothing.
        units: how many the author was told that it asks, when he pressed 发送.
        revises: the notice of which this is a new version, `of_version` the one its author has before him.
        first_county_id: only this county of the audience is asked; the others come after.
        refused_by: the second officer who last did not agree, with `refusal`, his word.
    """

    id: int
    contact_id: int
    state: State
    title: str
    text: str
    full_text: str
    kind: Kind | None
    audience: str
    due_at: dt.datetime | None
    level: str
    reason: str
    again: int | None
    revises: int | None
    of_version: int | None
    created_at: dt.datetime
    changed_at: dt.datetime
    asked_at: dt.datetime | None
    released_by: int | None
    leave_at: dt.datetime | None
    notice_id: int | None
    message_id: int | None
    edition: int
    units: int | None
    first_county_id: int | None
    refused_by: int | None
    refusal: str
    items: tuple[Item, ...]
    files: tuple[File, ...]

    @property
    def subject(self) -> str:
        """For the audit trail."""
        return f"draft:{self.id}"

    @property
    def is_open(self) -> bool:
        """Its author can still change it."""
        return self.state is State.OPEN

    @property
    def is_ask(self) -> bool:
        """Somebody is to answer."""
        return self.kind not in (None, Kind.REMINDER)

    @property
    def summary_chars(self) -> int:
        """What a line written for a long text may have."""
        return pasting.DIRECTIVE_HAN if self.kind is Kind.DIRECTIVE else pasting.CARD_HAN


def find(tx: Tx, draft_id: int, *, locked: bool = False) -> Draft | None:
    """The draft with this id; `locked` holds it still until the transaction ends."""
    query = sa.select(_d).where(_d.c.id == draft_id)
    row = tx.execute(query.with_for_update() if locked else query).mappings().first()
    return None if row is None else _draft(tx, row)


def present(tx: Tx, contact_id: int) -> Draft | None:
    """The draft this person is at: the newest that is open, or waits for a second officer."""
    return _newest(tx, contact_id, State.OPEN, State.ASKED)


def leaving(tx: Tx, contact_id: int) -> Draft | None:
    """This person's draft whose minute has begun and is not over, as far as is known; the newest."""
    return _newest(tx, contact_id, State.LEAVING)


def _newest(tx: Tx, contact_id: int, *states: State) -> Draft | None:
    query = sa.select(_d).where(
        _d.c.contact_id == contact_id, _d.c.state.in_([state.value for state in states])
    )
    row = tx.execute(query.order_by(_d.c.id.desc()).limit(1)).mappings().first()
    return None if row is None else _draft(tx, row)


def _draft(tx: Tx, row: sa.RowMapping) -> Draft:
    items = tx.execute(sa.select(_i).where(_i.c.draft_id == row["id"]).order_by(_i.c.position))
    files = tx.execute(sa.select(_f).where(_f.c.draft_id == row["id"]).order_by(_f.c.position))
    plain: dict[str, Any] = {k: v for k, v in row.items() if k in Draft.__slots__}
    return Draft(**plain | {
        "state": State(row["state"]), "kind": Kind(row["kind"]) if row["kind"] else None,
        "items": tuple(Item(r.item, r.text, r.party, r.due_at, r.asks) for r in items),
        "files": tuple(
            File(r.file_id, r.file_kind, r.name, r.bytes, r.from_chat, r.from_message) for r in files
        ),
    })  # fmt: skip


# ── who ──────────────────────────────────────────────────────────────────────────────────────────


def sender(tx: Tx, user_id: int) -> Person:
    """The person behind a press, who may send somewhere now.

    Raises:
        NotAllowed: a stranger, or somebody without that right.
    """
    person = people.entitled(tx, user_id, access.Action.SEND)
    if person is None:
        raise errors.NotAllowed(NOT_YOURS)
    return person


def own(tx: Tx, user_id: int, draft_id: int) -> Draft:
    """This person's draft, held still.

    Raises:
        NotAllowed: who asks may send nothing (any more), or it is another's.
        Refused: there is none.
    """
    person = sender(tx, user_id)
    draft = find(tx, draft_id, locked=True)
    if draft is None:
        raise errors.Refused(GONE)
    if draft.contact_id != person.contact_id:
        raise errors.NotAllowed(NOT_YOURS)
    return draft


# ── changing ─────────────────────────────────────────────────────────────────────────────────────


def begin(tx: Tx, now: dt.datetime, person: Person, **values: object) -> Draft:
    """A new draft of this person."""
    first = {"contact_id": person.contact_id, "state": State.OPEN.value, "created_at": now, "changed_at": now}
    draft_id = tx.execute(_d.insert().values(first | values).returning(_d.c.id)).scalar_one()
    return get(tx, int(draft_id))


def get(tx: Tx, draft_id: int) -> Draft:
    """The draft with this id, which is known to exist."""
    draft = find(tx, draft_id)
    if draft is None:
        raise LookupError(f"draft {draft_id}")
    return draft


def change(tx: Tx, now: dt.datetime, draft: Draft, **values: object) -> Draft:
    """The draft with these values, in its next edition."""
    tx.execute(
        _d.update()
        .where(_d.c.id == draft.id)
        .values(values | {"edition": draft.edition + 1, "changed_at": now})
    )
    return get(tx, draft.id)


def on_message(tx: Tx, now: dt.datetime, draft_id: int, message_id: int | None) -> None:
    """The message on which the author sees the draft now."""
    tx.execute(_d.update().where(_d.c.id == draft_id).values(message_id=message_id))


def put(tx: Tx, now: dt.datetime, draft: Draft, pasted: Pasted, *, zone: dt.tzinfo) -> Draft:
    """The draft says this; whatever it said before is gone. A party and a due that an item names are its own."""
    items = read_items(pasted, now, zone)
    put_items(tx, draft.id, items)
    kind = draft.kind.value if draft.kind is not None else ""
    if not items and kind == "directive":
        kind = ""  # nothing to go through one by one
    return change(tx, now, draft, title=pasted.title, kind=kind, **held(kind, pasted.text, pasted.full_text))


def held(kind: str, text: str, full_text: str) -> dict[str, object]:
    """`text` and `full_text` as a card of this kind has room for them: what is too long for it is the full text."""
    is_directive = kind == Kind.DIRECTIVE
    if is_directive and not pasting.fits_card(pasting.beside_items(text), is_directive=True):
        return {"text": "", "full_text": full_text or text}
    return {"text": text, "full_text": full_text}


def read_items(pasted: Pasted, now: dt.datetime, zone: dt.tzinfo) -> list[Item]:
    """What was pasted as items 1, 2, …, each with the party and the due it names.

    Raises:
        Refused: more than a notice can have.
    """
    if len(pasted.items) > ITEMS_MOST:
        raise errors.Refused(f"分项有 {len(pasted.items)} 项,最多 {ITEMS_MOST} 项,请分两次发。")
    told = [parties.read(text, now, zone) for text in pasted.items]
    return [Item(str(at), it.text, it.party, it.due_at) for at, it in enumerate(told, start=1)]


def put_items(tx: Tx, draft_id: int, items: Sequence[Item]) -> None:
    """The draft has these items and no others."""
    tx.execute(_i.delete().where(_i.c.draft_id == draft_id))
    rows = [
        {
            "draft_id": draft_id, "item": it.key, "position": at, "text": it.text, "party": it.party,
            "due_at": it.due_at, "asks": it.asks,
        }
        for at, it in enumerate(items)
    ]  # fmt: skip
    if rows:
        tx.execute(_i.insert(), rows)


def change_item(tx: Tx, now: dt.datetime, draft: Draft, index: int, **values: object) -> Draft:
    """This item of the draft has these values."""
    mine = (_i.c.draft_id == draft.id, _i.c.item == draft.items[index].key)
    tx.execute(_i.update().where(*mine).values(values))
    return change(tx, now, draft)


def attach(tx: Tx, now: dt.datetime, draft: Draft, *files: File) -> Draft:
    """These files go with it; one sent twice goes once.

    Raises:
        Refused: too many.
    """
    known = {(file.from_chat, file.from_message) for file in draft.files}
    new = [file for file in files if (file.from_chat, file.from_message) not in known]
    if len(draft.files) + len(new) > rules.FILES_MOST:
        raise errors.Refused(f"最多附 {rules.FILES_MOST} 个文件。")
    for at, file in enumerate(new, start=len(draft.files)):
        values = {
            "draft_id": draft.id, "position": at, "file_id": file.file_id, "file_kind": file.kind,
            "name": file.name[:120], "bytes": file.bytes, "from_chat": file.from_chat, "from_message": file.from_message,
        }  # fmt: skip
        tx.execute(_f.insert().values(values))
    return change(tx, now, draft) if new else draft


def detach(tx: Tx, now: dt.datetime, draft: Draft) -> Draft:
    """No file goes with it."""
    tx.execute(_f.delete().where(_f.c.draft_id == draft.id))
    return change(tx, now, draft)


def give_up(tx: Tx, now: dt.datetime, draft: Draft, *, by: str) -> Draft:
    """It will not be sent."""
    trail.note(tx, now, actor=by, verb="draft_end", subject=draft.subject)
    return change(tx, now, draft, state=State.GIVEN_UP.value)
