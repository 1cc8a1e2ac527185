"""[📎 看原文] and [📄 看全文]: in private, once, to whoever may read; and what happens when Telegram forgets a file."""

import datetime as dt
import pathlib
import shutil
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from bot import simulator
from bot.db import Tx
from bot.delivery.message import Callback
from bot.notices import attachments, publish, recall
from bot.notices.publish import Draft, File
from bot.notices.rules import Kind
from bot.roster import audience
from tests.telegram import small_city
from tests.telegram.small_city import City

pytestmark = pytest.mark.asyncio(loop_scope="module")
FULL = "\n".join(f"第{n}段,{'字' * 90}" for n in range(1, 61))  # 5,700 characters: two messages
CONTENT = b"%PDF-1.4 minutes of a meeting"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(
    sqlite_template: pathlib.Path, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[City]:
    folder = tmp_path_factory.mktemp("attachments")
    file = shutil.copyfile(sqlite_template, folder / "bot.db")
    async with small_city.city(f"sqlite:///{file}", folder) as made:
        yield made


async def sent(
    city: City, *, to: str = "county:DH", kind: Kind = Kind.CONFIRM
) -> tuple[int, simulator.Message]:
    """A notice with a file an officer has given; its id, and the message the file came in."""
    officer = city.users["city_officer"]
    given = city.sim.send_document(officer, officer, "纪要.pdf", content=CONTENT)
    file = File(given.file.id, "document", "纪要.pdf", len(CONTENT), officer.id, given.id)  # type: ignore[union-attr]

    def verb(tx: Tx, now: dt.datetime) -> publish.Published:
        due = None if kind is Kind.REMINDER else now + dt.timedelta(hours=3)
        labels = ("", "") if due is None else ("已读", "有困难")
        draft = Draft(
            "N",
            "消防会议",
            kind,
            audience.parse(to),
            "请看原文。",
            due,
            *labels,
            full_text=FULL,
            files=(file,),
        )
        return publish.publish(tx, now, draft, by="test")

    return (await city.bot.db.transact(verb)).notice_id, given


def files(city: City, actor: str) -> list[simulator.Message]:
    """What the bot has given them in private that is a file."""
    return [m for m in city.sim.messages(city.users[actor]) if m.from_bot and m.document]


async def test_the_file_comes_in_private_once(city: City) -> None:
    notice, _ = await sent(city)
    before = len(files(city, "principal"))
    data = Callback("file", notice, 1).encode()
    told = await city.press("principal", data, group="DH")
    assert "原文已发到您的私聊" in told.to_person
    await city.until(lambda: len(files(city, "principal")) == before + 1)
    assert files(city, "principal")[-1].document.content == CONTENT  # type: ignore[union-attr]
    assert files(city, "principal")[-1].text == "消防会议:纪要.pdf"

    told = await city.press("principal", data, group="DH")
    assert "已发过您的私聊" in told.to_person
    assert len(files(city, "principal")) == before + 1


async def test_the_full_text_comes_in_as_many_messages_as_it_needs(city: City) -> None:
    notice, _ = await sent(city)
    await city.press("principal", Callback("full", notice, 1).encode())
    await city.until(lambda: city.sim.has(city.users["principal"], "消防会议 2/2"))
    found = [m.text for m in city.sim.messages(city.users["principal"]) if m.text.startswith("消防会议 ")]
    assert [text.split("\n")[0] for text in found] == ["消防会议 1/2", "消防会议 2/2"]
    assert "\n".join(text.split("\n", 1)[1] for text in found) == FULL
    assert all(len(text) <= 4096 for text in found)


async def test_a_file_forgotten_is_copied_from_where_it_was_given(city: City) -> None:
    notice, given = await sent(city)
    before = len(files(city, "deputy"))
    del city.sim.world.files[given.file.id]  # type: ignore[union-attr]
    await city.press("deputy", Callback("file", notice, 1).encode())
    await city.until(lambda: len(files(city, "deputy")) == before + 1)
    assert files(city, "deputy")[-1].document.content == CONTENT  # type: ignore[union-attr]
    assert files(city, "deputy")[-1].text == "消防会议:纪要.pdf"


async def test_a_file_lost_for_good_is_told_to_who_asked_and_to_the_administrators(city: City) -> None:
    notice, given = await sent(city)
    del city.sim.world.files[given.file.id]  # type: ignore[union-attr]
    city.sim.erase(given)
    await city.press("duty", Callback("file", notice, 1).encode())
    await city.until(lambda: city.sim.has(city.users["duty"], "消防会议的原文(纪要.pdf)现在取不到"))
    await city.until(lambda: city.sim.has(city.users["admin"], "请让发通知的人重新发一次附件"))
    told = await city.press("duty", f"v1:{notice}:1:look")  # his chat still takes messages
    assert "还没报" in told.to_person


async def test_a_reminder_is_read_by_those_who_have_it_before_them(city: City) -> None:
    notice, _ = await sent(city, to="county:QS", kind=Kind.REMINDER)
    data = Callback("file", notice, 1).encode()
    await city.until(lambda: city.sim.has(city.groups["QS"], "请看原文。"))
    assert "不是发给您的单位" in (await city.press("principal", data)).to_person
    assert "不是发给您的单位" in (await city.press("principal", data, group="DH")).to_person
    assert "已发到您的私聊" in (await city.press("QS1", data, group="QS")).to_person


async def test_a_stranger_is_led_to_our_door(city: City) -> None:
    notice, _ = await sent(city)
    card = city.sim.last(city.groups["DH"], from_bot=True)
    press = city.sim.press_data(city.users["stranger"], card, Callback("file", notice, 1).encode())
    answer = await press.answered(20.0)
    assert "您没有登记" in answer.text
    assert answer.url is not None
    assert answer.url.endswith("?start=hello")


async def test_a_recall_takes_the_file_back(city: City) -> None:
    notice, _ = await sent(city)
    await city.press("principal", Callback("file", notice, 1).encode(), Callback("full", notice, 1).encode())
    await city.until(lambda: files(city, "principal")[-1].text == "消防会议:纪要.pdf")
    user = city.users["principal"]
    await city.until(lambda: city.sim.last(user).text.startswith("消防会议 2/2"))
    await city.bot.sender.until_idle()
    hanging = [m for m in city.sim.messages(user) if m.text.startswith("消防会议")][-3:]
    await city.bot.db.transact(recall.recall, notice, by="test")
    await city.until(lambda: all(m.deleted for m in hanging))
    assert "已撤回" in (await city.press("principal", Callback("file", notice, 1).encode())).to_person


@pytest.mark.parametrize(("text", "size", "found"), [
    ("", 10, []), ("短", 10, ["短"]), ("一二三\n四五六\n七", 7, ["一二三\n四五六", "七"]),
    ("字" * 25, 10, ["字" * 10, "字" * 10, "字" * 5]), ("一\n" + "字" * 12, 10, ["一\n" + "字" * 8, "字" * 4]),
])  # fmt: skip
async def test_a_text_is_broken_at_the_ends_of_lines(text: str, size: int, found: list[str]) -> None:
    assert attachments.parts(text, size) == found
