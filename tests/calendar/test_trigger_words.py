"""What an operator may write, and what he is told when he wrote something else."""

import pytest

from bot import errors
from bot.calendar import triggers


@pytest.mark.parametrize("text", triggers.ALLOWED.split(" · "))
def test_every_example_shown_is_read_and_written_back_word_for_word(text):
    assert str(triggers.parse(text)) == text


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Every  School Day AT 9:00", "every school day at 09:00"),
        ("every school day at \uff19\uff1a\uff10\uff10", "every school day at 09:00"),  # full-width
        ("1 school days before holiday at 09:00", "1 school day before holiday at 09:00"),
        ("5 school day before holiday at 09:00", "5 school days before holiday at 09:00"),
        ("every fri at 10:00", "every friday at 10:00"),
        ("last mon of mar at 08:00", "last monday of march at 08:00"),
        ("last monday of month at 08:00", "last monday of month at 08:00"),
        ("6-1 at 09:00", "06-01 at 09:00"),
        ("2026-12-1 at 9:00", "2026-12-01 09:00"),
        ("every 3rd week on last school day at 09:00", "every 3rd week on last school day at 09:00"),
        ("cron  0 9 1 JAN *", "cron 0 9 1 jan *"),
    ],
)
def test_a_free_hand_is_read(written, meant):
    assert str(triggers.parse(written)) == meant


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("every scool day at 09:00", "第 2 个词“scool”看不懂,这里可以写:school、holiday、2nd"),
        ("every school day at 25:00", "第 5 个词“25:00”看不懂,这里可以写:时刻(如 09:00)"),
        ("every school day at 9", "第 5 个词“9”看不懂"),
        ("every school day", "没写完,后面可以写:at"),
        ("every school day at 09:00 sharp", "到“09:00”为止就够了,多了“sharp”"),
        ("1 day before lunch at 09:00", "第 4 个词“lunch”看不懂,这里可以写:break、school"),
        ("1 school day before hollyday at 09:00", "第 5 个词“hollyday”看不懂,这里可以写:holiday"),
        ("2 day before school ends at 09:00", "第 5 个词“ends”看不懂,这里可以写:starts、resumes"),
        ("every 2th week on first school day at 09:00", "第 2 个词“2th”看不懂"),
        ("every 1st week on first school day at 09:00", "第 2 个词“1st”看不懂"),
        ("last monday of smarch at 08:00", "第 4 个词“smarch”看不懂,这里可以写:month(每月)、january"),
        ("last ju of month at 08:00", "第 2 个词“ju”看不懂"),
        ("every friday from 06-01 to 08-32 at 10:00", "第 6 个词“08-32”看不懂,这里可以写:月-日"),
        ("99 days before break at 09:00", "第 1 个词“99”看不懂"),
        ("02-30 at 09:00", "第 1 个词“02-30”看不懂。可以写:every school day"),
        ("2026-02-29 09:00", "第 1 个词“2026-02-29”看不懂"),
        ("每天 09:00", "第 1 个词“每天”看不懂。可以写:every school day"),
        (
            "cron 0 9 * * 1",
            "第 6 个词“1”看不懂,这里可以写:*、mon 到 sun,可用逗号、-、/(星期只写名字,不写数字)",
        ),
        ("cron 60 9 * * mon", "第 2 个词“60”看不懂,这里可以写:*、0 到 59"),
        ("cron 0 9 * *", "没写完,后面可以写:*、mon 到 sun"),
        ("cron 0 9 5-1 * *", "第 4 个词“5-1”看不懂"),
        ("cron 0/5 9 * * *", "第 2 个词“0/5”看不懂"),
        ("cron 0 9 */0 * *", "第 4 个词“*/0”看不懂"),
        ("cron 0 9 1 * mon", "日和星期不能同时限定"),
        ("cron 0 9 31 feb *", "没有这样的日子(feb 月 31 日)"),
        ("manual please", "到“manual”为止就够了,多了“please”"),
        ("  ", "trigger 是空的。可以写:every school day"),
    ],
)
def test_a_fault_points_at_the_word_and_says_what_can_stand_there(text, fault):
    with pytest.raises(errors.Refused) as refused:
        triggers.parse(text)

    assert fault in refused.value.sentence
    assert text in refused.value.sentence or not text.strip()
