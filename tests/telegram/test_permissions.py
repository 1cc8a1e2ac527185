"""Whatever a person presses, forges or types: they see and change only what the table of rights gives them.

Role × action × place, generated: what is expected comes from `access.RIGHTS`, never from the bot's own answer.
"""

import datetime as dt
import pathlib
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from telegram import ext

from bot.composing import place as drafts
from bot.db import Tx
from bot.delivery.message import Callback
from bot.plans import days_off, place, report_pages
from bot.plans import model as plans
from bot.roster import people
from bot.roster.access import Action, Role
from bot.summaries import burden_pages, handling, notice_list, spans, unit_place
from bot.summaries.pages import Page, Part
from bot.summaries.picking import pack
from bot.summaries.spans import Usual
from bot.telegram import routes
from bot.telegram.handlers.enrolment import POSTS
from bot.telegram.handlers.talk import OWED
from bot.texts import Words
from tests.telegram import small_city
from tests.telegram.small_city import CITY_RUN, COLLEGE, NEIGHBOUR, OTHER, OWN, City, Facts, contacts, secret

pytestmark = [  # one city, and one judge of all that was said in it
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("permissions"),
]
ACTORS = (*(role.value for role in Role), "stranger")
TARGETS = {  # whom each aims at: their own, and at least one of every kind out of reach
    **dict.fromkeys(("principal", "deputy", "safety_officer", "duty"), (OWN, NEIGHBOUR, OTHER)),
    **dict.fromkeys(("county_officer", "leader", "inspector"), (OWN, OTHER, CITY_RUN, COLLEGE)),
    **dict.fromkeys(("city_officer", "admin"), (OTHER, COLLEGE)),
    "stranger": (OWN, CITY_RUN),
}
PAIRS = [(actor, code) for actor in ACTORS for code in TARGETS[actor]]
SCHOOL_COUNT = 3  # of the plan, which one county has for itself
SCHOOLS = ("DH1", "DH2", "DH3", "QS1", "QS2", "QS3", "SZ1", "GX1")


