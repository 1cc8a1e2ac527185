import pytest
import telegram

from bot.simulator import entities, refusals


def html(text: str) -> entities.Formatted:
    return entities.read(text, "HTML", None)


@pytest.fixture
def send(sim, bot, wang):
    """Send a text to a person who has opened the chat."""
    sim.open(wang)

    async def sending(text: str, **options: object) -> telegram.Message:
        return await bot.send_message(wang.id, text, **options)

    return sending


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("<b><i>test</b></i>", 'Unmatched end tag at byte offset 10, expected "</i>", found "</b>"'),
        ("<script>1</script>", 'Unsupported start tag "script" at byte offset 0'),
        ("汉<x>1</x>", 'Unsupported start tag "x" at byte offset 3'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("a</b>", "Unexpected end tag at byte offset 1"),
        ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ('<a href="x', 'Unclosed start tag "a" at byte offset 0'),
        ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href=t!>x</a>", "Unexpected end of name token at byte offset 8"),
        ('<a ="x">x</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
        ('<tg-emoji emoji-id="x">x</tg-emoji>', "Invalid custom emoji identifier specified"),
    ],
)
def test_wrong_html_is_refused_with_the_place_in_bytes(text, words):
    with pytest.raises(refusals.Refused) as caught:
        html(text)
    assert caught.value.description == f"Bad Request: can't parse entities: {words}"


@pytest.mark.parametrize(
    ("text", "seen", "kinds"),
    [
        ("<b>粗</b><i>斜</i>", "粗斜", ["bold", "italic"]),
        ("<u>a</u><s>b</s><tg-spoiler>c</tg-spoiler>", "abc", ["underline", "strikethrough", "spoiler"]),
        ("<code>a</code> <pre>b</pre>", "a b", ["code", "pre"]),
        ('<pre><code class="language-python">x</code></pre>', "x", ["pre"]),
        ("<blockquote>a</blockquote>", "a", ["blockquote"]),
        ("<blockquote expandable>a</blockquote>", "a", ["expandable_blockquote"]),
        ('<a href="https://edu.example.cn/a?b=1&amp;c=2">文</a>', "文", ["text_link"]),
        ('<a href="tg://user?id=7">王</a>', "王", ["text_mention"]),
        ('<a href="nonsense">文</a>', "文", []),
        ('<tg-time unix="1790000000" format="dt">今天 17:00</tg-time>', "今天 17:00", ["date_time"]),
        ("&lt;b&gt; &amp; &quot; &nbsp; &#27721;", '<b> & " &nbsp; 汉', []),
        ("<b></b>空", "空", []),
        ("见 https://edu.example.cn 和 @xiaoan_bot /todo", None, ["url", "mention", "bot_command"]),
        ("<B>x</B>", "x", ["bold"]),
    ],
)
def test_html_becomes_text_and_entities(text, seen, kinds):
    formatted = html(text)
    assert formatted.text == (seen or text)
    assert [entity.type for entity in formatted.entities] == kinds


def test_offsets_count_utf16_units_and_follow_the_trimming():
    (entity,) = html("  \n😀<b>汉😀</b>  ").entities
    assert (entity.offset, entity.length) == (2, 3)
    assert entities.fragment("😀汉😀", entity) == "汉😀"


def test_a_time_carries_its_instant_and_format():
    (entity,) = html('<tg-time unix="1790000000" format="wDT">x</tg-time>').entities
    assert (entity.unix_time, entity.date_time_format) == (1790000000, "wDT")


def test_only_the_first_hundred_entities_are_kept():
    assert len(html("<b>x</b> " * 130).entities) == 100


async def test_a_person_is_mentioned_by_name_and_nobody_is_not(send, wang):
    sent = await send(
        f'<a href="tg://user?id={wang.id}">校长</a> <a href="tg://user?id=5">某</a>', parse_mode="HTML"
    )
    assert [(entity.type, entity.user.first_name) for entity in sent.entities] == [("text_mention", "王")]


async def test_what_the_library_reads_back_is_what_was_sent(send):
    sent = await send('<b>粗</b> <a href="https://edu.example.cn/">链</a>', parse_mode="HTML")
    assert sent.text_html == '<b>粗</b> <a href="https://edu.example.cn/">链</a>'


@pytest.mark.parametrize("text", ["   ", "\n\t ", "<b> </b>"])
async def test_a_text_of_nothing_but_space_is_refused(send, text):
    with pytest.raises(telegram.error.BadRequest, match="Text must be non-empty"):
        await send(text, parse_mode="HTML")


async def test_4096_characters_pass_and_one_more_does_not(send):
    await send("汉" * 4096)
    with pytest.raises(telegram.error.BadRequest, match="Message is too long"):
        await send("汉" * 4097)


async def test_markup_does_not_count_towards_the_length(send):
    await send("<b>" + "汉" * 4096 + "</b>", parse_mode="HTML")


async def test_more_than_32_kib_before_parsing_is_refused(send):
    with pytest.raises(telegram.error.BadRequest, match="Text is too long"):
        await send("<b>汉</b>" * 4000, parse_mode="HTML")


async def test_a_parse_mode_it_does_not_know_is_refused(send):
    with pytest.raises(telegram.error.BadRequest, match="Unsupported parse_mode"):
        await send("x", parse_mode="BBCode")


@pytest.mark.parametrize(
    ("entity", "words"),
    [
        (
            {"type": "bold", "offset": 100, "length": 1},
            "begins after the end of the text at UTF-16 offset 100",
        ),
        (
            {"type": "bold", "offset": 0, "length": 100},
            "beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 100",
        ),
        ({"type": "bold", "offset": -1, "length": 1}, "incorrect offset -1"),
        ({"type": "loud", "offset": 0, "length": 1}, "can't parse MessageEntity: Unsupported type specified"),
        ({"type": "text_link", "offset": 0, "length": 5, "url": "not-a-url"}, "is invalid: Wrong HTTP URL"),
        ({"type": "text_link", "offset": 0, "length": 5, "url": ""}, "is invalid: URL host is empty"),
        ({"type": "text_link", "offset": 0, "length": 5}, 'Can\'t find field "url"'),
    ],
)
async def test_entities_that_do_not_fit_are_refused(sim, send, entity, words):
    with pytest.raises(telegram.error.BadRequest):
        await send("hello", api_kwargs={"entities": [entity]})
    assert words in sim.calls[-1].response["description"]
