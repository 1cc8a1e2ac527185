"""Deadlines as people say them: 今天17:00, 10月9日12点, 周五下午5点; and as files say them. Pure."""

import datetime as dt
import re
import unicodedata

from bot import errors
from bot.calendar import due
from bot.calendar.school import SchoolCalendar

EXAMPLES = "明天12:00、周五17:00、10月9日12点、2小时后"
USUAL = dt.time(17, 0)  # where a day is told and no hour
FAR = dt.timedelta(days=366)
WRAPS = dt.timedelta(days=180)  # 1月5日, said in December, is next year's; 9月1日, said in October, is a slip
DAY = dt.timedelta(days=1)
_DAYS = {"今天": 0, "今日": 0, "今晚": 0, "明天": 1, "明日": 1, "明晚": 1, "后天": 2, "大后天": 3}
_WEEKDAYS = {
    sign: at for at, signs in enumerate(("一1", "二2", "三3", "四4", "五5", "六6", "日天7")) for sign in signs
}
_NUMBERS = {"零": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
            "十一": 11, "十二": 12}  # fmt: skip
_DAY = re.compile(
    r"(?P<near>大后天|今天|今日|今晚|明天|明日|明晚|后天)"
    r"|(?P<next>下|本|这)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天1-7])"
    r"|(?:(?P<year>20\d\d)[年/.-])?(?P<month>\d{1,2})[月/.-](?P<day>\d{1,2})[日号]?"
    r"|(?P<only>\d{1,2})[日号]"
)
_TIME = re.compile(
    r"(?P<part>凌晨|早上|早晨|上午|中午|下午|晚上|晚)?"
    r"(?P<hour>\d{1,2}|[一二两三四五六七八九十]{1,2})(?:[::](?P<minute>\d{2})|[点时](?:(?P<half>半)|(?P<said>\d{1,2})分?)?整?)"
)
_LATER = re.compile(
    r"(?P<count>\d{1,3}|[一二两三四五六七八九十]{1,2}|半)个?(?P<unit>小时|钟头|分钟|天)(?:后|以后|之后|内)"
)


def read(text: str, now: dt.datetime, zone: dt.tzinfo, calendar: SchoolCalendar | None = None) -> dt.datetime:
    """The instant that is meant; a day without an hour is 17:00, an evening needs its hour.

    Raises:
        Refused: it cannot be read, has passed, or is more than a year away.
    """
    wide = unicodedata.normalize("NFKC", text).strip()
    plain = re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", wide).rstrip("\u3002.").removesuffix("前")
    local = now.astimezone(zone)
    found = _later(plain, now) or _told(plain, local, zone) or _by_rule(text, now, zone, calendar)
    if found is None:
        raise errors.Refused(f"看不懂“{text[:20]}”。可以写:{EXAMPLES}")
    if found <= now:
        raise errors.Refused("这个时间已经过了。")
    if found - now > FAR:
        raise errors.Refused("太远了,请写一年以内的时间。")
    return found


def _number(word: str) -> float:
    return (
        0.5 if word == "半" else _NUMBERS[word] if word in _NUMBERS else float(word) if word.isdigit() else 0
    )


def _later(plain: str, now: dt.datetime) -> dt.datetime | None:
    found = _LATER.fullmatch(plain)
    if found is None:
        return None
    unit = {"小时": "hours", "钟头": "hours", "分钟": "minutes", "天": "days"}[found["unit"]]
    return now.replace(second=0, microsecond=0) + dt.timedelta(**{unit: _number(found["count"])})


def _told(plain: str, local: dt.datetime, zone: dt.tzinfo) -> dt.datetime | None:
    """A day, an hour, or both, and nothing else.

    Raises:
        Refused: an evening without its hour, which no usual one fits.
    """
    day, rest = _DAY.match(plain), plain
    if day is not None:
        rest = plain[day.end() :].strip()
    time = _TIME.fullmatch(rest)
    if (rest and time is None) or (day is None and time is None):
        return None
    is_evening = day is not None and day[0].endswith("晚")
    if is_evening and time is None:
        raise errors.Refused(f"“{plain[:20]}”几点? 请写上,如 {plain[:20]}8点。")
    clock = _clock(time, is_evening=is_evening) if time else USUAL
    if clock is None:
        return None
    try:
        on = _date(day, local.date(), clock, local) if day else local.date()
    except ValueError:
        return None
    return dt.datetime.combine(on, clock, zone).astimezone(dt.UTC)


def _clock(found: re.Match[str], *, is_evening: bool) -> dt.time | None:
    hour = int(_number(found["hour"]))
    minute = 30 if found["half"] else int(found["minute"] or found["said"] or 0)
    part = found["part"] or ("晚上" if is_evening else "")
    if part in ("下午", "晚上", "晚") and hour < 12:
        hour += 12
    if part == "中午" and hour < 3:
        hour += 12
    return dt.time(hour, minute) if hour < 24 and minute < 60 else None


def _date(found: re.Match[str], today: dt.date, clock: dt.time, local: dt.datetime) -> dt.date:
    """The day that is meant.

    Raises:
        ValueError: there is no such day.
    """
    if found["near"]:
        return today + _DAYS[found["near"]] * DAY
    if found["weekday"]:
        return _weekday(found, today, is_over=clock <= local.time())
    if found["only"]:
        return today.replace(day=int(found["only"]))
    month, day = int(found["month"]), int(found["day"])
    if found["year"]:
        return dt.date(int(found["year"]), month, day)
    here = dt.date(today.year, month, day)
    if here >= today:
        return here
    following = dt.date(today.year + 1, month, day)
    return following if following - today <= WRAPS else here


def _weekday(found: re.Match[str], today: dt.date, *, is_over: bool) -> dt.date:
    """周五 is the next one; 本周五 is this week's, come or gone; 下周五 the next week's."""
    at = _WEEKDAYS[found["weekday"]]
    monday = today - today.weekday() * DAY
    if found["next"] == "下":
        return monday + (7 + at) * DAY
    day = monday + at * DAY
    is_gone = day < today or (day == today and is_over)
    return day + 7 * DAY if is_gone and not found["next"] else day


def _by_rule(
    text: str, now: dt.datetime, zone: dt.tzinfo, calendar: SchoolCalendar | None
) -> dt.datetime | None:
    """`+2h`, `next day at 12:00`: as the files of plans say it."""
    try:
        return due.parse(text).at(now, zone, calendar=calendar)
    except errors.Refused:
        return None