class Table:
    """Takes the place of the library's application, to read the routing table off it."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.commands: list[str] = []

    def add_handler(self, handler: object) -> None:
        if isinstance(handler, ext.CallbackQueryHandler) and handler.pattern is not None:
            self.actions.append(handler.pattern.pattern.split(":")[3].removesuffix("("))
        if isinstance(handler, ext.CommandHandler):
            self.commands += sorted(handler.commands)


ROUTES = Table()
routes.add(ROUTES, Words(dt.UTC), "masked", lambda: None)  # type: ignore[arg-type, return-value]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(
    sqlite_template: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[City]:
    folder = tmp_path_factory.mktemp("city")
    file = shutil.copyfile(sqlite_template, folder / "bot.db")
    async with small_city.city(f"sqlite:///{file}", folder) as made:
        yield made


# ── what each button of the routing table needs ──────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Case:
    """A callback aimed at a unit, the right it needs there, and what it must show or change with it.

    Attributes:
        changes: with the right, facts change; without it they never do.
        shows: with the right, this is read; without it, never.
    """

    data: str
    right: Action
    changes: bool = False
    shows: str = ""


@dataclass(frozen=True, slots=True)
class Aim:
    """A unit as buttons name it."""

    code: str
    notice: int
    unit: int
    row: str
    trouble: int

    @property
    def name(self) -> str:
        return next(
            line.split(",")[1] for line in small_city.UNITS.splitlines() if line.startswith(f"{self.code},")
        )

    @property
    def phone(self) -> str:
        """Of the one to ring there, as it is dialled."""
        phone = next(phone for unit, _, _, phone in contacts() if unit == self.code)
        return f"{phone[:3]} {phone[3:7]} {phone[7:]}"


def aim(city: City, notice: int, code: str, trouble: int = 0) -> Aim:
    place = city.places[code]
    other = {"GX1": "colleges", "SZ1": "city-run"}.get(code, "")
    return Aim(code, notice, place.unit_id, other or str(place.county_id), trouble)


def answers(it: Aim) -> Iterator[Case]:
    for action in ("trouble", "yes", "say", "all"):
        data = Callback(action, it.notice, 1, (str(it.unit),)).encode()
        yield Case(data, Action.ANSWER, changes=action != "all")  # `all` after `yes` finds nothing owed


def troubles(it: Aim) -> Iterator[Case]:
    """In the order in which a trouble lives; each of the last two ends it."""
    for action, *args in (("t-theme", "fire"), ("t-need", "county"), ("t-enough",), ("t-reword",)):
        data = Callback(action, it.notice, 0, (str(it.trouble), *args)).encode()
        yield Case(data, Action.ANSWER, changes=True)
    phone = Callback("t-phone", it.notice, 0, (str(it.trouble),)).encode()
    yield Case(phone, Action.SEE_PHONES, changes=True, shows=it.phone)
    for step in ("seen", "phoned"):
        data = Callback("t-step", it.notice, 0, (str(it.trouble), step)).encode()
        yield Case(data, Action.HANDLE_TROUBLE, changes=True)


def endings(it: Aim) -> Iterator[Case]:
    """Each ends the trouble."""
    for action, right, *args in (
        ("t-solved", Action.SOLVE_OWN),
        ("t-wrong", Action.ANSWER),
        ("t-step", Action.HANDLE_TROUBLE, "solved"),
    ):
        data = Callback(action, it.notice, 0, (str(it.trouble), *args)).encode()
        yield Case(data, right, changes=True)


def pages(it: Aim) -> Iterator[Case]:
    for row in ("all", it.row):
        for part in Part:
            page = Page(it.notice, row, part, 0, None, it.unit)
            shows = it.name if part in (Part.UNIT, Part.TROUBLE) else ""
            yield Case(page.callback().encode(), Action.SEE_NAMES, shows=shows)
        yield Case(
            Page(it.notice, row, Part.TROUBLE).callback().encode(), Action.SEE_NAMES, shows=secret(it.code)
        )
        yield Case(Page(it.notice, row).callback("xlsx").encode(), Action.SEE_NAMES, shows=it.name)
        yield Case(Page(it.notice, row).callback("picture").encode(), Action.SEE_TABLE, shows="消防自查 实时")
        unit = Page(it.notice, row, Part.UNIT, 0, None, it.unit)
        yield Case(unit.callback("phones").encode(), Action.SEE_PHONES, changes=True, shows=it.phone)


def picks(it: Aim) -> Iterator[Case]:
    packed = pack([it.unit])
    for row in ("all", it.row):
        page = Page(it.notice, row, Part.SILENT)
        yield Case(page.callback("pick").encode(), Action.ON_BEHALF, shows=it.name)
        yield Case(
            Callback("tick", it.notice, 0, (row, "s", "0", packed)).encode(), Action.ON_BEHALF, shows=it.name
        )
    for value in ("yes", "trouble"):
        yield Case(Callback("sure", it.notice, 0, (value, packed)).encode(), Action.ON_BEHALF, shows=it.name)
    yield Case(Callback("why", it.notice, 0, (packed,)).encode(), Action.EXCUSE, shows=it.name)


def calls(it: Aim) -> Iterator[Case]:
    data = Callback("rang", it.notice, 0, (pack([it.unit]),)).encode()
    yield Case(data, Action.MARK_PHONED, changes=True)


def excuses(it: Aim) -> Iterator[Case]:
    data = Callback("excuse", it.notice, 0, ("day_off", pack([it.unit]))).encode()
    yield Case(data, Action.EXCUSE, changes=True)


def on_behalf(it: Aim) -> Iterator[Case]:
    for value in ("yes", "trouble"):
        data = Callback("behalf", it.notice, 0, (value, pack([it.unit]))).encode()
        yield Case(data, Action.ON_BEHALF, changes=value == "yes")  # the second finds nothing owed


def lists(it: Aim) -> Iterator[Case]:
    """A person's own: what they owe, what they can hand over. Of nobody else's is anything in them."""
    for which in ("all", "report"):
        yield Case(Callback(OWED, args=(which, "0")).encode(), Action.ANSWER)
    yield Case(Callback(POSTS, args=("0",)).encode(), Action.HAND_OVER)


def offices(it: Aim) -> Iterator[Case]:
    yield Case(Callback("handover", args=(str(it.unit),)).encode(), Action.HAND_OVER, changes=True)


def directory(it: Aim) -> Iterator[Case]:
    """One unit: found, looked at, its codes given out; the numbers of roles as on the buttons."""
    at, roles = unit_place.said(it.name), list(Role)
    yield Case(at.callback().encode(), Action.SEE_NAMES, shows=it.name)
    yield Case(at.of_unit(unit_place.UNIT, it.unit).encode(), Action.SEE_NAMES, shows=it.name)
    yield Case(at.of_unit(unit_place.PAST, it.unit, "0").encode(), Action.SEE_NAMES, shows="消防自查")
    yield Case(
        at.of_unit(unit_place.NUMBERS, it.unit).encode(), Action.SEE_PHONES, changes=True, shows=it.phone
    )
    yield Case(at.of_unit(unit_place.INVITE, it.unit).encode(), Action.INVITE, shows=it.name)
    for word in (str(roles.index(Role.PRINCIPAL)), str(roles.index(Role.DUTY)), "g"):
        code = at.of_unit(unit_place.CODE, it.unit, word).encode()
        yield Case(code, Action.INVITE, changes=True, shows="t.me/")
    yield Case(at.of_slips().encode(), Action.INVITE, changes=True, shows=it.name)


# ── what a person may read ───────────────────────────────────────────────────────────────────────


def forbidden(city: City, actor: str) -> list[str]:
    """Everything that must not come before the actor's eyes: names, people, numbers and troubles out of reach."""
    found = []
    for unit, name, role, phone in contacts():
        if unit in ("CITY", "DH", "QS"):  # bureaus are no secret
            continue
        sees = city.may(actor, Action.SEE_NAMES, unit)
        if not (sees or city.may(actor, Action.ANSWER, unit)):
            found += [aim(city, 0, unit).name, name, people.addressed(name, role), secret(unit)]
        if not city.may(actor, Action.SEE_PHONES, unit) and not _is_mine(actor, phone):
            found += [phone, f"{phone[:3]} {phone[3:7]} {phone[7:]}", f"{phone[:3]}****{phone[-4:]}"]
    return found


