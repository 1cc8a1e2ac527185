"""The audience: its grammar, its errors, and an independent reading of it."""

import contextlib

import hypothesis
import pytest
from hypothesis import strategies as st

from bot import errors
from bot.roster import audience
from bot.roster.units import Unit


def unit(number, code, kind, parent=1, county=None, **traits):
    values = {
        "stage": "", "ownership": "", "boarding": False, "school_bus": False, "canteen": False, "waterside": False,
        "phone": "", "tags": frozenset(), "armed": True,
    } | traits  # fmt: skip
    return Unit(number, code, f"单位{code}", kind, parent, county, number, **values)


CITY = [
    unit(1, "YC", "city", None),
    unit(2, "AQ", "office"),
    unit(10, "DH", "county", county=10, boarding=True, tags=frozenset({"山区"})),  # a bureau boards nobody
    unit(
        11,
        "DH1",
        "school",
        10,
        10,
        stage="小学",
        canteen=True,
        waterside=True,
        tags=frozenset({"山区", "低洼"}),
    ),
    unit(12, "DH2", "school", 10, 10, stage="幼儿园", ownership="民办", school_bus=True),
    unit(20, "HD", "county", county=20),
    unit(21, "HD1", "school", 20, 20, stage="初中", boarding=True, canteen=True),
    unit(31, "SZ1", "school", 1, None, stage="高中", ownership="公办", boarding=True),
    unit(41, "GX1", "college", 1, None, stage="高校", ownership="民办", boarding=True),
]


def codes(text):
    return [u.code for u in audience.parse(text).select(CITY)]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("schools", ["DH1", "DH2", "HD1", "SZ1"]),
        ("k12", ["DH1", "HD1", "SZ1"]),
        ("kindergartens", ["DH2"]),
        ("colleges", ["GX1"]),
        ("counties", ["DH", "HD"]),
        ("city-run", ["SZ1"]),
        ("boarding", ["HD1", "SZ1", "GX1"]),
        ("school_bus", ["DH2"]),
        ("canteen", ["DH1", "HD1"]),
        ("waterside", ["DH1"]),
        ("private", ["DH2", "GX1"]),
        ("county:DH", ["DH1", "DH2"]),
        ("unit:HD", ["HD"]),
        ("unit:AQ", ["AQ"]),
        ("stage:初中", ["HD1"]),
        ("tag:山区", ["DH1"]),
        ("tag:山", []),
        ("admins", []),
    ],
)
def test_every_word_means_what_it_says(text, meant):
    assert codes(text) == meant


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("schools and boarding", ["HD1", "SZ1"]),
        ("county:DH or colleges", ["DH1", "DH2", "GX1"]),
        ("schools and not county:DH", ["HD1", "SZ1"]),
        ("kindergartens or schools and boarding", ["DH2", "HD1", "SZ1"]),
        ("(kindergartens or schools) and boarding", ["HD1", "SZ1"]),
        ("(kindergartens or schools)and(boarding)", ["HD1", "SZ1"]),
        (
            "\uff08kindergartens or schools\uff09 and boarding",
            ["HD1", "SZ1"],
        ),  # as a Chinese keyboard has them
        ("county\uff1aDH", ["DH1", "DH2"]),
        ("not not colleges", ["GX1"]),
        ("not (schools or colleges or counties)", ["YC", "AQ"]),
        ("  schools\n and   boarding ", ["HD1", "SZ1"]),
    ],
)
def test_not_binds_tighter_than_and_and_and_tighter_than_or(text, meant):
    assert codes(text) == meant


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("shools", "第 1 个字“shools”", "不认识的词"),
        ("schools and bording", "第 13 个字“bording”", "不认识的词"),
        ("schools AND boarding", "第 9 个字“AND”", "多出来的词"),
        ("schools boarding", "第 9 个字“boarding”", "多出来的词"),
        ("schools and", "结尾", "少一个词"),
        ("", "结尾", "少一个词"),
        ("not", "结尾", "少一个词"),
        ("(schools", "结尾", "少一个右括号"),
        ("(schools boarding)", "第 10 个字“boarding”", "少一个右括号"),
        ("schools)", "第 8 个字“)”", "多出来的词"),
        ("county:", "第 1 个字“county:”", "不认识的词"),
        ("village:DH", "第 1 个字“village:DH”", "不认识的词"),
        ("and", "第 1 个字“and”", "不认识的词"),
        ("admins and schools", "第 1 个字“admins”", "admins 只能单独写"),
        ("schools or admins", "第 12 个字“admins”", "admins 只能单独写"),
    ],
)
def test_a_fault_points_at_the_word_and_says_what_is_allowed(text, where, what):
    with pytest.raises(errors.Refused) as refused:
        audience.parse(text)

    assert f"audience “{text}” {where}:{what}" in refused.value.sentence
    assert "schools" in refused.value.sentence
    assert "county:…" in refused.value.sentence


def test_a_code_that_is_not_in_the_roster_is_refused_when_it_is_used():
    meant = audience.parse("county:XX or unit:DH1 or not unit:YY")

    assert meant.codes == {"XX", "DH1", "YY"}
    with pytest.raises(errors.Refused, match="XX、YY"):
        meant.select(CITY)


def test_admins_are_no_units():
    assert audience.parse(" admins ").is_admins
    assert not audience.parse("schools").is_admins


@pytest.mark.parametrize("text", ["(" * 51 + "schools" + ")" * 51, "not " * 51 + "schools"])
def test_a_text_nested_past_all_sense_is_refused_and_not_a_crash(text):
    with pytest.raises(errors.Refused, match="50 层"):
        audience.parse(text)


def test_forty_nine_brackets_still_count():
    assert codes("(" * 49 + "colleges" + ")" * 49) == ["GX1"]


# ── an independent reading: words are sets of codes, and the operators are those of sets ─────────

WORDS = {
    "schools": {"DH1", "DH2", "HD1", "SZ1"},
    "colleges": {"GX1"},
    "boarding": {"HD1", "SZ1", "GX1"},
    "county:DH": {"DH1", "DH2"},
    "unit:HD": {"HD"},
    "tag:山区": {"DH1"},
    "private": {"DH2", "GX1"},
}
ALL = {u.code for u in CITY}
TREES = st.recursive(
    st.sampled_from(list(WORDS)),
    lambda inner: st.one_of(
        st.tuples(st.just("not"), inner),
        st.tuples(st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=12,
)


def meaning(tree):
    match tree:
        case str():
            return WORDS[tree]
        case ("not", inner):
            return ALL - meaning(inner)
        case ("and", inner):
            return set.intersection(*map(meaning, inner))
        case ("or", inner):
            return set.union(*map(meaning, inner))


def written(tree, above=""):
    """As a person writes it: brackets only where they are needed."""
    match tree:
        case str():
            return tree
        case ("not", inner):
            return f"not {written(inner, 'not')}"
        case (operator, inner):
            text = f" {operator} ".join(written(it, operator) for it in inner)
            return f"({text})" if above == "not" or (above == "and" and operator == "or") else text


@hypothesis.given(tree=TREES)
def test_any_expression_means_the_same_to_an_independent_reader(tree):
    assert codes(written(tree)) == [u.code for u in CITY if u.code in meaning(tree)]


@hypothesis.given(text=st.text(st.sampled_from("schoolandrt() :DH山\n\t"), max_size=40))
def test_any_text_is_an_audience_or_a_refusal(text):
    with contextlib.suppress(errors.Refused):
        assert audience.parse(text).text == text
