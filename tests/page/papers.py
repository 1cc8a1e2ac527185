"""What is carried away, for the pages that show it: a made-up day of 24 rows as picture, heat picture and sheet."""

import dataclasses
import datetime as dt
import io
import pathlib
import random
import shutil
import subprocess
import tempfile
import zoneinfo

from PIL import Image, ImageChops

from bot.notices import queries, tallies
from bot.notices.queries import Status, Table
from bot.notices.rules import Reach, TroubleState
from bot.summaries import drawing, grids, workbook
from bot.summaries.grids import Heat
from bot.summaries.workbook import Line, Sheets
from bot.texts import Words
from tests.summaries.test_workbook import DUE, NOTICE, OWING, SAID, TOLD, YES

WORDS = Words(zoneinfo.ZoneInfo("Asia/Shanghai"))
ROWS = (
    "河东区", "山阳市", "临川县", "大河县", "青山县", "磁石县", "卫河县", "平原县", "永安市", "桥西区", "桥东区", "开发区",
    "高新区", "滨湖新区", "安平县", "临水县", "石门县", "云岭县", "金沙县", "双河县", "白塔区", "长陵土家族自治县",
    "市直学校", "市属高校",
)  # fmt: skip
SCHOOLS = (
    "第一小学", "第二小学", "实验小学", "第一中学", "金滩镇中心小学", "银桥镇初级中学", "柳树村教学点",
    "榔坪镇中心学校附属希望小学",
)  # fmt: skip
PEOPLE = "王李张刘陈杨赵黄周吴"
TROUBLES = (TroubleState.NEW, TroubleState.SEEN, TroubleState.PHONED, TroubleState.SOLVED)
ASKED = (
    "开学安全检查", "消防自查", "防溺水家访", "校车司机核验", "食堂食材台账", "台风前排查", "中秋假前安全课",
    "防震演练", "国庆假值班表", "国庆假前安全课",
)  # fmt: skip
DAYS = (2, 4, 8, 11, 15, 18, 24, 25, 28, 30)  # of September


def draw(folder: pathlib.Path) -> None:
    """the-picture.png, the-heat-picture.png; the-sheet.png and the-names.png where there is a LibreOffice."""
    dice = random.Random(30)  # the same day every time
    table = _table(dice)
    head = {"title": NOTICE.title, "frozen": True, "at": DUE, "is_trial": False, "recalled": False}
    (grid,) = grids.of_table(table, head, WORDS)
    (folder / "the-picture.png").write_bytes(drawing.grid(grid))
    (folder / "the-heat-picture.png").write_bytes(drawing.heat(heat(dice)))
    _print(folder, workbook.build(Sheets(table, tuple(_line(dice, s) for s in table.statuses)), WORDS))


def _table(dice: random.Random) -> Table:
    statuses: list[Status] = []
    for position, name in enumerate(ROWS, start=1):
        place = {
            "row_code": f"R{position}",
            "row_name": name,
            "row_position": position,
            "county_id": position,
        }
        schools = dice.randint(40, 220) if position <= 22 else 8
        owing = 9 if position == 1 else dice.choice((0, 0, dice.randint(1, 9)))
        for number in range(schools):
            made = _owing(dice) if number < owing else _answered(dice)
            named = {
                "name": f"{name}{dice.choice(SCHOOLS)}",
                "assignment_id": len(statuses),
                "unit_id": len(statuses),
            }
            statuses.append(dataclasses.replace(made, **place, **named))
    return Table(
        NOTICE,
        DUE,
        DUE,
        queries.summed("YC", "合计", statuses),
        tuple(queries.lines(statuses)),
        tuple(statuses),
    )


def _owing(dice: random.Random) -> Status:
    if dice.random() < 0.1:
        return dataclasses.replace(OWING, reach=None, excused="closed")
    return dataclasses.replace(OWING, reach=dice.choice((Reach.SILENT, Reach.SILENT, *Reach)))


def _answered(dice: random.Random) -> Status:
    said = dataclasses.replace(
        YES, said_by=f"{dice.choice(PEOPLE)}校长", said_at=SAID + dt.timedelta(minutes=dice.randrange(100))
    )
    if dice.random() < 0.01:
        return dataclasses.replace(said, answer="trouble", trouble=dice.choice(TROUBLES))
    return said


def _line(dice: random.Random, s: Status) -> Line:
    said = dataclasses.replace(TOLD, text="三楼消防栓没水,已报修") if s.trouble else None
    phoned = SAID + dt.timedelta(hours=1) if s.reach is Reach.UNBOUND else None
    who = s.said_by or f"{dice.choice(PEOPLE)}校长"
    return Line(
        s, said, delivered_at=None if s.reach is Reach.UNBOUND else SAID - dt.timedelta(minutes=12),
        reminded=dice.choice((1, 2)) if s.reach is Reach.SILENT else 0, phoned_at=phoned, contact=who,
        phone=f"138****{dice.randrange(1000):04}",
    )  # fmt: skip


def heat(dice: random.Random) -> Heat:
    """Ten made-up notices, counted as real ones are."""
    notices = [
        dataclasses.replace(NOTICE, title=title, due_at=DUE.replace(day=day))
        for day, title in zip(DAYS, ASKED, strict=True)
    ]
    lines = {
        tallies.Line(position, f"R{position}", name): dice.randint(40, 220) if position <= 22 else 8
        for position, name in enumerate(ROWS, start=1)
    }
    tables = [
        {line: _tally(dice, schools) for line, schools in lines.items() if dice.random() > 0.03} for _ in DAYS
    ]
    return grids.of_tallies(notices, tables, at=DUE, words=WORDS)


def _tally(dice: random.Random, schools: int) -> tallies.Tally:
    return tallies.Tally(schools, round(schools * dice.betavariate(22, 1)))


def _print(folder: pathlib.Path, content: bytes) -> None:
    """The first page of the table and of the names, as a printer would put them on paper."""
    if not (shutil.which("soffice") and shutil.which("pdftoppm")):
        print("the sheets are left as they are: they need soffice and pdftoppm")
        return
    with tempfile.TemporaryDirectory() as made:
        book = pathlib.Path(made, "table.xlsx")
        book.write_bytes(content)
        subprocess.run(
            ["soffice", f"-env:UserInstallation=file://{made}", "--headless", "--convert-to", "pdf", "--outdir", made, book],
            check=True, capture_output=True,
        )  # fmt: skip
        subprocess.run(
            ["pdftoppm", "-r", "110", "-l", "2", "-png", f"{made}/table.pdf", f"{made}/page"],
            check=True, capture_output=True,
        )  # fmt: skip
        first, second = sorted(pathlib.Path(made).glob("page*.png"))[:2]
        for page, name in ((first, "the-sheet.png"), (second, "the-names.png")):
            _trimmed(page).save(folder / name, optimize=True)


def _trimmed(page: pathlib.Path, border: int = 24) -> Image.Image:
    picture = Image.open(page).convert("L")
    left, upper, right, lower = ImageChops.invert(picture).getbbox() or (0, 0, *picture.size)
    box = (left - border, upper - border, right + border, lower + border)
    return Image.open(io.BytesIO(page.read_bytes())).convert("RGB").crop(box).quantize(64)
