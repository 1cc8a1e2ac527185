"""A handful of parameters for every text: the usual case and the widest one that can happen."""

import datetime as dt
from types import SimpleNamespace as Fact

from bot.notices.rules import Kind
from bot.roster import commands
from bot.roster.access import Role

LONG = "长阳土家族自治县榔坪镇中心学校附属乐园希望小学分校第二校区部"  # 30 汉字
SHORT = "金滩镇中心小学"
NASTY = '<b>一中</b>&"小学"'
AT = dt.datetime(2026, 9, 30, 7, 12, tzinfo=dt.UTC)  # 15:12 in the schools' zone
DUE = dt.datetime(2026, 9, 30, 9, 0, tzinfo=dt.UTC)
WHO = "欧阳副校长"
PHONE = "+86 138 0000 0001"
STATES = ("new", "seen", "phoned", "solved")
HEADS = [
    Fact(
        title=title,
        frozen=frozen,
        at=AT,
        is_trial=is_trial,
        recalled=recalled,
        left_min=left_min,
        is_directive=is_trial,
    )
    for title, frozen, is_trial, recalled, left_min in (
        ("国庆假前安全课", True, False, False, None),
        ("字" * 30, False, True, True, 60),
        ("国庆假前安全课", False, False, False, 0),
    )
]
SMALL = Fact(
    expected=6,
    answered=6,
    missing=0,
    excused=0,
    trouble=0,
    rate=1.0,
    silent=0,
    undelivered=0,
    unbound=0,
    acknowledged=6,
)
LARGE = Fact(
    expected=4000, answered=2377, missing=1623, excused=1200, trouble=1111, rate=0.5942, silent=1111, undelivered=256,
    unbound=256, acknowledged=3999,
)  # fmt: skip
LINE = "1623 1111 2377/4000 大河县"
STEPS = [Fact(at=AT, said_by="徐专员", state=state) for state in ("seen", "phoned", "solved")]


def status(**given: object) -> Fact:
    usual = {
        "name": SHORT, "row_name": "大河县教育局", "excused": "", "answered": True, "said_by": WHO, "said_at": AT,
        "answered_at": AT, "on_behalf": False, "late": False, "reach": "silent", "trouble": None, "owes": False, "done": (),
    }  # fmt: skip
    return Fact(**usual | given)


def trouble(state: str = "new") -> Fact:
    return Fact(said_by=WHO, opened_at=AT, state=state, text="三楼消防栓没水,已报修")


STATUSES = [
    status(), status(on_behalf=True), status(late=True), status(excused="day_off"),
    *(status(answered=False, reach=reach, name=LONG) for reach in ("silent", "unbound", "undelivered")),
]  # fmt: skip
OWN_UNITS = [
    Fact(name=LONG, status=s)
    for s in (
        status(trouble="new"),
        status(),
        status(answered=False, done=("1", "2")),
        status(excused="closed"),
        status(),
    )
]
LISTED = [
    Fact(
        status=s,
        name=s.name,
        line=Fact(who=WHO, phone=PHONE),
        reminded=2,
        phoned=AT,
        trouble=trouble(),
        theme="消防用电",
    )
    for s in (status(excused="other", late=True), status(excused="closed", late=True, name=LONG))
]
POSTS = [Fact(unit=LONG, title="安全专干"), Fact(unit=SHORT, title="校长")] * 2
THEN = Fact(then=1623, now=DUE, since=999, left=624)

CARD = [
    {"kind": kind, "level": level, "due": due, "is_trial": True, "over": over, "text": "一\n二", "shared": True,
     "answered": 1999, "expected": 2000, "provisional": True,
     "corrected": True}
    for kind in ("reminder", "confirm", "report")
    for level in ("info", "today", "now")
    for due, over in (("今天17:00", False), ("12月30日(周三)17:00", True))
]  # fmt: skip
HANDLED = [
    Fact(title="字" * 30, is_trial=True, recalled_at=recalled, recalled_by=WHO, published_at=AT, by=WHO, released_by=second,
         released_at=AT if second else None, reason="字" * 200 if versions else "",
         versions=[Fact(version=n, at=AT, by=WHO, released_by=second, released_at=DUE, reason="假期改了") for n in versions],
         items=items, known=1999,
         expected=2000, answered=1999, count=count, are_schools=not versions)
    for recalled, second, versions, items in ((None, "", (), 0), (None, WHO, (2, 3), 9), (AT, WHO, (2,), 0))
    for count in (None, Fact(total=4000, done=3800, waiting=80, failures=[1] * 120),
                  Fact(total=4000, done=4000, waiting=0, failures=[]))
]  # fmt: skip
LISTED_NOTICES = [
    Fact(notice=Fact(title="字" * 120, kind=kind, published_at=AT, recalled_at=recalled), by=by)
    for kind in Kind
    for recalled, by in ((None, WHO), (AT, "计划"))
]
DIRECTIVE = [
    {"title": "字" * 30, "text": text, "due": due, "over": over, "level": level, "is_trial": True,
     "version": version, "provisional": True, "count": 9, "shared": shared, "known": 1999, "answered": 1999,
     "expected": 2000, "done": 0, "troubled": 2, "are_schools": over}
    for text in ("", "一\n二")
    for due, over in (("今天17:00", False), ("12月30日(周三)17:00", True))
    for level in ("today", "now")
    for version, shared in ((1, False), (12, True))
]  # fmt: skip
ITEMS = [
    Fact(
        key=f"{n}",
        text="字" * 280,
        party="校长、安全专干",
        due=due,
        done=n % 2,
        troubled=n == 3,
        changed=n == 4,
    )
    for n, due in enumerate(["", "12月30日(周三)17:00"] * 5, start=1)
]
_count = [{"count": 1}, {"count": 4000}]
_words = [{"words": "已上完"}, {"words": "字" * 10}]
_unit = [{"unit": SHORT}, {"unit": LONG}]
_steps = [{"steps": []}, {"steps": STEPS}]
_told = {"theme": "消防用电", "need": "要县局帮忙", "text": "字" * 200, "file_kind": "voice"}
_untold = {"theme": "", "need": "", "text": "", "file_kind": ""}


