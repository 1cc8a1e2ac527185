"""One cell of a roster becomes one value, or a fault that says what to write instead."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from bot.roster import faults, phones, sheets, vocabulary

CODE_LENGTH = 32
NAME_LENGTH = 60
PERSON_LENGTH = 20
TAG_LENGTH = 12
TAGS_LENGTH = 200  # all of a unit's tags together
COUNT_LIMIT = 200_000  # students of one unit; more is a phone number in the wrong column

T = TypeVar("T")

_CODE = re.compile(r"[\w.-]+")
_COUNT = re.compile(r"(\d[\d,]*)(?:\.0+)?(?:人|名)?")
_TAG = re.compile(r"[\w-]+")
_ERROR_VALUE = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!)")
_TWO_PEOPLE = re.compile(r"[,;/、|&]")
_HAN_GAP = re.compile(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])")


def code(found: faults.Findings, cell: sheets.Cell) -> str:
    """The unit's own code; '' after a fault."""
    if not _is_readable(found, cell, needs="编码"):
        return ""
    if phones.looks_scientific(cell.text) and isinstance(cell.original, str):
        found.fault(cell, f"{cell.shown} 不是编码。Excel 把编码变成了数字,请设为文本重新填写。")
        return ""
    if len(cell.text) > CODE_LENGTH:
        found.fault(cell, f"编码太长,有 {len(cell.text)} 个字,最多 {CODE_LENGTH} 个。")
        return ""
    if not _CODE.fullmatch(cell.text):
        found.fault(cell, f"编码“{cell.shown}”只能用字母、数字、汉字、减号、点和下划线,中间不能有空格。")
        return ""
    return cell.text


def unit_name(found: faults.Findings, cell: sheets.Cell) -> str:
    """The unit's full name, without spaces between its characters; '' after a fault."""
    if not _is_readable(found, cell, needs="名称"):
        return ""
    name = _HAN_GAP.sub("", cell.text)
    if len(name) > NAME_LENGTH:
        found.fault(cell, f"名称太长,有 {len(name)} 个字,最多 {NAME_LENGTH} 个。")
        return ""
    return name


def person_name(found: faults.Findings, cell: sheets.Cell) -> str:
    """One person's name, 王 一 as 王一; '' after a fault."""
    if not _is_readable(found, cell, needs="姓名"):
        return ""
    name = _HAN_GAP.sub("", cell.text)
    if _TWO_PEOPLE.search(unicodedata.normalize("NFKC", name)):
        found.fault(cell, f"“{cell.shown}”像是几个人写在一格。请一人一行。")
        return ""
    if len(name) > PERSON_LENGTH or any(character.isdigit() for character in name):
        found.fault(cell, f"“{cell.shown}”不像姓名。请只写一个人的姓名,最多 {PERSON_LENGTH} 个字,不写号码。")
        return ""
    return name


def chosen(
    found: faults.Findings, cell: sheets.Cell, *, of: Callable[[str], T | None], allowed: tuple[str, ...]
) -> T | None:
    """The value a word stands for; None after a fault, and for an empty cell."""
    if vocabulary.is_nothing(cell.text):
        return None
    value = of(cell.text)
    if value is None:
        found.fault(cell, f"看不懂“{cell.shown}”。", allowed)
    return value


def yes_no(found: faults.Findings, cell: sheets.Cell) -> bool:
    """Yes or no; nothing is no."""
    value = vocabulary.yes_of(cell.text)
    if value is None:
        found.fault(cell, f"看不懂“{cell.shown}”。", ("是", "否"))
    return bool(value)


def count(found: faults.Findings, cell: sheets.Cell) -> int | None:
    """How many people; None for an empty cell, and after a fault."""
    if vocabulary.is_nothing(cell.text):
        return None
    match = _COUNT.fullmatch(unicodedata.normalize("NFKC", cell.text))
    number = int(match[1].replace(",", "")) if match else -1
    if not 0 <= number <= COUNT_LIMIT:
        found.fault(cell, f"“{cell.shown}”不是人数。请写 0 到 {COUNT_LIMIT} 的整数。")
        return None
    return number