def _is_mine(actor: str, phone: str) -> bool:
    return any(role == actor and phone == number for _, _, role, number in contacts())


def assert_nothing_is_given_away(city: City, actor: str, told: small_city.Told) -> None:
    hidden = forbidden(city, actor)
    assert [word for word in hidden if word in told.to_person] == []
    assert [word for word in everything() if word in told.in_groups] == []


def everything() -> list[str]:
    """What stands in no group of more than one school."""
    return [word for unit, name, _, phone in contacts() for word in (name, phone, phone[-4:], secret(unit))]


def changed(before: Facts, after: Facts) -> dict[str, object]:
    """The rows that went and came, by table."""
    return {
        name: (before[name] - rows, rows - before[name])
        for name, rows in after.items()
        if rows != before[name]
    }


async def try_all(city: City, actor: str, code: str, cases: list[Case]) -> None:
    """Press everything: with the right it does its work, without it nothing is shown and nothing changes."""
    refused = [case for case in cases if not city.may(actor, case.right, code)]
    before = await city.facts()
    told = await city.press(actor, *(case.data for case in refused))
    assert changed(before, await city.facts()) == {}
    assert_nothing_is_given_away(city, actor, told)
    for case in cases:
        if case in refused:
            continue
        before = await city.facts() if case.changes else {}
        told = await city.press(actor, case.data)
        assert not case.changes or changed(before, await city.facts()) != {}, case
        assert case.shows in told.to_person, (case, told.to_person)
        assert_nothing_is_given_away(city, actor, told)


# ── where no unit is named, and where the place itself is wrong ──────────────────────────────────


@pytest.mark.parametrize("actor", ACTORS)
async def test_a_reminder_goes_to_the_schools_of_the_area_alone(city: City, actor: str) -> None:
    may_chase = any(city.may(actor, Action.CHASE, code) for code in SCHOOLS)
    notice = await city.publish() if may_chase else city.asked
    await city.delivered(notice)
    within = [code for code in SCHOOLS if city.may(actor, Action.CHASE, code)]
    asked = Callback("chase", notice).encode()
    told = await city.press(actor, asked, Callback("chase!", notice, 0, ("8",)).encode())

    assert await city.chased(notice) == set(within)
    assert (f"{len(within)} 校" in told.to_person) == bool(within)
    assert_nothing_is_given_away(city, actor, told)


@pytest.mark.parametrize("actor", ACTORS)
async def test_a_group_is_bound_by_right_and_never_taken_from_another(city: City, actor: str) -> None:
    for code in ("DH1", "QS1", "SZ1", "DH", "QS", "CITY"):
        for group, present in (("none", ""), ("QS", "QS")):
            may = city.may(actor, Action.BIND_GROUP, code)
            if present and present != code:
                may = may and city.may(actor, Action.BIND_GROUP, present)
            data = Callback("bind", args=(str(city.places[code].unit_id),)).encode()
            told = await city.press(actor, data, group=group)

            assert (await city.bound(group) == code) == (may or present == code), (code, group, told)
            await city.bind_again(group, present)


@pytest.mark.parametrize("actor", ACTORS)
async def test_a_private_button_pressed_in_a_group_shows_nothing_there(city: City, actor: str) -> None:
    for code in (NEIGHBOUR, OTHER, COLLEGE):
        it = aim(city, city.told, code, await city.troubled(city.told, code))
        seen = [*pages(it), *picks(it), *calls(it), *excuses(it), *on_behalf(it), *directory(it)]
        before = await city.facts()
        told = await city.press(actor, *(case.data for case in seen), "v1:0:0:not-me", group="QS")

        assert changed(before, await city.facts()) == {}
        assert_nothing_is_given_away(city, actor, told)


