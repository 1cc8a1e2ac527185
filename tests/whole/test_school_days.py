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


async def test_a_year_is_printed_and_what_is_wrong_in_the_files_is_said_beside_it(
    found, sqlite_url, tmp_path
) -> None:
    (tmp_path / "calendar").mkdir()
    (tmp_path / "calendar" / "2027.toml").write_text(
        'year = 2027\n[[safety]]\nname = "消防日"\nfirst_day = 2027-11-09\nlast_day = "夏天"\n',
        encoding="utf-8",
    )
    async with found(sqlite_url, at="2026-09-30 13:00:00") as town:
        shown = await town.done("calendar", "show")
        assert shown.out.startswith("2026 年校历\n\n放假")
        assert not shown.err
        town.extra["CONFIG_DIR"] = str(tmp_path)
        wrong = await town.run("calendar", "show", "--year", "2027")
        assert (wrong.status, wrong.out.splitlines()[0]) == (1, "2027 年校历")
        assert wrong.sentence.startswith("2027.toml 第 1 个 [[safety]] 的 last_day:")
        assert (await town.run("calendar", "show", "--year", "27")).status == 2
