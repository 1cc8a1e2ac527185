"""A real Chromium, and a browser window that minds its manners: no fault on its console, no request elsewhere."""

import asyncio
import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
import pytest_asyncio
from playwright import async_api

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
READY_WITHIN_S = 30
async_api.expect.set_options(timeout=READY_WITHIN_S * 1_000)  # a busy machine is slow, not wrong


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium() -> AsyncIterator[async_api.Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no chromium on this machine: install it to test the page")
    async with async_api.async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        await browser.close()


@dataclass
class Windows:
    """Opens windows, and remembers what they should not have done."""

    browser: async_api.Browser
    faults: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def open(self, url: str, **given) -> AsyncIterator[async_api.Page]:
        size = {"width": 1440, "height": 900}
        context = await self.browser.new_context(**{"viewport": size, "locale": "zh-CN"} | given)
        context.set_default_timeout(15_000)
        page = await context.new_page()
        root = url.split("?", maxsplit=1)[0]
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on(
            "request", lambda asked: None if asked.url.startswith(root) else self.faults.append(asked.url)
        )
        await page.goto(url)
        try:
            yield page
        finally:
            await context.close()


@pytest_asyncio.fixture(loop_scope="module")
async def windows(chromium: async_api.Browser) -> AsyncIterator[Windows]:
    opened = Windows(chromium)
    yield opened
    assert opened.faults == []


@dataclass(frozen=True)
class Demo:
    url: str
    started: float  # of the monotonic clock


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(chromium: async_api.Browser) -> AsyncIterator[Demo]:
    """`make run` without a token: the whole process, until it is told to end."""
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-u", "-m", "bot", "demo", stdout=asyncio.subprocess.PIPE,
        env=os.environ | {"HOST": "127.0.0.1", "PORT": "0", "BOT_TOKEN": ""},  # noqa: TID251  # a whole process
    )  # fmt: skip
    assert process.stdout is not None
    async with asyncio.timeout(READY_WITHIN_S):
        first = (await process.stdout.readline()).decode()
    url = re.search(r"http://\S+", first)
    assert url, f"the first line names the page: {first!r}"
    yield Demo(url[0], started)
    process.terminate()
    async with asyncio.timeout(READY_WITHIN_S):
        await process.communicate()
    assert process.returncode == 0