@pytest.mark.parametrize("actor", ACTORS)
async def test_a_word_on_a_plan_counts_by_right_alone(city: City, actor: str) -> None:
    for action, state in (("fire-no", "asked"), ("fire-go", "proposed")):
        asked = await city.put_to_owner(state)
        before = await city.facts()
        await city.press(actor, Callback(action, args=(str(asked),)).encode())

        may = city.may(actor, Action.RUN_PLANS, "CITY")
        assert ("fire" in changed(before, await city.facts())) == may


@pytest.mark.parametrize("actor", ACTORS)
async def test_plans_are_seen_and_run_by_right_alone(city: City, actor: str) -> None:
    key = place.key("P")
    look = [
        Callback(place.PLANS, args=("0",)), Callback(place.PLAN, args=(key, "0")),
        Callback(place.PLAN_AHEAD, args=(key, "0", "0")), Callback(place.PLAN_AHEAD, args=(place.ALL, "0", "0")),
        Callback(place.DAYS, args=("0",)),
    ]  # fmt: skip
    sees = any(city.may(actor, Action.SEE_PLANS, code) for code in SCHOOLS)
    runs = any(city.may(actor, Action.RUN_PLANS, code) for code in SCHOOLS)
    sends = runs and city.may(actor, Action.SEND, OWN)
    for callback, title in zip(
        look, ("【计划】", "今天演练", "【今后 30 天】", "【今后 30 天】", "【校历】"), strict=True
    ):
        before = await city.facts()
        told = await city.press(actor, callback.encode())
        assert changed(before, await city.facts()) == {}
        assert (title in told.to_person) == sees, (callback, told)
        assert_nothing_is_given_away(city, actor, told)
    await city.bot.db.transact(_an_hour_ago)
    for action, args, table in (
        (place.PLAN_ON, (), "plan"), (place.PLAN_OFF, (), "plan"), (place.PLAN_RUN, (), ""),
        (place.PLAN_SEND, (str(SCHOOL_COUNT),), "notice"),
    ):  # fmt: skip
        before = await city.facts()
        told = await city.press(actor, Callback(action, args=(key, "0", *args)).encode())
        facts = changed(before, await city.facts())
        may = sends if action == place.PLAN_SEND else runs
        assert bool(facts) == (may and bool(table)), (action, facts)
        assert table in facts or not (may and table)
        assert (
            action != place.PLAN_RUN or (f"将发给 {SCHOOL_COUNT} 个单位,现在发?" in told.to_person) == sends
        )


@pytest.mark.parametrize("actor", ACTORS)
async def test_what_became_of_the_plans_is_read_by_right_alone(city: City, actor: str) -> None:
    runs = any(city.may(actor, Action.RUN_PLANS, code) for code in SCHOOLS)
    fire_id = await city.bot.db.transact(_fired, city.told)
    pages = {
        Callback(report_pages.TODAY, args=("0",)): "【今天】",
        Callback(report_pages.FIRE, args=(str(fire_id), "0", "0")): "演练:8 个单位",
        Callback(report_pages.HANDS, args=("0",)): "【要人处理】",
    }
    for callback, title in pages.items():
        before = await city.facts()
        told = await city.press(actor, callback.encode())
        assert changed(before, await city.facts()) == {}
        assert (title in told.to_person) == runs, (callback, told)
        assert_nothing_is_given_away(city, actor, told)
        told = await city.press(actor, callback.encode(), group="QS")
        assert title not in told.in_groups
    for word in ("今天", "要处理"):
        told = await city.say(actor, word)
        assert (word in told.to_person) == runs, (word, told)
        assert (await city.say(actor, word, group="QS")).in_groups == ""


def _fired(tx: Tx, now: dt.datetime, notice_id: int) -> int:
    """The plan published this notice a while ago."""
    at = now - dt.timedelta(minutes=30)
    values = {
        "plan_id": "P", "planned_at": at, "due_at": at, "state": "published", "units": 8, "notice_id": notice_id,
        "created_at": at, "settled_at": at,
    }  # fmt: skip
    tx.execute(plans.fire.delete().where(plans.fire.c.planned_at == at))
    return int(tx.execute(plans.fire.insert().values(values).returning(plans.fire.c.id)).scalar_one())


