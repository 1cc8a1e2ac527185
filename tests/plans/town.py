"""A town whose plans are played through time: a roster with every stage, one officer, and files an operator wrote."""

import datetime as dt
import pathlib
import shutil
import zoneinfo
from dataclasses import dataclass, field

import sqlalchemy as sa

from bot.db import Tx
from bot.delivery import claiming, pacing, settling
from bot.delivery import model as delivery
from bot.delivery.message import Outcome, OutgoingMessage, Verdict
from bot.notices import joining
from bot.notices import model as notices
from bot.plans import book as books
from bot.plans import firing, messages, model
from bot.plans.book import Book
from bot.plans.firing import Fired
from bot.roster import model as roster

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")
CONFIG = pathlib.Path(__file__).parents[2] / "config"
BOT_ID = 1
OFFICER, ADMIN = 501, 502  # Telegram users
UNITS = {  # code: kind, parent, stage, tags
    "CITY": ("city", None, "", ""),
    "OFFICE": ("office", "CITY", "", ""),
    "DH": ("county", "CITY", "", ""),
    "DH1": ("school", "DH", "小学", "山区"),
    "DH2": ("school", "DH", "初中", ""),
    "DH3": ("school", "DH", "高中", "山区"),
    "SY": ("county", "CITY", "", ""),
    "SY1": ("school", "SY", "幼儿园", ""),
    "SY2": ("school", "SY", "小学", ""),
    "SZ1": ("school", "CITY", "高中", ""),
    "GX1": ("college", "CITY", "高校", ""),
}
SCHOOLS = {"DH1", "DH2", "DH3", "SY1", "SY2", "SZ1"}


