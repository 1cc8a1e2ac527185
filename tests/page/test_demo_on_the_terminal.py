"""The day told on the terminal: `demo --once` as a whole process."""

import asyncio
import os
import sys
import time

WITHIN_S = 30


async def test_the_day_is_played_in_half_a_minute_and_its_table_adds_up():
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--once", stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"BOT_TOKEN": ""},  # noqa: TID251  # a whole process
    )  # fmt: skip
    told, _ = await process.communicate()

    assert process.returncode == 0
    assert time.monotonic() - started < WITHIN_S
    story = told.decode()
    assert "核对:应报 = 已报 + 未报,各县之和 = 合计,与逐人记账一致" in story
    assert "没回复的 7 校,各收到一条私聊提醒" in story, "the reminders come by themselves"
