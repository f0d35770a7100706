"""What a classifier sees of a text: hashes of its words, of runs of letters and words, and of its shape.

Training and run time share these functions, so that both see the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Literal
from zlib import crc32

from techscreen.text.reading import Reading

TextKind = Literal["jd", "question", "criterion", "follow_up", "anchor"]

SHORTEST_RUN, LONGEST_RUN = 3, 5
START, END = "^", "$"
# The same word may mean something else in a question to the candidate, in a note about them, and in an advert.
_SPOKEN, _NOTED, _ADVERT = "q", "c", "j"
VOICES: dict[TextKind, str] = {
    "question": _SPOKEN,
    "follow_up": _SPOKEN,
    "criterion": _NOTED,
    "anchor": _NOTED,
    "jd": _ADVERT,
}
_INTERROGATIVES = frozenset(
    "how what why which when where who whom whose wie was warum weshalb wann wo wer welche welcher welches womit wodurch "
    "como que cual cuales cuando donde quien por".split()
)
_JOINTS = frozenset("and then or plus while und oder sowie dann y e o luego also as but besides , ; / : (".split())


@lru_cache(maxsize=16384)
def word_hashes(word: str, voice: str) -> tuple[int, ...]:
    """The hashes of a word, of the word in this voice, and of the runs of letters in it."""
    hashes = [crc32(b"w" + word.encode()), crc32(f"{voice}|{word}".encode())]
    if word[0].isalnum():
        letters = f" {word} ".encode()
        for length in range(SHORTEST_RUN, LONGEST_RUN + 1):
            hashes += [crc32(b"c" + letters[i : i + length]) for i in range(len(letters) - length + 1)]
    return tuple(hashes)


def run_hashes(words: Sequence[str]) -> tuple[list[int], list[int]]:
    """The hashes of the runs of two and of three words, in their order."""
    encoded = [word.encode() for word in words]
    begun = [crc32(b"n" + word) for word in encoded]
    twos = [crc32(b" " + word, first) for first, word in zip(begun, encoded[1:], strict=False)]
    threes = [crc32(b" " + word, two) for two, word in zip(twos, encoded[2:], strict=False)]
    return twos, threes


def shape_hashes(words: Sequence[str]) -> list[int]:
    """How a piece of text is built: its length, its beginning, and whether and how it asks."""
    asked = sum(word == "?" for word in words)
    open_asks = sum(word in _INTERROGATIVES for word in words)
    length = sum(word[0].isalnum() for word in words).bit_length()
    first = " ".join(words[:2])
    shape = (f"?{min(asked, 4)}", f"o{min(open_asks, 4)}", f"l{length}", f"1{words[0]}", f"2{first}")
    return [crc32(b"x" + part.encode()) for part in shape]


def form_hashes(reading: Reading) -> tuple[list[int], list[int]]:
    """What tells how a text asks or judges: the joints between its parts, and the words of its last sentence.

    Returns:
        The hashes of the joints, and of the last sentence's words and pairs of words.
    """
    words = reading.words
    joints = [f"s{min(len(reading.sentences), 5)}", f"j{min(sum(word in _JOINTS for word in words), 5)}"]
    joints += [f"b{words[first]}" for first, _ in reading.sentences]
    for place, word in enumerate(words[:-1]):
        if word in _JOINTS:
            following = words[place + 1]
            if following in _JOINTS and place + 2 < len(words):
                following = words[place + 2]
            # "Names the cause and repairs it": what follows has the ending of what came first.
            alike = _common_ending(following, words[0])
            joints += [f"k{word}{following[-2:]}", f"a{alike}", f"i{following in _INTERROGATIVES}", f"f{following}"]
    last: list[str] = []
    if len(reading.sentences) > 1:
        first, after = reading.sentences[-1]
        ending = [START, *words[first:after], END]
        last = [*ending, *map(" ".join, zip(ending, ending[1:], strict=False))]
    return [crc32(b"y" + part.encode()) for part in joints], [crc32(b"z" + part.encode()) for part in last]


def _common_ending(one: str, other: str) -> int:
    """How many of their last two letters two words share."""
    if one[-1:] != other[-1:]:
        return 0
    return 2 if len(other) > 2 and one[-2:] == other[-2:] else 1


def bag_hashes(words: Sequence[str], voice: str) -> Iterator[int]:
    """The hashes of the words, the runs of letters and the runs of words of a piece of text. Its ends count as words."""
    for word in words:
        yield from word_hashes(word, voice)
    twos, threes = run_hashes([START, *words, END])
    yield from twos
    yield from threes
