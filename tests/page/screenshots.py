"""Takes the pictures of docs/screenshots from the demo, in a real Chromium: `make screenshots`."""

import asyncio
import pathlib
import re
import shutil
import sys
import time

from PIL import Image, ImageOps
from playwright import async_api

FOLDER = pathlib.Path(__file__).parents[2] / "docs" / "screenshots"
LIMIT_BYTES = 300 * 1024
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 780}
PATIENCE_MS = 60_000
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
            await browser.close()
    finally:
        demo.terminate()
        await demo.communicate()
    return 0


async def take(browser: async_api.Browser, url: str) -> None:
    """The five pictures, in the order of the afternoon."""
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


async def settled(page: async_api.Page) -> None:
    """No toast, nothing moving, the newest edit drawn."""
    await page.wait_for_function("() => !document.querySelector('.toast p')")
    await page.wait_for_timeout(400)


def weigh() -> list[str]:
    """The pictures without the lowest bit of each colour, which weighs more than it shows; names and sizes."""
    told = []
    for file in sorted(FOLDER.glob("*.png")):
        with Image.open(file) as picture:
            light = ImageOps.posterize(picture.convert("RGB"), 7)
        light.save(file, optimize=True)
        size = file.stat().st_size
        assert size <= LIMIT_BYTES, f"{file.name} has {size} bytes"
        told.append(f"{file.name}  {size // 1024} KB")
    return told


if __name__ == "__main__":
    started = time.monotonic()
    status = asyncio.run(main())
    if status == 0:
        print(*weigh(), f"in {time.monotonic() - started:.0f} s", sep="\n")
    sys.exit(status)
