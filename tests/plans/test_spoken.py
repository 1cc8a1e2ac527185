"""Each form of trigger and due in the words of a clerk, and none left without words."""

import pytest

from bot.calendar import due as due_rules
from bot.calendar import triggers as trigger_rules
from bot.calendar.due import Due
from bot.calendar.trigger import Trigger
from bot.plans import spoken
from bot.roster import audience

TRIGGERS = {
    "every school day at 15:30": "每个上学日 15:30",
    "every holiday day at 16:00": "国家假期每天 16:00",
    "first school day of week at 09:00": "每周第一个上学日 09:00",
    "last school day of week at 14:30": "每周最后一个上学日 14:30",
    "every 3rd week on first school day at 15:00": "每3周一次,那周第一个上学日 15:00",
    "every 2nd week on last school day at 9:05": "每2周一次,那周最后一个上学日 09:05",
    "first school day of month at 09:00": "每月第一个上学日 09:00",
    "last school day of month at 09:00": "每月最后一个上学日 09:00",
    "first school day of term at 08:30": "开学第一个上学日 08:30",
    "last school day of term at 08:30": "学期最后一个上学日 08:30",
    "1 school day before holiday at 15:00": "假前1个上学日 15:00",
    "5 workdays before holiday at 09:00": "假前5个工作日 09:00",
    "7 days before break at 09:00": "寒暑假前7天 09:00",
    "5 days before school starts at 09:00": "开学前5天 09:00",
    "1 day before school resumes at 16:00": "返校前1天 16:00",
    "last monday of march at 08:00": "3月最后一个周一 08:00",
    "second tuesday of month at 09:00": "每月第二个周二 09:00",
    "every sunday at 10:00": "每周日 10:00",
    "every friday from 06-01 to 08-31 at 10:00": "6月1日到8月31日每周五 10:00",
    "06-01 at 09:00": "每年6月1日 09:00",
    "11-09 or previous school day at 09:00": "每年11月9日(不上学就提前) 09:00",
    "03-10 or next school day at 09:00": "每年3月10日(不上学就顺延) 09:00",
    "2026-12-01 09:00": "2026年12月1日 09:00",
    "manual": "由人发",
    "cron 0 9 * * mon": "每周一 09:00",
    "cron 0 9 * 3-6 tue,thu": "3到6月每周二、周四 09:00",
    "cron 0 9 15-30 11 *": "11月15到30日每天 09:00",
    "cron 0 9 * 12 *": "12月每天 09:00",
    "cron 30 8,15 1,15 * *": "每月1、15日 08:30、15:30",
    "cron 0 9 5 12 *": "12月5日 09:00",
    "cron */30 8-17 * * mon-fri": "每周一到周五 8到17时的0、30分",
    "cron * * * * *": "每天 每小时的每分",
}
DUES = {
    "+2h": "2小时内",
    "+30min": "30分钟内",
    "+90min": "90分钟内",
    "+3d": "3天内",
    "same day at 17:00": "当天 17:00",
    "next day at 12:00": "次日 12:00",
    "+1 school day at 17:00": "之后第1个上学日 17:00",
    "+3 workdays at 17:00": "之后第3个工作日 17:00",
    "this week's last school day at 17:00": "本周最后一个上学日 17:00",
    "this month's last school day at 17:00": "当月最后一个上学日 17:00",
    "before holiday at 12:00": "假前1个上学日 12:00",
    "3 workdays before holiday at 16:00": "假前3个工作日 16:00",
    "12-05 at 17:00": "12月5日 17:00",
    "2026-12-05 17:00": "2026年12月5日 17:00",
}


@pytest.mark.parametrize(("written", "said"), TRIGGERS.items())
def test_a_trigger_is_said_in_chinese(written, said):
    assert spoken.trigger(trigger_rules.parse(written)) == said


@pytest.mark.parametrize(("written", "said"), DUES.items())
def test_a_due_is_said_in_chinese(written, said):
    assert spoken.due(due_rules.parse(written)) == said


def concrete(kind):
    """The names of all classes under this one that are made into values."""
    below = set(kind.__subclasses__())
    deeper = {name for sub in below for name in concrete(sub)}
    return deeper | {sub.__name__ for sub in below if not sub.__abstractmethods__}


def test_no_kind_of_rule_is_left_without_words():
    assert {type(trigger_rules.parse(text)).__name__ for text in TRIGGERS} == concrete(Trigger)
    assert {type(due_rules.parse(text)).__name__ for text in DUES} == concrete(Due)


def test_all_that_the_grammar_offers_is_said_and_no_two_alike():
    for said, parse, allowed in (
        (spoken.trigger, trigger_rules.parse, trigger_rules.ALLOWED),
        (spoken.due, due_rules.parse, due_rules.ALLOWED),
    ):
        words = [said(parse(example)) for example in allowed.split(" · ")]

        assert len(set(words)) == len(words)
        assert [one for one in words if any(c.isascii() and c.isalpha() for c in one)] == []


def test_a_rule_that_is_none_is_refused():
    with pytest.raises(TypeError):
        spoken.trigger("every school day")
    with pytest.raises(TypeError):
        spoken.due("+2h")


def test_the_triggers_of_one_plan_are_one_line():
    rules = [trigger_rules.parse(text) for text in ("cron 0 9 15-30 11 *", "cron 0 9 * 12 *")]

    assert spoken.triggers(rules) == "11月15到30日每天 09:00;12月每天 09:00"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("schools", "各校"),
        ("k12 and not school_bus", "中小学且非校车校"),
        ("k12 or (kindergartens and school_bus)", "中小学或(幼儿园且校车校)"),
        ("schools and \uff08tag:山区 or tag:低洼\uff09", "各校且(山区或低洼)"),
        ("county:DH and stage:初中", "DH且初中"),
        ("admins", "管理员"),
    ],
)
def test_an_audience_is_said_word_by_word(written, said):
    assert spoken.audience(written) == said


def test_every_word_of_audiences_has_its_chinese():
    assert {*audience.WORDS, audience.ADMINS} == set(spoken.AUDIENCE) - {"and", "or", "not"}