def _an_hour_ago(tx: Tx, now: dt.datetime) -> None:
    """Whatever a plan published was then: it may be run again."""
    tx.execute(plans.fire.update().values(settled_at=now - dt.timedelta(hours=1)))


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_schools_are_closed_and_opened_again_by_right_alone(city: City, actor: str, code: str) -> None:
    zone = city.bot.words.zone
    day, county = city.bot.db.now().astimezone(zone).date(), city.places[code].county_id
    may = city.may(actor, Action.DAY_OFF, code)
    whom = (place.written(day), str(county or 0))
    before = await city.facts()
    told = await city.press(
        actor,
        *(
            Callback(*it).encode()
            for it in ((place.OFF_WHOM, 0, 0, whom), (place.OFF_ASK, 0, 0, (*whom, place.ALL)))
        ),
    )
    assert changed(before, await city.facts()) == {}
    somewhere = county is None and any(city.may(actor, Action.DAY_OFF, one) for one in SCHOOLS)
    assert ("哪些学校停课?" in told.to_person) == (may or somewhere)  # of no county: one's own is offered
    assert ("全市:今天哪些学校停课?" in told.to_person) == (may and county is None)
    assert ("校今天停课:" in told.to_person) == may
    assert_nothing_is_given_away(city, actor, told)

    told = await city.press(actor, Callback(place.OFF, args=(*whom, place.ALL)).encode())
    assert ("day_off" in changed(before, await city.facts())) == may
    assert_nothing_is_given_away(city, actor, told)

    target, officer = days_off.Target(day, county), city.users["city_officer"].id
    done = await city.bot.db.transact(days_off.close, target, user_id=officer, zone=zone)
    assert done.is_new != may
    told = await city.press(actor, Callback(place.OFF_BACK, args=(str(done.day_off_id),)).encode())
    assert_nothing_is_given_away(city, actor, told)
    back = await city.bot.db.transact(days_off.take_back, done.day_off_id or 0, user_id=officer, zone=zone)
    assert back.is_new != may


@pytest.mark.parametrize("actor", ACTORS)
async def test_tables_are_taken_away_by_right_alone(city: City, actor: str) -> None:
    today = city.bot.db.now().astimezone(city.bot.words.zone).date()
    days = Callback("export", args=spans.usual(Usual.MONTH, today).args()).encode()
    within = [code for code in SCHOOLS if city.may(actor, Action.EXPORT, code)]
    sees = any(city.may(actor, Action.SEE_TABLE, code) for code in SCHOOLS)
    before = await city.facts()
    told = await city.press(actor, days)
    assert set(changed(before, await city.facts())) == ({"audit_record"} if within else set())
    assert [code for code in SCHOOLS if aim(city, 0, code).name in told.to_person] == within
    assert_nothing_is_given_away(city, actor, told)
    told = await city.press(actor, Callback("export-own").encode())
    assert ("请写两个日期" in told.to_person) == bool(within)
    told = await city.say(actor, f"{today:%Y-%m-%d}")
    assert [code for code in SCHOOLS if aim(city, 0, code).name in told.to_person] == within
    assert_nothing_is_given_away(city, actor, told)
    told = await city.press(actor, Callback("heat").encode())
    assert ("没有热力图" in told.to_person) == sees
    for data in (days, Callback("export-own").encode(), Callback("heat").encode()):
        before = await city.facts()
        told = await city.press(actor, data, group="QS")
        assert changed(before, await city.facts()) == {}
        assert_nothing_is_given_away(city, actor, told)


@pytest.mark.parametrize("actor", ACTORS)
async def test_the_list_of_notices_is_for_those_who_see_tables(city: City, actor: str) -> None:
    await city.publish("unit:QS3")
    sees = any(city.may(actor, Action.SEE_TABLE, code) for code in SCHOOLS)
    counts = {}
    for who in (actor, "city_officer"):
        before = await city.facts()
        told = await city.press(who, Callback(notice_list.LIST, args=("0",)).encode())
        assert changed(before, await city.facts()) == {}
        counts[who] = told.to_person.partition("【全部通知】")[2].partition(" 条")[0]
    assert bool(counts[actor]) == sees
    everything = any(city.may(actor, Action.SEE_TABLE, code) for code in ("QS3",))
    assert (counts[actor] == counts["city_officer"]) == everything
    told = await city.press(actor, Callback(notice_list.LIST, city.told, 0, ("0",)).encode(), group="QS")
    assert "【全部通知】" not in told.in_groups + told.to_person