def tags(found: faults.Findings, cell: sheets.Cell) -> tuple[str, ...]:
    """The tags in their order, each once."""
    if vocabulary.is_nothing(cell.text):
        return ()
    words = [word for word in re.split(r"[;,、\s]+", unicodedata.normalize("NFKC", cell.text)) if word]
    if any(len(word) > TAG_LENGTH or not _TAG.fullmatch(word) for word in words):
        found.fault(
            cell, f"标签“{cell.shown}”写法不对。标签用分号隔开,每个最多 {TAG_LENGTH} 个字,不用括号和符号。"
        )
        return ()
    if len(cell.text) > TAGS_LENGTH:
        found.fault(cell, f"标签太多,合起来最多 {TAGS_LENGTH} 个字。")
        return ()
    return tuple(dict.fromkeys(words))


def duty_phone(found: faults.Findings, cell: sheets.Cell) -> str:
    """A unit's 值班电话, landline or mobile; '' for an empty cell, and after a fault."""
    if vocabulary.is_nothing(cell.text):
        return ""
    numbers = None if _has_lost_digits(cell) else phones.read(cell.text)
    if numbers is None:
        found.fault(cell, f"{cell.shown} 不是电话号码。{_duty_advice(cell)}")
        return ""
    if len(numbers) > 1:
        found.warn(cell, f"一格里有 {len(numbers)} 个号码,值班电话用第一个 {numbers[0].text}。")
    return numbers[0].text


def mobile(found: faults.Findings, cell: sheets.Cell) -> str | None:
    """A person's mobile, 11 digits; None for an empty cell, a landline (a warning) and after a fault.

    Two numbers beside one name are one person's: the first mobile is taken, with a warning.
    """
    if vocabulary.is_nothing(cell.text):
        return None
    numbers = None if _has_lost_digits(cell) else phones.read(cell.text)
    if numbers is None:
        found.fault(cell, f"{cell.shown} 不是手机号。{_mobile_advice(cell)}")
        return None
    mobiles = [number.text for number in numbers if number.sort is phones.Sort.MOBILE]
    if not mobiles:
        found.warn(cell, f"{numbers[0].text} 是座机,不能登记,按没有手机号导入。请补 11 位手机号。")
        return None
    if len(numbers) > 1:
        found.warn(cell, f"一格里有 {len(numbers)} 个号码,只用 {mobiles[0]}。如果是两个人,请一人一行。")
    return mobiles[0]


def is_faulty_value(cell: sheets.Cell) -> bool:
    """Whether Excel shows an error there (#N/A) or has made a date of it."""
    return _ERROR_VALUE.fullmatch(cell.text) is not None or isinstance(
        cell.original, dt.date | dt.time | dt.timedelta
    )


def _is_readable(found: faults.Findings, cell: sheets.Cell, *, needs: str) -> bool:
    if not cell.text:
        found.fault(cell, f"{needs}没有填。")
    elif _ERROR_VALUE.fullmatch(cell.text):
        found.fault(cell, f"{cell.shown} 是公式出错。请直接填写{needs}。")
    elif is_faulty_value(cell):
        found.fault(cell, f"Excel 把{needs}变成了日期 {cell.shown}。请把这一列设为文本重新填写。")
    else:
        return True
    return False


def _has_lost_digits(cell: sheets.Cell) -> bool:
    if isinstance(cell.original, str):
        return phones.looks_scientific(cell.text)
    return isinstance(cell.original, int | float) and sheets.looks_rounded(cell.original)


def _mobile_advice(cell: sheets.Cell) -> str:
    if _has_lost_digits(cell):
        return phones.ADVICE_DIGITS_LOST
    if "*" in cell.text:
        return "号码被星号遮住了,请写完整的 11 位数字。"
    digits = phones.digits_in(cell.text)
    return (f"这里是 {digits} 位,{phones.ADVICE_MOBILE}") if digits not in {0, 11} else phones.ADVICE_MOBILE


def _duty_advice(cell: sheets.Cell) -> str:
    if _has_lost_digits(cell):
        return "Excel 把号码变成了数字,请设为文本重新填写。"
    if isinstance(cell.original, int | float):
        return f"Excel 会去掉开头的 0,请设为文本。{phones.ADVICE_DUTY}"
    return phones.ADVICE_DUTY
