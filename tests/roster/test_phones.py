import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.roster import phones

MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


def texts(text):
    numbers = phones.read(text)
    return None if numbers is None else [number.text for number in numbers]


@given(
    MOBILES, st.sampled_from(["", "+86", "86", "0086", "+86 ", "0", "+86-"]), st.sampled_from(["", " ", "-"])
)
def test_a_mobile_is_read_however_it_is_written(number, prefix, gap):
    assert texts(prefix + gap.join((number[:3], number[3:7], number[7:]))) == [number]


@given(
    st.lists(MOBILES, min_size=2, max_size=3, unique=True),
    st.sampled_from([",", "、", "/", " ", ";", "或", "", ";"]),
)
def test_several_mobiles_in_one_text_are_told_apart(numbers, between):
    assert texts(between.join(numbers)) == numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0310-1234567", "0310-1234567"),
        ("0310 1234567", "0310-1234567"),
        ("(0310)1234567", "0310-1234567"),
        ("03101234567", "0310-1234567"),
        ("010-12345678", "010-12345678"),
        ("02112345678", "021-12345678"),
        ("+86-0310-1234567", "0310-1234567"),
        ("0310-1234567转801", "0310-1234567-801"),
        ("0310-1234567-801", "0310-1234567-801"),
        ("1234567", "1234567"),
        ("400-123-4567", "400-123-4567"),
        ("4001234567", "400-123-4567"),
    ],
)
def test_a_landline_is_read_and_spelled_our_way(text, number):
    assert phones.read(text) == (phones.Number(number, phones.Sort.LANDLINE),)


def test_a_remark_beside_a_number_is_not_dialled():
    assert texts("13800000001(校长)") == ["13800000001"]
    assert texts("0310-1234567、13800000001") == ["0310-1234567", "13800000001"]


@pytest.mark.parametrize(
    "text", ["", "无号码", "1380000000", "138000000011", "138****0001", "1.38E+10", "13800000001,短号"]
)
def test_what_is_no_number_is_none(text):
    assert phones.read(text) is None


@pytest.mark.parametrize(
    ("text", "is_so"), [("1.38E+10", True), ("1e10", True), ("13800000001", False), ("E", False)]
)
def test_lost_digits_are_recognised(text, is_so):
    assert phones.looks_scientific(text) is is_so