# ── role × action × place ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_tables_show_what_the_rights_give(city: City, actor: str, code: str) -> None:
    it = aim(city, city.told, code, await city.troubled(city.told, code))
    await try_all(city, actor, code, list(pages(it)))
    await try_all(city, actor, code, list(picks(aim(city, city.asked, code))))


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_an_answer_a_trouble_and_a_post_change_by_right_alone(
    city: City, actor: str, code: str
) -> None:
    notice = await city.publish(f"unit:{code}")
    it = aim(city, notice, code)
    await try_all(city, actor, code, [*answers(it), *offices(it)])

    it = aim(city, notice, code, await city.troubled(notice, code))
    await try_all(city, actor, code, list(troubles(it)))
    for number in range(len(list(endings(it)))):
        it = aim(city, notice, code, await city.troubled(notice, code))
        await try_all(city, actor, code, [list(endings(it))[number]])


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_a_desk_acts_for_its_own_schools_alone(city: City, actor: str, code: str) -> None:
    it = aim(city, await city.publish(f"unit:{code}"), code)
    await try_all(city, actor, code, [*calls(it), *on_behalf(it)])

    it = aim(city, await city.publish(f"unit:{code}"), code)
    await try_all(city, actor, code, list(excuses(it)))


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_a_unit_is_looked_at_and_invited_by_right_alone(city: City, actor: str, code: str) -> None:
    it = aim(city, 0, code)
    await try_all(city, actor, code, [*directory(it), *lists(it)])
    sees, invites = (city.may(actor, action, code) for action in (Action.SEE_NAMES, Action.INVITE))
    for typed in (it.name, it.code, f"/units {it.name}"):
        told = await city.say(actor, typed)
        assert (f"编码 {it.code}" in told.to_person) == sees, (typed, told)
        assert_nothing_is_given_away(city, actor, told)
    before = await city.facts()
    told = await city.say(actor, f"/invite {it.name} 校长")
    assert ("audit_record" in changed(before, await city.facts())) == invites
    assert ("t.me/" in told.to_person) == invites
    assert_nothing_is_given_away(city, actor, told)


def directive(it: Aim) -> Iterator[Case]:
    """In the order in which a directive is answered."""
    unit = str(it.unit)
    yield Case(Callback("ack", it.notice, 1, (unit,)).encode(), Action.ANSWER, changes=True)
    yield Case(Callback("items", it.notice, 1, (unit,)).encode(), Action.ANSWER, shows=it.name)
    yield Case(Callback("it-page", it.notice, 1, (unit, "0", "y")).encode(), Action.ANSWER, shows="☐ 1 事项1")
    for action, *args in (("it-yes", "1", "0"), ("it-bad", "2", "0"), ("it-rest", "0")):
        yield Case(Callback(action, it.notice, 1, (unit, *args)).encode(), Action.ANSWER, changes=True)


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_a_directive_is_answered_and_read_by_right_alone(city: City, actor: str, code: str) -> None:
    notice = await city.direct(f"unit:{code}")
    it = aim(city, notice, code)
    reads = city.may(actor, Action.ANSWER, code) or city.may(actor, Action.SEE_TABLE, code)
    for action, given in (("file", "原文已发到您的私聊"), ("full", "全文已发到您的私聊")):
        told = await city.press(actor, Callback(action, notice, 1).encode())
        assert (given in told.to_person) == reads
        assert_nothing_is_given_away(city, actor, told)
    sees = city.may(actor, Action.SEE_TABLE, code)
    for action, shows in ((handling.OPEN, "共 3 项"), (handling.ITEMS, "0/1 1. 事项1")):
        told = await city.press(actor, Callback(action, notice, 1, ("0",)).encode())
        assert (shows in told.to_person) == sees
        assert_nothing_is_given_away(city, actor, told)
    await try_all(city, actor, code, list(directive(it)))


@pytest.mark.parametrize("mine", [True, False], ids=["of the county", "of the city"])
@pytest.mark.parametrize("actor", ACTORS)
async def test_a_notice_is_corrected_and_recalled_by_right_alone(city: City, actor: str, mine: bool) -> None:
    notice = await city.direct(
        "county:DH", by=await city.contact_of("county_officer" if mine else "city_officer")
    )
    may = actor == "city_officer" or (mine and actor == "county_officer")
    assert may <= city.may(actor, Action.REVISE, OWN)
    for action, shows in (
        (handling.WORD, "改哪里?"),
        (handling.LEFT, "没改到 0 个"),
        (handling.RECALL_ASK, "不能恢复"),
    ):
        before = await city.facts()
        told = await city.press(actor, Callback(action, notice, 1, ("0",)).encode())
        assert changed(before, await city.facts()) == {}
        assert (shows in told.to_person) == may
        assert_nothing_is_given_away(city, actor, told)
    before = await city.facts()
    told = await city.press(actor, Callback(handling.TYPE, notice, 1, ("3",)).encode())
    assert ("请到这条通知的页上点“改一版”" in told.to_person) == may  # what is asked again is agreed to first
    assert changed(before, await city.facts()) == {}
    told = await city.press(actor, Callback(handling.TYPE, notice, 1, ("",)).encode())
    assert ("整段发给我" in told.to_person) == may
    if may:
        assert "不用学校再回" in (await city.say(actor, "请今天落实。")).to_person
    before = await city.facts()
    await city.press(actor, Callback(handling.SURE, notice, 1).encode())
    assert ("notice_version" in changed(before, await city.facts())) == may
    before = await city.facts()
    await city.press(actor, Callback(handling.RECALL, notice, 1).encode())
    assert ("notice" in changed(before, await city.facts())) == may