def _each(**choices: list[object]) -> list[dict[str, object]]:
    """One sample per choice of the longest list; shorter lists repeat."""
    longest = max(len(values) for values in choices.values())
    return [{k: v[i % len(v)] for k, v in choices.items()} for i in range(longest)]


TODAY = dt.date(2026, 9, 30)
STAGE_DAYS = [
    Fact(is_school_day=school, is_make_up_day=make_up, off=off, exam=exam, is_provisional=unsure)
    for school, make_up, off, exam, unsure in (
        (True, False, "", "", False), (True, True, "", "高考", True), (False, False, "国庆", "", True),
        (False, False, "", "", False),
    )
]  # fmt: skip
HOLIDAYS = [
    Fact(name="国庆", first_day_off=TODAY + dt.timedelta(days), last_day_off=dt.date(2026, 10, 7),
         last_school_day=dt.date(2026, 9, 29), resumes_on=dt.date(2026, 10, 8), is_provisional=unsure)
    for days, unsure in ((1, False), (0, True))
]  # fmt: skip
TERMS = [
    Fact(
        break_name="寒假",
        break_begins=begins,
        break_is_provisional=True,
        starts_on=starts,
        start_is_provisional=True,
    )
    for begins, starts in ((dt.date(2027, 2, 3), dt.date(2027, 3, 1)), (None, None))
]
BRIEFS = [
    {"now": DUE, "count": count, "left": left, "total": total, "unseen": 4, "solved": 8, "more": more, "is_repeat": bool(more),
     "things": [Fact(title=title, total=LARGE, due_at=due) for title, due in ((LONG, DUE), (SHORT, DUE + dt.timedelta(1)))] * 2}
    for count, left, total, more in ((2, 0, SMALL, 0), (2, 0, LARGE, 0), (9, 7, LARGE, 3))
]  # fmt: skip
ONE_DIRECTIVE, DIRECTIVES = _each(directive=[True, False]), _each(directives=[True, False])
SPAN = {"first": dt.date(2026, 9, 1), "last": dt.date(2026, 9, 30)}
PARAGRAPHS = [
    {"head": head, "title": title, "area": area, "total": total, "unseen": 256, "seen": 600, "solved": 255,
     "then_now": then_now, "at_due": at_due, "is_other_day": then_now is None, "are_schools": then_now is None}
    for head, title, area, total, then_now, at_due in (
        (HEADS[0], "国庆假前安全课", "", LARGE, THEN, None),
        (HEADS[1], "字" * 30, "大河县", LARGE, None, Fact(at=DUE, missing=1623)),
        (HEADS[2], "国庆假前安全课", "大河县", SMALL, None, None),
    )
]  # fmt: skip
CLOSINGS = [Fact(place="大河县", tag="山区", schools=12, is_today=True, by=WHO, since=AT)] * 8
CLOSED = _each(
    place=["大河县", "全市"],
    tag=["", "山区"],
    schools=[12],
    is_today=[True, False],
    notices=[0, 2],
    asks=[24],
)
SPANS = [
    Fact(line=Fact(at=AT, title="字" * 30, units=3812, is_provisional=True, skipped=skipped), last_at=DUE, times=times)
    for skipped, times in ((None, 1), ("国庆", 5), ("今天停课", 1))
]  # fmt: skip
PLAN_CARD = Fact(kind="confirm", level="today", due="今天17:00", text="国庆假前安全课上完了吗?", provisional=True,
                 buttons=["✅ 已上完", "⚠️ 有困难"], lines=[])  # fmt: skip
PLAN_DIRECTIVE = Fact(kind="directive", level="today", due="今天17:00", text="请逐项落实。", provisional=False,
                      buttons=["👌 已知悉", "📝 逐项反馈"], lines=["2.1 全面排查(校长)"] * 5)  # fmt: skip
PLANS = _each(title=["国庆假前安全课", "字" * 30], card=[PLAN_CARD, PLAN_DIRECTIVE, None], fault=["没有放假"],
              is_enabled=[True, False], by=[WHO, ""], changed_at=[AT], when=["假前1个上学日 15:00"], whom=["各校"], units=[3812],
              is_admins=[False, True], own_only=[True, False], unless=["next_year_known", "never"],
              due=["当天 17:00", ""], chase=["standard", ""],
              escalate=["county", "none"], owner=["安全处", ""], is_urgent=[False, True],
              times=[[Fact(at=AT, is_provisional=True)] * 3, []], last_at=[AT, None])  # fmt: skip

REACHES = [
    Fact(sent=340, failed=0, uncertain=0, waiting=0, units_missed=0, is_complete=True),
    Fact(sent=340, failed=24, uncertain=3, waiting=316, units_missed=411, is_complete=False),
]
_fire = {"at": AT, "title": "字" * 30, "units": 3812, "is_admins": False, "is_left_out": False, "is_out": False,
         "is_trial": False, "is_provisional": False, "waits": False, "state": None, "reason": "", "reach": None}  # fmt: skip
