"""The page as people meet it: in a real browser, by mouse, by keyboard, on a small screen, in the dark."""

import re
import time

import pytest
from playwright.async_api import Page, expect

from bot import simulator
from bot.simulator import page as pages

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("page")]  # one browser

HAN = re.compile(r"[\u4e00-\u9fff]")
YES = {"name": "✅ 已上完"}
# Contrast of a text with what lies behind it, as WCAG 2 reckons it.
CONTRAST = """(selector) => {
  const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const paint = (colour) => { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); };
  const light = () => {
    const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [...document.querySelectorAll(selector)].filter((node) => node.getClientRects().length);
  return found.map((node) => {
    const behind = [];
    for (let at = node; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    behind.forEach(paint);
    const back = light();
    paint(getComputedStyle(node).color);
    const [high, low] = [light(), back].sort((a, b) => b - a);
    return (high + 0.05) / (low + 0.05);
  });
}"""


def phone(page: Page, index: int):
    return page.locator(".phone").nth(index)


async def ready(page: Page) -> None:
    await expect(page.locator(".phone")).to_have_count(3)


async def press_until(page: Page, key: str, wanted) -> None:
    for _ in range(40):
        if await wanted.evaluate("(node) => node === document.activeElement"):
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{key} does not lead there")


# ── the demo ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_newcomer_sees_a_reminder_taps_and_reads_the_table_within_a_minute(demo, windows):
    async with windows.open(demo.url) as page:
        principal, city = phone(page, 0), phone(page, 2)
        await principal.get_by_role("button", **YES).click(timeout=30_000)
        alert = principal.get_by_role("alertdialog")
        await expect(alert).to_contain_text("已记")
        await alert.get_by_role("button").click()
        await page.get_by_role("button", name="替我发“汇总”").click()
        await expect(city.locator("pre").last).to_contain_text("合计")
        took_s = time.monotonic() - demo.started

        print(f"a newcomer's way from make run to the table: {took_s:.0f} s")
        assert took_s < 60
        await expect(page.locator(".steps li.done")).to_have_count(2)


async def test_the_clock_can_be_moved_on_until_the_table_arrives(demo, windows):
    async with windows.open(demo.url) as page:
        await page.get_by_role("button", name="17:00").click()
        table = phone(page, 2).locator(".message", has_text=re.compile(r"【汇总】.*截至.*17:00", re.DOTALL))
        await expect(table.last).to_be_visible(timeout=40_000)
        await expect(phone(page, 1).locator(".message", has_text="── 没回复").first).to_be_attached()
        tally = re.compile(r"本群已回复 1\d/21 校")
        await expect(phone(page, 0).locator(".message", has_text=tally)).to_be_attached()


async def test_the_bureaus_desk_is_all_there_and_nothing_wants_hands(demo, windows):
    async with windows.open(demo.url) as page:
        city = phone(page, 2)
        for words, told in (
            ("要处理", "没有要处理的"),
            ("发通知", "把要发的文字粘贴或转发给我"),
            ("导出", "按日期"),
        ):
            await city.get_by_role("textbox").fill(words)
            await city.get_by_role("textbox").press("Enter")
            await expect(city.locator(".message", has_text=told).last).to_be_visible()
        await expect(page.locator("#clock")).to_contain_text("17:0")
        await expect(page.get_by_role("button", name="16:30")).to_have_attribute("aria-disabled", "true")