def at(text: str) -> dt.datetime:
    """2026-09-30 15:00 in the town, as UTC."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def said(instant: dt.datetime) -> str:
    return instant.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def found(tx: Tx, now: dt.datetime) -> dict[str, int]:
    """The roster stands, armed; unit code → id."""
    ids: dict[str, int] = {}
    for position, (code, (kind, parent, stage, tags)) in enumerate(UNITS.items()):
        county = code if kind == "county" else parent if parent in ("DH", "SY") else None
        values = {
            "code": code, "name": f"{code}单位", "kind": kind, "parent_id": ids.get(parent or ""), "stage": stage,
            "tags": tags, "county_id": ids.get(county or ""), "position": position, "created_at": now,
            "armed_at": now if kind == "city" else None,
        }  # fmt: skip
        (ids[code],) = tx.execute(roster.unit.insert().values(values).returning(roster.unit.c.id)).one()
        if kind == "county":
            tx.execute(roster.unit.update().where(roster.unit.c.id == ids[code]).values(county_id=ids[code]))
    people = (("刘市安", "OFFICE", "city_officer", OFFICER), ("张管理", "CITY", "admin", ADMIN))
    for number, (name, unit, role, user) in enumerate(people):
        phone = f"1380000{number:04d}"
        values = {"name": name, "phone": phone, "created_at": now}
        (contact,) = tx.execute(roster.contact.insert().values(values).returning(roster.contact.c.id)).one()
        values = {"contact_id": contact, "unit_id": ids[unit], "role": role, "source": "file", "since": now}
        tx.execute(roster.post.insert().values(values))
        joining.with_phone(tx, now, user_id=user, phone=phone)
    pacing.ensure(tx, now, BOT_ID, rate=1000)
    tx.execute(delivery.delivery.delete())  # the welcome
    return ids


@dataclass
class Town:
    """Plays the clock and looks at what came of it."""

    tx: Tx
    folder: pathlib.Path
    now: dt.datetime
    ids: dict[str, int] = field(default_factory=dict)
    book: Book = field(init=False)

    def __post_init__(self) -> None:
        self.ids = found(self.tx, self.now)
        shutil.copytree(CONFIG / "calendar", self.folder / "calendar")
        (self.folder / "reminders").mkdir()

    def plan(self, plan_id: str = "P", **keys: object) -> None:
        """The operator writes, or rewrites, this plan's file."""
        entry = {
            "id": plan_id, "title": f"标题{plan_id}", "kind": "reminder", "trigger": "every school day at 15:00",
            "audience": "schools", "text": "请注意安全。", "enabled": "true",
        } | keys  # fmt: skip
        if entry["kind"] != "reminder":
            entry.setdefault("due", "same day at 17:00")
        if "triggers" in entry:
            del entry["trigger"]
        text = "".join(f"{key}: {value}\n" for key, value in entry.items() if value is not None)
        (self.folder / "reminders" / f"{plan_id}.yaml").write_text(text, encoding="utf-8")
        self.reread()

    def reread(self) -> None:
        self.book = books.read(self.folder, SHANGHAI)
        assert not self.book.faults, self.book.faults

    def tick(self, when: str | dt.datetime | None = None) -> list[Fired]:
        """The bot looks at its plans at this moment."""
        if when is not None:
            self.now = at(when) if isinstance(when, str) else when
        fired: list[Fired] = []
        for plan_id in firing.waiting(self.tx, self.book, now=self.now):
            fired += firing.attend(self.tx, self.now, plan_id, book=self.book)
        assert not firing.waiting(self.tx, self.book, now=self.now), "it would look again at once, for ever"
        return fired

    def live(self, until: str) -> list[Fired]:
        """The bot runs without a break until then: it looks whenever a row says so."""
        fired = self.tick()
        end = at(until)
        while (coming := self.next_fire_at()) is not None and coming <= end:
            fired += self.tick(coming)
        self.now = end
        return fired

    def next_fire_at(self) -> dt.datetime | None:
        found_: dt.datetime | None = self.tx.execute(
            sa.select(sa.func.min(model.plan.c.next_fire_at))
        ).scalar()
        return found_

    def rows(self, plan_id: str = "P") -> list[tuple[str, str, str]]:
        """What became of each occurrence: when it was planned, its state, the reason."""
        f = model.fire
        query = sa.select(f).where(f.c.plan_id == plan_id).order_by(f.c.planned_at, f.c.due_at)
        return [(said(row.planned_at), row.state, row.reason) for row in self.tx.execute(query)]

    def published(self, plan_id: str = "P") -> list[str]:
        return [when for when, state, _ in self.rows(plan_id) if state == "published"]

    def asked_of(self, notice_id: int | None) -> set[str]:
        """The codes of those who owe an answer to it."""
        a = notices.assignment
        query = sa.select(a.c.unit_code).where(a.c.notice_id == notice_id)
        return set(self.tx.execute(query).scalars())

    def notices(self) -> list[sa.Row[tuple[object, ...]]]:
        """Everything published, in order."""
        return list(self.tx.execute(sa.select(notices.notice).order_by(notices.notice.c.id)))

    def by_plan(self) -> set[tuple[str, dt.datetime]]:
        """Which plan published when."""
        return {(notice.content_id, notice.published_at) for notice in self.notices()}

    def day_off(self, on: str, *, county: str, tag: str = "") -> None:
        """An officer has closed these schools for that day."""
        contact_id = self.tx.execute(sa.select(sa.func.min(roster.contact.c.id))).scalar_one()
        values = {
            "day": day(on), "county_id": self.ids[county], "tag": tag, "contact_id": contact_id, "since": self.now,
        }  # fmt: skip
        self.tx.execute(model.day_off.insert().values(values))

    def next_year(self, new_year: tuple[str, str] = ("2027-01-01", "2027-01-03")) -> None:
        """The notice on the holidays of 2027 is in; nobody knows it yet, so the dates are invented."""
        spans = {
            "元旦": new_year, "春节": ("2027-02-05", "2027-02-12"), "清明": ("2027-04-03", "2027-04-05"),
            "劳动节": ("2027-05-01", "2027-05-05"), "端午": ("2027-06-09", "2027-06-11"),
            "中秋": ("2027-09-15", "2027-09-17"), "国庆": ("2027-10-01", "2027-10-07"),
        }  # fmt: skip
        rows = [
            f'[[holiday]]\nname = "{name}"\nfirst_day_off = {first}\nlast_day_off = {last}\n'
            for name, (first, last) in spans.items()
        ]
        (self.folder / "calendar" / "2027.toml").write_text("year = 2027\n" + "".join(rows), encoding="utf-8")
        self.reread()

    def cards(self) -> dict[int, OutgoingMessage]:
        """The bot's questions leave; fire id → what the officer comes to read."""
        prepare = messages.preparations(lambda: self.book)
        shown = {}
        for _ in range(20):
            claimed = claiming.claim(
                self.tx, self.now, prepare, owner="t", bot_id=BOT_ID, limit=10, group_rate=1200
            )
            if not claimed:
                break
            for item in claimed:
                shown[item.delivery.number] = item.message
                settling.begin_calls(self.tx, self.now, [item.delivery.id], owner="t")
                settling.settle(self.tx, self.now, item, Outcome(Verdict.SENT, message_id=7))
            self.now += dt.timedelta(seconds=2)
        return shown
