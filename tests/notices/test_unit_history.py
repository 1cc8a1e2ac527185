"""What one unit was asked lately, as a page of it tells."""

import datetime as dt

from bot.delivery.message import Verdict
from bot.notices import recall, unit_history
from bot.roster import model as roster
from bot.roster.access import Scope
from tests.notices.world import World

EVERYWHERE = Scope(everything=True, counties=frozenset(), units=frozenset())


def told(city: World, unit: str, within: Scope = EVERYWHERE) -> list[str]:
    found = unit_history.of(city.tx, city.ids[unit], within=within, limit=10)
    assert unit_history.count(city.tx, city.ids[unit], within=within) == len(found)
    return [unit_history.word(one) for one in found]


def test_each_notice_tells_what_became_of_it_newest_first(city: World) -> None:
    first = city.publish("county:DH")
    assert told(city, "DH2") == ["unbound"]
    city.share_phone(1, "zhao")
    second = city.publish("county:DH")
    assert told(city, "DH2") == ["undelivered", "undelivered"]
    for _ in range(4):
        city.wait(1)
        city.deliver([Verdict.SENT])
    assert told(city, "DH2") == ["silent", "silent"]

    city.press(first, 1, "yes")
    city.press(second, 1, "trouble")
    assert told(city, "DH2") == ["trouble", "answered"]
    third = city.publish("county:DH", lasts=dt.timedelta(hours=1))
    city.wait(61)
    city.press(third, 1, "yes")
    fourth = city.publish("county:DH")
    city.share_phone(2, "feng")
    city.excuse(fourth, 2, ("DH2",), "closed")
    fifth = city.publish("county:DH")
    recall.recall(city.tx, city.now, fifth, by="test")
    city.publish("county:DH")
    assert told(city, "DH2")[1:] == ["recalled", "excused", "late", "trouble", "answered"]
    assert told(city, "HD1") == []
    page = unit_history.of(city.tx, city.ids["DH2"], within=EVERYWHERE, limit=2, offset=4)
    assert [one.notice.id for one in page] == [second, first]


def test_what_was_asked_in_another_county_stays_there(city: World) -> None:
    """A school that has moved: its new county reads what was asked since."""
    city.publish("county:DH")
    move = roster.unit.update().where(roster.unit.c.id == city.ids["DH2"])
    city.tx.execute(move.values(county_id=city.ids["HD"], parent_id=city.ids["HD"]))
    city.publish("schools or colleges or counties")
    there = Scope(everything=False, counties=frozenset({city.ids["HD"]}), units=frozenset())
    here = Scope(everything=False, counties=frozenset({city.ids["DH"]}), units=frozenset())
    assert told(city, "DH2", there) == ["unbound"]
    assert told(city, "DH2", here) == ["unbound"]
    assert len(told(city, "DH2")) == 2


def test_the_newest_table_of_a_county_is_of_what_asked_it(city: World) -> None:
    dh, hd = (
        Scope(everything=False, counties=frozenset({city.ids[c]}), units=frozenset()) for c in ("DH", "HD")
    )
    assert unit_history.newest(city.tx, within=dh) is None
    both = city.publish("schools or colleges or counties")
    city.wait(1)
    mine = city.publish("county:DH")
    newest = [unit_history.newest(city.tx, within=scope) for scope in (dh, hd)]
    assert [n.id for n in newest if n] == [mine, both]