# ── typed words, and what no button says ─────────────────────────────────────────────────────────


WORDS = (
    "汇总",
    "未报",
    "提醒",
    "催报",
    "计划",
    "校历",
    "今天",
    "要处理",
    "导出",
    "负担",
    "发通知",
    "报告",
    "单位",
    "学校",
    "名册",
    "登记码",
    "没登记",
    "待办",
    "我",
    "我是谁",
    "交接",
    "帮助",
    "开始",
    "取消",
    "白塔镇小学",
    "QS1",
)


@pytest.mark.parametrize("actor", ACTORS)
async def test_words_and_commands_tell_of_nobody_out_of_reach(city: City, actor: str) -> None:
    typed = [
        *WORDS,
        *(f"/{name}" for name in ROUTES.commands),
        "/report QS1 没事",
        "/summary QS",
        "/start QS1",
    ]
    before = await city.facts()
    told = await city.say(actor, *typed)
    assert_nothing_is_given_away(city, actor, told)

    told = await city.say(actor, *(f"/{name}@xiaoan_bot" for name in ROUTES.commands), group="QS")
    assert_nothing_is_given_away(city, actor, told)
    own = {"invitation"} if city.may(actor, Action.HAND_OVER, "DH1") or "officer" in actor else set()
    piloted = {"chat", "asked"} if city.may(actor, Action.PILOT, "QS1") else set()
    composed = {"draft", "question", "audit_record"} if city.may(actor, Action.SEND, "DH1") else set()
    assert set(changed(before, await city.facts())) <= {"code_try"} | own | piloted | composed


def junk(notice: int) -> Iterator[str]:
    """What nobody's button says: too few words, too many, too large, in other alphabets."""
    args = (
        "",
        ":",
        ":all",
        ":all:m:0",
        ":all:m:0:0:0:0:0",
        ":x:x:x:x:x",
        ":-1:-1:-1",
        ":999999999999999:m:0:0:0",
        ":²:½:٣",
    )
    long = (
        ":" + "z" * 30 + ":m:0:0:0",
        ":all:m:99999999999999:4102444801:1",
        ":all:i:0:0:999999999999999",
        ":yes:zzzzz",
    )
    for action in ROUTES.actions:
        for words in (*args, *long):
            if len(data := f"v1:{notice}:1:{action}{words}") <= 60 and data.isprintable():
                yield data
    yield from (
        "v1",
        "v2:1:1:yes",
        "v1:999999999999999:1:page:all:m:0:0:0",
        "v1:1:999999999999999:yes",
        "::::",
        "%00",
    )


@pytest.mark.parametrize("actor", ["principal", "city_officer", "stranger"])
async def test_what_no_button_says_is_answered_and_does_no_harm(city: City, actor: str) -> None:
    notice = await city.publish("unit:QS3")
    told = await city.press(
        actor, *(data for data in junk(notice) if "not-me" not in data and ":chase!" not in data)
    )
    assert_nothing_is_given_away(city, actor, told)
    assert await city.parked() == []


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


MINE = "别县的学校不该看到的字"


@pytest.mark.parametrize(("actor", "code"), PAIRS)
async def test_a_draft_is_sent_agreed_to_and_begun_again_by_right_alone(
    city: City, actor: str, code: str
) -> None:
    it = aim(city, await city.publish(f"unit:{code}"), code)
    if actor != "stranger":  # as if it had been composed when the rights were others
        draft = await city.draft(actor, f"unit:{code}")
        told = await city.press(actor, Callback(drafts.SEND, draft, 0, ("1",)).encode())
        assert (await city.state_of(draft) != "open") == city.may(actor, Action.SEND, code)
        assert_nothing_is_given_away(city, actor, told)
        await city.drop(draft)

    told = await city.press(actor, Callback(drafts.AGAIN, it.notice).encode())
    assert await city.drop_newest(it.notice) == city.may(actor, Action.SEND, code)
    assert_nothing_is_given_away(city, actor, told)

    told = await city.press(actor, Callback(drafts.REVISE, it.notice).encode())
    may = city.may(actor, Action.REVISE, code) and actor == "city_officer"  # no county has sent it
    assert await city.drop_revision(it.notice) == may
    assert_nothing_is_given_away(city, actor, told)

    author = "QS" if actor == "city_officer" else "city_officer"
    draft = await city.draft(author, f"unit:{code}", state="asked")
    agree, look = (Callback(action, draft, 0, ("full",)).encode() for action in (drafts.AGREE, drafts.LOOK))
    no = Callback(drafts.REFUSE, draft).encode()
    told = await city.press(actor, look, no, agree)
    may = city.may(actor, Action.RELEASE, code) and city.may(author, Action.SEND, code)
    assert (await city.state_of(draft) == "leaving") == may
    assert (MINE in told.to_person) == city.may(actor, Action.RELEASE, code)
    assert_nothing_is_given_away(city, actor, told)
    await city.drop(draft)


