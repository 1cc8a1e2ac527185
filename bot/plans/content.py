"""Reading `config/reminders/*.yaml` and the file of `publish`: every fault with its file, line and what is allowed."""

import datetime as dt
import pathlib
import re
from dataclasses import dataclass

import yaml

from bot import errors
from bot.calendar import due as due_rules
from bot.calendar import triggers as trigger_rules
from bot.calendar.date_triggers import Cron, Manual
from bot.calendar.due import Due
from bot.calendar.school import SchoolCalendar
from bot.calendar.trigger import Occurrence
from bot.calendar.triggers import Trigger
from bot.notices.publish import KEY_CHARS, Draft, Item
from bot.notices.rules import Kind
from bot.plans import fields as fields_of
from bot.plans.fields import Fault, Fields
from bot.roster import audience
from bot.roster.audience import Audience
from bot.texts import Words

PLACEHOLDERS = ("holiday", "date", "due", "duty_phone", "school", "unit")
SCHOOLS_OWN = ("duty_phone", "school", "unit")  # filled in when a card is made, not at publication
TEXT_LINES = 4
TEXT_HAN = 80  # 汉字; a card has 120, and says up to 35 of its own
DIRECTIVE_LINES, DIRECTIVE_HAN = 2, 40  # its card also has the title, and two lines of figures
FILLED_HAN = {"school": 20, "unit": 20}  # what a placeholder may come to; any other, 6
TITLE_CHARS = 30
LABEL_CHARS = 10
ID_CHARS, BASIS_CHARS, AUDIENCE_CHARS = 64, 200, 400  # as wide as the columns that keep them
DEFAULT_LABELS = {
    Kind.CONFIRM: ("已落实", "有困难"),
    Kind.REPORT: ("无情况", "有困难"),
    Kind.REMINDER: ("", ""),
    Kind.DIRECTIVE: ("已落实", "有困难"),
}
CHOICES = {
    "level": ("info", "today", "now"),
    "category": ("routine", "emergency"),
    "chase": ("none", "standard", "urgent"),
    "escalate": ("none", "county", "city"),
    "through": ("any", "own"),
    "unless": ("never", "next_year_known"),
}
DEFAULTS = {
    "level": "today", "category": "routine", "chase": "standard", "escalate": "county", "through": "any",
    "unless": "never",
}  # fmt: skip
LATE = "2h"  # a plan missed by no more than this is still published
TRIGGERS_MOST = 24  # a plan's page in chat tells them all
TIMES_A_DAY_MOST = 24  # nobody wants to hear more, nor to wait for a preview of it
LATE_MOST = dt.timedelta(days=7)
KEYS = (
    "id", "title", "kind", "trigger", "triggers", "audience", "due", "yes", "trouble", "level", "category", "basis",
    "owner", "chase", "escalate", "late", "through", "unless", "enabled", "text", "items",
)  # fmt: skip
ITEM_KEYS = ("id", "text", "party", "due", "asks")
ITEM_ASKS = ("schools",)
ITEMS_MOST, ITEM_CHARS, PARTY_CHARS = 40, 360, 40  # eight on one message, in full
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BUTTON_WORDS = re.compile(r"点\s*[“\"「]([^”\"」]+)[”\"」]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a directive as an operator wrote it.

    Attributes:
        due: None: with the notice.
        asks: `schools`: to how many of its schools a county has passed it on; '': whether it is done.
    """

    key: str
    text: str
    party: str
    due: Due | None
    asks: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One notice as an operator wrote it, checked.

    Attributes:
        late: missed by no more than this it is still published; after that its owner is asked.
        through: `own` sends a reminder only to the groups that belong to one school alone; `any` is the usual place.
        unless: the condition under which the plan stays silent, such as `next_year_known`.
        items: of a directive.
    """

    id: str
    title: str
    kind: Kind
    audience: Audience
    text: str
    due: Due | None
    triggers: tuple[Trigger, ...]
    yes_words: str
    trouble_words: str
    level: str
    category: str
    basis: str
    owner: str
    chase: str
    escalate: str
    enabled: bool
    file: str
    line: int
    late: dt.timedelta
    through: str
    unless: str
    items: tuple[Line, ...] = ()

    @property
    def is_urgent(self) -> bool:
        """Not bound by quiet hours, examinations and days off."""
        return self.category == "emergency"

    @property
    def is_manual(self) -> bool:
        """Published by people only."""
        return all(isinstance(trigger, Manual) for trigger in self.triggers)

    def named(self, occasion: str = "") -> str:
        """The title where no notice is out yet; 假前, 假期后 where the holiday has no name."""
        title = _with_holiday(self.title, occasion) if occasion else self.title.replace("{holiday}假", "假")
        return _PLACEHOLDER.sub("", title.replace("{holiday}", "假期"))

    def draft(
        self,
        now: dt.datetime,
        words: Words,
        *,
        calendar: SchoolCalendar | None = None,
        occurrence: Occurrence | None = None,
        due_at: dt.datetime | None = None,
    ) -> Draft:
        """The notice as it would be published now.

        Args:
            calendar: of those who are asked; needed where the due is told by school days or holidays.
            occurrence: what makes it due, with its holiday; None where somebody publishes it by hand.
            due_at: when it is due, if that is known already.

        Raises:
            Refused: the due date does not exist, or the text needs a holiday and there is none.
        """
        holiday = occurrence.holiday if occurrence else None
        if due_at is None and self.due is not None:
            due_at = self.due.at(now, words.zone, calendar=calendar, holiday=holiday)
        unsure = occurrence is not None and occurrence.is_provisional
        values = {"date": words.day(now), "due": words.moment(due_at, now) if due_at else ""}
        if occurrence is not None and occurrence.occasion:
            values["holiday"] = occurrence.occasion
        return Draft(
            content_id=self.id, title=self._filled(self.title, values), kind=self.kind, audience=self.audience,
            text=self._filled(self.text, values), due_at=due_at, yes_words=self.yes_words,
            trouble_words=self.trouble_words, level=self.level, category=self.category, basis=self.basis,
            owner=self.owner, chase=self.chase, escalate=self.escalate, through=self.through,
            is_provisional=unsure or self.is_due_unsure(now, due_at, calendar, words.zone),
            items=tuple(
                Item(
                    line.key, line.text, line.party,
                    line.due.at(now, words.zone, calendar=calendar, holiday=holiday) if line.due else None, line.asks,
                )
                for line in self.items
            ),
        )  # fmt: skip

    def is_due_unsure(
        self, at: dt.datetime, due_at: dt.datetime | None, calendar: SchoolCalendar | None, zone: dt.tzinfo
    ) -> bool:
        """Whether the due was counted in days that are 暂定."""
        if self.due is None or due_at is None or calendar is None or not self.due.counts_days:
            return False
        first, last = sorted(instant.astimezone(zone).date() for instant in (at, due_at))
        return calendar.is_provisional(first, last)

    def lacks(self, occasion: str) -> str:
        """The fault, where it speaks of a holiday and is told by none; else ''."""
        if occasion or "{holiday}" not in self.title + self.text:
            return ""
        return f"{self.file} 第 {self.line} 行 {self.id}:{{holiday}} 只能用在按节假日发的计划里"

    def _filled(self, text: str, values: dict[str, str]) -> str:
        if "holiday" in values:
            text = _with_holiday(text, values["holiday"])
        for name in _PLACEHOLDER.findall(text):
            if name in SCHOOLS_OWN:
                continue
            if name not in values:
                raise errors.Refused(self.lacks(""))
            text = text.replace(f"{{{name}}}", values[name])
        return text


def _with_holiday(text: str, holiday: str) -> str:
    """国庆假前 and 寒假前: a name that ends in 假 does not say it twice."""
    return text.replace("{holiday}假", f"{holiday.removesuffix('假')}假").replace("{holiday}", holiday)


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: the entries that are right, and a sentence for each that is not."""

    entries: tuple[Entry, ...]
    faults: tuple[str, ...]


def read(path: pathlib.Path) -> Contents:
    """Every entry of a file; a refused one never stops the others.

    Raises:
        Refused: the file cannot be read, or is no YAML list of entries.
    """
    items = fields_of.entries(path)
    entries: list[Entry] = []
    faults: list[str] = []
    for item in items:
        try:
            entry = _entry(item, path.name, known={e.id for e in entries})
        except Fault as fault:
            faults.append(f"{path.name} 第 {fault.line} 行:{fault.what}")
        else:
            entries.append(entry)
    return Contents(tuple(entries), tuple(faults))


def one(path: pathlib.Path) -> Entry:
    """The single entry of a file to publish.

    Raises:
        Refused: with every fault, or when the file holds more or fewer than one entry.
    """
    contents = read(path)
    if contents.faults:
        raise errors.Refused("\n".join(contents.faults))
    if len(contents.entries) != 1:
        raise errors.Refused(f"{path.name}:一次发一条通知,文件里有 {len(contents.entries)} 条")
    return contents.entries[0]


def _entry(node: yaml.Node, file: str, *, known: set[str]) -> Entry:
    fields = Fields(node, KEYS)
    if fields.text("id") in known:
        raise Fault(fields.line_of("id"), f"id “{fields.text('id')}” 用了两次")
    kind = _kind(fields)
    yes, trouble = DEFAULT_LABELS[kind]
    entry = Entry(
        id=_short(fields, "id", ID_CHARS), title=_short(fields, "title", TITLE_CHARS), kind=kind,
        audience=_audience(fields), text=fields.text("text"), due=_due(fields, kind),
        triggers=_triggers(fields),
        yes_words=_short(fields, "yes", LABEL_CHARS, default=yes),
        trouble_words=_short(fields, "trouble", LABEL_CHARS, default=trouble),
        level=_choice(fields, "level"), category=_choice(fields, "category"),
        basis=_short(fields, "basis", BASIS_CHARS, default=""),
        owner=_short(fields, "owner", ID_CHARS, default=""),
        chase=_choice(fields, "chase"), escalate=_choice(fields, "escalate"),
        enabled=fields.yes_no("enabled", default=False), file=file, line=fields.line,
        late=_late(fields), through=_choice(fields, "through"), unless=_choice(fields, "unless"), items=_lines(fields, kind),
    )  # fmt: skip
    _check_text(fields, entry)
    _check_together(fields, entry)
    return entry


def _lines(fields: Fields, kind: Kind) -> tuple[Line, ...]:
    """A directive has items, each named once; nothing else has any."""
    nodes = fields.nodes("items")
    if (kind is Kind.DIRECTIVE) != bool(nodes):
        raise Fault(fields.line_of("items"), "kind: directive 要有 items,别的 kind 不能有")
    if len(nodes) > ITEMS_MOST:
        raise Fault(fields.line_of("items"), f"items 最多 {ITEMS_MOST} 条")
    found: list[Line] = []
    for node in nodes:
        line = _line(Fields(node, ITEM_KEYS))
        if any(line.key == other.key for other in found):
            raise Fault(node.start_mark.line + 1, f"事项 id “{line.key}” 用了两次")
        found.append(line)
    return tuple(found)


def _line(fields: Fields) -> Line:
    key = _short(fields, "id", KEY_CHARS)
    if ":" in key:
        raise Fault(fields.line_of("id"), f"事项 id “{key}” 里不能有冒号")
    due = fields.checked("due", due_rules.parse) if fields.text("due", default="") else None
    asks = fields.text("asks", default="")
    if asks and asks not in ITEM_ASKS:
        raise Fault(fields.line_of("asks"), f"asks “{asks}”:可以写 {'、'.join(ITEM_ASKS)}")
    text = _short(fields, "text", ITEM_CHARS)
    if found := _PLACEHOLDER.findall(text):
        raise Fault(fields.line_of("text"), f"事项里不能有 {{{found[0]}}}")
    party = _short(fields, "party", PARTY_CHARS, default="")
    return Line(key, text, party, due if isinstance(due, Due) else None, asks)


def _check_together(fields: Fields, entry: Entry) -> None:
    """What each key may say alone, but not beside another."""
    if entry.escalate == "city" and not entry.is_urgent:
        raise Fault(fields.line_of("escalate"), "escalate “city” 只能用于 category: emergency")
    if entry.kind is Kind.REMINDER:
        return
    for key, is_wrong, what in (
        ("level", entry.level == "info", "level “info” 静音、不用回,只能用于 kind: reminder"),
        (
            "through",
            entry.through == "own",
            "through “own” 只能用于 kind: reminder,要回的通知每校都要问到",
        ),
        ("audience", entry.audience.is_admins, "audience “admins” 只能用于 kind: reminder"),
    ):
        if is_wrong:
            raise Fault(fields.line_of(key), what)


def _kind(fields: Fields) -> Kind:
    value = fields.text("kind")
    if value not in [k.value for k in Kind]:
        raise Fault(fields.line_of("kind"), f"kind “{value}”:可以写 {'、'.join(k.value for k in Kind)}")
    return Kind(value)


def _audience(fields: Fields) -> Audience:
    _short(fields, "audience", AUDIENCE_CHARS)
    found = fields.checked("audience", audience.parse)
    if not isinstance(found, Audience):
        raise TypeError(found)
    return found


def _due(fields: Fields, kind: Kind) -> Due | None:
    if kind is Kind.REMINDER:
        if fields.text("due", default=""):
            raise Fault(fields.line_of("due"), "提醒(reminder)不用回,不能有 due")
        return None
    found = fields.checked("due", due_rules.parse)
    if not isinstance(found, Due):
        raise TypeError(found)
    return found


def _triggers(fields: Fields) -> tuple[Trigger, ...]:
    """Those of `trigger` or of `triggers`; none in a file that is published by hand."""
    one = fields.text("trigger", default="")
    if one and fields.has("triggers"):
        raise Fault(fields.line_of("triggers"), "trigger 和 triggers 只能写一个")
    written = ((fields.line_of("trigger"), one),) if one else fields.lines("triggers")
    if len(written) > TRIGGERS_MOST:
        raise Fault(fields.line_of("triggers"), f"triggers 最多 {TRIGGERS_MOST} 条")
    return tuple(_trigger(line, text) for line, text in written)


def _trigger(line: int, text: str) -> Trigger:
    try:
        found = trigger_rules.parse(text)
    except errors.Refused as fault:
        raise Fault(line, fault.sentence) from fault
    if isinstance(found, Cron) and len(found.hours) * len(found.minutes) > TIMES_A_DAY_MOST:
        raise Fault(line, f"trigger “{text}”:一天最多 {TIMES_A_DAY_MOST} 次")
    return found


def _late(fields: Fields) -> dt.timedelta:
    text = fields.text("late", default=LATE)
    found = re.fullmatch(r"(\d{1,4})\s*(min|h|d)|0", text)
    delay = dt.timedelta(0)
    if found and found[1]:
        delay = dt.timedelta(**{{"min": "minutes", "h": "hours", "d": "days"}[found[2]]: int(found[1])})
    if not found or delay > LATE_MOST:
        raise Fault(
            fields.line_of("late"), f"late “{text}”:可以写 30min、2h、1d 或 0,不超过 {LATE_MOST.days} 天"
        )
    return delay


def _choice(fields: Fields, name: str) -> str:
    return fields.choice(name, CHOICES[name], default=DEFAULTS[name])


def _short(fields: Fields, name: str, limit: int, *, default: str | None = None) -> str:
    value = fields.text(name, default=default)
    if len(value) > limit or "\n" in value:
        raise Fault(fields.line_of(name), f"{name} 太长:一行,不超过 {limit} 字(现有 {len(value)} 字)")
    return value


def _han(text: str) -> int:
    """汉字 of the text with its placeholders filled."""
    return len(_HAN.findall(text)) + sum(FILLED_HAN.get(name, 6) for name in _PLACEHOLDER.findall(text))


def _check_text(fields: Fields, entry: Entry) -> None:
    """Length, placeholders, and that a button the text tells people to press is there."""
    line = fields.line_of("text")
    lines = [row for row in entry.text.split("\n") if row.strip()]
    is_directive = entry.kind is Kind.DIRECTIVE
    most, han = (DIRECTIVE_LINES, DIRECTIVE_HAN) if is_directive else (TEXT_LINES, TEXT_HAN)
    if len(lines) > most or _han(entry.text) > han:
        raise Fault(line, f"text 太长:不超过 {most} 行、{han} 个汉字")
    one_for_all = tuple(name for name in PLACEHOLDERS if name not in SCHOOLS_OWN)  # a table has one title
    for where, words, known in (("text", entry.text, PLACEHOLDERS), ("title", entry.title, one_for_all)):
        for name in _PLACEHOLDER.findall(words):
            if name not in known:
                allowed = " ".join(f"{{{p}}}" for p in known)
                raise Fault(fields.line_of(where), f"{where} 里的 {{{name}}} 没有来处。可以写:{allowed}")
    labels = {entry.yes_words, entry.trouble_words} if entry.kind is not Kind.REMINDER else set()
    for words in _BUTTON_WORDS.findall(entry.text):
        if words not in labels:
            raise Fault(
                line, f"text 叫人点“{words}”,卡片上却没有这个按钮(有:{'、'.join(sorted(labels)) or '无'})"
            )
