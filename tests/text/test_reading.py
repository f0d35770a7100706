"""A text is read as people see it, and each word knows its place in the original."""

from __future__ import annotations

import itertools
import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from techscreen.text.reading import MAX_CHARACTERS, MIN_CLAUSE_WORDS, Reading, folded, read
from tests.support.tables import table

PLAIN = "Who fixes the café?"
WORDS = ("who", "fixes", "the", "cafe", "?")


def mathematical(text: str) -> str:
    """The letters a to z in mathematical bold."""
    return "".join(chr(0x1D41A + ord(letter) - ord("a")) if "a" <= letter <= "z" else letter for letter in text)


def words_of(spans: tuple[tuple[int, int], ...], reading: Reading) -> list[str]:
    return [" ".join(reading.words[first:after]) for first, after in spans]


@table(
    ("text", "originals"),
    [
        (PLAIN, "Who fixes the café ?"),
        (PLAIN.upper(), "WHO FIXES THE CAFÉ ?"),
        (unicodedata.normalize("NFD", PLAIN), "Who fixes the cafe\u0301 ?"),
        ("<p>Who <b class='x'>fi</b>xes</p><br/>the café?", "Who fi</b>xes the café ?"),
        ("Who&nbsp;fi&#120;es the caf&eacute;&#x3F;", "Who fi&#120;es the caf&eacute; &#x3F;"),
        ("Who&amp;nbsp;fixes the caf&amp;eacute;?", "Who fixes the caf&amp;eacute; ?"),
        ("&lt;b&gt;Who&lt;/b&gt; fixes the caf&amp;amp;eacute;?", "Who fixes the caf&amp;amp;eacute; ?"),
        ("Who ﬁxes the café?", "Who ﬁxes the café ?"),
        ("Who fix\u00ades the ca\u200bfé?", "Who fix\u00ades the ca\u200bfé ?"),
        (
            f"{mathematical('who fixes the caf')}é?",
            f"{mathematical('who')} {mathematical('fixes')} {mathematical('the')} {mathematical('caf')}é ?",
        ),
        ("Ｗｈｏ　ｆｉｘｅｓ　ｔｈｅ　ｃａｆé？", "Ｗｈｏ ｆｉｘｅｓ ｔｈｅ ｃａｆé ？"),
        ("Who\u2009fixes\u202fthe\u3000café?", "Who fixes the café ?"),
        ("Who\u2028fixes\u0085the\r\ncafé?", "Who fixes the café ?"),
        ("👩‍💻 Who 🎉fixes🎉 the café?", "Who fixes the café ?"),
        ("Who <!-- nobody --> fixes <!-- a -- b\n -->the café?", "Who fixes the café ?"),
        ("Who\x00 fixes\ud800 the café?", "Who fixes the café ?"),
    ],
)
def test_what_is_seen_is_read_and_keeps_its_place(text: str, originals: str) -> None:
    reading = read(text)
    assert reading.words == WORDS
    places = [reading.place_of(number, number + 1) for number in range(len(WORDS))]
    assert [text[start:end] for start, end in places] == originals.split(" ")


@table(
    ("text", "words"),
    [
        ("In 2024, 24 of 7", "in #### , ## of #"),
        ("a_b C++ x-y", "a b c x y"),
        ("STRAẞE straße İI", "strasse strasse ii"),
        ("a < b && c > d", "a b c d"),
        ("List<System> and Map<User, Role>", "list system and map user , role"),
        ("AT&T &c; &unknown;", "at t c ; unknown ;"),
        ("", ""),
        (" \u200b\u00ad\u2060 ", ""),
    ],
)
def test_words_are_plain(text: str, words: str) -> None:
    assert " ".join(read(text).words) == words


def test_an_unclosed_tag_or_comment_is_text() -> None:
    assert read("<!-- one <b two").words == ("!", "one", "b", "two")
    assert read("<!-- one <!-- two --> three").words == ("!", "one", "three")


@table(
    ("text", "sentences"),
    [
        ("One is here. Two is there! Three?", ["one is here", "two is there !", "three ?"]),
        ("<ul><li>One</li><li>Two</li></ul>Three<br>Four", ["one", "two", "three", "four"]),
        ("One\u2028Two\r\n\r\nThree", ["one", "two", "three"]),
        ("Version 3.11 is fine", ["version # ## is fine"]),
        ("何歳ですか？どこですか。", ["何歳てすか ?", "とこてすか"]),
        ("(One.) Two.", ["( one", "two"]),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, sentences: list[str]) -> None:
    reading = read(text)
    assert words_of(reading.sentences, reading) == sentences


def test_clauses_are_long_enough_to_say_something() -> None:
    reading = read(
        "You own the new service, yes, and you keep it running at night; wir bauen es neu und du misst es nach."
    )
    assert words_of(reading.clauses, reading) == [
        "you own the new service",
        "and you keep it running at night",
        "wir bauen es neu",
        "und du misst es nach",
    ]


def test_the_end_of_an_endless_text_is_not_read() -> None:
    assert len(read("a " * MAX_CHARACTERS).words) == MAX_CHARACTERS // 2


def test_a_word_is_folded_to_something() -> None:
    for word in ("É", "½", "٣", "123456789", "ﬀ", "\u0301", "株"):
        assert folded(word)
    assert folded("123456789") == "#####"


ATOMS = (
    "a|Ab |é|e\u0301|ﬁ|ﷺ|½|12|. |? |, |; |\n|\u2028|\r|\t|\u00ad|\u200b|\u202e|👩‍💻|株|？|&amp;|&#38;|&amp;lt;|&#0;|"
    "&#x110000;|<b>|</p>|<br/>|<li class='|'>|<!--|-->|-|<|>|&|;|\0|\ud800| and | und |(|)|İ|ẞ|\u0301\u0316"
).split("|")


@given(st.lists(st.sampled_from(ATOMS) | st.text(max_size=8), max_size=40).map("".join))
@settings(max_examples=300, deadline=None, derandomize=True, database=None)
def test_any_text_is_read_in_order(text: str) -> None:
    reading = read(text)
    places = list(zip(reading.starts, reading.ends, strict=True))
    assert len(places) == len(reading.words)
    assert all(reading.words)
    assert all(0 <= start < end <= len(text) for start, end in places)
    for (start, end), (next_start, next_end) in itertools.pairwise(places):
        assert start <= next_start
        assert end <= next_end
    for spans in (reading.sentences, reading.clauses):
        assert all(0 <= first < after <= len(reading.words) for first, after in spans)
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))
    assert sum(after - first for first, after in reading.sentences) == len(reading.words)
    for first, after in reading.clauses:
        assert sum(word[0].isalnum() or word[0] == "#" for word in reading.words[first:after]) >= MIN_CLAUSE_WORDS
