"""The empty workbook a bureau fills in: two sheets with drop-downs, and a third that explains them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bot import errors
from bot.roster import sheets, vocabulary
from bot.roster.access import Role

LINES = 12_000  # as far as the drop-downs reach: 10,000 contacts and some
TEXT = "@"  # Excel's format in which 13800000001 stays what was typed

_HEADER_FILL = PatternFill("solid", start_color="FFDDEBF7")
_KINDS = tuple(map(vocabulary.kind_name, vocabulary.Kind))
_ROLES = tuple(map(vocabulary.role_name, Role))
_YES_NO = ("是", "否")


@dataclass(frozen=True, slots=True)
class _Note:
    """How to fill a column."""

    advice: str
    example: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    is_text: bool = False
    width: int = 10


_UNIT_NOTES: Mapping[str, _Note] = {
    "code": _Note("每个单位一个,不重复,定下后不要改", "DH001", is_required=True, is_text=True, width=14),
    "name": _Note("单位全称", "大河县金滩镇中心小学", is_required=True, width=28),
    "kind": _Note("从下拉框里选", "学校", is_required=True, choices=_KINDS),
    "parent": _Note("上级单位的编码或全称;市直学校写市局;市局这一行留空", "DH", is_required=True, width=16),
    "stage": _Note("学校要选,其他单位留空", "小学", choices=tuple(vocabulary.STAGES)),
    "ownership": _Note("公办或民办", "公办", choices=tuple(vocabulary.OWNERSHIPS)),
    "boarding": _Note("有没有寄宿学生,不填就是否", "否", choices=_YES_NO),
    "school_bus": _Note("有没有校车,不填就是否", "否", choices=_YES_NO),
    "canteen": _Note("有没有食堂,不填就是否", "是", choices=_YES_NO),
    "waterside": _Note("校园附近有没有河、塘、水库,不填就是否", "是", choices=_YES_NO),
    "students": _Note("在校学生人数,整数", "620"),
    "staff": _Note("教职工人数,整数", "41"),
    "phone": _Note("值班电话,座机或手机;不填就用上级的", "0310-0000001", is_text=True, width=16),
    "tags": _Note("几个标签用分号隔开", "山区;低洼", width=16),
}
_CONTACT_NOTES: Mapping[str, _Note] = {
    "unit": _Note("单位的编码或全称;有同名单位时写编码", "DH001", is_required=True, is_text=True, width=28),
    "name": _Note("一行一个人", "王一", is_required=True, width=12),
    "role": _Note("从下拉框里选;一人几个职务就写几行", "校长", is_required=True, choices=_ROLES, width=12),
    "phone": _Note("11 位手机号;一人一个号,几行写同一个号", "13800000001", is_text=True, width=16),
}
_RULES = (
    "“单位”和“联系人”两张表都要填。填好后导入(同一个文件名写两遍):",
    "xiaoan roster import 名册.xlsx 名册.xlsx --dry-run --report 问题.xlsx",
    "单位表的行序就是以后所有汇总表的行序。",
    "同一手机号就是同一个人;中心校校长管几个教学点,每个点写一行。",
    "再次导入时,表里没有的单位会停用,表里没有的职务会结束;以前的记录都保留。",
    "只登记单位联系人,不要填学生和家长的任何信息。",
)


def write(path: Path) -> None:
    """The file holds the empty workbook, ready to be filled in and imported.

    Raises:
        errors.Refused: the file cannot be written.
    """
    workbook = openpyxl.Workbook()
    units = workbook.worksheets[0]
    _fill(units, vocabulary.UNITS, _UNIT_NOTES)
    _fill(workbook.create_sheet(), vocabulary.CONTACTS, _CONTACT_NOTES)
    _explain(workbook.create_sheet("填写说明"))
    save(workbook, path)


def save(workbook: Workbook, path: Path) -> None:
    """The workbook is in the file.

    Raises:
        errors.Refused: it cannot be written, for instance because Excel holds it open.
    """
    try:
        workbook.save(path)
    except OSError as unwritable:
        raise errors.Refused(
            f"{path} 写不进去:{unwritable.strerror}。请看目录在不在,文件是不是正被 Excel 打开。"
        ) from unwritable


def _fill(worksheet: Worksheet, layout: sheets.Layout, notes: Mapping[str, _Note]) -> None:
    worksheet.title = layout.title
    worksheet.freeze_panes = "A2"
    for index, (field, note) in enumerate(notes.items(), start=1):
        letter = get_column_letter(index)
        header = worksheet.cell(row=1, column=index, value=layout.headers[field][0])
        header.font = Font(bold=True, color="FFC00000" if note.is_required else "FF000000")
        header.fill = _HEADER_FILL
        header.alignment = Alignment(horizontal="center")
        header.comment = Comment(f"{_needed(note)}。{note.advice}。例:{note.example}", "校安")
        worksheet.column_dimensions[letter].width = note.width
        if note.is_text:
            worksheet.column_dimensions[letter].number_format = TEXT
        if note.choices:
            _offer(worksheet, letter, note.choices)


def _offer(worksheet: Worksheet, letter: str, choices: Iterable[str]) -> None:
    listed = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True)
    listed.error = "请从下拉框里选。"
    listed.errorTitle = "写法不对"
    worksheet.add_data_validation(listed)
    listed.add(f"{letter}2:{letter}{LINES}")


def _explain(worksheet: Worksheet) -> None:
    lines: list[tuple[str, ...]] = [(rule,) for rule in _RULES]
    lines += [(), ("哪张表", "哪一列", "要不要填", "怎么填", "例子", "可以选")]
    for layout, notes in ((vocabulary.UNITS, _UNIT_NOTES), (vocabulary.CONTACTS, _CONTACT_NOTES)):
        lines += [
            (
                f"{layout.title}表",
                layout.headers[field][0],
                _needed(note),
                note.advice,
                note.example,
                "、".join(note.choices),
            )
            for field, note in notes.items()
        ]
    for line in lines:
        worksheet.append(line)
    for cell in worksheet[len(_RULES) + 2]:
        cell.font = Font(bold=True)
        cell.fill = _HEADER_FILL
    for letter, width in zip("ABCDEF", (10, 12, 10, 52, 24, 60), strict=True):
        worksheet.column_dimensions[letter].width = width


def _needed(note: _Note) -> str:
    return "必填" if note.is_required else "选填"
