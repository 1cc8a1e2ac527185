"""A notice published from the command line may be due on a school day, counted on the city's calendar."""

from tests.whole.driver import ASK


async def test_a_notice_is_due_before_the_holiday_or_on_the_first_school_day_after_it(
    found, sqlite_url
) -> None:
    async with found(sqlite_url, at="2026-09-30 13:00:00") as town:  # 国庆 begins tomorrow
        await town.prepare("王金滩", groups=("DH01",))

        await town.publish(ASK.replace("+2h", "before holiday at 17:00"))
        await town.publish(ASK.replace("+2h", "+1 school day at 12:00"))

        dues = [(await town.summary(number))["notice"]["due_at"] for number in (1, 2)]
        assert dues == ["2026-09-30T17:00:00+08:00", "2026-10-08T12:00:00+08:00"]
