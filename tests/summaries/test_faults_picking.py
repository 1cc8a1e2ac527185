"""代报 and 免报 of a full page: every button of it fits what Telegram takes."""

import dataclasses
import zoneinfo

import hypothesis
import pytest
from hypothesis import strategies as st

from bot.delivery.message import CALLBACK_BYTES
from bot.notices import desk, queries, rules
from bot.summaries import picking
from bot.summaries.picking import Picking
from bot.summaries.place import Page, Part
from bot.texts import Words
from tests.summaries.test_workbook import NOTICE, OWING

EIGHT = list(range(4_241, 4_241 + 8))  # the last units of a city of four thousand
WORDS = Words(zoneinfo.ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize("row", ["all", "4248", "city-run", "colleges"])
def test_the_eighth_school_of_a_page_can_be_ticked(row):
    notice, page = dataclasses.replace(NOTICE, id=1234), Page(1234, row=row, part=Part.SILENT, page=99)

    for unit_id in EIGHT:
        status = dataclasses.replace(OWING, unit_id=unit_id)
        button = Picking(WORDS)._toggle(notice, page, status, [u for u in EIGHT if u != unit_id])

        assert button.callback is not None
        assert len(button.callback.encode()) <= CALLBACK_BYTES


@pytest.mark.parametrize("reason", desk.REASONS)
def test_eight_schools_can_be_excused_for_every_reason(reason):
    notice = dataclasses.replace(NOTICE, id=123_456)

    assert Picking(WORDS)._to("excuse", notice, reason, picking.pack(EIGHT)).encode()


@pytest.mark.parametrize("value", rules.Value)
def test_eight_schools_can_be_answered_for(value):
    notice: queries.Notice = dataclasses.replace(NOTICE, id=123_456)

    assert Picking(WORDS)._to("behalf", notice, value, picking.pack(EIGHT)).encode()


@hypothesis.given(st.lists(st.integers(1, 64**8 - 1), min_size=1, max_size=8))
def test_what_is_packed_is_unpacked(unit_ids):
    assert picking.unpack(picking.pack(unit_ids)) == unit_ids


@pytest.mark.parametrize("forged", ["", "3", "0abc", "3ab", "z" * 40, "-", "3" + "0" * 27, "3a:", "3A.C"])
def test_what_was_not_packed_here_is_refused(forged):
    assert picking.unpack(forged) is None