FIRES = [
    *(Fact(**_fire | {"is_out": True, "state": "published", "reach": r, "is_trial": trial, "reason": reason})
      for r, trial, reason in zip(REACHES, (False, True), ("", "今天停课 12 校、高考 88 校"), strict=True)),
    Fact(**_fire | {"is_provisional": True, "state": "proposed", "waits": True, "reason": "今天停课 12 校"}),
    Fact(**_fire | {"is_admins": True}), Fact(**_fire | {"state": "asked", "waits": True}),
    Fact(**_fire | {"is_left_out": True, "state": "skipped", "reason": "机器人当时没有运行,后面又有一次"}),
]  # fmt: skip
PLACES_MISSED = [
    Fact(name=name, who=who, why=why)
    for why in ("gone", "blocked", "muted", "refused", "uncertain", "waiting", "nowhere", "cardless")
    for name, who in ((LONG, WHO),)
]
WHYS = (
    "fault", "other", "stuck", "gone", "muted", "blocked", "refused", "untold", "halted", "uncertain", "poisoned",
    "retrying",
)  # fmt: skip
OWNERS = [
    Fact(unit=unit, who=who, title=title)
    for unit, who, title in ((LONG, WHO, ""), (SHORT, "", "字" * 20), ("", "", "字" * 20), ("", "", ""))
]
NEEDS = [
    Fact(why=why, since=DUE, until=DUE, owners=OWNERS[:owners], chats=chats, deliveries=4000, kind=kind, title=title,
         text=text, number=123456789, attempts=10)
    for why in WHYS
    for owners, chats, kind, title, text in (
        (1, 1, "card", "字" * 30, "too late, untold"), (3, 4000, "chase", "", "Bad Request: x"), (1, 1, "new", "", "字"),
    )
]  # fmt: skip
_needs = [{"n": n} for n in NEEDS]

# ── sending ──────────────────────────────────────────────────────────────────────────────────────

_top = _each(
    title=["国庆假前安全工作", "字" * 30], items=[0, 30], files=[0, 5], fault=["", "这个时间已经过了。"]
)
_draft_cards = [
    Fact(
        kind=kind,
        level=level,
        title="字" * 30,
        text=text,
        count=9,
        is_trial=is_trial,
        buttons=buttons,
        version=version,
        expected=0 if is_trial else 400,
    )
    for kind, level, text, is_trial, buttons, version in (
        ("confirm", "today", "字" * 80, False, ("✅ 已落实", "⚠️ 有困难", "看全文", "📎 看原文"), 1),
        ("directive", "today", "字" * 80, True, ("👌 已知悉", "📝 逐项反馈"), 12),
        ("report", "now", "\n".join(["字" * 20] * 4), True, ("🟢 无情况", "✏️ 写一句"), 1),
    )
]
_outlooks = [
    Fact(
        units=4000,
        has_bureaus=True,
        groups=24,
        private=1999,
        unreached=41,
        is_trial=True,
        last=Fact(at=AT, units=3812, more=99, fewer=98),
        most=3,
        over=3812,
        reason="字" * 60,
        needs_two=True,
        disturbs=True,
    ),
    Fact(
        units=1,
        has_bureaus=False,
        groups=1,
        private=0,
        unreached=0,
        is_trial=False,
        last=Fact(at=AT, units=1, more=0, fewer=0),
        most=0,
        over=0,
        reason="",
        needs_two=False,
        disturbs=False,
    ),
    Fact(
        units=63,
        has_bureaus=False,
        groups=1,
        private=62,
        unreached=0,
        is_trial=False,
        last=None,
        most=4,
        over=2,
        reason="",
        needs_two=False,
        disturbs=False,
    ),
]
_plans = [
    {
        "card": card,
        "lines": lines,
        "whom": whom,
        "how": "点一下",
        "due": due,
        "level": "响一声",
        "first": first,
        "o": o,
    }
    for card, o in zip(_draft_cards, _outlooks, strict=True)
    for lines, whom, due, first in (
        ([], "各校", "", ""),
        (["12 " + "字" * 18] * 13, "字" * 200, "今天17:00", "大河县"),
    )
]


UNIT_PEOPLE = [
    Fact(title="安全专干", name="欧阳" + "字" * 8, state=state, phone=phone)
    for state in ("ok", "absent", "blocked", "gone") for phone in (PHONE, "")
]  # fmt: skip
UNIT_GROUPS = [
    Fact(title="字" * 60, state=state, state_at=AT, is_pilot=state == "ok")
    for state in ("ok", "gone", "muted")
]
UNIT_ASKED = [
    Fact(
        at=AT,
        title="字" * 30,
        word=word,
        said_by=WHO,
        said_at=AT,
        on_behalf=word == "late",
        is_over=word == "silent",
    )
    for word in ("recalled", "excused", "answered", "late", "trouble", "silent", "undelivered", "unbound")
]
UNIT_CODES = [
    Fact(kind=kind, who=who, title="安全专干", code="K7MP-3QWD", link=link, until=AT)
    for kind, who in (("contact", WHO), ("successor", WHO), ("contact", ""))
    for link in ("https://t.me/xiaoan_bot?start=K7MP3QWD", "")
]
UNIT_GROUP_CODES = [
    Fact(kind="group", who="", title="", code="K7MP-3QWD", link=link, until=AT)
    for link in ("https://t.me/xiaoan_bot?startgroup=K7MP3QWD", "")
]
UNITS_THERE = [
    {"name": LONG, "county": county, "code": "DH0001", "features": ["小学", "公办", "寄宿", "山区"], "people": held,
     "groups": groups, "through": Fact(of=of, groups=through, private=private), "reach": reach, "duty_phone": duty,
     "asked": asked}
    for county, held, groups, of, through, private, reach, duty, asked in (
        ("大河县", UNIT_PEOPLE, UNIT_GROUPS, "", ("字" * 60,), 0, "ok", PHONE, UNIT_ASKED),
        ("", [], [], "大河县", ("字",), 0, "ok", "", []), ("", [], [], "", (), 3, "ok", "", []),
        ("", [], [], "", (), 0, "closed", "", []), ("", [], [], "", (), 0, "unbound", "", []),
    )
]  # fmt: skip
_revisions = [
    Fact(version=1, fault=fault, items=items, stands=stands, is_reworded=is_reworded, is_new=is_new)
    for fault, items, stands, is_reworded, is_new in (
        ("没有改动。", Fact(again=(), added=(), gone=(), moved=()), 0, False, False),
        ("", Fact(again=("3", "4"), added=("2-1",), gone=("5",), moved=("6",)), 44, True, True),
        ("", Fact(again=(), added=(), gone=(), moved=()), 9, True, False),
    )
]
_revision_plans = [
    {
        "d": d,
        "due_was": "今天17:00",
        "card": card,
        "lines": ["12 " + "字" * 18] * 13,
        "due": "明天12:00",
        "o": o,
    }
    for d in _revisions
    for card, o in zip(_draft_cards, _outlooks, strict=True)
]

