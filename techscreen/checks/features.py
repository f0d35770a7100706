"""What the classifiers see of a text: its words, runs of letters and of words, and how it is built, as hashed features.

A text that has been read comes in. Its features are worked out once, for all classifiers, and training uses the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zlib import crc32

from techscreen.text.reading import Reading

TextKind = Literal["jd", "question", "criterion", "follow_up", "anchor"]

# Every table of weights has so many buckets; smaller tables use the lower bits of the same hashes.
BUCKETS = 1 << 17
_MASK = BUCKETS - 1
SHORTEST_RUN, LONGEST_RUN = 3, 5
START, END = b"^", b"$"
# A whole text of several sentences is judged as one up to this length.
MAX_WHOLE = 60
# A clause must score this much more than a sentence: without the rest of its sentence it says less.
CLAUSE_PENALTY = 1.5
# So must a label or heading of one or two words, which says little by itself.
SHORT_PENALTY, FEWEST_WORDS = 1.0, 3
# The same word may mean something else in a question to the candidate, in a note about them, and in an advert.
VOICES: dict[TextKind, str] = {"question": "q", "follow_up": "q", "criterion": "c", "anchor": "c", "jd": "j"}
_INTERROGATIVES = frozenset(
    "how what why which when where who whom whose wie was warum weshalb wann wo wer welche welcher welches womit "
    "wodurch como que cual cuales cuando donde quien por".split()
)
_JOINTS = frozenset("and then or plus while und oder sowie dann y e o luego also as but besides , ; / : (".split())


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence or clause, as a span of words.

    Attributes:
        penalty: what is taken off its score.
        ends: features of its first and last words as such.
        shape: features of how it is built.
    """

    first: int
    after: int
    penalty: float
    ends: tuple[int, ...]
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Features:
    """The features of a text.

    Attributes:
        voice: one of VOICES.
        twos, threes: one for each run of two and of three words, in their order.
        pieces: its sentences and clauses, and the whole if it is short.
        whole: the text as one piece.
        joints: what stands between its parts.
        ending: the words of its last sentence, if it has several.
    """

    reading: Reading
    voice: str
    twos: Sequence[int]
    threes: Sequence[int]
    pieces: Sequence[Piece]
    whole: Piece
    joints: Sequence[int]
    ending: Sequence[int]


def features_of(reading: Reading, kind: TextKind) -> Features:
    """The features of a text that has at least one word."""
    encoded = [word.encode() for word in reading.words]
    twos, threes = _runs(encoded)
    spans = [(first, after, 0.0) for first, after in reading.sentences]
    if len(reading.sentences) > 1 and len(encoded) <= MAX_WHOLE:
        spans.append((0, len(encoded), 0.0))
    known = {(first, after) for first, after, _ in spans}
    spans += [(first, after, CLAUSE_PENALTY) for first, after in reading.clauses if (first, after) not in known]
    pieces = [_piece(reading.words, encoded, *span) for span in spans]
    whole = next((piece for piece in pieces if (piece.first, piece.after) == (0, len(encoded))), None)
    return Features(
        reading=reading,
        voice=VOICES[kind],
        twos=twos,
        threes=threes,
        pieces=pieces,
        whole=whole or _piece(reading.words, encoded, 0, len(encoded), 0.0),
        joints=[] if kind == "jd" else _joints(reading),
        ending=[] if kind == "jd" else _ending(reading),
    )


@lru_cache(maxsize=8192)
def word_features(word: str, voice: str) -> tuple[int, ...]:
    """A word, the word in this voice, and the runs of letters in it."""
    hashes = [_hashed(f"w{word}"), _hashed(f"{voice}|{word}")]
    if word[0].isalnum():
        letters = f" {word} ".encode()
        for length in range(SHORTEST_RUN, LONGEST_RUN + 1):
            hashes += [crc32(b"c" + letters[i : i + length]) & _MASK for i in range(len(letters) - length + 1)]
    return tuple(dict.fromkeys(hashes))  # "xxxxxx" is not more than "xxx"


def _hashed(text: str) -> int:
    return crc32(text.encode()) & _MASK


def _runs(encoded: Sequence[bytes]) -> tuple[list[int], list[int]]:
    pairs = [crc32(two, crc32(one)) for one, two in pairwise(encoded)]
    threes = [crc32(three, pair) & _MASK for pair, three in zip(pairs, encoded[2:], strict=False)]
    return [pair & _MASK for pair in pairs], threes


def _piece(words: Sequence[str], encoded: Sequence[bytes], first: int, after: int, penalty: float) -> Piece:
    inside = encoded[first:after]
    ends: tuple[int, ...]
    if len(inside) > 2:
        head, tail = _runs([START, *inside[:2]]), _runs([*inside[-2:], END])
        ends = (head[0][0], tail[0][1], head[1][0], tail[1][0])
    else:
        twos, threes = _runs([START, *inside, END])
        ends = (twos[0], twos[-1], *threes)
    if sum(word[0].isalnum() for word in words[first:after]) < FEWEST_WORDS:
        penalty += SHORT_PENALTY
    return Piece(first, after, penalty, ends, _shape(words[first:after]))


def _shape(words: Sequence[str]) -> tuple[int, ...]:
    """The length of a piece, its beginning, and whether and how it asks."""
    asked = words.count("?")
    open_asks = len(_INTERROGATIVES.intersection(words))
    parts = (f"?{min(asked, 4)}", f"o{min(open_asks, 4)}", f"l{len(words).bit_length()}", f"1{words[0]}")
    return (*map(_hashed, parts), _hashed("2" + " ".join(words[:2])))


def _joints(reading: Reading) -> list[int]:
    words = reading.words
    count = 0
    parts = [f"s{min(len(reading.sentences), 5)}", *(f"b{words[first]}" for first, _ in reading.sentences)]
    for place, word in enumerate(words[:-1]):
        if word in _JOINTS:
            count += 1
            following = words[place + 1]
            if following in _JOINTS and place + 2 < len(words):
                following = words[place + 2]
            # "Names the cause and repairs it": what follows has the ending of what came first.
            alike = _common_ending(following, words[0])
            parts += (f"k{word}{following[-2:]}", f"a{alike}", f"i{following in _INTERROGATIVES}", f"f{following}")
    parts.append(f"j{min(count, 5)}")
    return [_hashed(f"y{part}") for part in parts]


def _common_ending(one: str, other: str) -> int:
    """How many of their last two letters two words share."""
    if one[-1:] != other[-1:]:
        return 0
    return 2 if len(other) > 2 and one[-2:] == other[-2:] else 1


def _ending(reading: Reading) -> list[int]:
    if len(reading.sentences) < 2:
        return []
    first, after = reading.sentences[-1]
    words = ["^", *reading.words[first:after], "$"]
    return [_hashed(f"z{part}") for part in (*words, *map(" ".join, pairwise(words)))]
