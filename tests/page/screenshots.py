"""Takes the pictures of docs/screenshots anew: the demo in a real Chromium, and what is carried away: `make screenshots`."""

import asyncio
import pathlib
import re
import shutil
import sys
import time

from PIL import Image, ImageOps
from playwright import async_api

from tests.page import papers

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "screenshots"
LIMIT_BYTES = 300 * 1024
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 780}
TALL = {"width": 390, "height": 1150}
PATIENCE_MS = 60_000
MINUTES = """关于做好国庆假期校园安全工作的通知
各县(市、区)教育局、市直各学校:
一、开展一次安全教育,讲清溺水、交通、火灾、诈骗。
二、排查一次校舍、消防、用电隐患,列出清单。
三、落实24小时值班和领导带班。
四、严格请假和外出登记。
五、管好校车、食堂和饮水。
六、清理校园周边。
七、做好家校沟通。
八、零报告,有情况先打电话。
九、10月8日做好收假准备。"""
TABLE = re.compile(r"【汇总】.*截至.*17:00", re.DOTALL)


async def main() -> int:
    """Play the afternoon and take the pictures; 1 where there is no Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        print(
            "screenshots need chromium: install it first (Debian: apt-get install chromium)", file=sys.stderr
        )
        return 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    demo = await asyncio.create_subprocess_exec(
        "env", "BOT_TOKEN=", "HOST=127.0.0.1", "PORT=0", sys.executable, "-u", "-m", "bot", "demo",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert demo.stdout is not None
        url = re.search(r"http://\S+", (await demo.stdout.readline()).decode())
        assert url is not None
        async with async_api.async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
            )
            await take(browser, url[0])
            await take_the_desk(browser, url[0])
            await browser.close()
    finally:
        demo.terminate()
        await demo.communicate()
    return 0


async def take(browser: async_api.Browser, url: str) -> None:
    """Three phones, one phone, the table of the deadline: in the order of the afternoon."""
    page = await browser.new_page(viewport=DESKTOP, locale="zh-CN", reduced_motion="reduce")
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(url)
    phones = page.locator(".phone")
    await phones.nth(0).get_by_role("button", name="✅ 已上完").click()
    await phones.nth(0).get_by_role("alertdialog").get_by_role("button").click()
    await (
        phones.nth(1).locator(".message", has_text="消防栓").last.wait_for()
    )  # a pretend principal has trouble
    await page.get_by_role("button", name="替我发").click()
    await phones.nth(2).locator("pre").last.wait_for()
    await page.locator(".story li").nth(6).wait_for()
    await settled(page)
    await page.screenshot(path=FOLDER / "three-phones-light.png")
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    await settled(page)
    await page.screenshot(path=FOLDER / "three-phones-dark.png")

    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    small = await browser.new_page(
        viewport=PHONE, device_scale_factor=2, locale="zh-CN", reduced_motion="reduce"
    )
    await small.goto(url)
    await small.locator(".phone.shown .message").first.wait_for()
    await settled(small)
    await small.screenshot(path=FOLDER / "phone-width.png")
    await small.close()

    await page.get_by_role("button", name="17:00").click()
    await phones.nth(2).locator(".message", has_text=TABLE).last.wait_for()
    await page.locator('[data-action="to 17:00"][aria-busy]').wait_for(state="detached")
    table = phones.nth(2).locator(".message", has_text=TABLE).last
    await table.scroll_into_view_if_needed()
    await settled(page)
    await page.screenshot(path=FOLDER / "the-table-at-17.png")
    await page.locator("#lang").click()
    await settled(page)
    await page.screenshot(path=FOLDER / "in-english.png")
    await page.close()


async def take_the_desk(browser: async_api.Browser, url: str) -> None:
    """The clerk's phone before [发送], and the leader's in the evening."""
    page = await browser.new_page(
        viewport=TALL, device_scale_factor=1.5, locale="zh-CN", reduced_motion="reduce"
    )
    page.set_default_timeout(PATIENCE_MS)
    await page.goto(url)
    await page.get_by_text("市局手机").first.click()
    phone = page.locator(".phone").nth(2)

    async def say(words: str) -> None:
        await phone.get_by_role("textbox").fill(words)
        await phone.get_by_role("textbox").press("Enter")

    async def comes(words: str) -> None:
        await phone.locator(".message", has_text=words).last.wait_for()

    await say("发通知")
    await comes("把要发的文字粘贴或转发给我")
    await say(MINUTES)
    for button, words in (
        ("就用标题", "还没选"),
        ("☐ 各校", "现在是:各校"),
        ("下一步", "怎么回"),
        ("逐项", "截止"),
    ):
        await phone.get_by_role("button", name=button).last.click()
        await comes(words)
    await say("10月9日12点")
    await comes("要不要响")
    await phone.get_by_role("button", name="响一声").last.click()
    await comes("将发给")
    await page.mouse.move(0, 0)
    await settled(page)
    await page.screenshot(path=FOLDER / "before-sending.png")
    await phone.get_by_role("button", name="不发了").last.click()

    await page.get_by_text("试一试").first.click()
    await page.get_by_role("button", name="17:30").click()
    await page.locator('[data-action="to 17:30"][aria-busy]').wait_for(state="detached")
    await page.get_by_text("市局手机").first.click()
    await phone.get_by_role("combobox").select_option(label="云川市教育局 李二(领导)")
    await comes("【今天】")
    await page.set_viewport_size(PHONE)
    await settled(page)
    await page.screenshot(path=FOLDER / "the-leaders-brief.png")
    await page.close()


async def settled(page: async_api.Page) -> None:
    """No toast, nothing moving, the newest edit drawn."""
    await page.wait_for_function("() => !document.querySelector('.toast p')")
    await page.wait_for_timeout(400)


def weigh() -> list[str]:
    """The pictures without the lowest bit of each colour, which weighs more than it shows; names and sizes."""
    told = []
    for file in sorted(FOLDER.glob("*.png")):
        with Image.open(file) as picture:
            light = None if picture.mode == "P" else ImageOps.posterize(picture.convert("RGB"), 7)
        if light is not None:  # what has a palette is light
            light.save(file, optimize=True)
        size = file.stat().st_size
        assert size <= LIMIT_BYTES, f"{file.name} has {size} bytes"
        told.append(f"{file.name}  {size // 1024} KB")
    return told


if __name__ == "__main__":
    started = time.monotonic()
    papers.draw(FOLDER)
    status = asyncio.run(main())
    if status == 0:
        print(*weigh(), f"in {time.monotonic() - started:.0f} s", sep="\n")
    sys.exit(status)