@pytest.mark.parametrize("actor", ACTORS)
async def test_the_burden_of_a_month_is_for_administrators_alone(city: City, actor: str) -> None:
    await city.publish("unit:QS3")
    pages = [burden_pages.MONTH, burden_pages.OVER, burden_pages.EXCEL]
    month = city.bot.db.now().strftime("%Y%m")
    told = await city.press(actor, *(Callback(action, args=(month, "0")).encode() for action in pages))
    assert ("件事要学校回" in told.to_person) == (actor == "admin")
    assert_nothing_is_given_away(city, actor, told)


@pytest.mark.parametrize("actor", [a for a in ACTORS if a != "city_officer"])
async def test_anothers_draft_is_neither_read_nor_changed(city: City, actor: str) -> None:
    draft = await city.draft("city_officer", "schools")
    before = await city.facts()
    told = await city.press(actor, *(Callback(action, draft).encode() for action in drafts.OWN))
    told_more = await city.press(
        actor, Callback(drafts.LOOK, draft, 0, ("full",)).encode(), "v1:0:0:opinion", group="QS"
    )

    assert changed(before, await city.facts()) == {}
    for one in (told, told_more):
        assert MINE not in one.to_person + one.in_groups
        assert_nothing_is_given_away(city, actor, one)
    await city.drop(draft)


@pytest.mark.parametrize("actor", ACTORS)
async def test_an_opinion_is_asked_of_whoever_holds_a_post(city: City, actor: str) -> None:
    before = await city.facts()
    told = await city.press(actor, "v1:0:0:opinion")

    assert ("question" in changed(before, await city.facts())) == (actor != "stranger")
    assert_nothing_is_given_away(city, actor, told)
    await city.say(actor, "/cancel")


async def test_every_button_of_the_routing_table_was_pressed() -> None:
    it = Aim("QS1", 1, 1, "1", 1)
    cases = [
        case.data
        for some in (
            answers,
            troubles,
            endings,
            pages,
            picks,
            calls,
            excuses,
            on_behalf,
            offices,
            directive,
            directory,
            lists,
        )
        for case in some(it)
    ]
    pressed = {data.split(":")[3] for data in cases} | {
        "chase",
        "chase!",
        "bind",
        "not-me",
        "fire-go",
        "fire-no",
        *(place.PLANS, place.PLAN, place.PLAN_ON, place.PLAN_OFF, place.PLAN_RUN, place.PLAN_SEND),
        *("export", "export-own", "heat", notice_list.LIST),
        *(report_pages.TODAY, report_pages.FIRE, report_pages.HANDS),
        *(burden_pages.MONTH, burden_pages.OVER, burden_pages.EXCEL),
        *(*drafts.OWN, drafts.AGAIN, drafts.REVISE, drafts.LOOK, drafts.AGREE, drafts.REFUSE, "opinion"),
        *("file", "full", handling.OPEN, handling.ITEMS, handling.LEFT, handling.RECALL_ASK, handling.RECALL),
        *(handling.WORD, handling.TYPE, handling.SURE),
        *(place.PLAN_AHEAD, place.DAYS, place.OFF_WHOM, place.OFF_ASK, place.OFF, place.OFF_BACK),
    }

    assert pressed | {"look", "is-me", "no-count"} == set(ROUTES.actions)


@pytest.mark.parametrize("actor", ACTORS)
async def test_three_buttons_never_change_a_fact(city: City, actor: str) -> None:
    before = await city.facts()
    told = await city.press(actor, f"v1:{city.asked}:1:look", "v1:0:0:is-me", "v1:0:0:no-count")

    assert changed(before, await city.facts()) == {}
    assert_nothing_is_given_away(city, actor, told)


async def test_no_message_of_the_whole_run_reached_the_wrong_eyes(city: City) -> None:
    assert await city.parked() == []
    for actor in ACTORS:
        assert_nothing_is_given_away(city, actor, city.everything_told(actor))