async def test_everything_can_be_done_by_keyboard(demo, windows):
    async with windows.open(demo.url) as page:
        await ready(page)
        await page.keyboard.press("Tab")
        await expect(page.get_by_text("跳到手机")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        principal = phone(page, 0)
        await expect(principal.locator("select")).to_be_focused()
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(principal.locator(".chat[aria-current]")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(principal.locator(".head button")).to_be_focused()

        await expect(principal.get_by_role("button", **YES)).to_be_visible(timeout=30_000)
        await principal.locator(".log").focus()
        await page.keyboard.press("End")
        card = principal.locator(".message:has(.key)").last
        await press_until(page, "ArrowUp", card)
        look = card.get_by_role("button", name="🔎 我校报了没")
        await press_until(page, "Tab", look)
        await page.keyboard.press("Enter")
        close = principal.get_by_role("alertdialog").get_by_role("button")
        await expect(close).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(close).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(look).to_be_focused()

        await principal.get_by_role("textbox").focus()
        await page.keyboard.type("收到")
        await page.keyboard.press("Enter")
        await expect(principal.locator(".mine .text").last).to_have_text("收到")
        outline = await principal.get_by_role("textbox").evaluate(
            "(node) => getComputedStyle(node).outlineStyle"
        )
        assert outline != "none", "focus can be seen"


async def test_a_screen_reader_is_told_what_is_what(demo, windows):
    async with windows.open(demo.url) as page:
        await ready(page)
        nameless = """() => [...document.querySelectorAll('button, select, textarea, [role=log], [role=alertdialog]')]
          .filter((n) => !(n.textContent.trim() || n.getAttribute('aria-label') || n.getAttribute('aria-labelledby')))
          .map((n) => n.outerHTML)"""
        assert await page.evaluate(nameless) == []
        assert await page.locator("[role=log][aria-live=polite]").count() == 1
        await phone(page, 2).get_by_role("textbox").focus()
        await expect(phone(page, 2).get_by_role("log")).to_have_attribute("aria-live", "polite")
        await expect(page.get_by_role("region", name="市局手机")).to_be_visible()
        assert await page.evaluate("() => document.documentElement.lang") == "zh-CN"


async def test_the_pages_words_can_be_switched_to_english(demo, windows):
    async with windows.open(f"{demo.url}?lang=en") as page:
        await ready(page)
        await expect(page.get_by_role("heading", name="Try this")).to_be_visible()
        own = ".tagline, .skip, #panel h2, .phone h2, .do b, #clock"
        said = await page.locator(own).all_text_contents()
        said += [await phone(page, 0).get_by_role("textbox").get_attribute("placeholder") or ""]
        assert [words for words in said if HAN.search(words) and "汇总" not in words] == []
        await expect(phone(page, 0).locator(".message").last).to_contain_text(HAN), "chats stay"
        await page.get_by_role("button", name="把页面换成中文").click()
        await expect(page.get_by_role("heading", name="试一试")).to_be_visible()
        await page.reload()
        await ready(page)
        await expect(page.locator(".tagline")).to_contain_text("pretend"), "the address wins"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_can_be_read_by_day_and_by_night(demo, windows, scheme):
    async with windows.open(demo.url, color_scheme=scheme) as page:
        await ready(page)
        await expect(phone(page, 0).locator(".message").first).to_be_visible()
        for selector in (
            ".text",
            ".meta",
            ".message .key",
            ".service",
            ".note",
            ".do:not([aria-disabled]) b",
            ".who",
            ".subtitle, .about p",
        ):
            found = await page.evaluate(CONTRAST, selector)
            assert min(found) >= 4.5, f"{selector} in the {scheme}"


async def test_the_theme_can_be_chosen_against_the_systems(demo, windows):
    async with windows.open(demo.url, color_scheme="dark", reduced_motion="reduce") as page:
        background = "() => getComputedStyle(document.body).backgroundColor"
        night = await page.evaluate(background)
        await page.locator("#theme").click()
        day = await page.evaluate(background)
        assert night != day
        await page.reload()
        assert await page.evaluate(background) == day
        await ready(page)
        assert (
            await page.locator(".phone").first.evaluate("(n) => getComputedStyle(n).animationDuration")
            == "0.001s"
        )


async def test_on_a_small_screen_one_phone_at_a_time(demo, windows):
    async with windows.open(demo.url, viewport={"width": 360, "height": 640}, has_touch=True) as page:
        await expect(page.locator(".phone.shown")).to_be_visible()
        for index, tab in enumerate(["校长手机", "县局手机", "市局手机", "试一试"]):
            await page.locator("#tabs").get_by_role("button", name=tab).click()
            visible = [await phone(page, i).is_visible() for i in range(3)]
            assert visible == [i == index for i in range(3)]
            assert await page.locator("#panel").is_visible() == (index == 3)
            wide = await page.evaluate("() => document.documentElement.scrollWidth")
            assert wide <= 360, f"{tab} is {wide} px wide"
        await page.locator("#tabs").get_by_role("button", name="校长手机").click()
        low = "(all) => Math.min(...all.map((node) => node.getBoundingClientRect().height))"
        assert await phone(page, 0).locator(".message .key").evaluate_all(low) >= 40
        box = await phone(page, 0).get_by_role("textbox").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 640


async def test_any_person_and_chat_can_be_chosen(demo, windows):
    async with windows.open(demo.url) as page:
        await ready(page)
        first = phone(page, 0)
        newcomer = first.locator("optgroup[label=还没登记] option").first
        await first.locator("select").select_option(await newcomer.get_attribute("value"))
        await first.get_by_role("button", name="开始", exact=True).click()
        await first.get_by_role("button", name="发送我的手机号").click()
        await expect(first.locator(".theirs").last).to_contain_text("您登记在")
        await expect(first.locator(".keys")).to_be_hidden()


# ── the page by itself ───────────────────────────────────────────────────────────────────────────


async def test_a_small_screen_too_is_told_that_the_city_is_being_prepared(windows):
    class Preparing(pages.Everyone):
        def panel(self):
            return pages.Panel(pages.Both("台", "stage"), is_ready=False)

    small = {"width": 360, "height": 640}
    async with (
        simulator.Simulator(token="1000001:abc") as sim,
        pages.Page(sim, Preparing(sim)).serve() as url,
        windows.open(url, viewport=small) as page,
    ):
        await expect(page.get_by_text("正在准备")).to_be_visible()


async def test_nothing_said_becomes_part_of_the_page(windows):
    evil = "<img src=x onerror=alert(1)><b>粗</b>"
    async with simulator.Simulator(token="1000001:abc") as sim:
        user = sim.add_user(evil)
        group = sim.add_group(evil, [user])
        sim.add_bot_to(group, by=user)
        sim.send(user, group, f"{evil} https://example.org/?a=<b>")
        sim.send_document(user, group, "<i>.html", content=b"<script>alert(1)</script>")
        async with pages.Page(sim).serve() as url, windows.open(url) as page:
            await phone(page, 0).locator(".head button").click()
            await phone(page, 0).locator(".chat").last.click()
            await expect(phone(page, 0).locator(".text").first).to_contain_text(evil)
            assert await page.locator(".phone img, .phone b b, .phone i").count() == 0
            link = phone(page, 0).locator(".text a")
            assert await link.get_attribute("rel") == "noopener noreferrer"


async def test_a_page_that_lost_the_line_comes_back_with_everything(windows):
    async with simulator.Simulator(token="1000001:abc") as sim:
        user = sim.add_user("王")
        sim.open(user)
        async with pages.Page(sim).serve() as url:
            opening = windows.open(url)
            page = await opening.__aenter__()
            await expect(page.locator(".phone")).to_have_count(1)
        await expect(page.locator("#line")).to_contain_text("断开")
        sim.send(user, user, "断线的时候写的")
        async with pages.Page(sim).serve(port=int(url.rpartition(":")[2])):
            await expect(page.locator(".text").last).to_have_text("断线的时候写的")
            await expect(page.locator("#line")).to_have_text("")
            await opening.__aexit__(None, None, None)
    windows.faults = [fault for fault in windows.faults if "ERR_" not in fault]  # the line that was cut