_months = [
    Fact(first=dt.date(2026, 10, 1), notices=n, cap=3,
         total=Fact(schools=4000, asks=Fact(median=8.5, most=13), taps=Fact(median=11.0, most=140), over=over))
    for n, over in ((0, 0), (23, 0), (23, 4000))
]  # fmt: skip


SAMPLES: dict[str, list[dict[str, object]]] = {
    "card.header": [{k: v for k, v in s.items() if k in ("kind", "level", "due", "is_trial", "over")} for s in CARD],
    "card.ask": CARD,
    "card.done": _each(title=["国庆假前安全课", "字" * 30], sign=["✅", "🟢"], words=["已上完"], by=[WHO], at=[AT],
                       on_behalf=[False, True, False], late=[False, False, True], is_trial=[False, True]),
    "card.troubled": _each(title=["字" * 30], words=["有困难"], by=[WHO], at=[AT], state=list(STATES), is_trial=[True]),
    "card.excused": _each(title=["字" * 30], is_trial=[True, False]),
    "card.moved": _each(title=["字" * 30], is_trial=[True, False]),
    "card.choose": _each(title=["字" * 30], due=["今天17:00"], over=[True, False], count=[8, 99], owing=[7, 0, 99],
                         is_trial=[True, False]),
    "card.chase": _each(who=[WHO], unit=[LONG], title=["字" * 30], due=["17:00"], over=[False, True], count=[1, 8]),
    "card.line": _each(unit=[SHORT, LONG], title=["字" * 30]),
    "card.yes": _each(words=["已上完"], kind=["confirm", "report"]), "card.trouble": _words,
    "card.change": _words, "card.all_yes": _words, "card.one_yes": _each(unit=[LONG], words=["已上完"]),
    "card.one_trouble": _unit, "card.recovered": _each(unit=[SHORT, LONG], title=["字" * 30]),
    "card.overdue": _each(title=["国庆假前安全课", "字" * 30], count=[42, 4000], nudged=[0, 41, 42], is_trial=[False, True]),
    "card.own_overdue": _each(unit=[SHORT, LONG], title=["字" * 30], due=["17:00", "9月30日(周三)17:00"],
                              is_trial=[False, True]),
    "composing.top": _top, "composing.text": _top, "composing.name": _top, "composing.what": _top,
    "composing.due": [t | {"is_own": is_own} for t in _top for is_own in (True, False)],
    "composing.sound": [t | {"due": due} for t in _top for due in ("", "9月30日(周三)17:00")],
    "composing.day": _each(which=["today17", "next12", "friday17"], off=[True, False]),
    "composing.unfinished": [{"title": ""}, {"title": "字" * 30}],
    "composing.summary": [t | {"chars": 12000, "most": most} for t in _top for most in (40, 80)],
    "composing.whom": [t | w for t in _top for w in ({"whom": "", "units": 0}, {"whom": "各校且大河县", "units": 4000})],
    "composing.reason": [t | {"over": 4000, "cap": 3} for t in _top],
    "composing.first": [t | {"page": 1, "pages": n} for t in _top for n in (1, 3)],
    "composing.unreached": [t | {"schools": [f"{LONG} 大河县"] * 8, "first": 1, "page": 1, "pages": 500} for t in _top],
    "composing.shown": [{"card": c, "due": "今天17:00"} for c in _draft_cards],
    "composing.plan": [{k: v for k, v in p.items() if k != "o"} for p in _plans],
    "composing.of_units": [{"o": p["o"]} for p in _plans],
    "composing.reach": [{"o": p["o"], "first": p["first"], "asked": asked} for p in _plans for asked in (True, False)],
    "composing.ready": [_top[-1] | p for p in _plans], "composing.put": [
        {"author": WHO, "title": "字" * 30, "items": 30, "files": 5} | p for p in _plans
    ],
    "composing.too_long": [{"chars": 4000, "most": 80}],
    "composing.waiting": [{"title": "字" * 30, "units": 4000, "at": AT}],
    "composing.leaving": _each(title=["字" * 30], units=[4000], leaves=["15:07:31"], by=["", WHO]),
    "composing.sent": _each(title=["字" * 30], units=[4000], by=["", WHO], first=["", "大河县"]),
    "composing.ended": [{"title": ""}, {"title": "字" * 30}],
    "composing.back": _each(title=["字" * 30], by=["", WHO], why=["字" * 200]),
    "composing.put_over": _each(author=[WHO], title=["字" * 30], state=["agreed", "refused", "over"], by=[WHO]),
    "composing.refused_noted": [{"is_done": True}, {"is_done": False}],
    "composing.rehearsal": [{"card": c, "due": "今天17:00"} for c in _draft_cards],
    "composing.other_number": [{"units": 4000}],
    "composing.how": [{"kind": k} for k in ("reminder", "confirm", "directive", "report")],
    "composing.level": [{"level": level} for level in ("info", "today", "now")],
    "composing.option": _each(state=[True, False, None], name=["长阳土家族自治县"], count=[4000]),
    "composing.county": _each(name=["长阳土家族自治县"], count=[4000]),
    "composing.again": _each(title=["字" * 30], at=[AT]),
    "composing.group": _each(which=["c", "s", "t"], chosen=[0, 20]),
    "composing.send": [{"units": 4000}], "composing.ask_second": [{"units": 4000}], "composing.list": [{"count": 4000}],
    "composing.button": [{"which": n} for n in (
        "drop", "go_on", "anew", "title_is_fine", "next", "clear", "back", "text", "title", "whom", "what", "when", "sound",
        "no_files", "try", "first", "all_at_once", "undo", "withdraw", "mend", "rest", "table", "agree", "refuse",
        "own_words", "opinion", "again", "items", "no_due", "party", "no_party",
    )],
    "composing.toast": [{"which": n} for n in (
        "old", "other", "soon", "alone", "leaving", "asked", "reason", "undone", "left", "agreed", "over", "changed",
        "rehearsed", "dropped", "begun", "no_text", "item",
    )],
    "composing.with_items": [{"due": "9月30日(周三)17:00"}], "composing.after_whole": [{"due": "9月30日(周三)17:00"}],
    "composing.ill_timed": [{"key": "3", "due": "9月30日(周三)17:00"}],
    "composing.item_line": _each(key=["3"], text=["字" * 40], party=["", "字" * 40], due=["", "9月30日(周三)17:00"]),
    "composing.items": [t | {"lines": ["3 " + "字" * 99] * 8, "page": 1, "pages": n} for t in _top for n in (1, 4)],
    "composing.item": [t | p | {"key": "3", "text": "字" * 600} for t in _top for p in _each(
        party=["", "字" * 40], due=["", "9月30日(周三)17:00"], asks_party=[True, False])],
    "composing.opinion_thanks": [{"is_sent": True}, {"is_sent": False}],
    "composing.opinion": _each(who=[WHO], unit=[LONG], text=["字" * 200], at=[AT]),
    "burden.month": [{"first": dt.date(2026, 10, 1)}], "burden.number": [{"n": 8.0}, {"n": 8.5}],
    "burden.page": [{"m": m, "lines": ["  8.5/13 11.5/140  40 长阳县"] * 24, "is_repeat": r}
                    for m in _months for r in (True, False)],
    "burden.over": [{"m": m, "schools": s, "first": 8, "page": 2, "pages": n} for m in _months for n in (1, 3)
                    for s in ([], [Fact(name=LONG, a_week=4, asks=13, taps=140)] * 8)],
    "burden.list": [{"count": 4000}], "burden.other": [{"first": dt.date(2026, 10, 1)}],
    "burden.file": [{"first": dt.date(2026, 10, 1)}],
    "revising.top": _top,
    "revising.text": [t | {"version": 1, "directive": is_it} for t in _top for is_it in (True, False)],
    "revising.was": [{"title": "字" * 30, "items": [Fact(key="3", text="字" * 40, party=p) for p in ("", "安全科")]}],
    "revising.summary": [t | {"chars": 12000, "most": most} for t in _top for most in (40, 80)],
    "revising.difference": [{"d": d, "due_was": w, "due": "明天12:00"} for d in _revisions for w in ("", "今天17:00")],
    "revising.how": [{"d": d, "o": o} for d in _revisions for o in _outlooks],
    "revising.plan": _revision_plans, "revising.ready": [_top[-1] | p for p in _revision_plans],
    "revising.put": [{"author": WHO, "title": "字" * 30} | p for p in _revision_plans],
    "revising.sent": _each(title=["字" * 30], version=[2], units=[4000], by=["", WHO]),
    "revising.button": [{"which": n} for n in ("revise", "as_before")],
    "desk.difference": _each(head=HEADS, then_now=[THEN]),
    "desk.top": _each(head=HEADS, name=["", "大河县"]),
    "desk.against": _each(then_now=[THEN, None], head=HEADS),
    "desk.city": _each(head=HEADS, total=[SMALL, LARGE], lines=[[], [LINE]], total_line=["", LINE],
                       folded=[None, LARGE], folded_count=[0, 12], then_now=[None, THEN], complete=[True, False],
                       last_time=[None, Fact(name="中秋", due_at=DUE, rate=0.947), Fact(name="", due_at=DUE, rate=1.0)]),
    "carry.export": _each(may_export=[True, False]), "carry.span": [{"which": w} for w in ("week", "month", "quarter")],
    "carry.none_then": [SPAN], "carry.file": [SPAN, SPAN | {"last": dt.date(2027, 1, 3)}],
    "carry.file_title": [SPAN | {"at": AT}],
    "carry.brief": BRIEFS, "carry.troubles": _each(total=[SMALL, LARGE], unseen=[4], solved=[8]),
    "carry.notice_columns": DIRECTIVES, "carry.row_columns": DIRECTIVES,
    "carry.paragraph": PARAGRAPHS, "carry.date": [{"at": AT}],
    "carry.caption": _each(title=["国庆假前安全课", "字" * 30], instant=["截至 9月30日(周三)17:00"]),
    "picture.title": _each(head=HEADS, part=[1, 2], parts=[1, 2]), "picture.instant": [{"head": head} for head in HEADS],
    "picture.columns": ONE_DIRECTIVE, "picture.legend": ONE_DIRECTIVE,
    "picture.rate": [{"rate": 0.9587}, {"rate": None}], "picture.heat_title": [{"count": 10, "at": AT}],
    "picture.heat_day": [{"at": DUE}],
    "desk.list": _each(head=HEADS, name=["大河县", "全市"], total=[SMALL, LARGE], part=list("snutlx"), unseen=[0, 3],
                       page=[1, 99], pages=[1, 500], schools=[[], LISTED], first=[1, 793], then_now=[None, THEN]),
    "desk.detail": _each(part=list("tlxs"), s=LISTED),
    "desk.reason": [{"code": c} for c in ("closed", "no_pupils", "unrelated", "day_off", "other")],
    "desk.plain_part": [{"part": p} for p in "msnutlxc"], "desk.part": [{"part": p} for p in "snutlx"],
    "desk.unit": _each(head=HEADS, status=STATUSES, published_at=[AT], delivered_at=[AT, None], reminded=[[AT, AT], []],
                       phoned=[AT, None], trouble=[None, *(trouble(s) for s in STATES)],
                       line=[Fact(who=WHO, phone=PHONE), Fact(who="", phone="")], words=["已上完"],
                       history=[[Fact(at=AT, said_by=WHO, value=v, on_behalf=True, withdrawn=True,
                                      item=item, is_ack=not item and v == "yes", text="14")
                                 for v in ("yes", "trouble", "text") for item in ("", "12")]],
                       duty_phone=["0310-0000000", ""], left=[(), ("3", "4")]),
    "desk.earlier": _each(at=[AT], title=["国庆假前安全课"], recalled=[True, False]),
    "desk.pick": _each(head=HEADS, schools=[[]], chosen=[0, 8]),
    "desk.confirm": _each(title=["字" * 30], names=[[LONG] * 8], words=["已上完"]),
    "desk.excuse_why": _each(title=["字" * 30], names=[[LONG] * 8]),
    "desk.chase_ask": _each(title=["字" * 30], schools=[0, 1111], capped=[0, 1111], contacts=[0, 1111],
                            unreached=[0, 256], is_trial=[True, False], is_more=[True, False]),
    "desk.chased": _each(title=["字" * 30], schools=[1111], contacts=[1111]),
    "desk.more": _count, "desk.unfold": _count,
    "desk.chase": _count, "desk.chase_all": _count,
    "desk.do_yes": _each(count=[8], words=["字" * 10]), "desk.do_trouble": _each(count=[8], words=["字" * 10]),
    "desk.do_excuse": [{"count": 8}], "desk.do_phoned": [{"count": 8}], "desk.chase_sure": _count,
    "desk.done": _each(done=[8, 0], skipped=[0, 8]),
    "desk.sheet": _each(title=["字" * 30], at=[AT], frozen=[True, False]),
    "enrol.welcome": _each(who=[WHO], city=["云川市教育局"], posts=[POSTS[:1], POSTS], phone=["0310-0000000", ""]),
    "enrol.stranger": _each(city=["云川市教育局"], phone=["0310-0000000", ""]),
    "enrol.unknown_phone": [{"phone": ""}, {"phone": "0310-0000000"}],
    "enrol.wrong_code": [{"left": 4}], "enrol.named": [{"who": WHO}], "enrol.held": _each(words=["已上完"], title=["字" * 30]),
    "enrol.handover": _each(unit=[LONG], title=["校长"], code=["K7MP-3QWD"], link=["https://t.me/x?start=K7MP3QWD", ""],
                            until=[DUE]),
    "enrol.me": _each(who=[WHO], posts=[POSTS], phone=["138****0001", ""], city=["云川市教育局"],
                      city_phone=["0310-0000000", ""]),
    "enrol.bound": _unit, "enrol.bind_ask": _unit, "enrol.press_please": [{"who": WHO}, {"who": ""}],
    "plans.missed": _each(title=["国庆假前安全课", "字" * 30], planned_at=[AT], units=[1, 4000], due=["", "10月1日(周四)17:05"]),
    "plans.make_up": [{}], "plans.skip": [{}], "plans.go": [{}], "plans.leave": [{}],
    "plans.proposed": _each(title=["字" * 30], planned_at=[AT], units=[4000], by=["", WHO, WHO, "", ""],
                            state=["proposed", "proposed", "published", "published", "skipped"],
                            reason=["", "", "", "", "放假日期改了,这一次不发"]),
    "plans.decided": _each(
        state=["published", "skipped", "proposed", "asked"], is_new=[True, False], reason=["", "今天停课 3812 校"]
    ),
    "plans.maybe": _each(is_provisional=[True, False]), "plans.list": _each(total=[62], on=[0, 62], page=[1], pages=[1, 8]),
    "plans.row": _each(title=[SHORT, "字" * 30], is_enabled=[True, False], is_ask=[True, False], at=[AT, None],
                       is_manual=[False, True], is_provisional=[False, True]),
    "plans.one": PLANS,
    "plans.ask": _each(title=["字" * 30], units=[3812], closed=[0, 12], is_trial=[False, True], is_admins=[False, True]),
    "plans.ahead": _each(title=["", "字" * 30], is_paused=[False, True], spans=[[], SPANS], page=[1], pages=[1, 9]),
    "plans.switched": _each(is_on=[True, False], is_new=[True, False]),
    "plans.sent": _each(units=[3812], is_admins=[False, True]), "plans.switch": _each(is_enabled=[True, False]),
    "calendar.maybe": _each(is_provisional=[True, False]),
    "calendar.page": _each(today=[TODAY], days=[[], [("各校", STAGE_DAYS[0])], [(LONG, d) for d in STAGE_DAYS]],
                           safety=[(), ("全国消防日", "安全生产月")], holidays=[[], [("各校", h) for h in HOLIDAYS]],
                           terms=[[], [("小学、初中", t) for t in TERMS]], closings=[[], CLOSINGS], first=[1], page=[1],
                           pages=[1, 9]),
    "calendar.status": [{"d": d} for d in STAGE_DAYS], "calendar.holiday": _each(today=[TODAY], h=HOLIDAYS),
    "calendar.term": [{"t": t} for t in TERMS],
    "calendar.who_closes": _each(place=["大河县", LONG], tag=["", "山区"], schools=[180], is_today=[True, False]),
    "calendar.pick_whom": _each(place=["大河县", "全市"], is_today=[True, False], page=[1], pages=[1, 9]),
    "calendar.ask": CLOSED, "calendar.closed": CLOSED,
    "calendar.noted": _each(is_new=[True, False]),
    "calendar.taken_back": _each(is_new=[True, False], notices=[0, 2], asks=[24]),
    "calendar.close": _each(is_today=[True, False]), "calendar.whole": _each(is_city=[True, False], schools=[3812]),
    "calendar.some": _each(name=["山区"], schools=[3812]), "calendar.undo": [{"number": 0}, {"number": 99}],
    "menu.command": [{"name": n} for n in ("todo", "summary", "missing", "chase", "export", "send", "plans", "calendar",
                                           "report", "handover", "me", "help",
                                           "cancel", "start", "units", "invite", "burden")],
    "hands.owner": [{"o": o} for o in OWNERS], "hands.owners": _needs, "hands.what": _needs,
    "hands.line": _each(n=NEEDS, now=[AT]), "hands.todo": [{"why": why} for why in WHYS],
    "hands.class": _each(why=WHYS, count=[1, 4000]), "hands.more": [{"count": 4000}],
    "hands.page": _each(total=[0, 4000], page=[1], pages=[1, 500],
                        classes=[[], [Fact(why=why, count=500, lines=["字" * 250]) for why in WHYS[:8]]]),
    "reports.reach": [{"r": r} for r in REACHES], "reports.whom": [{"f": f} for f in FIRES],
    "reports.line": [{"f": f, "is_other_day": o, "is_overdue": o} for f in FIRES for o in (True, False)],
    "reports.today": _each(day=[TODAY], total=[0, 99], page=[1], pages=[1, 9], more=[0, 99],
                           lines=[[], [Fact(fire=f, is_other_day=True, is_overdue=True) for f in FIRES]],
                           hands=[[], ["字" * 200] * 6]),
    "reports.fine": [{"count": 1}, {"count": 99}],
    "reports.fire": _each(f=FIRES, is_other_day=[True, False], places=[[], PLACES_MISSED], page=[1], pages=[1, 99]),
    "reports.late": [{"title": "字" * 30, "planned_at": AT, "units": 4000, "is_admins": f is None, "now": DUE, "fire": f}
                     for f in (None, *FIRES)],
    "reports.open": _each(at=[AT], title=["国庆假前安全课", "字" * 30]), "reports.all_needs": [{"count": 99}],
    "talk.help": [{"offers": [c.word for c in commands.of({role}) if c.name != "help"]} for role in Role],
    "talk.todo": [{"count": 0}, {"count": 99}],
    "talk.report_todo": [{"count": 0}, {"count": 99}],
    "talk.cancelled": [{"something": True}, {"something": False}],
    "talk.line_saved": _unit,
    "toast.recorded": _each(unit=[SHORT, LONG], words=["字" * 10], at=[AT]),
    "toast.recorded_all": _each(count=[1999], words=["字" * 10], at=[AT]),
    "toast.late": _each(unit=[SHORT, LONG], words=["字" * 10], due_at=[DUE]), "toast.trouble": _words,
    "toast.trouble_already": _each(by=[WHO], at=[AT], words=["字" * 10]),
    "toast.trouble_stands": _each(by=[WHO], at=[AT], trouble_words=["字" * 10]),
    "toast.already_mine": [{"at": AT}], "toast.already": _each(by=[WHO], at=[AT], words=["字" * 10]),
    "toast.choose": _count, "toast.closed": [{"due_at": DUE}],
    "toast.look": [{"units": units} for units in ([], OWN_UNITS[:1], OWN_UNITS[1:2], OWN_UNITS[2:], OWN_UNITS)],
    "card.recalled": _each(title=["字" * 30], is_trial=[True, False]),
    "card.full_text": _each(title=["字" * 30], text=["字" * 3900], part=[1], parts=[1, 12]),
    "card.full_corrected": _each(title=["字" * 30], is_trial=[True, False], has_full=[True, False]),
    "card.file": _each(title=["字" * 30], name=["会议纪要.pdf", ""]),
    "card.file_lost": _each(title=["字" * 30], name=["会议纪要.pdf", ""]),
    "card.file_lost_told": _each(title=["字" * 30], name=["会议纪要.pdf", ""]),
    "toast.file_given": _count,
    "handling.page": [{"n": n} for n in HANDLED],
    "handling.failures": _each(title=["字" * 30], recalled=[True, False], first=[8], page=[2], pages=[12], count=[120],
        names=[[Fact(name=f"{LONG}{WHO}", why=w) for w in ("gone", "muted", "blocked", "doubt", "other")], []]),
    "handling.progress": _each(title=["字" * 30], at=[AT], version=[0, 12], page=[1], pages=[1, 3],
        lines=[[Fact(done=1999, expected=2000, key="12", text="字" * 40, party=party, due="12月30日(周三)17:00")
                for party in ("", "校长、安全专干")]]),
    "handling.recall_ask": _each(title=["字" * 30], chats=[4000]),
    "handling.recalled": _each(title=["字" * 30], chats=[4000]),
    "handling.which": _each(title=["字" * 30], is_directive=[False, True]),
    "handling.type": _each(title=["字" * 30], item=["", "*"]),
    "handling.proposal": _each(title=["字" * 30], item=["", "*"], text=["字" * 1000], chats=[4000]),
    "handling.revised": _each(title=["字" * 30], version=[12], chats=[4000]),
    "handling.agreed": [{"v": v, "sent_at": AT} for n in HANDLED for v in (n, *n.versions)],
    "handling.once_more": [{"reason": ""}, {"reason": "字" * 200}],
    "handling.list": _each(count=[400], lines=[[], LISTED_NOTICES], first=[8], page=[2], pages=[1, 50]),
    "handling.how": [{"kind": kind} for kind in Kind],
    "handling.by_plan": [{"title": "字" * 30}, {"title": ""}],
    "handling.left": _count, "handling.version": [{"version": 12}],
    "toast.acknowledged": _each(unit=[LONG, "8 所"], words=["已知悉"], at=[AT]), "toast.listed": _unit,
    "toast.item": _each(unit=[LONG], item=["12"], words=["字" * 10], at=[AT]),
    "toast.item_late": _each(unit=[LONG], item=["12"], words=["字" * 10], due_at=[DUE]),
    "toast.rest": _each(unit=[LONG], count=[9], words=["字" * 10], at=[AT]),
    "directive.ask": DIRECTIVE,
    "directive.done": _each(title=["字" * 30], count=[9], by=[WHO], at=[AT], on_behalf=[True, False], late=[True, False],
                            troubled=[0, 9], is_trial=[True, False]),
    "directive.items": _each(title=["字" * 30], unit=[LONG], due=["12月30日(周三)17:00"], over=[True, False],
                             is_trial=[True, False], version=[1, 12], lines=[ITEMS], done=[0, 9], count=[9],
                             mode=["y", "t"]),
    "toast.number": _each(unit=[LONG], item=["12"]), "directive.numbered": _each(unit=[LONG], item=["12"], at=[AT]),
    "directive.number": _each(unit=[LONG], title=["字" * 30], key=["12"], text=["字" * 280], most=[4000]),
    "directive.superseded": _each(title=["字" * 30], is_trial=[True, False]),
    "directive.one_feedback": _unit, "directive.item": _each(mark=["☐", "⚠️"], key=["12"], text=["字" * 15 + "…"]),
    "directive.all_done": _words, "directive.some_trouble": _words,
    "toast.seen_by": [{"words": "已看到"}, {"words": ""}],
    "trouble.theme": _unit, "trouble.need": _each(unit=[LONG], phone=[PHONE, ""], above=["县局", "市局"]),
    "trouble.line": _each(unit=[LONG], urgent=[True, False], phone=[PHONE, ""]),
    "trouble.told": [{"at": AT, "above": "县局"} | said | s for said in (_told, _untold) for s in _steps],
    "trouble.withdrawn": _each(unit=[LONG], title=["字" * 30]), "trouble.reminder": _each(unit=[LONG], above=["市局"]),
    "trouble.officer": [
        {"unit": LONG, "title": "字" * 30, "words": "有困难", "said_by": WHO, "phone": phone, "at": AT}
        | {"on_behalf": True, "is_trial": True}
        | said | s
        for said in (_told, _untold) for s in _steps for phone in (PHONE, "")
    ],
    "trouble.file": _each(unit=[LONG], file_kind=["voice", "photo"]), "trouble.answer_now": _words,
    "workbook.number_columns": DIRECTIVES, "workbook.title": [{"head": head} for head in HEADS],
    "workbook.answered": _each(late=[True, False], on_behalf=[True, False, False]),
    "workbook.missing": [{"reach": r} for r in ("silent", "unbound", "undelivered")],
    "workbook.excused": [{"reason": "今天停课"}], "workbook.trouble": [{"state": s} for s in STATES],
    "units.mark": [{"reach": reach} for reach in ("ok", "unbound", "lost", "closed")],
    "units.list": _each(name=[LONG], word=["", "字" * 10], part=["a", "n", "l"], schools=[4000], unbound=[0, 1600],
                        lost=[0, 900], shown=[0, 400], page=[2], pages=[1, 50]),
    "units.plain_part": [{"part": part} for part in "anl"],
    "units.row": _each(name=[SHORT, LONG], reach=["ok", "unbound", "lost", "closed"]),
    "units.area": _each(name=["大河县"], schools=[180], unbound=[0, 7]),
    "units.unit": UNITS_THERE, "units.line": [{"a": a} for a in UNIT_ASKED],
    "units.past": _each(name=[LONG], total=[400], asked=[UNIT_ASKED, []], page=[1], pages=[1, 50]),
    "units.invite": [{"name": LONG}],
    "units.post": _each(title=["安全专干"], name=["欧阳明远、诸葛明远", ""], enrolled=[True, False]),
    "units.code": [
        {"unit": LONG, "codes": UNIT_CODES, "is_group": False}, {"unit": LONG, "codes": UNIT_GROUP_CODES, "is_group": True}
    ],
    "units.carried": [
        {"unit": LONG, "c": c, "is_group": c.kind == "group"} for c in (*UNIT_CODES, *UNIT_GROUP_CODES)
    ],
    "units.slips_caption": _each(count=[1000], until=[AT]), "units.slips_file": [{"name": LONG}],
    "units.to_part": _each(part=["a", "n", "l"], count=[4000]), "units.newest": [{"title": "字" * 10}],
    "units.to_past": _count, "units.to_below": _count, "units.to_slips": _count,
}  # fmt: skip
