"""The statutory days of a year, for years whose notice nobody has yet: fixed dates, and the lunar ones to 2035.

Which days: 全国年节及纪念日放假办法, Article 2, as revised on 2024-11-10 (State Council Decree 795, in force from
2025-01-01): 元旦 1 day, 春节 4 (除夕 to 初三), 清明 1, 劳动节 2, 端午 1, 中秋 1, 国庆 3.

When: the lunar dates were computed with three packages that agree on every one of them, lunardate 0.3.0,
LunarCalendar 0.0.9 and borax 4.1.3 (农历 after GB/T 33661-2017), and 清明, the day on which the sun reaches 15° of
ecliptic longitude in Chinese time, with borax and with ephem 4.2.1.
"""

import datetime as dt
from collections.abc import Mapping

FIXED = (("元旦", 1, 1, 1), ("劳动节", 5, 1, 2), ("国庆", 10, 1, 3))  # name, month, day, days off
NEW_YEAR_DAYS = range(-1, 3)  # 除夕 is the day before 正月初一; 初三 two days after it

# year: 正月初一, 清明, 端午, 中秋 as month × 100 + day
LUNAR: Mapping[int, tuple[int, int, int, int]] = {
    2025: (129, 404, 531, 1006),
    2026: (217, 405, 619, 925),
    2027: (206, 405, 609, 915),
    2028: (126, 404, 528, 1003),
    2029: (213, 404, 616, 922),
    2030: (203, 405, 605, 912),
    2031: (123, 405, 624, 1001),
    2032: (211, 404, 612, 919),
    2033: (131, 404, 601, 908),
    2034: (219, 405, 620, 927),
    2035: (208, 405, 610, 916),
}


def days_off(year: int) -> dict[dt.date, str]:
    """Each statutory day of the year with its name, in order; outside 2025–2035 the fixed ones only.

    Where two fall on one day (中秋 and 国庆 on 2031-10-01) the day has both names, joined by 、.
    """
    found: dict[dt.date, str] = {}
    for name, first, count in sorted(_rows(year), key=lambda row: row[1]):
        for offset in range(count):
            day = first + dt.timedelta(days=offset)
            found[day] = f"{found[day]}、{name}" if day in found else name
    return dict(sorted(found.items()))


def _rows(year: int) -> list[tuple[str, dt.date, int]]:
    """Name, first day, number of days."""
    rows = [(name, dt.date(year, month, day), count) for name, month, day, count in FIXED]
    if year in LUNAR:
        new_year, *others = (dt.date(year, code // 100, code % 100) for code in LUNAR[year])
        rows.append(("春节", new_year + dt.timedelta(days=NEW_YEAR_DAYS.start), len(NEW_YEAR_DAYS)))
        rows += [(name, day, 1) for name, day in zip(("清明", "端午", "中秋"), others, strict=True)]
    return rows
